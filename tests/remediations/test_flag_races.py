"""Turning flags off while the process dies, answers get lost and others edit the same flags."""

from __future__ import annotations

import pytest

from remediations.asking import intent
from remediations.ledger.deliveries import Intent
from remediations.model import Outcome, Run, State
from tests.remediations.flag_world import API, MAINTENANCE, PROCESSING, Flags
from tests.remediations.rig import CrashError, Rig

NAME = "disable_flags"
OFF = {API: False, PROCESSING: False, MAINTENANCE: False}
CREATE = ("appconfig", "CreateHostedConfigurationVersion")
START = ("appconfig", "StartDeployment")


def test_deployment_that_an_alarm_rolled_back_is_no_success(flags_rig: Rig) -> None:
    """If AppConfig rolls our deployment back the flags are on: the run failed and says so."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    flags_rig.aws.appconfig.takes = 600.0
    run = _act_until(flags_rig, START)
    flags.client.stop_deployment(**flags.environment, DeploymentNumber=3)
    run = flags_rig.end()
    assert (run.outcome, run.reason) == (Outcome.FAILED, "no_effect")
    assert flags.states()[API]


def _act_until(rig: Rig, operation: tuple[str, str]) -> Run:
    """Ask, approve, and work until the operation was made once more."""
    before = rig.aws.front.count(*operation)
    rig.ledger.deliveries.ask(_intent(rig), "test", rig.clock.at)
    run = rig.until(State.AWAITING_APPROVAL)
    rig.ledger.runs.approve(run.id, str(run.plan_hash), "test", rig.clock.at)
    while rig.aws.front.count(*operation) == before:
        rig.step()
    return rig.run()


def _intent(rig: Rig) -> Intent:
    return intent(rig.inventory, rig.worker.actions[NAME], None, {}, dry=False)


def test_draft_saved_meanwhile_is_no_blind_retry(flags_rig: Rig) -> None:
    """A version that somebody creates after the plan makes ours conflict: we look, then create."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    flags_rig.ledger.deliveries.ask(_intent(flags_rig), "test", flags_rig.clock.at)
    run = flags_rig.until(State.AWAITING_APPROVAL)
    theirs = flags.draft({**OFF, API: True, "theirs": True})
    flags_rig.ledger.runs.approve(run.id, str(run.plan_hash), "test", flags_rig.clock.at)
    run = flags_rig.end()
    assert run.outcome is Outcome.SUCCEEDED
    assert flags.states() == OFF
    steps = flags_rig.ledger.runs.steps(run.id)
    creations = [s for s in steps if s.call.operation == CREATE[1]]
    assert [s.call.arguments["LatestVersionNumber"] for s in creations] == [theirs - 1, theirs]
    assert "ConflictException" in str(creations[0].error)


def test_document_deployed_meanwhile_is_not_overwritten(flags_rig: Rig) -> None:
    """Between our version and its deployment somebody deploys: theirs stays, a human is told."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    _act_until(flags_rig, CREATE)
    flags.deploy({**OFF, API: True, "theirs": True})
    run = flags_rig.end()
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert flags.document()["theirs"] == {"enabled": True}


def test_deployment_that_won_the_race_is_not_overwritten(flags_rig: Rig) -> None:
    """The same in the last moment: AWS refuses ours by its number, and theirs stays."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    real = flags_rig.writer

    class Racing:
        def __init__(self, client: object) -> None:
            self._client = client

        def __getattr__(self, name: str) -> object:
            return getattr(self._client, name)

        def start_deployment(self, **arguments: object) -> object:
            if arguments["ConfigurationVersion"] == "3":
                flags.deploy({**OFF, API: True, "theirs": True})
            return self._client.start_deployment(**arguments)  # type: ignore[attr-defined]

    flags_rig.writer = lambda service: Racing(real(service))
    run = flags_rig.ask(NAME)
    assert (run.outcome, run.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert flags.document()["theirs"] == {"enabled": True}
    assert flags.states()[API]


@pytest.mark.parametrize("operation", ["create_hosted_configuration_version", "start_deployment"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_crash_around_a_call_neither_loses_nor_repeats_it(
    flags_rig: Rig,
    operation: str,
    before: bool,  # noqa: FBT001 as parametrized
) -> None:
    """Killed before or after AWS acted, the run finds its version and its deployment again."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    real = flags_rig.writer

    class Dying:
        def __init__(self, client: object) -> None:
            self._client = client

        def __getattr__(self, name: str) -> object:
            if name != operation:
                return getattr(self._client, name)
            if not before:
                return lambda **arguments: (
                    getattr(self._client, name)(**arguments),
                    self._die(),
                )
            return lambda **_: self._die()

        def _die(self) -> None:
            raise CrashError

    flags_rig.writer = lambda service: Dying(real(service))
    with pytest.raises(CrashError):
        flags_rig.ask(NAME)
    flags_rig.writer = real
    flags_rig.restart()
    run = flags_rig.end()
    assert run.outcome is Outcome.SUCCEEDED
    assert flags.states() == OFF
    assert flags.versions() == [1, 2, 3]
    assert [one[:2] for one in flags.deployments()] == [(3, "3"), (2, "2"), (1, "1")]


@pytest.mark.parametrize("operation", [CREATE, START, ("appconfig", "CreateDeploymentStrategy")])
def test_lost_answer_is_found_out(flags_rig: Rig, operation: tuple[str, str]) -> None:
    """A call whose answer was lost is found by reading, never sent again."""
    flags = Flags(flags_rig)
    flags.deploy({**OFF, API: True})
    before = flags_rig.aws.front.count(*operation)
    flags_rig.aws.front.fail(*operation, status=500, times=1, after=True)
    run = flags_rig.ask(NAME)
    assert run.outcome is Outcome.SUCCEEDED
    assert flags_rig.aws.front.count(*operation) == before + 1
    assert {step.attempts for step in flags_rig.ledger.runs.steps(run.id)} == {1}
