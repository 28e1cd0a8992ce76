"""The API Gateway collector against the embedded AWS."""

from __future__ import annotations

import pytest

from exporter.collectors.api_gateway import rank_statistic
from exporter.samples import SummaryValue
from simulator.aws.server import EmbeddedAws
from tests.exporter.support import Bench

API = ("ons-data-platform-api", "prod")
WHERE = {"ApiName": API[0], "Stage": API[1]}


def test_latency_errors_and_slow_requests(bench: Bench, aws: EmbeddedAws) -> None:
    """Requests, errors by class, slow requests and the latency summary add up over periods."""
    first = bench.collect("api")
    assert first["api_errors_total", *API, "5xx"] == 0.0
    for _ in range(3):
        at = bench.clock.at
        milliseconds = [100.0] * 7 + [10_000.0, 10_001.0, 20_000.0]
        aws.metrics.put("AWS/ApiGateway", "Latency", WHERE, at, milliseconds)
        aws.metrics.put("AWS/ApiGateway", "5XXError", WHERE, at, [0.0] * 8 + [1.0, 1.0])
        aws.metrics.put("AWS/ApiGateway", "4XXError", WHERE, at, [1.0] + [0.0] * 9)
        bench.clock.at += 5
    bench.clock.at += 2
    found = bench.collect("api")
    assert found["api_requests_total", *API] == 30.0
    assert found["api_slow_requests_total", *API] == 6.0
    assert found["api_errors_total", *API, "4xx"] == 3.0
    assert found["api_errors_total", *API, "5xx"] == 6.0
    latency = found["api_latency_seconds", *API]
    assert isinstance(latency, SummaryValue)
    assert (latency.count, latency.sum) == (30.0, pytest.approx(3 * 40.701))
    assert latency.quantiles[0.5] == pytest.approx(0.1)
    assert bench.tally.bill().billed_metrics == 2 * 4


def test_silent_stage_is_not_seen(bench: Bench) -> None:
    """A stage that never sent a datapoint costs coverage, and its age is unknown."""
    reading = bench.reading("api")
    assert (reading.seen, reading.expected) == (0, 1)
    assert reading.newest == {"/".join(API): None}


def test_rank_statistic_is_written_as_cloudwatch_does() -> None:
    """Seconds become milliseconds without an exponent."""
    assert rank_statistic(10.0) == "PR(:10000)"
    assert rank_statistic(0.0005) == "PR(:0.5)"
    assert rank_statistic(3600.0) == "PR(:3600000)"
