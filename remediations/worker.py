"""What the stages share: dependencies, guards, reading the world, blocking a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory.model import Inventory
from remediations import flags, guards
from remediations.action import Action, Context, Hands, Observation, UnavailableError
from remediations.ailing import ailing
from remediations.asking import mode_today
from remediations.calls import Answer, carry_out, describe, make
from remediations.ledger.scope import Committing, Recheck, TargetBusyError
from remediations.ledger.store import Ledger
from remediations.model import OWN_SERVICE, Call, Run, State, Step, StepState
from remediations.presence import FiresAlerts, HoldsAlerts

_RESEND_PAUSE = 2.0


class HeldError(Exception):
    """A guard's no that came only where the intent was to be committed."""

    def __init__(self, hold: guards.Hold) -> None:
        super().__init__(hold.reason)
        self.hold = hold


@dataclass(frozen=True)
class Worker:
    """The engine's hands. ``writer(service)`` is a boto3 client that sends each call once."""

    ledger: Ledger
    inventory: Inventory
    actions: Mapping[str, Action]
    context: Context
    writer: Callable[[str], Any]
    alertmanager: HoldsAlerts
    prometheus: FiresAlerts
    pause_file: Path
    now: Callable[[], float]

    def action(self, run: Run) -> Action:
        """Return the run's action."""
        return self.actions[run.action]

    def mode(self, run: Run) -> str:
        """Return how far a run may go: as its playbook said when it was opened, or says now."""
        return mode_today(run, self.inventory, self.action(run))

    def hold(self, run: Run) -> guards.Hold | None:
        """Ask every guard."""
        asked = guards.BY_HAND if run.by_hand else guards.GUARDS
        return guards.check(self._situation(run), asked)

    def _situation(self, run: Run) -> guards.Situation:
        return guards.look(
            self.ledger,
            self.inventory,
            run,
            self.mode(run),
            self.now(),
            pause_file=self.pause_file.exists(),
            owned=self.action(run).targets(self.inventory),
            turned_on=self._turned_on,
            ailing=lambda: ailing(self.prometheus, self.inventory, self.actions),
        )

    def _turned_on(self, since: float) -> Mapping[str, float]:
        """Return which flags were turned on since then; what AWS does not tell holds nobody."""
        try:
            with reading_aws():
                return flags.turned_on(self.context, since)
        except UnavailableError:
            return {}

    def observe(self, run: Run) -> Observation:
        """Read the target's state.

        Raises:
            UnavailableError: if AWS does not tell.
        """
        with reading_aws():
            return self.action(run).observe(self.context, run)

    def block(
        self,
        run: Run,
        reason: str,
        detail: str,
        retry_at: float | None = None,
        *,
        human: bool = True,
    ) -> Run:
        """Hold a run back, visibly; a human is called once for each reason."""
        now = self.now()
        again = retry_at if retry_at is not None else now + self.inventory.engine.block_retry
        by_a_person = reason in guards.BY_A_PERSON and not run.by_hand and run.intended_at is None
        return self.ledger.runs.move(
            run,
            State.BLOCKED,
            now,
            kind="blocked",
            body={"reason": reason, "detail": detail},
            call=reason if human else None,
            quiet=run.state is State.BLOCKED and run.reason == reason,
            reason=reason,
            detail=detail,
            next_at=again if by_a_person else min(again, max(now, self.expires_at(run))),
            held_until=now if by_a_person else run.held_until,
        )

    def expires_at(self, run: Run) -> float:
        """Return when a run that is held back ends: that long after it was asked for.

        One that has acted already ends so long after its last call. For any other the time does
        not run while a person holds it back: its alert is not delivered a second time.
        """
        expiry = self.inventory.engine.block_expiry
        if run.intended_at is not None:
            steps = self.ledger.runs.steps(run.id)
            times = (step.settled_at or step.intended_at or 0.0 for step in steps)
            return max(times, default=run.created_at) + expiry
        return max(run.created_at, run.held_until or 0.0) + expiry

    def wait(self, run: Run, seconds: float, reason: str | None = None) -> Run:
        """Look again later, in the same state."""
        now = self.now()
        return self.ledger.runs.move(
            run,
            run.state,
            now,
            kind="waiting",
            quiet=True,
            reason=reason,
            detail=None,
            next_at=now + seconds,
        )

    def wait_blind(self, run: Run, error: UnavailableError, since: float) -> Run:
        """Look again later at what cannot be read now.

        A human is called when not even the second look in a row succeeds so long after ``since``,
        the last time that the run did anything (unix seconds).
        """
        now, engine = self.now(), self.inventory.engine
        again = run.reason == error.reason
        call = again and now >= since + engine.verify_deadline
        return self.ledger.runs.move(
            run,
            run.state,
            now,
            kind="blind",
            body={"reason": error.reason, "detail": error.detail},
            call=error.reason if call else None,
            quiet=again,
            reason=error.reason,
            detail=error.detail,
            next_at=now + engine.sample_every,
        )

    def call(
        self,
        run: Run,
        purpose: str,
        number: int,
        call: Call,
        baseline: Mapping[str, Any] | None = None,
    ) -> Run:
        """Commit the intent, make the call once, commit what came of it; or hold the run.

        A human hears of any hold of a run that has acted already: it stands half-way.
        """
        human = run.intended_at is not None
        try:
            return self.call_unless_held(run, purpose, number, call, baseline)
        except TargetBusyError as error:
            return self.block(run, "target_busy", str(error), human=human)
        except HeldError as error:
            hold = error.hold
            human = human or hold.human
            return self.block(run, hold.reason, hold.detail, hold.retry_at, human=human)

    def call_unless_held(
        self,
        run: Run,
        purpose: str,
        number: int,
        call: Call,
        baseline: Mapping[str, Any] | None = None,
    ) -> Run:
        """Do as ``call`` does.

        Raises:
            HeldError: if a guard says no where the intent is committed: nothing was committed.
            TargetBusyError: if another run acts on the target.
        """
        engine, recheck = self.inventory.engine, self._recheck(run)
        run, step = self.ledger.runs.intend(
            run, purpose, number, call, self.now(), engine.lease, recheck, baseline
        )
        return self.record(run, step, self._make(run, call))

    def _recheck(self, run: Run) -> Recheck:
        asked = guards.COMMITTING_BY_HAND if run.by_hand else guards.COMMITTING
        owned = self.action(run).targets(self.inventory)

        def recheck(latest: Committing) -> None:
            situation = guards.at_commit(
                self.inventory,
                run,
                self.mode(run),
                self.now(),
                latest,
                pause_file=self.pause_file.exists(),
                owned=owned,
            )
            hold = guards.check(situation, asked)
            if hold is not None:
                raise HeldError(hold)

        return recheck

    def _make(self, run: Run, call: Call) -> Answer:
        action = self.action(run)
        if call.service != OWN_SERVICE:
            return make(call, self.writer, action.moot)
        hands = Hands(self.context, self.writer)
        return carry_out(lambda: action.own[call.operation](hands, call.arguments), action.moot)

    def record(self, run: Run, step: Step, answer: Answer) -> Run:
        """Commit a call's answer."""
        now = self.now()
        state = StepState.UNKNOWN if answer.again else answer.state
        return self.ledger.runs.settle(
            run,
            step,
            state,
            now,
            how="answered" if answer.state is StepState.DONE else "error",
            request_id=answer.request_id,
            error=answer.error,
            told=answer.told,
            next_at=now + (_RESEND_PAUSE if state is StepState.UNKNOWN else 0.0),
        )


class reading_aws:  # noqa: N801 used as a context manager, reads like one
    """Turns AWS errors of a read into UnavailableError with a stable reason."""

    def __enter__(self) -> None:
        """Enter."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Translate."""
        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            reason = "aws_denied" if "AccessDenied" in code else "aws_error"
            raise UnavailableError(reason, describe(error)) from error
        if isinstance(error, BotoCoreError):
            raise UnavailableError("aws_unreachable", describe(error)) from error
