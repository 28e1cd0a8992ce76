"""A ledger that an older version wrote: opened by this one, with everything in it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.schema import COMPONENT, GENESIS, MIGRATIONS
from remediations.ledger.store import open_ledger
from remediations.model import Outcome, State, StepState, Verdict
from storage.database import open_database, write
from storage.migrations import Migration, migrate

_AT = 1_790_000_000.0
_RUN = {
    "action": "set_log_retention",
    "playbook": "by_hand",
    "mode": "approve",
    "fingerprint": "hand-1",
    "alert": "{}",
    "starts_at": _AT,
    "params": '{"days":30}',
    "created_at": _AT,
    "updated_at": _AT,
    "next_at": _AT,
    "epoch": 3,
}
# By the columns of the first version: later ones may add to them, and must fill in what is there.
_ROWS: dict[str, list[dict[str, Any]]] = {
    "deliveries": [
        {
            "id": "d-1",
            "delivery_key": "key",
            "fingerprint": "hand-1",
            "status": "firing",
            "alertname": "Test",
            "labels": '{"a":"b"}',
            "starts_at": _AT,
            "received_at": _AT,
            "decision": "accepted",
            "run_id": "r-open",
            "target": "/aws/lambda/one",
        }
    ],
    "runs": [
        {**_RUN, "id": "r-open", "target": "/aws/lambda/one", "state": "blocked"},
        {
            **_RUN,
            "id": "r-done",
            "target": "/aws/lambda/two",
            "state": "closed",
            "outcome": "succeeded",
            "reason": "done",
            "intended_at": _AT,
            "closed_at": _AT,
        },
    ],
    "steps": [
        {
            "run_id": "r-done",
            "purpose": "apply",
            "number": 0,
            "service": "logs",
            "operation": "PutRetentionPolicy",
            "arguments": "{}",
            "state": "done",
            "attempts": 1,
        }
    ],
    "samples": [{"run_id": "r-done", "sampled_at": _AT, "verdict": "good", "readings": "{}"}],
    "verdicts": [
        {"target": "one", "version": "5", "healthy": 1, "judged_at": _AT, "run_id": "r-done"}
    ],
    "escalations": [
        {
            "id": "e-1",
            "run_id": "r-open",
            "reason": "aws_denied",
            "labels": "{}",
            "annotations": "{}",
            "created_at": _AT,
            "next_at": _AT,
            "attempts": 0,
        }
    ],
    "switches": [{"name": "pause", "engaged": 1, "changed_by": "ana", "changed_at": _AT}],
    "counts": [{"name": "truncated_alerts", "total": 7}],
}


def _chain(length: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        body = f'{{"n":{seq}}}'
        row = {"seq": seq, "at": _AT + seq, "kind": "test", "run_id": None, "body": body}
        hashed = audit.row_hash(previous, seq, _AT + seq, "test", None, body)
        rows.append({**row, "previous": previous, "hash": hashed})
        previous = hashed
    return rows


def _insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> None:
    names = sa.table(table, *(sa.column(name) for name in row))
    connection.execute(names.insert().values(row))


def _written_by(url: str, version: int) -> sa.Engine:
    """Make a ledger as that version of the schema had it, with a row in every table."""
    engine = open_database(url)
    migrate(engine, COMPONENT, MIGRATIONS[:1])
    with write(engine) as connection:
        for table, rows in {**_ROWS, "audit": _chain(5)}.items():
            for row in rows:
                _insert(connection, table, row)
    migrate(engine, COMPONENT, MIGRATIONS[:version])
    return engine


def _tables(engine: sa.Engine) -> dict[str, tuple[str, ...]]:
    found = sa.inspect(engine)
    return {
        table: tuple(sorted(column["name"] for column in found.get_columns(table)))
        for table in found.get_table_names()
    }


def test_versions_are_in_order() -> None:
    """Migrations count from 1 without gaps: that is how the store knows which are due."""
    assert [one.version for one in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_older_ledger_keeps_everything(database_url: str, version: int) -> None:
    """Opened by this version, every row is there, is understood, and the audit chain goes on."""
    _written_by(database_url, version).dispose()
    ledger = open_ledger(database_url)
    waiting, done = ledger.runs.existing("r-open"), ledger.runs.existing("r-done")
    assert (waiting.state, waiting.params, waiting.epoch) == (State.BLOCKED, {"days": 30}, 3)
    assert (done.outcome, done.intended_at) == (Outcome.SUCCEEDED, _AT)
    assert [step.state for step in ledger.runs.steps("r-done")] == [StepState.DONE]
    assert [one.verdict for one in ledger.runs.samples("r-done")] == [Verdict.GOOD]
    assert ledger.facts.verdicts("one") == {"5": True}
    assert [one["id"] for one in ledger.facts.deliveries("hand-1")] == ["d-1"]
    assert ledger.facts.count("truncated_alerts") == 7
    assert ledger.escalations.pending() == 1
    claimed = ledger.runs.claim("test", 60, _AT + 100)
    assert claimed is not None
    ledger.runs.close(claimed, Outcome.EXPIRED, _AT + 100, reason="blocked_too_long")
    with ledger.engine.connect() as connection:
        assert audit.length(connection) == 6
        assert audit.broken_at(connection) is None
    fresh = open_database("sqlite://")
    migrate(fresh, COMPONENT, MIGRATIONS)
    # Other components keep tables of their own in the same database.
    assert _tables(ledger.engine).items() >= _tables(fresh).items()
    ledger.close()


def test_a_migration_that_fails_half_way_changes_nothing(database_url: str) -> None:
    """Its first statements are undone too: the older program goes on with its ledger."""
    newest = len(MIGRATIONS)
    engine = _written_by(database_url, newest)
    before = _tables(engine)
    broken = Migration(
        newest + 1,
        (
            "ALTER TABLE runs ADD COLUMN note TEXT",
            "CREATE TABLE further (id INTEGER)",
            "UPDATE runs SET state = 'lost'",
            "CREATE NONSENSE",
        ),
    )
    with pytest.raises(sa.exc.DBAPIError):
        migrate(engine, COMPONENT, (*MIGRATIONS, broken))
    assert _tables(engine) == before
    engine.dispose()
    ledger = open_ledger(database_url)
    assert ledger.runs.existing("r-open").state is State.BLOCKED
    ledger.close()
