"""Scenarios for ``promtool test rules``: lines of samples in, numbers of firing alerts out."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
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
    """An alert's scenarios and the pace of samples and evaluations in seconds."""

    scenarios: tuple[Scenario, ...]
    step: int = 15


def test_document(key: str, cases: Cases, rule_file: str) -> dict[str, Any]:
    """Return promtool's test file for the alert ``key``."""
    name, _, share = key.partition("/")
    which = f'alertname="{name}", alertstate="firing"' + (f', share="{share}"' if share else "")
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


def run(directory: Path, name: str, document: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    """Run promtool on the rules; return its complaint, or nothing if all is as expected."""
    rule_file = directory / f"{name}.rules.yml"
    tests = directory / f"{name}.test.yml"
    groups = [{"name": "tested", "rules": rules}]
    # JSON is YAML too, and written much faster.
    rule_file.write_text(json.dumps({"groups": groups}), encoding="utf-8")
    tests.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(tests)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # Hundreds of short runs: a collection of garbage costs each more than it frees.
        env={**os.environ, "GOGC": "off", "GOMAXPROCS": "1"},
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
