"""The cost collector against the embedded AWS."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from exporter.collector import Use
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
    assert found["cost_budget_used_ratio",] == pytest.approx((19 * 12 + 21) / 3000)
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


def ago(days: int) -> date:
    """Return the day so many days before today."""
    return TODAY - timedelta(days=days)


def test_restatement_of_the_trailing_days(bench: Bench, aws: EmbeddedAws) -> None:
    """How many days are estimated, and how much each has changed since it was first seen."""
    aws.costs._estimated_days = 4
    found = bench.collect("cost")
    assert found["cost_unsettled",] == 3.0
    assert [found["cost_restated_usd", str(n)] for n in range(1, 8)] == [0.0] * 7
    aws.costs.set_day(ago(1), "AWS Lambda", 33.0)
    aws.costs.set_day(ago(3), "Amazon S3", 1.5)
    bench.clock.at += 3600
    bench.restart()
    found = bench.collect("cost")
    assert found["cost_restated_usd", "1"] == pytest.approx(2.0)
    assert found["cost_restated_usd", "2"] == 0.0
    assert found["cost_restated_usd", "3"] == pytest.approx(-0.5)
    aws.costs._estimated_days = 1
    bench.clock.at += 3600
    bench.restart()
    found = bench.collect("cost")
    assert found["cost_unsettled",] == 0.0
    assert found["cost_restated_usd", "1"] == pytest.approx(2.0)


def test_restatement_follows_the_day(bench: Bench, aws: EmbeddedAws) -> None:
    """Tomorrow the same day is a day older; one that was never seen whole has no restatement."""
    bench.collect("cost")
    aws.costs.set_day(ago(1), "AWS Lambda", 33.0)
    aws.costs.set_day(ago(0), "AWS Lambda", 17.0)
    bench.clock.at += 86_400
    found = bench.collect("cost")
    assert found["cost_restated_usd", "1"] == 0.0
    assert found["cost_restated_usd", "2"] == pytest.approx(2.0)
    assert len(bench.store.of("cost").load()["first"]) == 7


def test_a_running_day_is_not_restated_by_going_on(bench: Bench, aws: EmbeddedAws) -> None:
    """What a day still gains before midnight is cost, not restatement."""
    aws.costs.set_day(TODAY, "AWS Lambda", 1.0)
    bench.clock.at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC).timestamp()
    bench.collect("cost")
    bench.clock.at += 1800
    assert ("cost_restated_usd", "1") not in bench.collect("cost")
    aws.costs.set_day(TODAY, "AWS Lambda", 9.0)
    bench.clock.at += 1800
    assert bench.collect("cost")["cost_restated_usd", "1"] == 0.0


def test_day_without_a_bill_yet_is_not_first_seen(bench: Bench, aws: EmbeddedAws) -> None:
    """A day of which AWS knows no cost yet was not seen: its first bill restates nothing."""
    aws.costs._days[ago(1)].clear()
    assert ("cost_restated_usd", "1") not in bench.collect("cost")
    aws.costs.set_day(ago(1), "AWS Lambda", 9.0)
    bench.clock.at += 3600
    assert bench.collect("cost")["cost_restated_usd", "1"] == 0.0


def test_trend_of_two_weeks(bench: Bench, aws: EmbeddedAws) -> None:
    """Each service's last seven days over its seven before; a new or ended one is told apart."""
    for day in range(8, 15):
        aws.costs.set_day(ago(day), "Amazon SNS", 3.0)
    aws.costs.set_day(ago(2), "AWS Glue", 5.0)
    found = bench.collect("cost")
    assert found["cost_trend_7d_ratio", "AWS Lambda"] == pytest.approx((6 * 10 + 31) / 70)
    assert found["cost_trend_7d_ratio", "Amazon S3"] == pytest.approx(1.0)
    assert found["cost_trend_7d_ratio", "Amazon SNS"] == 0.0
    assert ("cost_trend_7d_ratio", "AWS Glue") not in found
    assert aws.front.count("ce", "GetCostAndUsage") == 1


def test_no_trend_without_two_whole_weeks(bench: Bench, aws: EmbeddedAws) -> None:
    """A week that Cost Explorer knows only in part is compared with nothing."""
    aws.costs._days[ago(12)].clear()
    found = bench.collect("cost")
    assert not [key for key in found if key[0] == "cost_trend_7d_ratio"]
    assert found["cost_daily_usd", "AWS Lambda", "yesterday"] == 31.0


@pytest.mark.parametrize("day", [1, 14, 15, 30])
def test_one_page_holds_month_and_trend(bench: Bench, aws: EmbeddedAws, day: int) -> None:
    """On any day of the month the two weeks and the month are one paid request."""
    bench.clock.at = datetime(2026, 11, day, 12, tzinfo=UTC).timestamp()
    for age in range(46):
        at = date(2026, 11, day) - timedelta(days=age)
        aws.costs.set_day(at, "AWS Lambda", 10.0)
    found = bench.collect("cost")
    assert aws.front.count("ce", "GetCostAndUsage") == 1
    assert found["cost_trend_7d_ratio", "AWS Lambda"] == pytest.approx(1.0, abs=0.5)
    assert bench.collectors["cost"].uses(bench.inventory) == (
        Use("ce", "GetCostAndUsage", aws.front.count("ce", "GetCostAndUsage"), usd=0.01),
        Use("ce", "GetCostForecast", aws.front.count("ce", "GetCostForecast"), usd=0.01),
    )
