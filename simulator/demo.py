"""``vigia demo``: the whole loop on one machine, and whether a scenario closed it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catalogue.texts import demo as texts
from inventory.load import load_inventory
from simulator.processes import StartError
from simulator.scenario import Scenario
from simulator.timeline import Timeline
from simulator.world import World

__all__ = ["Demo", "StartError"]

_LOOK = 0.5
_WARM_SECONDS = 120.0
_WARM_PERIODS = 6


class Demo:
    """One demo; ``stopped`` ends it from outside (Ctrl-C)."""

    def __init__(
        self,
        config: Path,
        root: Path,
        *,
        auto_ports: bool,
        emit: Callable[[str], None],
        stopped: threading.Event,
    ) -> None:
        self._locale = load_inventory(config).locale
        self._emit = emit
        self._stopped = stopped
        self.world = World(
            config,
            root,
            auto_ports=auto_ports,
            tell=lambda name: emit(texts.STARTING.format(self._locale, name=name)),
        )

    def run(self, scenario: Scenario | None, *, once: bool) -> bool:
        """Start everything, play the scenario, and say whether the loop closed as it should.

        Without ``once`` it goes on until it is stopped. Nothing is left running.

        Raises:
            StartError: if a part does not become ready.
        """
        self.world.start()
        try:
            return self._play(scenario, once=once)
        finally:
            self.world.stop()

    def _play(self, scenario: Scenario | None, *, once: bool) -> bool:
        timeline = Timeline(self.world, self._locale, self._emit)
        for name, address in asdict(self.world.addresses).items():
            self._emit(f"  {name:<14} {address}")
        self._emit(texts.READY.in_(self._locale))
        closed = True
        if scenario is not None:
            closed = self._scenario(timeline, scenario)
        while not once and not self._stopped.wait(_LOOK):
            timeline.look()
        return closed

    def _scenario(self, timeline: Timeline, scenario: Scenario) -> bool:
        timeline.say(texts.WARMING)
        self._wait(timeline, _WARM_SECONDS, self.is_warm)
        injected = self.world.faults.inject(scenario, time.time())
        timeline.say(
            texts.INJECTED, name=scenario.name, description=scenario.description(self._locale)
        )
        expect = scenario.expect
        closed = self._wait(
            timeline, expect.ended_within + _LOOK, lambda: not self.missing(timeline, scenario)
        )
        if self._stopped.is_set():
            return False
        first = injected.first_failure or injected.since
        if not closed:
            missing = "; ".join(self.missing(timeline, scenario))
            timeline.say(texts.NOT_CLOSED, seconds=time.time() - first, missing=missing)
        elif expect.action is None:
            paged = timeline.seen.paged[expect.receiver, expect.alert]
            timeline.say(texts.PAGED_ONLY, alert=expect.alert, paged=paged - first)
        else:
            run = self._run_of(scenario)
            acted, ended = run["applied_at"] - first, run["closed_at"] - first
            closed = expect.acted_within is None or acted <= expect.acted_within
            timeline.say(texts.LOOP_CLOSED, acted=acted, verified=ended)
        return closed

    def is_warm(self) -> bool:
        """Say whether Prometheus has seen enough healthy history to compare with."""
        inventory = self.world.inventory
        wanted = max(_WARM_PERIODS * 20, inventory.regression.min_baseline)
        total = self.world.observer.query("sum(dataplatform_lambda_version_invocations_total) > 0")
        canary = self.world.observer.query(
            "sum(dataplatform_influxdb_write_latency_seconds_count) > 1"
        )
        return bool(total and canary) and float(total[0]["value"][1]) >= wanted

    def _wait(self, timeline: Timeline, seconds: float, done: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stopped.wait(_LOOK):
            timeline.look()
            if done():
                return True
        return False

    def missing(self, timeline: Timeline, scenario: Scenario) -> list[str]:
        """Return what has not yet come about, and what should not have."""
        expect, locale = scenario.expect, self._locale
        found = []
        if (expect.alert, expect.target) not in timeline.seen.firing:
            found.append(texts.MISSING_ALERT.format(locale, alert=expect.alert))
        if (expect.receiver, expect.alert) not in timeline.seen.paged:
            found.append(texts.MISSING_PAGE.format(locale, alert=expect.alert))
        runs = self.world.observer.runs()
        unwanted = [run for run in runs if run["action"] != expect.action]
        found.extend(texts.UNEXPECTED_RUN.format(locale, action=run["action"]) for run in unwanted)
        if expect.action is not None and self._run_of(scenario).get("outcome") != "succeeded":
            found.append(
                texts.MISSING_OUTCOME.format(locale, action=expect.action, outcome="succeeded")
            )
        return found

    def _run_of(self, scenario: Scenario) -> dict[str, Any]:
        expect = scenario.expect
        for run in self.world.observer.runs():
            if (run["action"], run["target"]) == (expect.action, expect.target):
                return run
        return {}
