"""GetMetricData and ListMetrics as AWS answers them (CloudWatch API reference).

Held to: 500 queries a request, unique well-formed ids, valid periods, at most 100,800 datapoints a
page, NextToken and PartialData until everything was served; 500 metrics a page of ListMetrics.
Start times are rounded down to the period, and only whole periods that show already are answered.
Every query of a request pages in step, so that one offset is the whole token. Expressions are
refused, never guessed.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.fake.wire import BadRequestError, Result
from bench.fake.world import DIMENSION, METRICS, NAMESPACE, Points, UnknownStatisticError, World

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
METRICS_A_PAGE = 500
STATISTICS_BILLED_AS_ONE = 5
_IDENTITY = re.compile(r"^[a-z][a-zA-Z0-9_]*$")
_SHORT_PERIODS = (1, 5, 10, 30)
_MINUTE = 60
_INVALID = "ValidationError"


class Asked(NamedTuple):
    """One query, read: ``account`` when it has no dimensions."""

    identity: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int
    label: str

    @property
    def account(self) -> bool:
        """Whether the whole account is meant."""
        return not self.dimensions


@dataclass(frozen=True)
class Request:
    """A valid GetMetricData request; times are unix seconds, ``offset`` counts datapoints."""

    queries: Sequence[Asked]
    start: float
    end: float
    limit: int
    offset: int
    descending: bool


@dataclass(frozen=True)
class Page:
    """One page, and the token of the next if there is one."""

    results: Sequence[Result]
    token: str | None


def read_request(params: Mapping[str, Any]) -> Request:
    """Check a request as AWS does.

    Raises:
        BadRequestError: for what AWS would refuse.
    """
    found = params.get("MetricDataQueries") or []
    if not found or len(found) > MAX_QUERIES:
        raise BadRequestError(_INVALID, f"MetricDataQueries must hold 1 to {MAX_QUERIES} queries")
    queries = [_query(query) for query in found]
    if len({query.identity for query in queries}) != len(queries):
        raise BadRequestError(_INVALID, "The values for parameter Id are not unique")
    if "StartTime" not in params or "EndTime" not in params:
        raise BadRequestError(_INVALID, "StartTime and EndTime are required")
    start, end = float(params["StartTime"]), float(params["EndTime"])
    if start >= end:
        raise BadRequestError(_INVALID, "The parameter StartTime must be before EndTime")
    limit = int(params.get("MaxDatapoints") or MAX_DATAPOINTS)
    if not 1 <= limit <= MAX_DATAPOINTS:
        raise BadRequestError(_INVALID, f"MaxDatapoints must be 1 to {MAX_DATAPOINTS}")
    order = params.get("ScanBy") or "TimestampDescending"
    offset = read_token(params.get("NextToken"))
    return Request(queries, start, end, limit, offset, order == "TimestampDescending")


def billed(queries: Sequence[Asked]) -> int:
    """Return the metrics that one request is billed for.

    AWS' pricing page and API reference: each metric is one, and up to five statistics of the same
    metric in one request are billed as one metric. That a further page and a retry are requests of
    their own, billed like the first, is our cautious reading.
    """
    statistics: dict[tuple[str, str, frozenset[tuple[str, str]]], set[str]] = {}
    for query in queries:
        identity = (query.namespace, query.metric, frozenset(query.dimensions.items()))
        statistics.setdefault(identity, set()).add(query.statistic)
    return sum(-(-len(found) // STATISTICS_BILLED_AS_ONE) for found in statistics.values())


def answer(world: World, request: Request, now: float, page_limit: int) -> Page:
    """Return one page as of ``now``; ``page_limit`` bounds its datapoints beside the request's own.

    Raises:
        BadRequestError: for an unknown statistic or a period finer than the world's.
    """
    step = max(1, min(request.limit, page_limit) // len(request.queries))
    offset, more = request.offset, False
    newest = world.newest(now)
    results = []
    for query in request.queries:
        points = _points(world, query, request, newest)
        left = len(points.times) - offset - step
        more = more or left > 0
        results.append(
            Result(
                query.identity,
                query.label,
                _cut(points, offset, step, descending=request.descending),
                "PartialData" if left > 0 else "Complete",
            )
        )
    return Page(results, make_token(offset + step) if more else None)


def served_until(request: Request, period: int, newest: int) -> int:
    """Return where the answered periods end: one that starts before the end is answered whole."""
    stop = -(-int(min(request.end, newest)) // period) * period
    return stop if stop <= newest else stop - period


def metrics_page(world: World, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of ListMetrics.

    Each function is listed by its name alone; a real account also lists each by Resource.
    """
    wanted = {item["Name"]: item.get("Value") for item in params.get("Dimensions") or []}
    if params.get("Namespace") not in (None, NAMESPACE) or set(wanted) - {DIMENSION}:
        return {"Metrics": []}
    only = wanted.get(DIMENSION)
    names = world.names if only is None else tuple(name for name in world.names if name == only)
    found = [
        (metric, name)
        for metric in METRICS
        if params.get("MetricName") in (None, metric)
        for name in (*names, *(() if wanted else (None,)))
    ]
    offset = read_token(params.get("NextToken"))
    page = found[offset : offset + METRICS_A_PAGE]
    content: dict[str, Any] = {"Metrics": [_listed(metric, name) for metric, name in page]}
    if offset + len(page) < len(found):
        content["NextToken"] = make_token(offset + len(page))
    return content


