"""The overview: five indicators, budget left, what fires, what the engine did, who collects."""

from __future__ import annotations

from alerts import slo, windows
from alerts.panels import Panel
from catalogue.metrics import MetricSpec
from catalogue.promql import (
    ALERTS,
    RATE_INTERVAL,
    Selector,
    Vector,
    above,
    aggregate,
    bucket_quantile,
    count_by,
    increase,
    once,
    or_zero,
    plus,
    power,
    rate,
    ratio,
    since,
    sum_by,
    times,
)
from catalogue.texts import dashboards as texts
from exporter import telemetry as exporter
from exporter.collectors import api_gateway, cost, influxdb, lambda_functions, log_events
from grafana import areas
from grafana.panel import Ask, Look, PanelSpec, select
from inventory.model import Inventory
from remediations import telemetry as remediations

_HOUR = "1h"
_STAGE = ("api", "stage")


def panels(inventory: Inventory) -> tuple[tuple[PanelSpec, ...], ...]:
    """Return the panels, row by row."""
    return (
        (_firing(), _budget_left(inventory), _collectors_up(), _open_runs()),
        (_files(), _api_latency(), _lambda_errors(inventory)),
        (_influx(), _daily_cost(), _month()),
        (_error_ratio(), _version_errors(), _alerts_in_time()),
        (_api_requests(), _api_errors(), _log_events()),
        (_record_age(), _runs(), _engine_age()),
        (_collector_age(), _coverage(), _aws_requests()),
        *areas.panels(inventory),
    )


def marks() -> dict[str, Vector]:
    """Return the annotation queries: when aliases moved (milliseconds), and runs that ended."""
    moved = once(select(lambda_functions.ALIAS_CHANGED))
    return {"deployments": times(moved, 1000), "runs": above(_increase(remediations.RUNS_TOTAL), 0)}


def _rate(spec: MetricSpec, sample: str = "") -> Vector:
    selector = select(spec, sample=sample)
    return once(selector, rate(selector, RATE_INTERVAL))


def _increase(spec: MetricSpec, window: str = RATE_INTERVAL) -> Vector:
    selector = select(spec)
    return once(selector, increase(selector, window))


def _alerts(*by: str) -> Vector:
    return or_zero(count_by(select(ALERTS, {"alertstate": "firing"}), *by))


def _firing() -> PanelSpec:
    return PanelSpec(
        Panel.FIRING, texts.FIRING, "none", (Ask(_alerts(), "alerts"),), look=Look.STAT
    )


def _budget_left(inventory: Inventory) -> PanelSpec:
    period = windows.text(inventory.objectives.period)
    return PanelSpec(
        Panel.BUDGET_LEFT,
        texts.BUDGET_LEFT,
        "percentunit",
        tuple(ask for objective in slo.slos(inventory) for ask in _budget_of(objective, period)),
        look=Look.STAT,
        values={"period": period},
    )


def _budget_of(objective: slo.Slo, period: str) -> tuple[Ask, Ask]:
    def events(spec: MetricSpec) -> Vector:
        return aggregate("sum", _increase(spec, period))

    total = events(objective.total)
    spent = times(ratio(events(objective.bad), total), -1 / objective.budget)
    one = times(power(above(total, 0), -1), 1 / objective.budget)
    return Ask(plus(spent, 1), objective.name), Ask(one, f"{objective.name}: 1")


def _collectors_up() -> PanelSpec:
    return PanelSpec(
        Panel.COLLECTORS_UP,
        texts.COLLECTORS_UP,
        "none",
        (Ask(once(select(exporter.COLLECTOR_UP)), "{{collector}}"),),
        look=Look.STAT,
        worse_below=True,
    )


def _open_runs() -> PanelSpec:
    return PanelSpec(
        Panel.OPEN_RUNS,
        texts.OPEN_RUNS,
        "none",
        (Ask(or_zero(once(select(remediations.RUNS))), "{{state}}"),),
        look=Look.STAT,
    )


def _files() -> PanelSpec:
    return PanelSpec(
        Panel.FILES_PROCESSED,
        texts.FILES_PROCESSED,
        "short",
        tuple(
            Ask(sum_by(once(events, increase(events, _HOUR)), "event"), "{{event}}")
            for events in (
                select(log_events.EVENTS, {"event": event}) for event in ("processed", "failed")
            )
        ),
    )


def _api_latency() -> PanelSpec:
    mean = ratio(_rate(api_gateway.LATENCY, "sum"), _rate(api_gateway.LATENCY, "count"))
    slowest: Selector = select(api_gateway.LATENCY, {"quantile": "0.99"})
    return PanelSpec(
        Panel.API_LATENCY,
        texts.API_LATENCY,
        "s",
        (
            Ask(mean, "{{api}} {{stage}}"),
            Ask(once(slowest), "{{api}} {{stage}} p99"),
        ),
    )


