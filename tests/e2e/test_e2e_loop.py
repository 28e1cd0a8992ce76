"""The loop against the real Prometheus and Alertmanager, with everything that may go wrong."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from remediations.ledger import audit
from remediations.ledger.store import open_ledger
from simulator.aws.lambda_functions import serving
from simulator.aws.metric_store import Identity
from simulator.faults import Injected
from simulator.scenario import BadDeploy, Expect, Scenario, load
from simulator.world import World
from tests.conftest import wait_for
from tests.e2e.conftest import value

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def _token(world: World) -> dict[str, str]:
    token = world.layout.webhook_token.read_text().split()[0]
    return {"Authorization": f"Bearer {token}"}


def _get(world: World, path: str) -> Any:
    answer = requests.get(world.addresses.remediations + path, headers=_token(world), timeout=10)
    answer.raise_for_status()
    return answer.json()


def _run_on(world: World, target: str) -> dict[str, Any]:
    runs = [run for run in world.observer.runs() if run["target"] == target]
    return runs[0] if runs else {}


def _bad_deploy(world: World, function: str) -> Injected:
    scenario = Scenario(
        name=f"bad_deploy_of_{function}",
        pt="-",
        en="-",
        fault=BadDeploy(kind="bad_deploy", function=function, error_share=0.35),
        expect=Expect(
            alert="FunctionRegressedAfterDeploy", target=function, receiver="operations-page"
        ),
    )
    return world.faults.inject(scenario, time.time())


def _truth(world: World, metric: str, function: str) -> float:
    identity = Identity.of("AWS/Lambda", metric, {"FunctionName": function})
    return sum(
        count for _, count in world.aws.metrics.statistic(identity, "Sum", 5, 0, time.time() + 60)
    )


def _exported(world: World) -> dict[str, float]:
    """Return every counter sample of the exporter, read from itself."""
    text = requests.get(world.addresses.exporter + "/metrics", timeout=10).text
    found = {}
    for line in text.splitlines():
        name = line.split("{")[0].split(" ")[0]
        if name.startswith("dataplatform_") and name.endswith(("_total", "_count", "_sum")):
            sample, _, number = line.rpartition(" ")
            found[sample] = float(number)
    return found


def _quiet(world: World) -> None:
    """Stop the traffic and wait until the exporter has counted all of it."""
    world.workload.pause()
    last: dict[str, float] = {}
    since = time.monotonic()

    def settled() -> bool:
        nonlocal last, since
        now = {k: v for k, v in _exported(world).items() if "lambda" in k or "log_events" in k}
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 15

    wait_for(settled, 90)


def test_killed_exporter_neither_loses_nor_repeats(world: World) -> None:
    """Killed again and again, the exporter's counters match what happened, and never go back."""
    function = "lambda_router"
    _quiet(world)
    before, true_before = _exported(world), _truth(world, "Invocations", function)
    events_before = world.aws.logs.count("/aws/lambda/lambda_router", "PROCESSED")
    world.workload.resume()
    seen = dict(before)
    for _ in range(3):
        progress = _truth(world, "Invocations", function)
        wait_for(lambda start=progress: _truth(world, "Invocations", function) > start + 25, 60)
        child = world.children["exporter"]
        child.kill()
        child.start()
        wait_for(child.is_ready, 60)
        now = _exported(world)
        assert not [key for key, was in seen.items() if now.get(key, 0.0) < was]
        seen = now
    _quiet(world)
    after = _exported(world)
    key = f'dataplatform_lambda_invocations_total{{function="{function}"}}'
    grown = _truth(world, "Invocations", function) - true_before
    assert after[key] - before[key] == grown > 0
    logs = f'dataplatform_log_events_total{{event="processed",function="{function}"}}'
    found = world.aws.logs.count("/aws/lambda/lambda_router", "PROCESSED") - events_before
    assert after[logs] - before[logs] == found > 0
    world.workload.resume()
    assert (
        value(world, f'resets(dataplatform_lambda_invocations_total{{function="{function}"}}[5m])')
        == 0
    )


