"""The audit chain: every row's hash covers the row before it, so any edit shows.

Hash: SHA-256 over the canonical JSON of ``[previous, seq, at, kind, run_id, body]``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from remediations.ledger.schema import AUDIT, dumps

GENESIS = "0" * 64
_LOCK = 7_164_443  # any constant: only appenders take this advisory lock


def append(
    connection: sa.Connection, at: float, kind: str, run_id: str | None, body: Mapping[str, Any]
) -> None:
    """Add one row to the chain, within the caller's transaction."""
    if connection.dialect.name == "postgresql":
        # SQLite has one writer at a time anyway; here appenders must queue for the last hash.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = connection.execute(
        sa.select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (int(last[0]) + 1, str(last[1])) if last else (1, GENESIS)
    text = dumps(body)
    connection.execute(
        AUDIT.insert().values(
            seq=seq,
            at=at,
            kind=kind,
            run_id=run_id,
            body=text,
            previous=previous,
            hash=_hash(previous, seq, at, kind, run_id, text),
        )
    )


def _hash(previous: str, seq: int, at: float, kind: str, run_id: str | None, body: str) -> str:
    # repr of a float is exact and the same on both databases.
    row = json.dumps([previous, seq, repr(float(at)), kind, run_id, body])
    return hashlib.sha256(row.encode()).hexdigest()


def broken_at(connection: sa.Connection) -> tuple[int, str] | None:
    """Return the first row that does not fit the chain, and what is wrong; None if all do."""
    previous, expected = GENESIS, 1
    rows = connection.execution_options(stream_results=True).execute(
        sa.select(AUDIT).order_by(AUDIT.c.seq)
    )
    for row in rows:
        seq = int(row.seq)
        if seq != expected:
            return expected, f"row {expected} is missing"
        if row.previous != previous:
            return seq, f"row {seq} does not follow row {seq - 1}"
        if row.hash != _hash(row.previous, seq, row.at, row.kind, row.run_id, row.body):
            return seq, f"row {seq} was edited"
        previous, expected = row.hash, seq + 1
    return None


def rows(connection: sa.Connection, run_id: str | None = None) -> list[dict[str, Any]]:
    """Return the chain in order, all of it or one run's."""
    query = sa.select(AUDIT).order_by(AUDIT.c.seq)
    if run_id is not None:
        query = query.where(AUDIT.c.run_id == run_id)
    return [
        {"seq": r.seq, "at": r.at, "kind": r.kind, "run_id": r.run_id, **json.loads(r.body)}
        for r in connection.execute(query)
    ]


def length(connection: sa.Connection) -> int:
    """Return how many rows the chain has."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one())
