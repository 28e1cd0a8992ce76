"""The audit chain: every row's hash covers the row before it, so any edit shows.

Hash: SHA-256 over the canonical JSON of ``[previous, seq, at, kind, run_id, body]``. The head of
the chain is kept beside it: new rows follow the head and not the last row that is there, so that
rows cut off at the end stay missing for good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from remediations.ledger.schema import AUDIT, AUDIT_HEAD, GENESIS, dumps
from remediations.ledger.seals import Seals
from storage.database import write

_SEALED = "sealed"
_LOCK = 7_164_443  # any constant: only appenders take this advisory lock


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open one transaction that may append; committed at the end, rolled back on any error."""
    with write(engine) as connection:
        lock(connection)
        yield connection


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open one transaction in which rows and head are of the same moment."""
    # A transaction of SQLite reads one snapshot anyway.
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name != "sqlite" else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def lock(connection: sa.Connection) -> None:
    """Let appenders queue for the head, until the end of the caller's transaction.

    Taken before any row is touched: two transactions that take the same locks in another order
    would wait for each other.
    """
    if connection.dialect.name == "postgresql":
        # SQLite has one writer at a time anyway.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


class Chain:
    """Rows to be added within one transaction; they are written by ``flush``."""

    def __init__(self, connection: sa.Connection) -> None:
        lock(connection)
        self._connection = connection
        head = connection.execute(sa.select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).one()
        self._seq, self._hash = int(head.seq), str(head.hash)
        self._rows: list[dict[str, Any]] = []

    def append(
        self,
        at: float,
        kind: str,
        run_id: str | None,
        body: Mapping[str, Any],
        sealed: Seals | None = None,
    ) -> None:
        """Add one row; ``sealed`` are digests of what its transaction writes elsewhere."""
        text = dumps({**body, _SEALED: sealed} if sealed else body)
        previous = self._hash
        self._seq += 1
        self._hash = row_hash(previous, self._seq, at, kind, run_id, text)
        self._rows.append(
            {
                "seq": self._seq,
                "at": at,
                "kind": kind,
                "run_id": run_id,
                "body": text,
                "previous": previous,
                "hash": self._hash,
            }
        )

    def flush(self) -> None:
        """Write the rows, and the head that they lead to."""
        if self._rows:
            self._connection.execute(AUDIT.insert(), self._rows)
            self._connection.execute(sa.update(AUDIT_HEAD).values(seq=self._seq, hash=self._hash))
            self._rows = []


def append(
    connection: sa.Connection,
    at: float,
    kind: str,
    run_id: str | None,
    body: Mapping[str, Any],
    sealed: Seals | None = None,
) -> None:
    """Add one row to the chain, within the caller's transaction, as ``Chain.append`` does."""
    chain = Chain(connection)
    chain.append(at, kind, run_id, body, sealed)
    chain.flush()


def row_hash(previous: str, seq: int, at: float, kind: str, run_id: str | None, body: str) -> str:
    """Return the hash of a row whose predecessor's hash is ``previous``; ``body`` is its text."""
    # repr of a float is exact and the same on both databases.
    row = json.dumps([previous, seq, repr(float(at)), kind, run_id, body])
    return hashlib.sha256(row.encode()).hexdigest()


def head(connection: sa.Connection) -> tuple[int, str]:
    """Return the number and the hash of the last row that was ever appended."""
    row = connection.execute(sa.select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).first()
    # Who deletes the head as well has hidden nothing: no chain ends before its first row.
    return (int(row.seq), str(row.hash)) if row else (-1, "")


def documents(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """Yield every row as it is hashed, in order; ``body`` is the text."""
    query = sa.select(AUDIT).order_by(AUDIT.c.seq)
    for row in connection.execution_options(stream_results=True).execute(query):
        yield dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public way to a row's mapping


def broken_in(rows: Iterable[Mapping[str, Any]], end: tuple[int, str]) -> tuple[int, str] | None:
    """Return the first of ``rows`` that does not fit the chain up to the head ``end``, and why."""
    previous, seq = GENESIS, 0
    for row in rows:
        if row["seq"] != seq + 1:
            return seq + 1, f"row {seq + 1} is missing"
        seq += 1
        if row["previous"] != previous:
            return seq, f"row {seq} does not follow row {seq - 1}"
        hashed = (row[name] for name in ("at", "kind", "run_id", "body"))
        if row["hash"] != row_hash(previous, seq, *hashed):
            return seq, f"row {seq} was edited"
        previous = row["hash"]
    if seq < end[0]:
        return seq + 1, f"row {seq + 1} is missing"
    if (seq, previous) != end:
        return seq, "the head of the chain was edited"
    return None


def broken_at(connection: sa.Connection) -> tuple[int, str] | None:
    """Return the first row that does not fit the chain, and what is wrong; None if all do."""
    return broken_in(documents(connection), head(connection))


def rows(connection: sa.Connection, run_id: str | None = None) -> list[dict[str, Any]]:
    """Return the chain in order, all of it or one run's."""
    query = sa.select(AUDIT).order_by(AUDIT.c.seq)
    if run_id is not None:
        query = query.where(AUDIT.c.run_id == run_id)
    return [
        {"seq": r.seq, "at": r.at, "kind": r.kind, "run_id": r.run_id, **told(r.body)[0]}
        for r in connection.execute(query)
    ]


def told(body: str) -> tuple[dict[str, Any], Seals]:
    """Return what a row's text tells, and what it seals."""
    found = json.loads(body)
    return found, found.pop(_SEALED, {})


def holds(connection: sa.Connection, hashed: str) -> bool:
    """Say whether a row of the chain has this hash."""
    query = sa.select(AUDIT.c.seq).where(AUDIT.c.hash == hashed)
    return connection.execute(query).first() is not None


def length(connection: sa.Connection) -> int:
    """Return how many rows the chain has."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one())
