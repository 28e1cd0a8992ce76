"""An enumeration shown as Prometheus has it: one series for each state, 1 for the current one."""

from __future__ import annotations

from functools import lru_cache

from catalogue.metrics import MetricSpec
from exporter.samples import Series

_MOST = 16_384


@lru_cache(maxsize=_MOST)
def states(
    spec: MetricSpec, labels: tuple[str, ...], known: tuple[str, ...], current: str
) -> tuple[Series, ...]:
    """Return a series for each ``known`` state and for ``current``, the last label being the state.

    A state that AWS added since is shown like any other. The same question is answered with the
    same objects, so that what did not change need not be rendered again.
    """
    return tuple(
        Series(spec, (*labels, state), float(state == current))
        for state in dict.fromkeys((*known, current))
    )
