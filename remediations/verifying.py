"""After acting: is the effect there, is the trouble gone, and if it grew, the way back."""

from __future__ import annotations

from collections.abc import Sequence

from remediations.acting import ATTEMPTS
from remediations.action import BlockedError, FailedError, Finding, Result, UnavailableError
from remediations.guards import Hold
from remediations.model import Outcome, Plan, Run, Sample, Step, StepState, Verdict
from remediations.worker import HeldError, Worker


def verify(worker: Worker, run: Run, plan: Plan) -> Run:
    """Look once: effect first, then outcome; end the run when the looks suffice."""
    runs, engine, now = worker.ledger.runs, worker.inventory.engine, worker.now()
    applied = run.applied_at or now
    action = worker.action(run)
    over = now >= applied + (action.patience or engine.verify_deadline)
    try:
        seen = worker.observe(run)
        found = action.effect(plan, seen)
    except FailedError as error:
        return runs.close(run, Outcome.FAILED, now, reason=error.reason, detail=error.detail)
    except UnavailableError as error:
        if over:
            return runs.close(
                run, Outcome.INCONCLUSIVE, now, reason=error.reason, detail=error.detail
            )
        return worker.wait_blind(run, error, applied)
    if found is Finding.DRIFTED:
        return runs.close(
            run,
            Outcome.INCONCLUSIVE,
            now,
            reason="drift",
            detail="somebody else changed the target",
        )
    if found is Finding.ABSENT or (found is Finding.PENDING and over):
        return runs.close(run, Outcome.FAILED, now, reason="no_effect")
    if found is Finding.PENDING:
        return worker.wait(run, engine.sample_every)
    if not (action.measured and action.measured_for(run)):
        return _told(worker, run, action.result(plan, seen))
    if now < applied + engine.settle:
        return worker.wait(run, applied + engine.settle - now)
    return _sample(worker, run, plan, over=over)


def _told(worker: Worker, run: Run, told: Result) -> Run:
    """End a run whose effect is the outcome, as far as there is one."""
    outcome, reason, detail = Outcome.SUCCEEDED, told.reason, told.detail
    if not told.good:
        outcome = Outcome.INEFFECTIVE
    elif worker.action(run).contains and not run.by_hand:
        # Where nothing runs any more nothing fails either: that proves no cure.
        outcome, reason = Outcome.INCONCLUSIVE, "contained"
        detail = detail or f"{run.target} stays stopped until a person goes on; the cause remains"
    return worker.ledger.runs.close(run, outcome, worker.now(), reason=reason, detail=detail)


def _sample(worker: Worker, run: Run, plan: Plan, *, over: bool) -> Run:
    runs, engine, now = worker.ledger.runs, worker.inventory.engine, worker.now()
    try:
        sample = worker.action(run).judge(worker.context, run)
    except UnavailableError:
        sample = Sample(now, Verdict.UNKNOWN, {})
    run = runs.sample(run, sample, now, now + engine.sample_every)
    recent = [one.verdict for one in runs.samples(run.id)][-engine.verify_samples :]
    if len(recent) == engine.verify_samples and set(recent) == {Verdict.GOOD}:
        return runs.close(
            run,
            Outcome.SUCCEEDED,
            now,
            reason="recovered",
            verdicts=worker.action(run).healthy(plan, True),
        )
    return _conclude(worker, run, plan, recent) if over else run


def _conclude(worker: Worker, run: Run, plan: Plan, recent: Sequence[Verdict]) -> Run:
    runs, now = worker.ledger.runs, worker.now()
    if set(recent) == {Verdict.WORSE} and plan.undo:
        hold = worker.hold(run)
        return _undo(worker, run, plan) if hold is None else _not_undone(worker, run, hold)
    if {Verdict.BAD, Verdict.WORSE} & set(recent):
        return runs.close(run, Outcome.INEFFECTIVE, now, reason="still_bad")
    return runs.close(run, Outcome.INCONCLUSIVE, now, reason="no_evidence")


def _undo(worker: Worker, run: Run, plan: Plan) -> Run:
    try:
        seen = worker.observe(run)
    except UnavailableError as error:
        return worker.ledger.runs.close(
            run, Outcome.INCONCLUSIVE, worker.now(), reason=error.reason, detail=error.detail
        )
    action = worker.action(run)
    try:
        back = action.undo(plan, {**seen, "answered": worker.ledger.facts.answered(run.id)})
    except BlockedError as error:
        return worker.ledger.runs.close(
            run, Outcome.INCONCLUSIVE, worker.now(), reason=error.reason, detail=error.detail
        )
    if action.effect(plan, seen) is not Finding.HAPPENED or not back:
        return worker.ledger.runs.close(run, Outcome.INCONCLUSIVE, worker.now(), reason="drift")
    try:
        return worker.call_unless_held(run, "undo", 0, back[0])
    except HeldError as error:
        return _not_undone(worker, run, error.hold)


def _not_undone(worker: Worker, run: Run, hold: Hold) -> Run:
    detail = f"not undone: {hold.reason}"
    return worker.ledger.runs.close(
        run, Outcome.INEFFECTIVE, worker.now(), reason="worse", detail=detail
    )


def undoing(worker: Worker, run: Run, plan: Plan) -> Run:
    """Say how the undo ended, by reading: it is sent again only while it did not happen.

    It is conditional on the state that we left; it is never undone.
    """
    runs, now, action = worker.ledger.runs, worker.now(), worker.action(run)
    step = runs.steps(run.id, "undo")[0]
    over = now >= (step.intended_at or now) + worker.inventory.engine.verify_deadline
    refused = step.state is StepState.FAILED
    if refused and step.attempts == 1:
        return runs.close(run, Outcome.UNDO_FAILED, now, reason="refused", detail=step.error)
    try:
        seen = worker.observe(run)
    except UnavailableError as error:
        if over:
            return runs.close(
                run, Outcome.UNDO_FAILED, now, reason=error.reason, detail=error.detail
            )
        return worker.wait_blind(run, error, step.intended_at or now)
    if all(seen.get(key) == plan.before.get(key) for key in plan.after):
        if step.state is not StepState.DONE:
            return runs.settle(run, step, StepState.DONE, now, how="observed")
        return runs.close(run, Outcome.UNDONE, now, reason="worse")
    if refused:
        return runs.close(run, Outcome.UNDO_FAILED, now, reason="refused", detail=step.error)
    found = action.effect(plan, seen)
    if found is Finding.PENDING and not over:
        return worker.wait(run, worker.inventory.engine.sample_every)
    did_not_happen = found is Finding.HAPPENED and step.state is not StepState.DONE
    if did_not_happen and step.attempts < ATTEMPTS and not over:
        return _undo_again(worker, run, step)
    return runs.close(run, Outcome.UNDO_FAILED, now, reason="no_effect", detail=step.error)


def _undo_again(worker: Worker, run: Run, step: Step) -> Run:
    hold = worker.hold(run)
    if hold is None:
        try:
            return worker.call_unless_held(run, "undo", step.index, step.call)
        except HeldError as error:
            hold = error.hold
    return worker.ledger.runs.close(
        run, Outcome.UNDO_FAILED, worker.now(), reason=hold.reason, detail=hold.detail
    )
