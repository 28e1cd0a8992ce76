"""Escalation without an on-call product: an alert on alerts that fire too long.

``for`` counts from when the alert fired, not from when it was pending, and survives a restart of
Prometheus. Acknowledging is a silence on the escalation.
"""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Source
from catalogue.promql import ALERTS, max_without, relabel, series
from catalogue.texts import alerts_own as texts
from inventory.model import Inventory

_OWN_LABELS = ("alertname", "alertstate", "severity", "team", "tier", "escalate", "remediation")


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return one alert for each level above the first."""
    unsolved = relabel(
        series(ALERTS, {"alertstate": "firing", "escalate": "true"}), "escalated", "alertname"
    )
    return tuple(
        AlertRule(
            name=f"EscalationTier{tier}",
            # What the escalation says of itself must not come from the alert it escalates.
            expr=max_without(unsolved, *_OWN_LABELS),
            severity=Severity.PAGE,
            team=inventory.contacts.levels[tier - 1].team,
            texts=texts.ESCALATION,
            panel=Panel.ALERTS_IN_TIME,
            for_=(tier - 1) * inventory.alerting.escalate_after,
            keep_firing_for=0,
            tier=tier,
            source=Source.RULES,
            values={"limit": windows.text((tier - 1) * inventory.alerting.escalate_after)},
        )
        for tier in (2, 3)
    )
