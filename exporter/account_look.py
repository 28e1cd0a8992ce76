"""The account's own sums, looked at first: who has nothing new is not asked.

CloudWatch keeps the errors and throttles of all functions of an account and region as metrics
without dimensions. Where their trailing window holds exactly what was folded for our functions, no
function of ours can have more: two metrics then stand for thousands. Where it holds more, those
that failed lately are asked first, for they mostly explain it. Functions that are not ours and fail
keep the look open, and a sum that is missing while functions run is unknown, not zero: then
everyone is asked. The one thing that a sum hides is a period revised down for one function and up
by as much for another between two looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from exporter.collector import Context
from exporter.folding import FoldState, Points, fold
from exporter.periods import Take
from exporter.sources.cloudwatch import Metric, fetch
from exporter.windows import Window, due

Ran = tuple[FoldState, FoldState]
"""A function's invocations before and after they were read."""
_TOO_FEW = 10
_MOST_SUSPECTS = 2000


@dataclass(frozen=True)
class Track:
    """A statistic that the account has too, its metric, and the functions' states of it.

    ``asked`` is a function's own metric, and ``take`` folds the answer.
    """

    name: str
    metric: str
    states: dict[str, FoldState]
    asked: Callable[[str], Metric]
    take: Take


@dataclass(frozen=True)
class _Group:
    """Functions of one scope with the same window before them."""

    track: Track
    metric: Metric
    functions: tuple[str, ...]
    counted: range


def account_metric(name: str, scope: str | None) -> Metric:
    """Return the sum over all functions of a scope's account and region."""
    return Metric("AWS/Lambda", name, (), ("Sum",), scope)


def worth_it(functions: int) -> bool:
    """Return whether so many functions cost more to ask than their account."""
    return functions > _TOO_FEW


def settle_quiet(
    context: Context,
    tracks: Sequence[Track],
    invocations: Callable[[str], Ran],
    scope_of: Callable[[str], str | None],
    end: int,
    oldest: float,
) -> None:
    """Bring forward the states of functions that cannot have anything new before ``end``.

    ``invocations`` were read before. The states of the others stay as they are.

    Raises:
        CollectError: if a request failed.
    """
    found: dict[Window, list[_Group]] = defaultdict(list)
    for track in tracks:
        for window, functions in due(track.states, end, oldest).items():
            found[window] += _groups(track, functions, scope_of, window)
    lookback = context.inventory.collection.lookback
    for window, groups in found.items():
        # Where no period counts yet there is nothing to ask.
        asked = [group.metric for group in groups if group.counted]
        answers = fetch(context, asked, window) if asked else {}
        for group in groups:
            sums = answers[group.metric][group.metric.name, "Sum"] if group.counted else {}
            folded = _folded(group.track, group.functions)
            quiet = group.functions
            if not is_quiet(sums, folded, group.counted, map(invocations, quiet)):
                quiet, sums = _without_suspects(context, group, window, folded)
                if not is_quiet(sums, folded, group.counted, map(invocations, quiet)):
                    continue
            _settle(group.track, quiet, window.end, lookback)


def _folded(track: Track, functions: Iterable[str]) -> dict[int, float]:
    folded: dict[int, float] = defaultdict(float)
    for name in functions:
        state = track.states[name]
        if state.sums:
            for at, value in state.latest(track.name).items():
                folded[at] += value
    return folded


def _without_suspects(
    context: Context, group: _Group, window: Window, folded: dict[int, float]
) -> tuple[tuple[str, ...], Points]:
    """Read those that failed lately, correct ``folded`` by it; return the others and the sums.

    The account's sums are read again with them: what one of these failed more since the first look
    must not hide what another did. Nobody is returned where too many failed to spare anything.
    """
    track = group.track
    failed = (name for name in group.functions if track.states[name].sums)
    before = {name: track.states[name].latest(track.name) for name in failed}
    suspects = {name: known for name, known in before.items() if known}
    if not 0 < len(suspects) <= min(len(group.functions) // 2, _MOST_SUSPECTS):
        return (), {}
    answers = fetch(context, [group.metric, *map(track.asked, suspects)], window)
    for name, known in suspects.items():
        answer = answers[track.asked(name)]
        for at, value in answer[track.metric, "Sum"].items():
            folded[at] += value - known.get(at, 0.0)
        track.take(name, answer, window)
    others = tuple(name for name in group.functions if name not in suspects)
    return others, answers[group.metric][group.metric.name, "Sum"]


def is_quiet(account: Points, folded: Points, counted: Sequence[int], ran: Iterable[Ran]) -> bool:
    """Return whether the account's sums leave nothing that was not folded in ``counted`` periods.

    ``folded`` are the sums of what was last read of our functions; ``ran`` are their invocations,
    needed only where the account has no sum.
    """
    unknown = [at for at in counted if at not in account]
    if unknown and any(_may_have_run(states, unknown) for states in ran):
        return False
    return all(account.get(at, 0.0) == folded.get(at, 0.0) for at in counted)


def _may_have_run(states: Ran, periods: Sequence[int]) -> bool:
    before, after = states
    if periods[0] < before.first or periods[-1] >= after.watermark:
        return True
    return any(
        state.value("invocations", at) > 0 for state in states if state.sums for at in periods
    )


def _groups(
    track: Track, functions: Sequence[str], scope_of: Callable[[str], str | None], window: Window
) -> Iterator[_Group]:
    by_scope: dict[str | None, list[str]] = defaultdict(list)
    for name in functions:
        by_scope[scope_of(name)].append(name)
    for scope, names in by_scope.items():
        if worth_it(len(names)):
            distinct = {id(state): state for state in map(track.states.__getitem__, names)}
            first = max(window.start, min(state.first for state in distinct.values()))
            counted = range(first, window.end, window.period)
            yield _Group(track, account_metric(track.metric, scope), tuple(names), counted)


def _settle(track: Track, functions: Sequence[str], end: int, lookback: float) -> None:
    # Most functions share one state without an error, and go on sharing it.
    moved: dict[int, FoldState] = {}
    before = [track.states[name] for name in functions]
    for name, state in zip(functions, before, strict=True):
        if id(state) not in moved:
            moved[id(state)] = fold(state, {}, end, lookback).state
        track.states[name] = moved[id(state)]
