"""The pinned packages: nothing floats, nothing is unused, and the audit never claims too much."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock")


def pins(name: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the version and the hashes of each locked package."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if match := re.match(r"([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;]+)", line):
            found[match[1]] = (match[2], tuple(sorted(re.findall(r"sha256:([0-9a-f]{64})", line))))
    return found


def asked_for(name: str) -> dict[str, set[str]]:
    """Return what asked for each locked package, as the resolver noted it."""
    found: dict[str, set[str]] = {}
    current = ""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9._-]+)(?:\[[^]]*\])?==", line):
            current = match[1]
        elif match := re.match(r"\s+#(?: via)?\s+(\S.*)$", line):
            found.setdefault(current, set()).add(match[1])
    # Where several ask, "via" stands alone; a constraint ("-c ...") asks for nothing.
    return {
        package: {reason for reason in reasons if reason != "via" and reason[0] != "-"}
        for package, reasons in found.items()
    }


@pytest.mark.parametrize("name", LOCKS[:-1])
def test_all_locks_pin_the_same(name: str) -> None:
    """What runs in an image is what was tested: same versions, same hashes."""
    used, tested = pins(name), pins(LOCKS[-1])
    assert used
    assert {name: pin for name, pin in used.items() if tested.get(name) != pin} == {}
    assert all(hashes for _, hashes in tested.values())


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_asked_for(name: str) -> None:
    """Each package is wanted by the project, or by another that is: nothing is left over."""
    locked, wanted = pins(name), asked_for(name)
    assert set(locked) == set(wanted)
    for package, reasons in wanted.items():
        others = {reason.split("[")[0] for reason in reasons if " (" not in reason}
        assert reasons, package
        assert others <= set(locked) | {"vigia"}, package


def test_every_requirement_of_the_project_is_pinned() -> None:
    """All that pyproject.toml asks for stands in the locks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[<>=~ ]", one.lower())[0] for one in requirements}

    assert names(project["dependencies"]) <= set(pins(LOCKS[0]))
    demo = names([*project["dependencies"], *extras["demo"]])
    assert demo <= set(pins(LOCKS[1]))
    assert demo | names(extras["dev"]) <= set(pins(LOCKS[2]))
    assert not names(extras["dev"]) & set(pins(LOCKS[1]))


def test_what_is_installed_is_what_is_pinned() -> None:
    """The tests run with the pinned versions and no others."""
    for package in ("flask", "sqlalchemy", "pydantic", "cheroot", "boto3", "schemathesis"):
        assert distribution(package).version == pins(LOCKS[-1])[package][0]


CLEAN: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
SKIPPED: dict[str, Any] = {"name": "b", "skip_reason": "not found"}
BAD: dict[str, Any] = {
    "name": "c",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}],
}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ({"dependencies": [CLEAN]}, 0, "nothing is known against 1 packages"),
        ({"dependencies": [CLEAN, SKIPPED]}, 3, "1 packages could not be looked up"),
        ({"dependencies": []}, 3, "could not be looked up"),
        ({"dependencies": [SKIPPED, BAD]}, 1, "c 2: PYSEC-1, fixed in 3"),
        ("nonsense", 3, "the advisories could not be asked"),
    ],
)
def test_audit_says_what_it_could_not_look_up(
    tmp_path: Path, found: object, code: int, said: str
) -> None:
    """Where the advisories do not answer, or not for all, it is neither fine nor silent."""
    answer = tmp_path / "pip_audit.py"
    text = found if isinstance(found, str) else json.dumps(found)
    answer.write_text(f"print({text!r})", encoding="utf-8")
    command = [sys.executable, str(ROOT / "scripts" / "audit"), sys.executable, str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
