"""Durable documents of the collectors: totals, watermarks, cursors and paid answers."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError as SqlDatabaseError
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from exporter.collector import CollectError, CollectorState, Reason
from storage.database import DatabaseError, open_database, write
from storage.migrations import Migration, migrate

_LOG = logging.getLogger(__name__)
_MIGRATIONS = (
    Migration(
        1,
        (
            """CREATE TABLE exporter_documents (
                scope VARCHAR(64) NOT NULL,
                key VARCHAR(600) NOT NULL,
                body TEXT NOT NULL,
                PRIMARY KEY (scope, key)
            )""",
        ),
    ),
    # Before the body: SQLite would walk through a long one to reach what comes after it.
    Migration(
        2,
        (
            """CREATE TABLE exporter_versioned (
                scope VARCHAR(64) NOT NULL,
                key VARCHAR(600) NOT NULL,
                version BIGINT NOT NULL,
                body TEXT NOT NULL,
                PRIMARY KEY (scope, key)
            )""",
            """INSERT INTO exporter_versioned (scope, key, version, body)
                SELECT scope, key, 0, body FROM exporter_documents""",
            "DROP TABLE exporter_documents",
            "ALTER TABLE exporter_versioned RENAME TO exporter_documents",
        ),
    ),
)
_VERSIONS = sa.text("SELECT key, version FROM exporter_documents WHERE scope = :scope")
_SELECT = sa.text("SELECT key, version, body FROM exporter_documents WHERE scope = :scope")
_INSERT = sa.text(
    "INSERT INTO exporter_documents (scope, key, version, body)"
    " VALUES (:scope, :key, :fresh, :body)"
)
_SAME = "WHERE scope = :scope AND key = :key AND version = :version"
_UPDATE = sa.text(f"UPDATE exporter_documents SET version = :fresh, body = :body {_SAME}")  # noqa: S608 constants
_DELETE = sa.text(f"DELETE FROM exporter_documents {_SAME}")  # noqa: S608 constants


class _LostError(Exception):
    """Another process wrote a document since it was read."""


@dataclass(frozen=True, slots=True)
class _Document:
    """A committed body, and the number drawn for that writing of it."""

    version: int
    body: str


@dataclass
class _Known:
    """One collector's documents as this process knows them, None before they were ever read."""

    documents: dict[str, _Document] | None = None
    memory: dict[str, Any] = field(default_factory=dict)


class _Documents:
    """One collector's documents during one run.

    They are read once for the life of the process; a run only asks whether another process has
    written since, and a commit is made on the condition that none has.
    """

    def __init__(self, engine: sa.Engine, scope: str, known: _Known) -> None:
        self._engine = engine
        self._scope = scope
        self._known = known
        self._current = False

    def load(self, prefix: str = "") -> dict[str, Any]:
        found = self._documents()
        try:
            return {k: _read(d.body) for k, d in found.items() if k.startswith(prefix)}
        except ValueError as error:
            raise CollectError(Reason.STATE, f"state cannot be read: {error}") from error

    def memory(self) -> dict[str, Any]:
        self._documents()
        return self._known.memory

    def commit(self, changes: Mapping[str, Any]) -> None:
        found = self._documents()
        bodies = {key: None if body is None else _written(body) for key, body in changes.items()}
        changed = {
            key: body
            for key, body in sorted(bodies.items())
            if body != (found[key].body if key in found else None)
        }
        if not changed:
            return
        fresh = secrets.randbits(63)
        try:
            with write(self._engine) as connection:
                self._write(connection, found, changed, fresh)
        except (_LostError, IntegrityError) as error:
            self._known.documents = None
            raise CollectError(
                Reason.STATE, "another exporter has written since: its state is taken over"
            ) from error
        except SQLAlchemyError as error:
            raise CollectError(Reason.STATE, f"state cannot be kept: {_first(error)}") from error
        for key, body in changed.items():
            if body is None:
                del found[key]
            else:
                found[key] = _Document(fresh, body)

    def _write(
        self,
        connection: sa.Connection,
        found: Mapping[str, _Document],
        changed: Mapping[str, str | None],
        fresh: int,
    ) -> None:
        """Write what changed, sorted by key everywhere, so that no two writers block each other."""
        updates, inserts, deletes = [], [], []
        for key, body in changed.items():
            row = {"scope": self._scope, "key": key, "fresh": fresh, "body": body}
            if key not in found:
                inserts.append(row)
            elif body is None:
                deletes.append({**row, "version": found[key].version})
            else:
                updates.append({**row, "version": found[key].version})
        for statement, rows in ((_UPDATE, updates), (_DELETE, deletes)):
            if rows and connection.execute(statement, rows).rowcount != len(rows):
                raise _LostError
        if inserts:
            connection.execute(_INSERT, inserts)

    def _documents(self) -> dict[str, _Document]:
        known = self._known.documents
        if known is not None and self._current:
            return known
        try:
            found = self._renewed(known)
        except SQLAlchemyError as error:
            raise CollectError(Reason.STATE, f"state cannot be read: {_first(error)}") from error
        if found is not known:
            self._known.memory = {}
        self._known.documents = found
        self._current = True
        return found

    def _renewed(self, known: dict[str, _Document] | None) -> dict[str, _Document]:
        asked = {"scope": self._scope}
        with self._engine.connect() as connection:
            if known is not None:
                versions = dict(connection.execute(_VERSIONS, asked).tuples().all())
                if versions == {key: document.version for key, document in known.items()}:
                    return known
            # One statement, so that what it answers was true at one moment.
            rows = connection.execute(_SELECT, asked).all()
        return {str(key): _Document(version, body) for key, version, body in rows}


