"""Deliveries: each alert that arrives is recorded with what was decided, and opens runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.counts import TRUNCATED, count
from remediations.ledger.intake import (
    Delivery,
    Intake,
    Intent,
    Receipt,
    new_id,
    open_runs,
    opened,
    run_row,
)
from remediations.ledger.schema import RUNS
from remediations.ledger.seals import RUN
from remediations.model import Decision
from storage.group import GroupCommit

_BUSY_FOR = 0.25
__all__ = ("Deliveries", "Delivery", "Intent", "Receipt", "RunOpenError")


class RunOpenError(Exception):
    """The same action on the same target is under way; ``run_id`` names it."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"{run_id} is open already")
        self.run_id = run_id


@dataclass(frozen=True)
class _Webhook:
    deliveries: Sequence[Delivery]
    truncated: int
    now: float


class Deliveries:
    """Commits deliveries and the runs they open; webhooks that arrive together share a commit."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._group = GroupCommit(self._commit)
        self._last = -_BUSY_FOR

    def receive(self, deliveries: Sequence[Delivery], truncated: int, now: float) -> list[Receipt]:
        """Record a webhook's alerts; when this returns they are durable."""
        self._last = time.monotonic()
        return self._group.submit(_Webhook(deliveries, truncated, now))

    def busy(self) -> bool:
        """Say whether webhooks are coming in."""
        return time.monotonic() - self._last < _BUSY_FOR

    def _commit(self, webhooks: Sequence[_Webhook]) -> list[list[Receipt]]:
        with audit.writing(self._engine) as connection:
            intake = Intake(connection, [d for one in webhooks for d in one.deliveries])
            receipts = [[intake.receive(d, one.now) for d in one.deliveries] for one in webhooks]
            intake.flush(max((one.now for one in webhooks), default=0.0))
            if truncated := sum(one.truncated for one in webhooks):
                count(connection, TRUNCATED, truncated)
        return receipts

    def ask(self, intent: Intent, by: str, now: float) -> str:
        """Open a run that a person asks for and return its id.

        Raises:
            RunOpenError: if a run of this action on this target is open already, and more is asked
                for than to see what it would do.
        """
        run_id = new_id()
        asked = Delivery(
            key=run_id,
            fingerprint=f"hand-{run_id}",
            status="asked",
            labels={},
            starts_at=now,
            decision=Decision.ACCEPTED,
        )
        with audit.writing(self._engine) as connection:
            if intent.mode != "shadow":
                found = open_runs(connection, [intent], by_hand=True)
                open_id = found.get((intent.action, intent.target))
                if open_id is not None:
                    raise RunOpenError(open_id)
            row = run_row(run_id, asked, intent, now)
            connection.execute(RUNS.insert().values(row))
            chain = audit.Chain(connection)
            chain.append(now, "run_opened", run_id, opened(intent), RUN.seal(row))
            chain.append(now, "asked", run_id, {"by": by, "params": dict(intent.params)})
            chain.flush()
        return run_id
