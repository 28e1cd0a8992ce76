"""Every scenario, through the real Prometheus and Alertmanager, ends as an expert would have it.

Worlds are shared: scenarios that cannot touch each other are played in one world, several at once
where that is so, by the same judge as that of ``vigia demo --scenario NAME --once``.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from simulator.scenarios import names
from tests.e2e.driver import demo_command, left_running
from tests.e2e.worlds import ROOT, Worlds

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(560)]
COMMAND = "bad_deploy"
"""Played by the command itself, as a person would."""
WORLDS = {
    "slow": (
        ("errors_without_deploy", "operator_intervenes", "influx_disk_full"),
        ("rollback_target_bad_too", "stuck_deployment"),
    ),
    "flags": (("two_causes", "corrupt_data"),),
    "away": (("prometheus_down",), ("aws_down",)),
    "held": (("alert_storm",), ("bad_flag",)),
    "hidden": (("bad_deploy_behind_flag",), ("false_alarm",)),
}
"""By world the scenarios that are played at once, in turns. A function that failed is not used
again in its world: what it did before is what a new version is compared with. At most three
targets may be sick at once, or all is a storm; at most two functions may be rolled back, and the
flags be turned off once."""
SAMPLE = ("slow",)
"""The world that every run of the tests plays; the others only where all tests are asked for."""
_ELSEWHERE = {COMMAND: "command", "slow_influx": "loop"}
GROUPS = {name: world for world, turns in WORLDS.items() for turn in turns for name in turn}


def test_every_scenario_is_played() -> None:
    """No scenario is left out."""
    assert {*GROUPS, *_ELSEWHERE} == {*names()}


def _marks(world: str) -> list[pytest.MarkDecorator]:
    group = pytest.mark.xdist_group(world)
    return [group] if world in SAMPLE else [group, pytest.mark.whole]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_marks(world)) for name, world in GROUPS.items()]
)
def test_scenario(name: str, worlds: Worlds, request: pytest.FixtureRequest) -> None:
    """The right runs, pages and changes came of it, in the end AWS is right, and nothing else."""
    running = worlds.enter(GROUPS[name])
    if name not in running.reports:
        (turn,) = (turn for turn in WORLDS[GROUPS[name]] if name in turn)
        wanted = {item.name for item in request.session.items}
        running.play([one for one in turn if f"test_scenario[{one}]" in wanted])
    report = running.reports[name]
    assert report.passed, "\n".join([*running.said, *report.lines("en")])


@pytest.mark.xdist_group("command")
def test_bad_deploy_by_command(tmp_path: Path) -> None:
    """One command shows the fault found, rolled back and verified in time, step by step."""
    root = tmp_path / "demo"
    done = subprocess.run(
        demo_command(root, "--scenario", COMMAND, "--once"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    timeline = [line for line in done.stdout.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert timeline
    assert all(re.match(r"\d\d:\d\d:\d\d +[+-]\d+\.\d s  \S", line) for line in timeline)
    assert "[não]" not in done.stdout
    assert done.stdout.count("[sim]") > 5
    closing = re.search(r"corrigido em (\d+) s e verificado em (\d+) s", done.stdout)
    assert closing is not None
    assert int(closing.group(1)) <= 60
    assert int(closing.group(2)) <= 180
    assert done.stderr == ""
    assert left_running(root) == []