def make_token(offset: int) -> str:
    """Return an opaque token for an offset."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def read_token(token: str | None) -> int:
    """Return the offset of a token, 0 for none.

    Raises:
        BadRequestError: if it is none of ours.
    """
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error) as error:
        raise BadRequestError("InvalidNextToken", "The next token is invalid") from error


def _query(query: Mapping[str, Any]) -> Asked:
    if "MetricStat" not in query:
        raise BadRequestError(_INVALID, "Expressions are not served here")
    identity, wanted = str(query.get("Id", "")), query["MetricStat"]
    if not _IDENTITY.match(identity):
        raise BadRequestError(_INVALID, f"The value {identity} for parameter Id is not valid")
    metric, period = wanted["Metric"], int(wanted["Period"])
    if period not in _SHORT_PERIODS and (period < _MINUTE or period % _MINUTE):
        raise BadRequestError(_INVALID, f"Invalid period {period}")
    return Asked(
        identity,
        metric["Namespace"],
        metric["MetricName"],
        {item["Name"]: item["Value"] for item in metric.get("Dimensions") or ()},
        wanted["Stat"],
        period,
        query.get("Label") or metric["MetricName"],
    )


def _points(world: World, query: Asked, request: Request, newest: int) -> Points:
    if query.period % world.base:
        raise BadRequestError(_INVALID, f"there are no data by {query.period} s in this world")
    if query.namespace != NAMESPACE:
        return Points(range(0), (), None)
    first = int(request.start // query.period) * query.period
    stop = served_until(request, query.period, newest)
    try:
        return world.points(
            query.metric, query.dimensions, query.statistic, range(first, stop, query.period)
        )
    except UnknownStatisticError as error:
        raise BadRequestError(
            _INVALID, f"The value {error} for parameter Stat is not valid"
        ) from error


def _cut(points: Points, offset: int, count: int, *, descending: bool) -> Points:
    if not descending and not offset and count >= len(points.times):
        return points
    step = -1 if descending else 1
    times = points.times[::step][offset : offset + count]
    values = points.values[::step][offset : offset + count]
    # A single value reads the same from both sides.
    whole = len(points.values) == 1 and len(values) == 1
    return Points(times, values, points.key if whole else None)


def _listed(metric: str, name: str | None) -> dict[str, Any]:
    dimensions = [] if name is None else [{"Name": DIMENSION, "Value": name}]
    return {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
