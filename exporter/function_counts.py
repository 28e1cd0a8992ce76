"""Lambda functions' counts and durations: read as seldom as may be, folded, made durable.

Invocations are read every period, and once in ``slow_every`` with all that may still be revised.
Errors and throttles are read of those functions that had some lately, and of the others when the
account's own sum shows that there are more; of throttles, these only once in ``slow_every``.
Durations are read by longer periods, once in ``slow_every``. Each has its own state, so that every
counter stays exact at its own pace.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any

from exporter import account_look, function_records, periods
from exporter.account_look import Track
from exporter.aliases import AliasLog
from exporter.collector import Context
from exporter.folding import Folded, FoldState, Points, Span, closed_end, fold
from exporter.function_pace import QUANTILES, metric, turn_has_come
from exporter.function_records import Timing, Traffic, attribute
from exporter.packing import Pack
from exporter.sources.cloudwatch import Answer, Metric
from exporter.views import slow
from exporter.windows import Window, oldest_kept
from inventory.resources import Function

_AGAIN = 3
_MEMORY = "counts"
_EARLIER = "totals/"


def parse_durations(answer: Answer, window: Window) -> tuple[dict[str, Points], tuple[float, ...]]:
    """Return the sums of durations and the newest period's quantiles, both in seconds."""
    last = window.end - window.period
    sums = {at: milliseconds / 1000 for at, milliseconds in answer["Duration", "Sum"].items()}
    quantiles = (answer["Duration", s].get(last, math.nan) for s in QUANTILES.values())
    return (
        {"duration_sum": sums, "duration_count": answer["Duration", "SampleCount"]},
        tuple(milliseconds / 1000 for milliseconds in quantiles),
    )


@dataclass
class _Kept:
    """What was committed last; ``earlier`` are functions that an earlier program's form is of."""

    traffic: Pack[Traffic]
    timing: Pack[Timing]
    earlier: tuple[str, ...]


