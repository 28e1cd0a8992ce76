"""Whether counters say exactly what was served: no period short, none double.

The world's values follow from its seed, and the fake knows up to when it answered each metric of
each function. A counter must be the sum of its values from the first cycle on up to there. A
function whose errors were not asked for again, because the account's sum said that there were none,
must have had none. (Throttles may be known of the account before they are known of a function.)
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
_PROMPT = "Errors"
COUNTERS = {
    "dataplatform_lambda_invocations_total": ("Invocations", "Sum", 1.0),
    "dataplatform_lambda_errors_total": ("Errors", "Sum", 1.0),
    "dataplatform_lambda_throttles_total": ("Throttles", "Sum", 1.0),
    "dataplatform_lambda_duration_seconds_sum": ("Duration", "Sum", 0.001),
    "dataplatform_lambda_duration_seconds_count": ("Duration", "SampleCount", 1.0),
}


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


def check(world: World, exposition: str, served: Mapping[str, Any]) -> list[Checked]:
    """Compare every counter with the world; ``served`` is what the fake says it answered."""
    found = read(exposition)
    since = int(served["since"])
    return [
        _Counter(world, name, since, served["until"].get(COUNTERS[name][0], {})).check(found[name])
        for name in COUNTERS
    ]


@dataclass(frozen=True)
class _Counter:
    """A counter's name, and from when and until when its metric was answered."""

    world: World
    name: str
    since: int
    until: Mapping[str, int]

    def check(self, totals: Mapping[str, float]) -> Checked:
        periods = (max(self.until.values(), default=self.since) - self.since) // self.world.base
        missing = self.world.functions - len(totals)
        if missing:
            return self._checked(periods, f"{missing} functions are missing")
        off = [
            (number, name)
            for number, name in enumerate(self.world.names)
            if not _same(totals[name], self._sum(number, self.since, self._end(name)))
        ]
        if off:
            number, name = off[0]
            near = self._explained(number, totals[name], self._end(name))
            return self._checked(periods, f"{len(off)} are off, {name} first: {near}")
        unread = [name for number, name in enumerate(self.world.names) if self._unread(number)]
        if unread:
            return self._checked(periods, f"{len(unread)} had more than was read, as {unread[0]}")
        return self._checked(periods)

    def _checked(self, periods: int, problem: str | None = None) -> Checked:
        return Checked(self.name, self.world.functions, periods, problem)

    def _end(self, function: str) -> int:
        return max(self.since, self.until.get(function, self.since))

    def _sum(self, number: int, start: int, stop: int) -> float:
        metric, statistic, scale = COUNTERS[self.name]
        return scale * sum(
            self.world.value(number, metric, statistic, at)
            for at in range(start, stop, self.world.base)
        )

    def _unread(self, number: int) -> bool:
        """Say whether the account was read further than a function that had errors there."""
        if COUNTERS[self.name][0] != _PROMPT:
            return False
        end = self._end(self.world.names[number])
        return bool(self._sum(number, end, max(end, self.until.get("", end))))

    def _explained(self, number: int, total: float, end: int) -> str:
        base = self.world.base
        for begins in (0, *_NEAR):
            for ends in (0, *_NEAR):
                span = (self.since + begins * base, end + ends * base)
                if _same(total, self._sum(number, *span)):
                    return f"begins {begins:+} and ends {ends:+} periods from what was served"
        return "no span near what was served explains it"


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(1.0, abs(one), abs(other))
