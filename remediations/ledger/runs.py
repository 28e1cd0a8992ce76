"""Runs: claims by compare-and-set, legal transitions, intents before calls, results after."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from remediations.ledger import audit, claims, heirs, scope
from remediations.ledger.counts import BLOCKED, count
from remediations.ledger.escalations import call_human
from remediations.ledger.follow import open_next
from remediations.ledger.rows import plan_document, plan_hash, read_run, read_step
from remediations.ledger.schema import RUNS, SAMPLES, STEPS, dumps
from remediations.ledger.seals import RUN, SAMPLE, Seals, together
from remediations.ledger.steps import intend, judge, settle
from remediations.model import (
    NO_HUMAN_NEEDED,
    OUTCOMES_FROM,
    TRANSITIONS,
    Call,
    Outcome,
    Plan,
    Run,
    Sample,
    State,
    Step,
    StepState,
    Verdict,
)
from storage.database import insert_once, write

_TRIES = 5
"""How often a decision is made anew that came while the engine took the run up."""


class LostLeaseError(Exception):
    """Somebody else moved the run on: this holder must not touch it any more."""


class IllegalTransitionError(Exception):
    """A transition that the table does not allow: a defect, refused by the store."""


class NotPossibleError(Exception):
    """A person asked for what the run's state does not allow; the text says why."""


