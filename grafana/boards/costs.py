"""Cost by service and month, what changed, and what watching costs."""

from __future__ import annotations

from alerts.panels import Panel
from catalogue.promql import (
    max_by,
    once,
    ratio,
    series,
)
from catalogue.recorded import COST_PER_1000_FILES
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from exporter import telemetry as exporter
from exporter.collectors import (
    cost,
    log_groups,
)
from grafana.asking import gauge
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory


def rows(_inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return (
        (daily(), month(), _change()),
        (_per_file(), _collection(), _retention()),
    )


def daily() -> PanelSpec:
    """Return yesterday's cost."""
    yesterday = once(select(cost.DAILY, {"day": "yesterday"}))
    return PanelSpec(
        Panel.DAILY_COST,
        texts.DAILY_COST,
        "currencyUSD",
        (Ask(yesterday, "{{service}}"),),
        look=Look.BARS,
    )


def month() -> PanelSpec:
    """Return the cost of the month."""
    return PanelSpec(
        Panel.COST_OF_MONTH,
        texts.COST_OF_MONTH,
        "currencyUSD",
        tuple(
            Ask(once(select(spec)), spec.name.removeprefix("dataplatform_cost_"))
            for spec in (cost.MONTH_TO_DATE, cost.FORECAST, cost.BUDGET)
        ),
    )


def _change() -> PanelSpec:
    day = max_by(select(cost.DAILY, {"day": "yesterday"}), "service")
    return PanelSpec(
        Panel.COST_CHANGE,
        areas.COST_CHANGE,
        "none",
        (Ask(ratio(day, once(select(cost.TRAILING_7D))), "{{service}}"),),
        look=Look.BARS,
    )


def _collection() -> PanelSpec:
    return PanelSpec(
        Panel.COLLECTION_COST,
        areas.COLLECTION_COST,
        "currencyUSD",
        tuple(
            gauge(spec, spec.name.removeprefix("vigia_cost_"))
            for spec in (exporter.COST_MONTH, exporter.COST_PROJECTED, exporter.COST_CAP)
        ),
    )


def _retention() -> PanelSpec:
    return PanelSpec(
        Panel.LOG_RETENTION,
        areas.LOG_RETENTION,
        "none",
        (gauge(log_groups.WITHOUT_RETENTION, "{{account}} {{region}}"),),
        look=Look.STAT,
    )


def _per_file() -> PanelSpec:
    return PanelSpec(
        Panel.COST_PER_FILE,
        areas.COST_PER_FILE,
        "currencyUSD",
        (Ask(once(series(COST_PER_1000_FILES)), "1,000", optional=True),),
    )
