"""From ready to the first intent: guards, evidence, plan, approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from remediations.action import BlockedError, Finding, ObsoleteError, UnavailableError
from remediations.ailing import spread
from remediations.guards import BY_A_PERSON
from remediations.intake import rule
from remediations.ledger.deliveries import Intent
from remediations.ledger.heirs import Joined
from remediations.model import Outcome, Plan, Run, State
from remediations.presence import Presence, presence
from remediations.worker import Worker, reading_aws


def decide(worker: Worker, run: Run) -> Run:
    """Take a run that has not acted yet one step further, hold it, or end it."""
    if run.dry:
        return _show(worker, run)
    now = worker.now()
    if _held_too_long(worker, run, now):
        return worker.ledger.runs.close(
            run, Outcome.EXPIRED, now, reason="blocked_too_long", detail=run.detail or run.reason
        )
    hold = worker.hold(run)
    if hold is not None:
        return _said_over(worker, run) or worker.block(
            run, hold.reason, hold.detail, hold.retry_at, human=hold.human
        )
    if run.intended_at is not None:
        # Half-way when it was held: the stage that acts looks at what became of the last call.
        return worker.ledger.runs.move(
            run, State.RUNNING, now, kind="resumed", reason=None, detail=None, next_at=now
        )
    gone = None if run.by_hand else _gone(worker, run)
    if gone is not None:
        return gone
    try:
        return _plan(worker, run) if run.plan is None else _act(worker, run, run.plan)
    except BlockedError as error:
        return worker.block(run, error.reason, error.detail)
    except UnavailableError as error:
        return worker.block(run, error.reason, error.detail)
    except ObsoleteError as error:
        return _cancel(worker, run, error.reason, error.detail)


def _show(worker: Worker, run: Run) -> Run:
    """Say what a run would do, or why not, and end it: nothing is held that does nothing."""
    try:
        if run.plan is None:
            return _plan(worker, run)
    except (BlockedError, ObsoleteError, UnavailableError) as error:
        return _cancel(worker, run, error.reason, error.detail)
    return _cancel(worker, run, "shadow", "; ".join(run.plan.diff))


def _held_too_long(worker: Worker, run: Run, now: float) -> bool:
    if run.state is not State.BLOCKED or now < worker.expires_at(run):
        return False
    # The time before this look was the person's who held it.
    return run.reason not in BY_A_PERSON or run.intended_at is not None or run.by_hand


def _said_over(worker: Worker, run: Run) -> Run | None:
    """End a run that is held, if Alertmanager said that its alert is over, and Prometheus agrees.

    Asked of Prometheus for no others: in a storm there are many.
    """
    if run.by_hand or run.intended_at is not None:
        return None
    if not worker.ledger.facts.resolved_since(run.fingerprint, run.created_at):
        return None
    if presence(run, worker.alertmanager, worker.prometheus) is not Presence.GONE:
        return None
    return _end_gone(worker, run)


def await_approval(worker: Worker, run: Run) -> Run:
    """Look after a run that waits for a person: end it when nobody comes or nothing is left."""
    now = worker.now()
    if run.plan is None or now >= run.plan.expires_at:
        return worker.ledger.runs.close(run, Outcome.EXPIRED, now, reason="approval_expired")
    gone = not run.by_hand and (
        presence(run, worker.alertmanager, worker.prometheus) is Presence.GONE
    )
    if gone:
        return _end_gone(worker, run)
    if worker.mode(run) == "shadow":
        return _cancel(worker, run, "shadow", "; ".join(run.plan.diff))
    pause = min(worker.inventory.engine.block_retry, run.plan.expires_at - now)
    return worker.wait(run, pause)


def _gone(worker: Worker, run: Run) -> Run | None:
    found = presence(run, worker.alertmanager, worker.prometheus)
    if found is Presence.GONE:
        return _end_gone(worker, run)
    if found is Presence.UNKNOWN:
        detail = "Prometheus does not tell, nor does Alertmanager hold it"
        return worker.block(run, "alert_unconfirmed", detail)
    return None


def _end_gone(worker: Worker, run: Run) -> Run:
    """End a run whose alert is over; another alert that joined it gets a run of its own."""
    joined = worker.ledger.facts.joined(run)
    gone = {one.fingerprint for one in joined if not _still_there(worker, one)}

    def heir(joined: Sequence[Joined]) -> tuple[Joined, Intent] | None:
        for one in joined:
            intent = rule("firing", one.labels, worker.inventory, worker.actions).intent
            same = intent is not None and (intent.action, intent.target) == (run.action, run.target)
            if intent is not None and same and one.fingerprint not in gone:
                return one, intent
        return None

    return worker.ledger.runs.close(
        run, Outcome.CANCELLED, worker.now(), reason="alert_resolved", heir=heir
    )


def _still_there(worker: Worker, one: Joined) -> bool:
    try:
        return worker.prometheus.fires(one.labels)
    except UnavailableError:
        return True


def _cancel(worker: Worker, run: Run, reason: str, detail: str | None) -> Run:
    return worker.ledger.runs.close(
        run, Outcome.CANCELLED, worker.now(), reason=reason, detail=detail
    )


def _plan(worker: Worker, run: Run) -> Run:
    action, now = worker.action(run), worker.now()
    _baseline(worker, run)
    seen = worker.observe(run)
    with reading_aws():
        plan = action.plan(worker.context, run, seen)
    if worker.mode(run) == "shadow" or not _needs_person(worker, run, plan):
        return worker.ledger.runs.save_plan(run, plan, State.READY, now, now)
    engine = worker.inventory.engine
    plan = replace(plan, expires_at=now + engine.approval_expiry)
    return worker.ledger.runs.save_plan(
        run, plan, State.AWAITING_APPROVAL, now, now + engine.block_retry
    )


def _needs_person(worker: Worker, run: Run, plan: Plan) -> bool:
    """Say whether a person must approve: by the mode, by the plan's own word, by its length."""
    many = len(plan.calls) > worker.inventory.engine.most_calls_per_run
    return worker.mode(run) == "approve" or plan.approval or many


