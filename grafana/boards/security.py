"""Security: what CloudTrail saw, what is open to the world, how old keys are."""

from __future__ import annotations

from alerts.panels import Panel
from catalogue.promql import (
    increase,
    once,
    since,
    sum_by,
)
from catalogue.texts import dashboards_areas as areas
from exporter.collectors import (
    access_keys,
    log_events,
    security_groups,
    trail,
)
from grafana.asking import HOUR, growth
from grafana.panel import Ask, Look, PanelSpec, Rows, select
from inventory.model import Inventory


def rows(_inventory: Inventory) -> Rows:
    """Return the panels, row by row."""
    return ((_events(), _trail()), (_open_groups(), _key_age()))


def _trail() -> PanelSpec:
    return PanelSpec(
        Panel.TRAIL_EVENTS,
        areas.TRAIL_EVENTS,
        "none",
        (Ask(growth(trail.EVENTS, HOUR, "event"), "{{event}}"),),
    )


def _open_groups() -> PanelSpec:
    groups = sum_by(once(select(security_groups.OPEN_RULES)), "group")
    return PanelSpec(
        Panel.OPEN_GROUPS,
        areas.OPEN_GROUPS,
        "none",
        (Ask(groups, "{{group}}"),),
        look=Look.STAT,
    )


def _key_age() -> PanelSpec:
    age = since(once(select(access_keys.CREATED)))
    return PanelSpec(
        Panel.KEY_AGE, areas.KEY_AGE, "s", (Ask(age, "{{user}} {{key}}", optional=True),)
    )


def _events() -> PanelSpec:
    events = select(log_events.EVENTS, {"event": "security"})
    seen = sum_by(once(events, increase(events, HOUR)), "function")
    return PanelSpec(
        Panel.SECURITY_EVENTS, areas.SECURITY_EVENTS, "short", (Ask(seen, "{{function}}"),)
    )
