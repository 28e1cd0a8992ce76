"""``vigia demo``: the whole loop on one machine, and whether a scenario closed it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from catalogue.texts import demo as texts
from inventory.load import load_inventory
from simulator.play import LOOK, Report, Stage
from simulator.processes import StartError
from simulator.scenario import Scenario, ScenarioError, load
from simulator.timeline import Timeline
from simulator.world import World

__all__ = ["Demo", "ScenarioError", "StartError"]


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

    def run(self, name: str | None, *, once: bool) -> bool:
        """Start everything, play the scenario, and say whether it ended exactly as it should.

        Without ``once`` it goes on until it is stopped. Nothing is left running.

        Raises:
            ScenarioError: if there is no such scenario, or its file cannot be used.
            StartError: if a part does not become ready.
        """
        scenario = load(name) if name else None
        self.world.start()
        try:
            return self._play(scenario, once=once)
        finally:
            self.world.stop()

    def _play(self, scenario: Scenario | None, *, once: bool) -> bool:
        timeline = Timeline(self.world, self._locale, self._emit)
        stage = Stage(self.world, timeline, self._stopped)
        for name, address in asdict(self.world.addresses).items():
            self._emit(f"  {name:<14} {address}")
        self._emit(texts.READY.in_(self._locale))
        passed = True
        if scenario is not None:
            stage.warm()
            (report,) = stage.play([scenario], self._locale)
            if self._stopped.is_set():
                return False
            self._tell(report)
            passed = report.passed
        while not once and not self._stopped.wait(LOOK):
            stage.look()
        return passed

    def _tell(self, report: Report) -> None:
        for line in report.lines(self._locale):
            self._emit(line)
        if report.passed and report.acted is not None and report.verified is not None:
            self._emit(
                texts.LOOP_CLOSED.format(self._locale, acted=report.acted, verified=report.verified)
            )
