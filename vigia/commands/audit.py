"""``vigia audit verify``: the ledger's chain, checked offline."""

from __future__ import annotations

import argparse

from sqlalchemy.exc import SQLAlchemyError

from inventory.settings import Settings
from remediations.ledger import audit
from remediations.ledger.store import open_ledger
from storage.database import DatabaseError
from vigia import tables
from vigia.exits import CommandError, Exit


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("audit", help="check the ledger's chain")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    verify = parts.add_parser("verify", help="find any edited, missing or reordered row")
    verify.add_argument("--database-url", help="the ledger (default: SQLite in VIGIA_STATE_DIR)")
    tables.add_option(verify)
    verify.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Walk the chain."""
    try:
        ledger = open_ledger(args.database_url or settings.database("ledger"))
        with ledger.engine.connect() as connection:
            broken = audit.broken_at(connection)
            count = audit.length(connection)
        ledger.close()
    except DatabaseError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    except SQLAlchemyError as error:
        raise CommandError(Exit.UNREACHABLE, "the ledger's database does not answer") from error
    if broken is not None:
        raise CommandError(Exit.UNHEALTHY, f"the audit chain is broken: {broken[1]}")
    tables.show(args, [{"rows": count, "chain": "intact"}], ("rows", "chain"))
    return Exit.FINE
