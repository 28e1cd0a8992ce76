"""Scenarios for ``promtool test rules``: lines of samples in, numbers of firing alerts out."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from inventory.durations import format_duration

STALE = "stale"


@dataclass(frozen=True)
class Line:
    """A series' values from time zero: each change holds until the next, or adds to the last."""

    changes: Mapping[int, float | str]
    counter: bool = False

    def values(self, step: int, end: int) -> str:
        """Return promtool's notation of the samples every ``step`` seconds."""
        missed = [at for at in self.changes if at % step]
        if missed:
            raise ValueError(f"changes at {missed} fall between samples every {step} s")
        samples: list[str] = []
        now: float | str | None = None
        total = 0.0
        for at in range(0, end + step, step):
            if at in self.changes:
                found = self.changes[at]
                if self.counter and not isinstance(found, str):
                    total += found
                    found = total
                now = found
                samples.append("_" if now is None else _text(now))
            else:
                samples.append("_" if now is None or now == STALE else _text(now))
        parts = []
        for value, group in groupby(samples):
            count = len(list(group))
            if count == 1 or value == STALE:
                parts.append(value)
            elif value == "_":
                parts.append(f"_x{count}")
            else:
                parts.append(f"{value}+0x{count - 1}")
        return " ".join(parts)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"


def gauge(changes: Mapping[int, float | str]) -> Line:
    """Return a line that holds each value until the next change."""
    return Line(changes)


def counter(bumps: Mapping[int, float | str]) -> Line:
    """Return a line that starts at 0 and grows by each bump."""
    return Line({0: 0.0, **bumps}, counter=True)


@dataclass(frozen=True)
class Scenario:
    """What flows in, and how many alerts fire at which second."""

    kinds: frozenset[str]
    series: Mapping[str, Line]
    firing: Mapping[int, int]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cases:
    """An alert's scenarios and the pace of samples and evaluations in seconds.

    ``apart`` is the label that tells alerts of one name apart.
    """

    scenarios: tuple[Scenario, ...]
    step: int = 15
    apart: str = "share"


def test_document(key: str, cases: Cases, rule_file: str) -> dict[str, Any]:
    """Return promtool's test file for the alert ``key``: its name, and what tells it apart."""
    name, _, apart = key.partition("/")
    which = f'alertname="{name}", alertstate="firing"'
    if apart:
        which += f', {cases.apart}="{apart}"'
    return {
        "rule_files": [rule_file],
        "evaluation_interval": f"{cases.step}s",
        "tests": [_group(scenario, which, cases.step) for scenario in cases.scenarios],
    }


test_document.__test__ = False  # type: ignore[attr-defined]


def _group(scenario: Scenario, which: str, step: int) -> dict[str, Any]:
    end = max(scenario.firing)
    return {
        "interval": f"{step}s",
        "input_series": [
            {"series": series, "values": line.values(step, end)}
            for series, line in scenario.series.items()
        ],
        "promql_expr_test": [
            {
                "expr": f"count(ALERTS{{{which}}}) or vector(0)",
                "eval_time": format_duration(at),
                "exp_samples": [{"labels": "{}", "value": count}],
            }
            for at, count in scenario.firing.items()
        ],
    }


@dataclass(frozen=True)
class Job:
    """One file of tests and the rules that it is about; ``name`` is a file's name."""

    name: str
    document: Mapping[str, Any]
    rules: Sequence[Mapping[str, Any]]


_AT_ONCE = 64
_FILE = re.compile(r"^(?:Unit Testing|Processing test file): +(.*)\.test\.yml$", re.MULTILINE)


def run(directory: Path, jobs: Sequence[Job]) -> dict[str, str]:
    """Run promtool on every job; return its complaints by job, empty where all is as expected.

    Many files share one process: starting it costs more than most of them.
    """
    for job in jobs:
        groups = [{"name": "tested", "rules": job.rules}]
        # JSON is YAML too, and written much faster.
        rule_file = directory / f"{job.name}.rules.yml"
        rule_file.write_text(json.dumps({"groups": groups}), encoding="utf-8")
        tests = directory / f"{job.name}.test.yml"
        tests.write_text(json.dumps(job.document), encoding="utf-8")
    with ThreadPoolExecutor(max_workers=2) as pool:
        batches = [jobs[start : start + _AT_ONCE] for start in range(0, len(jobs), _AT_ONCE)]
        found = pool.map(lambda batch: _run(directory, batch), batches)
    return {name: complaint for each in found for name, complaint in each.items()}


def _run(directory: Path, jobs: Sequence[Job]) -> dict[str, str]:
    done = subprocess.run(
        ["promtool", "test", "rules", *(f"{job.name}.test.yml" for job in jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
        cwd=directory,
        env={**os.environ, "GOGC": "400", "GOMAXPROCS": "1"},
    )
    _, *parts = _FILE.split(done.stdout)
    answers = dict(zip(parts[::2], parts[1::2], strict=True))
    assert answers.keys() == {job.name for job in jobs}, done.stdout
    return {
        name: "" if text.strip() == "SUCCESS" else text.strip() for name, text in answers.items()
    }
