"""API Gateway: slow answers and answers of 5xx."""

from __future__ import annotations

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import above, increase, once, rate, ratio, rounded, series, sum_by
from catalogue.texts import alerts as texts
from exporter.collectors import api_gateway as metrics
from inventory.durations import format_duration
from inventory.model import Inventory

_STAGE = ("api", "stage")


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on APIs."""
    return (_latency(inventory), _server_errors(inventory))


def _latency(inventory: Inventory) -> AlertRule:
    limit = inventory.thresholds.api_latency_seconds
    window = windows.spanning(inventory, limit.window)
    text = windows.text(window)
    spent, answers = (series(metrics.LATENCY, sample=sample) for sample in ("sum", "count"))
    mean = ratio(once(spent, rate(spent, text)), once(answers, rate(answers, text)))
    return AlertRule(
        name="ApiLatencyHigh",
        expr=above(mean, limit.above),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.API_LATENCY_HIGH,
        panel=Panel.API_LATENCY,
        for_=windows.in_a_row(window, limit.times),
        keep_firing_for=windows.gap(inventory),
        threshold=limit.above,
        shown=Shown.DURATION,
        values={
            "window": text,
            "times": str(limit.times),
            "limit": format_duration(limit.above),
        },
    )


def _server_errors(inventory: Inventory) -> AlertRule:
    window = windows.text(
        windows.spanning(inventory, inventory.thresholds.api_latency_seconds.window)
    )
    errors = series(metrics.ERRORS, {"class": "5xx"})
    failed = sum_by(once(errors, increase(errors, window)), *_STAGE)
    return AlertRule(
        name="ApiServerErrors",
        expr=above(rounded(failed), 0),
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.API_SERVER_ERRORS,
        panel=Panel.API_ERRORS,
        keep_firing_for=windows.gap(inventory),
        threshold=0,
        values={"window": window},
    )
