"""What a benchmark must show: goals for named rows, not judged by whoever reads the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, object]
COLUMN = "goals"
"""The column that says of each row whether its goals were met."""


@dataclass(frozen=True)
class Goal:
    """``holds`` must be true of the row of ``case``; ``wanted`` says it in words."""

    case: str
    wanted: str
    holds: Callable[[Row], bool]


def most(case: str, name: str, limit: float) -> Goal:
    """Return the goal that a number is below ``limit``."""
    return Goal(case, f"{name} below {limit:g}", lambda row: number(row, name) < limit)


def least(case: str, name: str, limit: float) -> Goal:
    """Return the goal that a number is at least ``limit``."""
    return Goal(case, f"{name} at least {limit:g}", lambda row: number(row, name) >= limit)


def number(row: Row, name: str) -> float:
    """Return a number of a row; what was not measured is no number, and meets no goal."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def judged(rows: Sequence[Row], goals: Sequence[Goal]) -> tuple[list[dict[str, object]], list[str]]:
    """Return the rows with ``COLUMN``, and a line for each goal that was missed.

    A goal whose row is not there was missed as well.
    """
    missed = []
    told = []
    for row in rows:
        wrong = [goal for goal in goals if goal.case == row["case"] and not goal.holds(row)]
        missed += [f"{goal.case}: {goal.wanted}" for goal in wrong]
        told.append({**row, COLUMN: _told(row, goals, wrong)})
    return told, [*missed, *_absent(rows, goals)]


def _told(row: Row, goals: Sequence[Goal], wrong: Sequence[Goal]) -> str:
    if wrong:
        return "MISSED " + "; ".join(goal.wanted for goal in wrong)
    return "met" if any(goal.case == row["case"] for goal in goals) else "-"


def _absent(rows: Sequence[Row], goals: Sequence[Goal]) -> Iterator[str]:
    cases = {row["case"] for row in rows}
    for goal in goals:
        if goal.case not in cases:
            yield f"{goal.case}: not measured: {goal.wanted}"
