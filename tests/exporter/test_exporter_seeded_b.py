"""Probe, stages, rules, state machines and added metrics on the seeded platform at work."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.collectors.state_machines import arn
from exporter.samples import SummaryValue, Value
from inventory.load import load_inventory
from inventory.model import Inventory
from simulator.aws.metric_store import Identity
from simulator.aws.server import EmbeddedAws
from simulator.control import Control, Sink
from simulator.faults import Faults, Ground
from simulator.influxdb import InfluxStandIn
from simulator.layout import Addresses, Layout, url
from simulator.processes import free_port
from simulator.seed import VERSIONS, seed
from simulator.workload import TICK, Behaviour, Workload
from tests.exporter.support import ROOT, START, Bench, Clock, values

NAMES = ("api_probe", "api_stages", "cloudwatch_metrics", "rules", "state_machines")
API = ("ons-data-platform-api", "prod")
RULE = "ons-data-platform-s3-processing-rule"
MACHINE = "ons-data-platform-processing"
WRITES = ("influxdb_reported_write_latency_seconds", "ons-influxdb-prod")
QUERIES = ("timeseries_query_processor", "rag_query_processor")


class Platform:
    """The demo's platform with its own overlay, moved on tick by tick under a clock that obeys."""

    def __init__(self, root: Path, clock: Clock, aws: EmbeddedAws, influx: InfluxStandIn) -> None:
        ports = {name: free_port() for name in ("simulator", "elsewhere")}
        elsewhere = url(ports["elsewhere"])
        addresses = Addresses(
            aws=aws.url,
            influxdb=influx.url,
            exporter=elsewhere,
            remediations=elsewhere,
            prometheus=elsewhere,
            alertmanager=elsewhere,
            simulator=url(ports["simulator"]),
        )
        layout = Layout.create(root / "demo")
        base = load_inventory(ROOT / "platform.yaml")
        layout.write_overlay(addresses, base.apis)
        self.inventory: Inventory = load_inventory(ROOT / "platform.yaml", layout.overlay)
        self.clock, self.aws, self.influx = clock, aws, influx
        seed(aws, self.inventory, clock.now)
        self.workload = Workload(
            aws,
            influx,
            self.inventory,
            clock.now,
            random.Random(7),  # noqa: S311 traffic
        )
        faults = Faults(Ground(aws, influx, self.workload, self.inventory, {}, clock.now))
        self.control = Control(
            faults, Sink(), lambda _: False, self.workload.is_well, ports["simulator"]
        )
        self.control.start()

    def run(self, seconds: float) -> None:
        """Let the platform work for so long."""
        for _ in range(round(seconds / TICK)):
            self.workload.traffic()
            self.workload.load()
            self.clock.at += TICK

    def sum_of(self, namespace: str, name: str, until: float, **dimensions: str) -> float:
        """Return the sum of a metric's values from the start to ``until``."""
        identity = Identity.of(namespace, name, dimensions)
        points = self.aws.metrics.statistic(identity, "Sum", 1, START - 10, until)
        return sum(value for at, value in points if at >= START - 10)


@pytest.fixture
def platform(
    tmp_path: Path, clock: Clock, aws: EmbeddedAws, influx: InfluxStandIn, bench: Bench
) -> Iterator[Platform]:
    """The seeded platform, known to the bench; every collector has run once."""
    made = Platform(tmp_path, clock, aws, influx)
    bench.inventory = made.inventory
    for name in NAMES:
        bench.reading(name)
    yield made
    made.control.stop()


def collect(bench: Bench) -> dict[tuple[str, ...], Value]:
    """Run the five collectors; each must see everything that it expects."""
    found: dict[tuple[str, ...], Value] = {}
    for name in NAMES:
        reading = bench.reading(name)
        assert (reading.seen, reading.missing) == (reading.expected, ())
        assert reading.expected >= 1
        found |= values(reading)
    return found


def settle(platform: Platform) -> float:
    """Wait until every period that has values is closed; return when the newest of them ends."""
    platform.clock.at += 20
    return (platform.clock.at - 3) // 10 * 10


def test_everything_is_seen_with_its_values(bench: Bench, platform: Platform) -> None:
    """On the seeded platform each collector sees all that it expects, and counts what happened."""
    platform.run(60)
    until = settle(platform)
    found = collect(bench)
    events = {
        "triggered": "TriggeredRules",
        "invocations": "Invocations",
        "failed_invocations": "FailedInvocations",
        "throttled": "ThrottledRules",
    }
    counted = {name: found[f"rule_{name}_total", RULE] for name in events}
    assert counted == {
        name: platform.sum_of("AWS/Events", metric, until, RuleName=RULE)
        for name, metric in events.items()
    }
    assert counted["triggered"] == counted["invocations"] > 200
    assert counted["failed_invocations"] == 0.0
    assert (found["rule_enabled", RULE], found["rule_targets", RULE]) == (1.0, 1.0)
    started = found["state_machine_executions_started_total", MACHINE]
    # Three were started by the seed.
    assert started == counted["triggered"] + 3
    duration = found["state_machine_execution_duration_seconds", MACHINE]
    assert isinstance(duration, SummaryValue)
    assert 0.5 < duration.sum / duration.count < 3
    assert (found["api_probe_up", *API], found["api_probe_status_code", *API]) == (1.0, 200.0)
    assert (found["api_cache_enabled", *API], found["api_cache_hits_total", *API]) == (0.0, 0.0)
    assert found["api_deployed_timestamp_seconds", *API] == START
    latency = found["api_integration_latency_seconds", *API]
    assert isinstance(latency, SummaryValue)
    where = {"ApiName": API[0], "Stage": API[1]}
    whole = platform.sum_of("AWS/ApiGateway", "Latency", until, **where) / 1000
    assert latency.count > 100
    assert 0.5 * whole < latency.sum < whole
    writes = found[WRITES]
    assert isinstance(writes, SummaryValue)
    assert writes.count == 120 * len(platform.inventory.influxdb.measurements)
    assert found["vigia_custom_metric_never_seen", "/".join(WRITES)] == 0.0


