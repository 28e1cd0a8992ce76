"""GetMetricData: packed into full requests, paged to the end, every status read.

Quotas and prices: 500 queries a request; up to five statistics of one metric in one request are
billed as one metric; $0.01 per 1,000 metrics (CloudWatch API reference and price list). The request
body is JSON of which only the end changes from one cycle to the next, so the rest is built once.
"""

from __future__ import annotations

import functools
import logging
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from exporter.collector import CollectError, Context, Reason, Use
from exporter.windows import Window
from inventory.attempts import tag

_LOG = logging.getLogger(__name__)
MAX_QUERIES = 500
BILLED_TOGETHER = 5
USD_PER_METRIC = 0.01 / 1000
_FAILED = {"InternalError": Reason.SERVICE, "Forbidden": Reason.DENIED}
_ADDED_UP = frozenset({"Sum", "SampleCount"})
_IDS = tuple(f"q{number}" for number in range(MAX_QUERIES))
_NOTHING: Mapping[int, float] = MappingProxyType({})
# Requests of one run that are under way together; the limiter bounds those of all runs.
_AT_ONCE = 4
_SHAPES = 96


class Metric(NamedTuple):
    """One metric, the statistics wanted of it, and the scope that it is read in.

    ``signed`` says that its sum may be negative, as that of a gauge may: then it is not added up.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistics: tuple[str, ...]
    scope: str | None = None
    signed: bool = False

    def __repr__(self) -> str:
        """Return what the durable name of a view is made from: it must never change."""
        named = zip(self._fields[:-1], self, strict=False)
        return f"Metric({', '.join(f'{name}={value!r}' for name, value in named)})"

    @property
    def billed(self) -> int:
        """Metrics that AWS bills for it in one request."""
        return math.ceil(len(self.statistics) / BILLED_TOGETHER)


Answer = Mapping[tuple[str, str], Mapping[int, float]]
"""Values by metric name and statistic, then by period start."""
Query = tuple[Metric, str]
"""A metric and one statistic of it."""
_Found = dict[str, dict[int, float]]


def fetch(context: Context, metrics: Sequence[Metric], window: Window) -> dict[Metric, Answer]:
    """Return every datapoint of ``window``; a metric without datapoints has empty values.

    Raises:
        CollectError: if any result is missing, failed or incomplete, or time runs out: a part
            must not pass for the whole.
    """
    asked = list(batches(metrics))
    if len(asked) == 1:
        return _fetch_batch(context, asked[0], window)
    answers: dict[Metric, Answer] = {}
    with ThreadPoolExecutor(_AT_ONCE, "get-metric-data") as pool:
        # The first failure ends it: requests that have not begun are given up.
        for answer in pool.map(lambda batch: _fetch_batch(context, batch, window), asked):
            answers.update(answer)
    return answers


def batches(metrics: Sequence[Metric]) -> Iterator[tuple[Metric, ...]]:
    """Yield the metrics in requests of one scope each, never parting the statistics of one."""
    scopes: dict[str | None, list[Metric]] = {}
    for metric in metrics:
        scopes.setdefault(metric.scope, []).append(metric)
    for asked in scopes.values():
        batch: list[Metric] = []
        count = 0
        for metric in asked:
            if count + len(metric.statistics) > MAX_QUERIES:
                yield tuple(batch)
                batch, count = [], 0
            batch.append(metric)
            count += len(metric.statistics)
        if batch:
            yield tuple(batch)


def use(metrics: Sequence[Metric]) -> Use:
    """Return what one request of each of ``metrics`` sends and costs."""
    billed = sum(metric.billed for metric in metrics)
    calls = sum(1 for _ in batches(metrics))
    return Use("cloudwatch", "GetMetricData", calls, billed, billed * USD_PER_METRIC)


def _fetch_batch(
    context: Context, batch: tuple[Metric, ...], window: Window
) -> dict[Metric, Answer]:
    queries = dict(zip(_IDS, _queries(batch), strict=False))
    try:
        found = _pages(context, batch, queries, window)
    except CollectError as error:
        tag(error, batch[0].scope)
        raise
    ids = iter(_IDS)
    return {
        metric: {(metric.name, stat): found.get(next(ids), _NOTHING) for stat in metric.statistics}
        for metric in batch
    }


def _queries(batch: Sequence[Metric]) -> Iterator[Query]:
    return ((metric, statistic) for metric in batch for statistic in metric.statistics)


def _pages(
    context: Context, batch: tuple[Metric, ...], queries: Mapping[str, Query], window: Window
) -> _Found:
    send = context.client("cloudwatch", batch[0].scope).metric_data.send
    billed = sum(metric.billed for metric in batch)

    def sent() -> None:
        context.billed("cloudwatch", billed, billed * USD_PER_METRIC)

    found: _Found = {}
    status: dict[str, str] = {}
    token: str | None = None
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for GetMetricData")
        answer = send(body(batch, window, token), context.remaining, sent)
        try:
            page = orjson.loads(answer)
            read_page(page, queries, found, status)
            token = page.get("NextToken")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CollectError(
                Reason.ANSWER, f"GetMetricData's answer makes no sense: {type(error).__name__}"
            ) from error
        if not token:
            break
    _check_whole(queries, status)
    return found


def body(batch: tuple[Metric, ...], window: Window, token: str | None = None) -> bytes:
    """Return the request for ``batch`` over ``window``, or for the page that ``token`` names."""
    page = b"" if token is None else b',"NextToken":' + orjson.dumps(token)
    span = b',"StartTime":%d,"EndTime":%d' % (window.start, window.end)
    return b"".join((_unchanging(batch, window.period), span, page, b"}"))


def _unchanging(batch: tuple[Metric, ...], period: int) -> bytes:
    """Return what all requests for ``batch`` have in common: an object that is not closed yet."""
    return zlib.decompress(_kept(batch, period))


@functools.lru_cache(maxsize=_SHAPES)
def _kept(batch: tuple[Metric, ...], period: int) -> bytes:
    # A body is 80 kB that hardly differs from line to line.
    asked = [
        {
            "Id": identity,
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": name, "Value": v} for name, v in metric.dimensions],
                },
                "Period": period,
                "Stat": statistic,
            },
        }
        for identity, (metric, statistic) in zip(_IDS, _queries(batch), strict=False)
    ]
    document = {"ScanBy": "TimestampAscending", "MetricDataQueries": asked}
    return zlib.compress(orjson.dumps(document)[:-1], 1)


def read_page(
    page: Mapping[str, Any], queries: Mapping[str, Query], found: _Found, status: dict[str, str]
) -> None:
    """Merge one page into ``found`` and ``status`` by query id; empty results are left out.

    Raises:
        CollectError: for a result that failed, or a value that is to be added up and cannot be.
    """
    for message in page.get("Messages") or ():
        _LOG.warning("GetMetricData: %s: %s", message.get("Code"), message.get("Value"))
        if message.get("Code") == "MaxMetricsExceeded":
            raise CollectError(Reason.ANSWER, "GetMetricData left metrics out: too many at once")
    for result in page["MetricDataResults"]:
        identity, code = result["Id"], result.get("StatusCode", "Complete")
        if messages := result.get("Messages"):
            for message in messages:
                _LOG.warning("GetMetricData: %s: %s", message.get("Code"), message.get("Value"))
        if code in _FAILED:
            raise CollectError(_FAILED[code], f"GetMetricData answered {code}")
        status[identity] = code
        times = result["Timestamps"]
        if not times:
            continue
        values = dict(zip(map(int, times), map(float, result["Values"]), strict=True))
        metric, statistic = queries[identity]
        if statistic in _ADDED_UP and not metric.signed:
            _check_can_be_added(values)
        known = found.setdefault(identity, values)
        if known is not values:
            known.update(values)


def _check_can_be_added(values: Mapping[int, float]) -> None:
    numbers = values.values()
    if min(numbers) < 0 or max(numbers) == math.inf or any(map(math.isnan, numbers)):
        wrong = next(value for value in numbers if not 0 <= value < math.inf)
        raise CollectError(Reason.ANSWER, f"GetMetricData answered the value {wrong}")


def _check_whole(queries: Mapping[str, object], status: Mapping[str, str]) -> None:
    missing = queries.keys() - status.keys()
    partial = [identity for identity, code in status.items() if code != "Complete"]
    if missing:
        raise CollectError(Reason.ANSWER, f"GetMetricData left out {len(missing)} results")
    if partial:
        raise CollectError(
            Reason.ANSWER, f"GetMetricData ended with {len(partial)} partial results"
        )
