"""Worlds for tests: everything running, at most one in a process at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from simulator.play import Report, Stage
from simulator.scenario import load
from simulator.timeline import Timeline
from simulator.world import World
from tests.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]
_CALM_SECONDS = 120


class Running:
    """A world that runs, with enough healthy history to compare with.

    ``kept`` is what tests share in it.
    """

    def __init__(self, root: Path) -> None:
        self.world = World(ROOT / "platform.yaml", root, auto_ports=True, tell=lambda _: None)
        self.kept: dict[str, Any] = {}
        self.said: list[str] = []
        self.reports: dict[str, Report] = {}
        self._stack = ExitStack()

    def start(self, more: Callable[[World], Callable[[], None]] | None) -> None:
        """Start it; ``more`` adds to it and returns what ends that."""
        self.world.start()
        self._stack.callback(self.world.stop)
        if more is not None:
            self._stack.callback(more(self.world))
        timeline = Timeline(self.world, self.world.inventory.locale, self.said.append)
        self._stage = Stage(self.world, timeline, threading.Event())
        self._stage.warm()

    def stop(self) -> None:
        """End everything."""
        self._stack.close()

    def play(self, names: Sequence[str]) -> None:
        """Play scenarios at once, keep how each ended, and wait until all is calm again."""
        reports = self._stage.play([load(name) for name in names], self.world.inventory.locale)
        self.reports.update((report.scenario.name, report) for report in reports)
        self._stage.end(reports)
        wait_for(self._is_calm, _CALM_SECONDS)

    def _is_calm(self) -> bool:
        look = self._stage.look()
        busy = any(run["state"] != "closed" for run in look.runs)
        sick = [one for one in look.alerts or () if "remediation" in one.labels]
        return look.alerts is not None and not busy and not sick


class Worlds:
    """Starts a world when it is first asked for: the embedded AWS' state is its process's."""

    def __init__(self, new_root: Callable[[str], Path]) -> None:
        self._new_root = new_root
        self._key: str | None = None
        self._running: Running | None = None

    def enter(self, key: str, more: Callable[[World], Callable[[], None]] | None = None) -> Running:
        """Return the world ``key``; another one that runs is ended first."""
        if self._running is None or self._key != key:
            self.leave()
            self._key, self._running = key, Running(self._new_root(key) / "state")
            try:
                self._running.start(more)
            except BaseException:
                self.leave()
                raise
        return self._running

    def leave(self) -> None:
        """End the world that runs."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()
