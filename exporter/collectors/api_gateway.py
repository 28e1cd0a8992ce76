"""API Gateway: requests, errors and latency of every stage in the inventory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter import periods
from exporter.collector import Collector, Context, Priority, Reading, Use
from exporter.folding import FoldState, Points, fold
from exporter.samples import Series, SummaryValue
from exporter.sources.cloudwatch import Answer, Metric, use
from exporter.telemetry import REVISED_DOWN
from exporter.windows import Window
from inventory.model import Inventory
from inventory.resources import Api

REQUESTS = MetricSpec(
    "dataplatform_api_requests_total",
    Kind.COUNTER,
    ("api", "stage"),
    Text("Requisições recebidas pela API", "Requests that the API received"),
)
ERRORS = MetricSpec(
    "dataplatform_api_errors_total",
    Kind.COUNTER,
    ("api", "stage", "class"),
    Text("Requisições que terminaram em erro 4xx ou 5xx", "Requests that ended in 4xx or 5xx"),
)
SLOW_REQUESTS = MetricSpec(
    "dataplatform_api_slow_requests_total",
    Kind.COUNTER,
    ("api", "stage"),
    Text(
        "Requisições mais lentas que o objetivo de latência",
        "Requests slower than the latency objective",
    ),
)
LATENCY = MetricSpec(
    "dataplatform_api_latency_seconds",
    Kind.SUMMARY,
    ("api", "stage"),
    Text("Latência das respostas da API", "Latency of the API's responses"),
    quantiles=(0.5, 0.9, 0.99),
)
SPECS = (REQUESTS, ERRORS, SLOW_REQUESTS, LATENCY)

_NAME = "api"
_QUANTILES = {0.5: "p50", 0.9: "p90", 0.99: "p99"}


@dataclass(frozen=True)
class Parsed:
    """One stage's periods: sums by statistic, the newest period's quantiles in seconds."""

    points: Mapping[str, Points]
    quantiles: dict[float, float]
    newest: int | None


@dataclass(frozen=True)
class Record:
    """What is durable of a stage."""

    fold: FoldState
    newest: int | None = None
    quantiles: dict[float, float] = field(default_factory=dict)


def parse(answer: Answer, window: Window, rank: str) -> Parsed:
    """Read one stage's answer; latencies turn from milliseconds into seconds.

    ``rank`` is the percentile-rank statistic of the latency objective: the percentage of requests
    within it. Every request has a Latency, so that its SampleCount counts them.
    """
    requests = answer["Latency", "SampleCount"]
    within = answer["Latency", rank]
    last = window.end - window.period
    return Parsed(
        {
            "requests": requests,
            "latency_sum": {at: ms / 1000 for at, ms in answer["Latency", "Sum"].items()},
            "slow": {
                at: float(round(count * (1 - within[at] / 100)))
                for at, count in requests.items()
                if at in within
            },
            "4xx": dict.fromkeys(requests, 0.0) | dict(answer["4XXError", "Sum"]),
            "5xx": dict.fromkeys(requests, 0.0) | dict(answer["5XXError", "Sum"]),
        },
        {
            quantile: answer["Latency", statistic].get(last, math.nan) / 1000
            for quantile, statistic in _QUANTILES.items()
        },
        max(requests, default=None),
    )


def rank_statistic(below: float) -> str:
    """Return CloudWatch's percentile-rank statistic of latencies up to ``below`` seconds."""
    return f"PR(:{f'{below * 1000:.3f}'.rstrip('0').rstrip('.')})"


def collect(context: Context) -> Reading:
    """Read and fold the closed periods of every stage."""
    apis = {f"{api.key}/{api.stage}": api for api in context.inventory.apis}
    known = {key: _record(document) for key, document in context.state.load().items()}
    now, collection = context.now(), context.inventory.collection
    folds = {key: record.fold for key, record in known.items()}
    behind = periods.clock_is_behind(collection, now, (record.newest for record in known.values()))
    states = periods.open_states(collection, now, folds, apis, behind=behind)
    records = {key: replace(known.get(key, Record(states[key])), fold=states[key]) for key in apis}
    rank = rank_statistic(context.inventory.objectives.api_latency.below)

    def take(key: str, answer: Answer, window: Window) -> FoldState:
        parsed = parse(answer, window, rank)
        state = fold(states[key], parsed.points, window.end, collection.lookback).state
        seen = (at for at in (records[key].newest, parsed.newest) if at is not None)
        records[key] = Record(state, max(seen, default=None), parsed.quantiles)
        return state

    def commit(keys: Sequence[str]) -> None:
        context.state.commit({key: _document(records[key]) for key in keys})

    metrics = {key: _metrics(api, rank) for key, api in apis.items()}
    periods.catch_up(context, now, states, metrics.__getitem__, take, commit)
    revised = sum(record.fold.revised_down for record in (known | records).values())
    return Reading(
        (
            *(series for key, api in apis.items() for series in _series(api, records[key])),
            Series(REVISED_DOWN, (_NAME,), float(revised)),
        ),
        expected=len(apis),
        seen=sum(1 for key in apis if records[key].newest is not None),
        newest={key: records[key].newest for key in apis},
    )


def _metrics(api: Api, rank: str) -> tuple[Metric, ...]:
    dimensions = (("ApiName", api.name), ("Stage", api.stage))
    latency = ("Sum", "SampleCount", *_QUANTILES.values())
    return (
        Metric("AWS/ApiGateway", "Latency", dimensions, latency, api.scope),
        Metric("AWS/ApiGateway", "Latency", dimensions, (rank,), api.scope),
        Metric("AWS/ApiGateway", "4XXError", dimensions, ("Sum",), api.scope),
        Metric("AWS/ApiGateway", "5XXError", dimensions, ("Sum",), api.scope),
    )


def _series(api: Api, record: Record) -> Iterator[Series]:
    labels = (api.key, api.stage)
    totals = record.fold.totals
    yield Series(REQUESTS, labels, totals.get("requests", 0.0))
    yield Series(SLOW_REQUESTS, labels, totals.get("slow", 0.0))
    yield Series(ERRORS, (*labels, "4xx"), totals.get("4xx", 0.0))
    yield Series(ERRORS, (*labels, "5xx"), totals.get("5xx", 0.0))
    yield Series(
        LATENCY,
        labels,
        SummaryValue(
            totals.get("latency_sum", 0.0),
            totals.get("requests", 0.0),
            {quantile: record.quantiles.get(quantile, math.nan) for quantile in _QUANTILES},
        ),
    )


def _document(record: Record) -> dict[str, Any]:
    return {
        "fold": record.fold.to_json(),
        "newest": record.newest,
        "quantiles": [[q, v] for q, v in record.quantiles.items() if not math.isnan(v)],
    }


def _record(document: Mapping[str, Any]) -> Record:
    return Record(
        FoldState.from_json(document["fold"]), document["newest"], dict(document["quantiles"])
    )


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends."""
    rank = rank_statistic(inventory.objectives.api_latency.below)
    return (use([metric for api in inventory.apis for metric in _metrics(api, rank)]),)


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudwatch:GetMetricData",),
    every=lambda inventory: inventory.collection.period,
    offset=lambda inventory: inventory.collection.lag,
    deadline=lambda inventory: max(inventory.collection.period, 10.0),
    collect=collect,
    uses=uses,
    priority=Priority.VITAL,
)
