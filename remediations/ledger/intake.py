"""One transaction's worth of deliveries: what is known is read once, what is new written once.

The caller holds the ledger's one writer's lock (``audit.writing``), so what was read stays true.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.schema import DELIVERIES, RUNS, dumps
from remediations.ledger.seals import DELIVERY, RUN, Seals, together
from remediations.model import BY_HAND, Decision, State

_BEFORE_INTENT = (State.READY.value, State.BLOCKED.value, State.AWAITING_APPROVAL.value)
_AT_ONCE = 500  # values in one IN (...): far below what either database takes
_Any = TypeVar("_Any")


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


class Intake:
    """Decides ``deliveries`` in turn against what the ledger knew before, and each other."""

    def __init__(self, connection: sa.Connection, deliveries: Sequence[Delivery]) -> None:
        self._connection = connection
        self._chain = audit.Chain(connection)
        self._known = _known(connection, [delivery.key for delivery in deliveries])
        intents = [delivery.intent for delivery in deliveries if delivery.intent is not None]
        self._open = open_runs(connection, intents, by_hand=False)
        self._resolved: set[str] = set()
        self._rows: list[dict[str, Any]] = []
        self._repeated: list[Seals] = []
        self._runs: list[dict[str, Any]] = []

    def receive(self, delivery: Delivery, now: float) -> Receipt:
        """Decide one delivery; durable once the transaction that ``flush`` writes in has ended."""
        decision, reason, run_id = delivery.decision, delivery.reason, None
        fresh = delivery.key not in self._known
        if not fresh:
            decision, reason = Decision.DUPLICATE, "delivered_before"
            run_id = self._known[delivery.key]
        elif delivery.intent is not None:
            run_id = self._open.get((delivery.intent.action, delivery.intent.target))
            if run_id is not None:
                decision, reason = Decision.DUPLICATE, "run_open"
            else:
                run_id = new_id()
                self._open_run(run_id, delivery, delivery.intent, now)
        if fresh and decision is not Decision.DUPLICATE:
            self._known[delivery.key] = run_id
        self._record(delivery, now, decision, reason, run_id)
        if fresh and delivery.status == "resolved":
            self._resolved.add(delivery.fingerprint)
        return Receipt(delivery.fingerprint, decision, reason, run_id)

    def flush(self, now: float) -> None:
        """Write what was decided, and have runs looked at whose alert is said to be over."""
        for table, rows in ((DELIVERIES, self._rows), (RUNS, self._runs)):
            if rows:
                self._connection.execute(table.insert(), rows)
        for some in _slices(self._repeated):
            self._chain.append(now, "repeated", None, {"deliveries": len(some)}, together(*some))
        self._chain.flush()
        self._wake_resolved(now)

    def _open_run(self, run_id: str, delivery: Delivery, intent: Intent, now: float) -> None:
        self._open[intent.action, intent.target] = run_id
        row = run_row(run_id, delivery, intent, now)
        self._runs.append(row)
        self._chain.append(now, "run_opened", run_id, opened(intent), RUN.seal(row))

    def _record(
        self,
        delivery: Delivery,
        now: float,
        decision: Decision,
        reason: str | None,
        run_id: str | None,
    ) -> None:
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
        self._rows.append(row)
        sealed = DELIVERY.seal(row)
        if decision is Decision.DUPLICATE:
            # In a storm there are thousands: many share a row of the chain.
            self._repeated.append(sealed)
        else:
            named = ("fingerprint", "alertname", "status", "decision", "reason")
            self._chain.append(now, "delivery", run_id, {key: row[key] for key in named}, sealed)

    def _wake_resolved(self, now: float) -> None:
        """Make runs due that have not touched the world; whether to end them is the engine's.

        Alertmanager also says ``resolved`` of what Prometheus could not send for a while. The epoch
        moves, so whoever holds such a run can no longer write an intent: it is looked at anew.
        """
        for some in _slices(sorted(self._resolved)):
            self._connection.execute(
                sa.update(RUNS)
                .where(
                    RUNS.c.fingerprint.in_(some),
                    RUNS.c.state.in_(_BEFORE_INTENT),
                    RUNS.c.intended_at.is_(None),
                )
                .values(epoch=RUNS.c.epoch + 1, lease_owner=None, lease_until=None, next_at=now)
            )


def new_id() -> str:
    """Return the id of a run that is about to be opened."""
    return f"r-{uuid.uuid4().hex[:12]}"


def opened(intent: Intent) -> dict[str, str]:
    """Return what the audit says of a run that is opened."""
    return {"action": intent.action, "target": intent.target, "mode": intent.mode}


def run_row(run_id: str, delivery: Delivery, intent: Intent, now: float) -> dict[str, Any]:
    """Return a new run's row."""
    return {
        "id": run_id,
        "action": intent.action,
        "target": intent.target,
        "playbook": intent.playbook,
        "mode": intent.mode,
        "fingerprint": delivery.fingerprint,
        "alert": dumps(dict(delivery.labels)),
        "starts_at": delivery.starts_at,
        "state": State.READY.value,
        "params": dumps(dict(intent.params)),
        "created_at": now,
        "updated_at": now,
        "next_at": now,
        "epoch": 0,
    }


def _slices(values: Sequence[_Any]) -> Iterator[Sequence[_Any]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def _known(connection: sa.Connection, keys: Sequence[str]) -> dict[str, str | None]:
    """Return the deliveries that are on record, each with the run it led to."""
    found: dict[str, str | None] = {}
    for some in _slices(keys):
        query = sa.select(DELIVERIES.c.delivery_key, DELIVERIES.c.run_id).where(
            DELIVERIES.c.delivery_key.in_(some),
            DELIVERIES.c.decision != Decision.DUPLICATE.value,
        )
        found |= {row.delivery_key: row.run_id for row in connection.execute(query)}
    return found


def open_runs(
    connection: sa.Connection, intents: Sequence[Intent], *, by_hand: bool
) -> dict[tuple[str, str], str]:
    """Return the open run that each intent would join, by action and target.

    ``by_hand`` is for a person's intents. An alert joins what a person has begun to do, and not
    what still waits for an approval; nobody joins what only shows what it would do.
    """
    asked = RUNS.c.playbook == BY_HAND
    joins = sa.or_(~asked, RUNS.c.mode != "shadow")
    if not by_hand:
        joins = sa.or_(~asked, sa.and_(RUNS.c.mode != "shadow", RUNS.c.intended_at.is_not(None)))
    found: dict[tuple[str, str], str] = {}
    for some in _slices(sorted({intent.target for intent in intents})):
        query = (
            sa.select(RUNS.c.action, RUNS.c.target, RUNS.c.id)
            .where(RUNS.c.target.in_(some), RUNS.c.state != State.CLOSED.value, joins)
            # The alert's own run is the last one, and wins.
            .order_by(sa.case((asked, 0), else_=1))
        )
        found |= {(row.action, row.target): row.id for row in connection.execute(query)}
    return found
