"""Between the first intent and the last result. After a crash: read first, never resend blindly."""

from __future__ import annotations

from collections.abc import Sequence

from remediations.action import LATER, Finding, Later, UnavailableError
from remediations.model import OWN_SERVICE, Call, Outcome, Plan, Run, State, Step, StepState
from remediations.worker import Worker

ATTEMPTS = 3
"""How often a call is sent at most, each time after reading that it did not happen."""
_UNSEEN_ATTEMPTS = 2
_MOST_CALLS = 5_000


def act(worker: Worker, run: Run, plan: Plan) -> Run:
    """Take a run that has begun to act one step further."""
    steps = worker.ledger.runs.steps(run.id)
    for step in steps:
        if step.state in (StepState.INTENT, StepState.UNKNOWN):
            return _find_out(worker, run, plan, step)
        if step.state is StepState.FAILED:
            return _refused(worker, run, plan, step)
    try:
        call = _next(worker, run, plan, [step.call for step in steps])
    except UnavailableError as error:
        return _blind(worker, run, steps[-1], error)
    now = worker.now()
    if call is LATER:
        return _patience(worker, run, steps[-1])
    if call is None:
        return worker.ledger.runs.move(
            run,
            State.VERIFYING,
            now,
            kind="applied",
            reason=None,
            detail=None,
            applied_at=now,
            next_at=now,
        )
    most = _most_calls(worker, run, call)
    if len(steps) >= most:
        return worker.ledger.runs.close(
            run, Outcome.INCONCLUSIVE, now, reason="too_many_calls", detail=str(most)
        )
    hold = worker.hold(run)
    if hold is not None:
        return worker.block(run, hold.reason, hold.detail, hold.retry_at, human=True)
    return worker.call(run, "apply", len(steps), call)


def _next(worker: Worker, run: Run, plan: Plan, made: Sequence[Call]) -> Call | Later | None:
    """Return the call that comes after those ``made``; None when nothing is left to do."""
    if len(made) < len(plan.calls):
        return plan.calls[len(made)]
    more = worker.action(run).more
    if more is None:
        return None
    further = more(worker.context, run, worker.observe(run), made)
    if further is LATER:
        return LATER
    return further[0] if further else None


def _most_calls(worker: Worker, run: Run, call: Call) -> int:
    """Return how many calls this run may make: few more by itself than with a person's word.

    A plan within the limit can find more to do on its way. The engine's own steps only write what
    the one call before them announced, however many pages that has: they are not counted.
    """
    if run.approved_by is not None or call.service == OWN_SERVICE:
        return _MOST_CALLS
    return min(_MOST_CALLS, worker.inventory.engine.most_calls_per_run)


def _find_out(worker: Worker, run: Run, plan: Plan, step: Step) -> Run:
    runs, now = worker.ledger.runs, worker.now()
    try:
        found = worker.action(run).settled(plan, step.call, worker.observe(run))
    except UnavailableError as error:
        return _blind(worker, run, step, error)
    if found is Finding.HAPPENED:
        return runs.settle(run, step, StepState.DONE, now, how="observed")
    if found is Finding.PENDING:
        return _patience(worker, run, step)
    if found is Finding.DRIFTED:
        return runs.close(
            run, Outcome.INCONCLUSIVE, now, reason="drift", detail="the target is in a third state"
        )
    if found is Finding.UNKNOWABLE and step.attempts >= _UNSEEN_ATTEMPTS:
        return runs.close(run, Outcome.INCONCLUSIVE, now, reason="unknowable", detail=step.error)
    if step.attempts >= ATTEMPTS:
        return runs.close(run, Outcome.FAILED, now, reason="no_effect", detail=step.error)
    hold = worker.hold(run)
    if hold is not None:
        return worker.block(run, hold.reason, hold.detail, hold.retry_at, human=True)
    # The state that the call is conditional on is unchanged, or nobody can know and the action
    # says that twice is better than never: only now may it be sent again.
    return worker.call(run, "apply", step.index, step.call)


def _refused(worker: Worker, run: Run, plan: Plan, step: Step) -> Run:
    """End the run, unless what AWS refused is a second sending of what has arrived meanwhile."""
    if step.attempts > 1:
        try:
            found = worker.action(run).settled(plan, step.call, worker.observe(run))
        except UnavailableError as error:
            return _blind(worker, run, step, error)
        if found is Finding.HAPPENED:
            return worker.ledger.runs.settle(
                run, step, StepState.DONE, worker.now(), how="observed"
            )
    return worker.ledger.runs.close(
        run, Outcome.FAILED, worker.now(), reason="refused", detail=step.error
    )


def _blind(worker: Worker, run: Run, last: Step, error: UnavailableError) -> Run:
    if _over(worker, run, last):
        return worker.ledger.runs.close(
            run, Outcome.INCONCLUSIVE, worker.now(), reason=error.reason, detail=error.detail
        )
    return worker.wait_blind(run, error, last.intended_at or worker.now())


def _patience(worker: Worker, run: Run, last: Step) -> Run:
    """Look again later, unless the call that came ``last`` was made too long ago."""
    if _over(worker, run, last):
        return worker.ledger.runs.close(
            run, Outcome.INCONCLUSIVE, worker.now(), reason="never_settled", detail=last.error
        )
    return worker.wait(run, worker.inventory.engine.sample_every)


def _over(worker: Worker, run: Run, last: Step) -> bool:
    patience = worker.action(run).patience or worker.inventory.engine.verify_deadline
    now = worker.now()
    return now >= (last.intended_at or now) + patience
