"""The action engine: what it could not do, and what keeps it from doing anything."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.missing_data import down
from alerts.panels import Panel
from alerts.rule import REMEDIATIONS_JOB, AlertRule, Severity, Shown, Source
from catalogue.promql import (
    above,
    aggregate,
    always,
    equals,
    increase,
    once,
    rounded,
    series,
    since,
    unlike,
)
from catalogue.texts import alerts_own as texts
from inventory.model import Inventory
from remediations import telemetry
from remediations.guards import NEEDS_NO_HUMAN

_TOLD = ("storm", *NEEDS_NO_HUMAN)
"""Of a storm the engine itself tells people, once for all that it holds; of the others nobody."""


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on the engine, and the dead man's switch."""
    rule = partial(
        AlertRule,
        team=inventory.contacts.levels[0].team,
        source=Source.REMEDIATIONS,
        keep_firing_for=windows.gap(inventory),
    )
    scrapes = windows.scrapes(inventory, 4)
    stuck = max(3 * inventory.engine.lease, scrapes)
    held = 2 * inventory.engine.block_retry
    window = windows.text(windows.spanning(inventory, inventory.thresholds.lambda_errors.window))
    truncated = series(telemetry.TRUNCATED)
    return (
        rule(
            name="RemediationDown",
            expr=down(REMEDIATIONS_JOB),
            severity=Severity.PAGE,
            texts=texts.REMEDIATION_DOWN,
            panel=Panel.ENGINE_AGE,
            for_=scrapes,
            values={"limit": windows.text(scrapes)},
        ),
        rule(
            name="EngineStuck",
            expr=above(since(once(series(telemetry.ENGINE_CYCLE))), stuck),
            severity=Severity.PAGE,
            texts=texts.ENGINE_STUCK,
            panel=Panel.ENGINE_AGE,
            threshold=stuck,
            shown=Shown.DURATION,
        ),
        rule(
            name="LedgerDown",
            expr=equals(aggregate("min", series(telemetry.LEDGER_UP)), 0),
            severity=Severity.PAGE,
            texts=texts.LEDGER_DOWN,
            panel=Panel.ENGINE_AGE,
            for_=scrapes,
            values={"limit": windows.text(scrapes)},
        ),
        rule(
            name="RemediationNeedsHuman",
            expr=equals(once(series(telemetry.RUN_NEEDS_HUMAN)), 1),
            severity=Severity.PAGE,
            texts=texts.NEEDS_HUMAN,
            panel=Panel.RUNS,
        ),
        rule(
            name="RemediationBlocked",
            expr=equals(once(series(telemetry.RUN_BLOCKED, {"reason": unlike(*_TOLD)})), 1),
            severity=Severity.PAGE,
            texts=texts.REMEDIATION_BLOCKED,
            panel=Panel.OPEN_RUNS,
            for_=held,
            values={"limit": windows.text(held)},
        ),
        rule(
            name="ApprovalPending",
            expr=above(once(series(telemetry.APPROVALS_PENDING)), 0),
            severity=Severity.PAGE,
            texts=texts.APPROVAL_PENDING,
            panel=Panel.OPEN_RUNS,
        ),
        rule(
            name="KillSwitchOn",
            expr=equals(once(series(telemetry.KILL_SWITCH)), 1),
            severity=Severity.TICKET,
            texts=texts.KILL_SWITCH_ON,
            panel=Panel.OPEN_RUNS,
        ),
        rule(
            name="EscalationUndelivered",
            expr=above(once(series(telemetry.ESCALATIONS_PENDING)), 0),
            severity=Severity.PAGE,
            texts=texts.ESCALATION_UNDELIVERED,
            panel=Panel.OPEN_RUNS,
            for_=scrapes,
            values={"limit": windows.text(scrapes)},
        ),
        rule(
            name="DeliveriesTruncated",
            expr=above(rounded(once(truncated, increase(truncated, window))), 0),
            severity=Severity.TICKET,
            texts=texts.DELIVERIES_TRUNCATED,
            panel=Panel.RUNS,
            values={"window": window},
        ),
        rule(
            name="Watchdog",
            expr=always(),
            severity=Severity.INFO,
            texts=texts.WATCHDOG,
            panel=Panel.ALERTS_IN_TIME,
            source=Source.RULES,
            keep_firing_for=0,
        ),
    )
