"""The audit chain shows every edit, also of its end, and can be verified away from the ledger."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from inventory.load import load_inventory
from remediations.app import all_actions
from remediations.intake import read_webhook
from remediations.ledger import audit, witness
from remediations.ledger.schema import AUDIT, AUDIT_HEAD, dumps
from remediations.ledger.store import Ledger, open_ledger
from remediations.ledger.switches import Switch
from remediations.model import Call, Outcome, Plan, State, StepState
from tests.remediations.rig import FUNCTION
from vigia.__main__ import main

INVENTORY = load_inventory(Path(__file__).resolve().parents[2] / "platform.yaml")
CALL = Call("lambda", "UpdateAlias", {"FunctionVersion": "6"})
PLAN = Plan("rollback_function", FUNCTION, {}, {}, (CALL,), (), ("7 -> 6",), (), 9e9)


def _alert(number: int, function: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {
            "alertname": "FunctionRegressedAfterDeploy",
            "remediation": "rollback_function",
            "function": function,
            "said": "line\u2028separator",
        },
        "startsAt": "2026-01-01T00:00:00Z",
        "fingerprint": f"{number:016x}",
    }


def _fill(ledger: Ledger) -> None:
    """Record a run that was approved, acted and succeeded, one still open, and switches."""
    alerts = [_alert(1, FUNCTION), _alert(2, "influxdb_loader"), _alert(3, "foreign")]
    body = json.dumps({"version": "4", "alerts": alerts}).encode()
    ledger.deliveries.receive(read_webhook(body, INVENTORY, all_actions())[0], 0, 1.0)
    runs = ledger.runs
    first = runs.claim("test", 60, 2.0)
    assert first is not None
    waiting = runs.save_plan(first, PLAN, State.AWAITING_APPROVAL, 3.0, 99.0)
    runs.approve(first.id, str(waiting.plan_hash), "ana", 4.0)
    held = runs.claim("test", 60, 99.0)
    assert held is not None
    run = held if held.id == first.id else runs.claim("test", 60, 99.0)
    assert run is not None
    acting, step = runs.intend(run, "apply", 0, CALL, 5.0, 60.0, lambda _latest: None)
    settled = runs.settle(acting, step, StepState.DONE, 6.1, how="answered", request_id="r\u2028")
    verifying = runs.move(settled, State.VERIFYING, 7.0, kind="applied", applied_at=7.0)
    runs.close(verifying, Outcome.SUCCEEDED, 8.0, reason="recovered")
    for engaged in (True, False):
        ledger.switches.set(Switch.PAUSE, engaged=engaged, by="ana", reason="", now=9.0)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger with a history, on SQLite; what a test changes it takes back."""
    made = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('audit') / 'ledger.db'}")
    _fill(made)
    yield made
    made.close()


def _length(ledger: Ledger) -> int:
    with ledger.engine.connect() as connection:
        return audit.length(connection)


def _problems(ledger: Ledger, *statements: Any) -> list[str]:
    """Return what verification says once the statements have run; nothing of them is kept."""
    with ledger.engine.connect() as connection, connection.begin() as transaction:
        for statement in statements:
            connection.execute(statement)
        broken = audit.broken_at(connection)
        found = [broken[1]] if broken else list(witness.examine(connection).contradictions)
        transaction.rollback()
    return found


def test_untouched_chain_is_intact_on_both_databases(database_url: str) -> None:
    """A history of every kind of row verifies, and the ledger agrees with what it tells."""
    made = open_ledger(database_url)
    _fill(made)
    with audit.snapshot(made.engine) as connection:
        assert audit.broken_at(connection) is None
        assert list(witness.examine(connection).contradictions) == []
        assert audit.head(connection)[0] == audit.length(connection) > 10
    made.close()


