"""Missing data is never health: the exporter, its collectors, its sources and its words."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import EXPORTER_JOB, AlertRule, Severity, Shown
from catalogue.promql import (
    UP,
    Vector,
    above,
    absent,
    below,
    both,
    either,
    equals,
    like,
    max_by,
    once,
    plus,
    quantile_over,
    series,
    since,
    times,
    unlike,
)
from catalogue.texts import alerts_own as texts
from exporter import telemetry
from exporter.app import find_collectors
from exporter.collector import Priority
from exporter.collectors import log_events
from inventory.model import Inventory

_DAY = 86_400.0
_STEADY = 0.9
"""A resource is steady if its data were fresh for nine tenths of a day."""
_EXPECTED = ("processed", "success")
"""Events that a working platform writes; a failure or a security event may rightly never come."""
_TRAFFIC = ("lambda", "api")
_TURNS = 2
"""How many runs of a collector may fail to end before it counts as standing still."""


def down(job: str) -> Vector:
    """Return 1 where no instance of ``job`` answers, or none is known."""
    selector = series(UP, {"job": job})
    return either(equals(max_by(selector, "job"), 0), absent(selector, "job"))


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on missing data."""
    return (
        _exporter_down(inventory),
        *_failing(inventory),
        _stale(inventory),
        _datapoint_missing(inventory),
        _never_matched(inventory),
        _coverage(inventory),
    )


def _exporter_down(inventory: Inventory) -> AlertRule:
    wait = windows.scrapes(inventory, 4)
    return AlertRule(
        name="ExporterDown",
        expr=down(EXPORTER_JOB),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.EXPORTER_DOWN,
        panel=Panel.COLLECTORS_UP,
        for_=wait,
        keep_firing_for=windows.gap(inventory),
        values={"limit": windows.text(wait)},
    )


def _failing(inventory: Inventory) -> tuple[AlertRule, AlertRule]:
    """Return two rules: blindness for an indicator pages, for anything else it can wait."""
    wait = inventory.thresholds.missing_after
    vital = [
        name
        for name, collector in find_collectors().items()
        if collector.priority is Priority.VITAL
    ]
    told = (
        ("vital", Severity.PAGE, like(*vital)),
        ("other", Severity.TICKET, unlike(*vital)),
    )
    page, ticket = (
        AlertRule(
            name="CollectorFailing",
            expr=equals(once(series(telemetry.COLLECTOR_UP, {"collector": which})), 0),
            severity=severity,
            team=inventory.contacts.levels[0].team,
            texts=texts.COLLECTOR_FAILING,
            panel=Panel.COLLECTORS_UP,
            for_=wait,
            keep_firing_for=windows.gap(inventory),
            threshold=1,
            values={"limit": windows.text(wait)},
            extra={"priority": priority},
        )
        for priority, severity, which in told
    )
    return page, ticket


def _stale(inventory: Inventory) -> AlertRule:
    patience = inventory.thresholds.missing_after
    # The exporter says how often each collector runs: to keep its cap it may run it more rarely.
    limit = plus(times(once(series(telemetry.CADENCE)), _TURNS), patience)
    return AlertRule(
        name="CollectorStale",
        expr=above(since(once(series(telemetry.LAST_SUCCESS))), limit),
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.COLLECTOR_STALE,
        panel=Panel.COLLECTOR_AGE,
        keep_firing_for=windows.gap(inventory),
        shown=Shown.DURATION,
        values={"turns": str(_TURNS), "limit": windows.text(patience)},
    )


def _datapoint_missing(inventory: Inventory) -> AlertRule:
    limit = inventory.thresholds.missing_after
    age = series(telemetry.DATAPOINT_AGE, {"collector": like(*_TRAFFIC)})
    day = windows.text(_DAY)
    # Yesterday, not today: the silence itself must not wear away what it is compared with.
    steady = below(once(age, quantile_over(_STEADY, age, day, day)), limit)
    return AlertRule(
        name="DatapointMissing",
        expr=both(above(once(age), limit), steady, on=("collector", "resource")),
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.DATAPOINT_MISSING,
        panel=Panel.COLLECTOR_AGE,
        keep_firing_for=windows.gap(inventory),
        shown=Shown.DURATION,
    )


def _never_matched(inventory: Inventory) -> AlertRule:
    never = series(log_events.NEVER_MATCHED, {"event": like(*_EXPECTED)})
    return AlertRule(
        name="LogPatternNeverMatched",
        expr=equals(once(never), 1),
        severity=Severity.INFO,
        team=inventory.contacts.levels[0].team,
        texts=texts.PATTERN_NEVER_MATCHED,
        panel=Panel.LOG_EVENTS,
        for_=inventory.thresholds.processing_idle,
        keep_firing_for=windows.gap(inventory),
    )


def _coverage(inventory: Inventory) -> AlertRule:
    return AlertRule(
        name="CoverageIncomplete",
        expr=below(once(series(telemetry.COVERAGE)), 1),
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.COVERAGE_INCOMPLETE,
        panel=Panel.COVERAGE,
        for_=inventory.thresholds.missing_after,
        keep_firing_for=windows.gap(inventory),
        threshold=1,
        shown=Shown.RATIO,
    )
