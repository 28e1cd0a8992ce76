"""Opening the ledger."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import sqlalchemy as sa

from remediations.ledger import windows
from remediations.ledger.deliveries import Deliveries
from remediations.ledger.escalations import Escalations
from remediations.ledger.facts import Facts
from remediations.ledger.runs import Runs
from remediations.ledger.schema import COMPONENT, MIGRATIONS
from remediations.ledger.switches import Switches
from storage.database import DatabaseError, open_database
from storage.migrations import migrate


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
        # Its subclasses are of a database that may yet answer; this one is damaged, or none at all.
        if type(error.orig) is not sqlite3.DatabaseError:
            raise
        engine.dispose()
        raise DatabaseError(f"the ledger cannot be used: {error.orig}") from error
    return Ledger(
        engine=engine,
        deliveries=Deliveries(engine),
        runs=Runs(engine),
        facts=Facts(engine),
        switches=Switches(engine),
        escalations=Escalations(engine),
        windows=windows.Windows(engine),
    )