def _lambda_errors(inventory: Inventory) -> PanelSpec:
    window = windows.spanning(inventory, inventory.thresholds.lambda_errors.window)
    errors = _increase(lambda_functions.ERRORS, windows.text(window))
    return PanelSpec(
        Panel.LAMBDA_ERRORS, texts.LAMBDA_ERRORS, "short", (Ask(errors, "{{function}}"),)
    )


def _influx() -> PanelSpec:
    spec = influxdb.WRITE_LATENCY
    return PanelSpec(
        Panel.INFLUX_LATENCY,
        texts.INFLUX_LATENCY,
        "s",
        (
            Ask(ratio(_rate(spec, "sum"), _rate(spec, "count")), "{{bucket}}"),
            Ask(bucket_quantile(0.9, _rate(spec, "bucket")), "{{bucket}} p90"),
        ),
    )


def _daily_cost() -> PanelSpec:
    yesterday = once(select(cost.DAILY, {"day": "yesterday"}))
    return PanelSpec(
        Panel.DAILY_COST,
        texts.DAILY_COST,
        "currencyUSD",
        (Ask(yesterday, "{{service}}"),),
        look=Look.BARS,
    )


def _month() -> PanelSpec:
    return PanelSpec(
        Panel.COST_OF_MONTH,
        texts.COST_OF_MONTH,
        "currencyUSD",
        tuple(
            Ask(once(select(spec)), spec.name.removeprefix("dataplatform_cost_"))
            for spec in (cost.MONTH_TO_DATE, cost.FORECAST, cost.BUDGET)
        ),
    )


def _error_ratio() -> PanelSpec:
    share = ratio(_rate(lambda_functions.ERRORS), _rate(lambda_functions.INVOCATIONS))
    return PanelSpec(
        Panel.ERROR_RATIO, texts.ERROR_RATIO, "percentunit", (Ask(share, "{{function}}"),)
    )


def _version_errors() -> PanelSpec:
    return PanelSpec(
        Panel.VERSION_ERRORS,
        texts.VERSION_ERRORS,
        "ops",
        (Ask(_rate(lambda_functions.VERSION_ERRORS), "{{function}} {{alias}} {{version}}"),),
    )


def _alerts_in_time() -> PanelSpec:
    return PanelSpec(
        Panel.ALERTS_IN_TIME,
        texts.ALERTS_IN_TIME,
        "none",
        (Ask(_alerts("alertname", "severity"), "{{alertname}} {{severity}}"),),
    )


def _api_requests() -> PanelSpec:
    return PanelSpec(
        Panel.API_REQUESTS,
        texts.API_REQUESTS,
        "reqps",
        (
            Ask(_rate(api_gateway.REQUESTS), "{{api}} {{stage}}"),
            Ask(_rate(api_gateway.SLOW_REQUESTS), "{{api}} {{stage}} slow"),
        ),
    )


def _api_errors() -> PanelSpec:
    return PanelSpec(
        Panel.API_ERRORS,
        texts.API_ERRORS,
        "reqps",
        (Ask(sum_by(_rate(api_gateway.ERRORS), *_STAGE, "class"), "{{api}} {{stage}} {{class}}"),),
    )


def _log_events() -> PanelSpec:
    return PanelSpec(
        Panel.LOG_EVENTS,
        texts.LOG_EVENTS,
        "ops",
        (Ask(sum_by(_rate(log_events.EVENTS), "event"), "{{event}}"),),
    )


def _record_age() -> PanelSpec:
    return PanelSpec(
        Panel.RECORD_AGE,
        texts.RECORD_AGE,
        "s",
        (Ask(once(select(influxdb.RECORD_AGE)), "{{bucket}} {{measurement}}"),),
    )


def _runs() -> PanelSpec:
    return PanelSpec(
        Panel.RUNS,
        texts.RUNS,
        "none",
        (Ask(or_zero(_increase(remediations.RUNS_TOTAL, _HOUR)), "{{action}} {{outcome}}"),),
    )


def _engine_age() -> PanelSpec:
    return PanelSpec(
        Panel.ENGINE_AGE,
        texts.ENGINE_AGE,
        "s",
        (Ask(since(once(select(remediations.ENGINE_CYCLE))), "age"),),
    )


def _collector_age() -> PanelSpec:
    return PanelSpec(
        Panel.COLLECTOR_AGE,
        texts.COLLECTOR_AGE,
        "s",
        (Ask(since(once(select(exporter.LAST_SUCCESS))), "{{collector}}"),),
    )


def _coverage() -> PanelSpec:
    return PanelSpec(
        Panel.COVERAGE,
        texts.COVERAGE,
        "percentunit",
        (Ask(once(select(exporter.COVERAGE)), "{{collector}}"),),
        worse_below=True,
    )


def _aws_requests() -> PanelSpec:
    calls = sum_by(_rate(exporter.AWS_REQUESTS), "service", "code")
    return PanelSpec(
        Panel.AWS_REQUESTS, texts.AWS_REQUESTS, "reqps", (Ask(calls, "{{service}} {{code}}"),)
    )
