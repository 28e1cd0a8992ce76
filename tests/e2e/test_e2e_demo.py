"""``vigia demo`` as a person runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.e2e.driver import demo_command, left_running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("command"),
]
ROOT = Path(__file__).resolve().parents[2]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C ends the demo with exit code 0 and no process of it is left."""
    root = tmp_path / "demo"
    demo = subprocess.Popen(
        demo_command(root), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "Ctrl-C" in line:
                break
        manifest = json.loads((root / "demo.json").read_text())
        assert set(manifest) >= {
            *("aws", "influxdb", "exporter", "remediations", "prometheus", "alertmanager"),
            *("simulator", "webhook_token_file"),
        }
        known = subprocess.run(
            [*(sys.executable, "-m", "vigia", "fault", "list"), "--state-dir", str(root)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "bad_deploy" in known.stdout
        assert len(left_running(root)) >= 5
        demo.send_signal(signal.SIGINT)
        assert demo.wait(40) == 0
    finally:
        demo.kill()
    wait_for(lambda: left_running(root) == [], 10)


def test_killed_demo_leaves_nothing(tmp_path: Path) -> None:
    """Even a demo that is killed outright takes its programs with it."""
    root = tmp_path / "demo"
    demo = subprocess.Popen(demo_command(root), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "Ctrl-C" in line:
            break
    demo.kill()
    demo.wait(10)
    wait_for(lambda: left_running(root) == [], 20)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--once"], "--once needs a --scenario"),
        (["--scenario", "nothing"], "there is no scenario 'nothing'"),
        (["--config.file", "/nowhere.yaml"], "no such inventory file"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, options: list[str], said: str) -> None:
    """Wrong usage is exit code 2 and one line, without a traceback."""
    done = subprocess.run(
        demo_command(tmp_path / "demo", *options),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
