"""Calls for a human: written with the state that needs one, sent until Alertmanager has it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from remediations.ledger.schema import ESCALATIONS, dumps
from remediations.ledger.seals import ESCALATION, Seals
from remediations.model import Run
from storage.database import insert_once, write


@dataclass(frozen=True)
class Escalation:
    """One call for a human, as it goes to Alertmanager."""

    id: str
    run_id: str
    reason: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    created_at: float
    attempts: int


def call_human(
    connection: sa.Connection, run: Run, reason: str, detail: str | None, at: float
) -> Seals:
    """Record that ``run`` needs a human because of ``reason``, once for each run and reason.

    Returns what is to be sealed of it.
    """
    labels = {
        "action": run.action,
        "target": run.target,
        "outcome": reason,
        "run": run.id,
        "source_alert": str(run.alert.get("alertname", "")),
    }
    annotations = {"reason": reason, "detail": detail or ""}
    row = {
        "id": uuid.uuid4().hex,
        "run_id": run.id,
        "reason": reason,
        "labels": dumps(labels),
        "annotations": dumps(annotations),
        "created_at": at,
        "next_at": at,
        "attempts": 0,
    }
    return ESCALATION.seal(row) if insert_once(connection, ESCALATIONS, row) else {}


class Escalations:
    """The outbox: at least once, oldest first."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def due(self, now: float, limit: int = 20) -> list[Escalation]:
        """Return what should be sent now."""
        query = (
            sa.select(ESCALATIONS)
            .where(ESCALATIONS.c.sent_at.is_(None), ESCALATIONS.c.next_at <= now)
            .order_by(ESCALATIONS.c.created_at)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [
                Escalation(
                    id=row.id,
                    run_id=row.run_id,
                    reason=row.reason,
                    labels=json.loads(row.labels),
                    annotations=json.loads(row.annotations),
                    created_at=row.created_at,
                    attempts=row.attempts,
                )
                for row in connection.execute(query)
            ]

    def sent(self, escalation: Escalation, now: float) -> None:
        """Record that Alertmanager has it."""
        self._update(escalation, sent_at=now, attempts=escalation.attempts + 1, error=None)

    def failed(self, escalation: Escalation, retry_at: float, error: str) -> None:
        """Record a failed attempt."""
        self._update(escalation, next_at=retry_at, attempts=escalation.attempts + 1, error=error)

    def _update(self, escalation: Escalation, **values: object) -> None:
        with write(self._engine) as connection:
            connection.execute(
                sa.update(ESCALATIONS).where(ESCALATIONS.c.id == escalation.id).values(**values)
            )

    def pending(self) -> int:
        """Return how many have not been delivered."""
        query = (
            sa.select(sa.func.count())
            .select_from(ESCALATIONS)
            .where(ESCALATIONS.c.sent_at.is_(None))
        )
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())
