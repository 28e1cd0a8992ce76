"""What was aimed for, and whether it was reached, said beside the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """``key`` of our row over the peer's must be at most ``most``."""

    what: str
    key: str
    most: float


DOLLARS = Goal("dollars a month, half", "$/month", 1 / 2)
GOALS = (
    Goal("/metrics, median, a twentieth", "metrics ms", 1 / 20),
    DOLLARS,
    Goal("calls a cycle, a third", "calls", 1 / 3),
    Goal("CPU a cycle, half", "CPU s", 1 / 2),
    Goal("resident memory, no more", "RSS MB", 1.0),
)


def judged(goal: Goal, ours: Row, peer: Row) -> str:
    """Return a line: met or missed, with both numbers."""
    mine, other = float(ours[goal.key]), float(peer[goal.key])
    met = mine <= goal.most * other
    return (
        f"{'met   ' if met else 'MISSED'} {goal.what}: {mine:,.4g} against {other:,.4g}"
        f" ({_ratio(mine, other)})"
    )


def _ratio(mine: float, other: float) -> str:
    if not mine or not other:
        return "no ratio"
    return f"{other / mine:.1f} times less" if mine <= other else f"{mine / other:.1f} times more"