def test_two_alertmanagers_and_a_redelivery_act_once(world: World) -> None:
    """The same alert from two Alertmanagers, and once more later, rolls back once, in time."""
    function = "lambda_router"
    wait_for(lambda: value(world, 'sum(increase(dataplatform_lambda_version_invocations_total'
                                  '{function="lambda_router"}[1m]))') > 50, 90)  # fmt: skip
    injected = _bad_deploy(world, function)
    wait_for(lambda: injected.first_failure, 30)
    first = injected.first_failure or 0.0
    wait_for(lambda: _run_on(world, function).get("applied_at"), 90)
    assert _run_on(world, function)["applied_at"] - first <= 60
    wait_for(lambda: _run_on(world, function).get("closed_at"), 180)
    run = _run_on(world, function)
    assert (run["outcome"], run["closed_at"] - first <= 180) == ("succeeded", True)
    why = _get(world, f"/v1/why/{run['fingerprint']}")
    firing = [d for d in why["deliveries"] if d["status"] == "firing"]
    assert [d["decision"] for d in firing[:2]] == ["accepted", "duplicate"]
    again = {
        "version": "4",
        "alerts": [
            {
                "status": "firing",
                "labels": why["alert"],
                "startsAt": _iso(run["starts_at"]),
                "fingerprint": run["fingerprint"],
            }
        ],
    }
    answer = requests.post(
        world.addresses.remediations + "/v1/alerts", json=again, headers=_token(world), timeout=10
    )
    assert (answer.status_code, answer.json()["duplicate"]) == (202, 1)
    assert len([one for one in world.observer.runs() if one["target"] == function]) == 1
    assert _updates(world, function) == 1
    assert serving(world.aws.region, function, "LIVE") == {"5": 1.0}


def test_killed_between_intent_and_result(world: World) -> None:
    """Killed after AWS acted and before the answer, the service comes back, reads, acts once."""
    function = "structured_data_processor"
    world.aws.front.fail("lambda", "UpdateAlias", times=1, after=True, delay=6.0)
    _bad_deploy(world, function)
    wait_for(lambda: _updates(world, function) == 1, 90)
    child = world.children["remediations"]
    child.kill()
    assert serving(world.aws.region, function, "LIVE") == {"5": 1.0}
    child.start()
    wait_for(child.is_ready, 60)
    wait_for(lambda: _run_on(world, function).get("closed_at"), 200)
    run = _get(world, f"/v1/runs/{_run_on(world, function)['id']}")
    assert run["outcome"] == "succeeded"
    assert [(step["state"], step["attempts"]) for step in run["steps"]] == [("done", 1)]
    results = [row for row in run["history"] if row["kind"] == "result"]
    assert [row["how"] for row in results] == ["observed"]
    assert _updates(world, function) == 1
    ledger = open_ledger(f"sqlite:///{world.layout.root / 'state' / 'ledger.db'}")
    with ledger.engine.connect() as connection:
        assert audit.broken_at(connection) is None
    ledger.close()


def test_slow_influx_pages_and_nothing_acts(world: World) -> None:
    """Slow writes move the histogram and page people; no run is opened."""
    runs = len(world.observer.runs())
    writes = "dataplatform_influxdb_write_latency_seconds_bucket"
    fast = value(world, f'{writes}{{le="5.0"}}')
    slow = value(world, f'{writes}{{le="+Inf"}}') - fast
    scenario = load("slow_influx")
    world.faults.inject(scenario, time.time())
    wait_for(
        lambda: (
            value(world, f'{writes}{{le="+Inf"}}') - value(world, f'{writes}{{le="5.0"}}')
            >= slow + 2
        ),
        90,
    )
    expect = scenario.expect
    wait_for(
        lambda: [
            page
            for page in world.sink.pages()
            if (page.receiver, page.alert) == (expect.receiver, expect.alert)
        ],
        150,
    )
    assert len(world.observer.runs()) == runs
    assert world.faults.clear("slow_influx")


def _updates(world: World, function: str) -> int:
    return sum(
        1
        for seen in list(world.aws.front.seen)
        if seen.operation == "UpdateAlias" and seen.resource.split("/")[-3] == function
    )


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{round(at % 1 * 1000):03d}Z"
