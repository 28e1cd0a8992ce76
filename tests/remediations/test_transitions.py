"""The tables of states and outcomes as they are agreed, and a store that refuses all else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from remediations.ledger.runs import IllegalTransitionError
from remediations.ledger.schema import RUNS
from remediations.model import Outcome, Run, State
from storage.database import write
from tests.remediations.rig import Rig

MAY_BECOME = {
    "ready": "ready blocked awaiting_approval running closed",
    "blocked": "blocked ready awaiting_approval running verifying closed",
    "awaiting_approval": "awaiting_approval ready closed",
    "running": "running blocked verifying closed",
    "verifying": "verifying undoing closed",
    "undoing": "undoing closed",
    "closed": "",
}
MAY_END_AS = {
    "ready": "failed expired cancelled",
    "blocked": "failed inconclusive expired cancelled",
    "awaiting_approval": "rejected expired cancelled",
    "running": "failed inconclusive",
    "verifying": "succeeded ineffective inconclusive failed",
    "undoing": "undone undo_failed",
    "closed": "",
}
ACTED = {"running", "verifying", "undoing"}


@pytest.fixture
def run(bare: Rig) -> Run:
    """A run whose row each test puts into the state that it needs."""
    bare.deliver(bare.alert())
    return bare.run()


def _in_state(rig: Rig, run: Run, state: State, intended_at: float | None = None) -> Run:
    """Put the row there behind the store's back, as no code of the engine can."""
    values = {"state": state.value, "outcome": None, "intended_at": intended_at}
    with write(rig.ledger.engine) as connection:
        connection.execute(sa.update(RUNS).where(RUNS.c.id == run.id).values(**values))
    return replace(run, state=state, intended_at=intended_at)


@pytest.mark.parametrize("start", State)
def test_the_store_moves_runs_as_agreed_and_no_otherwise(bare: Rig, run: Run, start: State) -> None:
    """Of all pairs of states just those of the agreed table can be written."""
    moved = set()
    for to in State:
        there = _in_state(bare, run, start)
        try:
            bare.ledger.runs.move(there, to, bare.clock.at, kind="test")
        except IllegalTransitionError:
            assert bare.run().state is start
        else:
            moved.add(to.value)
    assert moved == set(MAY_BECOME[start].split())


@pytest.mark.parametrize("start", State)
def test_the_store_ends_runs_as_agreed_and_no_otherwise(bare: Rig, run: Run, start: State) -> None:
    """Of all pairs of a state and an outcome just those of the agreed table can be written."""
    ended = set()
    for outcome in Outcome:
        there = _in_state(bare, run, start, bare.clock.at if start in ACTED else None)
        try:
            bare.ledger.runs.close(there, outcome, bare.clock.at, reason="test")
        except IllegalTransitionError:
            assert (bare.run().state, bare.run().outcome) == (start, None)
        else:
            ended.add(outcome.value)
    assert ended == set(MAY_END_AS[start].split())


def test_what_has_acted_is_never_cancelled(bare: Rig, run: Run) -> None:
    """A run that is held half-way has changed the world: it ends otherwise."""
    there = _in_state(bare, run, State.BLOCKED, bare.clock.at)
    with pytest.raises(IllegalTransitionError):
        bare.ledger.runs.close(there, Outcome.CANCELLED, bare.clock.at, reason="test")
    assert bare.run().outcome is None
