"""Functions: state, updates, throttling, provisioned concurrency, versions left behind."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import above, equals, increase, once, rounded, series, unlike
from catalogue.texts import alerts_functions as texts
from exporter.collectors import (
    lambda_functions,
    lambda_provisioned,
    lambda_state,
    lambda_versions,
)
from inventory.model import Inventory

_WELL = unlike("Active", "Inactive")
"""Lambda makes a function inactive that was idle for weeks; the next invocation wakes it."""


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on the state and the limits of functions."""
    rule = partial(
        AlertRule,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    ticket = partial(rule, severity=Severity.TICKET)
    limits, collection = inventory.thresholds, inventory.collection
    pending = windows.runs(inventory, collection.control_plane_every, 5)
    limit = {"limit": windows.text(pending)}
    throttled = limits.lambda_throttles
    window = windows.slow(inventory, throttled.window)
    text = windows.text(window)
    throttles, spilt = series(lambda_functions.THROTTLES), series(lambda_provisioned.SPILLOVER)
    busy = limits.provisioned_busy_ratio
    busy_for = windows.runs(inventory, collection.slow_every, 3)
    return (
        rule(
            name="FunctionNotActive",
            expr=equals(once(series(lambda_state.STATE, {"state": _WELL})), 1),
            # A function that failed refuses every invocation, and CloudWatch counts none of them.
            severity=Severity.PAGE,
            texts=texts.FUNCTION_NOT_ACTIVE,
            panel=Panel.FUNCTION_STATES,
            for_=pending,
            values=limit,
        ),
        ticket(
            name="FunctionUpdateFailed",
            expr=equals(once(series(lambda_state.LAST_UPDATE, {"state": "Failed"})), 1),
            texts=texts.FUNCTION_UPDATE_FAILED,
            panel=Panel.FUNCTION_STATES,
        ),
        ticket(
            name="FunctionThrottled",
            expr=above(rounded(once(throttles, increase(throttles, text))), throttled.above),
            texts=texts.FUNCTION_THROTTLED,
            panel=Panel.THROTTLES,
            for_=windows.in_a_row(window, throttled.times),
            threshold=throttled.above,
            values={"window": text, "limit": f"{throttled.above:g}"},
        ),
        ticket(
            name="ProvisionedConcurrencySpilt",
            expr=above(rounded(once(spilt, increase(spilt, text))), 0),
            texts=texts.PROVISIONED_SPILT,
            panel=Panel.PROVISIONED,
            values={"window": text},
        ),
        ticket(
            name="ProvisionedConcurrencyBusy",
            expr=above(once(series(lambda_provisioned.UTILIZATION)), busy),
            texts=texts.PROVISIONED_BUSY,
            panel=Panel.PROVISIONED,
            for_=busy_for,
            threshold=busy,
            shown=Shown.RATIO,
            values={"limit": f"{busy:.0%}", "wait": windows.text(busy_for)},
        ),
        ticket(
            name="ProvisionedConcurrencyFailed",
            expr=equals(once(series(lambda_provisioned.STATUS, {"state": "FAILED"})), 1),
            texts=texts.PROVISIONED_FAILED,
            panel=Panel.PROVISIONED,
        ),
        ticket(
            name="FunctionVersionsMany",
            expr=above(once(series(lambda_versions.VERSIONS)), limits.function_versions),
            texts=texts.VERSIONS_MANY,
            panel=Panel.FUNCTION_VERSIONS,
            threshold=limits.function_versions,
            values={"limit": str(limits.function_versions)},
        ),
    )
