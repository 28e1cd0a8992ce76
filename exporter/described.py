"""What a control plane says of resources, and CloudWatch's counts of those that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from botocore.exceptions import ClientError

from exporter import views
from exporter.collector import Context, Reading
from exporter.samples import Series
from exporter.telemetry import REVISED_DOWN
from exporter.views import View

Found = TypeVar("Found")


def unless_missing(ask: Callable[[], Found], missing: str) -> Found | None:
    """Return what ``ask`` answers; None where AWS answers the error code ``missing``."""
    try:
        return ask()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != missing:
            raise
        return None


def reading(
    context: Context,
    collector: str,
    described: Mapping[str, Found | None],
    series_of: Callable[[str, Found], Iterator[Series]],
    counted: Sequence[View],
) -> Reading:
    """Return the series of what was described, and of its slowly read views.

    ``described`` holds what was found by resource, None for what is not there: of that nothing is
    shown, though its totals are kept. A view's first label is its resource.

    Raises:
        CollectError: if CloudWatch could not be read.
    """
    there = {key: found for key, found in described.items() if found is not None}
    viewed = views.read(context, counted, views.slow(context.inventory.collection))
    return Reading(
        (
            *(series for key, found in there.items() for series in series_of(key, found)),
            *(series for series in viewed.series if series.labels[0] in there),
            Series(REVISED_DOWN, (collector,), float(viewed.revised_down)),
        ),
        expected=len(described),
        seen=len(there),
        newest={key: at for key, at in viewed.newest.items() if key in there},
        missing=tuple(key for key in described if key not in there),
    )
