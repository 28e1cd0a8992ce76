"""Vigia itself: who collects, how fresh and how complete, what AWS was asked."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from catalogue.promql import (
    max_by,
    once,
    or_zero,
    since,
    sum_by,
    until,
)
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from exporter import telemetry as exporter
from grafana.asking import gauge, growth, per_second
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory


def rows(inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return (
        (_up(), _coverage()),
        (_age(), _datapoint_age(), _seconds()),
        (_aws_requests(), _aws_throttles(inventory), _stretch()),
        (_clock(),),
    )


def _up() -> PanelSpec:
    return PanelSpec(
        Panel.COLLECTORS_UP,
        texts.COLLECTORS_UP,
        "none",
        (Ask(once(select(exporter.COLLECTOR_UP)), "{{collector}}"),),
        look=Look.STAT,
        worse_below=True,
    )


def _age() -> PanelSpec:
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
    calls = sum_by(per_second(exporter.AWS_REQUESTS), "service", "code")
    return PanelSpec(
        Panel.AWS_REQUESTS, texts.AWS_REQUESTS, "reqps", (Ask(calls, "{{service}} {{code}}"),)
    )


def _stretch() -> PanelSpec:
    return PanelSpec(
        Panel.STRETCH, areas.STRETCH, "none", (gauge(exporter.STRETCH, "{{collector}}"),)
    )


def _aws_throttles(inventory: Inventory) -> PanelSpec:
    window = windows.text(inventory.thresholds.aws_throttles.window)
    return PanelSpec(
        Panel.AWS_THROTTLES,
        areas.AWS_THROTTLES,
        "none",
        (Ask(or_zero(growth(exporter.AWS_THROTTLES, window, "service")), "{{service}}"),),
        values={"window": window},
    )


def _clock() -> PanelSpec:
    ahead = until(max_by(select(exporter.LAST_SUCCESS), "job"))
    return PanelSpec(Panel.CLOCK, areas.CLOCK, "s", (Ask(ahead, "{{job}}"),))


def _datapoint_age() -> PanelSpec:
    oldest = max_by(select(exporter.DATAPOINT_AGE), "collector")
    return PanelSpec(Panel.DATAPOINT_AGE, areas.DATAPOINT_AGE, "s", (Ask(oldest, "{{collector}}"),))


def _seconds() -> PanelSpec:
    return PanelSpec(
        Panel.COLLECTION_SECONDS,
        areas.COLLECTION_SECONDS,
        "s",
        (gauge(exporter.DURATION, "{{collector}}"),),
    )
