"""A run that comes after another: what a plan promised for later, opened where its run ends."""

from __future__ import annotations

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.intake import new_id
from remediations.ledger.schema import RUNS, dumps
from remediations.ledger.seals import RUN
from remediations.model import BY_HAND, Run, State


def open_next(connection: sa.Connection, run: Run, now: float) -> None:
    """Open the run that ``run``'s plan promised, in the transaction that closes it.

    It is due at its time, and not before; whoever approved the plan approved it as well. It is
    opened however the first one ended, once that has acted: what is not there need not be undone.
    """
    if run.plan is None or run.plan.follow is None or run.intended_at is None:
        return
    at = max(now, float(run.plan.follow["at"]))
    next_id = new_id()
    row = {
        "id": next_id,
        "action": run.action,
        "target": run.target,
        "playbook": BY_HAND,
        "mode": "auto",
        "fingerprint": f"after-{run.id}",
        "alert": dumps({}),
        "starts_at": at,
        "state": State.READY.value,
        "params": dumps(run.plan.follow["params"]),
        # It begins to wait, and to expire, when it is due.
        "created_at": at,
        "updated_at": now,
        "next_at": at,
        "epoch": 0,
    }
    connection.execute(RUNS.insert().values(row))
    body = {"action": run.action, "target": run.target, "mode": "auto", "after": run.id, "at": at}
    audit.append(connection, now, "run_opened", next_id, body, RUN.seal(row))
