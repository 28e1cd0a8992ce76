"""Whether counters say exactly what was served: no period short, none double.

The world's values follow from its seed. A counter of every function must be the sum of its values
over one and the same span of periods, and that span must begin where the exporter first asked to
and end where it asked to last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.fake.world import World

_SAMPLE = re.compile(r'^(\w+)\{(?:[^}]*,)?function="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)
_TOLERANCE = 1e-9
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


def check(
    world: World, exposition: str, first: Mapping[str, float], last: Mapping[str, float]
) -> list[Checked]:
    """Compare every counter with the world.

    ``first`` and ``last`` give, by metric, the end of the first and of the newest window that was
    asked for: what lies between must have been counted, once.
    """
    found = read(exposition)
    return [
        _checked(world, name, found[name], (int(first[metric]), int(last[metric])))
        for name, (metric, _, _) in COUNTERS.items()
    ]


def _checked(
    world: World, counter: str, totals: Mapping[str, float], span: tuple[int, int]
) -> Checked:
    metric, statistic, scale = COUNTERS[counter]
    periods = range(span[0], span[1], world.base)
    missing = world.functions - len(totals)
    if missing:
        return Checked(counter, len(totals), len(periods), f"{missing} functions are missing")
    wrong = [
        name
        for number, name in enumerate(world.names)
        if not _same(
            totals[name],
            scale * sum(world.value(number, metric, statistic, at) for at in periods),
        )
    ]
    if not wrong:
        return Checked(counter, len(totals), len(periods))
    other = _explained(world, counter, totals, span)
    return Checked(
        counter,
        len(totals),
        len(periods),
        f"{len(wrong)} functions are off, {wrong[0]} first; {other}",
    )


def _explained(
    world: World, counter: str, totals: Mapping[str, float], span: tuple[int, int]
) -> str:
    for start, stop in _spans(span, world.base):
        metric, statistic, scale = COUNTERS[counter]
        periods = range(start, stop, world.base)
        if all(
            _same(
                totals[name], scale * sum(world.value(n, metric, statistic, at) for at in periods)
            )
            for n, name in enumerate(world.names)
        ):
            begins, ends = (start - span[0]) // world.base, (stop - span[1]) // world.base
            return f"they fit a span that begins {begins:+} and ends {ends:+} periods from it"
    return "they fit no span near it"


def _spans(span: tuple[int, int], base: int) -> Iterator[tuple[int, int]]:
    near: Sequence[int] = (0, -1, 1, -2, 2, -3, 3)
    for begins in near:
        for ends in near:
            yield span[0] + begins * base, span[1] + ends * base


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(1.0, abs(one), abs(other))
