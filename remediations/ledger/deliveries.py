"""Deliveries: each alert that arrives is recorded with what was decided, and opens runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.schema import COUNTS, DELIVERIES, RUNS, dumps
from remediations.model import Decision, Outcome, State
from storage.database import insert_once, write

_BEFORE_INTENT = (State.READY.value, State.BLOCKED.value, State.AWAITING_APPROVAL.value)
TRUNCATED = "truncated_alerts"


@dataclass(frozen=True)
class Intent:
    """What an accepted alert asks for, after the inventory was consulted."""

    action: str
    target: str
    playbook: str
    mode: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Delivery:
    """One alert of one webhook, with intake's ruling. ``intent`` is set only when accepted."""

    key: str
    fingerprint: str
    status: str
    labels: Mapping[str, str]
    starts_at: float
    decision: Decision
    reason: str | None = None
    detail: str | None = None
    intent: Intent | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of a delivery."""

    fingerprint: str
    decision: Decision
    reason: str | None
    run_id: str | None


class RunOpenError(Exception):
    """The same action on the same target is under way; ``run_id`` names it."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"{run_id} is open already")
        self.run_id = run_id


class Deliveries:
    """Commits deliveries and the runs they open, all of a webhook in one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def receive(self, deliveries: Sequence[Delivery], truncated: int, now: float) -> list[Receipt]:
        """Record a webhook's alerts; when this returns they are durable."""
        with write(self._engine) as connection:
            if truncated:
                _count(connection, TRUNCATED, truncated)
            return [_receive(connection, delivery, now) for delivery in deliveries]

    def ask(self, intent: Intent, by: str, now: float) -> str:
        """Open a run that a person asks for and return its id.

        Raises:
            RunOpenError: if a run of this action on this target is open already.
        """
        run_id = _new_id()
        asked = Delivery(
            key=run_id,
            fingerprint=f"hand-{run_id}",
            status="asked",
            labels={},
            starts_at=now,
            decision=Decision.ACCEPTED,
        )
        with write(self._engine) as connection:
            open_id = _open_run(connection, intent)
            if open_id is not None:
                raise RunOpenError(open_id)
            _insert_run(connection, run_id, asked, intent, now)
            audit.append(
                connection, now, "asked", run_id, {"by": by, "params": dict(intent.params)}
            )
        return run_id


def _new_id() -> str:
    return f"r-{uuid.uuid4().hex[:12]}"


def _receive(connection: sa.Connection, delivery: Delivery, now: float) -> Receipt:
    decision, reason, run_id = delivery.decision, delivery.reason, None
    if delivery.intent is not None:
        run_id = _open_run(connection, delivery.intent)
        if run_id is not None:
            decision, reason = Decision.DUPLICATE, "run_open"
        else:
            run_id = _new_id()
    row: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "delivery_key": delivery.key,
        "fingerprint": delivery.fingerprint,
        "status": delivery.status,
        "alertname": delivery.labels.get("alertname", ""),
        "labels": dumps(dict(delivery.labels)),
        "starts_at": delivery.starts_at,
        "received_at": now,
        "decision": decision.value,
        "reason": reason,
        "detail": delivery.detail,
        "run_id": run_id,
        "target": delivery.intent.target if delivery.intent else None,
    }
    if not insert_once(connection, DELIVERIES, row):
        earlier = connection.execute(
            sa.select(DELIVERIES.c.run_id).where(
                DELIVERIES.c.delivery_key == delivery.key,
                DELIVERIES.c.decision != Decision.DUPLICATE.value,
            )
        ).scalar()
        row |= {
            "decision": Decision.DUPLICATE.value,
            "reason": "delivered_before",
            "run_id": earlier,
        }
        connection.execute(DELIVERIES.insert().values(row))
    elif decision is Decision.ACCEPTED and delivery.intent is not None:
        _insert_run(connection, str(run_id), delivery, delivery.intent, now)
    elif delivery.status == "resolved":
        _cancel_resolved(connection, delivery.fingerprint, now)
    decision = Decision(row["decision"])
    if decision is not Decision.DUPLICATE:
        body = {
            key: row[key] for key in ("fingerprint", "alertname", "status", "decision", "reason")
        }
        audit.append(connection, now, "delivery", row["run_id"], body)
    return Receipt(delivery.fingerprint, decision, row["reason"], row["run_id"])


def _open_run(connection: sa.Connection, intent: Intent) -> str | None:
    if connection.dialect.name == "postgresql":
        # Two replicas may hold the same alert: they decide one after the other.
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtext(:key))"),
            {"key": f"{intent.action}/{intent.target}"},
        )
    found: str | None = connection.execute(
        sa.select(RUNS.c.id).where(
            RUNS.c.action == intent.action,
            RUNS.c.target == intent.target,
            RUNS.c.state != State.CLOSED.value,
        )
    ).scalar()
    return found


def _insert_run(
    connection: sa.Connection, run_id: str, delivery: Delivery, intent: Intent, now: float
) -> None:
    connection.execute(
        RUNS.insert().values(
            id=run_id,
            action=intent.action,
            target=intent.target,
            playbook=intent.playbook,
            mode=intent.mode,
            fingerprint=delivery.fingerprint,
            alert=dumps(dict(delivery.labels)),
            starts_at=delivery.starts_at,
            state=State.READY.value,
            params=dumps(dict(intent.params)),
            created_at=now,
            updated_at=now,
            next_at=now,
            epoch=0,
        )
    )
    body = {"action": intent.action, "target": intent.target, "mode": intent.mode}
    audit.append(connection, now, "run_opened", run_id, body)


def _cancel_resolved(connection: sa.Connection, fingerprint: str, now: float) -> None:
    """Close the runs of a resolved alert that have not touched the world yet."""
    open_runs = connection.execute(
        sa.select(RUNS.c.id, RUNS.c.state).where(
            RUNS.c.fingerprint == fingerprint,
            RUNS.c.state.in_(_BEFORE_INTENT),
            RUNS.c.intended_at.is_(None),
        )
    ).all()
    for run_id, state in open_runs:
        # The epoch moves, so whoever holds the run can no longer write an intent.
        closed = connection.execute(
            sa.update(RUNS)
            .where(RUNS.c.id == run_id, RUNS.c.state == state, RUNS.c.intended_at.is_(None))
            .values(
                state=State.CLOSED.value,
                outcome=Outcome.CANCELLED.value,
                reason="alert_resolved",
                detail=None,
                epoch=RUNS.c.epoch + 1,
                lease_owner=None,
                lease_until=None,
                updated_at=now,
                closed_at=now,
            )
        )
        if closed.rowcount:
            body = {"from": state, "outcome": Outcome.CANCELLED.value, "reason": "alert_resolved"}
            audit.append(connection, now, "closed", run_id, body)


def _count(connection: sa.Connection, name: str, by: int) -> None:
    if not insert_once(connection, COUNTS, {"name": name, "total": by}):
        connection.execute(
            sa.update(COUNTS).where(COUNTS.c.name == name).values(total=COUNTS.c.total + by)
        )
