"""Opening databases, isolation of writes, and what survives a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.database import DatabaseError, insert_once, open_database, write
from tests.conftest import wait_for

ROOT = Path(__file__).parents[2]
TABLE = sa.table("counter", sa.column("id"), sa.column("n"))


@pytest.fixture
def counter(engine: sa.Engine) -> Iterator[sa.Engine]:
    """A database with a table of one row: id 1, n 0."""
    with write(engine) as connection:
        connection.exec_driver_sql(
            "CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"
        )
        connection.exec_driver_sql("INSERT INTO counter VALUES (1, 0)")
    return engine


def value(engine: sa.Engine) -> int:
    """Return n of the row."""
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT n FROM counter WHERE id = 1").scalar_one())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nonsense", "cannot be parsed"),
        ("mysql://root:s3cret@host/db", "'mysql' databases are not supported"),
    ],
)
def test_other_urls_are_refused_without_their_password(url: str, expected: str) -> None:
    """Only SQLite and PostgreSQL are opened; the error quotes no secret."""
    with pytest.raises(DatabaseError, match=expected) as caught:
        open_database(url)
    assert "s3cret" not in str(caught.value)


def test_nothing_is_connected_at_opening() -> None:
    """An unreachable server is an error at the first use, not when the engine is made."""
    engine = open_database("postgresql://vigia@127.0.0.1:1/none")
    with pytest.raises(sa.exc.OperationalError), engine.connect():
        pass


def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    """Write-ahead log, full synchronisation and foreign keys are on for every connection."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]
    engine.dispose()


def test_a_write_is_all_or_nothing(counter: sa.Engine) -> None:
    """An error inside the block undoes everything in it, table creations included."""

    class Mishap(Exception):  # noqa: N818 of this test only
        pass

    def attempt() -> None:
        with write(counter) as connection:
            connection.exec_driver_sql("UPDATE counter SET n = 5")
            connection.exec_driver_sql("CREATE TABLE extra (id INTEGER)")
            raise Mishap

    with pytest.raises(Mishap):
        attempt()
    assert value(counter) == 0
    assert sa.inspect(counter).get_table_names() == ["counter"]


def test_an_uncommitted_write_is_seen_by_nobody(counter: sa.Engine) -> None:
    """A reader beside an open write sees the old value, and does not wait."""
    with write(counter) as connection:
        connection.exec_driver_sql("UPDATE counter SET n = 1")
        assert value(counter) == 0
    assert value(counter) == 1


def test_a_claim_has_one_winner(counter: sa.Engine) -> None:
    """Of many that compare and set at the same time exactly one changes the row."""
    barrier = threading.Barrier(8)

    def claim(_: int) -> int:
        barrier.wait(10)
        with write(counter) as connection:
            return connection.exec_driver_sql(
                "UPDATE counter SET n = 1 WHERE id = 1 AND n = 0"
            ).rowcount

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == [0] * 7 + [1]


def test_concurrent_writes_lose_nothing(counter: sa.Engine) -> None:
    """Increments from several threads all arrive; none fails because another one writes."""

    def add(_: int) -> None:
        with write(counter) as connection:
            connection.exec_driver_sql("UPDATE counter SET n = n + 1")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(120)))
    assert value(counter) == 120


def test_a_second_insert_of_a_key_changes_nothing(counter: sa.Engine) -> None:
    """The first insert says yes, the second no, and the row is the first one's."""
    with write(counter) as connection:
        assert insert_once(connection, TABLE, {"id": 2, "n": 7})
        assert not insert_once(connection, TABLE, {"id": 2, "n": 8})
        found = connection.execute(sa.select(TABLE.c.n).where(TABLE.c.id == 2)).scalar_one()
    assert found == 7


WRITER = """
import sys
from storage.database import open_database, write
engine = open_database(sys.argv[1])
n = 0
while True:
    n += 1
    with write(engine) as connection:
        connection.exec_driver_sql(f"UPDATE counter SET n = {n}")
        connection.exec_driver_sql(f"INSERT INTO counter VALUES ({n + 1}, {n})")
    print(n, flush=True)
"""


def test_what_was_committed_survives_a_kill(counter: sa.Engine, database_url: str) -> None:
    """After SIGKILL in mid-write every reported commit is there, whole, and the file opens."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    reported = 0
    for line in writer.stdout:
        reported = int(line)
        if reported == 25:
            writer.send_signal(signal.SIGKILL)
    writer.wait(10)
    wait_for(lambda: value(counter) >= reported)
    with counter.connect() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) - 1, max(n) FROM counter").one()
    assert rows[0] == rows[1] == value(counter)
    with write(counter) as connection:
        connection.exec_driver_sql("UPDATE counter SET n = -1 WHERE id = 1")
