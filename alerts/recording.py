"""Recorded series: what rules, dashboards and the action engine share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alerts import flag_rules, lambda_rules, slo, windows
from catalogue import recorded
from catalogue.metrics import MetricSpec, RecordedSpec
from catalogue.promql import Vector, aggregate, increase, once, ratio, series, times
from exporter.collectors import cost, lambda_functions, log_events
from inventory.model import Inventory

Recording = tuple[RecordedSpec, Vector, dict[str, str]]
_HOUR = "1h"
_DAY = "1d"
_FILES = 1000


def recordings(inventory: Inventory) -> tuple[Recording, ...]:
    """Return every recorded series with its expression and added labels.

    Raises:
        ValueError: if an expression's labels are not those its spec promises.
    """
    found = (
        *_platform(inventory),
        *lambda_rules.recordings(inventory),
        *flag_rules.recordings(inventory),
        *slo.recordings(inventory),
    )
    for spec, expr, labels in found:
        if expr.labels | labels.keys() != frozenset(spec.labels):
            raise ValueError(f"{spec.name}: {sorted(expr.labels)} instead of {spec.labels}")
    return found


def _platform(inventory: Inventory) -> Iterator[Recording]:
    recent = windows.text(windows.recent(inventory))
    lookback = windows.text(inventory.regression.lookback)
    processed = series(log_events.EVENTS, {"event": "processed"})
    # An hour of a per-second rate is the increase over that hour.
    hourly = aggregate("sum", once(processed, increase(processed, _HOUR)))
    yield recorded.FILES_PROCESSED_RATE1H, hourly, {}
    # Yesterday's cost is a UTC day's: the two days are the same at midnight, and near each other
    # while traffic is steady. Without files there is no price of one.
    spent = aggregate("sum", once(series(cost.DAILY, {"day": "yesterday"})))
    daily = aggregate("sum", once(processed, increase(processed, _DAY)))
    yield recorded.COST_PER_1000_FILES, ratio(times(spent, _FILES), daily), {}
    yield recorded.LAMBDA_ERRORS_RECENT, _growth(lambda_functions.ERRORS, recent), {}
    yield recorded.LAMBDA_INVOCATIONS_RECENT, _growth(lambda_functions.INVOCATIONS, recent), {}
    share = ratio(
        _growth(lambda_functions.ERRORS, recent), _growth(lambda_functions.INVOCATIONS, recent)
    )
    yield recorded.LAMBDA_ERROR_RATIO_RECENT, share, {}
    yield recorded.LAMBDA_VERSION_ERRORS, _growth(lambda_functions.VERSION_ERRORS, lookback), {}
    yield (
        recorded.LAMBDA_VERSION_INVOCATIONS,
        _growth(lambda_functions.VERSION_INVOCATIONS, lookback),
        {},
    )


def _growth(spec: MetricSpec, window: str) -> Vector:
    selector = series(spec)
    return once(selector, increase(selector, window))


def groups(inventory: Inventory) -> list[dict[str, Any]]:
    """Return the recording rules as Prometheus' rule file holds them."""
    rules = []
    for spec, expr, labels in recordings(inventory):
        rule: dict[str, Any] = {"record": spec.name, "expr": expr.text}
        rules.append(rule | {"labels": labels} if labels else rule)
    return [{"name": "vigia-recording", "rules": rules}]
