"""GetMetricData: batches, pages and statuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from exporter.collector import Clients, CollectError, Reason
from exporter.sources.cloudwatch import Metric, batches, fetch, read_page
from exporter.windows import Window
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import Bench


def metric(name: str, *statistics: str) -> Metric:
    """Return a metric of one function."""
    return Metric("AWS/Lambda", "Duration", (("FunctionName", name),), statistics or ("Sum",))


def test_statistics_of_one_metric_stay_in_one_request() -> None:
    """A request holds 500 queries at most, and parts no metric's statistics."""
    found = list(batches([metric(str(n), "Sum", "SampleCount", "p50") for n in range(400)]))
    assert [sum(len(m.statistics) for m in batch) for batch in found] == [498, 498, 204]
    assert metric("a", "Sum", "SampleCount", "p50", "p90", "p99", "PR(:1)").billed == 2


def test_pages_are_merged_by_id(bench: Bench, aws: EmbeddedAws) -> None:
    """Partial results are continued with the token until every point is there."""
    start = int(bench.clock.at)
    for name in ("a", "b"):
        for step in range(40):
            where = {"FunctionName": name}
            aws.metrics.put("AWS/Lambda", "Duration", where, start + 5 * step, [float(step)])
    context = bench.context("lambda")
    real = context.client("cloudwatch")

    class Paging:
        """Asks for small pages of the real client."""

        def get_metric_data(self, **request: Any) -> Any:
            return real.get_metric_data(**request, MaxDatapoints=20)

    small = replace(context, client=lambda _service, _scope=None: Paging())
    window = Window(start, start + 200, 5)
    found = fetch(small, [metric("a"), metric("b"), metric("c")], window)
    wanted = {start + 5 * step: float(step) for step in range(40)}
    assert found[metric("a")]["Duration", "Sum"] == wanted
    assert found[metric("b")]["Duration", "Sum"] == wanted
    assert found[metric("c")]["Duration", "Sum"] == {}
    assert aws.front.count("cloudwatch", "GetMetricData") == 7
    assert bench.tally.bill().billed_metrics == 21


def answering(page: dict[str, Any]) -> Clients:
    """Return a client source whose every answer is ``page``: AWS' failures cannot be ordered."""

    class Client:
        def get_metric_data(self, **_request: Any) -> dict[str, Any]:
            return page

    return lambda _service, _scope=None: Client()


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([], Reason.ANSWER),
        ([("q0", "PartialData")], Reason.ANSWER),
        ([("q0", "InternalError")], Reason.SERVICE),
        ([("q0", "Forbidden")], Reason.DENIED),
    ],
)
def test_part_never_passes_for_the_whole(
    bench: Bench, results: list[tuple[str, str]], reason: Reason
) -> None:
    """A missing, failed or forever partial result fails the run, so that no period is skipped."""
    page = {
        "MetricDataResults": [
            {"Id": identity, "StatusCode": status, "Timestamps": [], "Values": []}
            for identity, status in results
        ]
    }
    context = replace(bench.context("lambda"), client=answering(page))
    with pytest.raises(CollectError) as raised:
        fetch(context, [metric("a")], Window(0, 5, 5))
    assert raised.value.reason is reason


@pytest.mark.parametrize("value", [float("nan"), -1.0])
def test_nonsense_is_refused(value: float) -> None:
    """A value that no sum can have never reaches a counter."""
    result = {
        "Id": "q0",
        "StatusCode": "Complete",
        "Timestamps": [datetime(2026, 1, 1, tzinfo=UTC)],
        "Values": [value],
    }
    with pytest.raises(CollectError):
        read_page({"MetricDataResults": [result]}, {}, {})


def test_left_out_metrics_are_an_error() -> None:
    """A message that metrics were left out fails the run."""
    page = {"Messages": [{"Code": "MaxMetricsExceeded"}], "MetricDataResults": []}
    with pytest.raises(CollectError):
        read_page(page, {}, {})


def test_time_that_ran_out_is_a_timeout(bench: Bench) -> None:
    """No request begins after the deadline."""
    bench.seconds = 0
    with pytest.raises(CollectError) as raised:
        fetch(bench.context("lambda"), [metric("a")], Window(0, 5, 5))
    assert raised.value.reason is Reason.TIMEOUT
