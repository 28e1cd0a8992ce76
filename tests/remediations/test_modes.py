"""A playbook's mode binds the runs that are open already, where it was made stricter."""

from __future__ import annotations

import pytest

from remediations.app import all_actions
from remediations.asking import playbook_problems
from remediations.model import Outcome, State
from tests.remediations.rig import Rig

BAD = {"6": 1.0}


def _shown_only(rig: Rig) -> None:
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "shadow")
    assert rig.version() == BAD


def test_made_to_shadow_before_the_plan(regressed: Rig) -> None:
    """An alert that was accepted in auto acts no more once its playbook is in shadow."""
    regressed.deliver(regressed.alert())
    regressed.mode("shadow")
    _shown_only(regressed)


def test_made_to_shadow_after_the_plan(regressed: Rig) -> None:
    """A plan that waits for the storm watch is only shown."""
    regressed.deliver(regressed.alert())
    regressed.step()
    assert regressed.run().plan is not None
    regressed.mode("shadow")
    _shown_only(regressed)


def test_made_to_shadow_while_it_waits_for_an_approval(regressed: Rig) -> None:
    """Nobody is asked any longer to approve what would not be done."""
    regressed.mode("approve")
    regressed.deliver(regressed.alert())
    regressed.until(State.AWAITING_APPROVAL)
    regressed.mode("shadow")
    _shown_only(regressed)


def test_made_to_shadow_after_the_approval(regressed: Rig) -> None:
    """An approval does not outweigh a playbook that may not act."""
    regressed.mode("approve")
    regressed.deliver(regressed.alert())
    run = regressed.until(State.AWAITING_APPROVAL)
    regressed.ledger.runs.approve(run.id, str(run.plan_hash), "ana", regressed.clock.at)
    regressed.mode("shadow")
    _shown_only(regressed)


@pytest.mark.parametrize("planned", [False, True])
def test_made_to_ask(regressed: Rig, *, planned: bool) -> None:
    """From auto to approve: a run that has not acted waits for a person, planned or not."""
    regressed.deliver(regressed.alert())
    if planned:
        regressed.step()
        assert regressed.run().plan is not None
    regressed.mode("approve")
    run = regressed.until(State.AWAITING_APPROVAL, State.VERIFYING)
    assert run.state is State.AWAITING_APPROVAL
    assert regressed.version() == BAD
    regressed.ledger.runs.approve(run.id, str(run.plan_hash), "ana", regressed.clock.at)
    regressed.until(State.VERIFYING)
    assert regressed.version() == {"5": 1.0}


def test_made_freer_does_not_free_what_is_open(regressed: Rig) -> None:
    """From approve to auto: who was promised to be asked is asked."""
    regressed.mode("approve")
    regressed.deliver(regressed.alert())
    regressed.mode("auto")
    assert regressed.until(State.AWAITING_APPROVAL, State.VERIFYING).state is (
        State.AWAITING_APPROVAL
    )
    assert regressed.version() == BAD


def test_without_its_playbook_a_run_is_held(regressed: Rig) -> None:
    """A playbook that was taken out of the inventory does nothing more."""
    regressed.deliver(regressed.alert())
    regressed.use(regressed.inventory.model_copy(update={"playbooks": ()}))
    run = regressed.until(State.BLOCKED, State.VERIFYING, State.CLOSED)
    assert (run.state, run.reason) == (State.BLOCKED, "not_allowed")
    assert regressed.version() == BAD


def test_other_parameters_are_not_what_was_opened(regressed: Rig) -> None:
    """A run opened with other parameters than its playbook has now is held."""
    regressed.deliver(regressed.alert())
    book = regressed.inventory.playbook("rollback_function")
    changed = book.model_copy(update={"params": {"version": "5"}})
    regressed.use(regressed.inventory.model_copy(update={"playbooks": (changed,)}))
    run = regressed.until(State.BLOCKED, State.VERIFYING, State.CLOSED)
    assert (run.state, run.reason) == (State.BLOCKED, "not_allowed")
    assert regressed.version() == BAD


def test_no_playbook_passes_for_a_person(rig: Rig) -> None:
    """The name that marks what people ask for, and lifts guards, is refused to playbooks."""
    book = rig.inventory.playbook("rollback_function").model_copy(update={"name": "by_hand"})
    changed = rig.inventory.model_copy(update={"playbooks": (book,)})
    (problem,) = playbook_problems(changed, all_actions())
    assert "by_hand" in problem
