"""Deployments: one that never ends."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import above, both, equals, like, once, series, since
from catalogue.texts import alerts_actions as texts
from exporter.collectors import deployments as metrics
from exporter.deployment_history import ENDED
from inventory.model import Inventory

_IN_PROGRESS = tuple(status for status in metrics.STATUSES if status not in ENDED)


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on deployments."""
    return (_stuck(inventory),)


def _stuck(inventory: Inventory) -> AlertRule:
    limit = inventory.thresholds.deployment_stuck
    running = equals(once(series(metrics.STATUS, {"status": like(*_IN_PROGRESS)})), 1)
    return AlertRule(
        name="DeploymentStuck",
        expr=both(above(since(once(series(metrics.CREATED))), limit), running, on=("function",)),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.DEPLOYMENT_STUCK,
        panel=Panel.DEPLOYMENTS,
        keep_firing_for=windows.gap(inventory),
        shown=Shown.DURATION,
        values={"limit": windows.text(limit)},
        about={"application": inventory.codedeploy.application},
    )