def test_executions_end_and_seeded_ones_stay(bench: Bench, platform: Platform) -> None:
    """Those seeded run since the start; those of the traffic come and go, each counted once."""
    platform.run(30)
    during = collect(bench)
    running = ("state_machine_running_executions", MACHINE)
    assert isinstance(during[running], float)
    assert 3 < during[running] < 20
    platform.clock.at += 30
    platform.workload.traffic()
    settle(platform)
    found = collect(bench)
    assert found["state_machine_oldest_running_timestamp_seconds", MACHINE] == START
    finished = [
        value
        for name, value in found.items()
        if name[0] == "state_machine_executions_finished_total"
    ]
    started = found["state_machine_executions_started_total", MACHINE]
    assert isinstance(started, float)
    left = sum(value for value in finished if isinstance(value, float))
    # The last tick's two still run, and the three that were seeded.
    assert started - left == found[running] == 5.0


def test_stopping_all_processing_shows(bench: Bench, platform: Platform) -> None:
    """With the rule disabled and executions stopped nothing is triggered, and nothing runs."""
    platform.run(20)
    platform.aws.client("events").disable_rule(Name=RULE)
    states = platform.aws.client("stepfunctions")
    machine = arn(platform.inventory, platform.inventory.state_machines[0])
    stopped = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    for execution in stopped:
        states.stop_execution(executionArn=execution["executionArn"])
    settle(platform)
    before = collect(bench)
    platform.run(30)
    settle(platform)
    found = collect(bench)
    triggered = ("rule_triggered_total", RULE)
    assert found["rule_enabled", RULE] == 0.0
    assert found[triggered] == before[triggered]
    assert found["state_machine_running_executions", MACHINE] == 0.0
    aborted = ("state_machine_executions_finished_total", MACHINE, "aborted")
    assert found[aborted] == float(len(stopped)) >= 3


def test_target_that_is_gone_fails_invocations(bench: Bench, platform: Platform) -> None:
    """Without its state machine the rule is triggered, its invocations fail, and nothing runs."""
    machine = arn(platform.inventory, platform.inventory.state_machines[0])
    platform.aws.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    runs: list[str] = []
    platform.workload.watchers.append(lambda invocation: runs.append(invocation.function))
    platform.run(30)
    settle(platform)
    reading = bench.reading("state_machines")
    assert (reading.seen, reading.missing) == (0, (MACHINE,))
    found = bench.collect("rules")
    failed = found["rule_failed_invocations_total", RULE]
    assert failed == found["rule_triggered_total", RULE]
    assert isinstance(failed, float)
    assert failed > 100
    assert not {"lambda_router", "structured_data_processor"} & set(runs)


def test_cache_spares_the_functions(bench: Bench, platform: Platform) -> None:
    """Once the cache is enabled, what it answers runs no function, and both are counted."""
    apis = platform.aws.client("apigateway").get_rest_apis()["items"]
    platform.aws.client("apigateway").update_stage(
        restApiId=apis[0]["id"],
        stageName=API[1],
        patchOperations=[{"op": "replace", "path": "/cacheClusterEnabled", "value": "true"}],
    )
    asked: list[str] = []
    platform.workload.watchers.append(lambda invocation: asked.append(invocation.function))
    platform.run(60)
    settle(platform)
    found = collect(bench)
    assert found["api_cache_enabled", *API] == 1.0
    assert found["api_cache_size_bytes", *API] == 0.5e9
    # It takes AWS some minutes until the cluster is there.
    states = ("available", "create_in_progress")
    assert sum(found["api_cache_state", *API, state] == 1.0 for state in states) == 1
    hits, misses = found["api_cache_hits_total", *API], found["api_cache_misses_total", *API]
    assert isinstance(hits, float)
    assert isinstance(misses, float)
    assert hits > misses > 20
    latency = found["api_integration_latency_seconds", *API]
    assert isinstance(latency, SummaryValue)
    late = 10
    assert abs(latency.count - misses) <= late
    assert abs(sum(asked.count(name) for name in QUERIES) - misses) <= late


def test_sick_api_says_so_at_its_health_address(bench: Bench, platform: Platform) -> None:
    """When most requests fail, the health address answers 503, and 200 again after the cure."""
    sick = {(name, str(VERSIONS)): Behaviour(1.0) for name in QUERIES}
    platform.workload.behaviours.update(sick)
    platform.run(15)
    found = collect(bench)
    assert (found["api_probe_up", *API], found["api_probe_status_code", *API]) == (0.0, 503.0)
    platform.workload.behaviours.clear()
    platform.run(15)
    found = collect(bench)
    assert (found["api_probe_up", *API], found["api_probe_status_code", *API]) == (1.0, 200.0)


def test_slow_database_shows_in_the_platforms_own_metric(bench: Bench, platform: Platform) -> None:
    """What the loader publishes is how long its writes really took."""
    platform.influx.write_delay = lambda: 0.02
    platform.run(5)
    settle(platform)
    writes = collect(bench)[WRITES]
    assert isinstance(writes, SummaryValue)
    assert writes.count >= 24
    assert 0.02 <= writes.quantiles[0.5] < 1
