"""Lambda: invocations, errors, throttles, duration, and the version each alias serves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import aliases, periods
from exporter.aliases import AliasLog
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.folding import Folded, FoldState, Points, fold
from exporter.samples import Series, SummaryValue
from exporter.sources.cloudwatch import Answer, Metric, use
from exporter.telemetry import REVISED_DOWN
from exporter.windows import Window
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
_QUANTILES = {0.5: "p50", 0.9: "p90", 0.99: "p99"}
_POLLS_AT_ONCE = 8
_ONE_BY_ONE = 16


@dataclass(frozen=True)
class Parsed:
    """One function's periods: sums by statistic, the newest period's quantiles in seconds."""

    points: Mapping[str, Points]
    quantiles: dict[float, float]
    newest: int | None


@dataclass(frozen=True)
class Version:
    """What one version of an alias is answerable for, and when it was last seen serving."""

    invocations: float = 0.0
    errors: float = 0.0
    last_served: float = 0.0


@dataclass(frozen=True)
class Record:
    """What is durable of a function's totals."""

    fold: FoldState
    newest: int | None = None
    quantiles: dict[float, float] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)


def parse(answer: Answer, window: Window) -> Parsed:
    """Read one function's answer; durations turn from milliseconds into seconds.

    AWS sends no Errors datapoint for a period in which nothing failed, hence 0 wherever there are
    invocations.
    """
    invocations = answer["Invocations", "Sum"]
    errors = dict.fromkeys(invocations, 0.0) | dict(answer["Errors", "Sum"])
    last = window.end - window.period
    return Parsed(
        {
            "invocations": invocations,
            "errors": errors,
            "throttles": answer["Throttles", "Sum"],
            "duration_sum": {at: ms / 1000 for at, ms in answer["Duration", "Sum"].items()},
            "duration_count": answer["Duration", "SampleCount"],
        },
        {
            quantile: answer["Duration", statistic].get(last, math.nan) / 1000
            for quantile, statistic in _QUANTILES.items()
        },
        max(invocations, default=None),
    )


def attribute(
    versions: Mapping[str, Version], folded: Folded, log: AliasLog, keep_since: float
) -> dict[str, Version]:
    """Add what was folded to the versions that alone served it, and forget long gone ones."""
    result = dict(versions)
    for segment in log.segments:
        for version in segment.served:
            known = result.get(version, Version())
            result[version] = replace(known, last_served=max(known.last_served, segment.last))
    for statistic, points in folded.added.items():
        if statistic not in ("invocations", "errors"):
            continue
        for at, value in points.items():
            sole = log.sole_version(at, at + folded.state.period)
            if sole is not None:
                known = result[sole]
                result[sole] = replace(known, **{statistic: getattr(known, statistic) + value})
    return {name: known for name, known in result.items() if known.last_served >= keep_since}


def collect(context: Context) -> Reading:
    """Poll every alias, then read and fold the closed periods."""
    functions = {function.key: function for function in context.inventory.functions}
    documents = context.state.load()
    known = {
        key.removeprefix("totals/"): _record(document)
        for key, document in documents.items()
        if key.startswith("totals/")
    }
    # One moment decides which periods are closed, so that every poll comes after all of them.
    now, collection = context.now(), context.inventory.collection
    folds = {name: record.fold for name, record in known.items()}
    states = periods.open_states(collection, now, folds, tuple(functions))
    followed = tuple(function for function in functions.values() if function.follow_alias)
    logs = {key: AliasLog() for key in functions} | _poll_all(context, followed, documents)
    records = {
        name: _resumed(known.get(name), states[name], function, documents)
        for name, function in functions.items()
    }
    keep_since = now - _memory(context.inventory)

    def take(name: str, answer: Answer, window: Window) -> FoldState:
        parsed = parse(answer, window)
        folded = fold(states[name], parsed.points, window.end, collection.lookback)
        record = records[name]
        records[name] = Record(
            folded.state,
            max((at for at in (record.newest, parsed.newest) if at is not None), default=None),
            parsed.quantiles,
            attribute(record.versions, folded, logs[name], keep_since),
        )
        return folded.state

    def commit(names: Sequence[str]) -> None:
        context.state.commit({f"totals/{name}": _document(records[name]) for name in names})

    periods.catch_up(
        context, now, states, {key: _metrics(f) for key, f in functions.items()}, take, commit
    )
    revised = sum(record.fold.revised_down for record in (known | records).values())
    missing = tuple(function.key for function in followed if not logs[function.key].served)
    return Reading(
        (
            *(
                series
                for name, function in functions.items()
                for series in _series(function, records[name], logs[name])
            ),
            Series(REVISED_DOWN, (_NAME,), float(revised)),
        ),
        expected=len(functions),
        seen=len(functions) - len(missing),
        newest={name: records[name].newest for name in functions},
        missing=missing,
    )


