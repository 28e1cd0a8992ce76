"""Durable documents of the collectors: totals, watermarks, cursors and paid answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError as SqlDatabaseError
from sqlalchemy.exc import OperationalError, SQLAlchemyError

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
)
_SELECT = sa.text("SELECT key, body FROM exporter_documents WHERE scope = :scope")
_UPSERT = sa.text(
    "INSERT INTO exporter_documents (scope, key, body) VALUES (:scope, :key, :body)"
    " ON CONFLICT (scope, key) DO UPDATE SET body = excluded.body"
)
_DELETE = sa.text("DELETE FROM exporter_documents WHERE scope = :scope AND key = :key")


@dataclass(frozen=True)
class _Documents:
    """One collector's documents."""

    engine: sa.Engine
    scope: str

    def load(self, prefix: str = "") -> dict[str, Any]:
        try:
            with self.engine.connect() as connection:
                rows = connection.execute(_SELECT, {"scope": self.scope}).all()
            return {str(key): json.loads(body) for key, body in rows if key.startswith(prefix)}
        except (SQLAlchemyError, ValueError) as error:
            raise CollectError(Reason.STATE, f"state cannot be read: {_first(error)}") from error

    def commit(self, changes: Mapping[str, Any]) -> None:
        kept = [
            {"scope": self.scope, "key": key, "body": json.dumps(body, separators=(",", ":"))}
            for key, body in changes.items()
            if body is not None
        ]
        gone = [{"scope": self.scope, "key": key} for key, body in changes.items() if body is None]
        try:
            with write(self.engine) as connection:
                if kept:
                    connection.execute(_UPSERT, kept)
                if gone:
                    connection.execute(_DELETE, gone)
        except SQLAlchemyError as error:
            raise CollectError(Reason.STATE, f"state cannot be kept: {_first(error)}") from error


def _first(error: Exception) -> str:
    # SQLAlchemy appends the statement and its parameters: a log line needs neither.
    return str(error).splitlines()[0] if str(error) else type(error).__name__


@dataclass(frozen=True)
class StateStore:
    """All collectors' documents; ``resets`` counts how often they had to begin anew."""

    engine: sa.Engine
    resets: int = 0

    def of(self, collector: str) -> CollectorState:
        """Return the documents of ``collector``."""
        return _Documents(self.engine, collector)

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
