"""Turning flags off: from the deployed document, once, and nobody else's work undone."""

from __future__ import annotations

import json

import pytest

from remediations.asking import AskedWronglyError, playbook_problems
from remediations.model import Outcome, State, StepState
from tests.remediations.flag_world import API, MAINTENANCE, PROCESSING, Flags, flag_alert
from tests.remediations.rig import Rig

NAME = "disable_flags"
OFF = {API: False, PROCESSING: False, MAINTENANCE: False}
CREATE = ("appconfig", "CreateHostedConfigurationVersion")
START = ("appconfig", "StartDeployment")
STOP = ("appconfig", "StopDeployment")


def bad_flag(rig: Rig, *, bake: int = 0, wait: float = 300) -> Flags:
    """Turn a flag on, let time pass, deliver the alert."""
    flags = Flags(rig)
    rig.clock.forward(7200)
    flags.deploy({**OFF, API: True}, bake=bake)
    rig.clock.forward(wait)
    rig.deliver(flag_alert(rig))
    return flags


def recover(rig: Rig) -> None:
    """Let the metrics say that the trouble is gone."""
    rig.metrics.ratio = 0.0


def wait_policy(rig: Rig, policy: str = "wait") -> None:
    """Let the playbook wait for deployments in progress."""
    books = tuple(
        book.model_copy(update={"params": {**book.params, "in_progress": policy}})
        if book.name == NAME
        else book
        for book in rig.inventory.playbooks
    )
    rig.use(rig.inventory.model_copy(update={"playbooks": books}))


def test_turns_off_and_verifies(flags_rig: Rig) -> None:
    """The flag is off, the alert's function recovered, each write was made once, all recorded."""
    flags = bad_flag(flags_rig)
    run = flags_rig.until(State.VERIFYING)
    assert flags.states() == OFF
    recover(flags_rig)
    run = flags_rig.end()
    assert (run.outcome, run.reason) == (Outcome.SUCCEEDED, "recovered")
    assert run.plan is not None
    assert f"flag {API}: on -> off" in run.plan.diff
    assert [flags_rig.aws.front.count(*one) for one in (CREATE, START)] == [3, 3]
    assert flags.deployments()[0] == (3, "3", "COMPLETE")


def test_edits_what_is_deployed_not_the_newest_draft(flags_rig: Rig) -> None:
    """A draft that nobody deployed stays undeployed; attributes and foreign flags are kept."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    deployed = {
        **OFF,
        API: {"enabled": True, "limit": 1.5, "região": "São Paulo"},
        MAINTENANCE: True,
        "not_in_the_inventory": {"enabled": True},
    }
    flags.deploy(deployed)
    flags.draft({**OFF, API: {"enabled": True, "limit": 99}, "dangerous": True})
    flags_rig.clock.forward(300)
    flags_rig.deliver(flag_alert(flags_rig))
    flags_rig.until(State.VERIFYING)
    assert flags.document() == {
        API: {"enabled": False, "limit": 1.5, "região": "São Paulo"},
        PROCESSING: {"enabled": False},
        MAINTENANCE: {"enabled": True},
        "not_in_the_inventory": {"enabled": True},
    }


@pytest.mark.parametrize("text", ["not JSON", "[]", "{}", '{"version": "1", "values": {}}', "NaN"])
def test_unreadable_document_is_never_replaced(flags_rig: Rig, text: str) -> None:
    """What cannot be read as flags stops the run; no version is written over it."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    flags.start(flags.draft_text(text))
    flags_rig.clock.forward(60)
    before = flags.versions()
    run = flags_rig.ask(NAME)
    assert (run.state, run.reason) == (State.BLOCKED, "flags_unreadable")
    assert flags.versions() == before


