"""CloudWatch metrics shown as series: folded into counters and summaries, or the newest value.

A collector says which metric becomes which series; reading, folding, catching up after an outage
and keeping the totals is the same for all.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from exporter import periods
from exporter.collector import CollectorState, Context, Use
from exporter.folding import FoldState, Points, fold
from exporter.samples import Series, SummaryValue
from exporter.sources.cloudwatch import Answer, Metric, use
from exporter.windows import Window
from inventory.model import Collection

QUANTILES: Mapping[float, str] = {0.5: "p50", 0.9: "p90", 0.99: "p99"}
_PREFIX = "view/"
# CloudWatch takes these periods and multiples of a minute (GetMetricData, MetricStat).
_SHORT_PERIODS = (1, 5, 10, 30)
_MINUTE = 60


@dataclass(frozen=True)
class View:
    """One CloudWatch metric as one series of ``spec``.

    A counter adds up Sum, a summary reads the whole statistic set, a gauge shows the newest value
    of ``statistic`` within the look-back and is absent where there is none. ``scale`` turns
    CloudWatch's unit into the base unit. ``resource`` names it in the reading's ``newest``.
    """

    spec: MetricSpec
    labels: tuple[str, ...]
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    resource: str
    statistic: str = "Sum"
    scale: float = 1.0
    scope: str | None = None

    @property
    def metric(self) -> Metric:
        """The query's metric and statistics."""
        statistics: tuple[str, ...] = (self.statistic,)
        if self.spec.kind is Kind.SUMMARY:
            statistics = ("Sum", "SampleCount", *QUANTILES.values())
        return Metric(self.namespace, self.name, self.dimensions, statistics, self.scope)

    @property
    def key(self) -> str:
        """A durable name of what is folded: another metric or series begins anew."""
        identity = repr((self.spec.name, self.spec.kind.value, self.labels, self.metric))
        return _PREFIX + hashlib.sha256(identity.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Record:
    """What is durable of a view; ``latest`` holds the newest value by statistic, unscaled."""

    fold: FoldState
    newest: int | None = None
    latest: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Viewed:
    """The series of the views, the newest datapoint by resource, and downward revisions."""

    series: tuple[Series, ...]
    newest: Mapping[str, float | None]
    revised_down: int


def slow(collection: Collection) -> Collection:
    """Return the timing of what is read once in ``slow_every``: the longest period within it.

    A collector that runs more often than that finds no new period closed, and asks nothing.
    """
    minutes = int(collection.slow_every // _MINUTE) * _MINUTE
    short = max((p for p in _SHORT_PERIODS if p <= collection.slow_every), default=1)
    period = max(float(minutes or short), collection.period)
    # The newest closed period began up to two periods before it is looked at for the last time.
    lookback = max(collection.lookback, 2 * period)
    return collection.model_copy(update={"period": period, "lookback": lookback})


def use_of(views: Sequence[View], every: float, timing: Collection) -> Use:
    """Return what a run sends for the views on average, if one comes every ``every`` seconds."""
    share = min(1.0, every / timing.period)
    whole = use([view.metric for view in views])
    return replace(
        whole,
        calls=whole.calls * share,
        metrics=whole.metrics * share,
        usd=whole.usd * share,
    )


def read(context: Context, views: Sequence[View], timing: Collection | None = None) -> Viewed:
    """Read and fold what the views' closed periods hold.

    ``timing`` gives period, lag, look-back and back-fill where they are not the inventory's.

    Raises:
        CollectError: if a request failed; what was committed before stays.
    """
    timing = timing or context.inventory.collection
    by_key = {view.key: view for view in views}
    kept = _kept(context.state)
    known = {key: kept[key] for key in by_key if key in kept}
    now = context.now()
    folds = {key: record.fold for key, record in known.items()}
    behind = periods.clock_is_behind(timing, now, (record.newest for record in known.values()))
    states = periods.open_states(timing, now, folds, by_key, behind=behind)
    records = {
        key: replace(known.get(key, Record(states[key])), fold=states[key]) for key in by_key
    }

    def take(key: str, answer: Answer, window: Window) -> FoldState:
        records[key] = taken(by_key[key], records[key], answer, window, timing.lookback)
        return records[key].fold

    def commit(keys: Sequence[str]) -> None:
        context.state.commit({key: document_of(records[key]) for key in keys})
        kept.update({key: records[key] for key in keys})

    metrics = {key: (view.metric,) for key, view in by_key.items()}
    periods.catch_up(context, now, states, metrics.__getitem__, take, commit, timing)
    _forget(context.state, kept, kept.keys() - by_key.keys())
    shown = [
        series
        for key, view in by_key.items()
        if (series := shown_as(view, records[key], now - timing.lookback - timing.lag)) is not None
    ]
    return Viewed(
        tuple(shown),
        _newest(by_key, records),
        sum(record.fold.revised_down for record in records.values()),
    )


def _kept(state: CollectorState) -> dict[str, Record]:
    """Return what was committed, decoded once for the life of the process."""
    memory = state.memory()
    if _PREFIX not in memory:
        documents = state.load(_PREFIX)
        memory[_PREFIX] = {key: record_of(document) for key, document in documents.items()}
    kept: dict[str, Record] = memory[_PREFIX]
    return kept


def _forget(state: CollectorState, kept: dict[str, Record], gone: AbstractSet[str]) -> None:
    if gone:
        state.commit(dict.fromkeys(gone))
        for key in gone - state.load(_PREFIX).keys():
            del kept[key]


def taken(view: View, record: Record, answer: Answer, window: Window, lookback: float) -> Record:
    """Return the record after one window's answer."""
    values = {statistic: answer[view.name, statistic] for statistic in view.metric.statistics}
    folded = ("Sum", "SampleCount") if view.spec.kind is Kind.SUMMARY else ("Sum",)
    points: dict[str, Points] = {}
    if view.spec.kind is not Kind.GAUGE:
        points = {statistic: values[statistic] for statistic in folded}
    state = fold(record.fold, points, window.end, lookback).state
    times = [max(found) for found in values.values() if found]
    if not times:
        return replace(record, fold=state)
    newest = max(times)
    latest = {name: found[newest] for name, found in values.items() if newest in found}
    if record.newest is not None and record.newest > newest:
        return replace(record, fold=state)
    return Record(state, newest, latest)


def shown_as(view: View, record: Record, since: float) -> Series | None:
    """Return the series; None for a gauge without a value from ``since`` (unix seconds) on."""
    totals, scale = record.fold.totals, view.scale
    if view.spec.kind is Kind.COUNTER:
        return Series(view.spec, view.labels, totals.get("Sum", 0.0) * scale)
    current = record.newest is not None and record.newest >= since
    if view.spec.kind is Kind.SUMMARY:
        quantiles = {
            quantile: record.latest.get(statistic, math.nan) * scale if current else math.nan
            for quantile, statistic in QUANTILES.items()
        }
        summary = SummaryValue(
            totals.get("Sum", 0.0) * scale, totals.get("SampleCount", 0.0), quantiles
        )
        return Series(view.spec, view.labels, summary)
    if not current or view.statistic not in record.latest:
        return None
    return Series(view.spec, view.labels, record.latest[view.statistic] * scale)


def _newest(views: Mapping[str, View], records: Mapping[str, Record]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for key, view in views.items():
        times = [at for at in (found.get(view.resource), records[key].newest) if at is not None]
        found[view.resource] = max(times, default=None)
    return found


def document_of(record: Record) -> dict[str, Any]:
    """Return the record as plain data."""
    return {"fold": record.fold.to_json(), "newest": record.newest, "latest": record.latest}


def record_of(document: Mapping[str, Any]) -> Record:
    """Return the record that :func:`document_of` wrote."""
    return Record(
        FoldState.from_json(document["fold"]), document["newest"], dict(document["latest"])
    )
