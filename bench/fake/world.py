"""The platform that the fake AWS tells of: N functions whose every value follows from a seed.

A value depends on the seed, the function and the period alone, so that whoever was served it can be
checked against it later. Each function reads the same tables from a place of its own: a window is
then a slice, which costs the fake next to nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

NAMESPACE = "AWS/Lambda"
DIMENSION = "FunctionName"
METRICS = ("Invocations", "Errors", "Throttles", "Duration")
PROFILES = ("none", "some")
_TABLE = 4096
_ERRING_EACH = 100
_QUANTILES = {"p50": 0.9, "p90": 1.6, "p99": 3.1}
_EXTREMES = {"Minimum": 0.4, "Maximum": 4.0, "Average": 1.0}
_ZEROS = "zeros"


class UnknownStatisticError(Exception):
    """A statistic that the world does not have; its text names it."""


class Points(NamedTuple):
    """Values by period start; points of equal ``key`` have equal values, None promises nothing."""

    times: range
    values: tuple[float, ...]
    key: tuple[str, int, int] | None


NOTHING = Points(range(0), (), None)


@dataclass
class World:
    """``functions`` functions with data for every period of ``base`` seconds.

    ``profiles`` says from which period number on which profile holds: ``none`` has no errors and no
    throttles, in ``some`` every hundredth function fails in every period. ``bursts`` adds errors to
    single periods of single functions. A period shows ``lag`` seconds after its end. As from AWS, a
    period in which a function ran and did not fail has an Errors value, which is 0.
    """

    functions: int
    seed: int = 1
    base: int = 60
    lag: float = 0.0
    profiles: list[tuple[int, str]] = field(default_factory=lambda: [(0, "some")])
    bursts: dict[int, dict[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)  # noqa: S311 made-up load
        self.names = tuple(f"function-{number:05}" for number in range(self.functions))
        self._number = {name: number for number, name in enumerate(self.names)}
        self._place = [rng.randrange(_TABLE) for _ in self.names]
        self._tables = {name: table * 2 for name, table in _tables(rng).items()}
        self._account: dict[tuple[str, int], float] = {}

    def newest(self, now: float) -> int:
        """Return the end of the newest period that shows at ``now`` (unix seconds)."""
        return int((now - self.lag) // self.base) * self.base

    def erring(self, number: int, period: int) -> bool:
        """Say whether a function fails in the period of that number, bursts aside."""
        profile = next((name for since, name in reversed(self.profiles) if since <= period), "some")
        return profile == "some" and number % _ERRING_EACH == 0

    def points(
        self, metric: str, dimensions: Mapping[str, str], statistic: str, window: range
    ) -> Points:
        """Return the values of the periods in ``window``, whose step is the period in seconds.

        Empty dimensions mean the account: the sum over all functions. A metric or function that
        does not exist has no values, as in AWS.

        Raises:
            UnknownStatisticError: for a statistic that is not served.
        """
        table = _table_of(metric, statistic)
        if table is None or not window:
            return NOTHING
        if not dimensions:
            return self._of_account(metric, statistic, table, window)
        number = self._number.get(dimensions.get(DIMENSION, ""))
        if number is None or len(dimensions) > 1:
            return NOTHING
        if metric in ("Errors", "Throttles"):
            return self._failures(number, metric, statistic, table, window)
        return self._slice(number, table, window)

    def value(self, number: int, metric: str, statistic: str, start: int) -> float:
        """Return one function's value for the base period that begins at ``start``."""
        window = range(start, start + self.base, self.base)
        return self.points(metric, {DIMENSION: self.names[number]}, statistic, window).values[0]

    def _slice(self, number: int, table: str, window: range) -> Points:
        together = window.step // self.base
        first = (self._place[number] + window.start // self.base) % _TABLE
        count = len(window) * together
        if first + count > 2 * _TABLE:
            values = tuple(self._tables[table][(first + at) % _TABLE] for at in range(count))
        else:
            values = self._tables[table][first : first + count]
        if together == 1:
            return Points(window, values, (table, first, count))
        return Points(window, _grouped(table, values, together), None)

    def _failures(
        self, number: int, metric: str, statistic: str, table: str, window: range
    ) -> Points:
        periods = range(window.start // self.base, window.stop // self.base)
        extra = self.bursts.get(number, {}) if metric == "Errors" else {}
        if number % _ERRING_EACH and not extra and statistic == "Sum":
            return Points(window, (0.0,) * len(window), (_ZEROS, 0, len(window)))
        if statistic != "Sum":
            return self._slice(number, table, window)
        source, place = self._tables[table], self._place[number]
        values = tuple(
            (source[(place + at) % _TABLE] if self.erring(number, at) else 0.0) + extra.get(at, 0.0)
            for at in periods
        )
        return Points(window, _grouped(table, values, window.step // self.base), None)

    def _of_account(self, metric: str, statistic: str, table: str, window: range) -> Points:
        if statistic not in ("Sum", "SampleCount"):
            raise UnknownStatisticError(f"{statistic} of the whole account")
        values = tuple(
            self._account_value(metric, statistic, at)
            for at in range(window.start, window.stop, self.base)
        )
        return Points(window, _grouped(table, values, window.step // self.base), None)

    def _account_value(self, metric: str, statistic: str, start: int) -> float:
        key = (f"{metric} {statistic}", start)
        if key not in self._account:
            window = range(start, start + self.base, self.base)
            self._account[key] = sum(
                self.points(metric, {DIMENSION: name}, statistic, window).values[0]
                for name in self.names
            )
        return self._account[key]

    def set_profile(self, profile: str, start: int) -> None:
        """Let ``profile`` hold from the period that begins at ``start`` (unix seconds) on."""
        if profile not in PROFILES:
            raise ValueError(f"no profile '{profile}'; there are {', '.join(PROFILES)}")
        self.profiles.append((start // self.base, profile))
        self._account.clear()

    def add_errors(self, number: int, start: int, count: float) -> None:
        """Add ``count`` errors to the period that begins at ``start`` (unix seconds)."""
        self.bursts.setdefault(number, {})[start // self.base] = count
        self._account.clear()


def _tables(rng: random.Random) -> dict[str, tuple[float, ...]]:
    invocations = [float(rng.randint(4, 60)) for _ in range(_TABLE)]
    # Eighths of a millisecond add up without rounding, so that totals can be compared for equality.
    means = [rng.randint(40, 8000) / 8 for _ in range(_TABLE)]
    shares = _QUANTILES | _EXTREMES
    return {
        "invocations": tuple(invocations),
        "errors": tuple(float(rng.randint(1, 3)) for _ in range(_TABLE)),
        "throttles": tuple(float(rng.randint(0, 1)) for _ in range(_TABLE)),
        "ones": (1.0,) * _TABLE,
        "Sum": tuple(n * mean for n, mean in zip(invocations, means, strict=True)),
        **{name: tuple(round(mean * by, 2) for mean in means) for name, by in shares.items()},
    }


def _table_of(metric: str, statistic: str) -> str | None:
    if metric not in METRICS:
        return None
    if statistic == "SampleCount":
        return "invocations"
    if metric == "Duration":
        if statistic not in ("Sum", *_QUANTILES, *_EXTREMES):
            raise UnknownStatisticError(statistic)
        return statistic
    if statistic != "Sum":
        raise UnknownStatisticError(statistic)
    return metric.lower()


def _grouped(table: str, values: Sequence[float], together: int) -> tuple[float, ...]:
    if together == 1:
        return tuple(values)
    # A longer period's quantile cannot be had from shorter ones': the largest stands for it.
    combine = max if table in _QUANTILES or table in _EXTREMES else sum
    return tuple(combine(values[at : at + together]) for at in range(0, len(values), together))