def test_flag_of_variants_is_not_guessed(flags_rig: Rig) -> None:
    """A flag without a plain state stops the run: neither on nor off can be set on it."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: {"_variants": [{"name": "a", "enabled": True}]}})
    run = flags_rig.ask(NAME)
    assert (run.state, run.reason) == (State.BLOCKED, "flags_unreadable")


def test_critical_flag_is_never_turned_off(flags_rig: Rig) -> None:
    """By default, by hand and by playbook: a critical flag is refused before anything is opened."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, PROCESSING: True, MAINTENANCE: True})
    with pytest.raises(AskedWronglyError, match="critical"):
        flags_rig.ask(NAME, flags=[MAINTENANCE])
    with pytest.raises(AskedWronglyError, match="no flag 'other'"):
        flags_rig.ask(NAME, flags=["other"])
    book = flags_rig.inventory.playbook(NAME)
    wrong = book.model_copy(update={"params": {"flags": [MAINTENANCE]}})
    inventory = flags_rig.inventory.model_copy(update={"playbooks": (wrong,)})
    assert list(playbook_problems(inventory, flags_rig.worker.actions)) == [
        f"playbook disable_flags: flag '{MAINTENANCE}' is critical: only set_flag may turn it off"
    ]
    run = flags_rig.ask(NAME)
    assert (run.outcome, run.reason) == (Outcome.SUCCEEDED, "done")
    assert flags.states() == {**OFF, MAINTENANCE: True}


def test_flag_that_became_critical_is_not_turned_off(flags_rig: Rig) -> None:
    """What the inventory calls critical after intake is not touched any more."""
    bad_flag(flags_rig)
    config = flags_rig.inventory.appconfig
    critical = tuple(flag.model_copy(update={"critical": True}) for flag in config.flags)
    config = config.model_copy(update={"flags": critical})
    flags_rig.use(flags_rig.inventory.model_copy(update={"appconfig": config}))
    flags_rig.step()
    assert (flags_rig.run().state, flags_rig.run().reason) == (State.BLOCKED, "flag_not_allowed")


def test_alert_label_names_no_flag(flags_rig: Rig) -> None:
    """Labels that look like targets or flags change nothing: the playbook says what is off."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    flags.deploy({**OFF, API: True, MAINTENANCE: True})
    flags_rig.clock.forward(300)
    labels = {"flags": MAINTENANCE, "flag": MAINTENANCE, "target": "other"}
    flags_rig.deliver(flag_alert(flags_rig, labels=labels))
    flags_rig.until(State.VERIFYING)
    assert flags.states() == {**OFF, MAINTENANCE: True}


def test_nothing_on_is_nothing_to_do(flags_rig: Rig) -> None:
    """Flags that are off already are left; no empty version is created."""
    run = flags_rig.ask(NAME)
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "already_done")
    assert flags_rig.aws.front.count(*CREATE) == 1


@pytest.mark.parametrize("alert", ["ghost", ""])
def test_alert_without_a_function_of_ours_is_not_acted_on(flags_rig: Rig, alert: str) -> None:
    """Without a function to judge by nothing could be said of the outcome: nothing is done."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    flags.deploy({**OFF, API: True})
    flags_rig.clock.forward(300)
    flags_rig.deliver(flag_alert(flags_rig, labels={"function": alert}))
    flags_rig.step()
    assert (flags_rig.run().state, flags_rig.run().reason) == (State.BLOCKED, "no_target")


def test_no_recent_flag_blocks(flags_rig: Rig) -> None:
    """A flag that has been on for longer than the look-back is not blamed."""
    flags = bad_flag(flags_rig, wait=flags_rig.inventory.engine.lookback + 60)
    flags_rig.step()
    assert (flags_rig.run().state, flags_rig.run().reason) == (State.BLOCKED, "no_recent_flag")
    assert flags.states()[API]


