"""The ledger refuses what is illegal, and its chain shows every edit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from remediations.ledger import audit
from remediations.ledger.runs import (
    IllegalTransitionError,
    LostLeaseError,
    NotPossibleError,
    Runs,
)
from remediations.ledger.scope import Committing
from remediations.ledger.store import open_ledger
from remediations.model import (
    OUTCOMES_FROM,
    TRANSITIONS,
    Call,
    Outcome,
    Run,
    State,
    Step,
    StepState,
)
from storage.database import DatabaseError, write
from tests.remediations.rig import Rig


@pytest.fixture
def rig(either_rig: Rig) -> Rig:
    """A rig on each kind of database: the ledger's contract is the same on both."""
    return either_rig


@given(st.sampled_from(State), st.sampled_from(State))
def test_every_state_leads_somewhere_or_is_closed(start: State, other: State) -> None:
    """From each open state the end can be reached, and from the end nothing can."""
    assert TRANSITIONS[State.CLOSED] == frozenset()
    if start is not State.CLOSED:
        assert State.CLOSED in TRANSITIONS[start]
        assert OUTCOMES_FROM.get(start) or State.CLOSED in TRANSITIONS[start]
    assert (other in TRANSITIONS[start]) in (True, False)


@pytest.mark.parametrize("to", [State.VERIFYING, State.UNDOING])
def test_store_refuses_other_transitions(rig: Rig, to: State) -> None:
    """A transition that the table does not hold is refused and nothing changes."""
    rig.deliver(rig.alert())
    run = rig.ledger.runs.claim("test", 60, rig.clock.at)
    assert run is not None
    with pytest.raises(IllegalTransitionError):
        rig.ledger.runs.move(run, to, rig.clock.at, kind="test")
    assert rig.run().state is State.READY


def test_store_refuses_other_outcomes(rig: Rig) -> None:
    """A run that has not acted can never be recorded as a success."""
    rig.deliver(rig.alert())
    run = rig.ledger.runs.claim("test", 60, rig.clock.at)
    assert run is not None
    with pytest.raises(IllegalTransitionError):
        rig.ledger.runs.close(run, Outcome.SUCCEEDED, rig.clock.at, reason="x")


_CALL = Call("lambda", "UpdateAlias", {})


def _allow(_latest: Committing) -> None:
    """Hold nothing back."""


_WRITES: dict[str, Callable[[Runs, Run, float], object]] = {
    "move": lambda runs, run, now: runs.move(run, State.BLOCKED, now, kind="test"),
    "intend": lambda runs, run, now: runs.intend(run, "apply", 0, _CALL, now, 60, _allow),
    "settle": lambda runs, run, now: runs.settle(
        run, Step(run.id, 0, "apply", _CALL, StepState.INTENT), StepState.DONE, now, how="test"
    ),
    "close": lambda runs, run, now: runs.close(run, Outcome.FAILED, now, reason="refused"),
}


def test_an_old_holder_is_fenced_off(rig: Rig) -> None:
    """Once the lease ran out and another took the run, no write of the old holder is accepted."""
    rig.deliver(rig.alert())
    stale = rig.ledger.runs.claim("old", 60, rig.clock.at)
    assert stale is not None
    assert rig.ledger.runs.claim("new", 60, rig.clock.at + 59) is None
    rig.clock.forward(60)
    taken = rig.ledger.runs.claim("new", 60, rig.clock.at)
    assert taken is not None
    for name, attempt in _WRITES.items():
        with pytest.raises(LostLeaseError):
            attempt(rig.ledger.runs, stale, rig.clock.at)
        assert rig.run() == taken, name
    assert rig.ledger.runs.steps(stale.id) == []


def test_an_approval_is_of_one_plan(rig: Rig) -> None:
    """Another plan's hash approves nothing, and the right one only once."""
    rig.mode("approve")
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    waiting = rig.until(State.AWAITING_APPROVAL)
    with pytest.raises(NotPossibleError, match="changed"):
        rig.ledger.runs.approve(waiting.id, "0" * 64, "ana", rig.clock.at)
    rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "ana", rig.clock.at)
    with pytest.raises(NotPossibleError, match="does not wait"):
        rig.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "ana", rig.clock.at)
    assert rig.audit_kinds(waiting.id).count("approved") == 1


