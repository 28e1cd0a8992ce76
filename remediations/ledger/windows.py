"""Maintenance windows: one open at a time, and each of its steps on record before and after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.schema import dumps
from remediations.ledger.seals import Sealed
from storage.database import insert_once, write
from storage.migrations import Migration

COMPONENT = "maintenance"
MIGRATIONS = (
    Migration(
        1,
        (
            """CREATE TABLE windows (
                id VARCHAR(40) PRIMARY KEY, is_open INTEGER, phase VARCHAR(16) NOT NULL,
                begun_by VARCHAR(256) NOT NULL, reason TEXT NOT NULL,
                begun_at DOUBLE PRECISION NOT NULL, until_at DOUBLE PRECISION NOT NULL,
                ended_by VARCHAR(256), steps TEXT NOT NULL, epoch INTEGER NOT NULL)""",
            # Closed windows hold NULL, which a unique index does not compare.
            "CREATE UNIQUE INDEX windows_one_open ON windows (is_open)",
        ),
    ),
)
_COLUMNS = (
    *("id", "is_open", "phase", "begun_by", "reason", "begun_at", "until_at", "ended_by"),
    *("steps", "epoch"),
)
WINDOWS = sa.table("windows", *(sa.column(name) for name in _COLUMNS))
WINDOW = Sealed(WINDOWS, ("id",), {"window": _COLUMNS[1:]})


class Phase(StrEnum):
    """Where a window stands. STUCK: a step of its beginning failed; UNENDED: one of its end."""

    BEGINNING = "beginning"
    ACTIVE = "active"
    STUCK = "stuck"
    RAN_OUT = "ran_out"
    ENDING = "ending"
    UNENDED = "unended"
    ENDED = "ended"


CLOSED = frozenset({Phase.RAN_OUT, Phase.ENDED})
WORKING = frozenset({Phase.BEGINNING, Phase.ENDING})


class Progress(StrEnum):
    """Where a step of a window stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Part:
    """A step of a window: what it does (``name``), to what, since when, and by which run.

    ``tries`` counts how often it was taken up, ``taken_at`` when last (unix seconds).
    """

    name: str
    target: str | None = None
    progress: Progress = Progress.PENDING
    since: float | None = None
    taken_at: float | None = None
    tries: int = 0
    run: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Window:
    """A maintenance window; ``until`` is its hard end (unix seconds)."""

    id: str
    phase: Phase
    by: str
    reason: str
    since: float
    until: float
    ended_by: str | None
    parts: tuple[Part, ...]
    epoch: int = 0

    def with_part(self, number: int, **changes: Any) -> Window:
        """Return the window with one of its steps changed."""
        changed = replace(self.parts[number], **changes)
        return replace(self, parts=(*self.parts[:number], changed, *self.parts[number + 1 :]))


class WindowOpenError(Exception):
    """A window is open already; ``window`` is it."""

    def __init__(self, window: Window) -> None:
        super().__init__(f"{window.id} is open already")
        self.window = window


class WindowMovedError(Exception):
    """Somebody else moved the window on meanwhile."""


class Windows:
    """Writes by compare-and-set on the epoch; every change of a phase or step is audited."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def newest(self) -> Window | None:
        """Return the window that began last."""
        query = sa.select(WINDOWS).order_by(WINDOWS.c.begun_at.desc(), WINDOWS.c.id).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _read(row)

    def open(self, window: Window, now: float) -> None:
        """Record a new window.

        Raises:
            WindowOpenError: if another is open.
        """
        with write(self._engine) as connection:
            written = {"id": window.id, **_row(window)}
            if not insert_once(connection, WINDOWS, written):
                row = connection.execute(sa.select(WINDOWS).where(WINDOWS.c.is_open == 1)).one()
                raise WindowOpenError(_read(row))
            told = _document(window)
            audit.append(connection, now, "maintenance", None, told, WINDOW.seal(written))

    def save(self, window: Window, now: float) -> Window:
        """Record the window as it stands now.

        Raises:
            WindowMovedError: if somebody else did meanwhile.
        """
        moved = replace(window, epoch=window.epoch + 1)
        with write(self._engine) as connection:
            written = _row(moved)
            changed = connection.execute(
                sa.update(WINDOWS)
                .where(WINDOWS.c.id == window.id, WINDOWS.c.epoch == window.epoch)
                .values(**written)
            )
            if changed.rowcount != 1:
                raise WindowMovedError(window.id)
            sealed = WINDOW.seal({"id": window.id, **written})
            audit.append(connection, now, "maintenance", None, _document(moved), sealed)
        return moved


def _row(window: Window) -> dict[str, Any]:
    return {
        "is_open": None if window.phase in CLOSED else 1,
        "phase": window.phase.value,
        "begun_by": window.by,
        "reason": window.reason,
        "begun_at": window.since,
        "until_at": window.until,
        "ended_by": window.ended_by,
        "steps": dumps([asdict(part) for part in window.parts]),
        "epoch": window.epoch,
    }


def _document(window: Window) -> Mapping[str, Any]:
    return {**asdict(window), "parts": [asdict(part) for part in window.parts]}


def _read(row: Any) -> Window:
    parts = (
        Part(**{**document, "progress": Progress(document["progress"])})
        for document in json.loads(row.steps)
    )
    return Window(
        id=row.id,
        phase=Phase(row.phase),
        by=row.begun_by,
        reason=row.reason,
        since=row.begun_at,
        until=row.until_at,
        ended_by=row.ended_by,
        parts=tuple(parts),
        epoch=row.epoch,
    )
