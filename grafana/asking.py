"""The questions that most panels ask: a gauge, a rate, a growth."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.panels import Panel
from catalogue.metrics import MetricSpec
from catalogue.promql import RATE_INTERVAL, Match, Vector, increase, once, rate, sum_by
from catalogue.texts.dashboards import PanelTexts
from grafana.panel import Ask, Look, PanelSpec, select

HOUR = "1h"


def per_second(spec: MetricSpec, sample: str = "") -> Vector:
    """Return a counter's rate."""
    counter = select(spec, sample=sample)
    return once(counter, rate(counter, RATE_INTERVAL))


def grown(spec: MetricSpec, window: str = RATE_INTERVAL) -> Vector:
    """Return by how much a counter grew."""
    return grown_part(spec, "", window)


def grown_part(spec: MetricSpec, sample: str, window: str) -> Vector:
    """Return by how much a summary's or histogram's ``sum`` or ``count`` grew."""
    counter = select(spec, sample=sample)
    return once(counter, increase(counter, window))


def growth(spec: MetricSpec, window: str, *by: str) -> Vector:
    """Return by how much a counter grew, added up."""
    return sum_by(grown(spec, window), *by)


def gauge(spec: MetricSpec, legend: str, where: Mapping[str, str | Match] | None = None) -> Ask:
    """Ask for a gauge as it is."""
    return Ask(once(select(spec, where)), legend)


def well_above(panel: Panel, said: PanelTexts, *asks: Ask) -> PanelSpec:
    """Return a panel of values that are 1, or more, where all is well."""
    return PanelSpec(panel, said, "none", asks, look=Look.STAT, worse_below=True)
