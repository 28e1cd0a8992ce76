"""The operators' checks as one table: what is asked of Prometheus, and what an answer means.

Three answers are possible and told apart: well, bad, and unknown, which is what a silence is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from catalogue.promql import Vector
from catalogue.text import Text

Sample = tuple[Mapping[str, str], float]
"""The labels and the value of one series."""
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_KIB = 1024.0


class Verdict(StrEnum):
    """What a check found."""

    WELL = "well"
    BAD = "bad"
    UNKNOWN = "unknown"
    TOLD = "told"


class Unit(StrEnum):
    """How a value is written."""

    COUNT = "count"
    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"
    USD = "usd"
    YES = "yes"


@dataclass(frozen=True)
class Check:
    """One question.

    ``vector`` answers with one sample per resource, told apart by ``labels``; ``expected`` are the
    resources that must answer. ``bad`` judges a value; None where it is only told. ``trend`` asks
    for the same a week earlier too.
    """

    key: str
    title: Text
    vector: Vector
    labels: tuple[str, ...] = ()
    expected: tuple[tuple[str, ...], ...] = ()
    bad: Callable[[float], bool] | None = None
    unit: Unit = Unit.COUNT
    trend: bool = False

    def __post_init__(self) -> None:
        if lacking := set(self.labels) - self.vector.labels:
            raise ValueError(f"{self.key}: the vector has no label {', '.join(sorted(lacking))}")


@dataclass(frozen=True)
class Row:
    """A check's answer for one resource; ``before`` is the value a week earlier."""

    check: Check
    resource: str
    verdict: Verdict
    value: float | None = None
    before: float | None = None

    @property
    def change(self) -> float | None:
        """Growth over the week before, as a ratio; None where there is nothing to compare with."""
        if self.value is None or not self.before:
            return None
        return self.value / self.before - 1


def rows(check: Check, now: Sequence[Sample], before: Sequence[Sample] = ()) -> Iterator[Row]:
    """Yield the rows of a check: those expected in their order, then any others by name."""
    found, earlier = _by_resource(check, now), _by_resource(check, before)
    names = dict.fromkeys((*check.expected, *sorted(found)))
    if not names and check.bad is not None:
        yield Row(check, "", Verdict.UNKNOWN)
    for name in names:
        value = found.get(name)
        if value is None or math.isnan(value):
            yield Row(check, " ".join(name), Verdict.UNKNOWN, None, earlier.get(name))
            continue
        yield Row(check, " ".join(name), _verdict(check, value), value, earlier.get(name))


def _verdict(check: Check, value: float) -> Verdict:
    if check.bad is None:
        return Verdict.TOLD
    return Verdict.BAD if check.bad(value) else Verdict.WELL


def _by_resource(check: Check, samples: Sequence[Sample]) -> dict[tuple[str, ...], float]:
    return {tuple(labels.get(one, "") for one in check.labels): value for labels, value in samples}


def written(value: float | None, unit: Unit) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    if unit is Unit.RATIO:
        return f"{value:.2%}"
    if unit is Unit.SECONDS:
        return _duration(value)
    if unit is Unit.BYTES:
        return _bytes(value)
    if unit is Unit.USD:
        return f"${value:,.2f}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _duration(seconds: float) -> str:
    for name, size in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.1f} s" if abs(seconds) >= 1 else f"{seconds * 1000:.0f} ms"


def _bytes(value: float) -> str:
    for name in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < _KIB:
            return f"{value:.4g} {name}"
        value /= _KIB
    return f"{value:,.4g} TiB"
