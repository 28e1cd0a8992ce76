"""Whether counters say exactly what was served: no period short, none double, none too late.

The world's values follow from its seed, and the fake knows from when and up to when it answered
each metric of each function. A counter must be the sum of its values between these two. What was
not asked for any more must have been nothing: errors to the end of the newest period that was read
of anything, what has its turn now and then but for the time that its turns may take. (The account's
sum tells that a function need not be asked; the fake then answered nothing about the function.)

Errors and throttles count from where invocations do, whenever a function is first asked about them:
they are read together. Durations are read by longer periods and begin where one of theirs does,
never later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.fake.world import World

_SAMPLE = re.compile(r'^(\w+)\{(?:[^}]*,)?function="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)
_TOLERANCE = 1e-9
_NEAR = (-1, 1, -2, 2)
_FIRST = "Invocations"
COUNTERS = {
    "dataplatform_lambda_invocations_total": ("Invocations", "Sum", 1.0),
    "dataplatform_lambda_errors_total": ("Errors", "Sum", 1.0),
    "dataplatform_lambda_throttles_total": ("Throttles", "Sum", 1.0),
    "dataplatform_lambda_duration_seconds_sum": ("Duration", "Sum", 0.001),
    "dataplatform_lambda_duration_seconds_count": ("Duration", "SampleCount", 1.0),
}
# Slow turns by which a counter may be behind. Durations wait for their turn and for its period.
_BEHIND = {"Invocations": 0, "Errors": 0, "Throttles": 1, "Duration": 2}


@dataclass(frozen=True)
class Checked:
    """One counter over all functions; ``problem`` is None where every one is exact."""

    counter: str
    functions: int
    periods: int
    problem: str | None = None


def read(exposition: str) -> dict[str, dict[str, float]]:
    """Return the counters that are checked, by name and function."""
    found: dict[str, dict[str, float]] = {name: {} for name in COUNTERS}
    for name, function, value in _SAMPLE.findall(exposition):
        if name in found:
            found[name][function] = float(value)
    return found


def check(
    world: World, exposition: str, served: Mapping[str, Any], slow_every: float
) -> list[Checked]:
    """Compare every counter with the world; ``served`` is what the fake says it answered.

    ``slow_every`` is how often (seconds) what is read now and then has its turn.
    """
    found = read(exposition)
    newest = max((end for ends in served["until"].values() for end in ends.values()), default=0)
    began = served["since"].get(_FIRST, {})
    result = []
    for name, (metric, _, _) in COUNTERS.items():
        first = served["since"].get(metric, {})
        since = first if metric == "Duration" else began
        until = served["until"].get(metric, {})
        owed = int(newest - _BEHIND[metric] * slow_every)
        counter = _Counter(world, name, since, until, owed, max(began.values(), default=0))
        result.append(counter.check(found[name]))
    return result


@dataclass(frozen=True)
class _Counter:
    """A counter's name, and from when and until when its metric was answered, by function.

    It must begin at ``latest`` or before, and hold whatever there was before ``owed``.
    """

    world: World
    name: str
    since: Mapping[str, float]
    until: Mapping[str, int]
    owed: int
    latest: float

    def check(self, totals: Mapping[str, float]) -> Checked:
        missing = self.world.functions - len(totals)
        if missing:
            return self._checked(f"{missing} functions are missing")
        tardy = [name for name in self.world.names if self.since.get(name, 0) > self.latest]
        unasked = [name for name in self.world.names if name not in self.since]
        if tardy or unasked:
            first = (tardy or unasked)[0]
            return self._checked(
                f"{len(tardy or unasked)} were not read from the start, as {first}"
            )
        off = [
            (number, name)
            for number, name in enumerate(self.world.names)
            if not _same(totals[name], self._sum(number, self._start(name), self._end(name)))
        ]
        if off:
            number, name = off[0]
            near = self._explained(number, totals[name], name)
            return self._checked(f"{len(off)} are off, {name} first: {near}")
        unread = [
            name
            for number, name in enumerate(self.world.names)
            if self._sum(number, self._end(name), self.owed)
        ]
        if unread:
            return self._checked(f"{len(unread)} had more than was read, as {unread[0]}")
        return self._checked()

    def _checked(self, problem: str | None = None) -> Checked:
        begun = min(map(int, self.since.values()), default=0)
        ended = max(self.until.values(), default=begun)
        periods = max(0, ended - begun) // self.world.base
        return Checked(self.name, self.world.functions, periods, problem)

    def _start(self, function: str) -> int:
        return int(self.since[function])

    def _end(self, function: str) -> int:
        start = self._start(function)
        return max(start, self.until.get(function, start))

    def _sum(self, number: int, start: int, stop: int) -> float:
        metric, statistic, scale = COUNTERS[self.name]
        return scale * sum(
            self.world.value(number, metric, statistic, at)
            for at in range(start, stop, self.world.base)
        )

    def _explained(self, number: int, total: float, function: str) -> str:
        base, start, end = self.world.base, self._start(function), self._end(function)
        for begins in (0, *_NEAR):
            for ends in (0, *_NEAR):
                span = (start + begins * base, end + ends * base)
                if _same(total, self._sum(number, *span)):
                    return f"begins {begins:+} and ends {ends:+} periods from what was served"
        return "no span near what was served explains it"


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(1.0, abs(one), abs(other))
