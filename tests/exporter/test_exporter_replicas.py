"""Two exporters on one database: one pays, both show the same, and nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from exporter.collector import CollectError, Reason
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import Bench, Clock, compressed, create_function, only, paced
from tests.exporter.test_exporter_crash import numbers

FN = "lambda_router"
GROUP = f"/aws/lambda/{FN}"
STAGE = {"ApiName": "ons-data-platform-api", "Stage": "prod"}
COUNTERS = {
    "lambda": ("lambda_invocations_total", FN),
    "api": ("api_requests_total", *STAGE.values()),
    "logs": ("log_events_total", "processed", FN),
}
ASKED = {
    "lambda": ("cloudwatch", "GetMetricData"),
    "api": ("cloudwatch", "GetMetricData"),
    "logs": ("logs", "FilterLogEvents"),
}


@pytest.fixture
def pair(database: str, clock: Clock, aws: EmbeddedAws) -> Iterator[tuple[Bench, Bench]]:
    """Two exporters over one function, on one database of either kind."""
    create_function(aws, FN)
    aws.client("logs").create_log_group(logGroupName=GROUP)
    inventory = paced(only(compressed(), FN), slow_every=5.0)
    made = [Bench(database, clock, inventory, aws.url) for _ in range(2)]
    yield made[0], made[1]
    for bench in made:
        bench.store.close()


def happen(aws: EmbeddedAws, at: float, number: int = 3) -> None:
    """Let the platform do something that every collector counts."""
    aws.metrics.put("AWS/Lambda", "Invocations", {"FunctionName": FN}, at, [1.0] * number)
    aws.metrics.put("AWS/Lambda", "Duration", {"FunctionName": FN}, at, [500.0] * number)
    aws.metrics.put("AWS/ApiGateway", "Latency", STAGE, at, [9.0] * number)
    for _ in range(number):
        aws.logs.put(GROUP, "stream", at, "PROCESSED")


@pytest.mark.parametrize("name", ["lambda", "api"])
def test_what_one_fetched_serves_the_other(
    pair: tuple[Bench, Bench], aws: EmbeddedAws, name: str
) -> None:
    """Whoever comes second in a period finds the watermark at its end, and asks nothing."""
    first, second = pair
    first.collect(name)
    for turn in range(6):
        happen(aws, first.clock.at)
        first.clock.at += 5
        found = first.collect(name)
        asked = aws.front.count(*ASKED[name])
        assert numbers(second.collect(name)) == numbers(found)
        assert aws.front.count(*ASKED[name]) == asked
        assert numbers(found)[COUNTERS[name]] >= 3.0 * turn
        first, second = second, first


@pytest.mark.parametrize("name", COUNTERS)
def test_a_run_overtaken_by_the_other_fails_and_goes_on_from_it(
    pair: tuple[Bench, Bench], aws: EmbeddedAws, name: str
) -> None:
    """What the loser read is thrown away; its next run counts on from the other's."""
    first, second = pair
    first.collect(name)
    second.collect(name)
    happen(aws, first.clock.at)
    first.clock.at += 10
    service = ASKED[name][0]
    overtaken: list[float] = []

    def late(wanted: str, scope: str | None = None) -> Any:
        if wanted == service and not overtaken:
            overtaken.append(numbers(first.collect(name))[COUNTERS[name]])
        return second.aws.client(wanted, scope)

    with pytest.raises(CollectError) as raised:
        second.collectors[name].collect(replace(second.context(name), client=late))
    assert raised.value.reason is Reason.STATE
    assert overtaken == [3.0]
    assert numbers(second.collect(name))[COUNTERS[name]] == 3.0
    happen(aws, first.clock.at)
    first.clock.at += 10
    assert numbers(second.collect(name))[COUNTERS[name]] == 6.0
    assert numbers(first.collect(name))[COUNTERS[name]] == 6.0


@pytest.mark.parametrize("name", COUNTERS)
def test_both_at_once_count_everything_once(
    pair: tuple[Bench, Bench], aws: EmbeddedAws, name: str
) -> None:
    """Run against each other in threads, no counter of either goes back or counts twice."""
    seen: dict[int, float] = {0: 0.0, 1: 0.0}
    pair[0].collect(name)

    def run(which: int) -> None:
        try:
            total = numbers(pair[which].collect(name))[COUNTERS[name]]
        except CollectError as error:
            assert error.reason is Reason.STATE  # noqa: PT017 anything else is a failure
        else:
            assert total >= seen[which]
            seen[which] = total

    with ThreadPoolExecutor(2) as pool:
        for _ in range(8):
            happen(aws, pair[0].clock.at)
            pair[0].clock.at += 5
            list(pool.map(run, (0, 1)))
    pair[0].clock.at += 10
    for bench in pair:
        assert numbers(bench.collect(name))[COUNTERS[name]] == 24.0
