"""Killed at any commit, before or after it: no counter ever goes back or counts twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from exporter.collector import CollectorState
from exporter.samples import HistogramValue, SummaryValue, Value
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from tests.exporter.support import Bench, create_function, values
from tests.exporter.test_exporter_influxdb import pointed_at

FN = "lambda_router"
GROUP = f"/aws/lambda/{FN}"


class KilledError(Exception):
    """The process ended here."""


@dataclass
class Mortal:
    """A state that lets the process end at its ``fatal`` commit, ``after`` it or before."""

    inner: CollectorState
    fatal: int
    after: bool
    commits: int = 0

    def load(self, prefix: str = "") -> dict[str, Any]:
        """Return the documents."""
        return self.inner.load(prefix)

    def memory(self) -> dict[str, Any]:
        """Return what lasts as long as the process."""
        return self.inner.memory()

    def commit(self, changes: Mapping[str, Any]) -> None:
        """Commit, or not, and end."""
        self.commits += 1
        if self.commits == self.fatal and not self.after:
            raise KilledError
        self.inner.commit(changes)
        if self.commits == self.fatal:
            raise KilledError


def numbers(found: Mapping[tuple[str, ...], Value]) -> dict[tuple[str, ...], float]:
    """Return everything that must never go back."""
    result: dict[tuple[str, ...], float] = {}
    for name, value in found.items():
        if isinstance(value, SummaryValue | HistogramValue):
            result[(*name, "count")] = value.count
            result[(*name, "sum")] = value.sum
        elif name[0].endswith("_total") and isinstance(value, float):
            result[name] = value
    return result


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", ["lambda", "api", "logs", "influxdb"])
def test_killed_at_every_commit(
    bench: Bench, aws: EmbeddedAws, influx: InfluxStandIn, name: str, *, after: bool
) -> None:
    """Whatever commit is the last one, the next process goes on without loss or repetition."""
    create_function(aws, FN)
    aws.client("logs").create_log_group(logGroupName=GROUP)
    functions = bench.inventory.functions
    bench.inventory = pointed_at(influx.url).model_copy(update={"functions": functions})
    shown = numbers(bench.collect(name))
    for fatal in (1, 2, 3):
        where = {"FunctionName": FN}
        stage = {"ApiName": "ons-data-platform-api", "Stage": "prod"}
        aws.metrics.put("AWS/Lambda", "Invocations", where, bench.clock.at, [1.0] * 4)
        aws.metrics.put("AWS/ApiGateway", "Latency", stage, bench.clock.at, [9.0] * 4)
        for _ in range(4):
            aws.logs.put(GROUP, "a", bench.clock.at, "PROCESSED")
        bench.clock.at += 10
        context = bench.context(name)
        mortal = replace(context, state=Mortal(context.state, fatal, after))
        try:
            found = numbers(values(bench.collectors[name].collect(mortal)))
        except KilledError:
            bench.restart()
            found = numbers(bench.collect(name))
        assert all(found[key] >= value for key, value in shown.items())
        shown = found
    wanted = {
        "lambda": ("lambda_invocations_total", FN),
        "api": ("api_requests_total", "ons-data-platform-api", "prod"),
        "logs": ("log_events_total", "processed", FN),
    }
    if name in wanted:
        assert shown[wanted[name]] == 12.0
