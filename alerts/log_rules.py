"""Log events: files that failed, security events, and processing that stands still."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity
from catalogue.promql import Vector, above, equals, increase, once, rounded, series, sum_by
from catalogue.texts import alerts as texts
from exporter.collectors import log_events as metrics
from inventory.model import Inventory

SECURITY_TEAM = "security"
_IDLE_PARTS = 4
"""The idle time is one window of a quarter and a wait of the rest: a gap in the data shorter
than a quarter does not start the count anew."""


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on log events."""
    return (_failures(inventory), _security(inventory), _idle(inventory))


def _events(event: str, window: str, *by: str) -> Vector:
    events = series(metrics.EVENTS, {"event": event})
    return sum_by(once(events, increase(events, window)), *by)


def _window(inventory: Inventory) -> str:
    wanted = inventory.thresholds.lambda_errors.window
    slowest = 2 * (inventory.collection.logs_every + inventory.alerting.scrape_interval)
    return windows.text(max(windows.spanning(inventory, wanted), slowest))


def _failures(inventory: Inventory) -> AlertRule:
    window = _window(inventory)
    return AlertRule(
        name="LogFailures",
        expr=above(rounded(_events("failed", window, "function")), 0),
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.LOG_FAILURES,
        panel=Panel.LOG_EVENTS,
        keep_firing_for=windows.gap(inventory),
        values={"window": window},
    )


def _security(inventory: Inventory) -> AlertRule:
    window = _window(inventory)
    return AlertRule(
        name="SecurityEvents",
        expr=above(rounded(_events("security", window, "function")), 0),
        severity=Severity.PAGE,
        team=SECURITY_TEAM,
        texts=texts.SECURITY_EVENTS,
        panel=Panel.LOG_EVENTS,
        keep_firing_for=windows.gap(inventory),
        values={"window": window},
    )


def _idle(inventory: Inventory) -> AlertRule:
    idle = inventory.thresholds.processing_idle
    window = idle / _IDLE_PARTS
    return AlertRule(
        name="ProcessingIdle",
        expr=equals(_events("processed", windows.text(window)), 0),
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.PROCESSING_IDLE,
        panel=Panel.FILES_PROCESSED,
        for_=idle - window,
        keep_firing_for=windows.gap(inventory),
        values={"limit": windows.text(idle)},
    )
