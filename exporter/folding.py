"""Folding CloudWatch's period sums into totals: every period once, whatever is revised when.

CloudWatch hands out sums per period, and may still raise them: a Lambda invocation is dated by its
start, so a long run changes a period that was read already. A trailing window is therefore read
again and only what a period grew by is added. Pure: no clock, no I/O.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Points = Mapping[int, float]
"""A period's value by the unix second at which it starts."""


@dataclass(frozen=True)
class FoldState:
    """The totals of one resource. All times are unix seconds.

    ``since`` is the first period that counts; periods before ``floor`` are settled and ignored;
    ``watermark`` is the first one not yet read. ``seen`` holds, by statistic and period, the
    largest and the latest value of the periods that may still be revised.
    """

    period: int
    since: int
    floor: int
    watermark: int
    totals: Mapping[str, float] = field(default_factory=dict)
    seen: Mapping[str, Mapping[int, tuple[float, float]]] = field(default_factory=dict)
    revised_down: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "period": self.period,
            "since": self.since,
            "floor": self.floor,
            "watermark": self.watermark,
            "totals": dict(self.totals),
            "seen": {
                name: [[at, *values] for at, values in sorted(periods.items())]
                for name, periods in self.seen.items()
            },
            "revised_down": self.revised_down,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> FoldState:
        """Return the state that :meth:`to_json` wrote."""
        seen = {
            name: {int(at): (largest, latest) for at, largest, latest in periods}
            for name, periods in document["seen"].items()
        }
        return cls(**{**document, "seen": seen})


@dataclass(frozen=True)
class Folded:
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


def resume(state: FoldState, end: int, period: int, lookback: float) -> FoldState:
    """Return ``state`` fit to go on at ``end`` with ``period``.

    After a change of the period, what was read under the old one is settled: the same seconds
    must not count twice under two alignments. A watermark far ahead means that a clock was wrong.
    """
    if state.watermark > end + lookback + period:
        return replace(state, period=period, since=end, floor=end, watermark=end, seen={})
    if state.period != period:
        start = math.ceil(state.watermark / period) * period
        return replace(state, period=period, floor=start, watermark=start, seen={})
    return state


def fold(state: FoldState, points: Mapping[str, Points], end: int, lookback: float) -> Folded:
    """Add the periods of ``[state.floor, end)`` in ``points``; after it all up to ``end`` are read.

    A period's contribution to the total is the largest value ever seen of it.
    """
    totals = dict(state.totals)
    seen = {name: dict(periods) for name, periods in state.seen.items()}
    added: dict[str, dict[int, float]] = {}
    revised_down = state.revised_down
    first = max(state.floor, state.since)
    for name, values in points.items():
        known = seen.setdefault(name, {})
        grown = added.setdefault(name, {})
        totals.setdefault(name, 0.0)
        for at, value in sorted(values.items()):
            if not first <= at < end:
                continue
            largest, latest = known.get(at, (0.0, 0.0))
            revised_down += value < latest
            if value > largest:
                grown[at] = value - largest
                totals[name] += value - largest
            known[at] = (max(largest, value), value)
    watermark = max(state.watermark, end)
    floor = max(state.floor, math.floor(watermark - lookback))
    kept = {
        name: {at: values for at, values in periods.items() if at >= floor}
        for name, periods in seen.items()
    }
    return Folded(
        replace(
            state,
            floor=floor,
            watermark=watermark,
            totals=totals,
            seen=kept,
            revised_down=revised_down,
        ),
        added,
    )
