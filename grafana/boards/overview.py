"""The overview: is the platform well, what does it cost, what fires, what did the engine do."""

from __future__ import annotations

from alerts import slo, windows
from alerts.panels import Panel
from catalogue.promql import (
    ALERTS,
    Vector,
    above,
    count_by,
    either,
    or_zero,
    plus,
    power,
    ratio,
    times,
)
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from exporter.collectors import (
    maintenance,
)
from grafana.asking import gauge
from grafana.boards import api, costs, engine, functions, influx, pipeline
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory


def rows(inventory: Inventory) -> Rows:
    """Return the panels, row by row; what other dashboards show in full is here at a glance."""
    return (
        (_firing(), _budget_left(inventory), engine.open_runs(), _maintenance()),
        (pipeline.files(), api.latency(), functions.errors(inventory)),
        (influx.writes(), costs.daily(), costs.month()),
        (_alerts_in_time(), engine.runs()),
    )


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
    total = objective.total(select, period)
    # Where nobody counted a bad event there was none.
    bad = either(objective.bad(select, period), times(total, 0))
    spent = times(ratio(bad, total), -1 / objective.budget)
    one = times(power(above(total, 0), -1), 1 / objective.budget)
    return Ask(plus(spent, 1), objective.name), Ask(one, f"{objective.name}: 1")


def _alerts_in_time() -> PanelSpec:
    return PanelSpec(
        Panel.ALERTS_IN_TIME,
        texts.ALERTS_IN_TIME,
        "none",
        (Ask(_alerts("alertname", "severity"), "{{alertname}} {{severity}}"),),
    )


def _alerts(*by: str) -> Vector:
    return or_zero(count_by(select(ALERTS, {"alertstate": "firing"}), *by))


def _maintenance() -> PanelSpec:
    return PanelSpec(
        Panel.MAINTENANCE,
        areas.MAINTENANCE,
        "none",
        (gauge(maintenance.ACTIVE, "window"), gauge(maintenance.SILENCES, "silences")),
        look=Look.STAT,
    )
