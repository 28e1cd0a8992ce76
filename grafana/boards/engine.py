"""Remediation: what waits, what was done and how it ended, is the engine alive."""

from __future__ import annotations

from alerts.panels import Panel
from catalogue.promql import (
    bucket_quantile,
    once,
    or_zero,
    since,
    sum_by,
)
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from grafana.asking import HOUR, grown, per_second
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory
from remediations import telemetry as remediations


def rows(_inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return ((open_runs(), _blocked()), (runs(), _run_duration()), (_deliveries(), _age()))


def open_runs() -> PanelSpec:
    """Return open runs by state."""
    return PanelSpec(
        Panel.OPEN_RUNS,
        texts.OPEN_RUNS,
        "none",
        (Ask(or_zero(once(select(remediations.RUNS))), "{{state}}"),),
        look=Look.STAT,
    )


def runs() -> PanelSpec:
    """Return closed runs."""
    return PanelSpec(
        Panel.RUNS,
        texts.RUNS,
        "none",
        (Ask(or_zero(grown(remediations.RUNS_TOTAL, HOUR)), "{{action}} {{outcome}}"),),
    )


def _age() -> PanelSpec:
    return PanelSpec(
        Panel.ENGINE_AGE,
        texts.ENGINE_AGE,
        "s",
        (Ask(since(once(select(remediations.ENGINE_CYCLE))), "age"),),
    )


def _blocked() -> PanelSpec:
    held = once(select(remediations.RUN_BLOCKED))
    return PanelSpec(
        Panel.BLOCKED,
        areas.BLOCKED,
        "none",
        (Ask(held, "{{action}} {{target}}: {{reason}}", optional=True),),
        look=Look.STAT,
    )


def _run_duration() -> PanelSpec:
    spent = sum_by(per_second(remediations.RUN_DURATION, "bucket"), "phase", "le")
    return PanelSpec(
        Panel.RUN_DURATION,
        areas.RUN_DURATION,
        "s",
        (Ask(bucket_quantile(0.9, spent), "{{phase}} p90", optional=True),),
    )


def _deliveries() -> PanelSpec:
    return PanelSpec(
        Panel.DELIVERIES,
        areas.DELIVERIES,
        "short",
        (Ask(or_zero(grown(remediations.DELIVERIES, HOUR)), "{{outcome}}"),),
    )
