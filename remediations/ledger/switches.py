"""Durable switches: the kill switch, the storm breaker, the maintenance window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from remediations.ledger import audit
from remediations.ledger.schema import SWITCHES
from storage.database import insert_once, write


class Switch(StrEnum):
    """What can hold the engine back."""

    PAUSE = "pause"
    STORM = "storm"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class SwitchState:
    """Whether a switch is engaged, by whom, why and since when (unix seconds)."""

    engaged: bool
    by: str | None = None
    reason: str | None = None
    at: float | None = None
    until: float | None = None


def read(connection: sa.Connection, switch: Switch, now: float) -> SwitchState:
    """Return the switch; one past its end is not engaged."""
    row = connection.execute(sa.select(SWITCHES).where(SWITCHES.c.name == switch)).first()
    if row is None:
        return SwitchState(engaged=False)
    ended = row.until_at is not None and row.until_at <= now
    return SwitchState(
        engaged=bool(row.engaged) and not ended,
        by=row.changed_by,
        reason=row.reason,
        at=row.changed_at,
        until=row.until_at,
    )


class Switches:
    """Reads and writes the switches; every change is audited."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self, switch: Switch, now: float) -> SwitchState:
        """Return the switch; one past its end is not engaged."""
        with self._engine.connect() as connection:
            return read(connection, switch, now)

    def set(
        self,
        switch: Switch,
        *,
        engaged: bool,
        by: str,
        reason: str,
        now: float,
        until: float | None = None,
    ) -> None:
        """Engage or release a switch."""
        values = {
            "engaged": int(engaged),
            "changed_by": by,
            "reason": reason,
            "changed_at": now,
            "until_at": until,
        }
        with write(self._engine) as connection:
            if not insert_once(connection, SWITCHES, {"name": switch.value, **values}):
                connection.execute(
                    sa.update(SWITCHES).where(SWITCHES.c.name == switch.value).values(**values)
                )
            audit.append(connection, now, f"switch_{switch}", None, values)
