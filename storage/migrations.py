"""Ordered, transactional, recorded schema changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from storage.database import DatabaseError, write

_LOCK = 7_164_442  # any constant: only migrations take this advisory lock


@dataclass(frozen=True)
class Migration:
    """One step of a component's schema; versions count from 1 without gaps."""

    version: int
    statements: tuple[str, ...]


def version_of(connection: sa.Connection, component: str) -> int:
    """Return the version of ``component``'s schema; 0 where there is none."""
    if not sa.inspect(connection).has_table("schema_version"):
        return 0
    return _recorded(connection, component) or 0


def _recorded(connection: sa.Connection, component: str) -> int | None:
    row = connection.execute(
        sa.text("SELECT version FROM schema_version WHERE component = :component"),
        {"component": component},
    ).first()
    return int(row[0]) if row else None


def migrate(engine: sa.Engine, component: str, migrations: Sequence[Migration]) -> int:
    """Bring ``component`` to the newest version, in one transaction; return that version.

    Raises:
        DatabaseError: if the database was written by a newer version of the product.
    """
    with write(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(
            sa.text(
                "CREATE TABLE IF NOT EXISTS schema_version"
                " (component VARCHAR(64) PRIMARY KEY, version INTEGER NOT NULL)"
            )
        )
        recorded = _recorded(connection, component)
        current = recorded or 0
        newest = migrations[-1].version
        if current > newest:
            raise DatabaseError(
                f"the database holds version {current} of '{component}', this program knows"
                f" {newest}: run the newer program"
            )
        for migration in migrations[current:]:
            for statement in migration.statements:
                connection.exec_driver_sql(statement)
        if recorded is None:
            connection.execute(
                sa.text("INSERT INTO schema_version VALUES (:component, :version)"),
                {"component": component, "version": newest},
            )
        elif current != newest:
            connection.execute(
                sa.text(
                    "UPDATE schema_version SET version = :version WHERE component = :component"
                ),
                {"component": component, "version": newest},
            )
        return newest
