"""The Lambda collector against the embedded AWS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from exporter.samples import SummaryValue
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import Bench, create_function, deploy, paced, values

FN = "lambda_router"
INVOCATIONS = ("lambda_invocations_total", FN)
ERRORS = ("lambda_errors_total", FN)


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A bench that reads durations and throttles in every period."""
    bench.inventory = paced(bench.inventory, slow_every=5.0)
    return bench


def put(aws: EmbeddedAws, at: float, invocations: int, errors: int = 0) -> None:
    """Let a function run at ``at``."""
    where = {"FunctionName": FN}
    aws.metrics.put("AWS/Lambda", "Invocations", where, at, [1.0] * invocations)
    if errors:
        aws.metrics.put("AWS/Lambda", "Errors", where, at, [1.0] * errors)


def put_durations(aws: EmbeddedAws, at: float, milliseconds: Sequence[float]) -> None:
    """Let invocations last so long."""
    aws.metrics.put("AWS/Lambda", "Duration", {"FunctionName": FN}, at, milliseconds)


def test_first_start_begins_at_zero(bench: Bench, aws: EmbeddedAws) -> None:
    """A fresh series starts at zero, whatever CloudWatch remembers, and shows the quantiles."""
    create_function(aws, FN)
    put(aws, bench.clock.at - 8, 7)
    put_durations(aws, bench.clock.at - 8, [1000.0, 3000.0])
    found = bench.collect("lambda")
    assert found[INVOCATIONS] == 0.0
    assert found[ERRORS] == 0.0
    duration = found["lambda_duration_seconds", FN]
    assert isinstance(duration, SummaryValue)
    assert (duration.sum, duration.count) == (0.0, 0.0)
    assert duration.quantiles[0.5] == pytest.approx(2.0)


def test_periods_fold_once_and_summaries_are_seconds(bench: Bench, aws: EmbeddedAws) -> None:
    """Every closed period is added once however often it is read."""
    create_function(aws, FN)
    bench.collect("lambda")
    for step in range(6):
        put(aws, bench.clock.at, 10, 2)
        put_durations(aws, bench.clock.at, [500.0, 1500.0])
        bench.clock.at += 5
        found = bench.collect("lambda")
        assert found[INVOCATIONS] == 10.0 * step
    bench.clock.at += 5
    found = bench.collect("lambda")
    assert (found[INVOCATIONS], found[ERRORS]) == (60.0, 12.0)
    duration = found["lambda_duration_seconds", FN]
    assert isinstance(duration, SummaryValue)
    assert (duration.sum, duration.count) == (12.0, 12.0)


def test_late_revision_adds_the_difference_and_down_is_counted(
    bench: Bench, aws: EmbeddedAws
) -> None:
    """An upward revision adds what grew; a downward one is counted and never subtracted."""
    create_function(aws, FN)
    bench.collect("lambda")
    at = bench.clock.at
    put(aws, at, 4)
    bench.clock.at += 10
    assert bench.collect("lambda")[INVOCATIONS] == 4.0
    put(aws, at, 3)
    bench.clock.at += 5
    assert bench.collect("lambda")[INVOCATIONS] == 7.0
    timelines = aws.metrics._timelines
    timeline = next(t for i, t in timelines.items() if i.name == "Invocations")
    timeline.values[int(at)] = timeline.values[int(at)][:2]
    bench.clock.at += 5
    found = bench.collect("lambda")
    assert found[INVOCATIONS] == 7.0
    assert found["vigia_periods_revised_down_total", "lambda"] == 1.0


def test_outage_is_caught_up_after_a_restart(bench: Bench, aws: EmbeddedAws) -> None:
    """Periods missed while the exporter was away are fetched and folded."""
    create_function(aws, FN)
    bench.collect("lambda")
    for _ in range(400):
        put(aws, bench.clock.at, 1)
        bench.clock.at += 5
    bench.clock.at += 5
    bench.restart()
    assert bench.collect("lambda")[INVOCATIONS] == 400.0
    bench.restart()
    assert bench.collect("lambda")[INVOCATIONS] == 400.0


