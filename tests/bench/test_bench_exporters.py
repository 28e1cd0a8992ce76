"""The benchmark's own judgement: counters against what was served, latencies, goals."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.exporters import goals, ours, totals
from bench.exporters.scrape import Latency
from bench.exporters.usage import EndedError, cpu_seconds, memory
from bench.fake.world import World
from inventory.model import Inventory
from tests.conftest import wait_for

PERIOD = 60
FIRST, LAST = 60_000, 60_600
SLOW_EVERY = 3 * PERIOD
NAMES = ("Invocations", "Errors", "Throttles", "Duration")


def exposition(world: World, periods: Iterable[int]) -> str:
    """Return what an exporter shows that counted these periods."""
    spans = list(periods)
    lines = ["# HELP x y"]
    for counter, (metric, statistic, scale) in totals.COUNTERS.items():
        for number, name in enumerate(world.names):
            total = sum(scale * world.value(number, metric, statistic, at) for at in spans)
            lines.append(f'{counter}{{function="{name}"}} {total}')
    return "\n".join(lines) + "\n"


def answered(world: World, **changed: dict[str, int]) -> dict[str, Any]:
    """Return what a fake says that answered everything from FIRST to LAST, with changes.

    ``changed`` are functions' other ends by metric, and with ``_since`` behind it other beginnings.
    """
    ends, starts = (dict.fromkeys((*world.names, ""), at) for at in (LAST, FIRST))
    return {
        "since": {name: starts | changed.get(f"{name}_since", {}) for name in NAMES},
        "until": {name: ends | changed.get(name, {}) for name in NAMES},
    }


def problems(world: World, text: str, **changed: dict[str, int]) -> dict[str, str | None]:
    """Return what the check says of each counter."""
    found = totals.check(world, text, answered(world, **changed), SLOW_EVERY)
    return {checked.counter: checked.problem for checked in found}


def test_exact_counters_are_exact() -> None:
    """Counters that hold each served period once have no problem."""
    world = World(120, seed=2)
    found = problems(world, exposition(world, range(FIRST, LAST, PERIOD)))
    assert found == dict.fromkeys(totals.COUNTERS)


@pytest.mark.parametrize(
    ("periods", "said"),
    [
        ([*range(FIRST, LAST - PERIOD, PERIOD)], "begins +0 and ends -1"),
        ([*range(FIRST - PERIOD, LAST, PERIOD)], "begins -1 and ends +0"),
        ([*range(FIRST, LAST, PERIOD), FIRST + PERIOD], "no span"),
    ],
    ids=["one short", "one too many", "one double"],
)
def test_a_period_short_or_double_is_found(periods: list[int], said: str) -> None:
    """One period too few, too many or counted twice is told, with how it lies."""
    world = World(3, seed=2)
    found = problems(world, exposition(world, periods))["dataplatform_lambda_invocations_total"]
    assert found is not None
    assert found.startswith("3 are off")
    assert said in found


def test_a_function_that_was_not_asked_must_have_had_nothing() -> None:
    """Function 0 fails in every period: read to the first end only, it is short of errors."""
    world = World(3)
    text = exposition(world, range(FIRST, LAST, PERIOD))
    healthy = problems(world, text, Errors={"function-00001": FIRST})
    assert healthy["dataplatform_lambda_errors_total"] is None
    shown = re.sub(r'(errors_total\{function="function-00000"\}) \S+', r"\1 0.0", text)
    failing = problems(world, shown, Errors={"function-00000": FIRST})
    said = failing["dataplatform_lambda_errors_total"]
    assert said == "1 had more than was read, as function-00000"


def counted(
    world: World, spans: Mapping[str, tuple[int, int]], name: str = "function-00000"
) -> str:
    """Return an exposition in which counters of one function hold other spans, by metric."""
    text = exposition(world, range(FIRST, LAST, PERIOD))
    for counter, (metric, statistic, scale) in totals.COUNTERS.items():
        if metric in spans:
            periods = range(*spans[metric], PERIOD)
            total = sum(
                scale * world.value(world.names.index(name), metric, statistic, at)
                for at in periods
            )
            text = re.sub(rf'({counter}\{{function="{name}"\}}) \S+', rf"\1 {total}", text)
    return text


def test_durations_begin_and_end_where_their_longer_periods_do() -> None:
    """A function whose durations begin before its counts, and end before them, is exact."""
    world = World(3)
    span = (FIRST - 2 * PERIOD, LAST - 3 * PERIOD)
    text = counted(world, {"Duration": span})
    ends = {"Duration_since": {world.names[0]: span[0]}, "Duration": {world.names[0]: span[1]}}
    assert problems(world, text, **ends) == dict.fromkeys(totals.COUNTERS)
    assert problems(world, text)["dataplatform_lambda_duration_seconds_sum"] is not None


def test_who_was_first_asked_later_owes_the_periods_before() -> None:
    """Errors count from where invocations do: that the first request came later excuses nothing."""
    world, late = World(3), FIRST + 2 * PERIOD
    asked = {"Errors_since": {world.names[0]: late}}
    whole = exposition(world, range(FIRST, LAST, PERIOD))
    assert problems(world, whole, **asked)["dataplatform_lambda_errors_total"] is None
    short = counted(world, {"Errors": (late, LAST)})
    said = problems(world, short, **asked)["dataplatform_lambda_errors_total"]
    assert said is not None
    assert said.startswith("1 are off, function-00000 first")


def test_whoever_begins_later_than_the_others_is_found() -> None:
    """Durations, or a function's counts, that begin after everything else began, lost a period."""
    world, late = World(3), FIRST + PERIOD
    text = counted(world, {"Duration": (late, LAST)})
    said = problems(world, text, Duration_since={world.names[0]: late})
    assert said["dataplatform_lambda_duration_seconds_count"] == (
        "1 were not read from the start, as function-00000"
    )


