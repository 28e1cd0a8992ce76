"""The API: latency, requests, errors, health, cache."""

from __future__ import annotations

from alerts.panels import Panel
from catalogue.promql import (
    Selector,
    equals,
    once,
    ratio,
    sum_by,
    until,
)
from catalogue.texts import dashboards as texts
from catalogue.texts import dashboards_areas as areas
from exporter.collectors import (
    api_gateway,
    api_probe,
    api_stages,
)
from grafana.asking import HOUR, gauge, growth, per_second, well_above
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory

_STAGE = "{{api}} {{stage}}"


def rows(_inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return (
        (latency(), _requests(), _errors()),
        (_health(), _certificate()),
        (_cache(),),
    )


def latency() -> PanelSpec:
    """Return the latency."""
    mean = ratio(per_second(api_gateway.LATENCY, "sum"), per_second(api_gateway.LATENCY, "count"))
    slowest: Selector = select(api_gateway.LATENCY, {"quantile": "0.99"})
    return PanelSpec(
        Panel.API_LATENCY,
        texts.API_LATENCY,
        "s",
        (
            Ask(mean, _STAGE),
            Ask(once(slowest), f"{_STAGE} p99"),
        ),
    )


def _requests() -> PanelSpec:
    return PanelSpec(
        Panel.API_REQUESTS,
        texts.API_REQUESTS,
        "reqps",
        (
            Ask(per_second(api_gateway.REQUESTS), _STAGE),
            Ask(per_second(api_gateway.SLOW_REQUESTS), f"{_STAGE} slow"),
        ),
    )


def _errors() -> PanelSpec:
    bad = sum_by(per_second(api_gateway.ERRORS), "api", "stage", "class")
    return PanelSpec(
        Panel.API_ERRORS,
        texts.API_ERRORS,
        "reqps",
        (Ask(bad, f"{_STAGE} {{{{class}}}}"),),
    )


def _health() -> PanelSpec:
    return well_above(Panel.API_HEALTH, areas.API_HEALTH, gauge(api_probe.UP, _STAGE))


def _certificate() -> PanelSpec:
    left = until(once(select(api_probe.CERTIFICATE)))
    return PanelSpec(
        Panel.API_CERTIFICATE,
        areas.API_CERTIFICATE,
        "s",
        (Ask(left, _STAGE, optional=True),),
        look=Look.STAT,
        worse_below=True,
    )


def _cache() -> PanelSpec:
    return PanelSpec(
        Panel.API_CACHE,
        areas.API_CACHE,
        "short",
        (
            Ask(growth(api_stages.CACHE_HITS, HOUR, "api", "stage"), f"{_STAGE} hit"),
            Ask(growth(api_stages.CACHE_MISSES, HOUR, "api", "stage"), f"{_STAGE} miss"),
            Ask(equals(once(select(api_stages.CACHE_STATE)), 1), f"{_STAGE} {{{{state}}}}"),
        ),
    )