def test_restart_within_a_period_asks_for_nothing(bench: Bench, aws: EmbeddedAws) -> None:
    """A crash loop pays for no metric twice in a period, and still shows the quantiles."""
    create_function(aws, FN)
    put_durations(aws, bench.clock.at - 8, [1000.0])
    first = bench.collect("lambda")
    asked = aws.front.count("cloudwatch", "GetMetricData")
    bench.restart()
    assert bench.collect("lambda") == first
    assert aws.front.count("cloudwatch", "GetMetricData") == asked


def test_idle_newest_period_has_no_quantile(bench: Bench, aws: EmbeddedAws) -> None:
    """A quantile is NaN, never zero, when the newest closed period saw nothing."""
    create_function(aws, FN)
    put_durations(aws, bench.clock.at - 8, [1000.0])
    bench.collect("lambda")
    bench.clock.at += 5
    duration = bench.collect("lambda")["lambda_duration_seconds", FN]
    assert isinstance(duration, SummaryValue)
    assert math.isnan(duration.quantiles[0.99])


def test_new_version_starts_at_zero_and_gets_its_errors(bench: Bench, aws: EmbeddedAws) -> None:
    """A version's counters exist with 0 before its first error, and straddling counts for none."""
    create_function(aws, FN)
    bench.collect("lambda")
    for _ in range(4):
        put(aws, bench.clock.at + 1, 10)
        bench.clock.at += 5
        bench.collect("lambda")
    # Moved in the middle of a period: that period is nobody's.
    put(aws, bench.clock.at + 1, 10)
    bench.clock.at += 3
    version = deploy(aws, FN)
    bench.clock.at += 2
    found = bench.collect("lambda")
    assert found["lambda_version_errors_total", FN, "LIVE", version] == 0.0
    assert found["lambda_alias_changed_timestamp_seconds", FN, "LIVE"] == bench.clock.at
    for _ in range(4):
        put(aws, bench.clock.at + 1, 10, 5)
        bench.clock.at += 5
        found = bench.collect("lambda")
    bench.clock.at += 5
    found = bench.collect("lambda")
    assert found["lambda_version_invocations_total", FN, "LIVE", "1"] == 40.0
    assert found["lambda_version_invocations_total", FN, "LIVE", version] == 40.0
    assert found["lambda_version_errors_total", FN, "LIVE", version] == 20.0
    assert found[INVOCATIONS] == 90.0
    assert found["lambda_alias_info", FN, "LIVE", version] == 1.0
    assert ("lambda_alias_info", FN, "LIVE", "1") not in found


def test_late_error_goes_to_the_version_of_its_period(bench: Bench, aws: EmbeddedAws) -> None:
    """A revision of an old period counts against the version that served then."""
    create_function(aws, FN)
    bench.collect("lambda")
    bench.clock.at += 5
    bench.collect("lambda")
    old = bench.clock.at + 1
    put(aws, old, 2)
    for _ in range(2):
        bench.clock.at += 5
        bench.collect("lambda")
    version = deploy(aws, FN)
    bench.clock.at += 5
    bench.collect("lambda")
    put(aws, old, 0, 2)
    bench.clock.at += 5
    bench.restart()
    found = bench.collect("lambda")
    assert found["lambda_version_errors_total", FN, "LIVE", "1"] == 2.0
    assert found["lambda_version_errors_total", FN, "LIVE", version] == 0.0