class Runs:
    """All writes to runs. ``at`` and ``now`` are unix seconds."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self, run_id: str) -> Run | None:
        """Return one run."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).first()
        return read_run(row) if row else None

    def claim(self, owner: str, lease: float, now: float) -> Run | None:
        """Lease the run that has been due longest; its epoch moves, which fences older holders."""
        return claims.claim(self._engine, owner, lease, now)

    def move(
        self,
        run: Run,
        to: State,
        now: float,
        *,
        kind: str,
        body: Mapping[str, Any] | None = None,
        call: str | None = None,
        quiet: bool = False,
        **values: Any,
    ) -> Run:
        """Move a leased run to ``to`` and release it; ``call`` is why a human is called, if so.

        Raises:
            IllegalTransitionError: if the table does not allow it.
            LostLeaseError: if the run was moved or claimed by somebody else.
        """
        # When quiet nothing has changed: what is held is held since it was first held.
        values |= {"updated_at": run.updated_at} if quiet else {}
        with write(self._engine) if quiet else audit.writing(self._engine) as connection:
            moved, sealed = _move(connection, run, to, now, **values)
            if call is not None:
                called = call_human(connection, moved, call, moved.detail, now)
                sealed = together(sealed, called)
            if not quiet:
                told = {"from": run.state, "to": to, **(body or {})}
                audit.append(connection, now, kind, run.id, told, sealed)
                if to is State.BLOCKED:
                    count(connection, f"{BLOCKED}{moved.reason}")
        return moved

    def save_plan(self, run: Run, plan: Plan, to: State, now: float, next_at: float) -> Run:
        """Commit the plan, and the state that it leads to."""
        digest = plan_hash(plan)
        document = plan_document(plan)
        return self.move(
            run,
            to,
            now,
            kind="plan",
            body={"plan": document, "plan_hash": digest},
            # Whoever asked by hand is there to approve: nobody else need be called.
            call="approval_needed" if to is State.AWAITING_APPROVAL and not run.by_hand else None,
            plan=dumps(document),
            plan_hash=digest,
            approved_by=None,
            reason=None,
            detail=None,
            next_at=next_at,
        )

    def intend(
        self,
        run: Run,
        purpose: str,
        number: int,
        call: Call,
        now: float,
        lease: float,
        recheck: scope.Recheck,
        baseline: Mapping[str, Any] | None = None,
    ) -> tuple[Run, Step]:
        """Commit the exact call that is about to be made, and keep the lease while it is made.

        Raises TargetBusyError if another run has begun to act on the target, and what ``recheck``
        raises: then nothing is committed.
        """
        to = State.RUNNING if purpose == "apply" else State.UNDOING
        values: dict[str, Any] = {"lease_owner": run.lease_owner, "lease_until": now + lease}
        if purpose == "apply" and run.intended_at is None:
            values["intended_at"] = now
        if baseline is not None:
            values["baseline"] = dumps(dict(baseline))
        with audit.writing(self._engine) as connection:
            scope.check(connection, run, now, recheck)
            moved, sealed = _move(connection, run, to, now, reason=None, detail=None, **values)
            step, intended = intend(connection, run, purpose, number, call, now)
            body = {
                "purpose": purpose,
                "step": number,
                "attempt": step.attempts,
                "service": call.service,
                "operation": call.operation,
                "arguments": dict(call.arguments),
                "epoch": run.epoch,
            }
            sealed = together(sealed, intended)
            audit.append(connection, now, "intent", run.id, body, sealed)
        return moved, step

    def settle(
        self,
        run: Run,
        step: Step,
        state: StepState,
        now: float,
        *,
        how: str,
        request_id: str | None = None,
        error: str | None = None,
        told: Mapping[str, str] | None = None,
        next_at: float | None = None,
    ) -> Run:
        """Commit what became of a call: answered, refused, unknown, or found out by reading.

        ``told`` are the tokens of the answer, by which the run's own effect is known again.
        """
        with audit.writing(self._engine) as connection:
            moved, sealed = _move(
                connection, run, run.state, now, reason=None, detail=None, next_at=next_at or now
            )
            values = {
                "error": error,
                **({"request_id": request_id} if request_id else {}),
                **({"told": dumps(dict(told))} if told else {}),
            }
            sealed = together(sealed, settle(connection, step, state, now, values))
            body = {
                "purpose": step.purpose,
                "step": step.index,
                "state": state,
                "how": how,
                "request_id": request_id,
                "error": error,
                **({"told": dict(told)} if told else {}),
            }
            audit.append(connection, now, "result", run.id, body, sealed)
        return moved

    def sample(self, run: Run, sample: Sample, now: float, next_at: float) -> Run:
        """Commit one look at the outcome."""
        with audit.writing(self._engine) as connection:
            moved, sealed = _move(
                connection, run, State.VERIFYING, now, reason=None, detail=None, next_at=next_at
            )
            row = {
                "run_id": run.id,
                "sampled_at": sample.at,
                "verdict": sample.verdict.value,
                "readings": dumps(dict(sample.readings)),
            }
            if insert_once(connection, SAMPLES, row):
                sealed = together(sealed, SAMPLE.seal(row))
            body = {"verdict": sample.verdict, "readings": dict(sample.readings)}
            audit.append(connection, now, "sample", run.id, body, sealed)
        return moved

    def close(
        self,
        run: Run,
        outcome: Outcome,
        now: float,
        *,
        reason: str,
        detail: str | None = None,
        verdicts: Mapping[str, bool] | None = None,
        heir: heirs.Choice | None = None,
    ) -> Run:
        """End a run; an outcome that needs a human is escalated in the same transaction.

        ``verdicts`` are versions of the target now known to be healthy or not; ``heir`` chooses
        among the alerts that joined the run the one that a new run is opened for.

        Raises:
            IllegalTransitionError: if the outcome cannot follow from the run's state.
            LostLeaseError: if the run was moved or claimed by somebody else.
        """
        if outcome not in OUTCOMES_FROM.get(run.state, frozenset()):
            raise IllegalTransitionError(f"{run.id}: {run.state} cannot end as {outcome}")
        if outcome is Outcome.CANCELLED and run.intended_at is not None:
            raise IllegalTransitionError(f"{run.id}: has acted, cannot be cancelled")
        with audit.writing(self._engine) as connection:
            judged = [
                judge(connection, run, version, healthy=healthy, now=now)
                for version, healthy in (verdicts or {}).items()
            ]
            closed = _close(connection, run, outcome, now, reason, detail, *judged)
            if heir is not None:
                heirs.hand_over(connection, closed, heir, now)
        return closed

    def steps(self, run_id: str, purpose: str = "apply") -> list[Step]:
        """Return a run's steps in order."""
        query = (
            sa.select(STEPS)
            .where(STEPS.c.run_id == run_id, STEPS.c.purpose == purpose)
            .order_by(STEPS.c.number)
        )
        with self._engine.connect() as connection:
            return [read_step(row) for row in connection.execute(query)]

    def samples(self, run_id: str) -> list[Sample]:
        """Return a run's samples in order."""
        query = sa.select(SAMPLES).where(SAMPLES.c.run_id == run_id).order_by(SAMPLES.c.sampled_at)
        with self._engine.connect() as connection:
            return [
                Sample(row.sampled_at, Verdict(row.verdict), json.loads(row.readings))
                for row in connection.execute(query)
            ]

    def approve(self, run_id: str, digest: str, by: str, now: float) -> Run:
        """Approve exactly the plan with this hash.

        Raises:
            NotPossibleError: if the run does not wait for approval, or its plan is another.
        """

        def approve() -> Run:
            run = self._waiting(run_id)
            if run.plan_hash != digest:
                raise NotPossibleError("the plan has changed; look at it again")
            return self._decide(run, now, kind="approved", by=by, to=State.READY)

        return _heard(run_id, approve)

    def reject(self, run_id: str, by: str, now: float) -> Run:
        """Refuse a plan; raises NotPossibleError if the run does not wait for approval."""
        return _heard(run_id, lambda: self._end(self._waiting(run_id), Outcome.REJECTED, by, now))

    def cancel(self, run_id: str, by: str, now: float) -> Run:
        """End a run that has not touched the world; raises NotPossibleError if it has."""

        def cancel() -> Run:
            run = self.existing(run_id)
            if run.state is State.CLOSED:
                raise NotPossibleError(f"{run_id} is closed: {run.outcome}")
            if run.intended_at is not None:
                raise NotPossibleError(f"{run_id} has acted already and is being verified")
            return self._end(run, Outcome.CANCELLED, by, now)

        return _heard(run_id, cancel)

    def existing(self, run_id: str) -> Run:
        """Return one run; raises NotPossibleError if there is none."""
        run = self.get(run_id)
        if run is None:
            raise NotPossibleError(f"there is no run {run_id[:64]}")
        return run

    def _waiting(self, run_id: str) -> Run:
        run = self.existing(run_id)
        if run.state is not State.AWAITING_APPROVAL:
            raise NotPossibleError(f"{run_id} does not wait for approval: it is {run.state}")
        return run

    def _decide(self, run: Run, now: float, *, kind: str, by: str, to: State) -> Run:
        with audit.writing(self._engine) as connection:
            moved, sealed = _move(connection, run, to, now, approved_by=by, next_at=now)
            body = {"by": by, "plan_hash": run.plan_hash}
            audit.append(connection, now, kind, run.id, body, sealed)
        return moved

    def _end(self, run: Run, outcome: Outcome, by: str, now: float) -> Run:
        with audit.writing(self._engine) as connection:
            return _close(connection, run, outcome, now, f"{outcome}_by_hand", f"by {by}")


