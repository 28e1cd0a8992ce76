"""The intake's goals are compared by the benchmark itself: a missed one fails the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as command
from bench import bench_intake

PACED = {
    "case": "HTTP, 500 a second",
    "webhooks/s": 499.8,
    "p99 ms": 42.9,
    "alerts sent": 5000,
    "refused": 0,
    "on record": 5000,
    "runs": 100,
}
STORM = {
    "case": "HTTP, storm",
    "webhooks/s": 333.0,
    "p99 ms": 7.4,
    "alerts sent": 20_000,
    "refused": 0,
    "on record": 20_000,
    "runs": 100,
    "RSS before MB": 104.0,
    "RSS after MB": 112.0,
}
OTHER = {"case": "HTTP, 1 a webhook", "p99 ms": 900.0}
Run = Callable[[dict[str, Any], dict[str, Any]], int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command with planted rows; return its exit code."""

    def run(paced: dict[str, Any], storm: dict[str, Any]) -> int:
        monkeypatch.setattr(command, "RESULTS", tmp_path)
        monkeypatch.setattr(bench_intake, "_committed", lambda *_: OTHER)
        monkeypatch.setattr(bench_intake, "_fast", lambda *_: OTHER)
        monkeypatch.setattr(bench_intake, "_paced", lambda _: paced)
        monkeypatch.setattr(bench_intake, "_storm", lambda _: storm)
        return command.main(["intake"])

    return run


def test_goals_that_are_met_are_said_to_be(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Every number within its goal: exit code 0, and the table says so of the rows with goals."""
    assert run(PACED, STORM) == 0
    told = capsys.readouterr().out
    assert "MISSED" not in told
    assert [line.split()[-1] for line in told.splitlines() if "HTTP, 500" in line] == ["met"]
    assert {line.split()[-1] for line in told.splitlines() if "HTTP, 1" in line} == {"-"}


@pytest.mark.parametrize(
    ("paced", "storm", "said"),
    [
        ({"webhooks/s": 480.0}, {}, "HTTP, 500 a second: webhooks/s at least 495"),
        ({"p99 ms": 50.0}, {}, "HTTP, 500 a second: p99 ms below 50"),
        ({"p99 ms": "-"}, {}, "HTTP, 500 a second: p99 ms below 50"),
        ({"on record": 4999}, {}, "HTTP, 500 a second: all on record"),
        ({"refused": 1}, {}, "HTTP, 500 a second: refused below 1"),
        ({"case": "HTTP, 400 a second"}, {}, "HTTP, 500 a second: not measured"),
        ({}, {"on record": 19_999}, "HTTP, storm: all on record"),
        ({}, {"refused": 3}, "HTTP, storm: refused below 1"),
        ({}, {"runs": 101}, "HTTP, storm: 100 runs"),
        ({}, {"p99 ms": 51.0}, "HTTP, storm: p99 ms below 50"),
        ({}, {"RSS after MB": 155.0}, "HTTP, storm: resident memory grows by less than 50 MB"),
        ({}, {"RSS before MB": "-"}, "HTTP, storm: resident memory grows by less than 50 MB"),
    ],
)
def test_each_goal_can_be_missed(
    run: Run,
    paced: dict[str, Any],
    storm: dict[str, Any],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One number beyond its goal, or not measured: exit code 1, a line, a mark in the table."""
    assert run({**PACED, **paced}, {**STORM, **storm}) == 1
    told = capsys.readouterr().out
    assert f"MISSED {said}" in told
    assert "case" in paced or told.count("MISSED") == 2
