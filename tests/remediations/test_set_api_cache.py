"""The cache of a stage: switched, waited for, billed as long as was asked and no longer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from remediations.asking import AskedWronglyError, checked, intent
from remediations.ledger.deliveries import RunOpenError
from remediations.model import Outcome, Run, Sample, State, Verdict
from simulator.aws.api_gateway import CACHE_SECONDS, caches
from tests.remediations.rig import CrashError, Rig
from tests.remediations.snapshot_world import die_after

API = "ons-data-platform-api"
HOUR = 3600.0


def make_stage(rig: Rig, name: str = API) -> str:
    """Make a REST API with one method and its stage; return its id."""
    client = rig.aws.client("apigateway")
    identity = str(client.create_rest_api(name=name)["id"])
    where = {"restApiId": identity, "httpMethod": "GET"}
    where["resourceId"] = client.get_resources(restApiId=identity)["items"][0]["id"]
    client.put_method(**where, authorizationType="NONE")
    client.put_integration(**where, type="MOCK")
    client.create_deployment(restApiId=identity, stageName="prod")
    return identity


@pytest.fixture
def platform(bare: Rig) -> Rig:
    """A rig whose embedded AWS has the API alone."""
    make_stage(bare)
    return bare


def cache(rig: Rig) -> tuple[bool, str | None, str]:
    """Return whether the cache is really on, its size and its state."""
    client = rig.aws.client("apigateway")
    (identity,) = (a["id"] for a in client.get_rest_apis()["items"] if a["name"] == API)
    stage = client.get_stage(restApiId=identity, stageName="prod")
    status = stage.get("cacheClusterStatus", "NOT_AVAILABLE")
    return stage["cacheClusterEnabled"], stage.get("cacheClusterSize"), status


def change(rig: Rig, **values: str) -> None:
    """Change the stage as somebody else would."""
    client = rig.aws.client("apigateway")
    (identity,) = (a["id"] for a in client.get_rest_apis()["items"] if a["name"] == API)
    operations = [{"op": "replace", "path": f"/{n}", "value": v} for n, v in values.items()]
    client.update_stage(restApiId=identity, stageName="prod", patchOperations=operations)


def ask(rig: Rig, **params: Any) -> Run:
    """Ask, approve, and return the run as it ended or is held."""
    wanted = intent(rig.inventory, rig.worker.actions["set_api_cache"], API, params, dry=False)
    run_id = rig.ledger.deliveries.ask(wanted, "test", rig.clock.at)
    deadline = rig.clock.at + 2 * HOUR
    while rig.clock.at < deadline:
        found = rig.ledger.runs.existing(run_id)
        if found.state in (State.CLOSED, State.BLOCKED):
            return found
        if found.state is State.AWAITING_APPROVAL:
            rig.ledger.runs.approve(run_id, str(found.plan_hash), "test", rig.clock.at)
        if not rig.step():
            rig.clock.forward(5)
    raise AssertionError(found)


def the_open_one(rig: Rig) -> Run:
    """Return the one run that is open."""
    (found,) = rig.ledger.facts.runs(open_only=True)
    return found


def test_the_cache_is_switched_on_and_waited_for(platform: Rig) -> None:
    """AWS takes minutes: the run ends when the cluster is there, without any deployment."""
    began = platform.clock.at
    done = ask(platform, enabled=True)
    assert (done.outcome, cache(platform)) == (Outcome.SUCCEEDED, (True, "0.5", "AVAILABLE"))
    assert platform.clock.at - began >= CACHE_SECONDS
    assert done.plan is not None
    assert done.plan.notes == ("cache_is_billed", "no_method_caches")
    assert platform.aws.front.count("apigateway", "CreateDeployment") == 1
    assert platform.ledger.facts.runs(open_only=True) == []


def test_methods_that_cache_are_seen(platform: Rig) -> None:
    """Where a method uses the cache nothing warns of one to no avail."""
    change(platform, **{"*/*/caching/enabled": "true"})
    done = ask(platform, enabled=True, size=1.6)
    assert done.plan is not None
    assert done.plan.notes == ("cache_is_billed",)
    assert cache(platform) == (True, "1.6", "AVAILABLE")


def test_another_size_and_off(platform: Rig) -> None:
    """A size is exchanged, which empties the cache; off is off, and has nothing to do again."""
    ask(platform, enabled=True)
    platform.clock.forward(60)
    resized = ask(platform, enabled=True, size="6.1")
    assert cache(platform) == (True, "6.1", "AVAILABLE")
    assert resized.plan is not None
    assert "cache_is_emptied" in resized.plan.notes
    platform.clock.forward(60)
    assert ask(platform, enabled=False).outcome is Outcome.SUCCEEDED
    assert cache(platform)[::2] == (False, "NOT_AVAILABLE")
    platform.clock.forward(60)
    assert ask(platform, enabled=False).reason == "already_done"
    assert platform.aws.front.count("apigateway", "UpdateStage") == 3


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"enabled": True, "size": "0.7"},
        {"enabled": False, "last": "8h"},
        {"enabled": True, "last": "1m"},
        {"enabled": True, "last": "1y"},
        {"enabled": True, "until": "tomorrow"},
    ],
)
def test_what_cannot_be_is_refused(platform: Rig, params: dict[str, Any]) -> None:
    """Sizes that AWS does not sell and ends that make no sense are refused before a run opens."""
    with pytest.raises(AskedWronglyError):
        checked(platform.worker.actions["set_api_cache"], params)


def test_a_cache_that_still_changes_is_left_alone(platform: Rig) -> None:
    """While AWS is at work on the cluster nothing is asked of it."""
    change(platform, cacheClusterEnabled="true", cacheClusterSize="0.5")
    held = ask(platform, enabled=False)
    assert (held.state, held.reason) == (State.BLOCKED, "cache_busy")
    assert platform.aws.front.count("apigateway", "UpdateStage") == 1


def test_two_apis_of_one_name_are_not_guessed_at(platform: Rig) -> None:
    """Names of REST APIs are not unique: which one is meant nobody can know."""
    make_stage(platform)
    held = ask(platform, enabled=True)
    assert (held.state, held.reason) == (State.BLOCKED, "target_missing")
    assert "2 APIs" in str(held.detail)
    assert platform.aws.front.count("apigateway", "UpdateStage") == 0


def test_an_api_on_a_later_page_is_found(bare: Rig) -> None:
    """Lists come in pages."""
    client = bare.aws.client("apigateway")
    for number in range(30):
        client.create_rest_api(name=f"other-{number}")
    make_stage(bare)
    assert ask(bare, enabled=True).outcome is Outcome.SUCCEEDED


def test_with_an_end_it_is_switched_off_then(platform: Rig) -> None:
    """The end is durable, the service may die meanwhile: on until then, off afterwards."""
    began = platform.clock.at
    first = ask(platform, enabled=True, last="8h")
    assert first.outcome is Outcome.SUCCEEDED
    assert first.plan is not None
    assert first.plan.notes[0] == "cache_is_billed_until"
    assert "switched off again at 2026-09-21T22:13Z" in first.plan.diff
    platform.restart()
    later = the_open_one(platform)
    assert (later.next_at, later.state) == (began + 8 * HOUR, State.READY)
    platform.clock.at = began + 8 * HOUR - 1
    assert not platform.step()
    assert caches("us-east-1", API, "prod")
    ended = platform.end()
    assert (ended.id, ended.outcome) == (later.id, Outcome.SUCCEEDED)
    assert not caches("us-east-1", API, "prod")
    assert platform.ledger.facts.runs(open_only=True) == []


def test_the_end_can_be_cancelled(platform: Rig) -> None:
    """The run that would switch it off is one like any other: cancelled, the cache stays on."""
    ask(platform, enabled=True, last="8h")
    platform.clock.forward(60)
    with pytest.raises(RunOpenError):
        ask(platform, enabled=False)
    platform.ledger.runs.cancel(the_open_one(platform).id, "test", platform.clock.at)
    platform.clock.forward(10 * HOUR)
    assert not platform.step()
    assert caches("us-east-1", API, "prod")


def test_at_the_end_what_others_changed_stays(platform: Rig) -> None:
    """Somebody gave the cache another size meanwhile: it is theirs now, a human is told."""
    ask(platform, enabled=True, last="8h")
    platform.clock.forward(HOUR)
    change(platform, cacheClusterSize="6.1")
    held = platform.until(State.BLOCKED, seconds=10 * HOUR)
    assert held.reason == "cache_changed"
    assert platform.end().outcome is Outcome.EXPIRED
    assert cache(platform)[:2] == (True, "6.1")


def test_at_the_end_what_is_off_stays_off(platform: Rig) -> None:
    """Somebody switched it off before: there is nothing left to do, and nobody is called."""
    ask(platform, enabled=True, last="8h")
    platform.clock.forward(HOUR)
    change(platform, cacheClusterEnabled="false")
    ended = platform.until(State.CLOSED, seconds=10 * HOUR)
    assert (ended.outcome, ended.reason) == (Outcome.CANCELLED, "already_done")


def test_the_end_comes_even_if_the_beginning_is_not_known(platform: Rig) -> None:
    """Whether AWS switched it on could not be found out: it is switched off all the same."""
    platform.aws.front.fail("apigateway", "UpdateStage", times=1, after=True)
    began = platform.clock.at
    wanted = intent(
        platform.inventory,
        platform.worker.actions["set_api_cache"],
        API,
        {"enabled": True, "last": "8h"},
        dry=False,
    )
    run_id = platform.ledger.deliveries.ask(wanted, "test", began)
    waiting = platform.until(State.AWAITING_APPROVAL)
    platform.ledger.runs.approve(run_id, str(waiting.plan_hash), "test", began)
    platform.step()
    platform.aws.front.fail("apigateway", "GetStage")
    while platform.ledger.runs.existing(run_id).state is not State.CLOSED:
        if not platform.step():
            platform.clock.forward(30)
    assert platform.ledger.runs.existing(run_id).outcome is Outcome.INCONCLUSIVE
    platform.aws.front.heal()
    assert caches("us-east-1", API, "prod")
    assert platform.until(State.CLOSED, seconds=10 * HOUR).outcome is Outcome.SUCCEEDED
    assert not caches("us-east-1", API, "prod")


def test_without_an_act_nothing_follows(platform: Rig) -> None:
    """Rejected, nothing was switched on: nothing is left to switch off."""
    action = platform.worker.actions["set_api_cache"]
    wanted = intent(platform.inventory, action, API, {"enabled": True, "last": "8h"}, dry=False)
    run_id = platform.ledger.deliveries.ask(wanted, "test", platform.clock.at)
    platform.until(State.AWAITING_APPROVAL)
    platform.ledger.runs.reject(run_id, "test", platform.clock.at)
    assert platform.ledger.facts.runs(open_only=True) == []


@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_changes_it_once(platform: Rig, *, after: bool) -> None:
    """AWS fails once, before or after it acted: the stage is changed once."""
    platform.aws.front.fail("apigateway", "UpdateStage", times=1, after=after)
    assert ask(platform, enabled=True).outcome is Outcome.SUCCEEDED
    assert platform.aws.front.count("apigateway", "UpdateStage") == 1


def test_killed_after_the_call_one_end_follows(platform: Rig) -> None:
    """The service comes back, finds the cache on, and one run is promised, not two."""
    die_after(platform, 0)
    with pytest.raises(CrashError):
        ask(platform, enabled=True, last="8h")
    platform.restart()
    platform.until(State.VERIFYING)
    while the_open_one(platform).state is not State.READY:
        if not platform.step():
            platform.clock.forward(30)
    assert platform.aws.front.count("apigateway", "UpdateStage") == 1
    assert the_open_one(platform).params == {"enabled": False, "size": "0.5", "last": None}


def worse(rig: Rig) -> None:
    """Let the action be one whose outcome is measured, and always worse."""
    actions: dict[str, Any] = rig.worker.actions  # type: ignore[assignment]
    actions["set_api_cache"] = replace(
        actions["set_api_cache"],
        measured=True,
        judge=lambda context, _run: Sample(context.now(), Verdict.WORSE, {}),
    )


def test_undo_switches_it_back(platform: Rig) -> None:
    """Undone, the stage has no cache again; changed by others meanwhile, it stays."""
    worse(platform)
    done = ask(platform, enabled=True)
    assert (done.outcome, cache(platform)[0]) == (Outcome.UNDONE, False)
    assert done.plan is not None
    action = platform.worker.actions["set_api_cache"]
    platform.clock.forward(CACHE_SECONDS)
    change(platform, cacheClusterEnabled="true", cacheClusterSize="6.1")
    assert action.undo(done.plan, action.observe(platform.worker.context, done)) == ()