def _act(worker: Worker, run: Run, plan: Plan) -> Run:
    if worker.mode(run) == "shadow":
        return _cancel(worker, run, "shadow", "; ".join(plan.diff))
    if _needs_person(worker, run, plan) and run.approved_by is None:
        return _replan(worker, run, "approval_missing")
    if worker.now() >= plan.expires_at:
        return _replan(worker, run, "plan_expired")
    found = worker.action(run).effect(plan, worker.observe(run))
    if found is Finding.HAPPENED:
        return _cancel(worker, run, "already_done", "somebody else did it")
    if found is not Finding.ABSENT:
        return _replan(worker, run, "drift")
    baseline = _baseline(worker, run)
    soon = 0.0 if run.by_hand else run.created_at + spread(worker.inventory) - worker.now()
    if soon > 0:
        # A storm must be seen before the first of its runs acts.
        return worker.wait(run, soon, "storm_watch")
    return worker.call(run, "apply", 0, plan.calls[0], baseline)


def _baseline(worker: Worker, run: Run) -> Mapping[str, float | None]:
    """Measure the trouble; a person who asks need not prove that there is one."""
    try:
        return worker.action(run).baseline(worker.context, run)
    except (BlockedError, ObsoleteError, UnavailableError):
        if run.by_hand:
            return {}
        raise


def _replan(worker: Worker, run: Run, reason: str) -> Run:
    """Drop the plan, visibly; the next look makes a new one, and an approval is void."""
    now = worker.now()
    return worker.ledger.runs.move(
        run,
        State.BLOCKED,
        now,
        kind="blocked",
        body={"reason": reason, "detail": None},
        # Whoever approved believes that it is being done.
        call=reason if run.approved_by is not None else None,
        plan=None,
        plan_hash=None,
        approved_by=None,
        reason=reason,
        detail=None,
        next_at=now,
    )
