"""The exporter's own health: its state, its budget, its limits, its clock, what it cannot find."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown, Source
from catalogue.promql import (
    above,
    aggregate,
    either,
    equals,
    increase,
    max_by,
    once,
    rounded,
    series,
    sum_by,
    until,
)
from catalogue.texts import alerts_exporter as texts
from exporter import telemetry
from exporter.collectors import cloudwatch_metrics
from inventory.durations import format_duration
from inventory.model import Inventory
from remediations.telemetry import ENGINE_CYCLE

_STATE = {"reason": "state"}
_DAY = 86_400.0


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on what the exporter says of itself."""
    ticket = partial(
        AlertRule,
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    limits = inventory.thresholds
    missing = limits.missing_after
    window = windows.text(windows.spanning(inventory, limits.lambda_errors.window))
    state = series(telemetry.FAILURES, _STATE)
    resets = series(telemetry.STATE_RESETS)
    throttles = series(telemetry.AWS_THROTTLES)
    throttled = windows.text(limits.aws_throttles.window)
    cap = once(series(telemetry.COST_CAP))
    projected = once(series(telemetry.COST_PROJECTED))
    # A clock that is behind reads as a collector that stands still: that has its own alert.
    told = (telemetry.LAST_SUCCESS, ENGINE_CYCLE)
    ahead = until(either(*(max_by(series(spec), "job") for spec in told)))
    return (
        ticket(
            name="ExporterStateFailing",
            expr=above(rounded(aggregate("sum", once(state, increase(state, window)))), 0),
            texts=texts.STATE_FAILING,
            panel=Panel.COLLECTORS_UP,
            values={"window": window},
        ),
        ticket(
            name="ExporterStateLost",
            expr=above(rounded(once(resets, increase(resets, window))), 0),
            texts=texts.STATE_LOST,
            panel=Panel.COLLECTORS_UP,
            values={"window": window},
        ),
        ticket(
            name="CollectionStretched",
            expr=above(once(series(telemetry.STRETCH)), limits.collection_stretch),
            texts=texts.COLLECTION_STRETCHED,
            panel=Panel.STRETCH,
            for_=missing,
            threshold=limits.collection_stretch,
            values={"limit": f"{limits.collection_stretch:g}"},
        ),
        ticket(
            name="CollectionOverCap",
            expr=above(projected, cap),
            texts=texts.COLLECTION_OVER_CAP,
            panel=Panel.COLLECTION_COST,
            for_=missing,
            values={"limit": windows.text(missing)},
        ),
        ticket(
            name="AwsThrottled",
            expr=above(
                rounded(sum_by(once(throttles, increase(throttles, throttled)), "service")),
                limits.aws_throttles.above,
            ),
            texts=texts.AWS_THROTTLED,
            panel=Panel.AWS_THROTTLES,
            for_=windows.in_a_row(limits.aws_throttles.window, limits.aws_throttles.times),
            threshold=limits.aws_throttles.above,
            values={"window": throttled, "limit": f"{limits.aws_throttles.above:g}"},
        ),
        ticket(
            name="ClockAhead",
            expr=above(ahead, limits.clock_skew),
            texts=texts.CLOCK_AHEAD,
            panel=Panel.CLOCK,
            source=Source.RULES,
            threshold=limits.clock_skew,
            shown=Shown.DURATION,
            values={"limit": format_duration(limits.clock_skew)},
        ),
        ticket(
            name="ScopeFailing",
            expr=equals(once(series(telemetry.SCOPE_UP)), 0),
            texts=texts.SCOPE_FAILING,
            panel=Panel.COLLECTORS_UP,
            for_=missing,
            values={"limit": windows.text(missing)},
        ),
        ticket(
            name="ResourceMissing",
            expr=equals(once(series(telemetry.MISSING)), 1),
            texts=texts.RESOURCE_MISSING,
            panel=Panel.COVERAGE,
            for_=missing,
            values={"limit": windows.text(missing)},
        ),
        ticket(
            name="CustomMetricNeverSeen",
            expr=equals(once(series(cloudwatch_metrics.NEVER_SEEN)), 1),
            severity=Severity.INFO,
            texts=texts.CUSTOM_METRIC_NEVER_SEEN,
            panel=Panel.COLLECTOR_AGE,
            for_=_DAY,
            values={"limit": windows.text(_DAY)},
        ),
    )
