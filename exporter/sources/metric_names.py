"""Which metrics CloudWatch has: for those whose names or dimensions nobody can know beforehand.

ListMetrics tells of a metric up to fifteen minutes after its first value, and for two weeks after
its last; $0.01 per 1,000 requests (CloudWatch API reference and price list).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exporter import deadline
from exporter.collector import Context, Use

USD_PER_REQUEST = 0.01 / 1000


@dataclass(frozen=True)
class Present:
    """A metric that is there, with all of its dimensions."""

    name: str
    dimensions: tuple[tuple[str, str], ...]


def present(
    context: Context, namespace: str, dimension: tuple[str, str], scope: str | None = None
) -> tuple[Present, ...]:
    """Return the metrics of ``namespace`` that have ``dimension``, among others or alone.

    Raises:
        CollectError: if time runs out.
    """
    name, value = dimension
    request: dict[str, Any] = {
        "Namespace": namespace,
        "Dimensions": [{"Name": name, "Value": value}],
    }
    client = context.client("cloudwatch", scope)
    found: list[Present] = []
    while True:
        deadline.check(context, "ListMetrics")
        page = client.list_metrics(**request)
        attempts = 1 + int(page.get("ResponseMetadata", {}).get("RetryAttempts", 0))
        context.billed("cloudwatch", 0, attempts * USD_PER_REQUEST)
        found += (
            Present(metric["MetricName"], tuple((d["Name"], d["Value"]) for d in dimensions))
            for metric in page["Metrics"]
            for dimensions in [metric.get("Dimensions", [])]
        )
        if not page.get("NextToken"):
            return tuple(found)
        request["NextToken"] = page["NextToken"]


def use(calls: float) -> Use:
    """Return what so many requests cost."""
    return Use("cloudwatch", "ListMetrics", calls, usd=calls * USD_PER_REQUEST)
