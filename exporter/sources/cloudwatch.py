"""GetMetricData: packed into full requests, paged to the end, every status read.

Quotas and prices: 500 queries a request; up to five statistics of one metric in one request are
billed as one metric; $0.01 per 1,000 metrics (CloudWatch API reference and price list).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exporter.collector import CollectError, Context, Reason, Use
from exporter.windows import Window

_LOG = logging.getLogger(__name__)
MAX_QUERIES = 500
BILLED_TOGETHER = 5
USD_PER_METRIC = 0.01 / 1000
_FAILED = {"InternalError": Reason.SERVICE, "Forbidden": Reason.DENIED}


@dataclass(frozen=True)
class Metric:
    """One metric, the statistics wanted of it, and the scope that it is read in."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistics: tuple[str, ...]
    scope: str | None = None

    @property
    def billed(self) -> int:
        """Metrics that AWS bills for it in one request."""
        return math.ceil(len(self.statistics) / BILLED_TOGETHER)


Answer = Mapping[tuple[str, str], Mapping[int, float]]
"""Values by metric name and statistic, then by period start."""
_Found = dict[str, dict[int, float]]


def fetch(context: Context, metrics: Sequence[Metric], window: Window) -> dict[Metric, Answer]:
    """Return every datapoint of ``window``; a metric without datapoints has empty values.

    Raises:
        CollectError: if any result is missing, failed or incomplete, or time runs out: a part
            must not pass for the whole.
    """
    answers: dict[Metric, Answer] = {}
    for batch in batches(metrics):
        queries = {
            f"q{number}": (metric, statistic)
            for number, (metric, statistic) in enumerate(
                (metric, statistic) for metric in batch for statistic in metric.statistics
            )
        }
        client = context.client("cloudwatch", batch[0].scope)
        billed = sum(metric.billed for metric in batch)
        found = _fetch_batch(context, client, queries, billed, window)
        for metric in batch:
            answers[metric] = {}
        for identity, (metric, statistic) in queries.items():
            answers[metric] = {**answers[metric], (metric.name, statistic): found[identity]}
    return answers


def batches(metrics: Sequence[Metric]) -> Iterator[list[Metric]]:
    """Yield the metrics in requests of one scope each, never parting the statistics of one."""
    scopes: dict[str | None, list[Metric]] = {}
    for metric in metrics:
        scopes.setdefault(metric.scope, []).append(metric)
    for asked in scopes.values():
        batch: list[Metric] = []
        count = 0
        for metric in asked:
            if count + len(metric.statistics) > MAX_QUERIES:
                yield batch
                batch, count = [], 0
            batch.append(metric)
            count += len(metric.statistics)
        if batch:
            yield batch


def use(metrics: Sequence[Metric]) -> Use:
    """Return what one request of each of ``metrics`` sends and costs."""
    billed = sum(metric.billed for metric in metrics)
    calls = sum(1 for _ in batches(metrics))
    return Use("cloudwatch", "GetMetricData", calls, billed, billed * USD_PER_METRIC)


def _fetch_batch(
    context: Context,
    client: Any,
    queries: Mapping[str, tuple[Metric, str]],
    billed: int,
    window: Window,
) -> _Found:
    request: dict[str, Any] = {
        "MetricDataQueries": [_query(i, m, s, window.period) for i, (m, s) in queries.items()],
        "StartTime": window.start,
        "EndTime": window.end,
        "ScanBy": "TimestampAscending",
    }
    found: _Found = {}
    status: dict[str, str] = {}
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for GetMetricData")
        page = client.get_metric_data(**request)
        attempts = 1 + int(page.get("ResponseMetadata", {}).get("RetryAttempts", 0))
        units = billed * attempts
        context.billed("cloudwatch", units, units * USD_PER_METRIC)
        read_page(page, found, status)
        token = page.get("NextToken")
        if not token:
            break
        request["NextToken"] = token
    _check_whole(queries, status)
    return found


def read_page(page: Mapping[str, Any], found: _Found, status: dict[str, str]) -> None:
    """Merge one page into ``found`` and ``status`` by query id.

    Raises:
        CollectError: for a result that failed, or a value that is no number.
    """
    for message in page.get("Messages", []):
        _LOG.warning("GetMetricData: %s: %s", message.get("Code"), message.get("Value"))
        if message.get("Code") == "MaxMetricsExceeded":
            raise CollectError(Reason.ANSWER, "GetMetricData left metrics out: too many at once")
    for result in page["MetricDataResults"]:
        for message in result.get("Messages", []):
            _LOG.warning("GetMetricData: %s: %s", message.get("Code"), message.get("Value"))
        code = str(result.get("StatusCode", "Complete"))
        if code in _FAILED:
            raise CollectError(_FAILED[code], f"GetMetricData answered {code}")
        status[result["Id"]] = code
        values = found.setdefault(result["Id"], {})
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            number = float(value)
            if not math.isfinite(number) or number < 0:
                raise CollectError(Reason.ANSWER, f"GetMetricData answered the value {value}")
            values[_unix(at)] = number


def _unix(at: float | datetime) -> int:
    # Our own client leaves timestamps as they came; any other makes datetimes of them.
    return int(at.timestamp()) if isinstance(at, datetime) else int(at)


def _check_whole(queries: Mapping[str, object], status: Mapping[str, str]) -> None:
    missing = [identity for identity in queries if identity not in status]
    partial = [identity for identity, code in status.items() if code != "Complete"]
    if missing:
        raise CollectError(Reason.ANSWER, f"GetMetricData left out {len(missing)} results")
    if partial:
        raise CollectError(
            Reason.ANSWER, f"GetMetricData ended with {len(partial)} partial results"
        )


def _query(identity: str, metric: Metric, statistic: str, period: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {
        "Id": identity,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": dimensions,
            },
            "Period": period,
            "Stat": statistic,
        },
        "ReturnData": True,
    }
