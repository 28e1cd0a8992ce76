"""Reading the closed periods that are still unread, resource by resource, until caught up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from exporter.collector import Context
from exporter.folding import FoldState, begin, closed_end, resume
from exporter.sources.cloudwatch import MAX_QUERIES, Answer, Metric, fetch
from exporter.windows import Window, due, oldest_kept
from inventory.model import Collection

Take = Callable[[str, Answer, Window], FoldState]
"""Fold one resource's answer for a window and return its new state."""
# Answers wait to be folded: this bounds how many do, and how much they hold.
_QUERIES_AT_ONCE = 4 * MAX_QUERIES
_POINTS_AT_ONCE = 200_000


def clock_is_behind(collection: Collection, now: float, newest: Iterable[int | None]) -> bool:
    """Return whether ``now`` is earlier than a period that has had a value already.

    ``newest`` are the starts of such periods. AWS has none of the future: our clock was put back,
    and states that seem to be ahead of their time are right. They wait until it has caught up.
    """
    end = closed_end(now, collection.lag, int(collection.period))
    return max((at for at in newest if at is not None), default=end - 1) >= end


def open_states(
    collection: Collection,
    now: float,
    known: Mapping[str, FoldState],
    resources: Iterable[str],
    *,
    behind: bool,
) -> dict[str, FoldState]:
    """Return the state with which each resource goes on at ``now``: resumed, or new."""
    period, lookback = int(collection.period), collection.lookback
    end = closed_end(now, collection.lag, period)
    new = begin(end, period, lookback)
    return {
        name: resume(known[name], end, period, lookback, behind=behind) if name in known else new
        for name in resources
    }


def catch_up(
    context: Context,
    now: float,
    states: dict[str, FoldState],
    metrics: Callable[[str], tuple[Metric, ...]],
    take: Take,
    commit: Callable[[Sequence[str]], None],
    timing: Collection | None = None,
    again: int | None = None,
) -> None:
    """Read the periods closed at ``now``, committing piece by piece; brings ``states`` forward.

    ``timing`` gives period, lag and back-fill where they are not the inventory's; ``again`` is how
    many of the periods that were read before are read again, None means all that may be revised.
    A long outage may need more time than one run has: then the rest follows in the next run.

    Raises:
        CollectError: if a request failed; what was read before is committed and stays.
    """
    collection = timing or context.inventory.collection
    end = closed_end(now, collection.lag, int(collection.period))
    oldest = oldest_kept(now, collection)
    while windows := due(states, end, oldest, again):
        before = context.remaining()
        for window, resources in windows.items():
            taken: list[str] = []
            try:
                for portion in _portions(resources, metrics, _most(window)):
                    asked = [metric for _, own in portion for metric in own]
                    answers = fetch(context, asked, window)
                    for name, own in portion:
                        states[name] = take(name, _whole(answers, own), window)
                        taken.append(name)
            finally:
                if taken:
                    commit(taken)
        left = context.remaining()
        if left < 2 * (before - left):
            return


def _whole(answers: Mapping[Metric, Answer], metrics: Sequence[Metric]) -> Answer:
    if len(metrics) == 1:
        return answers[metrics[0]]
    return {key: values for metric in metrics for key, values in answers[metric].items()}


def _most(window: Window) -> int:
    return min(_QUERIES_AT_ONCE, _POINTS_AT_ONCE * window.period // (window.end - window.start))


def _portions(
    resources: Sequence[str], metrics: Callable[[str], tuple[Metric, ...]], most: int
) -> Iterator[list[tuple[str, tuple[Metric, ...]]]]:
    portion: list[tuple[str, tuple[Metric, ...]]] = []
    queries = 0
    for name in resources:
        own = metrics(name)
        count = len(own[0].statistics) if len(own) == 1 else sum(len(m.statistics) for m in own)
        if portion and queries + count > most:
            yield portion
            portion, queries = [], 0
        portion.append((name, own))
        queries += count
    if portion:
        yield portion