@pytest.mark.parametrize(
    ("decide", "state"),
    [
        (lambda runs, run: runs.approve(run.id, run.plan_hash, "ana", 1e10), State.READY),
        (lambda runs, run: runs.reject(run.id, "ana", 1e10), State.CLOSED),
        (lambda runs, run: runs.cancel(run.id, "ana", 1e10), State.CLOSED),
    ],
)
def test_a_decision_is_heard_while_the_engine_looks(
    rig: Rig, decide: Callable[[Runs, Run], Run], state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that the engine takes up between a person's read and write is decided all the same."""
    rig.mode("approve")
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    run = rig.until(State.AWAITING_APPROVAL)
    runs, read, taken = rig.ledger.runs, rig.ledger.runs.get, list[Run]()

    def get(run_id: str) -> Run | None:
        found = read(run_id)
        if not taken:
            claimed = runs.claim("engine", 60, rig.clock.at + 3600)
            assert claimed is not None
            taken.append(claimed)
        return found

    monkeypatch.setattr(runs, "get", get)
    assert decide(runs, run).state is state
    with pytest.raises(LostLeaseError):
        runs.move(taken[0], State.AWAITING_APPROVAL, 1e10, kind="waiting", next_at=1e10)


def test_cancel_only_before_the_first_intent(rig: Rig) -> None:
    """Once a run has acted it can no longer be cancelled, only verified."""
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    run = rig.until(State.VERIFYING)
    with pytest.raises(NotPossibleError):
        rig.ledger.runs.cancel(run.id, "ana", rig.clock.at)


def test_internal_error_ends_the_run_and_calls_a_human(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect in an action ends its run with a human told, and the engine goes on."""
    rig.deliver(rig.alert())
    monkeypatch.setattr("remediations.deciding._plan", lambda *_: 1 / 0)
    assert rig.step()
    run = rig.run()
    assert (run.outcome, run.reason) == (Outcome.FAILED, "internal_error")
    assert rig.ledger.escalations.pending() == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET body = replace(body, 'accepted', 'refused') WHERE seq = 2", "edited"),
        ("DELETE FROM audit WHERE seq = 2", "missing"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 3", "edited"),
        ("UPDATE audit SET seq = seq + 100 WHERE seq = 2", "missing"),
    ],
)
def test_chain_shows_every_edit(database_url: str, statement: str, said: str) -> None:
    """An edited, missing or reordered row of the audit chain is found, on both databases."""
    ledger = open_ledger(database_url)
    with write(ledger.engine) as connection:
        for number in range(5):
            audit.append(connection, 1e9 + number / 3, "test", None, {"a": "accepted", "n": number})
    with ledger.engine.connect() as connection:
        assert audit.broken_at(connection) is None
    with write(ledger.engine) as connection:
        connection.execute(sa.text(statement))
    with ledger.engine.connect() as connection:
        broken = audit.broken_at(connection)
    ledger.close()
    assert broken is not None
    assert said in broken[1]


def test_ledger_survives_reopening(database_url: str) -> None:
    """Opening the ledger again neither loses nor repeats anything."""
    for _ in range(2):
        ledger = open_ledger(database_url)
        with write(ledger.engine) as connection:
            audit.append(connection, 1.0, "test", None, {})
        ledger.close()
    ledger = open_ledger(database_url)
    with ledger.engine.connect() as connection:
        assert audit.length(connection) == 2
        assert audit.broken_at(connection) is None
    ledger.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """It is told as what it is, not as a database that does not answer, and nothing is written."""
    path = tmp_path / "ledger.db"
    path.write_text("what somebody else keeps here\n" * 100)
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="the ledger cannot be used: file is not a database"):
        open_ledger(f"sqlite:///{path}")
    assert path.read_bytes() == before
