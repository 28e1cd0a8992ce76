"""What a benchmark returns, and how it takes time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Result:
    """A table: ``columns`` name the keys of each row, in order.

    ``missed`` has a line for everything that must not be: it fails the command.
    """

    title: str
    columns: list[str]
    rows: list[dict[str, object]]
    notes: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs of one thing."""

    median: float
    worst: float


def timed(run: Callable[[], object], times: int) -> Timing:
    """Run ``run`` once to warm up and ``times`` times under the clock."""
    run()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return Timing(statistics.median(taken), max(taken))


def share(values: Sequence[float], part: float) -> float:
    """Return the value below which ``part`` (0 to 1) of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