VALUES = {
    "seq": st.integers(-5, 60),
    "at": st.floats(0, 1e10),
    "kind": st.text(max_size=8),
    "run_id": st.none() | st.text(max_size=8),
    "body": st.text(max_size=8) | st.just('{"decision":"refused"}'),
    "previous": st.text("0123456789abcdef", min_size=64, max_size=64),
    "hash": st.text("0123456789abcdef", min_size=64, max_size=64),
}


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_any_changed_column_of_any_row_shows(
    ledger: Ledger, data: st.DataObject, column: str
) -> None:
    """Whatever is written over whatever column of whatever row, verification finds it."""
    number = data.draw(st.integers(1, _length(ledger)))
    value = data.draw(VALUES[column])
    with ledger.engine.connect() as connection:
        row = connection.execute(sa.select(AUDIT).where(AUDIT.c.seq == number)).one()
        taken = {r.seq for r in connection.execute(sa.select(AUDIT.c.seq))}
    if getattr(row, column) == value or (column == "seq" and value in taken):
        return
    change = sa.update(AUDIT).where(AUDIT.c.seq == number).values({column: value})
    assert _problems(ledger, change)


@given(st.data())
def test_any_missing_or_swapped_rows_show(ledger: Ledger, data: st.DataObject) -> None:
    """Rows cut out anywhere, the end included, and two rows in each other's place are found."""
    length = _length(ledger)
    first = data.draw(st.integers(1, length))
    last = data.draw(st.integers(first, length))
    between = sa.and_(AUDIT.c.seq >= first, AUDIT.c.seq <= last)
    assert "missing" in _problems(ledger, sa.delete(AUDIT).where(between))[0]
    if first != last:
        moves = ((first, 1000), (last, first), (1000, last))
        swap = [sa.update(AUDIT).where(AUDIT.c.seq == a).values(seq=b) for a, b in moves]
        assert _problems(ledger, *swap)


@given(st.data())
def test_an_end_cut_off_together_with_the_head_shows(ledger: Ledger, data: st.DataObject) -> None:
    """With the head set back as well the chain is whole, but the ledger tells what is missing."""
    last = data.draw(st.integers(1, _length(ledger) - 1))
    with ledger.engine.connect() as connection:
        hashed = connection.execute(sa.select(AUDIT.c.hash).where(AUDIT.c.seq == last)).scalar()
        kinds = connection.execute(sa.select(AUDIT.c.kind).where(AUDIT.c.seq > last)).scalars()
        telling = set(kinds) - {"plan", "result", "applied"}
    cut = sa.delete(AUDIT).where(AUDIT.c.seq > last)
    found = _problems(ledger, cut, sa.update(AUDIT_HEAD).values(seq=last, hash=hashed))
    assert telling
    assert found


def _forge(ledger: Ledger, kind: str, **changes: Any) -> list[Any]:
    """Return statements that rewrite the newest row of ``kind`` and every hash after it."""
    with ledger.engine.connect() as connection:
        rows = list(audit.documents(connection))
    forged = max(row["seq"] for row in rows if row["kind"] == kind)
    previous, statements = audit.GENESIS, []
    for row in rows:
        if row["seq"] == forged:
            row["body"] = dumps({**json.loads(row["body"]), **changes})
        told = (row["at"], row["kind"], row["run_id"], row["body"])
        hashed = audit.row_hash(previous, row["seq"], *told)
        values = {"body": row["body"], "previous": previous, "hash": hashed}
        statements.append(sa.update(AUDIT).where(AUDIT.c.seq == row["seq"]).values(values))
        previous = hashed
    return [*statements, sa.update(AUDIT_HEAD).values(hash=previous)]


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("closed", {"outcome": "failed"}, "that it ended as succeeded"),
        ("approved", {"by": "rui"}, "that ana approved it"),
        ("switch_pause", {"engaged": 1}, "the switch 'pause'"),
    ],
)
def test_a_chain_written_anew_contradicts_the_ledger(
    ledger: Ledger, kind: str, changes: dict[str, Any], said: str
) -> None:
    """Whoever rewrites a row and every hash after it still contradicts runs and switches."""
    assert any(said in line for line in _problems(ledger, *_forge(ledger, kind, **changes)))


