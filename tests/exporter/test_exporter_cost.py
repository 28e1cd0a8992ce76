"""The cost collector against the embedded AWS."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from simulator.aws.server import EmbeddedAws
from tests.exporter.support import Bench

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def ledger(aws: EmbeddedAws) -> None:
    """Forty days of two services."""
    for age in range(-2, 40):
        aws.costs.set_day(TODAY - timedelta(days=age), "AWS Lambda", 10.0)
        aws.costs.set_day(TODAY - timedelta(days=age), "Amazon S3", 2.0)
    aws.costs.set_day(TODAY - timedelta(days=1), "AWS Lambda", 31.0)


def asked(aws: EmbeddedAws) -> int:
    """Return how many paid requests there were."""
    return aws.front.count("ce", "GetCostAndUsage") + aws.front.count("ce", "GetCostForecast")


def test_cost_by_service_month_forecast_and_budget(bench: Bench) -> None:
    """Yesterday, the week before, the month and its forecast agree with the ledger."""
    found = bench.collect("cost")
    assert found["cost_daily_usd", "AWS Lambda", "yesterday"] == 31.0
    assert found["cost_daily_mean_7d_usd", "AWS Lambda"] == pytest.approx(10.0)
    assert found["cost_daily_mean_7d_usd", "Amazon S3"] == pytest.approx(2.0)
    assert found["cost_settled", "yesterday"] == 0.0
    assert found["cost_month_to_date_usd",] == pytest.approx(19 * 12 + 21)
    rest = found["cost_forecast_usd",]
    assert isinstance(rest, float)
    assert rest == pytest.approx(19 * 12 + 21 + 11 * (12 + 21 / 39), rel=0.01)
    assert found["cost_budget_usd",] == bench.inventory.budget.monthly_usd
    assert bench.tally.bill().usd_by_service["ce"] == pytest.approx(0.02)


def test_crash_loop_costs_nothing(bench: Bench, aws: EmbeddedAws) -> None:
    """Kept answers serve until they are old enough, however often the exporter starts."""
    first = bench.collect("cost")
    before = asked(aws)
    for _ in range(5):
        bench.restart()
        bench.clock.at += 600
        assert bench.collect("cost") == first
    assert asked(aws) == before
    bench.clock.at += 600
    bench.collect("cost")
    assert asked(aws) == before + 2


def test_day_is_read_again_until_settled(bench: Bench, aws: EmbeddedAws) -> None:
    """A provisional day is shown as such, restated when AWS restates it, and then settled."""
    bench.collect("cost")
    aws.costs._estimated_days = 1
    aws.costs.set_day(TODAY - timedelta(days=1), "AWS Lambda", 33.0)
    bench.clock.at += 3600
    found = bench.collect("cost")
    assert found["cost_settled", "yesterday"] == 1.0
    assert found["cost_daily_usd", "AWS Lambda", "yesterday"] == 33.0


def test_midnight_changes_the_day_without_a_request(bench: Bench, aws: EmbeddedAws) -> None:
    """After midnight UTC the kept answer's last day is yesterday, and provisional."""
    bench.inventory = bench.inventory.model_copy(
        update={
            "collection": bench.inventory.collection.model_copy(update={"cost_every": 28_800.0})
        }
    )
    bench.clock.at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC).timestamp()
    bench.collect("cost")
    before = asked(aws)
    bench.clock.at += 3600
    found = bench.collect("cost")
    assert asked(aws) == before
    assert found["cost_daily_usd", "AWS Lambda", "yesterday"] == 10.0
    assert found["cost_settled", "yesterday"] == 0.0


def test_first_of_the_month(bench: Bench) -> None:
    """On the first, the month has cost nothing yet and yesterday is in the month before."""
    bench.clock.at = datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()
    found = bench.collect("cost")
    assert found["cost_month_to_date_usd",] == 0.0
    assert found["cost_daily_usd", "AWS Lambda", "yesterday"] == 10.0


def test_no_forecast_is_omitted(bench: Bench, aws: EmbeddedAws) -> None:
    """Without enough history AWS forecasts nothing: the series is absent, the rest is there."""
    aws.front.fail("ce", "GetCostForecast", code="DataUnavailableException", status=400)
    found = bench.collect("cost")
    assert ("cost_forecast_usd",) not in found
    assert found["cost_month_to_date_usd",] == pytest.approx(249)


def test_paid_answer_survives_a_failed_forecast(bench: Bench, aws: EmbeddedAws) -> None:
    """What was paid for is kept though the next request fails."""
    aws.front.fail("ce", "GetCostForecast", code="AccessDeniedException", status=400)
    with pytest.raises(Exception, match="AccessDenied"):
        bench.collect("cost")
    aws.front.heal()
    bench.restart()
    bench.collect("cost")
    assert aws.front.count("ce", "GetCostAndUsage") == 1