def _resumed(
    known: Record | None, state: FoldState, function: Function, documents: Mapping[str, Any]
) -> Record:
    if known is None:
        return Record(state)
    same_alias = documents.get(f"alias/{function.key}", {}).get("alias") == function.alias
    return replace(known, fold=state, versions=known.versions if same_alias else {})


def _memory(inventory: Inventory) -> float:
    collection = inventory.collection
    return max(inventory.regression.lookback, collection.backfill, collection.lookback)


def _metrics(function: Function) -> tuple[Metric, ...]:
    dimensions, scope = (("FunctionName", function.name),), function.scope
    duration = ("Sum", "SampleCount", *_QUANTILES.values())
    return (
        *(
            Metric("AWS/Lambda", name, dimensions, ("Sum",), scope)
            for name in ("Invocations", "Errors", "Throttles")
        ),
        Metric("AWS/Lambda", "Duration", dimensions, duration, scope),
    )


def _poll_all(
    context: Context, functions: Sequence[Function], documents: Mapping[str, Any]
) -> dict[str, AliasLog]:
    collection = context.inventory.collection
    needed_from = context.now() - 2 * (collection.lookback + collection.lag + collection.period)

    def poll(function: Function) -> AliasLog:
        document = documents.get(f"alias/{function.key}", {})
        known = document.get("alias") == function.alias
        # Periods that an outage left unread may lie further back than the look-back.
        totals = documents.get(f"totals/{function.key}")
        since = min(needed_from, totals["fold"]["floor"]) if totals else needed_from
        log = aliases.forget(AliasLog.from_json(document["log"]), since) if known else AliasLog()
        return _poll(context, function, log)

    if len(functions) <= _ONE_BY_ONE:
        logs = [poll(function) for function in functions]
    else:
        with ThreadPoolExecutor(_POLLS_AT_ONCE, "get-alias") as pool:
            logs = list(pool.map(poll, functions))
    found = {function.key: log for function, log in zip(functions, logs, strict=True)}
    context.state.commit(
        {
            f"alias/{function.key}": {
                "alias": function.alias,
                "log": found[function.key].to_json(),
            }
            for function in functions
        }
    )
    return found


def _poll(context: Context, function: Function, log: AliasLog) -> AliasLog:
    if context.remaining() <= 0:
        raise CollectError(Reason.TIMEOUT, "no time left for GetAlias")
    asked = context.now()
    try:
        answer = context.client("lambda", function.scope).get_alias(
            FunctionName=function.name, Name=function.alias
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        return aliases.observe(log, {}, "", asked, context.now())
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    served = aliases.served_by(answer["FunctionVersion"], weights)
    return aliases.observe(log, served, answer.get("RevisionId", ""), asked, context.now())


def _series(function: Function, record: Record, log: AliasLog) -> Iterator[Series]:
    name, alias = (function.key,), (function.key, function.alias)
    totals = record.fold.totals
    yield Series(INVOCATIONS, name, totals.get("invocations", 0.0))
    yield Series(ERRORS, name, totals.get("errors", 0.0))
    yield Series(THROTTLES, name, totals.get("throttles", 0.0))
    yield Series(
        DURATION,
        name,
        SummaryValue(
            totals.get("duration_sum", 0.0),
            totals.get("duration_count", 0.0),
            {quantile: record.quantiles.get(quantile, math.nan) for quantile in _QUANTILES},
        ),
    )
    # A version is shown with 0 from its first poll on, so that increase() sees its first errors.
    versions = dict.fromkeys(log.served, Version()) | record.versions
    for version, known in versions.items():
        yield Series(VERSION_INVOCATIONS, (*alias, version), known.invocations)
        yield Series(VERSION_ERRORS, (*alias, version), known.errors)
    for version, share in log.served.items():
        yield Series(ALIAS_INFO, (*alias, version), 1.0)
        yield Series(ALIAS_WEIGHT, (*alias, version), share)
    if log.changed_at is not None:
        yield Series(ALIAS_CHANGED, alias, log.changed_at)


def _document(record: Record) -> dict[str, Any]:
    return {
        "fold": record.fold.to_json(),
        "newest": record.newest,
        "quantiles": [[q, v] for q, v in record.quantiles.items() if not math.isnan(v)],
        "versions": {
            version: [known.invocations, known.errors, known.last_served]
            for version, known in record.versions.items()
        },
    }


def _record(document: Mapping[str, Any]) -> Record:
    return Record(
        FoldState.from_json(document["fold"]),
        document["newest"],
        dict(document["quantiles"]),
        {version: Version(*values) for version, values in document["versions"].items()},
    )


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends."""
    asked = [metric for function in inventory.functions for metric in _metrics(function)]
    polls = sum(1 for function in inventory.functions if function.follow_alias)
    return (use(asked), Use("lambda", "GetAlias", polls))


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:GetMetricData", "lambda:GetAlias"),
    every=lambda inventory: min(
        inventory.collection.period, inventory.collection.control_plane_every
    ),
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(inventory.collection.period, 10.0),
    collect=collect,
    uses=uses,
    priority=Priority.VITAL,
)