class FunctionCounts:
    """One run over ``functions`` (by key), for the periods that are closed at ``now``.

    ``late`` says by how many seconds their slow turns are put off.
    """

    def __init__(
        self,
        context: Context,
        functions: Mapping[str, Function],
        late: Mapping[str, int],
        now: float,
    ) -> None:
        memory = context.state.memory()
        if _MEMORY not in memory:
            memory[_MEMORY] = _opened(context.state.load())
        self._kept: _Kept = memory[_MEMORY]
        self._context = context
        self._functions = functions
        self._late = late
        self._now = now
        self._collection = context.inventory.collection
        self._end = closed_end(now, self._collection.lag, int(self._collection.period))
        self._logs: Mapping[str, AliasLog] = {}
        self._keep_since = 0.0
        self._idle: dict[Span, FoldState] = {}
        traffic = {key: r for key in functions if (r := self._kept.traffic.records.get(key))}
        timing = {key: r for key in functions if (r := self._kept.timing.records.get(key))}
        self._newest = {key: r.newest for key, r in traffic.items()}
        self._behind = periods.clock_is_behind(self._collection, now, self._newest.values())
        self._invocations = self._opened({key: r.invocations for key, r in traffic.items()})
        self._errors = self._opened({key: r.errors for key, r in traffic.items()})
        self._throttles = self._opened({key: r.throttles for key, r in traffic.items()})
        self._slow = slow(self._collection)
        self._durations = {
            late_by: periods.open_states(
                self._slow,
                now - late_by,
                {key: timing[key].duration for key in keys if key in timing},
                keys,
                behind=self._behind,
            )
            for late_by, keys in _by_phase(functions, late).items()
        }
        self._versions = {key: r.versions for key, r in traffic.items()}
        self._quantiles = {key: r.quantiles for key, r in timing.items()}

    def _opened(self, known: Mapping[str, FoldState]) -> dict[str, FoldState]:
        return periods.open_states(
            self._collection, self._now, known, self._functions, behind=self._behind
        )

    @property
    def traffic(self) -> Mapping[str, Traffic]:
        """Every function's counts, as committed."""
        return self._kept.traffic.records

    @property
    def timing(self) -> Mapping[str, Timing]:
        """Every function's durations, as committed."""
        return self._kept.timing.records

    @property
    def revised_down(self) -> int:
        """How many periods AWS has revised downwards, of all functions ever seen."""
        traffic, timing = self.traffic.values(), self.timing.values()
        return sum(state.revised_down for record in traffic for state in record[:3]) + sum(
            record.duration.revised_down for record in timing
        )

    def attributable_since(self, name: str) -> int:
        """Return the first period that a function's versions may still have to answer for."""
        return min(self._invocations[name].floor, self._errors[name].floor)

    def forget_versions(self, name: str) -> None:
        """Let a function's versions begin anew: they are another alias's."""
        self._versions[name] = None

    def read(self, logs: Mapping[str, AliasLog], keep_since: float) -> None:
        """Read what is due and commit it; ``logs`` are of the aliases that are followed.

        Versions that were last seen serving before ``keep_since`` (unix seconds) are forgotten.

        Raises:
            CollectError: if a request failed; what was read before is committed.
        """
        self._logs, self._keep_since = logs, keep_since
        try:
            self._read_invocations()
            self._settle_quiet()
            self._catch_up("Errors", self._errors, self._take_errors)
            # Throttles of all at once: only then can the account's sum be compared again.
            throttles = self._of_this_turn(self._throttles, {})
            self._catch_up("Throttles", throttles, self._take_throttles)
            self._read_durations()
        finally:
            self._commit()

    def _read_invocations(self) -> None:
        whole = self._of_this_turn(self._invocations, self._late)
        self._catch_up("Invocations", whole, self._take_invocations)
        # Who could not be caught up in its turn goes on with it in the next run.
        others = {
            name: state
            for name, state in self._invocations.items()
            if state.watermark < self._end and name not in whole
        }
        self._catch_up("Invocations", others, self._take_invocations, _AGAIN)

    def _read_durations(self) -> None:
        for late_by, states in self._durations.items():
            periods.catch_up(
                self._context,
                self._now - late_by,
                states,
                lambda name: (metric(self._functions[name], "Duration"),),
                self._take_durations,
                self._unless_last(states, self._slow_end(late_by)),
                self._slow,
            )

    def _slow_end(self, late_by: int) -> int:
        return closed_end(self._now - late_by, self._slow.lag, int(self._slow.period))

    def _settle_quiet(self) -> None:
        account_look.settle_quiet(
            self._context,
            (
                self._track("errors", "Errors", self._errors, self._take_errors),
                self._track("throttles", "Throttles", self._throttles, self._take_throttles),
            ),
            self._ran,
            lambda name: self._functions[name].scope,
            self._end,
            oldest_kept(self._now, self._collection),
        )

    def _track(
        self, name: str, asked: str, states: dict[str, FoldState], take: periods.Take
    ) -> Track:
        return Track(name, asked, states, lambda key: metric(self._functions[key], asked), take)

    def _ran(self, name: str) -> account_look.Ran:
        after, before = self._invocations[name], self.traffic.get(name)
        return (before.invocations if before else after), after

    def _of_this_turn(
        self, states: Mapping[str, FoldState], late: Mapping[str, int]
    ) -> dict[str, FoldState]:
        end, every = self._end, self._collection.slow_every
        return {
            name: state
            for name, state in states.items()
            if state.watermark < end and turn_has_come(state, end, every, late.get(name, 0))
        }

    def _catch_up(
        self,
        name: str,
        states: dict[str, FoldState],
        take: periods.Take,
        again: int | None = None,
    ) -> None:
        def asked(function: str) -> tuple[Metric, ...]:
            return (metric(self._functions[function], name),)

        commit = self._unless_last(states, self._end)
        periods.catch_up(self._context, self._now, states, asked, take, commit, again=again)

    def _unless_last(
        self, states: Mapping[str, FoldState], end: int
    ) -> Callable[[Sequence[str]], None]:
        """Return what commits a piece, but for the last of every kind: these go together."""

        def commit(read: Sequence[str]) -> None:
            if states[read[0]].watermark < end:
                self._commit()

        return commit

    def _take_invocations(self, name: str, answer: Answer, window: Window) -> FoldState:
        values = answer["Invocations", "Sum"]
        if values:
            self._newest[name] = max(*values, self._newest.get(name) or 0)
        # Every period is read once more in the turn after the look-back has passed.
        lookback = self._collection.lookback + self._collection.slow_every
        points = {"invocations": values}
        folded = fold(self._invocations[name], points, window.end, lookback)
        self._attribute(name, folded)
        self._invocations[name] = folded.state
        return folded.state

    def _take_errors(self, name: str, answer: Answer, window: Window) -> FoldState:
        folded = self._fold(self._errors[name], {"errors": answer["Errors", "Sum"]}, window)
        self._attribute(name, folded)
        self._errors[name] = self._shared(folded.state)
        return self._errors[name]

    def _take_throttles(self, name: str, answer: Answer, window: Window) -> FoldState:
        points = {"throttles": answer["Throttles", "Sum"]}
        self._throttles[name] = self._shared(
            self._fold(self._throttles[name], points, window).state
        )
        return self._throttles[name]

    def _take_durations(self, name: str, answer: Answer, window: Window) -> FoldState:
        states = self._durations[self._late[name]]
        points, self._quantiles[name] = parse_durations(answer, window)
        states[name] = fold(states[name], points, window.end, self._slow.lookback).state
        return states[name]

    def _fold(self, state: FoldState, points: Mapping[str, Points], window: Window) -> Folded:
        return fold(state, points, window.end, self._collection.lookback)

    def _shared(self, state: FoldState) -> FoldState:
        """Return the one state of all that were read alike and hold nothing."""
        if state.sums or state.revised_down:
            return state
        return self._idle.setdefault(state.span, state)

    def _attribute(self, name: str, folded: Folded) -> None:
        log, versions = self._logs.get(name), self._versions.get(name)
        if log is not None or versions:
            self._versions[name] = (
                attribute(versions or {}, folded, log or AliasLog(), self._keep_since) or None
            )

    def _commit(self) -> None:
        kept = self._kept
        traffic = {name: kept.traffic.records[name] for name in kept.earlier}
        timing = {name: kept.timing.records[name] for name in kept.earlier}
        counts, times = kept.traffic.records, kept.timing.records
        for name in self._functions:
            counted = Traffic(
                self._invocations[name],
                self._errors[name],
                self._throttles[name],
                self._newest.get(name),
                self._versions.get(name),
            )
            # Parts are replaced when they change: looking into them costs more than writing them.
            before = counts.get(name)
            if before is None or not all(map(is_, before, counted)):
                traffic[name] = counted
            timed = times.get(name)
            duration = self._durations[self._late[name]][name]
            if timed is None or timed.duration is not duration:
                timing[name] = Timing(duration, self._quantiles.get(name, ()))
        gone = dict.fromkeys(f"{_EARLIER}{name}" for name in kept.earlier)
        documents = kept.traffic.documents(traffic) | kept.timing.documents(timing) | gone
        if documents:
            self._context.state.commit(documents)
        kept.traffic.keep(traffic)
        kept.timing.keep(timing)
        kept.earlier = ()


def _by_phase(functions: Iterable[str], late: Mapping[str, int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for name in functions:
        found[late[name]].append(name)
    return dict(found)


def _opened(documents: Mapping[str, Any]) -> _Kept:
    traffic = Pack("traffic/", function_records.read_traffic, function_records.write_traffic)
    timing = Pack("timing/", function_records.read_timing, function_records.write_timing)
    traffic.open(documents)
    timing.open(documents)
    earlier = {
        key.removeprefix(_EARLIER): document
        for key, document in documents.items()
        if key.startswith(_EARLIER)
    }
    for name, document in earlier.items():
        if name not in traffic.records:
            counted, timed = function_records.from_earlier(document, tuple(QUANTILES))
            traffic.keep({name: counted})
            timing.keep({name: timed})
    return _Kept(traffic, timing, tuple(earlier))
