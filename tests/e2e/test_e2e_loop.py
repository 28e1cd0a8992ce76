"""The loop against the real Prometheus and Alertmanager, with everything that may go wrong."""

from __future__ import annotations

import pytest
import requests

from remediations.ledger import audit
from remediations.ledger.store import open_ledger
from simulator.aws.lambda_functions import serving
from simulator.faults.influxdb import SlowInflux
from simulator.world import World
from tests.conftest import wait_for
from tests.e2e.conftest import REGRESSED, Regression
from tests.e2e.driver import (
    ask,
    bad_deploy,
    exported,
    iso,
    quiet,
    run_on,
    token,
    truth,
    updates,
    value,
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("loop"),
]


def test_killed_exporter_neither_loses_nor_repeats(world: World) -> None:
    """Killed again and again, the exporter's counters match what happened, and never go back."""
    function = "lambda_router"
    quiet(world)
    before, true_before = exported(world), truth(world, "Invocations", function)
    events_before = world.aws.logs.count("/aws/lambda/lambda_router", "PROCESSED")
    world.workload.resume()
    seen = dict(before)
    for _ in range(3):
        progress = truth(world, "Invocations", function)
        wait_for(lambda start=progress: truth(world, "Invocations", function) > start + 25, 60)
        child = world.children["exporter"]
        child.kill()
        child.start()
        wait_for(child.is_ready, 60)
        now = exported(world)
        assert not [key for key, was in seen.items() if now.get(key, 0.0) < was]
        seen = now
    quiet(world)
    after = exported(world)
    key = f'dataplatform_lambda_invocations_total{{function="{function}"}}'
    grown = truth(world, "Invocations", function) - true_before
    assert after[key] - before[key] == grown > 0
    logs = f'dataplatform_log_events_total{{event="processed",function="{function}"}}'
    found = world.aws.logs.count("/aws/lambda/lambda_router", "PROCESSED") - events_before
    assert after[logs] - before[logs] == found > 0
    world.workload.resume()
    assert (
        value(world, f'resets(dataplatform_lambda_invocations_total{{function="{function}"}}[5m])')
        == 0
    )


def test_two_alertmanagers_and_a_redelivery_act_once(world: World, regression: Regression) -> None:
    """The same alert from two Alertmanagers, and once more later, rolls back once, in time."""
    run = regression.run
    assert run["outcome"] == "succeeded"
    assert run["applied_at"] - regression.first_failure <= 60
    assert run["closed_at"] - regression.first_failure <= 180
    why = ask(world, f"/v1/why/{run['fingerprint']}")
    firing = [d for d in why["deliveries"] if d["status"] == "firing"]
    assert [d["decision"] for d in firing[:2]] == ["accepted", "duplicate"]
    alert = {
        "status": "firing",
        "labels": why["alert"],
        "startsAt": iso(run["starts_at"]),
        "fingerprint": run["fingerprint"],
    }
    answer = requests.post(
        world.addresses.remediations + "/v1/alerts",
        json={"version": "4", "alerts": [alert]},
        headers=token(world),
        timeout=10,
    )
    assert (answer.status_code, answer.json()["duplicate"]) == (202, 1)
    assert len([one for one in world.observer.runs() if one["target"] == REGRESSED]) == 1
    assert updates(world, REGRESSED) == 1
    assert serving(world.aws.region, REGRESSED, "LIVE") == {"5": 1.0}


def test_killed_between_intent_and_result(world: World) -> None:
    """Killed after AWS acted and before the answer, the service comes back, reads, acts once."""
    function = "structured_data_processor"
    world.aws.front.fail("lambda", "UpdateAlias", times=1, after=True, delay=6.0)
    bad_deploy(world, function)
    wait_for(lambda: updates(world, function) == 1, 90)
    child = world.children["remediations"]
    child.kill()
    assert serving(world.aws.region, function, "LIVE") == {"5": 1.0}
    child.start()
    wait_for(child.is_ready, 60)
    wait_for(lambda: run_on(world, function).get("closed_at"), 200)
    run = ask(world, f"/v1/runs/{run_on(world, function)['id']}")
    assert run["outcome"] == "succeeded"
    assert [(step["state"], step["attempts"]) for step in run["steps"]] == [("done", 1)]
    results = [row for row in run["history"] if row["kind"] == "result"]
    assert [row["how"] for row in results] == ["observed"]
    assert updates(world, function) == 1
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
    injected = world.faults.inject(SlowInflux(kind="slow_influx", seconds=7))
    wait_for(
        lambda: (
            value(world, f'{writes}{{le="+Inf"}}') - value(world, f'{writes}{{le="5.0"}}')
            >= slow + 2
        ),
        90,
    )
    wait_for(
        lambda: [
            page
            for page in world.sink.pages()
            if (page.receiver, page.alert) == ("operations-page", "InfluxWriteSlow")
        ],
        150,
    )
    assert len(world.observer.runs()) == runs
    world.faults.clear(injected)
