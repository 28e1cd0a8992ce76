"""Plays scenarios in a running world, one or several at once, and judges how they ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.recorded import LAMBDA_VERSION_INVOCATIONS
from catalogue.text import Locale
from catalogue.texts import demo as texts
from simulator.judge import Finding, Judge
from simulator.observe import Look
from simulator.scenario import Scenario
from simulator.script import Performance
from simulator.timeline import Timeline
from simulator.world import World

LOOK = 0.5
_WARM_SECONDS = 120.0


@dataclass(frozen=True)
class Report:
    """How one scenario ended: each expectation and whether it was met, after how many seconds.

    ``acted`` and ``verified`` are of its first run that acted, from the first failure.
    """

    scenario: Scenario
    findings: tuple[Finding, ...]
    seconds: float
    acted: float | None
    verified: float | None

    @property
    def passed(self) -> bool:
        """Whether everything is as expected."""
        return all(finding.met for finding in self.findings)

    def lines(self, locale: Locale) -> list[str]:
        """Return the verdict, a line for each expectation."""
        name, description = self.scenario.name, self.scenario.description(locale)
        answers = {True: texts.YES.in_(locale), False: texts.NO.in_(locale)}
        width = max(map(len, answers.values()))
        missing = [finding for finding in self.findings if not finding.met]
        text = texts.NOT_AS_EXPECTED if missing else texts.AS_EXPECTED
        return [
            texts.VERDICT.format(locale, name=name, description=description),
            *(f"  [{answers[one.met]:^{width}}] {one.text}" for one in self.findings),
            text.format(locale, seconds=self.seconds, missing=len(missing), all=len(self.findings)),
        ]


class Stage:
    """A world, its timeline, and what ends a play from outside."""

    def __init__(self, world: World, timeline: Timeline, stopped: threading.Event) -> None:
        self._world = world
        self._timeline = timeline
        self._stopped = stopped

    def look(self) -> Look:
        """Look at the world once, and print what is new."""
        look = self._world.look()
        self._timeline.look(look)
        return look

    def warm(self) -> None:
        """Wait until Prometheus has seen enough healthy history to compare with."""
        self._timeline.say(texts.WARMING)
        deadline = time.monotonic() + _WARM_SECONDS
        while time.monotonic() < deadline and not self._stopped.wait(LOOK):
            self.look()
            if self._is_warm():
                return

    def _is_warm(self) -> bool:
        query, functions = self._world.observer.query, self._world.inventory.function_names
        wanted = self._world.inventory.regression.min_baseline
        served = query(f"sum by (function) ({LAMBDA_VERSION_INVOCATIONS.name}) >= {wanted}")
        canary = query("sum(dataplatform_influxdb_write_latency_seconds_count) > 1")
        return bool(canary) and len(served) == len(functions)

    def play(self, scenarios: Sequence[Scenario], locale: Locale) -> list[Report]:
        """Play all of them at once; each ends when all is as expected, and stays so.

        The faults stay on: ``end`` takes them out.
        """
        world = self._world
        performances = []
        for scenario in scenarios:
            performances.append(world.scripts.begin(scenario))
            self._timeline.say(
                texts.INJECTED, name=scenario.name, description=scenario.description(locale)
            )
        judge = Judge(performances, world.observer, world.faults.ground, locale)
        look = self.look()
        good_since: float | None = None
        while not self._stopped.wait(LOOK):
            look = self.look()
            findings = [one for each in performances for one in judge.findings(each, look)]
            if any(one.hopeless for one in findings) or look.at > _deadline(performances):
                break
            if not all(one.met for one in findings):
                good_since = None
            elif good_since is None:
                good_since = look.at
            elif look.at - good_since >= max(each.scenario.expect.watch for each in performances):
                break
        return [self._report(judge, each, look) for each in performances]

    def _report(self, judge: Judge, performance: Performance, look: Look) -> Report:
        acted = [run for run in judge.matched(performance, look) if run.get("applied_at")]
        first: dict[str, Any] = acted[0] if acted else {}
        begun = performance.first_failure or performance.since

        def after(key: str) -> float | None:
            return first[key] - begun if first.get(key) else None

        return Report(
            performance.scenario,
            tuple(judge.findings(performance, look)),
            look.at - performance.since,
            after("applied_at"),
            after("closed_at"),
        )

    def end(self, reports: Sequence[Report]) -> None:
        """Take out what is still on of the scenarios that were played."""
        for report in reports:
            self._world.scripts.end(report.scenario.name)


def _deadline(performances: Sequence[Performance]) -> float:
    return max(one.since + one.scenario.expect.within for one in performances)