def test_weighted_alias_shows_both_versions_and_blames_none(bench: Bench, aws: EmbeddedAws) -> None:
    """While two versions share the traffic, both are shown and neither is charged."""
    create_function(aws, FN)
    deploy(aws, FN)
    aws.client("lambda").update_alias(
        FunctionName=FN,
        Name="LIVE",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}},
    )
    bench.collect("lambda")
    for _ in range(4):
        put(aws, bench.clock.at + 1, 10, 10)
        bench.clock.at += 5
        found = bench.collect("lambda")
    assert found["lambda_alias_info", FN, "LIVE", "1"] == 1.0
    assert found["lambda_alias_info", FN, "LIVE", "2"] == 1.0
    assert found["lambda_version_errors_total", FN, "LIVE", "2"] == 0.0
    assert ("lambda_alias_changed_timestamp_seconds", FN, "LIVE") not in found


def test_deleted_alias_lowers_coverage_only(bench: Bench, aws: EmbeddedAws) -> None:
    """A function that is not there costs coverage; the others are collected all the same."""
    create_function(aws, FN)
    both = bench.inventory.functions[0].model_copy(update={"name": "gone"})
    bench.inventory = bench.inventory.model_copy(
        update={"functions": (*bench.inventory.functions, both)}
    )
    bench.collect("lambda")
    put(aws, bench.clock.at, 3)
    bench.clock.at += 10
    reading = bench.reading("lambda")
    assert (reading.seen, reading.expected) == (1, 2)
    assert values(reading)[INVOCATIONS] == 3.0
    assert reading.newest["gone"] is None


def test_throttled_poll_is_an_error_and_loses_nothing(bench: Bench, aws: EmbeddedAws) -> None:
    """A failed run leaves the totals to the next one."""
    create_function(aws, FN)
    bench.collect("lambda")
    put(aws, bench.clock.at, 3)
    bench.clock.at += 10
    aws.front.fail("cloudwatch", "GetMetricData", code="ThrottlingException", status=400)
    with pytest.raises(ClientError):
        bench.collect("lambda")
    aws.front.heal()
    assert bench.collect("lambda")[INVOCATIONS] == 3.0


def test_bill_counts_metrics_as_aws_does(bench: Bench, aws: EmbeddedAws) -> None:
    """Five statistics of one metric are billed as one: four metrics a function."""
    create_function(aws, FN)
    bench.collect("lambda")
    bill = bench.tally.bill()
    assert bill.billed_metrics == 4
    assert bill.usd_by_service["cloudwatch"] == pytest.approx(4 * 0.01 / 1000)
    assert bill.requests["cloudwatch", "GetMetricData", "200"] == 4
    polls = [n for (_, operation, _), n in bill.requests.items() if operation == "GetAlias"]
    assert polls == [1]


def test_period_that_closes_during_the_polls_waits_for_the_next_run(
    bench: Bench, aws: EmbeddedAws
) -> None:
    """Slow polls leave no period without the poll after it that its attribution needs."""
    create_function(aws, FN)
    bench.collect("lambda")
    real = bench.aws.client

    def slow(service: str, scope: str | None = None) -> object:
        if service == "lambda":
            # The clock is read before and after the call, never between.
            bench.clock.at += 2
        return real(service, scope)

    for _ in range(5):
        put(aws, bench.clock.at, 1)
        bench.clock.at += 4
        context = replace(bench.context("lambda"), client=slow)
        bench.collectors["lambda"].collect(context)
    for _ in range(3):
        bench.clock.at += 5
        found = bench.collect("lambda")
    assert found[INVOCATIONS] == 5.0
    assert found["lambda_version_invocations_total", FN, "LIVE", "1"] == 5.0


def test_weights_are_the_shares_of_the_traffic(bench: Bench, aws: EmbeddedAws) -> None:
    """An alias gives one version all of its traffic, or two versions a share each."""
    create_function(aws, FN)
    assert bench.collect("lambda")["lambda_alias_weight", FN, "LIVE", "1"] == 1.0
    version = deploy(aws, FN)
    aws.client("lambda").update_alias(
        FunctionName=FN,
        Name="LIVE",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {version: 0.1}},
    )
    found = bench.collect("lambda")
    assert found["lambda_alias_weight", FN, "LIVE", "1"] == 0.9
    assert found["lambda_alias_weight", FN, "LIVE", version] == 0.1