def test_rows_appended_after_a_cut_do_not_hide_it(tmp_path: Path) -> None:
    """The chain goes on from its head, so the rows that were cut off stay missing."""
    made = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    _fill(made)
    last = _length(made)
    with made.engine.begin() as connection:
        connection.execute(sa.delete(AUDIT).where(AUDIT.c.seq == last))
    made.switches.set(Switch.PAUSE, engaged=True, by="ana", reason="", now=10.0)
    with made.engine.connect() as connection:
        assert audit.broken_at(connection) == (last, f"row {last} is missing")
    made.close()


class Command:
    """``vigia audit`` on a copy of the ledger's file."""

    def __init__(self, ledger: Ledger, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "copy.db"
        with ledger.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        shutil.copy(str(ledger.engine.url.database), self.file)
        self._capsys = capsys

    def run(self, *words: str, ledger: bool = True) -> tuple[int, str, str]:
        """Return the exit code and what was written."""
        database = ["--database-url", f"sqlite:///{self.file}"] if ledger else []
        code = main(["audit", *words, *database])
        written = self._capsys.readouterr()
        return code, written.out, written.err


@pytest.fixture
def command(ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command."""
    return Command(ledger, tmp_path, capsys)


def test_export_is_verified_offline(command: Command, ledger: Ledger, tmp_path: Path) -> None:
    """What is written out verifies by itself, and any line changed, lost or moved shows."""
    code, out, _ = command.run("export")
    assert (code, len(out.splitlines())) == (0, _length(ledger) + 1)
    export, lines = tmp_path / "audit.jsonl", out.splitlines()

    def verify(*found: str) -> tuple[int, str]:
        export.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
        code, out, err = command.run("verify", "--file", str(export), ledger=False)
        return code, out + err

    code, said = verify(*lines)
    assert (code, "intact" in said) == (0, True)
    for changed, problem in (
        (lines[:-1], "without the chain's head"),
        ([*lines[:-2], lines[-1]], "is missing"),
        ([*lines[:3], *lines[4:]], "is missing"),
        ([lines[1], lines[0], *lines[2:]], "is missing"),
        ([lines[0].replace("run_opened", "run_closed"), *lines[1:]], "row 1 was edited"),
        (["nonsense", *lines], "line 1 is not a row"),
        (["[]", *lines], "line 1 is not a row"),
        ([], "line 1 is not a row"),
    ):
        code, said = verify(*changed)
        assert (code, problem in said, said.count("\n")) == (1, True, 1), said


def test_noted_head_must_still_be_there(command: Command) -> None:
    """A hash that was noted elsewhere proves that the chain was not written anew."""
    code, out, _ = command.run("verify", "--format", "json")
    head = json.loads(out)[0]["head"]
    assert (code, len(head)) == (0, 64)
    assert command.run("verify", "--head", head)[0] == 0
    code, _, err = command.run("verify", "--head", "f" * 64)
    assert (code, "noted head" in err) == (1, True)


def test_command_names_the_row_and_ends_with_1(command: Command) -> None:
    """An edit of the ledger's file is one clear line and exit code 1."""
    engine = sa.create_engine(f"sqlite:///{command.file}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE audit SET body = '{}' WHERE seq = 4"))
    engine.dispose()
    code, _, err = command.run("verify")
    assert (code, err) == (1, "vigia: the audit chain is broken: row 4 was edited\n")


def test_ledger_of_the_version_before_keeps_its_chain(tmp_path: Path) -> None:
    """The head of an older ledger is its last row; appending goes on from there."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    made = open_ledger(url)
    _fill(made)
    with made.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE audit_head"))
        connection.execute(sa.text("ALTER TABLE runs DROP COLUMN held_until"))
        connection.execute(sa.text("ALTER TABLE steps DROP COLUMN told"))
        connection.execute(sa.text("UPDATE schema_version SET version = 1"))
    made.close()
    again = open_ledger(url)
    again.switches.set(Switch.PAUSE, engaged=True, by="ana", reason="", now=10.0)
    with again.engine.connect() as connection:
        assert audit.broken_at(connection) is None
        assert list(witness.examine(connection).contradictions) == []
    again.close()
