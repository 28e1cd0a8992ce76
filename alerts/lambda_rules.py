"""Lambda: failures above the operators' limit, and failures that a deployment brought."""

from __future__ import annotations

from collections.abc import Iterator

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.metrics import RecordedSpec
from catalogue.promql import (
    Vector,
    above,
    at_least,
    at_most,
    below,
    both,
    count_by,
    divided,
    either,
    equals,
    increase,
    max_by,
    once,
    over,
    ratio,
    rounded,
    series,
    since,
    sum_by,
    times,
    unless,
)
from catalogue.recorded import (
    LAMBDA_ERROR_RATIO_RECENT,
    LAMBDA_ERRORS_RECENT,
    LAMBDA_VERSION_ERRORS,
    LAMBDA_VERSION_INVOCATIONS,
)
from catalogue.text import Text
from catalogue.texts import alerts as texts
from catalogue.texts import alerts_actions
from catalogue.texts.alerts import AlertTexts
from exporter import telemetry
from exporter.collectors import flags
from exporter.collectors import lambda_functions as metrics
from inventory.model import Inventory

_ALIAS = ("function", "alias")
_VERSION = (*_ALIAS, "version")
SOLE_VERSION = RecordedSpec(
    "dataplatform:lambda_sole_version:info",
    _VERSION,
    Text("Versão que o alias serve sozinha", "Version that the alias serves alone"),
)
CURRENT_ERRORS = RecordedSpec(
    "dataplatform:lambda_current_errors:lookback",
    _ALIAS,
    Text("Falhas da versão atual", "Failures of the current version"),
)
CURRENT_RATIO = RecordedSpec(
    "dataplatform:lambda_current_error_ratio:lookback",
    _ALIAS,
    Text("Razão de falhas da versão atual", "Ratio of failures of the current version"),
)
EARLIER_RATIO = RecordedSpec(
    "dataplatform:lambda_earlier_error_ratio:lookback",
    _ALIAS,
    Text(
        "Razão de falhas das outras versões; ausente se atenderam pouco",
        "Ratio of failures of the other versions; absent if they served little",
    ),
)


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on functions."""
    return (_regressed(inventory), _errors_high(inventory), _without_change(inventory))


def recordings(inventory: Inventory) -> Iterator[tuple[RecordedSpec, Vector, dict[str, str]]]:
    """Yield what the regression rule compares: the series, its expression, its labels."""
    serving = once(series(metrics.ALIAS_INFO))
    # With two versions behind an alias nobody can say whose failures they are.
    sole = both(serving, equals(count_by(serving, *_ALIAS), 1), on=_ALIAS)
    yield SOLE_VERSION, sole, {}
    current = series(SOLE_VERSION)
    errors, invocations = series(LAMBDA_VERSION_ERRORS), series(LAMBDA_VERSION_INVOCATIONS)

    def now(counted: Vector) -> Vector:
        return sum_by(both(counted, current, on=_VERSION), *_ALIAS)

    def before(counted: Vector) -> Vector:
        return sum_by(unless(counted, current, on=_VERSION), *_ALIAS)

    enough = at_least(rounded(before(invocations)), inventory.regression.min_baseline)
    yield CURRENT_ERRORS, now(errors), {}
    yield CURRENT_RATIO, ratio(now(errors), now(invocations)), {}
    yield EARLIER_RATIO, divided(before(errors), both(before(invocations), enough)), {}


def _regressed(inventory: Inventory) -> AlertRule:
    limits = inventory.regression
    lookback = windows.text(limits.lookback)
    share, errors = series(CURRENT_RATIO), series(CURRENT_ERRORS)
    counter = series(metrics.VERSION_ERRORS)
    # Every period that failed is one change of the counter, however late the scrape saw it.
    periods = once(counter, over("changes", counter, lookback))
    failing = both(at_least(periods, limits.periods), series(SOLE_VERSION), on=_VERSION)
    moved = max_by(series(metrics.ALIAS_CHANGED), *_ALIAS)
    blamed = both(
        above(share, limits.floor),
        above(share, times(series(EARLIER_RATIO), limits.factor)),
        at_least(rounded(errors), limits.min_errors),
        below(since(moved), limits.lookback),
        failing,
        on=_ALIAS,
    )
    # That nothing fails any more is believed only while it is measured: silence is no recovery.
    measured = equals(once(series(telemetry.COLLECTOR_UP, {"collector": "lambda"})), 1)
    # A call that fails now and then is no trouble: the failures of before are still looked back on.
    calm = either(
        equals(series(LAMBDA_ERRORS_RECENT), 0),
        at_most(series(LAMBDA_ERROR_RATIO_RECENT), limits.floor),
    )
    well = both(calm, measured, on=())
    return AlertRule(
        name="FunctionRegressedAfterDeploy",
        expr=unless(blamed, well, on=("function",)),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.FUNCTION_REGRESSED,
        panel=Panel.ERROR_RATIO,
        keep_firing_for=windows.gap(inventory),
        threshold=limits.floor,
        shown=Shown.RATIO,
        values={"lookback": lookback, "factor": f"{limits.factor:g}"},
    )


def _errors_high(inventory: Inventory) -> AlertRule:
    return _many_errors(
        inventory, "LambdaErrorsHigh", _failures(inventory), texts.LAMBDA_ERRORS_HIGH
    )


def _without_change(inventory: Inventory) -> AlertRule:
    lookback = inventory.regression.lookback
    moved = below(since(max_by(series(metrics.ALIAS_CHANGED), "function")), lookback)
    switched = below(since(max_by(series(flags.CHANGED))), lookback)
    unexplained = unless(unless(_failures(inventory), moved, on=("function",)), switched, on=())
    return _many_errors(
        inventory,
        "FunctionFailsWithoutChange",
        unexplained,
        alerts_actions.FAILS_WITHOUT_CHANGE,
        lookback=windows.text(lookback),
    )


def _window(inventory: Inventory) -> float:
    return windows.spanning(inventory, inventory.thresholds.lambda_errors.window)


def _failures(inventory: Inventory) -> Vector:
    errors = series(metrics.ERRORS)
    grown = once(errors, increase(errors, windows.text(_window(inventory))))
    return above(rounded(grown), inventory.thresholds.lambda_errors.above)


def _many_errors(
    inventory: Inventory, name: str, expr: Vector, said: AlertTexts, **values: str
) -> AlertRule:
    limit, window = inventory.thresholds.lambda_errors, _window(inventory)
    return AlertRule(
        name=name,
        expr=expr,
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=said,
        panel=Panel.LAMBDA_ERRORS,
        for_=windows.in_a_row(window, limit.times),
        keep_firing_for=windows.gap(inventory),
        threshold=limit.above,
        values={
            "window": windows.text(window),
            "times": str(limit.times),
            "limit": f"{limit.above:g}",
            **values,
        },
    )
