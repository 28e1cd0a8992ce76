"""Setting one flag by hand."""

from __future__ import annotations

import pytest

from remediations.asking import AskedWronglyError
from remediations.model import Outcome, State
from tests.remediations.flag_world import API, MAINTENANCE, PROCESSING, Flags, flag_alert
from tests.remediations.rig import Rig

NAME = "set_flag"
OFF = {API: False, PROCESSING: False, MAINTENANCE: False}


@pytest.mark.parametrize("flag", [API, MAINTENANCE])
def test_sets_any_flag_of_the_inventory(flags_rig: Rig, flag: str) -> None:
    """On and off again, a critical one too; its attributes and the other flags are kept."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, flag: {"enabled": False, "limit": 3}})
    run = flags_rig.ask(NAME, flag=flag, enabled=True)
    assert (run.outcome, run.reason) == (Outcome.SUCCEEDED, "done")
    assert flags.document() == {
        **{name: {"enabled": False} for name in OFF},
        flag: {"enabled": True, "limit": 3},
    }
    flags_rig.clock.forward(60)
    assert flags_rig.ask(NAME, flag=flag, enabled=False).outcome is Outcome.SUCCEEDED
    assert flags.states() == OFF


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"flag": "other", "enabled": True}, "no flag 'other'"),
        ({"flag": API}, "enabled"),
        ({"flag": API, "enabled": "maybe"}, "enabled"),
        ({"enabled": True}, "flag"),
        ({"flag": API, "enabled": True, "in_progress": "now"}, "in_progress"),
    ],
)
def test_wrong_parameters_open_nothing(
    flags_rig: Rig, params: dict[str, object], match: str
) -> None:
    """A foreign flag or a missing state is refused in one line."""
    with pytest.raises(AskedWronglyError, match=match):
        flags_rig.ask(NAME, **params)
    assert flags_rig.ledger.facts.runs() == []


def test_flag_that_the_document_lacks_is_not_invented(flags_rig: Rig) -> None:
    """A flag without a definition cannot be set: nothing is written."""
    flags = Flags(flags_rig)
    flags.deploy({PROCESSING: True})
    run = flags_rig.ask(NAME, flag=API, enabled=True)
    assert (run.state, run.reason) == (State.BLOCKED, "flag_missing")
    assert flags.versions() == [1, 2]


def test_defined_flag_without_a_value_can_be_set(flags_rig: Rig) -> None:
    """A flag that is defined and has no value yet is off, and is turned on."""
    flags = Flags(flags_rig)
    flags.start(
        flags.draft({PROCESSING: True}, flags={API: {"name": "API"}, PROCESSING: {"name": "P"}})
    )
    assert flags_rig.ask(NAME, flag=API, enabled=True).outcome is Outcome.SUCCEEDED
    assert flags.states() == {API: True, PROCESSING: True}


def test_already_so_is_nothing_to_do(flags_rig: Rig) -> None:
    """A flag that is as asked for is left."""
    run = flags_rig.ask(NAME, flag=API, enabled=False)
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "already_done")


def test_nothing_deployed_blocks(flags_rig: Rig) -> None:
    """A draft alone is not deployed behind anybody's back."""
    flags = Flags(flags_rig)
    app = flags_rig.aws.appconfig._applications[flags.where["ApplicationId"]]
    app.deployments.clear()
    run = flags_rig.ask(NAME, flag=API, enabled=True)
    assert (run.state, run.reason) == (State.BLOCKED, "nothing_deployed")


def test_missing_profile_blocks(flags_rig: Rig) -> None:
    """An inventory that names a profile which is not there is said so."""
    config = flags_rig.inventory.appconfig.model_copy(update={"profile": "gone"})
    flags_rig.use(flags_rig.inventory.model_copy(update={"appconfig": config}))
    run = flags_rig.ask(NAME, flag=API, enabled=True)
    assert (run.state, run.reason) == (State.BLOCKED, "target_missing")


def test_drafts_of_others_and_of_former_runs_are_not_mistaken(flags_rig: Rig) -> None:
    """Behind more versions than a page holds, each run deploys its own."""
    flags = Flags(flags_rig)
    for _ in range(55):
        flags.draft(OFF)
    assert flags_rig.ask(NAME, flag=API, enabled=True).outcome is Outcome.SUCCEEDED
    flags_rig.clock.forward(60)
    assert flags_rig.ask(NAME, flag=PROCESSING, enabled=True).outcome is Outcome.SUCCEEDED
    assert flags.deployments()[0] == (3, "58", "COMPLETE")
    assert flags.states() == {API: True, PROCESSING: True, MAINTENANCE: False}


def test_stop_policy_shows_what_goes_back(flags_rig: Rig) -> None:
    """A person who lets a deployment be stopped is shown each flag that goes back with it."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True, MAINTENANCE: True}, bake=30)
    run = flags_rig.ask(NAME, flag=API, enabled=False, in_progress="stop")
    assert run.outcome is Outcome.SUCCEEDED
    assert run.plan is not None
    assert f"flag {MAINTENANCE}: on -> off" in run.plan.diff
    assert flags.states() == OFF


def test_what_is_coming_already_is_waited_for(flags_rig: Rig) -> None:
    """A deployment in progress that brings what is asked for is not stopped, but waited for."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True}, bake=5)
    run = flags_rig.ask(NAME, flag=API, enabled=True, in_progress="stop")
    assert (run.state, run.reason) == (State.BLOCKED, "flag_deployment_in_progress")
    run = flags_rig.end()
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "already_done")
    assert flags.states()[API]


def test_two_actions_on_flags_wait_for_each_other(flags_rig: Rig) -> None:
    """While an alert's run verifies, a run by hand on the flags is held."""
    flags = Flags(flags_rig)
    flags_rig.clock.forward(7200)
    flags.deploy({**OFF, API: True})
    flags_rig.clock.forward(300)
    flags_rig.deliver(flag_alert(flags_rig))
    flags_rig.until(State.VERIFYING)
    flags_rig.clock.forward(1)
    held = flags_rig.ask(NAME, flag=API, enabled=True)
    assert (held.state, held.reason) == (State.BLOCKED, "target_busy")
    assert flags.states() == OFF
