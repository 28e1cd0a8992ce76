"""Security: changes of permissions, groups open to the world, old access keys."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.log_rules import SECURITY_TEAM
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import above, increase, once, rounded, series, since
from catalogue.texts import alerts_security as texts
from exporter.collectors import access_keys, security_groups, trail
from inventory.durations import format_duration
from inventory.model import Inventory


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on security, which its own contact hears of."""
    ticket = partial(
        AlertRule,
        severity=Severity.TICKET,
        team=SECURITY_TEAM,
        keep_firing_for=windows.gap(inventory),
    )
    collection = inventory.collection
    window = windows.text(
        max(
            windows.spanning(inventory, inventory.thresholds.lambda_errors.window),
            windows.runs(inventory, collection.trail_every),
        )
    )
    events = series(trail.EVENTS)
    oldest = inventory.security.access_key_max_age
    return (
        ticket(
            name="PermissionsChanged",
            expr=above(rounded(once(events, increase(events, window))), 0),
            texts=texts.PERMISSIONS_CHANGED,
            panel=Panel.TRAIL_EVENTS,
            threshold=0,
            values={"window": window},
        ),
        ticket(
            name="SecurityGroupOpen",
            expr=above(once(series(security_groups.OPEN_RULES)), 0),
            texts=texts.SECURITY_GROUP_OPEN,
            panel=Panel.OPEN_GROUPS,
            threshold=0,
        ),
        ticket(
            name="AccessKeyOld",
            expr=above(since(once(series(access_keys.CREATED))), oldest),
            texts=texts.ACCESS_KEY_OLD,
            panel=Panel.KEY_AGE,
            threshold=oldest,
            shown=Shown.DURATION,
            values={"limit": format_duration(oldest)},
        ),
    )
