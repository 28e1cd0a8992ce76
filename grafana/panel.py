"""A panel as plain data: what it asks, in which unit, how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.panels import Panel
from catalogue.metrics import MetricSpec
from catalogue.promql import Builtin, Match, Selector, Vector, series
from catalogue.texts.dashboards import PanelTexts

_TARGET = {"job": Match("=~", "$job"), "instance": Match("=~", "$instance")}


class Look(StrEnum):
    """How a panel draws."""

    STAT = "stat"
    LINES = "lines"
    BARS = "bars"


@dataclass(frozen=True)
class Ask:
    """A query and the legend of its series; ``{{label}}`` stands for a label's value.

    ``optional`` says that the platform may rightly have nothing to answer.
    """

    expr: Vector
    legend: str
    optional: bool = False


@dataclass(frozen=True)
class PanelSpec:
    """A panel. ``unit`` is Grafana's; ``worse_below`` says that low values are the bad ones."""

    panel: Panel
    texts: PanelTexts
    unit: str
    asks: tuple[Ask, ...]
    look: Look = Look.LINES
    worse_below: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


def select(
    family: MetricSpec | Builtin,
    matchers: Mapping[str, str | Match] | None = None,
    *,
    sample: str = "",
) -> Selector:
    """Select a family's series from the jobs and instances that the viewer chose."""
    return series(family, {**(matchers or {}), **_TARGET}, sample=sample)


Rows = tuple[tuple[PanelSpec, ...], ...]
"""The panels of a dashboard, row by row."""
