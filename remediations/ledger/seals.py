"""Digests of what was written into the ledger's rows, kept in the audit chain.

Each audit row carries, for every group of columns that its transaction wrote, a digest of what was
written (``body["sealed"][table][row][group]``, the first 128 bits of SHA-256). Never of what was
read back: a value that somebody edited is not sealed by the next honest change of another column.
Verification compares the last digest of every group with what the row holds now.

Not sealed is what changes without an audit row: leases, when to look again, why an open run waits,
and how often an escalation was tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from remediations.ledger.schema import (
    DELIVERIES,
    ESCALATIONS,
    RUNS,
    SAMPLES,
    STEPS,
    VERDICTS,
    dumps,
)

Seals = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Digests by table, row and group."""

_HEX = 32
_Groups = Mapping[str, tuple[str, ...]]


class Sealed:
    """How a table's rows are named, and which of their columns are written together.

    The first group is written with the row itself; a group is written whenever its first column is.
    """

    def __init__(self, table: sa.TableClause, key: tuple[str, ...], groups: _Groups) -> None:
        self.table = table
        self.key = key
        self.groups = groups

    def name_of(self, values: Mapping[str, Any]) -> str:
        """Return the row's name."""
        return "/".join(_plain(values[column]) for column in self.key)

    def seal(self, values: Mapping[str, Any]) -> Seals:
        """Return the digests of what is written into one row; ``values`` hold its key."""
        written = {
            group: digest(columns, values)
            for group, columns in self.groups.items()
            if columns[0] in values
        }
        return {self.table.name: {self.name_of(values): written}}


_DELIVERED = ("delivery_key", "fingerprint", "status", "alertname", "labels", "starts_at")
_ASKED = ("action", "target", "playbook", "mode", "fingerprint", "alert", "starts_at", "params")

DELIVERY = Sealed(
    DELIVERIES,
    ("id",),
    {
        "delivery": (*_DELIVERED, "received_at", "decision", "reason", "detail", "target"),
        # An alert that joined another's run may inherit it.
        "run_id": ("run_id",),
    },
)
RUN = Sealed(
    RUNS,
    ("id",),
    {
        "request": (*_ASKED, "created_at"),
        "state": ("state", "updated_at"),
        "plan": ("plan",),
        "plan_hash": ("plan_hash",),
        "approved_by": ("approved_by",),
        "baseline": ("baseline",),
        "intended_at": ("intended_at",),
        "applied_at": ("applied_at",),
        "closed_at": ("closed_at",),
        # Why it waits while it is open changes without an audit row.
        "outcome": ("outcome", "reason", "detail"),
    },
)
STEP = Sealed(
    STEPS,
    ("run_id", "purpose", "number"),
    {
        "call": ("service", "operation", "arguments", "intended_at"),
        "attempts": ("attempts",),
        "result": ("state", "error", "settled_at"),
        "request_id": ("request_id",),
        "told": ("told",),
    },
)
SAMPLE = Sealed(SAMPLES, ("run_id", "sampled_at"), {"sample": ("verdict", "readings")})
VERDICT = Sealed(VERDICTS, ("target", "version"), {"verdict": ("healthy", "judged_at", "run_id")})
ESCALATION = Sealed(
    ESCALATIONS,
    ("id",),
    {"escalation": ("run_id", "reason", "labels", "annotations", "created_at")},
)


def _plain(value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value)
    # The same text, whichever of its types a database gives a number back in.
    return repr(float(value)).removesuffix(".0")


def digest(columns: Iterable[str], values: Mapping[str, Any]) -> str:
    """Return the digest of some columns; one that is not among ``values`` is NULL."""
    told = (values.get(column) for column in columns)
    text = dumps([None if value is None else _plain(value) for value in told])
    return hashlib.sha256(text.encode()).hexdigest()[:_HEX]


def together(*parts: Seals) -> Seals:
    """Return seals of different rows as one."""
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for part in parts:
        for table, rows in part.items():
            found.setdefault(table, {}).update(rows)
    return found


class Memory:
    """The last seals of every row, as the chain tells them."""

    def __init__(self) -> None:
        self._seals: dict[str, dict[str, dict[str, str]]] = {}

    def hear(self, seals: Seals) -> None:
        """Take in what one audit row sealed."""
        for table, rows in seals.items():
            known = self._seals.setdefault(table, {})
            for name, groups in rows.items():
                known.setdefault(name, {}).update(groups)

    def forget_run(self, run_id: str, kind: str) -> None:
        """Take in an audit row of a run that sealed nothing: an older replica wrote what it wrote.

        While services are replaced one after the other two versions may work on one ledger.
        """
        self._seals.get("runs", {}).pop(run_id, None)
        steps = self._seals.get("steps", {})
        for name in [name for name in steps if name.startswith(f"{run_id}/")]:
            del steps[name]
        if kind == "closed":
            # It may have judged any of them anew.
            self._seals.pop("verdicts", None)

    def forget_window(self, window_id: str) -> None:
        """Take in an audit row of a window that sealed nothing."""
        self._seals.get("windows", {}).pop(window_id, None)

    def compare(self, connection: sa.Connection, sealed: Sealed) -> Iterator[str | None]:
        """Yield a line for each group that is not as it was sealed.

        None stands for each row that was not sealed from its beginning: an older version wrote it.
        """
        table, known = sealed.table.name, self._seals.get(sealed.table.name, {})
        missing = set(known)
        query = sa.select(sealed.table).execution_options(stream_results=True)
        for row in connection.execute(query):
            values = dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public way to a row's mapping
            name = sealed.name_of(values)
            missing.discard(name)
            yield from _compared(sealed, values, known.get(name, {}))
        for name in sorted(missing):
            yield f"{table} {name}: the chain tells of it, the ledger does not hold it"


def _compared(
    sealed: Sealed, values: Mapping[str, Any], known: Mapping[str, str]
) -> Iterator[str | None]:
    born = next(iter(sealed.groups)) in known
    for group, columns in sealed.groups.items():
        if group in known:
            same = known[group] == digest(columns, values)
        else:
            # Of a row that was sealed from its beginning, what nobody sealed was never written.
            same = not born or values[columns[0]] is None
        if not same:
            name = sealed.name_of(values)
            yield f"{sealed.table.name} {name}: {group} is not as the chain last tells"
    if not born:
        yield None
