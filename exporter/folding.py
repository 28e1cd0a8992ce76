"""Folding CloudWatch's period sums into totals: every period once, whatever is revised when.

CloudWatch hands out sums per period, and may still raise them: a Lambda invocation is dated by its
start, so a long run changes a period that was read already. A trailing window is therefore read
again and only what a period grew by is added. Pure: no clock, no I/O.
"""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

Points = Mapping[int, float]
"""A period's value by the unix second at which it starts, a multiple of the period."""
Span = tuple[int, int, int, int]
_EMPTY = array("d")


class Sum(NamedTuple):
    """One statistic's total, and what was seen of the periods that may still be revised.

    ``latest`` holds the value last read of each period from the state's ``first`` on, 0 where none
    was; ``peaks`` the largest value ever read of those whose latest is smaller, None without any.
    Both are as short as they can be: thousands of resources have several each.
    """

    total: float = 0.0
    latest: array[float] = _EMPTY
    peaks: Points | None = None


_ZERO = Sum()


class FoldState(NamedTuple):
    """The totals of one resource. All times are unix seconds.

    ``since`` is the first period that counts; periods before ``floor`` are settled and ignored;
    ``watermark`` is the first one not yet read.
    """

    period: int
    since: int
    floor: int
    watermark: int
    sums: Mapping[str, Sum] = MappingProxyType({})
    revised_down: int = 0

    @property
    def first(self) -> int:
        """The first period that may still be revised."""
        return _first(self.floor, self.since, self.period)

    @property
    def totals(self) -> dict[str, float]:
        """The totals by statistic."""
        return {name: known.total for name, known in self.sums.items()}

    def total(self, name: str) -> float:
        """Return one statistic's total, 0 where nothing was folded."""
        return self.sums.get(name, _ZERO).total

    def value(self, name: str, at: int) -> float:
        """Return what was last read of a period that may still be revised, else 0."""
        number = (at - self.first) // self.period
        values = self.sums.get(name, _ZERO).latest
        return values[number] if 0 <= number < len(values) else 0.0

    def latest(self, name: str) -> dict[int, float]:
        """Return what was last read of the periods that may still be revised, but for zeros."""
        first, period = self.first, self.period
        values = self.sums.get(name, _ZERO).latest
        return {first + number * period: value for number, value in enumerate(values) if value}

    @property
    def span(self) -> Span:
        """Period, since, floor and watermark, which resources read together have in common."""
        return self.period, self.since, self.floor, self.watermark

    def body(self) -> tuple[Any, ...]:
        """Return what is not in the span, as plain data."""
        sums = {}
        for name, (total, latest, peaks) in self.sums.items():
            values = latest.tolist()
            sums[name] = (total, values, tuple(peaks.items())) if peaks else (total, values)
        return sums, self.revised_down

    def to_json(self) -> tuple[Any, ...]:
        """Return the state as plain data."""
        return *self.span, *self.body()

    @classmethod
    def restored(cls, span: Span, sums: Mapping[str, Any], revised_down: int) -> FoldState:
        """Return the state of a span and a body."""
        found = {
            name: Sum(total, array("d", latest) or _EMPTY, dict(*peaks) or None)
            for name, (total, latest, *peaks) in sums.items()
        }
        return cls(*span, found, revised_down)

    @classmethod
    def from_json(cls, document: Sequence[Any] | Mapping[str, Any]) -> FoldState:
        """Return the state that :meth:`to_json` wrote, or an earlier program did."""
        if isinstance(document, Mapping):
            return _from_earlier(document)
        period, since, floor, watermark, sums, revised_down = document
        return cls.restored((period, since, floor, watermark), sums, revised_down)


class Folded(NamedTuple):
    """The new state, and what was added to each statistic by period."""

    state: FoldState
    added: Mapping[str, Points]


def closed_end(now: float, lag: float, period: int) -> int:
    """Return the end of the newest period whose value is to be believed at ``now``."""
    return math.floor((now - lag) / period) * period


def begin(end: int, period: int, lookback: float) -> FoldState:
    """Return the first state of a resource: totals are 0 and count what starts at ``end``.

    The newest closed period is left unread, so that its quantiles are shown at once.
    """
    return FoldState(period, end, math.floor(end - lookback), end - period)


def resume(
    state: FoldState, end: int, period: int, lookback: float, *, behind: bool = False
) -> FoldState:
    """Return ``state`` fit to go on at ``end`` with ``period``.

    The same seconds must not count twice under two alignments. A longer period is therefore gone
    over to where one of them begins, after the rest was read under the old one; where the two never
    meet, what lies between is left out. A watermark far ahead means that a clock was wrong: it is
    put back, unless ``behind`` says that the wrong clock is today's.
    """
    if state.watermark > end + lookback + period and not behind:
        return _begun_anew(state._replace(since=end), end, period)
    if state.period == period or (state.watermark % period and not period % state.period):
        return state
    return _begun_anew(state, math.ceil(state.watermark / period) * period, period)


