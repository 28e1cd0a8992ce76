"""``vigia audit``: the ledger's chain, checked offline, and written out to be kept elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from inventory.settings import Settings
from remediations.ledger import audit, store, witness
from storage.database import DatabaseError
from vigia import tables
from vigia.exits import CommandError, Exit

_FIELDS = {"seq", "at", "kind", "run_id", "body", "previous", "hash"}
_MOST_LINES = 20


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command and its parts."""
    parser = subparsers.add_parser("audit", help="check the ledger's chain, or write it out")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    verify = parts.add_parser("verify", help="find any edited, missing or reordered row")
    source = verify.add_mutually_exclusive_group()
    _add_database(source)
    source.add_argument("--file", type=Path, help="an export, instead of the ledger")
    verify.add_argument(
        "--head", metavar="HASH", help="noted earlier: a row with this hash must still be there"
    )
    tables.add_option(verify)
    verify.set_defaults(run=_verify)
    export = parts.add_parser("export", help="the chain as JSON lines, with its head at the end")
    _add_database(export)
    export.set_defaults(run=_export)


def _add_database(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--database-url", help="the ledger (default: SQLite in VIGIA_STATE_DIR)")


@contextmanager
def _ledger(args: argparse.Namespace, settings: Settings) -> Iterator[sa.Connection]:
    url = args.database_url or settings.database("ledger", make_room=False)
    try:
        with store.reading(url) as connection:
            yield connection
    except DatabaseError as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    except SQLAlchemyError as error:
        raise CommandError(Exit.UNREACHABLE, "the ledger's database does not answer") from error


def _verify(args: argparse.Namespace, settings: Settings) -> int:
    if args.file is not None:
        rows, end = _read(args.file)
        broken, found = audit.broken_in(rows, end), None
        noted = args.head in (None, *(row["hash"] for row in rows))
    else:
        with _ledger(args, settings) as connection:
            end, broken = audit.head(connection), audit.broken_at(connection)
            found = None if broken else witness.examine(connection)
            noted = args.head is None or audit.holds(connection, args.head)
    lines = [*found.contradictions] if found else []
    if broken:
        lines = [f"the audit chain is broken: {broken[1]}"]
    if not noted:
        lines = [*lines, "the noted head is not in the chain: it was cut off, or written anew"]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"and {len(lines) - _MOST_LINES} more"]
    if lines:
        raise CommandError(Exit.UNHEALTHY, *lines)
    # An export is the chain alone: nothing is there that it could witness.
    not_witnessed = found.not_witnessed if found else None
    row = {"rows": end[0], "chain": "intact", "not_witnessed": not_witnessed, "head": end[1]}
    tables.show(args, [row], tuple(row))
    return Exit.FINE


def _export(args: argparse.Namespace, settings: Settings) -> int:
    with _ledger(args, settings) as connection:
        for row in audit.documents(connection):
            _line(row)
        seq, hashed = audit.head(connection)
        _line({"head": {"seq": seq, "hash": hashed}})
    return Exit.FINE


def _line(document: dict[str, Any]) -> None:
    # In ASCII: a separator of lines within a text stays within its line.
    sys.stdout.write(json.dumps(document) + "\n")


def _read(path: Path) -> tuple[list[dict[str, Any]], tuple[int, str]]:
    """Return an export's rows and head."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as error:
        raise CommandError(Exit.USAGE, f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(Exit.UNHEALTHY, f"{path}: is not UTF-8 text") from error
    found = [_document(path, number, line) for number, line in enumerate(lines, 1)]
    head = found.pop().get("head")
    if not isinstance(head, dict) or not head.keys() >= {"seq", "hash"}:
        raise CommandError(Exit.UNHEALTHY, f"{path}: ends without the chain's head")
    for number, row in enumerate(found, 1):
        if row.keys() != _FIELDS or not isinstance(row["at"], int | float):
            raise CommandError(Exit.UNHEALTHY, f"{path}: line {number} is not a row of the chain")
    return found, (head["seq"], head["hash"])


def _document(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CommandError(Exit.UNHEALTHY, f"{path}: line {number} is not a row of the chain")
    return found
