"""What the fake was asked, and what AWS would bill for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.fake.metric_data import Asked, Request, billed, served_until
from bench.fake.world import DIMENSION

USD_PER_METRIC = 0.01 / 1000
USD_PER_REQUEST = 0.01 / 1000
PAID_BY_REQUEST = ("ListMetrics", "GetMetricStatistics")


@dataclass
class Served:
    """From when and until when each function's sums were answered, by metric and function.

    ``since`` are the ends of the first windows that were asked for. An empty name is the account.
    All times are unix seconds.
    """

    since: dict[str, dict[str, float]] = field(default_factory=dict)
    until: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, request: Request, newest: int) -> None:
        """Note what a request that was answered whole was answered."""
        for query in request.queries:
            if query.statistic in ("Sum", "SampleCount"):
                name = query.dimensions.get(DIMENSION, "")
                first = self.since.setdefault(query.metric, {})
                first[name] = min(first.get(name, request.end), request.end)
                known = self.until.setdefault(query.metric, {})
                stop = served_until(request, query.period, newest)
                known[name] = max(known.get(name, stop), stop)


@dataclass
class Ledger:
    """Counts since the last reset.

    Every well-formed GetMetricData that arrives is billed, also one that a fault then spoils: AWS
    does not say that it forgives those, and an exporter must not look cheap by failing.
    ``refused`` are calls of operations that this fake does not serve: they are no part of what is
    compared.
    """

    requests: Counter[str] = field(default_factory=Counter)
    protocols: Counter[str] = field(default_factory=Counter)
    spoiled: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    queries: int = 0
    billed: int = 0
    billed_by: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def request(self, operation: str, protocol: str) -> None:
        """Count one request."""
        self.requests[operation] += 1
        self.protocols[protocol] += 1

    def metric_data(self, request: Request) -> None:
        """Count what one GetMetricData asked for."""
        self.queries += len(request.queries)
        by: dict[str, list[Asked]] = {}
        for query in request.queries:
            scope = "account" if query.account else "function"
            by.setdefault(f"{query.metric} {scope}", []).append(query)
        for name, queries in by.items():
            self._bill(name, queries)

    def _bill(self, name: str, queries: Sequence[Asked]) -> None:
        units = billed(queries)
        self.billed += units
        self.billed_by[name] += units

    def report(self) -> dict[str, Any]:
        """Return everything as plain data, dollars included."""
        paid = sum(self.requests[operation] for operation in PAID_BY_REQUEST)
        return {
            "requests": dict(self.requests),
            "protocols": dict(self.protocols),
            "spoiled": dict(self.spoiled),
            "refused": dict(self.refused),
            "calls": self.requests.total() - self.refused.total(),
            "queries": self.queries,
            "billed_metrics": self.billed,
            "billed_by": dict(self.billed_by),
            "usd": self.billed * USD_PER_METRIC + paid * USD_PER_REQUEST,
            "connections": self.connections,
        }
