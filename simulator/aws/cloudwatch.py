"""CloudWatch metrics, ours: replaces moto's reading and writing of metric data.

Semantics follow the API reference of GetMetricData: 500 queries a request, exact dimensions,
aligned periods, no datapoint where nothing happened, pages by token. What is not supported
(expressions) is refused, never guessed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from simulator.aws.metric_store import (
    Identity,
    MetricStore,
    UnknownStatisticError,
    statistic_function,
)

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
_SHORT_PERIODS = (1, 5, 10, 30)


def install(stores: Callable[[str, str], MetricStore]) -> None:
    """Answer CloudWatch's metric calls from the store of the caller's account and region."""

    def store(self: CloudWatchResponse) -> MetricStore:
        return stores(self.current_account, self.region)

    methods: dict[str, Callable[..., ActionResult]] = {
        "put_metric_data": lambda self: _put_metric_data(self, store(self)),
        "get_metric_data": lambda self: _get_metric_data(self, store(self)),
        "get_metric_statistics": lambda self: _get_metric_statistics(self, store(self)),
        "list_metrics": lambda self: _list_metrics(self, store(self)),
    }
    for name, method in methods.items():
        setattr(CloudWatchResponse, name, method)


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).timestamp()
    return float(value)


def _identity(metric: dict[str, Any]) -> Identity:
    dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions") or []}
    return Identity.of(metric["Namespace"], metric["MetricName"], dimensions)


def _check_period(period: int) -> int:
    if period not in _SHORT_PERIODS and (period < 60 or period % 60):  # noqa: PLR2004 AWS' rule
        raise ValidationError(f"Invalid period {period}: use 1, 5, 10, 30 or a multiple of 60")
    return period


def _put_metric_data(self: CloudWatchResponse, store: MetricStore) -> ActionResult:
    namespace = self._get_param("Namespace")
    for datum in self._get_param("MetricData", []):
        timestamp = datum.get("Timestamp")
        values = datum.get("Values")
        if values is None and datum.get("Value") is not None:
            values = [datum["Value"]]
        if values is None:
            raise ValidationError("StatisticValues are not supported here")
        counts = datum.get("Counts") or [1] * len(values)
        store.put(
            namespace,
            datum["MetricName"],
            {item["Name"]: item["Value"] for item in datum.get("Dimensions") or []},
            _seconds(timestamp) if timestamp else datetime.now(UTC).timestamp(),
            [float(v) for v, count in zip(values, counts, strict=True) for _ in range(int(count))],
        )
    return EmptyResult()


def _get_metric_data(self: CloudWatchResponse, store: MetricStore) -> ActionResult:
    params = self._get_params()
    queries = params.get("MetricDataQueries", [])
    if len(queries) > MAX_QUERIES:
        raise ValidationError(f"MetricDataQueries may hold {MAX_QUERIES} queries at most")
    start, end = _seconds(params["StartTime"]), _seconds(params["EndTime"])
    if start >= end:
        raise ValidationError("The parameter StartTime must be before EndTime")
    limit = int(params.get("MaxDatapoints") or MAX_DATAPOINTS)
    offset = _offset(params.get("NextToken"))
    descending = (params.get("ScanBy") or "TimestampDescending") == "TimestampDescending"
    # Every query of a request pages in step, so that one offset is the whole token.
    step = max(1, limit // max(1, len(queries)))
    results, more = [], False
    for query in queries:
        points = _points(store, query, start, end)
        ordered = points[::-1] if descending else points
        page = ordered[offset : offset + step]
        partial = offset + step < len(ordered)
        more = more or partial
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in page],
                "Values": [value for _, value in page],
                "StatusCode": "PartialData" if partial else "Complete",
            }
        )
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if more:
        answer["NextToken"] = base64.urlsafe_b64encode(str(offset + step).encode()).decode()
    return ActionResult(answer)


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error) as error:
        raise ValidationError("The NextToken is invalid") from error


def _points(
    store: MetricStore, query: dict[str, Any], start: float, end: float
) -> list[tuple[float, float]]:
    if "MetricStat" not in query:
        raise ValidationError("Expressions are not supported here")
    wanted = query["MetricStat"]
    try:
        return store.statistic(
            _identity(wanted["Metric"]),
            wanted["Stat"],
            _check_period(int(wanted["Period"])),
            start,
            end,
        )
    except UnknownStatisticError as error:
        raise ValidationError(f"Value '{error}' for Stat is not a valid statistic") from error


def _get_metric_statistics(self: CloudWatchResponse, store: MetricStore) -> ActionResult:
    params = self._get_params()
    statistics = list(params.get("Statistics") or [])
    extended = list(params.get("ExtendedStatistics") or [])
    if not statistics and not extended:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    period = _check_period(int(params["Period"]))
    points: dict[float, dict[str, Any]] = {}
    for statistic in statistics + extended:
        try:
            statistic_function(statistic)
        except UnknownStatisticError as error:
            raise ValidationError(f"'{error}' is not a valid statistic") from error
        for at, value in store.statistic(
            _identity(params),
            statistic,
            period,
            _seconds(params["StartTime"]),
            _seconds(params["EndTime"]),
        ):
            point = points.setdefault(at, {"Timestamp": datetime.fromtimestamp(at, UTC)})
            if statistic in extended:
                point.setdefault("ExtendedStatistics", {})[statistic] = value
            else:
                point[statistic] = value
    return ActionResult({"Label": params["MetricName"], "Datapoints": list(points.values())})


def _list_metrics(self: CloudWatchResponse, store: MetricStore) -> ActionResult:
    params = self._get_params()
    wanted = {item["Name"]: item.get("Value") for item in params.get("Dimensions") or []}
    found = [
        identity
        for identity in store.identities()
        if params.get("Namespace") in (None, identity.namespace)
        and params.get("MetricName") in (None, identity.name)
        and all(
            name in dict(identity.dimensions) and value in (None, dict(identity.dimensions)[name])
            for name, value in wanted.items()
        )
    ]
    offset = _offset(params.get("NextToken"))
    page = found[offset : offset + MAX_QUERIES]
    answer: dict[str, Any] = {
        "Metrics": [
            {
                "Namespace": identity.namespace,
                "MetricName": identity.name,
                "Dimensions": [{"Name": n, "Value": v} for n, v in identity.dimensions],
            }
            for identity in page
        ]
    }
    if offset + len(page) < len(found):
        token = base64.urlsafe_b64encode(str(offset + len(page)).encode()).decode()
        answer["NextToken"] = token
    return ActionResult(answer)
