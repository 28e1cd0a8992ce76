"""Folding, windows and alias logs: pure, hence tried with arbitrary histories."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from exporter import aliases
from exporter.aliases import AliasLog
from exporter.folding import FoldState, begin, closed_end, fold, resume
from exporter.windows import due, oldest_kept
from tests.exporter.support import START, compressed

PERIOD = 5
LOOKBACK = 60
BEGIN = int(START)


def again(state: FoldState) -> FoldState:
    """Return the state as a restarted process would read it."""
    return FoldState.from_json(json.loads(json.dumps(state.to_json())))


@given(st.data())
def test_total_is_the_sum_of_the_largest_values(data: DataObject) -> None:
    """However revisions arrive and whenever it restarts, each period counts its largest value."""
    state = begin(BEGIN, PERIOD, LOOKBACK)
    largest: dict[int, int] = {}
    end, total = BEGIN, 0.0
    for _ in range(data.draw(st.integers(1, 12))):
        end += PERIOD * data.draw(st.integers(0, 30))
        readable = range(max(state.floor // PERIOD * PERIOD, BEGIN - LOOKBACK), end, PERIOD)
        chosen = st.lists(st.sampled_from(readable)) if readable else st.just([])
        points = {at: float(data.draw(st.integers(0, 9))) for at in data.draw(chosen)}
        for at, value in points.items():
            if at >= max(state.floor, BEGIN):
                largest[at] = max(largest.get(at, 0), int(value))
        state = fold(state, {"n": points}, end, LOOKBACK).state
        if data.draw(st.booleans()):
            state = again(state)
        assert state.totals.get("n", 0.0) >= total
        total = state.totals.get("n", 0.0)
        assert total == sum(largest.values())


@given(st.lists(st.dictionaries(st.integers(0, 40), st.integers(0, 9)), max_size=8))
def test_folding_twice_adds_nothing(rounds: list[dict[int, int]]) -> None:
    """Reading the same answer again changes no total, as after a crash before the commit."""
    state = begin(BEGIN, PERIOD, LOOKBACK)
    for number, answer in enumerate(rounds):
        end = BEGIN + PERIOD * 10 * (number + 1)
        points = {"n": {BEGIN + at * PERIOD: float(value) for at, value in answer.items()}}
        state = fold(state, points, end, LOOKBACK).state
        twice = fold(state, points, end, LOOKBACK)
        assert twice.state.totals == state.totals
        assert not twice.added["n"]


def test_what_was_added_is_told_by_period() -> None:
    """The additions of a fold say to which period each belongs."""
    state = fold(begin(BEGIN, 5, 60), {"n": {BEGIN: 3.0}}, BEGIN + 5, 60).state
    folded = fold(state, {"n": {BEGIN: 4.0, BEGIN + 5: 2.0}}, BEGIN + 10, 60)
    assert folded.added == {"n": {BEGIN: 1.0, BEGIN + 5: 2.0}}
    assert folded.state.totals == {"n": 6.0}


def test_a_settled_period_is_ignored() -> None:
    """A period older than what is remembered is never added a second time."""
    state = fold(begin(BEGIN, 5, 60), {"n": {BEGIN: 3.0}}, BEGIN + 5, 60).state
    state = fold(state, {"n": {}}, BEGIN + 500, 60).state
    assert fold(state, {"n": {BEGIN: 3.0}}, BEGIN + 505, 60).state.totals == {"n": 3.0}


def test_longer_lookback_reads_no_settled_period() -> None:
    """A longer look-back after a reload does not reach back before what is remembered."""
    state = fold(begin(BEGIN, 5, 60), {"n": {BEGIN: 3.0}}, BEGIN + 300, 60).state
    (window,) = due({"a": state}, BEGIN + 305, 0)
    assert window.start == BEGIN + 240


def test_longer_period_loses_and_repeats_no_second() -> None:
    """After a change to a longer period the rest of one is read under the old, and then the new."""
    state = fold(begin(BEGIN, 5, 60), {"n": {BEGIN: 3.0}}, BEGIN + 25, 60).state
    assert resume(state, BEGIN + 60, 60, 900) is state
    state = fold(state, {"n": {BEGIN + 55: 4.0}}, BEGIN + 60, 60).state
    state = resume(state, BEGIN + 120, 60, 900)
    assert (state.period, state.floor, state.watermark) == (60, BEGIN + 60, BEGIN + 60)
    points = {"n": {BEGIN: 7.0, BEGIN + 60: 1.0}}
    assert fold(state, points, BEGIN + 120, 900).state.totals == {"n": 8.0}


@given(st.sampled_from([5, 10, 30, 60]), st.sampled_from([5, 10, 30, 60, 90]), st.integers(1, 40))
def test_another_period_never_counts_seconds_twice(old: int, new: int, periods: int) -> None:
    """However a period is changed, no second is counted twice, and none lost where they meet."""
    start = BEGIN // (old * new) * old * new
    state = begin(start, old, 60)
    end = start + old * periods
    state = fold(state, {"n": {at: float(old) for at in range(start, end, old)}}, end, 60).state
    for _ in range(3):
        end += new - end % new
        state = resume(state, end, new, 60)
        unread = range(state.watermark, end, state.period)
        points = {at: float(state.period) for at in unread if at + state.period <= end}
        state = fold(state, {"n": points}, end, 60).state
    counted = state.totals["n"]
    assert counted <= end - start
    if new % old == 0 or old % new == 0:
        assert counted == end - start


def test_clock_that_ran_ahead_does_not_stop_counting() -> None:
    """A watermark far in the future is put back to the present."""
    state = fold(begin(BEGIN, 5, 60), {"n": {}}, BEGIN + 10**7, 60).state
    assert resume(state, BEGIN + 10, 5, 60).watermark == BEGIN + 10


def test_closed_periods_only() -> None:
    """The newest period ends at least the lag ago, at a multiple of the period."""
    assert closed_end(BEGIN + 6.9, 2, 5) == BEGIN
    assert closed_end(BEGIN + 7.0, 2, 5) == BEGIN + 5


def test_long_outage_is_read_in_pieces_within_retention() -> None:
    """Windows are bounded and begin no earlier than CloudWatch remembers."""
    collection = compressed(period=60.0, backfill=30 * 86_400.0).collection
    assert oldest_kept(START, collection) == START - 15 * 86_400
    assert oldest_kept(START, compressed(backfill=86_400.0).collection) == START - 3 * 3600
    old = begin(BEGIN - 86_400 * 10, 60, 900)
    new = begin(BEGIN, 60, 900)
    windows = due({"a": old, "b": old, "c": new}, BEGIN, START - 5 * 86_400)
    assert set(windows.values()) == {("a", "b"), ("c",)}
    first = next(window for window, names in windows.items() if "a" in names)
    assert (first.start, first.end) == (BEGIN - 5 * 86_400, BEGIN - 4 * 86_400)


def test_version_is_known_only_between_polls_that_agree() -> None:
    """A period that no poll follows, or with a change inside, belongs to no version."""
    log = AliasLog()
    for at, version, revision in ((0, "1", "a"), (10, "1", "a"), (20, "2", "b"), (30, "2", "b")):
        log = aliases.observe(log, {version: 1.0}, revision, at, at + 0.5)
    assert log.sole_version(1, 10) == "1"
    assert log.sole_version(0, 5) is None
    assert log.sole_version(5, 15) is None
    assert log.sole_version(21, 30) == "2"
    assert log.sole_version(25, 35) is None
    assert log.changed_at == 20.5


def test_alias_moved_forth_and_back_between_polls_is_not_trusted() -> None:
    """The revision id betrays a change that both polls missed."""
    log = AliasLog()
    for at, revision in ((0, "a"), (10, "b")):
        log = aliases.observe(log, {"1": 1.0}, revision, at, at)
    assert log.sole_version(2, 8) is None
    assert log.changed_at is None


def test_alias_deleted_and_made_again_elsewhere_is_a_change() -> None:
    """A change is judged against the last version seen, and the log forgets none too soon."""
    log = aliases.observe(AliasLog(), {"1": 1.0}, "a", 0, 0)
    log = aliases.observe(log, {}, "", 10, 10)
    log = aliases.forget(log, 1000)
    log = aliases.observe(log, {"2": 1.0}, "c", 2000, 2000)
    assert log.changed_at == 2000
    assert AliasLog.from_json(json.loads(json.dumps(log.to_json()))) == log


def test_served_shares() -> None:
    """Weights take from the main version; a version without traffic is not served."""
    assert aliases.served_by("1", {"2": 0.1}) == {"1": 0.9, "2": 0.1}
    assert aliases.served_by("1", {"2": 0.0}) == {"1": 1.0}
    assert aliases.served_by("1", {"2": 1.0}) == {"2": 1.0}