def test_attributes_changed_lately_are_not_a_flag_turned_on(flags_rig: Rig) -> None:
    """A deployment that only edits around a flag that was on is no reason to turn it off."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    flags_rig.clock.forward(7200)
    flags.deploy({**OFF, API: {"enabled": True, "limit": 2}})
    flags_rig.clock.forward(300)
    flags_rig.deliver(flag_alert(flags_rig))
    flags_rig.step()
    assert flags_rig.run().reason == "no_recent_flag"


def test_trouble_before_the_flag_blocks(flags_rig: Rig) -> None:
    """An alert that is older than the flag's deployment is not the flag's doing."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    flags.deploy({**OFF, API: True})
    flags_rig.deliver(flag_alert(flags_rig, at=flags_rig.clock.at - 60))
    flags_rig.step()
    assert flags_rig.run().reason == "trouble_before_flag"


def test_trouble_that_goes_on_is_ineffective(flags_rig: Rig) -> None:
    """If the function goes on failing a human is told; the flag stays off."""
    flags = bad_flag(flags_rig)
    run = flags_rig.end()
    assert (run.outcome, run.reason) == (Outcome.INEFFECTIVE, "still_bad")
    assert flags.states() == OFF
    assert flags_rig.ledger.escalations.pending() == 1


def test_no_traffic_is_inconclusive(flags_rig: Rig) -> None:
    """No invocations afterwards prove nothing."""
    bad_flag(flags_rig)
    flags_rig.until(State.VERIFYING)
    flags_rig.metrics.ratio, flags_rig.metrics.invocations = None, 0.0
    assert flags_rig.end().outcome is Outcome.INCONCLUSIVE


def test_worse_is_undone_from_the_old_content(flags_rig: Rig) -> None:
    """When it grew worse the version from before is deployed again, as long as it takes."""
    flags = bad_flag(flags_rig)
    flags_rig.until(State.VERIFYING)
    flags_rig.metrics.ratio = 0.9
    flags_rig.aws.appconfig.takes = 90.0
    run = flags_rig.end()
    assert (run.outcome, run.reason) == (Outcome.UNDONE, "worse")
    assert flags.states() == {**OFF, API: True}
    assert flags.deployments()[0] == (4, "2", "COMPLETE")


def test_undo_keeps_hands_off_what_others_deployed(flags_rig: Rig) -> None:
    """If somebody deployed meanwhile nothing is undone, even where the flags read the same."""
    flags = bad_flag(flags_rig)
    flags_rig.until(State.VERIFYING)
    flags_rig.metrics.ratio = 0.9
    flags.deploy({**OFF, API: {"enabled": False, "theirs": 1}})
    run = flags_rig.end()
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert flags.document()[API] == {"enabled": False, "theirs": 1}


def test_deployment_in_progress_is_waited_for(flags_rig: Rig) -> None:
    """With the policy to wait it blocks with its reason, and goes on when the bake is over."""
    wait_policy(flags_rig)
    flags = bad_flag(flags_rig, bake=10)
    flags_rig.step()
    held = flags_rig.run()
    assert (held.state, held.reason) == (State.BLOCKED, "flag_deployment_in_progress")
    assert flags.states()[API]
    flags_rig.until(State.VERIFYING)
    assert flags_rig.aws.front.count(*STOP) == 0
    assert flags.states() == OFF


def test_baking_deployment_is_stopped(flags_rig: Rig) -> None:
    """With the policy to stop, a baking deployment is rolled back, which is all it takes."""
    flags = bad_flag(flags_rig, bake=30)
    flags_rig.until(State.VERIFYING)
    assert flags.states() == OFF
    assert flags.deployments()[0] == (2, "2", "ROLLED_BACK")
    assert [flags_rig.aws.front.count(*one) for one in (CREATE, START, STOP)] == [2, 2, 1]
    recover(flags_rig)
    assert flags_rig.end().outcome is Outcome.SUCCEEDED


