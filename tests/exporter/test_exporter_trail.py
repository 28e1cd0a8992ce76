"""The CloudTrail collector against the embedded AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from exporter.collector import CollectError, Reason, Use
from exporter.collectors.trail import Cursor, global_region, parse
from exporter.failures import classify
from inventory.resources import Security
from simulator.aws.server import EmbeddedAws
from tests.exporter.scopes import spread
from tests.exporter.support import Bench, Clock, compressed, only, values

HOME = "123456789012"
PUT = "PutUserPolicy"
DAY = 86_400.0


@pytest.fixture(autouse=True)
def two_events(bench: Bench) -> None:
    """Two names are watched, over a fortnight and half an hour's overlap."""
    inventory = only(compressed(backfill=14 * DAY, trail_overlap=1800.0), "lambda_router")
    security = Security(trail_events=(PUT, "CreateUser"))
    bench.inventory = inventory.model_copy(update={"security": security})


def total(found: Mapping[tuple[str, ...], object], event: str = PUT, account: str = HOME) -> object:
    """Return a counter's value."""
    return found["trail_events_total", event, account]


def test_first_start_counts_from_now_on(bench: Bench, aws: EmbeddedAws) -> None:
    """What happened before the first look is not counted; what never happened says so."""
    aws.trail.record(PUT, "ana", bench.clock.at - 60)
    found = bench.collect("trail")
    assert total(found) == 0.0
    assert found["trail_event_never_seen", PUT, HOME] == 1.0
    bench.clock.at += 300
    aws.trail.record(PUT, "ana", bench.clock.at - 10)
    aws.trail.record("DeleteUser", "ana", bench.clock.at - 10)
    found = bench.collect("trail")
    assert (total(found), total(found, "CreateUser")) == (1.0, 0.0)
    assert found["trail_event_never_seen", PUT, HOME] == 0.0
    assert found["trail_event_never_seen", "CreateUser", HOME] == 1.0


def test_newest_event_is_known(bench: Bench, aws: EmbeddedAws) -> None:
    """The age of a name's newest event can be told; there is none before the first."""
    reading = bench.reading("trail")
    assert reading.newest == {f"{PUT}@{HOME}": None, f"CreateUser@{HOME}": None}
    aws.trail.record(PUT, "ana", bench.clock.at + 20)
    bench.clock.at += 300
    assert bench.reading("trail").newest[f"{PUT}@{HOME}"] == bench.clock.at - 280


def test_each_event_once_across_restarts_and_late_arrivals(bench: Bench, aws: EmbeddedAws) -> None:
    """Events that arrive a quarter of an hour late are counted, and none of them twice."""
    bench.collect("trail")
    start = bench.clock.at
    for step in range(12):
        bench.clock.at += 300
        aws.trail.record(PUT, "ana", bench.clock.at - 1)
        aws.trail.record(PUT, "bot", max(start, bench.clock.at - 900))
        bench.restart()
        assert total(bench.collect("trail")) == 2.0 * (step + 1)
    assert total(bench.collect("trail")) == 24.0


def test_every_page_is_read(bench: Bench, aws: EmbeddedAws) -> None:
    """Only the absence of a token ends the reading, however short the pages are."""
    bench.collect("trail")
    bench.clock.at += 300
    for second in range(7):
        aws.trail.record(PUT, "ana", bench.clock.at - second)
    aws.trail.page = 2
    before = aws.front.count("cloudtrail", "LookupEvents")
    assert total(bench.collect("trail")) == 7.0
    assert aws.front.count("cloudtrail", "LookupEvents") - before == 4 + 1


def test_outage_is_read_in_pieces(bench: Bench, aws: EmbeddedAws) -> None:
    """Days without the exporter are read afterwards, none of it twice."""
    bench.collect("trail")
    for _ in range(40):
        bench.clock.at += 3 * 3600
        aws.trail.record(PUT, "ana", bench.clock.at - 60)
    bench.restart()
    assert total(bench.collect("trail")) == 40.0
    assert total(bench.collect("trail")) == 40.0


def test_gap_longer_than_what_is_kept(bench: Bench, aws: EmbeddedAws, clock: Clock) -> None:
    """The gap is read as far back as the inventory says, and at most as AWS keeps events."""
    bench.collect("trail")
    start = clock.at
    clock.at += 120 * DAY
    for age in (10, 20, 100):
        aws.trail.record(PUT, "ana", clock.at - age * DAY)
    assert total(bench.collect("trail")) == 1.0
    asked = bench.inventory.collection.model_copy(update={"backfill": 400 * DAY})
    bench.inventory = bench.inventory.model_copy(update={"collection": asked})
    bench.store.of("trail").commit(dict.fromkeys(bench.store.of("trail").load()))
    clock.at = start
    bench.collect("trail")
    clock.at += 120 * DAY
    assert total(bench.collect("trail")) == 2.0


def test_progress_survives_a_deadline(bench: Bench, aws: EmbeddedAws) -> None:
    """A long gap that does not fit one run goes on where the last one ended."""
    bench.collect("trail")
    for _ in range(10):
        bench.clock.at += DAY
        aws.trail.record(PUT, "ana", bench.clock.at - 60)
    totals = [_hurried(bench) for _ in range(12)]
    assert totals[0] is None
    assert totals[-1] == 10.0


