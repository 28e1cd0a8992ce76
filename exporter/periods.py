"""Reading the closed periods that are still unread, resource by resource, until caught up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from exporter.collector import Context
from exporter.folding import FoldState, begin, closed_end, resume
from exporter.sources.cloudwatch import Answer, Metric, fetch
from exporter.windows import Window, due, oldest_kept
from inventory.model import Collection

_MOST_POINTS = 200_000
Take = Callable[[str, Answer, Window], FoldState]
"""Fold one resource's answer for a window and return its new state."""


def open_states(
    collection: Collection, now: float, known: Mapping[str, FoldState], resources: Sequence[str]
) -> dict[str, FoldState]:
    """Return the state with which each resource goes on at ``now``: resumed, or new."""
    period = int(collection.period)
    end = closed_end(now, collection.lag, period)
    return {
        name: resume(known[name], end, period, collection.lookback)
        if name in known
        else begin(end, period, collection.lookback)
        for name in resources
    }


def catch_up(
    context: Context,
    now: float,
    states: dict[str, FoldState],
    metrics: Mapping[str, tuple[Metric, ...]],
    take: Take,
    commit: Callable[[Sequence[str]], None],
    timing: Collection | None = None,
) -> None:
    """Read the periods closed at ``now``, committing piece by piece; brings ``states`` forward.

    ``timing`` gives period, lag and back-fill where they are not the inventory's.
    A long outage may need more time than one run has: then the rest follows in the next run.

    Raises:
        CollectError: if a request failed; what was committed before stays.
    """
    collection = timing or context.inventory.collection
    end = closed_end(now, collection.lag, int(collection.period))
    oldest = oldest_kept(now, collection)
    while windows := due(states, end, oldest):
        before = context.remaining()
        for window, resources in _pieces(windows, metrics):
            asked = [metric for name in resources for metric in metrics[name]]
            answers = fetch(context, asked, window)
            for name in resources:
                whole = {key: v for metric in metrics[name] for key, v in answers[metric].items()}
                states[name] = take(name, whole, window)
            commit(resources)
        left = context.remaining()
        if left < 2 * (before - left):
            return


def _pieces(
    windows: Mapping[Window, Sequence[str]], metrics: Mapping[str, tuple[Metric, ...]]
) -> Iterator[tuple[Window, list[str]]]:
    """Yield the resources of each window in pieces whose answers fit into little memory."""
    for window, resources in windows.items():
        periods = (window.end - window.start) // window.period
        piece: list[str] = []
        points = 0
        for name in resources:
            more = periods * sum(len(metric.statistics) for metric in metrics[name])
            if piece and points + more > _MOST_POINTS:
                yield window, piece
                piece, points = [], 0
            piece.append(name)
            points += more
        yield window, piece