@pytest.mark.parametrize(
    ("metric", "turns", "allowed"),
    [
        ("Invocations", 1, False),
        ("Throttles", 1, True),
        ("Throttles", 2, False),
        ("Duration", 2, True),
        ("Duration", 3, False),
    ],
)
def test_what_waits_for_its_turn_waits_no_longer(metric: str, turns: int, *, allowed: bool) -> None:
    """Who is left unread longer than its turns take is told, though it counts all it got."""
    world = World(101, seed=3)
    end = LAST - turns * SLOW_EVERY
    text = counted(world, {metric: (FIRST, end)}, "function-00100")
    found = problems(world, text, **{metric: {"function-00100": end}})
    told = {counter: said for counter, said in found.items() if said}
    assert all(said == "1 had more than was read, as function-00100" for said in told.values())
    assert {totals.COUNTERS[counter][0] for counter in told} == (set() if allowed else {metric})


def test_a_missing_function_is_found() -> None:
    """A function that is not shown is a problem of every counter."""
    world = World(4)
    text = exposition(world, range(FIRST, LAST, PERIOD))
    kept = "\n".join(line for line in text.splitlines() if "function-00002" not in line)
    assert problems(world, kept) == dict.fromkeys(totals.COUNTERS, "1 functions are missing")


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=300))
def test_quantiles_are_of_what_was_measured(taken: list[float]) -> None:
    """Median and p99 are measured values, in order, and at most 1 % lie above the p99."""
    found = Latency.of(1, taken)
    assert found.median in taken
    assert found.median <= found.p99 <= max(taken)
    assert sum(one > found.p99 for one in taken) <= len(taken) / 100


@pytest.mark.parametrize("goal", goals.GOALS, ids=lambda goal: str(goal.key))
def test_goals_are_met_or_missed_by_their_factor(goal: goals.Goal) -> None:
    """A goal is met at exactly its share of the peer's number, and missed above it."""
    peer = {goal.key: 100.0}
    assert goals.judged(goal, {goal.key: 100.0 * goal.most}, peer).startswith("met ")
    assert goals.judged(goal, {goal.key: 101.0 * goal.most}, peer).startswith("MISSED ")


def test_the_inventory_of_the_benchmark_is_valid_and_compressed() -> None:
    """It names the functions alone, does not follow aliases, and every duration is divided."""
    names = World(3).names
    plain = Inventory.model_validate(ours.inventory(names, 1.0))
    found = Inventory.model_validate(ours.inventory(names, 6.0))
    assert found.function_names == names
    assert not any(function.follow_alias for function in found.functions)
    assert found.collection.period == plain.collection.period / 6 == 10.0
    assert found.collection.lookback == plain.collection.lookback / 6
    assert found.alerting.scrape_interval == plain.alerting.scrape_interval / 6
    assert not any([found.metrics, found.apis, found.log_events])


def test_usage_is_of_the_process() -> None:
    """CPU time grows with work, and resident memory is at most its peak."""
    begun = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) < begun + 0.05:
        sum(range(10_000))
    found = memory(os.getpid())
    assert 1_000_000 < found.resident <= found.peak


def test_a_process_that_ended_is_told() -> None:
    """An exporter that died is a reason, not a number."""
    process = subprocess.Popen(["true"])
    try:
        wait_for(lambda: _state(process.pid) == "Z")
        with pytest.raises(EndedError):
            memory(process.pid)
    finally:
        process.wait()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
