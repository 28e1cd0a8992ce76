"""Alerts that joined another's run are not lost with it: the next of them gets a run of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.intake import Delivery, Intent, new_id, opened, run_row
from remediations.ledger.schema import DELIVERIES, RUNS
from remediations.ledger.seals import DELIVERY, RUN, Seals, together
from remediations.model import Decision, Run


@dataclass(frozen=True)
class Joined:
    """An alert that was delivered while the run of another was open; times are unix seconds."""

    key: str
    fingerprint: str
    labels: Mapping[str, str]
    starts_at: float


Choice = Callable[[Sequence[Joined]], tuple[Joined, Intent] | None]
"""Chooses the alert that inherits, and what it asks for; None if none does."""


def joined(connection: sa.Connection, run: Run) -> list[Joined]:
    """Return the alerts that joined a run, each as it was delivered last, oldest first."""
    theirs = sa.and_(
        DELIVERIES.c.run_id == run.id,
        DELIVERIES.c.status == "firing",
        # The run's own alert may have ended and come back.
        sa.or_(DELIVERIES.c.fingerprint != run.fingerprint, DELIVERIES.c.starts_at > run.starts_at),
    )
    query = sa.select(DELIVERIES).where(theirs).order_by(DELIVERIES.c.received_at)
    found: dict[str, Joined] = {}
    for row in connection.execute(query):
        labels = json.loads(row.labels)
        found[row.fingerprint] = Joined(row.delivery_key, row.fingerprint, labels, row.starts_at)
    return list(found.values())


def hand_over(connection: sa.Connection, run: Run, choice: Choice, now: float) -> None:
    """Open a run for the alert that inherits from ``run``, in the transaction that closes it.

    The others that had joined wait for the new run as they waited for the old one.
    """
    waiting = joined(connection, run)
    chosen = choice(waiting)
    if chosen is None:
        return
    heir, intent = chosen
    next_id = new_id()
    alert = Delivery(
        key=heir.key,
        fingerprint=heir.fingerprint,
        status="firing",
        labels=heir.labels,
        starts_at=heir.starts_at,
        decision=Decision.ACCEPTED,
    )
    row = run_row(next_id, alert, intent, now)
    connection.execute(RUNS.insert().values(row))
    sealed = (RUN.seal(row), *_follow(connection, run.id, next_id))
    body = {**opened(intent), "after": run.id}
    audit.append(connection, now, "run_opened", next_id, body, together(*sealed))


def _follow(connection: sa.Connection, old: str, new: str) -> list[Seals]:
    """Let the deliveries that had joined the run ``old`` wait for ``new``."""
    theirs = sa.and_(
        DELIVERIES.c.run_id == old,
        DELIVERIES.c.decision == Decision.DUPLICATE.value,
        DELIVERIES.c.reason == "run_open",
    )
    found = connection.execute(sa.select(DELIVERIES.c.id).where(theirs)).all()
    connection.execute(sa.update(DELIVERIES).where(theirs).values(run_id=new))
    return [DELIVERY.seal({"id": row.id, "run_id": new}) for row in found]
