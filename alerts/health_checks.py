"""Which checks make up the daily round, the weekly review and the first look in an emergency."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alerts.health import Check, Unit
from alerts.health_state import found, nothing, resources, security, underway, upkeep
from catalogue.metrics import MetricSpec
from catalogue.promql import (
    ALERTS,
    Selector,
    Vector,
    count_by,
    increase,
    like,
    max_by,
    once,
    or_zero,
    over,
    ratio,
    rounded,
    series,
    sum_by,
)
from catalogue.recorded import FILES_PROCESSED_RATE1H
from catalogue.text import Text
from catalogue.texts import health as texts
from exporter import telemetry
from exporter.app import find_collectors
from exporter.collectors import api_gateway, cost, influxdb, lambda_functions, log_events
from inventory.model import Inventory

_HOUR, _DAY, _WEEK = "1h", "1d", "7d"


def _grown(spec: MetricSpec, window: str, *by: str, sample: str = "", **where: str) -> Vector:
    selector = series(spec, where, sample=sample)
    return sum_by(once(selector, increase(selector, window)), *by)


def _events(event: str, window: str, title: Text, inventory: Inventory, **options: bool) -> Check:
    functions = [one for log in inventory.log_events if log.event == event for one in log.functions]
    return Check(
        f"{event}_events",
        title,
        rounded(_grown(log_events.EVENTS, window, "function", event=event)),
        ("function",),
        tuple((name,) for name in functions),
        bad=found if event == "security" else None,
        trend=options.get("trend", False),
    )


def _platform(inventory: Inventory) -> list[Check]:
    """Return what both the daily round and the emergency look at."""
    functions = tuple((name,) for name in inventory.function_names)
    apis = tuple((api.key, api.stage) for api in inventory.apis)
    latency: list[Selector] = [
        series(api_gateway.LATENCY, sample=sample) for sample in ("sum", "count")
    ]
    mean = ratio(*(once(one, increase(one, _HOUR)) for one in latency))
    slow = inventory.thresholds.api_latency_seconds.above
    failed = ratio(
        _grown(lambda_functions.ERRORS, _HOUR, "function"),
        _grown(lambda_functions.INVOCATIONS, _HOUR, "function"),
    )
    budget = 1 - inventory.objectives.lambda_success.target
    measured = tuple((inventory.influxdb.bucket, one) for one in inventory.influxdb.measurements)
    oldest = inventory.thresholds.influxdb_record_age
    up = max_by(series(influxdb.UP), "bucket")
    return [
        # A function that was not invoked has no ratio: that is told by its invocations.
        Check(
            "lambda_error_ratio",
            texts.LAMBDA_ERRORS,
            failed,
            ("function",),
            bad=lambda value: value > budget,
            unit=Unit.RATIO,
        ),
        Check(
            "lambda_throttles",
            texts.LAMBDA_THROTTLES,
            rounded(_grown(lambda_functions.THROTTLES, _HOUR, "function")),
            ("function",),
            functions,
            bad=found,
        ),
        Check(
            "api_server_errors",
            texts.API_SERVER_ERRORS,
            rounded(
                sum_by(
                    once(
                        series(api_gateway.ERRORS, {"class": "5xx"}),
                        increase(series(api_gateway.ERRORS, {"class": "5xx"}), _HOUR),
                    ),
                    "api",
                    "stage",
                )
            ),
            ("api", "stage"),
            apis,
            bad=found,
        ),
        Check(
            "api_latency",
            texts.API_LATENCY,
            mean,
            ("api", "stage"),
            bad=lambda value: value > slow,
            unit=Unit.SECONDS,
        ),
        Check(
            "influxdb_up",
            texts.INFLUX_UP,
            up,
            ("bucket",),
            ((inventory.influxdb.bucket,),),
            bad=nothing,
            unit=Unit.YES,
        ),
        Check(
            "record_age",
            texts.RECORD_AGE,
            once(series(influxdb.RECORD_AGE)),
            ("bucket", "measurement"),
            measured,
            bad=lambda value: value > oldest,
            unit=Unit.SECONDS,
        ),
        Check("files_per_hour", texts.FILES, series(FILES_PROCESSED_RATE1H), bad=nothing),
    ]


def now(inventory: Inventory) -> list[Check]:
    """Return the first look in an emergency: what fires, what is sick, what we cannot see."""
    firing = series(ALERTS, {"alertstate": "firing", "severity": like("page", "ticket")})
    return [
        # No alert at all is an answer of Prometheus too, not a silence.
        Check("alerts_firing", texts.FIRING, or_zero(count_by(firing)), bad=found),
        Check("firing", texts.FIRING, count_by(firing, "alertname"), ("alertname",)),
        Check(
            "collector_up",
            texts.COLLECTORS,
            max_by(series(telemetry.COLLECTOR_UP), "collector"),
            ("collector",),
            tuple((name,) for name in find_collectors()),
            bad=nothing,
            unit=Unit.YES,
        ),
        *resources(inventory),
        *_platform(inventory),
        *underway(inventory),
    ]


def daily(inventory: Inventory) -> list[Check]:
    """Return the morning round."""
    return [
        *resources(inventory),
        *_platform(inventory),
        Check(
            "success_events",
            texts.SUCCESSES,
            rounded(_grown(log_events.EVENTS, _HOUR, event="success")),
            bad=nothing,
        ),
        Check("records_24h", texts.RECORDS, once(series(influxdb.RECORDS_24H)), ("bucket",)),
        _events("security", _DAY, texts.SECURITY_DAY, inventory),
        *security(inventory),
        Check(
            "cost_yesterday",
            texts.COST_DAY,
            sum_by(max_by(series(cost.DAILY), "service"), "service"),
            ("service",),
            unit=Unit.USD,
        ),
    ]


def weekly(inventory: Inventory) -> list[Check]:
    """Return the weekly review, each figure beside that of the week before."""
    functions = tuple((name,) for name in inventory.function_names)
    daily_cost = series(cost.DAILY)
    mean = over("avg_over_time", daily_cost, _WEEK)
    forecast = max_by(series(cost.FORECAST))
    return [
        Check(
            "invocations",
            texts.INVOCATIONS_WEEK,
            rounded(_grown(lambda_functions.INVOCATIONS, _WEEK, "function")),
            ("function",),
            functions,
            trend=True,
        ),
        Check(
            "errors",
            texts.ERRORS_WEEK,
            rounded(_grown(lambda_functions.ERRORS, _WEEK, "function")),
            ("function",),
            functions,
            trend=True,
        ),
        _events("error", _WEEK, texts.ERROR_EVENTS_WEEK, inventory, trend=True),
        _events("security", _WEEK, texts.SECURITY_WEEK, inventory, trend=True),
        *upkeep(inventory),
        Check(
            "cost_by_service",
            texts.COST_WEEK,
            max_by(once(daily_cost, mean), "service"),
            ("service",),
            unit=Unit.USD,
            trend=True,
        ),
        Check(
            "cost_forecast",
            texts.COST_FORECAST,
            forecast,
            bad=lambda value: value > inventory.budget.monthly_usd,
            unit=Unit.USD,
        ),
    ]


CHECKS: Mapping[str, Callable[[Inventory], list[Check]]] = {
    "now": now,
    "daily": daily,
    "weekly": weekly,
}
