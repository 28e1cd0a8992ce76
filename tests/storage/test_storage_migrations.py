"""Schema changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from storage.database import DatabaseError, open_database
from storage.migrations import Migration, migrate

FIRST = Migration(1, ("CREATE TABLE thing (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)",))
SECOND = Migration(2, ("ALTER TABLE thing ADD COLUMN note VARCHAR(20)",))
BROKEN = Migration(2, ("CREATE TABLE other (id INTEGER)", "CREATE NONSENSE"))


def tables(engine: sa.Engine) -> set[str]:
    """Return the names of the tables."""
    return set(sa.inspect(engine).get_table_names())


def version(engine: sa.Engine) -> int:
    """Return the recorded version."""
    with engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT version FROM schema_version")).scalar_one())


def test_migrations_run_once_each_and_keep_data(engine: sa.Engine) -> None:
    """From nothing to 1, again, and on to 2: each statement runs once and rows stay."""
    assert migrate(engine, "test", [FIRST]) == 1
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO thing VALUES (1, 7)")
    assert migrate(engine, "test", [FIRST]) == 1
    assert migrate(engine, "test", [FIRST, SECOND]) == 2
    with engine.connect() as connection:
        assert tuple(connection.exec_driver_sql("SELECT * FROM thing").one()) == (1, 7, None)


def test_components_have_versions_of_their_own(engine: sa.Engine) -> None:
    """Two components in one database do not see each other's version."""
    migrate(engine, "one", [FIRST, SECOND])
    other = Migration(1, ("CREATE TABLE elsewhere (id INTEGER)",))
    assert migrate(engine, "two", [other]) == 1
    assert {"thing", "elsewhere"} <= tables(engine)


def test_a_migration_that_fails_leaves_nothing_behind(engine: sa.Engine) -> None:
    """A failing statement undoes its whole step, and the version stays."""
    migrate(engine, "test", [FIRST])
    with pytest.raises(sa.exc.DBAPIError):
        migrate(engine, "test", [FIRST, BROKEN])
    assert "other" not in tables(engine)
    assert version(engine) == 1
    assert migrate(engine, "test", [FIRST, SECOND]) == 2


def test_a_database_of_a_newer_program_is_refused(engine: sa.Engine) -> None:
    """An old program does not write into a schema that it does not know."""
    migrate(engine, "test", [FIRST, SECOND])
    with pytest.raises(DatabaseError, match="run the newer program"):
        migrate(engine, "test", [FIRST])


def test_replicas_that_start_together_migrate_once(database_url: str) -> None:
    """Many programs that migrate at the same time all end at the newest version."""

    def start(_: int) -> int:
        engine = open_database(database_url)
        try:
            return migrate(engine, "test", [FIRST, SECOND])
        finally:
            engine.dispose()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(start, range(6))) == [2] * 6
