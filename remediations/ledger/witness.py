"""What the ledger holds must stand in the audit chain, and be as the chain sealed it.

A chain that was cut off at its end, head included, is whole in itself; but runs, steps, deliveries
and switches still tell what it said. A row that was edited is not as it was sealed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.schema import DELIVERIES, RUNS, STEPS, SWITCHES
from remediations.ledger.seals import (
    DELIVERY,
    ESCALATION,
    RUN,
    SAMPLE,
    STEP,
    VERDICT,
    Memory,
)
from remediations.ledger.windows import WINDOW
from remediations.model import Decision, State

SEALED = (DELIVERY, RUN, STEP, SAMPLE, VERDICT, ESCALATION, WINDOW)


class Testimony:
    """What the chain tells of each run, of deliveries and of switches; read in one pass."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.kinds: Counter[str] = Counter()
        self.opened: set[str] = set()
        self.outcomes: dict[str, str] = {}
        self.approvers: dict[str, str] = {}
        self.intents: Counter[str] = Counter()
        self.switches: dict[str, dict[str, Any]] = {}
        self.sealed = Memory()
        for row in rows:
            self._hear(row)

    def _hear(self, row: Mapping[str, Any]) -> None:
        kind, run_id = row["kind"], str(row["run_id"])
        body, sealed = audit.told(row["body"])
        self.kinds[kind] += 1
        if sealed:
            self.sealed.hear(sealed)
        elif kind == "maintenance":
            self.sealed.forget_window(body["id"])
        elif row["run_id"] is not None and kind != "asked":
            self.sealed.forget_run(run_id, kind)
        if kind == "run_opened":
            self.opened.add(run_id)
        elif kind == "intent":
            self.intents[run_id] += 1
        elif kind == "closed":
            self.outcomes[run_id] = body["outcome"]
        elif kind == "approved":
            self.approvers[run_id] = body["by"]
        elif kind.startswith("switch_"):
            self.switches[kind.removeprefix("switch_")] = body


@dataclass(frozen=True)
class Findings:
    """What contradicts the chain, a line each, and how many rows it does not witness.

    Those are of a version that did not seal what it wrote.
    """

    contradictions: tuple[str, ...]
    not_witnessed: int


def examine(connection: sa.Connection) -> Findings:
    """Compare everything that the ledger holds with what its audit chain tells."""
    heard = Testimony(audit.documents(connection))
    lines, not_witnessed = list(_contradictions(connection, heard)), 0
    for sealed in SEALED:
        for line in heard.sealed.compare(connection, sealed):
            if line is None:
                not_witnessed += 1
            else:
                lines.append(line)
    return Findings(tuple(lines), not_witnessed)


def _contradictions(connection: sa.Connection, heard: Testimony) -> Iterator[str]:
    yield from _runs(connection, heard)
    yield from _steps(connection, heard)
    decided = sa.select(sa.func.count()).where(DELIVERIES.c.decision != Decision.DUPLICATE.value)
    known = int(connection.execute(decided.select_from(DELIVERIES)).scalar_one())
    if known != heard.kinds["delivery"]:
        yield f"the ledger holds {known} deliveries, the chain tells of {heard.kinds['delivery']}"
    for row in connection.execute(sa.select(SWITCHES)):
        values = dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public way to a row's mapping
        if heard.switches.get(values.pop("name")) != values:
            yield f"the switch '{row.name}' is not as the chain last tells"


def _runs(connection: sa.Connection, heard: Testimony) -> Iterator[str]:
    columns = (RUNS.c.id, RUNS.c.state, RUNS.c.outcome, RUNS.c.approved_by)
    known = set()
    for run in connection.execute(sa.select(*columns).order_by(RUNS.c.created_at)):
        known.add(run.id)
        if run.id not in heard.opened:
            yield f"{run.id}: the chain does not tell that it was opened"
        if run.state == State.CLOSED and heard.outcomes.get(run.id) != run.outcome:
            yield f"{run.id}: the chain does not tell that it ended as {run.outcome}"
        if run.state != State.CLOSED and run.id in heard.outcomes:
            yield f"{run.id}: it is open, and the chain tells that it ended"
        if run.approved_by is not None and heard.approvers.get(run.id) != run.approved_by:
            yield f"{run.id}: the chain does not tell that {run.approved_by} approved it"
    for gone in sorted(heard.opened - known):
        yield f"{gone}: the chain tells of it, the ledger does not hold it"


def _steps(connection: sa.Connection, heard: Testimony) -> Iterator[str]:
    query = sa.select(STEPS.c.run_id, sa.func.sum(STEPS.c.attempts)).group_by(STEPS.c.run_id)
    made = {str(row[0]): int(row[1]) for row in connection.execute(query)}
    for run_id in sorted(made.keys() | heard.intents.keys()):
        if made.get(run_id, 0) != heard.intents[run_id]:
            told, held = heard.intents[run_id], made.get(run_id, 0)
            yield f"{run_id}: {held} calls are on record, the chain tells of {told}"
