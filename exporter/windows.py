"""Which periods to ask CloudWatch for next, so that an outage is caught up within deadlines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.folding import FoldState
from inventory.model import Collection

_CHUNK_PERIODS = 1440
_DAY = 86_400
# CloudWatch's retention by the length of a period (CloudWatch user guide, "Metrics retention").
_RETENTION = ((59, 3 * 3600), (299, 15 * _DAY), (3599, 63 * _DAY))
_LONGEST = 455 * _DAY


@dataclass(frozen=True)
class Window:
    """Periods that start in ``[start, end)``, unix seconds."""

    start: int
    end: int
    period: int


def oldest_kept(now: float, collection: Collection) -> float:
    """Return how far back periods are fetched: the back-fill, or less where CloudWatch forgot."""
    kept = next((age for top, age in _RETENTION if collection.period <= top), _LONGEST)
    return now - min(collection.backfill, kept)


def due(
    states: Mapping[str, FoldState], end: int, oldest: float, again: int | None = None
) -> dict[Window, tuple[str, ...]]:
    """Return the resources with unread closed periods before ``end``, by their next window.

    A window begins with the periods that may still be revised, or only the last ``again`` of them.
    It ends at most a day of minutes after what was read, so that each piece of a long outage can
    be committed on its own.
    """
    alike: dict[tuple[int, int, int], list[str]] = defaultdict(list)
    for resource, state in states.items():
        if state.watermark < end:
            alike[state.period, state.floor, state.watermark].append(resource)
    groups: dict[Window, list[str]] = defaultdict(list)
    for (period, floor, watermark), resources in alike.items():
        first = -(-int(oldest) // period) * period
        unread = max(watermark, first)
        stop = max(min(end, unread + _CHUNK_PERIODS * period), first)
        start = max(floor // period * period, first)
        if again is not None:
            start = max(start, unread - again * period)
        if start < stop:
            groups[Window(start, stop, period)].extend(resources)
    return {window: tuple(found) for window, found in groups.items()}