def _hurried(bench: Bench) -> object:
    """Return the counter after a run whose time is up after eight requests; None if it was."""
    left = iter(range(8, -1, -1))
    context = replace(bench.context("trail"), remaining=lambda: float(next(left, 0)))
    try:
        return total(values(bench.collectors["trail"].collect(context)))
    except CollectError as error:
        if error.reason is not Reason.TIMEOUT:
            raise
        return None


def test_iam_events_are_read_where_they_are(bench: Bench, aws: EmbeddedAws) -> None:
    """A platform elsewhere finds IAM's events in the global region, and its own at home."""
    spread(bench, home="sa-east-1")
    bench.collect("trail")
    bench.clock.at += 300
    aws.trail.record(PUT, "ana", bench.clock.at - 10)
    aws.trail.record(PUT, "ana", bench.clock.at - 20, region="sa-east-1")
    aws.trail.record(PUT, "ana", bench.clock.at - 20, region="eu-west-1")
    assert total(bench.collect("trail")) == 2.0


def test_regions_of_an_account_add_up(bench: Bench, aws: EmbeddedAws) -> None:
    """Scopes of the account's other regions count with it, and each region is asked once."""
    spread(bench, ("south", HOME, "sa-east-1"), ("also", HOME, "sa-east-1"))
    bench.collect("trail")
    bench.clock.at += 300
    for region in ("us-east-1", "sa-east-1"):
        aws.trail.record(PUT, "ana", bench.clock.at - 10, region=region)
    before = aws.front.count("cloudtrail", "LookupEvents")
    assert total(bench.collect("trail")) == 2.0
    assert aws.front.count("cloudtrail", "LookupEvents") - before == 4


def test_accounts_are_told_apart(bench: Bench, aws: EmbeddedAws) -> None:
    """Another account's events carry its number."""
    spread(bench, ("data", "210987654321", "sa-east-1"))
    bench.collect("trail")
    bench.clock.at += 300
    aws.trail.record(PUT, "ana", bench.clock.at - 10, region="sa-east-1")
    found = bench.collect("trail")
    assert (total(found), total(found, account="210987654321")) == (0.0, 1.0)


def test_failed_page_commits_nothing(bench: Bench, aws: EmbeddedAws) -> None:
    """A run that fails between pages counts nothing of them, the next one counts all."""
    bench.collect("trail")
    bench.clock.at += 300
    for second in range(6):
        aws.trail.record(PUT, "ana", bench.clock.at - second)
    aws.trail.page = 2
    aws.front.fail("cloudtrail", "LookupEvents", code="AccessDeniedException", status=400)
    with pytest.raises(ClientError):
        bench.collect("trail")
    aws.front.heal()
    bench.restart()
    assert total(bench.collect("trail")) == 6.0


def test_throttling_is_classified(bench: Bench, aws: EmbeddedAws) -> None:
    """Two requests a second are allowed: more are throttled, and said to be."""
    aws.front.fail("cloudtrail", "LookupEvents", code="ThrottlingException", status=400)
    with pytest.raises(ClientError) as failed:
        bench.collect("trail")
    known = classify(failed.value)
    assert known is not None
    assert known[0] is Reason.THROTTLED


def test_clock_that_goes_back(bench: Bench, aws: EmbeddedAws) -> None:
    """After a clock was wrong for a while, events are counted again from the present on."""
    bench.clock.at += 400 * DAY
    bench.collect("trail")
    bench.clock.at -= 400 * DAY
    bench.collect("trail")
    bench.clock.at += 300
    aws.trail.record(PUT, "ana", bench.clock.at - 10)
    assert total(bench.collect("trail")) == 1.0
    bench.clock.at -= 200
    assert total(bench.collect("trail")) == 1.0


def test_uses_are_the_calls_that_go_out(bench: Bench, aws: EmbeddedAws) -> None:
    """What a run says it sends is what AWS sees, the global region included."""
    spread(bench, ("data", "210987654321", "sa-east-1"))
    bench.collect("trail")
    calls = aws.front.count("cloudtrail", "LookupEvents")
    assert calls == 6
    assert bench.collectors["trail"].uses(bench.inventory) == (
        Use("cloudtrail", "LookupEvents", calls),
    )


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("sa-east-1", "us-east-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("cn-northwest-1", "cn-north-1"),
    ],
)
def test_global_region_of_each_partition(region: str, expected: str) -> None:
    """Every partition keeps the events of IAM in a region of its own."""
    assert global_region(region) == expected


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(-3, 30)), max_size=10), max_size=6)
)
def test_overlapping_answers_count_each_id_once(answers: list[list[tuple[int, int]]]) -> None:
    """In whatever answers an id stands, it counts once, unless it lies before the beginning."""
    times = {number: at for answer in answers for number, at in answer}
    cursor = Cursor(0, 0)
    for answer in answers:
        cursor = parse(
            cursor,
            [
                {"EventId": str(number), "EventTime": datetime.fromtimestamp(times[number], UTC)}
                for number, _ in answer
            ],
        )
    counted = [at for at in times.values() if at >= 0]
    assert cursor.total == len(counted)
    assert cursor.newest == max(counted, default=None)
