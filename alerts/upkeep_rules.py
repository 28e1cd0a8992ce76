"""What grows unseen: a service's cost from one day to the next, logs kept for ever."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity
from catalogue.promql import above, at_least, both, minus, once, ratio, series, sum_by
from catalogue.texts import alerts_upkeep as texts
from exporter.collectors import cost, log_groups
from inventory.model import Inventory


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on cost by service and on retention."""
    ticket = partial(
        AlertRule,
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    limits = inventory.thresholds
    day = sum_by(once(series(cost.DAILY, {"day": "yesterday"})), "service")
    week = once(series(cost.TRAILING_7D))
    return (
        ticket(
            name="ServiceCostJumped",
            expr=both(
                above(ratio(day, week), limits.cost_jump_factor),
                at_least(minus(day, week), limits.cost_jump_usd),
            ),
            texts=texts.SERVICE_COST_JUMPED,
            panel=Panel.COST_CHANGE,
            threshold=limits.cost_jump_factor,
            values={
                "limit": f"{limits.cost_jump_factor:g}",
                "least": f"{limits.cost_jump_usd:g}",
            },
        ),
        ticket(
            name="LogsWithoutRetention",
            expr=above(once(series(log_groups.WITHOUT_RETENTION)), 0),
            texts=texts.LOGS_WITHOUT_RETENTION,
            panel=Panel.LOG_RETENTION,
            threshold=0,
        ),
    )
