"""Lambda: invocations, errors, throttles, duration, and the version each alias serves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import alias_polls
from exporter.aliases import AliasLog
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.function_counts import FunctionCounts
from exporter.function_pace import QUANTILES, phases, requests
from exporter.function_records import Timing, Traffic, Version
from exporter.samples import Series, SummaryValue
from exporter.telemetry import REVISED_DOWN
from inventory.model import Inventory
from inventory.resources import Function

INVOCATIONS = MetricSpec(
    "dataplatform_lambda_invocations_total",
    Kind.COUNTER,
    ("function",),
    Text("Invocações da função", "Invocations of the function"),
)
ERRORS = MetricSpec(
    "dataplatform_lambda_errors_total",
    Kind.COUNTER,
    ("function",),
    Text("Invocações que falharam", "Invocations that failed"),
)
THROTTLES = MetricSpec(
    "dataplatform_lambda_throttles_total",
    Kind.COUNTER,
    ("function",),
    Text("Invocações recusadas por limite de concorrência", "Invocations refused by throttling"),
)
DURATION = MetricSpec(
    "dataplatform_lambda_duration_seconds",
    Kind.SUMMARY,
    ("function",),
    Text("Duração das invocações", "Duration of invocations"),
    quantiles=(0.5, 0.9, 0.99),
)
VERSION_INVOCATIONS = MetricSpec(
    "dataplatform_lambda_version_invocations_total",
    Kind.COUNTER,
    ("function", "alias", "version"),
    Text(
        "Invocações em períodos em que o alias servia só esta versão",
        "Invocations in periods in which the alias served this version alone",
    ),
)
VERSION_ERRORS = MetricSpec(
    "dataplatform_lambda_version_errors_total",
    Kind.COUNTER,
    ("function", "alias", "version"),
    Text(
        "Falhas em períodos em que o alias servia só esta versão",
        "Failures in periods in which the alias served this version alone",
    ),
)
ALIAS_INFO = MetricSpec(
    "dataplatform_lambda_alias_info",
    Kind.GAUGE,
    ("function", "alias", "version"),
    Text("Versão servida pelo alias; sempre 1", "Version that the alias serves; always 1"),
)
ALIAS_WEIGHT = MetricSpec(
    "dataplatform_lambda_alias_weight",
    Kind.GAUGE,
    ("function", "alias", "version"),
    Text(
        "Parte do tráfego que o alias dá à versão, de 0 a 1",
        "Share of the traffic that the alias gives to the version, 0 to 1",
    ),
)
ALIAS_CHANGED = MetricSpec(
    "dataplatform_lambda_alias_changed_timestamp_seconds",
    Kind.GAUGE,
    ("function", "alias"),
    Text(
        "Quando se viu o alias mudar de versão; ausente se nunca se viu",
        "When the alias was seen to change version; absent if it never was",
    ),
)
SPECS = (
    INVOCATIONS,
    ERRORS,
    THROTTLES,
    DURATION,
    VERSION_INVOCATIONS,
    VERSION_ERRORS,
    ALIAS_INFO,
    ALIAS_WEIGHT,
    ALIAS_CHANGED,
)

_NAME = "lambda"
_MEMORY = "shown"
_UNKNOWN = (math.nan,) * len(QUANTILES)
_Shown = tuple[Timing, Series, Series, Series, Series]


def collect(context: Context) -> Reading:
    """Poll every followed alias, then read and fold the closed periods."""
    # One moment decides which periods are closed, so that every poll comes after all of them.
    now, collection = context.now(), context.inventory.collection
    late = phases(context.inventory)
    unsorted = {function.key: function for function in context.inventory.functions}
    # Those whose turn is the same stand together: what they change is one piece of the exposition.
    functions = {key: unsorted[key] for key in sorted(late, key=late.__getitem__)}
    counts = FunctionCounts(context, functions, late, now)
    followed = tuple(function for function in functions.values() if function.follow_alias)
    polled = alias_polls.known_logs(context)
    for function in followed:
        if function.key not in polled or polled[function.key][0] != function.alias:
            counts.forget_versions(function.key)
    needed = now - 2 * (collection.lookback + collection.lag + collection.period)
    # Periods that an outage left unread may lie further back than the look-back.
    since = {f.key: min(needed, counts.attributable_since(f.key)) for f in followed}
    logs = alias_polls.poll_all(context, followed, since)
    counts.read(logs, now - _memory(context.inventory))
    missing = tuple(function.key for function in followed if not logs[function.key].served)
    return Reading(
        (
            *_shown(context, functions, counts),
            *(
                series
                for function in followed
                for series in _versions(function, counts.traffic[function.key], logs[function.key])
            ),
            Series(REVISED_DOWN, (_NAME,), float(counts.revised_down)),
        ),
        expected=len(functions),
        seen=len(functions) - len(missing),
        newest={name: counts.traffic[name].newest for name in functions},
        missing=missing,
    )


def _memory(inventory: Inventory) -> float:
    collection = inventory.collection
    return max(inventory.regression.lookback, collection.backfill, collection.lookback)


def _shown(context: Context, functions: Iterable[str], counts: FunctionCounts) -> Iterator[Series]:
    """Yield what every function has; a series whose value did not change is the same object."""
    memory = context.state.memory()
    before: Mapping[str, _Shown] = memory.get(_MEMORY, {})
    shown = {
        name: _series(name, counts.traffic[name], counts.timing[name], before.get(name))
        for name in functions
    }
    memory[_MEMORY] = shown
    return (series for found in shown.values() for series in found[1:])


def _series(name: str, traffic: Traffic, timing: Timing, before: _Shown | None) -> _Shown:
    invocations = traffic.invocations.total("invocations")
    errors = traffic.errors.total("errors")
    throttles = traffic.throttles.total("throttles")
    label = before[1].labels if before else (name,)
    if before is None:
        return (
            timing,
            Series(INVOCATIONS, label, invocations),
            Series(ERRORS, label, errors),
            Series(THROTTLES, label, throttles),
            Series(DURATION, label, _duration(timing)),
        )
    known, counted, failed, throttled, timed = before
    return (
        timing,
        counted if counted.value == invocations else Series(INVOCATIONS, label, invocations),
        failed if failed.value == errors else Series(ERRORS, label, errors),
        throttled if throttled.value == throttles else Series(THROTTLES, label, throttles),
        timed if known is timing else Series(DURATION, label, _duration(timing)),
    )


def _duration(timing: Timing) -> SummaryValue:
    quantiles = timing.quantiles or _UNKNOWN
    return SummaryValue(
        timing.duration.total("duration_sum"),
        timing.duration.total("duration_count"),
        dict(zip(QUANTILES, quantiles, strict=True)),
    )


def _versions(function: Function, traffic: Traffic, log: AliasLog) -> Iterator[Series]:
    alias = (function.key, function.alias)
    # A version is shown with 0 from its first poll on, so that increase() sees its first errors.
    versions = dict.fromkeys(log.served, Version()) | dict(traffic.versions or {})
    for version, known in versions.items():
        yield Series(VERSION_INVOCATIONS, (*alias, version), known.invocations)
        yield Series(VERSION_ERRORS, (*alias, version), known.errors)
    for version, share in log.served.items():
        yield Series(ALIAS_INFO, (*alias, version), 1.0)
        yield Series(ALIAS_WEIGHT, (*alias, version), share)
    if log.changed_at is not None:
        yield Series(ALIAS_CHANGED, alias, log.changed_at)


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends on average when the account's sums spare no request."""
    polls = sum(1 for function in inventory.functions if function.follow_alias)
    return (*requests(inventory, _every(inventory)), Use("lambda", "GetAlias", polls))


def _every(inventory: Inventory) -> float:
    return min(inventory.collection.period, inventory.collection.control_plane_every)


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:GetMetricData", "lambda:GetAlias"),
    every=_every,
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(inventory.collection.period, 10.0),
    collect=collect,
    uses=uses,
    priority=Priority.VITAL,
)
