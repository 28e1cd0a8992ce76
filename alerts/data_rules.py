"""Data: files that were stored damaged."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity
from catalogue.promql import above, increase, once, rounded, series, sum_by
from catalogue.texts import alerts_actions as texts
from exporter.collectors import log_events as metrics
from inventory.model import Inventory


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on data."""
    return (_corrupted(inventory),)


def _corrupted(inventory: Inventory) -> AlertRule:
    limit = inventory.thresholds.corrupted_files
    slowest = 2 * (inventory.collection.logs_every + inventory.alerting.scrape_interval)
    window = max(limit.window, slowest)
    events = series(metrics.EVENTS, {"event": "corrupted"})
    found = sum_by(once(events, increase(events, windows.text(window))), "function")
    return AlertRule(
        name="DataCorrupted",
        expr=above(rounded(found), limit.above),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.DATA_CORRUPTED,
        panel=Panel.LOG_EVENTS,
        for_=windows.in_a_row(window, limit.times),
        keep_firing_for=windows.gap(inventory),
        values={"window": windows.text(window), "limit": f"{limit.above:g}"},
    )
