"""Cost: what each service cost yesterday and over the month, from Cost Explorer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import cost_days
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.cost_days import TRAILING_DAYS, Day, between, parse, trailing_days
from exporter.samples import Series
from inventory.model import Inventory

DAILY = MetricSpec(
    "dataplatform_cost_daily_usd",
    Kind.GAUGE,
    ("service", "day"),
    Text("Custo do dia (UTC) por serviço, em dólares", "Cost of the day (UTC) by service, in USD"),
)
TRAILING_7D = MetricSpec(
    "dataplatform_cost_daily_mean_7d_usd",
    Kind.GAUGE,
    ("service",),
    Text(
        "Custo diário médio dos sete dias anteriores a ontem, por serviço",
        "Mean daily cost of the seven days before yesterday, by service",
    ),
)
SETTLED = MetricSpec(
    "dataplatform_cost_settled",
    Kind.GAUGE,
    ("day",),
    Text("1 se o custo do dia já não é provisório", "1 if the day's cost is no longer provisional"),
)
UNSETTLED = MetricSpec(
    "dataplatform_cost_unsettled",
    Kind.GAUGE,
    (),
    Text(
        "Dias, dos sete até ontem, que a AWS ainda pode corrigir",
        "Days, of the seven up to yesterday, that AWS may still restate",
    ),
)
RESTATED = MetricSpec(
    "dataplatform_cost_restated_usd",
    Kind.GAUGE,
    ("days_ago",),
    Text(
        "Quanto o custo do dia mudou desde que foi visto pela primeira vez depois de acabar",
        "How much the day's cost has changed since it was first seen after its end",
    ),
)
TREND = MetricSpec(
    "dataplatform_cost_trend_7d_ratio",
    Kind.GAUGE,
    ("service",),
    Text(
        "Custo dos sete dias até ontem sobre o dos sete anteriores, por serviço",
        "Cost of the seven days up to yesterday over that of the seven before, by service",
    ),
)
MONTH_TO_DATE = MetricSpec(
    "dataplatform_cost_month_to_date_usd",
    Kind.GAUGE,
    (),
    Text("Custo do mês até ontem, em dólares", "Cost of the month up to yesterday, in USD"),
)
FORECAST = MetricSpec(
    "dataplatform_cost_forecast_usd",
    Kind.GAUGE,
    (),
    Text("Custo previsto para o mês inteiro, em dólares", "Forecast cost of the month, in USD"),
)
BUDGET = MetricSpec(
    "dataplatform_cost_budget_usd",
    Kind.GAUGE,
    (),
    Text("Orçamento mensal, em dólares", "Monthly budget, in USD"),
)
BUDGET_USED = MetricSpec(
    "dataplatform_cost_budget_used_ratio",
    Kind.GAUGE,
    (),
    Text("Parte do orçamento mensal já gasta", "Share of the monthly budget that is spent"),
)
SPECS = (
    DAILY,
    TRAILING_7D,
    SETTLED,
    UNSETTLED,
    RESTATED,
    TREND,
    MONTH_TO_DATE,
    FORECAST,
    BUDGET,
    BUDGET_USED,
)

_NAME = "cost"
USD_PER_REQUEST = 0.01
# A run that comes a little early by its jitter must not skip a whole turn.
_TOLERANCE = 0.02
_LONGEST_TURN = 3600.0


def collect(context: Context) -> Reading:
    """Show the kept answers, asking Cost Explorer anew only when they are old enough."""
    today = datetime.fromtimestamp(context.now(), UTC).date()
    documents = context.state.load()
    usage = documents.get("usage")
    if usage is None or _old(context, usage):
        pages = list(_usage_pages(context, today))
        parsed = parse(pages)
        usage = {
            "asked_at": context.now(),
            "days": {
                day.isoformat(): [found.services, found.estimated] for day, found in parsed.items()
            },
        }
        documents["first"] = cost_days.first_seen(documents.get("first", {}), parsed, today)
        # Paid for: kept before anything else can fail.
        context.state.commit({"usage": usage, "first": documents["first"]})
    forecast = documents.get("forecast")
    if forecast is None or _old(context, forecast):
        forecast = {
            "asked_at": context.now(),
            "from": today.isoformat(),
            "rest": _forecast(context, today),
        }
        context.state.commit({"forecast": forecast})
    days = {date.fromisoformat(day): Day(*values) for day, values in usage["days"].items()}
    yesterday = days.get(today - timedelta(days=1))
    budget = context.inventory.budget.monthly_usd
    month = between(days, today.replace(day=1), today)
    return Reading(
        (
            *_series(days, today, forecast),
            *_restated(days, today, documents.get("first", {})),
            *_trend(days, today),
            Series(MONTH_TO_DATE, (), month),
            Series(BUDGET, (), budget),
            Series(BUDGET_USED, (), month / budget),
        ),
        expected=1,
        seen=int(yesterday is not None and bool(yesterday.services)),
        newest={"cost": _newest(days)},
    )


def _series(days: Mapping[date, Day], today: date, forecast: Mapping[str, Any]) -> Iterator[Series]:
    yesterday = today - timedelta(days=1)
    trailing = [days.get(yesterday - timedelta(days=n)) for n in range(1, TRAILING_DAYS + 1)]
    whole = [day for day in trailing if day is not None]
    found = days.get(yesterday)
    if found is not None:
        services = {name for day in (found, *whole) for name in day.services}
        for service in sorted(services):
            yield Series(DAILY, (service, "yesterday"), found.services.get(service, 0.0))
            if whole:
                mean = sum(day.services.get(service, 0.0) for day in whole) / len(whole)
                yield Series(TRAILING_7D, (service,), mean)
        yield Series(SETTLED, ("yesterday",), float(not found.estimated))
    asked = date.fromisoformat(forecast["from"])
    # What was forecast from an earlier day on is completed by what is known before that day.
    if forecast["rest"] is not None and asked.replace(day=1) == today.replace(day=1):
        known = between(days, today.replace(day=1), asked)
        yield Series(FORECAST, (), known + forecast["rest"])


def _restated(
    days: Mapping[date, Day], today: date, first: Mapping[str, float]
) -> Iterator[Series]:
    trailing = {ago: days[day] for ago, day in enumerate(trailing_days(today), 1) if day in days}
    yield Series(UNSETTLED, (), float(sum(day.estimated for day in trailing.values())))
    for ago, day in trailing.items():
        seen = first.get((today - timedelta(days=ago)).isoformat())
        if seen is not None:
            yield Series(RESTATED, (str(ago),), day.total - seen)


def _trend(days: Mapping[date, Day], today: date) -> Iterator[Series]:
    for service, ratio in cost_days.trend(days, today).items():
        yield Series(TREND, (service,), ratio)


def _newest(days: Mapping[date, Day]) -> float | None:
    found = [at for at, day in days.items() if day.services]
    if not found:
        return None
    return datetime.combine(max(found), datetime.min.time(), UTC).timestamp()


def _old(context: Context, document: Mapping[str, Any]) -> bool:
    every = context.inventory.collection.cost_every
    age: float = context.now() - document["asked_at"]
    # An answer from the future comes from a clock that was wrong.
    return age < 0 or age >= every * (1 - _TOLERANCE)


def _usage_pages(context: Context, today: date) -> Iterator[dict[str, Any]]:
    # Two whole weeks for the trend, from the first of the month on for its total: one page.
    start = min(today.replace(day=1), today - timedelta(days=2 * TRAILING_DAYS))
    request: dict[str, Any] = {
        # Today is asked for too: after midnight it is the provisional yesterday.
        "TimePeriod": {
            "Start": start.isoformat(),
            "End": (today + timedelta(days=1)).isoformat(),
        },
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for GetCostAndUsage")
        page = context.client("ce").get_cost_and_usage(**request)
        _bill(context, page)
        yield page
        if not page.get("NextPageToken"):
            return
        request["NextPageToken"] = page["NextPageToken"]


def _forecast(context: Context, today: date) -> float | None:
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    try:
        answer = context.client("ce").get_cost_forecast(
            TimePeriod={"Start": today.isoformat(), "End": following.isoformat()},
            Granularity="MONTHLY",
            Metric="UNBLENDED_COST",
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "DataUnavailableException":
            raise
        return None
    _bill(context, answer)
    return float(answer["Total"]["Amount"])


def _bill(context: Context, answer: Mapping[str, Any]) -> None:
    attempts = 1 + int(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))
    context.billed("ce", attempts, attempts * USD_PER_REQUEST)


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends on average: most runs show kept answers; a month is one page."""
    asked = min(inventory.collection.cost_every, _LONGEST_TURN) / inventory.collection.cost_every
    return tuple(
        Use("ce", operation, asked, usd=asked * USD_PER_REQUEST)
        for operation in ("GetCostAndUsage", "GetCostForecast")
    )


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("ce:GetCostAndUsage", "ce:GetCostForecast"),
    # Answers are kept, so that a turn costs nothing; the day's name changes at midnight UTC.
    every=lambda inventory: min(inventory.collection.cost_every, _LONGEST_TURN),
    offset=lambda _inventory: 0.0,
    deadline=lambda _inventory: 90.0,
    collect=collect,
    uses=uses,
    priority=Priority.DETAIL,
    splits=False,
)
