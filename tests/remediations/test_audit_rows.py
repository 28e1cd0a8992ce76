"""What the ledger's rows hold is witnessed by the audit chain: whoever edits one is found out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from remediations.ledger import audit, witness
from remediations.ledger.heirs import Joined
from remediations.ledger.intake import Intent
from remediations.ledger.schema import AUDIT, AUDIT_HEAD, DELIVERIES, RUNS, dumps
from remediations.ledger.seals import Sealed
from remediations.ledger.store import Ledger, open_ledger
from remediations.ledger.windows import Part, Phase, Window
from remediations.model import Outcome, State
from tests.remediations.rig import FUNCTION, Rig


@pytest.fixture
def played(either_rig: Rig) -> Rig:
    """A rig whose ledger holds a row of every kind, on each database."""
    rig = either_rig
    rig.deploy()
    rig.clock.forward(120)
    alert = rig.alert()
    # Delivered, delivered again, joined by another's, and refused.
    rig.deliver(alert, alert, {**alert, "fingerprint": "beef"}, rig.alert("foreign"))
    rig.until(State.VERIFYING)
    rig.metrics.ratio = 0.0
    assert rig.end().outcome is Outcome.SUCCEEDED
    rig.clock.forward(7200)
    assert rig.ask("set_log_retention", "/aws/lambda/lambda_router", days=30)
    _wait_and_expire(rig)
    rig.ledger.windows.open(_window(rig), rig.clock.at)
    return rig


def _wait_and_expire(rig: Rig) -> None:
    """Leave a run that is held and called a person, and one that ended and called one."""
    rig.metrics.ratio = 0.35
    rig.clock.forward(1)
    rig.deliver(rig.alert("influxdb_loader"))
    rig.until(State.BLOCKED)
    held = rig.ledger.runs.claim("test", 60, rig.clock.at + 3600)
    assert held is not None
    rig.ledger.runs.close(held, Outcome.EXPIRED, rig.clock.at, reason="blocked_too_long")
    rig.clock.forward(1)
    rig.deliver(rig.alert("influxdb_loader"))
    rig.until(State.BLOCKED)


def _window(rig: Rig) -> Window:
    at = rig.clock.at
    return Window("w-1", Phase.BEGINNING, "ana", "test", at, at + 3600, None, (Part("engine"),))


def _findings(ledger: Ledger, *statements: Any) -> list[str]:
    """Return what contradicts the chain once the statements have run; nothing of them is kept."""
    with ledger.engine.connect() as connection, connection.begin() as transaction:
        for statement in statements:
            connection.execute(statement)
        assert audit.broken_at(connection) is None
        found = witness.examine(connection)
        transaction.rollback()
    return list(found.contradictions)


def _other(value: Any) -> Any:
    if isinstance(value, int | float):
        return value + 1
    # Not longer than it was: columns have their widths.
    return f"{value[:-1]}{'y' if value[-1:] == 'x' else 'x'}"


def _edits(ledger: Ledger, sealed: Sealed) -> Iterator[tuple[str, str, Any]]:
    """Yield a change of each witnessed column of each row: the row's name, the column, the SQL."""
    with ledger.engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(sa.select(sealed.table))]
    types = {name: next((r[name] for r in rows if r[name] is not None), "") for name in rows[0]}
    for row in rows:
        own = sa.and_(*(sealed.table.c[name] == row[name] for name in sealed.key))
        for column in [name for group in sealed.groups.values() for name in group]:
            # Why an open run waits is not witnessed.
            if sealed.table is RUNS and column in ("reason", "detail") and row["closed_at"] is None:
                continue
            value = _other(row[column] if row[column] is not None else types[column])
            yield (
                sealed.name_of(row),
                column,
                sa.update(sealed.table).where(own).values({column: value}),
            )


def test_every_witnessed_column_is_found_out_when_it_is_edited(played: Rig) -> None:
    """Untouched all is intact and witnessed; any edit of any row is named by table and row."""
    ledger = played.ledger
    with ledger.engine.connect() as connection:
        assert witness.examine(connection) == witness.Findings((), 0)
    # Whoever edits the file need not heed what it allows.
    free = [sa.text(f"DROP INDEX {name}") for name in ("deliveries_once", "runs_one_open")]
    for sealed in witness.SEALED:
        tried = set()
        for name, column, change in _edits(ledger, sealed):
            tried.add(column)
            found = _findings(ledger, *free, change)
            assert any(f"{sealed.table.name} {name}:" in line for line in found), (name, column)
        assert tried == {column for group in sealed.groups.values() for column in group}


def test_a_row_that_is_gone_is_missed(played: Rig) -> None:
    """A repeated delivery, which the chain counts with others, cannot be taken away either."""
    repeated = DELIVERIES.c.decision == "duplicate"
    with played.ledger.engine.connect() as connection:
        names = connection.execute(sa.select(DELIVERIES.c.id).where(repeated)).scalars().all()
    assert len(names) == 2
    found = _findings(played.ledger, sa.delete(DELIVERIES).where(repeated))
    assert [f"deliveries {n}: " in "\n".join(found) for n in names] == [True, True]


