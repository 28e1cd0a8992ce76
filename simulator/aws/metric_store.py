"""An indexed store of metric values with CloudWatch's statistics. Ours, not moto's."""

from __future__ import annotations

import bisect
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Dimensions = tuple[tuple[str, str], ...]

_SIMPLE: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": math.fsum,
    "SampleCount": lambda values: float(len(values)),
    "Average": lambda values: math.fsum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
}
_PERCENTILE = re.compile(r"^p(\d{1,2}(?:\.\d{1,2})?|100)$")
_RANK = re.compile(r"^PR\((\d+(?:\.\d+)?)?:(\d+(?:\.\d+)?)?\)$")
KEEP_SECONDS = 45 * 86_400.0
# Lambda also sends every metric without dimensions, across all functions of the account.
_ACROSS = {"AWS/Lambda": "FunctionName"}


class UnknownStatisticError(ValueError):
    """A statistic that CloudWatch does not know."""


@dataclass(frozen=True)
class Identity:
    """What makes a metric the same metric: dimensions match exactly or not at all."""

    namespace: str
    name: str
    dimensions: Dimensions

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Identity:
        """Return the identity, whatever the order of the dimensions."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


@dataclass
class _Timeline:
    """Values by second, each with the time from which it can be read."""

    seconds: list[int] = field(default_factory=list)
    values: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def put(self, second: int, visible_at: float, values: Sequence[float]) -> None:
        if second not in self.values:
            bisect.insort(self.seconds, second)
            self.values[second] = []
        self.values[second].extend((visible_at, value) for value in values)

    def prune(self, before: float, most: int | None) -> None:
        count = bisect.bisect_left(self.seconds, int(before))
        if most is not None:
            count = max(count, len(self.seconds) - most)
        for second in self.seconds[:count]:
            del self.values[second]
        del self.seconds[:count]

    def read(self, start: float, end: float, now: float) -> Iterator[tuple[int, list[float]]]:
        first = bisect.bisect_left(self.seconds, start)
        last = bisect.bisect_left(self.seconds, end)
        for second in self.seconds[first:last]:
            seen = [value for visible, value in self.values[second] if visible <= now]
            if seen:
                yield second, seen


class MetricStore:
    """Thread-safe; ``lag`` seconds pass between a put and its first being readable.

    ``most`` bounds how many seconds with values are kept of a metric, the newest ones.
    """

    def __init__(self, now: Callable[[], float], lag: float = 0.0) -> None:
        self._now = now
        self.lag = lag
        self.most: int | None = None
        self._timelines: dict[Identity, _Timeline] = {}
        self._lock = threading.Lock()
        self._puts = 0

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        timestamp: float,
        values: Sequence[float],
    ) -> None:
        """Store ``values`` observed at ``timestamp`` (unix seconds)."""
        identity = Identity.of(namespace, name, dimensions)
        now = self._now()
        with self._lock:
            timeline = self._timelines.setdefault(identity, _Timeline())
            timeline.put(int(timestamp), now + self.lag, values)
            self._puts += 1
            if self._puts % 10_000 == 0:
                for known in self._timelines.values():
                    known.prune(now - KEEP_SECONDS, self.most)

    def statistic(
        self, identity: Identity, statistic: str, period: int, start: float, end: float
    ) -> list[tuple[float, float]]:
        """Return ``(period start, value)`` in time order; periods without data are absent.

        Raises:
            UnknownStatisticError: for a statistic that CloudWatch does not know.
        """
        compute = statistic_function(statistic)
        periods: dict[int, list[float]] = {}
        aligned = math.floor(start / period) * period
        with self._lock:
            for timeline in self._read_for(identity):
                for second, values in timeline.read(aligned, end, self._now()):
                    periods.setdefault(second // period * period, []).extend(values)
        return [(float(at), compute(values)) for at, values in sorted(periods.items())]

    def _read_for(self, identity: Identity) -> Iterator[_Timeline]:
        if identity.dimensions or identity.namespace not in _ACROSS:
            if identity in self._timelines:
                yield self._timelines[identity]
            return
        across = _ACROSS[identity.namespace]
        for known, timeline in self._timelines.items():
            if (known.namespace, known.name) == (identity.namespace, identity.name) and [
                name for name, _ in known.dimensions
            ] in ([], [across]):
                yield timeline

    def identities(self) -> list[Identity]:
        """Return every metric that ever had a value."""
        with self._lock:
            return list(self._timelines)


def statistic_function(statistic: str) -> Callable[[Sequence[float]], float]:
    """Return the function that computes ``statistic`` of a period's values.

    Percentiles interpolate linearly; ``PR(low:high)`` is the share of values in the range, in
    percent (CloudWatch statistics definitions).
    """
    if statistic in _SIMPLE:
        return _SIMPLE[statistic]
    if match := _PERCENTILE.match(statistic):
        percent = float(match.group(1))
        return lambda values: _percentile(values, percent)
    if match := _RANK.match(statistic):
        low = float(match.group(1)) if match.group(1) else -math.inf
        high = float(match.group(2)) if match.group(2) else math.inf
        return lambda values: 100.0 * sum(low < v <= high for v in values) / len(values)
    raise UnknownStatisticError(statistic)


def _percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    low = math.floor(position)
    high = math.ceil(position)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