def _read(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Written by an earlier program, which knew NaN.
        return json.loads(body)


def _written(body: Any) -> str:
    return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS).decode()


def _first(error: Exception) -> str:
    # SQLAlchemy appends the statement and its parameters: a log line needs neither.
    return str(error).splitlines()[0] if str(error) else type(error).__name__


@dataclass(frozen=True)
class StateStore:
    """All collectors' documents; ``resets`` counts how often they had to begin anew."""

    engine: sa.Engine
    resets: int = 0
    known: dict[str, _Known] = field(default_factory=dict)

    def of(self, collector: str) -> CollectorState:
        """Return the documents of ``collector`` for one run of it."""
        return _Documents(self.engine, collector, self.known.setdefault(collector, _Known()))

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def open_state(url: str, now: float) -> StateStore:
    """Open the state, moving an unreadable SQLite file aside; ``now`` is unix seconds.

    Raises:
        DatabaseError: if the database cannot be reached, or belongs to a newer program.
    """
    file = _sqlite_file(url)
    try:
        engine = _open(url)
    except OperationalError as error:
        # Locked, full or forbidden: the file may be sound, so it stays where it is.
        raise DatabaseError(f"the exporter's state cannot be opened: {_cause(error)}") from error
    except SqlDatabaseError as error:
        if file is None:
            raise DatabaseError(f"the exporter's state is unusable: {_cause(error)}") from error
        aside = _move_aside(file, int(now))
        _LOG.error("%s is unreadable (%s): moved to %s, starting anew", file, _cause(error), aside)
        engine = _open(url)
    return StateStore(engine, _resets(file))


def _open(url: str) -> sa.Engine:
    engine = open_database(url)
    try:
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
            if verdict != "ok":
                raise SqlDatabaseError("quick_check", None, ValueError(str(verdict)))
        migrate(engine, "exporter", _MIGRATIONS)
    except (SQLAlchemyError, DatabaseError):
        engine.dispose()
        raise
    return engine


def _cause(error: SqlDatabaseError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__


def _sqlite_file(url: str) -> Path | None:
    parsed = sa.make_url(url) if "://" in url else None
    if parsed is None or parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database) if parsed.database not in (None, "", ":memory:") else None


def _move_aside(file: Path, now: int) -> Path:
    aside = file.with_name(f"{file.name}.corrupt-{now}")
    # A left-over log would be replayed into the new file.
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


def _resets(file: Path | None) -> int:
    # The files moved aside are themselves the durable count.
    if file is None:
        return 0
    found = file.parent.glob(f"{file.name}.corrupt-*")
    return sum(1 for aside in found if not aside.name.endswith(("-wal", "-shm")))
