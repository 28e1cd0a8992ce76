"""Feature flags: failures that a flag brought when it was turned on."""

from __future__ import annotations

from collections.abc import Iterator

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.metrics import MetricSpec, RecordedSpec
from catalogue.promql import (
    Vector,
    above,
    aggregate,
    ago,
    at_least,
    below,
    both,
    either,
    equals,
    increase,
    once,
    over,
    over_steps,
    ratio,
    rounded,
    series,
    since,
    times,
)
from catalogue.recorded import LAMBDA_ERROR_RATIO_RECENT, LAMBDA_ERRORS_RECENT
from catalogue.text import Text
from catalogue.texts import alerts_flags as texts
from exporter.collectors import flags, lambda_functions
from inventory.model import Inventory

# AppConfig hands out a configuration no more often than this (seconds).
_LEAST_POLL = 15.0
_SCRAPES = 4
TURNED_ON = RecordedSpec(
    "dataplatform:flag_turned_on:timestamp_seconds",
    (),
    Text(
        "Quando a mais nova das flags não críticas ligadas foi ligada",
        "When the newest of the flags that are on and not critical was turned on",
    ),
)
LOOKBACK_RATIO = RecordedSpec(
    "dataplatform:lambda_error_ratio:lookback",
    ("function",),
    Text(
        "Razão de falhas na janela de análise; ausente com poucas invocações",
        "Ratio of failures in the look-back; absent if little served",
    ),
)
BASELINE_RATIO = RecordedSpec(
    "dataplatform:lambda_error_ratio:baseline",
    ("function",),
    Text(
        "Maior razão de falhas, da janela recente ou da de análise; ausente com poucas invocações",
        "Higher ratio of failures, of the recent window or the look-back; absent if little served",
    ),
)
BEFORE_RATIO = RecordedSpec(
    "dataplatform:lambda_error_ratio:before_flag",
    ("function",),
    Text(
        "Razão de falhas quando uma flag foi ligada na janela de análise",
        "Ratio of failures when a flag was turned on within the look-back",
    ),
)


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on flags."""
    return (_regressed(inventory),)


def recordings(inventory: Inventory) -> Iterator[tuple[RecordedSpec, Vector, dict[str, str]]]:
    """Yield what the rule compares: the series, its expression, its labels."""
    lookback = windows.text(inventory.regression.lookback)
    on = equals(once(series(flags.ENABLED)), 1)
    harmless = once(series(flags.INFO, {"critical": "false"}))
    turned = both(once(series(flags.CHANGED)), on, harmless, on=("flag",))
    yield TURNED_ON, aggregate("max", turned), {}

    def growth(spec: MetricSpec) -> Vector:
        counter = series(spec)
        return once(counter, increase(counter, lookback))

    invocations = growth(lambda_functions.INVOCATIONS)
    enough = at_least(rounded(invocations), inventory.regression.min_baseline)
    yield LOOKBACK_RATIO, both(ratio(growth(lambda_functions.ERRORS), invocations), enough), {}
    recent, long = series(LAMBDA_ERROR_RATIO_RECENT), series(LOOKBACK_RATIO)
    yield BASELINE_RATIO, either(above(recent, long), long), {}
    # One step for each time a flag was turned on, as soon as that can be seen, back then.
    seen, step = _seen_after(inventory), inventory.collection.period
    age = since(series(TURNED_ON))
    then = both(
        ago(series(BASELINE_RATIO), windows.text(seen)),
        at_least(age, seen),
        below(age, seen + step),
        on=(),
    )
    # Of several flags the one that was turned on in the best of times: the worst hides no other.
    yield BEFORE_RATIO, over_steps("min_over_time", then, lookback, windows.text(step)), {}


def _seen_after(inventory: Inventory) -> float:
    """Return after how many seconds a flag that was turned on is seen to be so, at the latest."""
    scrapes = _SCRAPES * inventory.alerting.scrape_interval
    return inventory.collection.control_plane_every + _LEAST_POLL + scrapes


def _regressed(inventory: Inventory) -> AlertRule:
    limits = inventory.regression
    lookback = windows.text(limits.lookback)
    share, counter = series(LAMBDA_ERROR_RATIO_RECENT), series(lambda_functions.ERRORS)
    # Every period that failed is one change of the counter, however late the scrape saw it.
    periods = once(counter, over("changes", counter, windows.text(windows.recent(inventory))))
    failing = both(
        above(share, limits.floor),
        above(share, times(series(BEFORE_RATIO), limits.factor)),
        at_least(rounded(series(LAMBDA_ERRORS_RECENT)), limits.min_errors),
        at_least(periods, limits.periods),
        on=("function",),
    )
    age = since(series(TURNED_ON))
    # Before that, what can be seen failed before the flag was turned on.
    visible = inventory.collection.lag + limits.periods * inventory.collection.period
    return AlertRule(
        name="FunctionRegressedAfterFlag",
        expr=both(failing, at_least(age, visible), below(age, limits.lookback), on=()),
        severity=Severity.PAGE,
        team=inventory.contacts.levels[0].team,
        texts=texts.FUNCTION_REGRESSED,
        panel=Panel.ERROR_RATIO,
        keep_firing_for=windows.gap(inventory),
        threshold=limits.floor,
        shown=Shown.RATIO,
        values={"lookback": lookback, "factor": f"{limits.factor:g}"},
    )
