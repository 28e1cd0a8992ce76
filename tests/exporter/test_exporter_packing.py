"""Records in packs: what is written is what is read, and only what changed is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from exporter.folding import FoldState, begin, fold
from exporter.function_records import (
    Timing,
    Traffic,
    Version,
    read_timing,
    read_traffic,
    write_timing,
    write_traffic,
)
from exporter.packing import BUCKETS, Pack, bucket

BEGIN = 1_800_000_000
numbers = st.floats(0, 1e12)


@st.composite
def states(draw: st.DrawFn, *statistics: str) -> FoldState:
    """Draw a state with a history of revisions up and down."""
    state = begin(BEGIN, 60, 600)
    end = BEGIN
    for _ in range(draw(st.integers(0, 3))):
        end += 60 * draw(st.integers(1, 4))
        seen = st.dictionaries(st.sampled_from(range(BEGIN, end, 60)), numbers, max_size=4)
        points = {name: draw(seen) for name in statistics}
        state = fold(state, points, end, 600).state
    return state


versions = st.none() | st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.builds(Version, numbers, numbers, numbers),
    min_size=1,
    max_size=2,
)
traffics = st.builds(
    Traffic,
    states("invocations"),
    states("errors"),
    states("throttles"),
    st.none() | st.integers(BEGIN, BEGIN + 600),
    versions,
)
timings = st.builds(
    Timing,
    states("duration_sum", "duration_count"),
    st.just(()) | st.tuples(numbers, numbers, numbers),
)


def through_json(document: Any) -> Any:
    """Return what a restarted process would find."""
    return orjson.loads(orjson.dumps(document))


@given(st.dictionaries(st.text(), traffics, max_size=4))
def test_counts_are_read_as_they_were_written(records: Mapping[str, Traffic]) -> None:
    """Totals, open periods, peaks, times and versions survive."""
    assert read_traffic(through_json(write_traffic(records))) == records


@given(st.dictionaries(st.text(), timings, max_size=4))
def test_durations_are_read_as_they_were_written(records: Mapping[str, Timing]) -> None:
    """Sums and quantiles survive."""
    assert read_timing(through_json(write_timing(records))) == records


def test_a_quantile_of_nothing_is_still_of_nothing() -> None:
    """JSON knows no NaN: it is written as null and read as NaN again."""
    record = Timing(begin(BEGIN, 60, 600), (0.5, math.nan, 0.7))
    document = through_json(write_timing({"a": record}))
    (read,) = read_timing(document).values()
    assert read.quantiles[::2] == (0.5, 0.7)
    assert math.isnan(read.quantiles[1])


def test_states_that_hold_nothing_are_one_object() -> None:
    """A thousand functions without an error are one state in memory, and a number on disk."""
    idle = begin(BEGIN, 60, 600)
    records = {str(number): Traffic(idle, idle, idle) for number in range(1000)}
    document = through_json(write_traffic(records))
    assert len(document["spans"]) == 1
    found = read_traffic(document).values()
    assert len({id(state) for record in found for state in record[:3]}) == 1


def test_only_the_documents_of_what_changed_are_written() -> None:
    """A change rewrites its own bucket, with its neighbours as they were."""
    pack: Pack[int] = Pack("p/", dict, dict)
    names = [f"function-{number}" for number in range(500)]
    whole = pack.documents(dict.fromkeys(names, 1))
    assert len(whole) <= BUCKETS
    assert sum(map(len, whole.values())) == 500
    pack.keep(dict.fromkeys(names, 1))
    (key,) = changed = pack.documents({names[7]: 2})
    neighbours = {name for name in names if bucket(name) == bucket(names[7])}
    assert changed[key] == {**dict.fromkeys(neighbours, 1), names[7]: 2}
    again: Pack[int] = Pack("p/", dict, dict)
    again.open({**whole, **changed, "q/000": {"other": 3}})
    assert again.records == {**dict.fromkeys(names, 1), names[7]: 2}
