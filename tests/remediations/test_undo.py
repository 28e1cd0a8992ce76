"""The way back is a call like any other: guarded, sent again only if it did not happen, bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from remediations.ledger.switches import Switch
from remediations.model import Outcome, Run, State, StepState
from simulator.aws.front import Seen
from tests.remediations.rig import Rig
from tests.remediations.test_rollback import regressed

UNDO = ("lambda", "UpdateAlias")
THROTTLED: dict[str, Any] = {"code": "TooManyRequestsException", "status": 429}
FAILED: dict[str, Any] = {"code": "ServiceException", "status": 500}


def worse(rig: Rig) -> str:
    """Roll back, and let the trouble grow; return the version that the way back leads to."""
    bad = regressed(rig)
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.9
    return bad


def undo_of(rig: Rig, run: Run) -> tuple[StepState, int]:
    """Return how the undo's call stands, and how often it was sent."""
    (step,) = rig.ledger.runs.steps(run.id, "undo")
    return step.state, step.attempts


@pytest.mark.parametrize("answer", [THROTTLED, FAILED], ids=["throttled", "500"])
@pytest.mark.parametrize("times", [1, 2])
def test_an_undo_that_did_not_happen_is_sent_again(
    rig: Rig, answer: dict[str, Any], times: int
) -> None:
    """Throttled or failed, once or twice: AWS is read, and the same call made once more."""
    bad = worse(rig)
    rig.aws.front.fail(*UNDO, times=times, **answer)
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.UNDONE, "worse")
    assert undo_of(rig, run) == (StepState.DONE, times + 1)
    assert rig.version() == {bad: 1.0}
    assert rig.aws.front.count(*UNDO) == 2


def test_an_undo_is_not_sent_for_ever(rig: Rig) -> None:
    """Throttled each time, it ends after as many calls as any other, and a human is told why."""
    worse(rig)
    rig.aws.front.fail(*UNDO, **THROTTLED)
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.UNDO_FAILED, "no_effect")
    assert str(run.detail).startswith("TooManyRequestsException")
    assert undo_of(rig, run)[1] == 3
    assert rig.version() == {"5": 1.0}
    assert rig.ledger.escalations.pending() == 1


def test_an_undo_whose_answer_was_lost_is_not_sent_again(rig: Rig) -> None:
    """It happened: AWS says so when it is read."""
    bad = worse(rig)
    rig.aws.front.fail(*UNDO, times=1, after=True, **FAILED)
    run = rig.end()
    assert run.outcome is Outcome.UNDONE
    assert undo_of(rig, run) == (StepState.DONE, 1)
    assert rig.version() == {bad: 1.0}


def test_a_second_sending_that_is_refused_is_looked_at(rig: Rig) -> None:
    """What is refused because the first one arrived late was done, and is told as that."""
    bad = worse(rig)
    rig.aws.front.fail(*UNDO, times=1, **FAILED)
    rig.until(State.UNDOING)
    # The first one arrives after all, when the second is about to leave.
    rig.aws.front.once(
        _reads,
        lambda: rig.move_alias(bad),
    )
    run = rig.end()
    assert run.outcome is Outcome.UNDONE
    assert undo_of(rig, run) == (StepState.DONE, 2)
    assert rig.version() == {bad: 1.0}


def test_what_somebody_else_changed_meanwhile_is_left_alone(rig: Rig) -> None:
    """After a failed sending the alias is a third one: hands off, and a human is told."""
    worse(rig)
    rig.aws.front.fail(*UNDO, times=1, **THROTTLED)
    rig.until(State.UNDOING)
    rig.move_alias("3")
    run = rig.end()
    assert run.outcome is Outcome.UNDO_FAILED
    assert undo_of(rig, run)[1] == 1
    assert rig.version() == {"3": 1.0}
    assert rig.ledger.escalations.pending() == 1


def test_a_refused_undo_is_not_repeated(rig: Rig) -> None:
    """A denial ends it at once, and a human is told."""
    worse(rig)
    rig.aws.front.fail(*UNDO, code="AccessDeniedException", status=403)
    run = rig.end()
    assert (run.outcome, run.reason) == (Outcome.UNDO_FAILED, "refused")
    assert undo_of(rig, run)[1] == 1


def _pause(rig: Rig) -> None:
    rig.ledger.switches.set(Switch.PAUSE, engaged=True, by="rui", reason="", now=rig.clock.at)


def _maintenance(rig: Rig) -> None:
    until = rig.clock.at + 86_400
    rig.ledger.switches.set(
        Switch.MAINTENANCE, engaged=True, by="rui", reason="", now=rig.clock.at, until=until
    )


def _storm(rig: Rig) -> None:
    for function in rig.inventory.function_names:
        rig.deliver(rig.alert(function, labels={"remediation": "rollback_function"}))


HOLDS: Mapping[str, Callable[[Rig], None]] = {
    "kill_switch": _pause,
    "maintenance": _maintenance,
    "storm": _storm,
}


@pytest.mark.parametrize("reason", HOLDS)
def test_a_guard_holds_the_undo(rig: Rig, reason: str) -> None:
    """Worse, but a guard says no: nothing is changed, and a human is told what was not done."""
    worse(rig)
    run = rig.run()
    HOLDS[reason](rig)
    found = _ended(rig, run)
    assert (found.outcome, found.reason) == (Outcome.INEFFECTIVE, "worse")
    assert found.detail == f"not undone: {reason}"
    assert rig.version() == {"5": 1.0}
    assert rig.aws.front.count(*UNDO) == 1


def _ended(rig: Rig, run: Run) -> Run:
    """Work until this run has ended; others may be newer."""
    deadline = rig.clock.at + 7200
    while rig.clock.at < deadline:
        found = rig.ledger.runs.existing(run.id)
        if found.state is State.CLOSED:
            return found
        if not rig.step():
            rig.clock.forward(1)
    raise AssertionError(f"{run.id} goes on")


def test_a_switch_that_is_thrown_while_aws_is_read_holds_the_undo(rig: Rig) -> None:
    """The kill switch is engaged between the guards and the intent: no intent is committed."""
    worse(rig)
    front = rig.aws.front
    # The look that ends the verification reads the alias; then the undo does.
    front.once(
        lambda seen: _reads(seen) and _over(rig), lambda: front.once(_reads, lambda: _pause(rig))
    )
    run = rig.end()
    assert (run.outcome, run.detail) == (Outcome.INEFFECTIVE, "not undone: kill_switch")
    assert rig.ledger.runs.steps(run.id, "undo") == []
    assert front.count(*UNDO) == 1


def _reads(seen: Seen) -> bool:
    return (seen.service, seen.operation) == ("lambda", "GetAlias")


def _over(rig: Rig) -> bool:
    return rig.clock.at >= (rig.run().applied_at or 0.0) + rig.inventory.engine.verify_deadline


@pytest.mark.parametrize("reason", HOLDS)
def test_a_guard_holds_the_second_sending(rig: Rig, reason: str) -> None:
    """Held after the first sending failed: it is not sent again, and a human is told."""
    worse(rig)
    rig.aws.front.fail(*UNDO, times=1, **THROTTLED)
    run = rig.until(State.UNDOING)
    HOLDS[reason](rig)
    found = _ended(rig, run)
    assert (found.outcome, found.reason) == (Outcome.UNDO_FAILED, reason)
    assert undo_of(rig, run)[1] == 1
    assert rig.version() == {"5": 1.0}