def test_an_edit_is_not_sealed_by_the_next_honest_change(rig: Rig) -> None:
    """A plan that was edited while it waited is still found once it was approved and closed."""
    rig.mode("approve")
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    waiting = rig.until(State.AWAITING_APPROVAL)
    with rig.ledger.engine.begin() as connection:
        plan = json.loads(connection.execute(sa.select(RUNS.c.plan)).scalar_one())
        edited = dumps({**plan, "diff": ["something else"]})
        connection.execute(sa.update(RUNS).values(plan=edited))
    rig.ledger.runs.reject(waiting.id, "ana", rig.clock.at)
    assert _findings(rig.ledger) == [f"runs {waiting.id}: plan is not as the chain last tells"]


def test_alerts_that_were_handed_over_stay_witnessed(rig: Rig) -> None:
    """Where an alert inherits another's run its delivery changes honestly: nothing is reported."""
    alert = rig.alert()
    rig.deliver(alert, {**alert, "fingerprint": "beef"})
    run = rig.ledger.runs.claim("test", 60, rig.clock.at)
    assert run is not None
    intent = Intent("rollback_function", FUNCTION, run.playbook, run.mode, {})

    def heir(joined: Any) -> tuple[Joined, Intent]:
        return joined[0], intent

    rig.ledger.runs.close(run, Outcome.CANCELLED, rig.clock.at, reason="alert_resolved", heir=heir)
    assert [one.fingerprint for one in rig.ledger.facts.runs(open_only=True)] == ["beef"]
    assert _findings(rig.ledger) == []
    back = sa.update(DELIVERIES).where(DELIVERIES.c.fingerprint == "beef").values(run_id=run.id)
    assert len(_findings(rig.ledger, back)) == 1


def test_an_older_replica_beside_this_one_edits_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a replica of the version before goes on with is counted, and never called edited."""
    rig.deploy()
    rig.clock.forward(120)
    rig.deliver(rig.alert())
    rig.ledger.windows.open(_window(rig), rig.clock.at)
    rig.until(State.VERIFYING)
    append = audit.Chain.append

    def older(chain: audit.Chain, *row: Any) -> None:
        append(chain, *row[:4])

    monkeypatch.setattr(audit.Chain, "append", older)
    rig.metrics.ratio = 0.0
    assert rig.end().outcome is Outcome.SUCCEEDED
    rig.ledger.windows.save(replace(_window(rig), phase=Phase.ACTIVE), rig.clock.at)
    with rig.ledger.engine.connect() as connection:
        found = witness.examine(connection)
    # The run and its call, the samples and verdicts, the window.
    assert (found.contradictions, found.not_witnessed) == ((), 2 + 3 + 2 + 1)


def _unseal(ledger: Ledger) -> None:
    """Write the chain as the version before did, which sealed nothing."""
    with ledger.engine.connect() as connection:
        rows = list(audit.documents(connection))
    with ledger.engine.begin() as connection:
        previous = audit.GENESIS
        for row in rows:
            body = dumps(audit.told(row["body"])[0])
            told = (row["at"], row["kind"], row["run_id"], body)
            hashed = audit.row_hash(previous, row["seq"], *told)
            values = {"body": body, "previous": previous, "hash": hashed}
            connection.execute(sa.update(AUDIT).where(AUDIT.c.seq == row["seq"]).values(values))
            previous = hashed
        connection.execute(sa.update(AUDIT_HEAD).values(hash=previous))


def test_rows_of_the_version_before_stay_valid_and_are_counted(
    played: Rig, database_url: str
) -> None:
    """An older ledger is intact, its rows are counted as not witnessed, what goes on is sealed."""
    _unseal(played.ledger)
    with played.ledger.engine.begin() as connection:
        connection.execute(sa.text("DROP INDEX runs_one_open"))
        connection.execute(sa.text("DROP TABLE audit_head"))
        connection.execute(sa.text("ALTER TABLE runs DROP COLUMN held_until"))
        connection.execute(sa.text("ALTER TABLE steps DROP COLUMN told"))
        connection.execute(
            sa.text("UPDATE schema_version SET version = 1 WHERE component = 'ledger'")
        )
        connection.execute(
            sa.text(
                "CREATE UNIQUE INDEX runs_one_open ON runs (action, target) WHERE state <> 'closed'"
            )
        )
    played.ledger.close()
    played.ledger = open_ledger(database_url)
    with played.ledger.engine.connect() as connection:
        before = witness.examine(connection)
        tables = [sa.select(sa.func.count()).select_from(one.table) for one in witness.SEALED]
        rows = sum(connection.execute(query).scalar_one() for query in tables)
    assert (before.contradictions, before.not_witnessed) == ((), rows)
    played.start()
    played.use(played.inventory)
    open_run = played.run()
    played.ledger.runs.cancel(open_run.id, "ana", played.clock.at)
    played.ask("set_log_retention", "/aws/lambda/lambda_router", days=60)
    with played.ledger.engine.connect() as connection:
        assert witness.examine(connection) == before
    edited = sa.update(RUNS).where(RUNS.c.id == open_run.id).values(outcome="failed")
    assert any(open_run.id in line for line in _findings(played.ledger, edited))