def _begun_anew(state: FoldState, start: int, period: int) -> FoldState:
    sums = {name: Sum(known.total) for name, known in state.sums.items()}
    return state._replace(period=period, floor=start, watermark=start, sums=sums)


def fold(state: FoldState, points: Mapping[str, Points], end: int, lookback: float) -> Folded:
    """Add the periods of ``[state.floor, end)`` in ``points``; after it all up to ``end`` are read.

    A period's contribution to the total is the largest value ever seen of it. Statistics that are
    not in ``points``, and periods that are not in a statistic's, stay as they are.
    """
    period, since, floor, watermark, window, settled = _step(state[:4], end, lookback)
    sums = dict(state.sums)
    added: dict[str, Points] = {}
    revised_down = state.revised_down
    for name, values in points.items():
        known = sums.pop(name, _ZERO)
        new, added[name], down = _add(known, values, window)
        revised_down += down
        if new != _ZERO:
            sums[name] = new
    if settled > window.start:
        for name, known in sums.items():
            sums[name] = _pruned(known, (settled - window.start) // period, settled)
    return Folded(FoldState(period, since, floor, watermark, sums, revised_down), added)


class _Step(NamedTuple):
    """A span after its next step, the periods that are read, and where the unsettled ones begin."""

    period: int
    since: int
    floor: int
    watermark: int
    window: range
    settled: int


@functools.lru_cache(maxsize=64)
def _step(span: Span, end: int, lookback: float) -> _Step:
    """Return what folding does to everything that was read together, thousands of resources."""
    period, since, floor, watermark = span
    first = _first(floor, since, period)
    watermark = max(watermark, end)
    # A period that only ends within the look-back may still grow: it is not settled either.
    floor = max(floor, math.floor((watermark - lookback) / period) * period)
    settled = _first(floor, since, period)
    return _Step(period, since, floor, watermark, range(first, end, period), settled)


def _first(floor: int, since: int, period: int) -> int:
    return -(-max(floor, since) // period) * period


def _add(known: Sum, values: Points, window: range) -> tuple[Sum, Points, int]:
    """Return the sum with ``values``, what it grew by, and how many periods were revised down."""
    total, before, peaks = known
    count = len(before)
    latest = _read(values, window, before)
    if peaks or latest[:count] != before:
        return _revise(known, latest, window)
    # As nearly always: what was read before was read again, and some periods are new.
    grown: dict[int, float] = {}
    for number in range(count, len(latest)):
        value = latest[number]
        if value > 0:
            grown[window[number]] = value
            total += value
    return Sum(total, _trimmed(latest)), grown, 0


def _read(values: Points, window: range, before: array[float]) -> array[float]:
    """Return the value of every period of ``window``, as it was where ``values`` has none."""
    if len(values) == len(window) >= len(before) and [*values] == [*window]:
        return array("d", values.values())
    latest = before + array("d", bytes(before.itemsize * max(0, len(window) - len(before))))
    for at, value in values.items():
        if at in window:
            latest[window.index(at)] = value
    return latest


def _revise(known: Sum, latest: array[float], window: range) -> tuple[Sum, Points, int]:
    total, revised_down = known.total, 0
    grown: dict[int, float] = {}
    peaks = dict(known.peaks or {})
    for number, (at, value) in enumerate(zip(window, latest, strict=False)):
        before = known.latest[number] if number < len(known.latest) else 0.0
        largest = max(before, peaks.get(at, 0.0))
        revised_down += value < before
        if value > largest:
            grown[at] = value - largest
            total += value - largest
        if value < largest:
            peaks[at] = largest
        else:
            peaks.pop(at, None)
    return Sum(total, _trimmed(latest), peaks or None), grown, revised_down


def _trimmed(values: array[float]) -> array[float]:
    # A period that is not there counts as 0 anyway.
    if not any(values):
        return _EMPTY
    while not values[-1]:
        values = values[:-1]
    return values


def _pruned(known: Sum, count: int, settled: int) -> Sum:
    total, latest, peaks = known
    if peaks:
        peaks = {at: peak for at, peak in peaks.items() if at >= settled} or None
    return Sum(total, latest[count:] or _EMPTY, peaks)


def _from_earlier(document: Mapping[str, Any]) -> FoldState:
    period, since, floor = (int(document[name]) for name in ("period", "since", "floor"))
    first = _first(floor, since, period)
    sums = {}
    for name, total in document["totals"].items():
        seen = [(at, largest, value) for at, largest, value in document["seen"].get(name, ())]
        values = {int(at): value for at, _, value in seen}
        window = range(first, max(values, default=first - period) + period, period)
        latest = _trimmed(array("d", [values.get(at, 0.0) for at in window]))
        peaks = {int(at): largest for at, largest, value in seen if largest > value}
        if total or latest or peaks:
            sums[name] = Sum(total, latest, peaks or None)
    return FoldState(
        period, since, floor, int(document["watermark"]), sums, int(document["revised_down"])
    )
