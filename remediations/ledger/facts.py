"""What the ledger can be asked: by guards, telemetry, the API and the console."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from remediations.action import Ends, Past
from remediations.ledger import heirs, scope
from remediations.ledger.counts import BLOCKED
from remediations.ledger.rows import read_run, read_step
from remediations.ledger.schema import COUNTS, DELIVERIES, RUNS, STEPS, VERDICTS
from remediations.model import NO_HUMAN_NEEDED, Decision, Outcome, Plan, Run, State, Step


class Facts:
    """Reads only. Times are unix seconds."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def _all(self, query: Any) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))

    def answers(self) -> None:
        """Ask the database for anything; raises SQLAlchemyError when it does not answer."""
        self._all(sa.select(sa.func.count()).select_from(COUNTS))

    def last_intent(self, action: str, target: str, other_than: str) -> float | None:
        """Return when another run last acted in the same way on the same target."""
        query = sa.select(sa.func.max(RUNS.c.intended_at)).where(
            RUNS.c.action == action, RUNS.c.target == target, RUNS.c.id != other_than
        )
        found = self._all(query)[0][0]
        return float(found) if found is not None else None

    def acted_since(self, since: float, other_than: str) -> list[str]:
        """Return the target of every other run that acted since then."""
        with self._engine.connect() as connection:
            return scope.acted_since(connection, since, other_than)

    def acting_on(self, target: str, other_than: str) -> str | None:
        """Return another run that is acting on the target or verifying it."""
        with self._engine.connect() as connection:
            return scope.acting_on(connection, target, other_than)

    def open_plans(self, target: str) -> tuple[Plan, ...]:
        """Return the plan of every open run on the target, of any action, that has one."""
        query = sa.select(RUNS).where(RUNS.c.target == target, RUNS.c.state != State.CLOSED.value)
        plans = (read_run(row).plan for row in self._all(query))
        return tuple(plan for plan in plans if plan is not None)

    def joined(self, run: Run) -> list[heirs.Joined]:
        """Return the alerts that joined a run that another alert had opened."""
        with self._engine.connect() as connection:
            return heirs.joined(connection, run)

    def resolved_since(self, fingerprint: str, since: float) -> bool:
        """Say whether it was delivered since then that an alert is over."""
        query = sa.select(DELIVERIES.c.id).where(
            DELIVERIES.c.fingerprint == fingerprint,
            DELIVERIES.c.received_at >= since,
            DELIVERIES.c.status == "resolved",
        )
        return bool(self._all(query.limit(1)))

    def sick_targets(self, since: float) -> set[str]:
        """Return targets that an alert delivered since then says are sick, and none took back."""
        fired, resolved = DELIVERIES.alias("fired"), DELIVERIES.alias("resolved")
        # Judged by the database: in a storm there are more deliveries than one wants to read.
        taken_back = sa.select(sa.literal(1)).where(
            resolved.c.fingerprint == fired.c.fingerprint,
            resolved.c.received_at >= fired.c.received_at,
            resolved.c.starts_at >= fired.c.starts_at,
            resolved.c.status == "resolved",
            resolved.c.decision != Decision.REFUSED.value,
        )
        query = sa.select(fired.c.target.distinct()).where(
            fired.c.received_at >= since,
            fired.c.status == "firing",
            fired.c.target.is_not(None),
            fired.c.decision != Decision.REFUSED.value,
            ~taken_back.exists(),
        )
        return {str(row[0]) for row in self._all(query)}

    def verdicts(self, target: str) -> dict[str, bool]:
        """Return which versions of the target are known to be healthy or not."""
        query = sa.select(VERDICTS.c.version, VERDICTS.c.healthy).where(VERDICTS.c.target == target)
        return {row.version: bool(row.healthy) for row in self._all(query)}

    def past(self, actions: Sequence[str], target: str, ends: Ends) -> tuple[Past, ...]:
        """Return the runs of ``actions`` that acted on ``target``, with their calls, oldest first.

        They go back to the newest of which ``ends`` says that nothing before it matters; that one
        is left out.
        """
        query = sa.select(RUNS).where(
            RUNS.c.action.in_(list(actions)),
            RUNS.c.target == target,
            RUNS.c.intended_at.is_not(None),
        )
        rows = self._all(query.order_by(RUNS.c.intended_at.desc()))
        runs = takewhile(lambda run: not ends(run), (read_run(row) for row in rows))
        return tuple(reversed([Past(run, self._steps(run.id)) for run in runs]))

    def _steps(self, run_id: str) -> tuple[Step, ...]:
        query = sa.select(STEPS).where(STEPS.c.run_id == run_id, STEPS.c.purpose == "apply")
        return tuple(read_step(row) for row in self._all(query.order_by(STEPS.c.number)))

    def answered(self, run_id: str) -> dict[str, str]:
        """Return the tokens that AWS answered a run's calls with, the newest of each name."""
        query = sa.select(STEPS.c.told).where(
            STEPS.c.run_id == run_id, STEPS.c.purpose == "apply", STEPS.c.told.is_not(None)
        )
        found: dict[str, str] = {}
        for row in self._all(query.order_by(STEPS.c.number)):
            found |= json.loads(row.told)
        return found

    def runs(self, *, open_only: bool = False, limit: int = 200) -> list[Run]:
        """Return runs, newest first."""
        query = sa.select(RUNS).order_by(RUNS.c.created_at.desc()).limit(limit)
        if open_only:
            query = query.where(RUNS.c.state != State.CLOSED.value)
        return [read_run(row) for row in self._all(query)]

    def latest(self, action: str, since: float) -> list[Run]:
        """Return the runs of an action that are open or were opened since then, newest first."""
        query = sa.select(RUNS).where(
            RUNS.c.action == action,
            sa.or_(RUNS.c.created_at >= since, RUNS.c.state != State.CLOSED.value),
        )
        return [read_run(row) for row in self._all(query.order_by(RUNS.c.created_at.desc()))]

    def deliveries(self, fingerprint: str, limit: int = 200) -> list[dict[str, Any]]:
        """Return the newest deliveries of an alert, oldest of them first."""
        query = (
            sa.select(DELIVERIES)
            .where(DELIVERIES.c.fingerprint == fingerprint)
            .order_by(DELIVERIES.c.received_at.desc())
            .limit(limit)
        )
        return [
            {**row._mapping, "labels": json.loads(row.labels)}  # noqa: SLF001 public in SQLAlchemy
            for row in reversed(self._all(query))
        ]

    def delivered(self, fingerprint: str) -> int:
        """Return how often an alert was delivered."""
        query = sa.select(sa.func.count()).where(DELIVERIES.c.fingerprint == fingerprint)
        return int(self._all(query.select_from(DELIVERIES))[0][0])

    def runs_of(self, run_ids: Iterable[str], fingerprint: str) -> list[Run]:
        """Return the runs with these ids, and those that an alert opened, oldest first."""
        theirs = sa.or_(RUNS.c.id.in_(list(run_ids)), RUNS.c.fingerprint == fingerprint)
        query = sa.select(RUNS).where(theirs).order_by(RUNS.c.created_at)
        return [read_run(row) for row in self._all(query)]

    def decisions(self) -> dict[str, int]:
        """Return how many deliveries were decided in each way."""
        query = sa.select(DELIVERIES.c.decision, sa.func.count()).group_by(DELIVERIES.c.decision)
        return {str(row[0]): int(row[1]) for row in self._all(query)}

    def outcomes(self) -> dict[tuple[str, str], int]:
        """Return how many runs of each action ended with each outcome."""
        query = (
            sa.select(RUNS.c.action, RUNS.c.outcome, sa.func.count())
            .where(RUNS.c.state == State.CLOSED.value)
            .group_by(RUNS.c.action, RUNS.c.outcome)
        )
        return {(str(row[0]), str(row[1])): int(row[2]) for row in self._all(query)}

    def phases(self) -> list[tuple[str, str, float]]:
        """Return ``(action, phase, seconds)`` of every closed run that acted."""
        query = sa.select(
            RUNS.c.action,
            RUNS.c.created_at,
            RUNS.c.intended_at,
            RUNS.c.applied_at,
            RUNS.c.closed_at,
        ).where(RUNS.c.state == State.CLOSED.value, RUNS.c.intended_at.is_not(None))
        found = []
        for row in self._all(query):
            found.append((row.action, "decide", row.intended_at - row.created_at))
            if row.applied_at is not None:
                found.append((row.action, "act", row.applied_at - row.intended_at))
                found.append((row.action, "verify", row.closed_at - row.applied_at))
        return found

    def need_human(self, since: float) -> list[tuple[str, str, str]]:
        """Return ``(action, target, outcome)`` of runs that ended since then in need of a human."""
        harmless = [outcome.value for outcome in NO_HUMAN_NEEDED]
        query = sa.select(RUNS.c.action, RUNS.c.target, RUNS.c.outcome).where(
            RUNS.c.state == State.CLOSED.value,
            RUNS.c.closed_at >= since,
            RUNS.c.outcome.not_in(harmless),
        )
        return sorted({(row[0], row[1], str(Outcome(row[2]))) for row in self._all(query)})

    def blocks(self) -> dict[str, int]:
        """Return how often runs were held, by the guard's reason."""
        query = sa.select(COUNTS.c.name, COUNTS.c.total).where(
            COUNTS.c.name.startswith(BLOCKED, autoescape=True)
        )
        return {str(row[0]).removeprefix(BLOCKED): int(row[1]) for row in self._all(query)}

    def count(self, name: str) -> int:
        """Return a counter's total."""
        found = self._all(sa.select(COUNTS.c.total).where(COUNTS.c.name == name))
        return int(found[0][0]) if found else 0