def _heard(run_id: str, decide: Callable[[], Run]) -> Run:
    """Return what a person's decision makes of a run that the engine may be looking at.

    ``decide`` reads the run anew each time: what it no longer allows is refused.
    """
    for _ in range(_TRIES):
        with suppress(LostLeaseError):
            return decide()
    raise NotPossibleError(f"{run_id} is being worked on; try again")


def _move(
    connection: sa.Connection, run: Run, to: State, now: float, **values: Any
) -> tuple[Run, Seals]:
    """Move a run; returns it, and what is to be sealed of it."""
    if to not in TRANSITIONS[run.state]:
        raise IllegalTransitionError(f"{run.id}: {run.state} cannot become {to}")
    values = {"lease_owner": None, "lease_until": None, **values}
    values = {"state": to.value, "updated_at": now, **values}
    moved = connection.execute(
        sa.update(RUNS)
        .where(RUNS.c.id == run.id, RUNS.c.state == run.state.value, RUNS.c.epoch == run.epoch)
        .values(values)
    )
    if moved.rowcount != 1:
        raise LostLeaseError(run.id)
    row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run.id)).one()
    return read_run(row), RUN.seal({"id": run.id, **values})


def _close(
    connection: sa.Connection,
    run: Run,
    outcome: Outcome,
    now: float,
    reason: str,
    detail: str | None,
    *judged: Seals,
) -> Run:
    closed, sealed = _move(
        connection,
        run,
        State.CLOSED,
        now,
        outcome=outcome.value,
        reason=reason,
        detail=detail,
        closed_at=now,
    )
    body = {"from": run.state, "outcome": outcome, "reason": reason, "detail": detail}
    if outcome not in NO_HUMAN_NEEDED:
        called = call_human(connection, closed, outcome.value, detail or reason, now)
        sealed = together(sealed, called)
    audit.append(connection, now, "closed", run.id, body, together(sealed, *judged))
    open_next(connection, closed, now)
    return closed
