"""Tests that share a world run in one process: else each process would start its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_TESTS = """
from pathlib import Path

import pytest

@pytest.mark.parametrize(
    ("group", "number"),
    [
        pytest.param(group, number, marks=pytest.mark.xdist_group(group))
        for number in range(4)
        for group in ("one", "two")
    ],
)
def test_noted(group: str, number: int, worker_id: str) -> None:
    Path(f"{group}-{number}").write_text(worker_id)
"""


def test_a_group_stays_in_one_process(tmp_path: Path) -> None:
    """With two processes and two groups, no group is spread over both."""
    (tmp_path / "test_groups.py").write_text(_TESTS)
    command = (sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup")
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    for group in ("one", "two"):
        places = {path.read_text() for path in tmp_path.glob(f"{group}-*")}
        assert len(places) == 1, f"the tests of {group} ran in {sorted(places)}"
