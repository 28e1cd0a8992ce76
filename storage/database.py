"""One way to open a database, so that durability means the same everywhere."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
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
    parsed = _parsed(url)
    return _open_sqlite(parsed) if _is_sqlite(parsed) else _open_postgresql(parsed)


def open_to_read(url: str) -> sa.Engine:
    """Return an engine that cannot change the database at ``url``, nor make one.

    Raises:
        DatabaseError: if the URL is not of either kind, or its file is not there.
    """
    parsed = _parsed(url)
    if not _is_sqlite(parsed):
        return _open_postgresql(parsed).execution_options(postgresql_readonly=True)
    if not parsed.database:
        raise DatabaseError("a database in memory holds nothing to read")
    file = Path(parsed.database)
    try:
        file.stat()
    except OSError as error:
        # Not the whole URL: one that was mistyped may hold what is secret.
        raise DatabaseError(f"the database '{file.name}': {error.strerror}") from error
    return _read_sqlite(file.resolve())


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise DatabaseError("the database URL cannot be parsed") from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseError(f"'{parsed.get_backend_name()}' databases are not supported")
    return parsed


def _is_sqlite(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _open_postgresql(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_timeout=5,
            connect_args={"connect_timeout": 5},
            isolation_level="READ COMMITTED",
        )
    except NoSuchModuleError as error:
        raise DatabaseError("psycopg is not installed") from error


def _read_sqlite(file: Path) -> sa.Engine:
    log = file.with_name(f"{file.name}-wal")
    # SQLite shares what it reads through files beside the database. Where it cannot make them
    # nobody else can write either, and the database must be read as a file that stays as it is.
    alone = not log.exists() and not os.access(file.parent, os.W_OK)
    uri = f"{file.as_uri()}?mode=ro{'&immutable=1' if alone else ''}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            uri, uri=True, timeout=10, check_same_thread=False, isolation_level=None
        )

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


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
