"""One way to open a database, so that durability means the same everywhere."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

_QUEUE = "vigia_writers"


class DatabaseError(Exception):
    """A database that cannot be used, in one line without its password."""


def open_database(url: str) -> sa.Engine:
    """Return an engine for an SQLite or PostgreSQL ``url``; nothing is connected yet.

    Raises:
        DatabaseError: if the URL is not of either kind.
    """
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise DatabaseError("the database URL cannot be parsed") from error
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_timeout=5,
                connect_args={"connect_timeout": 5},
                isolation_level="READ COMMITTED",
            )
        except NoSuchModuleError as error:
            raise DatabaseError("psycopg is not installed") from error
    raise DatabaseError(f"'{parsed.get_backend_name()}' databases are not supported")


def _open_sqlite(url: sa.URL) -> sa.Engine:
    # SQLite lets waiting writers starve each other: those of one process queue for this lock.
    engine = sa.create_engine(
        url,
        connect_args={"timeout": 10, "check_same_thread": False},
        execution_options={_QUEUE: threading.Lock()},
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        # pysqlite's own transaction handling would begin late; we begin ourselves below.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A deferred transaction that upgrades to a write fails at once instead of waiting.
        immediate = connection.get_execution_options().get("vigia_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def write(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open one transaction that writes; committed at the end, rolled back on any error."""
    queue = engine.get_execution_options().get(_QUEUE, nullcontext())
    with (
        queue,
        engine.connect().execution_options(vigia_write=True) as connection,
        connection.begin(),
    ):
        yield connection


def insert_once(connection: sa.Connection, table: sa.TableClause, values: Any) -> bool:
    """Insert a row unless a unique index holds it already; say whether it was inserted."""
    if connection.dialect.name == "sqlite":
        statement: Any = sqlite.insert(table).values(values).on_conflict_do_nothing()
    else:
        # With all its drivers it is large, and most run on SQLite.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 only where it is used

        statement = postgresql.insert(table).values(values).on_conflict_do_nothing()
    # Without the option psycopg answers -1 for an insert, which is no count.
    counted = statement.execution_options(preserve_rowcount=True)
    return bool(connection.execute(counted).rowcount == 1)
