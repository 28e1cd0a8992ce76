"""What changes while a run reads the world still stops its next call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from remediations.asking import intent
from remediations.ledger.switches import Switch
from remediations.model import Outcome, State, StepState
from tests.remediations.rig import FUNCTION, Rig
from tests.remediations.test_processing import rule, running


def _pause(rig: Rig) -> None:
    rig.ledger.switches.set(Switch.PAUSE, engaged=True, by="ana", reason="", now=rig.clock.at)


def _file(rig: Rig) -> None:
    rig.pause_file.touch()


def _maintenance(rig: Rig) -> None:
    rig.ledger.switches.set(Switch.MAINTENANCE, engaged=True, by="ana", reason="", now=rig.clock.at)


def _release(rig: Rig) -> None:
    for switch in (Switch.PAUSE, Switch.MAINTENANCE):
        rig.ledger.switches.set(switch, engaged=False, by="ana", reason="", now=rig.clock.at)
    rig.pause_file.unlink(missing_ok=True)


def _during(rig: Rig, action: str, stage: str, engage: Callable[[Rig], None]) -> None:
    """Engage a switch after the guards were asked, while ``stage`` of the action is worked out."""
    known = rig.worker.actions[action]
    real = getattr(known, stage)

    def late(*words: Any) -> Any:
        found = real(*words)
        if found:
            engage(rig)
        return found

    rig.worker.actions[action] = replace(known, **{stage: late})  # type: ignore[index]


SWITCHES = [(_pause, "kill_switch"), (_file, "kill_switch"), (_maintenance, "maintenance")]


@pytest.mark.parametrize(("engage", "reason"), SWITCHES)
def test_the_first_call_is_not_made(
    regressed: Rig, engage: Callable[[Rig], None], reason: str
) -> None:
    """A switch engaged between the guards' look and the intent stops it; released, it is made."""
    _during(regressed, "rollback_function", "effect", engage)
    regressed.deliver(regressed.alert())
    held = regressed.until(State.BLOCKED, State.VERIFYING)
    assert (held.state, held.reason, held.intended_at) == (State.BLOCKED, reason, None)
    assert regressed.ledger.runs.steps(held.id) == []
    assert regressed.version() == {"6": 1.0}
    regressed.use(regressed.inventory)
    _release(regressed)
    regressed.until(State.VERIFYING)
    assert regressed.version() == {"5": 1.0}


@pytest.mark.parametrize(("engage", "reason"), SWITCHES[:2])
def test_a_persons_call_is_not_made(
    regressed: Rig, engage: Callable[[Rig], None], reason: str
) -> None:
    """The kill switch holds what a person asked for at the same late moment."""
    _during(regressed, "rollback_function", "effect", engage)
    wanted = intent(
        regressed.inventory, regressed.worker.actions["rollback_function"], FUNCTION, {}, dry=False
    )
    regressed.ledger.deliveries.ask(wanted, "ana", regressed.clock.at)
    waiting = regressed.until(State.AWAITING_APPROVAL)
    regressed.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "ana", regressed.clock.at)
    held = regressed.until(State.BLOCKED, State.VERIFYING)
    assert (held.state, held.reason, held.intended_at) == (State.BLOCKED, reason, None)
    assert regressed.version() == {"6": 1.0}


@pytest.mark.parametrize(("engage", "reason"), SWITCHES)
def test_a_run_that_has_begun_makes_no_further_call(
    platform: Rig, engage: Callable[[Rig], None], reason: str
) -> None:
    """Engaged while the next call is worked out, the run stands half-way, and a human is told."""
    platform.deliver(_corrupted(platform))
    platform.until(State.RUNNING)
    assert rule(platform) == "DISABLED"
    before = running(platform)
    _engage_at_second_intent(platform, engage)
    held = platform.until(State.BLOCKED, State.VERIFYING, State.CLOSED)
    assert (held.state, held.reason) == (State.BLOCKED, reason)
    assert len(running(platform)) == len(before)
    steps = platform.ledger.runs.steps(held.id)
    assert [step.state for step in steps] == [StepState.DONE]
    assert platform.ledger.escalations.pending() == 1


def _corrupted(rig: Rig) -> dict[str, Any]:
    labels = {"alertname": "DataCorrupted", "remediation": "pause_processing"}
    return rig.alert(labels=labels)


def _engage_at_second_intent(rig: Rig, engage: Callable[[Rig], None]) -> None:
    """Engage after the guards' second look: where the next intent is about to be committed."""
    runs = rig.ledger.runs
    real = runs.intend

    def late(*words: Any) -> Any:
        engage(rig)
        return real(*words)

    runs.intend = late  # type: ignore[method-assign]


def test_an_undo_is_not_made(regressed: Rig) -> None:
    """Paused while an undo reads, nothing is put back, and the run says that it was not undone."""
    regressed.deliver(regressed.alert())
    regressed.until(State.VERIFYING)
    _during(regressed, "rollback_function", "undo", _pause)
    regressed.metrics.ratio = 0.9
    run = regressed.end()
    assert (run.outcome, run.reason) == (Outcome.INEFFECTIVE, "worse")
    assert run.detail == "not undone: kill_switch"
    assert regressed.version() == {"5": 1.0}
    assert regressed.ledger.escalations.pending() == 1


def test_without_an_approval_nothing_is_called_once_the_playbook_asks_for_one(
    platform: Rig,
) -> None:
    """A run half-way stops where its playbook's mode was made stricter, and a human is told."""
    platform.deliver(_corrupted(platform))
    platform.until(State.RUNNING)
    before = running(platform)
    platform.mode("approve")
    held = platform.until(State.BLOCKED, State.VERIFYING, State.CLOSED)
    assert (held.state, held.reason) == (State.BLOCKED, "mode_changed")
    assert running(platform) == before
    assert platform.ledger.escalations.pending() == 1
    platform.mode("auto")
    platform.until(State.VERIFYING)
    assert running(platform) == []


def test_other_parameters_void_a_half_way_run(platform: Rig) -> None:
    """What a playbook asks for today is not what the run began: it is held."""
    platform.deliver(_corrupted(platform))
    platform.until(State.RUNNING)
    books = tuple(
        book.model_copy(update={"params": {"stop": False}})
        if book.action == "pause_processing"
        else book
        for book in platform.inventory.playbooks
    )
    platform.use(platform.inventory.model_copy(update={"playbooks": books}))
    held = platform.until(State.BLOCKED, State.VERIFYING, State.CLOSED)
    assert (held.state, held.reason) == (State.BLOCKED, "not_allowed")


def test_a_persons_run_asks_its_own_guards_again(platform: Rig) -> None:
    """Maintenance holds no person back, also where the intent is committed."""
    action = platform.worker.actions["pause_processing"]
    wanted = intent(platform.inventory, action, None, {}, dry=False)
    platform.ledger.deliveries.ask(wanted, "ana", platform.clock.at)
    waiting = platform.until(State.AWAITING_APPROVAL)
    platform.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "ana", platform.clock.at)
    _engage_at_second_intent(platform, _maintenance)
    assert platform.end().outcome is Outcome.SUCCEEDED
