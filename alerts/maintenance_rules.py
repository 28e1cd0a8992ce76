"""Maintenance: the mode that is still on when the window that was announced is over."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity
from catalogue.promql import both, equals, once, series
from catalogue.texts import alerts_maintenance as texts
from exporter.collectors import flags, maintenance
from inventory.model import Inventory


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rule on maintenance that outlasts its window; none without a flag for it."""
    flag = inventory.appconfig.maintenance_flag
    if flag is None:
        return ()
    wait = windows.runs(inventory, inventory.collection.control_plane_every, 4)
    mode = equals(once(series(flags.ENABLED, {"flag": flag})), 1)
    return (
        AlertRule(
            name="MaintenanceOverrun",
            # While Alertmanager does not answer nobody knows of a window: that is no overrun.
            expr=both(mode, equals(once(series(maintenance.ACTIVE)), 0), on=()),
            severity=Severity.PAGE,
            team=inventory.contacts.levels[0].team,
            texts=texts.MAINTENANCE_OVERRUN,
            panel=Panel.MAINTENANCE,
            for_=wait,
            keep_firing_for=windows.gap(inventory),
            values={"limit": windows.text(wait)},
        ),
    )
