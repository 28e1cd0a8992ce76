"""The wrapper around one collector: it owns time and failure, the collector owns neither."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from exporter import telemetry
from exporter.collector import Collector, Context, Reading, Reason
from exporter.failures import classify
from exporter.samples import AgeOf, Series
from inventory.clock import Clock
from inventory.model import Inventory

_LOG = logging.getLogger(__name__)
_GLANCE = 0.1


@dataclass(frozen=True)
class Status:
    """What is known of one collector; immutable, replaced as a whole.

    ``reading`` is the last good one, None when there is none or it became too old; it is stale
    when the last run failed, and ``detail`` then says in one line why. ``ages`` are those of its
    newest datapoints. Times are unix seconds, ``failing_since`` monotonic seconds.
    """

    name: str
    up: bool | None = None
    reason: Reason | None = None
    detail: str | None = None
    last_success: float | None = None
    duration: float | None = None
    failures: Mapping[Reason, int] = field(default_factory=dict)
    reading: Reading | None = None
    ages: tuple[Series, ...] = ()
    failing_since: float | None = None

    @property
    def ran(self) -> bool:
        """Whether the collector has run or failed once."""
        return self.up is not None

    @property
    def stale(self) -> bool:
        """Whether the values are from before a failure."""
        return self.reading is not None and self.up is False


@dataclass
class _Attempt:
    """What a worker brings back."""

    done: threading.Event = field(default_factory=threading.Event)
    reading: Reading | None = None
    ages: tuple[Series, ...] = ()
    reason: Reason | None = None
    detail: str | None = None


class Refresher:
    """Runs one collector, one run at a time.

    ``context(collector, remaining)`` makes what a run is given; ``publish`` is called after each.
    """

    def __init__(
        self,
        collector: Collector,
        inventory: Callable[[], Inventory],
        context: Callable[[Collector, Callable[[], float]], Context],
        clock: Clock,
        publish: Callable[[], object],
    ) -> None:
        self.collector = collector
        self._inventory = inventory
        self._context = context
        self._clock = clock
        self._publish = publish
        self._status = Status(collector.name)
        self._running: _Attempt | None = None
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()

    def status(self) -> Status:
        """Return what is known now; values of a collector that fails for too long are dropped."""
        status = self._status
        since = status.failing_since
        if since is not None and status.reading is not None:
            patience = self._inventory().collection.stale_after
            if self._clock.monotonic() - since > patience:
                return replace(status, reading=None)
        return status

    def stop(self) -> None:
        """Let no run begin and no caller wait any longer."""
        self._stopping.set()

    def run(self) -> None:
        """Run the collector until it is done, has failed, or its deadline has passed."""
        if self._stopping.is_set() or not self._one_at_a_time.acquire(blocking=False):
            return
        try:
            self._run()
        finally:
            self._one_at_a_time.release()
        self._publish()

    def _run(self) -> None:
        started = self._clock.monotonic()
        if self._running is not None and not self._running.done.is_set():
            # An abandoned run still holds the collector's state: a second would race with it.
            self._failed(Reason.TIMEOUT, "the run before is still under way", started)
            return
        attempt = self._running = _Attempt()
        deadline = self.collector.deadline(self._inventory())
        worker = threading.Thread(
            target=self._work,
            args=(attempt, started + deadline),
            name=f"collect-{self.collector.name}",
            daemon=True,
        )
        worker.start()
        if not self._wait(attempt, started + deadline):
            if not self._stopping.is_set():
                detail = f"not done after {deadline:.0f} s"
                _LOG.warning("%s: %s", self.collector.name, detail)
                self._failed(Reason.TIMEOUT, detail, started)
            return
        if attempt.reading is None:
            self._failed(attempt.reason or Reason.INTERNAL, attempt.detail, started)
            return
        self._status = replace(
            self._status,
            up=True,
            reason=None,
            detail=None,
            last_success=self._clock.now(),
            duration=self._clock.monotonic() - started,
            reading=attempt.reading,
            ages=attempt.ages,
            failing_since=None,
        )

    def _wait(self, attempt: _Attempt, until: float) -> bool:
        while not self._stopping.is_set():
            left = until - self._clock.monotonic()
            if attempt.done.wait(min(_GLANCE, max(0.0, left))):
                return True
            if left <= 0:
                return False
        return attempt.done.is_set()

    def _failed(self, reason: Reason, detail: str | None, started: float) -> None:
        status = self._status
        now = self._clock.monotonic()
        self._status = replace(
            status,
            up=False,
            reason=reason,
            detail=detail,
            duration=now - started,
            failures={**status.failures, reason: status.failures.get(reason, 0) + 1},
            failing_since=now if status.failing_since is None else status.failing_since,
        )

    def _work(self, attempt: _Attempt, until: float) -> None:
        try:
            context = self._context(self.collector, lambda: until - self._clock.monotonic())
            reading = _checked(self.collector.collect(context))
            attempt.ages = tuple(_ages(self.collector.name, reading))
            attempt.reading = reading
        except Exception as error:  # noqa: BLE001 the one place where a collector's failure ends
            attempt.reason, attempt.detail = self._explain(error)
        finally:
            attempt.done.set()

    def _explain(self, error: Exception) -> tuple[Reason, str]:
        known = classify(error)
        if known is None:
            # Frames without their values: a traceback shows code, never a token.
            _LOG.error("%s: unforeseen failure", self.collector.name, exc_info=error)
            return Reason.INTERNAL, type(error).__name__
        reason, line = known
        _LOG.warning("%s: %s: %s", self.collector.name, reason, line)
        return reason, line


def _checked(reading: object) -> Reading:
    """Return the reading; raises TypeError for what could not be shown beside the others'."""
    if (
        not isinstance(reading, Reading)
        or not {type(reading.expected), type(reading.seen)} <= {int}
        or not set(map(type, reading.series)) <= {Series}
    ):
        raise TypeError("the collector returned no reading of series")
    return reading


def _ages(collector: str, reading: Reading) -> Iterator[Series]:
    # Thousands of resources have their newest datapoint in the same period.
    ages: dict[float, AgeOf] = {}
    for resource, newest in reading.newest.items():
        if newest is not None:
            age = ages.get(newest) or ages.setdefault(newest, AgeOf(float(newest)))
            yield Series(telemetry.DATAPOINT_AGE, (collector, resource), age)
