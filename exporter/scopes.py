"""Further scopes fail by themselves: what is wrong in one blinds a collector to no other.

A role that is refused, or a region that is away, ends the run that meets it. The collector then
runs again at once without that scope's resources, and leaves them out until the scope is due to be
tried again. Meanwhile their last values stay for a while and then vanish, they lower the coverage,
and their durable state is left alone, so that what was missed is caught up.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from exporter import telemetry
from exporter.collector import CollectError, Collector, CollectorState, Context, Reading, Reason
from exporter.failures import classify
from exporter.samples import Series
from inventory.attempts import scope_of
from inventory.clock import Clock
from inventory.limiter import LimitError
from inventory.model import Inventory

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 300.0
_WITHOUT = "without scopes"
_FORESEEN = (CollectError, ClientError, BotoCoreError, ResponseParserError, LimitError)


@dataclass(frozen=True)
class _Dark:
    """A scope that failed: since when, when it is tried again, and why it failed last."""

    since: float
    until: float
    pause: float
    reason: Reason
    line: str


@dataclass
class _Known:
    """What is known of one collector: its dark scopes, and its last reading of all scopes."""

    dark: dict[str, _Dark] = field(default_factory=dict)
    failures: Counter[tuple[str, Reason]] = field(default_factory=Counter)
    whole: Reading | None = None


@dataclass(frozen=True)
class _NothingForgotten:
    """State of a run that does not see every resource: what it misses is not gone."""

    state: CollectorState
    out: frozenset[str]

    def load(self, prefix: str = "") -> dict[str, Any]:
        return self.state.load(prefix)

    def memory(self) -> dict[str, Any]:
        """Return a memory of runs like this one: what others keep there names other resources."""
        shared = self.state.memory()
        if self.out not in shared.get(_WITHOUT, {}):
            shared.clear()
            shared[_WITHOUT] = {self.out: {}}
        own: dict[str, Any] = shared[_WITHOUT][self.out]
        return own

    def commit(self, changes: Mapping[str, Any]) -> None:
        self.state.commit({key: body for key, body in changes.items() if body is not None})


class Scopes:
    """Contains the failures of further scopes, by collector and scope."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def contained(self, collector: Collector) -> Collector:
        """Return the collector, its runs whole or without the scopes that fail."""
        known = self._known[collector.name] = _Known()

        def collect(context: Context) -> Reading:
            if not context.inventory.scopes:
                return collector.collect(context)
            return self._collect(collector, known, context)

        return replace(collector, collect=collect)

    def series(self, inventory: Inventory) -> Iterator[Series]:
        """Yield which collectors see which scopes, and how often they did not."""
        with self._lock:
            for name, known in self._known.items():
                for scope in inventory.scopes:
                    up = float(scope.name not in known.dark)
                    yield Series(telemetry.SCOPE_UP, (name, scope.name), up)
                for (failed, reason), count in sorted(known.failures.items()):
                    yield Series(
                        telemetry.SCOPE_FAILURES, (name, failed, reason.value), float(count)
                    )

    def _collect(self, collector: Collector, known: _Known, context: Context) -> Reading:
        now, names = self._clock.monotonic(), {scope.name for scope in context.inventory.scopes}
        out = {n: dark for n, dark in known.dark.items() if n in names and now < dark.until}
        while True:
            try:
                reading = collector.collect(_without(context, frozenset(out)))
                break
            except _FORESEEN as error:
                scope, reasoned = scope_of(error), classify(error)
                if scope not in names - out.keys() or reasoned is None:
                    raise
                out[scope] = self._failed(collector.name, known, scope, *reasoned)
        with self._lock:
            known.dark = out
        if not out:
            known.whole = reading
            return reading
        if not reading.expected:
            # Nothing but these scopes is collected: their failure is the collector's.
            worst = next(iter(out.values()))
            raise CollectError(worst.reason, worst.line)
        return self._completed(reading, known, out, context.inventory.collection.stale_after)

    def _failed(
        self, collector: str, known: _Known, scope: str, reason: Reason, line: str
    ) -> _Dark:
        now, before = self._clock.monotonic(), known.dark.get(scope)
        pause = min(2 * before.pause, _LONGEST_PAUSE) if before else _FIRST_PAUSE
        since = before.since if before else now
        _LOG.warning("%s: scope %s: %s: %s", collector, scope, reason, line)
        with self._lock:
            known.failures[scope, reason] += 1
        return _Dark(since, now + pause, pause, reason, line)

    def _completed(
        self, reading: Reading, known: _Known, out: Mapping[str, _Dark], patience: float
    ) -> Reading:
        """Return the reading with what is still known of the scopes that it leaves out."""
        # How many resources a scope holds for this collector is known once it was seen whole.
        expected = reading.expected + len(out)
        whole, now = known.whole, self._clock.monotonic()
        if whole is None:
            return replace(reading, expected=expected)
        marks = tuple(f"@{name}" for name, dark in out.items() if now - dark.since <= patience)
        kept = [s for s in whole.series if any(label.endswith(marks) for label in s.labels)]
        ages = {name: at for name, at in whole.newest.items() if name.endswith(marks)}
        return replace(
            reading,
            series=(*reading.series, *kept),
            expected=max(expected, whole.expected),
            newest={**reading.newest, **ages},
        )


def _without(context: Context, scopes: frozenset[str]) -> Context:
    if not scopes:
        memory = context.state.memory()
        if _WITHOUT in memory:
            memory.clear()
        return context
    return replace(
        context,
        inventory=without(context.inventory, scopes),
        state=_NothingForgotten(context.state, scopes),
    )


def without(inventory: Inventory, scopes: frozenset[str]) -> Inventory:
    """Return the inventory without ``scopes`` and the resources in them."""
    changed: dict[str, Any] = {
        name: tuple(item for item in value if getattr(item, "scope", None) not in scopes)
        for name, value in inventory
        if isinstance(value, tuple)
    }
    changed["scopes"] = tuple(s for s in inventory.scopes if s.name not in scopes)
    return inventory.model_copy(update=changed)