def test_stopping_is_not_enough_where_a_flag_was_on_before(flags_rig: Rig) -> None:
    """What was on before the stopped deployment is turned off too, by a version of our own."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    flags.deploy({**OFF, PROCESSING: True})
    flags_rig.clock.forward(60)
    flags.deploy({**OFF, PROCESSING: True, API: True}, bake=30)
    flags_rig.clock.forward(300)
    flags_rig.deliver(flag_alert(flags_rig))
    flags_rig.until(State.VERIFYING)
    assert flags.states() == OFF
    assert [state for _, _, state in flags.deployments()[:2]] == ["COMPLETE", "ROLLED_BACK"]


def test_stopping_never_moves_a_critical_flag(flags_rig: Rig) -> None:
    """A deployment in progress that changes a critical flag too is waited for, not stopped."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    flags.deploy({**OFF, API: True, MAINTENANCE: True}, bake=30)
    flags_rig.clock.forward(300)
    flags_rig.deliver(flag_alert(flags_rig))
    flags_rig.step()
    held = flags_rig.run()
    assert (held.state, held.reason) == (State.BLOCKED, "critical_flag_in_progress")
    assert flags.states()[MAINTENANCE]


def test_deployment_of_another_profile_is_never_stopped(flags_rig: Rig) -> None:
    """One deployment for each environment: another profile's is waited for whatever the policy."""
    flags = bad_flag(flags_rig)
    other = Flags(flags_rig, "limits")
    flags.client.create_configuration_profile(
        ApplicationId=flags.where["ApplicationId"], Name="limits", LocationUri="hosted"
    )
    other.deploy({"x": True}, bake=5)
    flags_rig.step()
    held = flags_rig.run()
    assert (held.state, held.reason) == (State.BLOCKED, "flag_deployment_in_progress")
    flags_rig.until(State.VERIFYING)
    assert flags.states() == OFF
    assert other.states() == {"x": True}


def test_zero_time_strategy_is_made_once(flags_rig: Rig) -> None:
    """The strategy is found among many by its name and what it does, and made only if absent."""
    flags = Flags(flags_rig)
    for number in range(60):
        flags.client.create_deployment_strategy(
            Name=f"s{number}", DeploymentDurationInMinutes=0, GrowthFactor=100
        )
    for _ in range(2):
        flags.deploy({**OFF, API: True})
        assert flags_rig.ask(NAME).outcome is Outcome.SUCCEEDED
        flags_rig.clock.forward(60)
    pages = flags.client.get_paginator("list_deployment_strategies").paginate()
    ours = [s for page in pages for s in page["Items"] if s["Name"] == "vigia-at-once"]
    assert [(s["DeploymentDurationInMinutes"], s["FinalBakeTimeInMinutes"]) for s in ours] == [
        (0, 0)
    ]


def test_slow_deployment_is_waited_for(flags_rig: Rig) -> None:
    """A deployment that AWS has not finished is not taken for done: success needs COMPLETE."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    flags_rig.aws.appconfig.takes = 45.0
    asked = flags_rig.clock.at
    run = flags_rig.ask(NAME)
    assert run.outcome is Outcome.SUCCEEDED
    assert flags_rig.clock.at - asked >= 45
    assert flags.deployments()[0][2] == "COMPLETE"


def test_refused_call_fails(flags_rig: Rig) -> None:
    """A refusal for good is a failure with its error; the flags are as they were."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    flags_rig.aws.front.fail(*START, code="AccessDeniedException", status=403)
    run = flags_rig.ask(NAME)
    assert run.outcome is Outcome.FAILED
    assert flags_rig.ledger.runs.steps(run.id)[-1].state is StepState.FAILED
    assert flags.states()[API]


def test_plan_holds_the_exact_document(flags_rig: Rig) -> None:
    """What is approved is what is created: the whole document, and the version it must follow."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    run = flags_rig.ask(NAME, dry=True)
    assert run.plan is not None
    creation = next(call for call in run.plan.calls if call.operation == CREATE[1])
    assert json.loads(creation.arguments["Content"])["values"][API] == {"enabled": False}
    assert creation.arguments["LatestVersionNumber"] == 2
    assert flags.versions() == [1, 2]
