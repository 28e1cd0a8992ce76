"""Opening the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from remediations.ledger import audit, windows
from remediations.ledger.deliveries import Deliveries
from remediations.ledger.escalations import Escalations
from remediations.ledger.facts import Facts
from remediations.ledger.runs import Runs
from remediations.ledger.schema import COMPONENT, MIGRATIONS
from remediations.ledger.switches import Switches
from storage.database import DatabaseError, open_database, open_to_read
from storage.migrations import migrate, version_of


@dataclass(frozen=True)
class Ledger:
    """The parts of one ledger, over one database."""

    engine: sa.Engine
    deliveries: Deliveries
    runs: Runs
    facts: Facts
    switches: Switches
    escalations: Escalations
    windows: windows.Windows

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def open_ledger(url: str) -> Ledger:
    """Open the ledger at ``url`` and bring its schema up to date.

    Raises:
        DatabaseError: if the URL, the file or the schema's version cannot be used.
        SQLAlchemyError: if the database does not answer.
    """
    engine = open_database(url)
    try:
        migrate(engine, COMPONENT, MIGRATIONS)
        migrate(engine, windows.COMPONENT, windows.MIGRATIONS)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        _say_if_damaged(error)
        raise
    return Ledger(
        engine=engine,
        deliveries=Deliveries(engine),
        runs=Runs(engine),
        facts=Facts(engine),
        switches=Switches(engine),
        escalations=Escalations(engine),
        windows=windows.Windows(engine),
    )


@contextmanager
def reading(url: str) -> Iterator[sa.Connection]:
    """Open one transaction on the ledger at ``url`` that can only read; nothing is made or changed.

    Raises:
        DatabaseError: if there is no ledger, or one of another version of the schema.
        SQLAlchemyError: if the database does not answer.
    """
    engine = open_to_read(url)
    try:
        with audit.snapshot(engine) as connection:
            _current(connection, COMPONENT, MIGRATIONS[-1].version)
            _current(connection, windows.COMPONENT, windows.MIGRATIONS[-1].version)
            yield connection
    except sa.exc.DatabaseError as error:
        _say_if_damaged(error)
        raise
    finally:
        engine.dispose()


def _current(connection: sa.Connection, component: str, wanted: int) -> None:
    found = version_of(connection, component)
    if found == 0:
        raise DatabaseError(f"there is no ledger in the database: it holds no '{component}'")
    if found != wanted:
        mend = "run the newer program" if found > wanted else "start the service once: it migrates"
        held = f"the ledger holds version {found} of '{component}', this program reads {wanted}"
        raise DatabaseError(f"{held}: {mend}")


def _say_if_damaged(error: sa.exc.DatabaseError) -> None:
    """Raise DatabaseError for a file that is damaged, or no database at all."""
    # The subclasses are of a database that may yet answer.
    if type(error.orig) is sqlite3.DatabaseError:
        raise DatabaseError(f"the ledger cannot be used: {error.orig}") from error
