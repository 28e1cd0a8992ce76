"""What starts processing and what processes: EventBridge rules and Step Functions executions."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.metrics import MetricSpec
from catalogue.promql import (
    Match,
    Vector,
    above,
    equals,
    increase,
    like,
    once,
    rounded,
    series,
    since,
    sum_by,
)
from catalogue.texts import alerts_processing as texts
from exporter.collectors import rules as eventbridge
from exporter.collectors import state_machines
from inventory.durations import format_duration
from inventory.model import Inventory

_BAD = like("failed", "timed_out")
"""An aborted execution was stopped by somebody, perhaps by an action of ours."""


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on processing."""
    ticket = partial(
        AlertRule,
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    seen = windows.runs(inventory, inventory.collection.control_plane_every)
    limit = {"limit": windows.text(seen)}
    window = windows.text(windows.slow(inventory, inventory.thresholds.lambda_errors.window))
    counted = partial(ticket, panel=Panel.EXECUTIONS, threshold=0, values={"window": window})
    longest = inventory.thresholds.execution_running
    return (
        ticket(
            name="RuleDisabled",
            expr=equals(once(series(eventbridge.ENABLED)), 0),
            texts=texts.RULE_DISABLED,
            panel=Panel.RULES_ENABLED,
            for_=seen,
            threshold=1,
            values=limit,
        ),
        ticket(
            name="RuleWithoutTargets",
            expr=equals(once(series(eventbridge.TARGETS)), 0),
            texts=texts.RULE_WITHOUT_TARGETS,
            panel=Panel.RULES_ENABLED,
            for_=seen,
            threshold=1,
            values=limit,
        ),
        counted(
            name="RuleInvocationsFailed",
            expr=above(_grown(eventbridge.FAILED_INVOCATIONS, window, "rule"), 0),
            texts=texts.RULE_INVOCATIONS_FAILED,
        ),
        counted(
            name="RuleThrottled",
            expr=above(_grown(eventbridge.THROTTLED, window, "rule"), 0),
            texts=texts.RULE_THROTTLED,
        ),
        counted(
            name="ExecutionsFailed",
            expr=above(
                _grown(state_machines.FINISHED, window, "state_machine", "outcome", outcome=_BAD),
                0,
            ),
            texts=texts.EXECUTIONS_FAILED,
        ),
        counted(
            name="ExecutionsThrottled",
            expr=above(_grown(state_machines.THROTTLED, window, "state_machine"), 0),
            texts=texts.EXECUTIONS_THROTTLED,
        ),
        ticket(
            name="ExecutionRunningLong",
            expr=above(since(once(series(state_machines.OLDEST))), longest),
            texts=texts.EXECUTION_RUNNING_LONG,
            panel=Panel.EXECUTION_AGE,
            threshold=longest,
            shown=Shown.DURATION,
            values={"limit": format_duration(longest)},
        ),
    )


def _grown(spec: MetricSpec, window: str, *by: str, **where: Match) -> Vector:
    counter = series(spec, where)
    return rounded(sum_by(once(counter, increase(counter, window)), *by))
