"""``vigia demo`` as a person runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
ROOT = Path(__file__).resolve().parents[2]


def _demo(root: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "vigia", "demo", "--ports", "auto"),
        *("--state-dir", str(root), *options),
    ]


def _left_running(root: Path) -> list[str]:
    """Return the command line of every process that names the state directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(root) in command or str(root) in environment:
            found.append(command)
    return found


def test_bad_deploy_once(tmp_path: Path) -> None:
    """One command shows the fault found, rolled back and verified in time, step by step."""
    root = tmp_path / "demo"
    done = subprocess.run(
        _demo(root, "--scenario", "bad_deploy", "--once"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    timeline = [line for line in done.stdout.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert all(re.match(r"\d\d:\d\d:\d\d +[+-]\d+\.\d s  \S", line) for line in timeline)
    closing = re.search(r"corrigido em (\d+) s e verificado em (\d+) s", done.stdout)
    assert closing is not None
    assert int(closing.group(1)) <= 60
    assert int(closing.group(2)) <= 180
    assert done.stderr == ""
    assert _left_running(root) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C ends the demo with exit code 0 and no process of it is left."""
    root = tmp_path / "demo"
    demo = subprocess.Popen(
        _demo(root), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
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
        assert len(_left_running(root)) >= 5
        demo.send_signal(signal.SIGINT)
        assert demo.wait(40) == 0
    finally:
        demo.kill()
    wait_for(lambda: _left_running(root) == [], 10)


def test_killed_demo_leaves_nothing(tmp_path: Path) -> None:
    """Even a demo that is killed outright takes its programs with it."""
    root = tmp_path / "demo"
    demo = subprocess.Popen(_demo(root), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "Ctrl-C" in line:
            break
    demo.kill()
    demo.wait(10)
    wait_for(lambda: _left_running(root) == [], 20)


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
        _demo(tmp_path / "demo", *options),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
