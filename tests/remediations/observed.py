"""Every change of a run's row, as the database saw it: no step of the engine hides one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from remediations.model import OUTCOMES_FROM, TRANSITIONS, Outcome, State

_NOTED = """CREATE TABLE observed (
    number INTEGER PRIMARY KEY, run_id TEXT NOT NULL, was TEXT, became TEXT NOT NULL,
    outcome TEXT, reason TEXT, acted REAL)"""
_OPENED = """CREATE TRIGGER observed_opened AFTER INSERT ON runs BEGIN
    INSERT INTO observed (run_id, was, became, outcome, reason, acted)
    VALUES (new.id, NULL, new.state, new.outcome, new.reason, new.intended_at); END"""
_MOVED = """CREATE TRIGGER observed_moved AFTER UPDATE ON runs BEGIN
    INSERT INTO observed (run_id, was, became, outcome, reason, acted)
    VALUES (new.id, old.state, new.state, new.outcome, new.reason, old.intended_at); END"""


@dataclass(frozen=True)
class Move:
    """A run's row as it was and as it became; ``was`` is None where it was opened.

    ``acted`` is when it had made its first call (unix seconds).
    """

    run_id: str
    was: State | None
    became: State
    outcome: Outcome | None
    reason: str | None
    acted: float | None

    def problems(self) -> Iterator[str]:
        """Yield what the tables do not allow."""
        if self.was is None:
            if self.became is not State.READY:
                yield f"opened as {self.became}"
        elif self.was is State.CLOSED:
            yield "touched after it was closed"
        elif self.became is not self.was and self.became not in TRANSITIONS[self.was]:
            yield f"{self.was} became {self.became}"
        elif self.became is State.CLOSED and self.outcome not in OUTCOMES_FROM[self.was]:
            yield f"{self.was} ended as {self.outcome}"
        if (self.outcome is None) != (self.became is not State.CLOSED):
            yield f"{self.became} with the outcome {self.outcome}"
        if self.outcome is Outcome.CANCELLED and self.acted is not None:
            yield "cancelled after it had acted"
        if self.reason == "internal_error":
            yield f"a defect ended it in {self.was}"


class Observed:
    """What has happened to the runs of a ledger on SQLite since this was made."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.moves: list[Move] = []
        with engine.begin() as connection:
            for statement in (_NOTED, _OPENED, _MOVED):
                connection.exec_driver_sql(statement)

    def problems(self) -> list[str]:
        """Return a line for each change since the last look that the tables do not allow."""
        query = (
            "SELECT run_id, was, became, outcome, reason, acted FROM observed"
            " WHERE number > ? ORDER BY number"
        )
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(query, (len(self.moves),))
            found = [_move(row) for row in rows]
        self.moves += found
        return [f"{move.run_id}: {line}" for move in found for line in move.problems()]


def _move(row: sa.Row[tuple[str, str | None, str, str | None, str | None, float | None]]) -> Move:
    run_id, was, became, outcome, reason, acted = row
    return Move(
        *(run_id, None if was is None else State(was), State(became)),
        *(None if outcome is None else Outcome(outcome), reason, acted),
    )
