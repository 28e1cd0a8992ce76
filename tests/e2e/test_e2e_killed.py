"""Processes killed under load: nothing is lost, repeated or done twice."""

from __future__ import annotations

import pytest

from remediations.ledger import audit
from remediations.ledger.store import open_ledger
from simulator.aws.lambda_functions import serving
from simulator.world import World
from tests.conftest import wait_for
from tests.e2e.driver import ask, bad_deploy, exported, quiet, run_on, truth, updates, value
from tests.e2e.worlds import Worlds

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("killed"),
]


@pytest.fixture
def world(worlds: Worlds) -> World:
    """Everything running; beside the world of the loop, so that both go on at once."""
    return worlds.enter("killed").world


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
