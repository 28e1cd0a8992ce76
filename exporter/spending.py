"""What collection cost in each UTC month: durable, so that a restart does not forget it."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from exporter.cap import month_of
from exporter.shards import Shard
from storage.database import DatabaseError, write
from storage.migrations import Migration, migrate

_LOG = logging.getLogger(__name__)
_MIGRATIONS = (
    Migration(
        1,
        (
            """CREATE TABLE exporter_spending (
                month VARCHAR(7) NOT NULL,
                shard INTEGER NOT NULL,
                shards INTEGER NOT NULL,
                usd DOUBLE PRECISION NOT NULL,
                PRIMARY KEY (month, shard, shards)
            )""",
        ),
    ),
)
_ADD = sa.text(
    "INSERT INTO exporter_spending (month, shard, shards, usd)"
    " VALUES (:month, :shard, :shards, :usd)"
    " ON CONFLICT (month, shard, shards) DO UPDATE SET usd = exporter_spending.usd + excluded.usd"
)
_SELECT = sa.text("SELECT shard, shards, usd FROM exporter_spending WHERE month = :month")
# A request to Cost Explorer, or a thousand metrics: what a kill may at most forget.
_AT_ONCE = 0.01


class Spending:
    """The dollars of one shard; replicas that share a database add to the same sum.

    Raises:
        DatabaseError: if the database cannot be used, or was written by a newer program.
    """

    def __init__(self, engine: sa.Engine, shard: Shard, now: Callable[[], float]) -> None:
        try:
            migrate(engine, "exporter_spending", _MIGRATIONS)
        except SQLAlchemyError as error:
            kind = type(error).__name__
            raise DatabaseError(f"what was spent cannot be read: {kind}") from error
        self._engine = engine
        self._shard = shard
        self._now = now
        self._pending: dict[str, float] = defaultdict(float)
        self._known: tuple[str, float, float] = ("", 0.0, 0.0)
        self._lock = threading.Lock()

    def add(self, usd: float) -> None:
        """Count US dollars that AWS will bill."""
        with self._lock:
            self._pending[month_of(self._now())] += usd
            much = sum(self._pending.values()) >= _AT_ONCE
        if much:
            self.keep()

    def keep(self) -> None:
        """Make durable what was counted; what cannot be kept now is kept the next time."""
        with self._lock:
            taken = dict(self._pending)
            self._pending.clear()
        if not taken:
            return
        shard = {"shard": self._shard.index, "shards": self._shard.count}
        try:
            with write(self._engine) as connection:
                rows = [{"month": month, "usd": usd, **shard} for month, usd in taken.items()]
                connection.execute(_ADD, rows)
        except SQLAlchemyError as error:
            _LOG.warning("what was spent cannot be kept: %s", type(error).__name__)
            with self._lock:
                for month, usd in taken.items():
                    self._pending[month] += usd

    def month(self, share: float) -> float:
        """Return the US dollars of this month.

        Of what exporters spent that were sharded otherwise, ``share`` counts as this shard's.
        """
        month = month_of(self._now())
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(_SELECT, {"month": month}).all()
        except SQLAlchemyError as error:
            _LOG.warning("what was spent cannot be read: %s", type(error).__name__)
        else:
            own = sum(
                float(usd)
                for shard, shards, usd in rows
                if (shard, shards) == (self._shard.index, self._shard.count)
            )
            others = sum(float(usd) for _, shards, usd in rows if shards != self._shard.count)
            self._known = (month, own, others)
        with self._lock:
            pending = self._pending.get(month, 0.0)
        known, own, others = self._known
        return pending + (own + share * others if known == month else 0.0)
