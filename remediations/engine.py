"""The loop: claim a due run, take it one stage further, hand it back. Holds no state itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy.exc import SQLAlchemyError

from remediations.acting import act
from remediations.deciding import await_approval, decide
from remediations.escalation import EscalationSender
from remediations.ledger.runs import LostLeaseError
from remediations.model import Outcome, Run, State
from remediations.verifying import undoing, verify
from remediations.worker import Worker

_LOG = logging.getLogger(__name__)
_IDLE = 0.5
_BREATH = 0.02  # intake answers in the same process, and must not wait for a busy engine
_AFTER_FAILURE = 2.0
_GIVE_UP: Mapping[State, Outcome] = {
    State.READY: Outcome.FAILED,
    State.BLOCKED: Outcome.FAILED,
    State.AWAITING_APPROVAL: Outcome.EXPIRED,
    State.RUNNING: Outcome.INCONCLUSIVE,
    State.VERIFYING: Outcome.INCONCLUSIVE,
    State.UNDOING: Outcome.UNDO_FAILED,
}


class Engine:
    """Runs ``workers`` threads over one ledger; several engines may share it.

    ``chores`` are what else is to be done again and again, each in a thread of its name; each
    returns how long it may be left alone (seconds).
    """

    def __init__(
        self,
        worker: Worker,
        sender: EscalationSender,
        owner: str,
        workers: int = 4,
        chores: Mapping[str, Callable[[], float]] = MappingProxyType({}),
    ) -> None:
        self._worker = worker
        self._sender = sender
        self._owner = owner
        self._stop = threading.Event()
        self._work = threading.Condition()
        self._due = False
        self.last_cycle: float | None = None
        self._threads = [
            threading.Thread(target=self._loop, args=(self._run_one,), name=f"engine-{number}")
            for number in range(workers)
        ]
        self._threads.append(
            threading.Thread(target=self._loop, args=(self._send,), name="escalations")
        )
        self._threads.extend(
            threading.Thread(target=self._loop, args=(chore,), name=name)
            for name, chore in chores.items()
        )

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the stages that are under way."""
        self._stop.set()
        self.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def wake(self) -> None:
        """Look at the ledger at once."""
        with self._work:
            self._work.notify_all()

    def step(self) -> bool:
        """Take one due run one stage further; say whether there was one.

        Raises:
            SQLAlchemyError: if the ledger does not answer.
        """
        worker = self._worker
        run = worker.ledger.runs.claim(self._owner, worker.inventory.engine.lease, worker.now())
        self.last_cycle = worker.now()
        if run is None:
            return False
        try:
            advance(worker, run)
        except LostLeaseError:
            _LOG.info("run %s was moved on by somebody else", run.id)
        except SQLAlchemyError:
            raise
        except Exception:  # noqa: BLE001 see below
            # The wrapper around actions: a defect in one must not stop the others.
            _LOG.exception("run %s: internal error in state %s", run.id, run.state)
            self._give_up(run.id)
        return True

    def _give_up(self, run_id: str) -> None:
        worker = self._worker
        run = worker.ledger.runs.get(run_id)
        if run is None or run.state is State.CLOSED or run.lease_owner != self._owner:
            return
        try:
            worker.ledger.runs.close(
                run, _GIVE_UP[run.state], worker.now(), reason="internal_error"
            )
        except LostLeaseError:
            _LOG.info("run %s was moved on by somebody else", run_id)

    def _run_one(self) -> float:
        return _BREATH if self.step() else _IDLE

    def _send(self) -> float:
        self._sender.send_due()
        return _IDLE

    def _loop(self, work: Callable[[], float]) -> None:
        while not self._stop.is_set():
            try:
                pause = work()
            except SQLAlchemyError as error:
                _LOG.error("the ledger does not answer: %s", type(error).__name__)
                pause = _AFTER_FAILURE
            except Exception:  # noqa: BLE001 a thread that ended would be missed by nobody
                _LOG.exception("%s: internal error", threading.current_thread().name)
                pause = _AFTER_FAILURE
            if pause and not self._stop.is_set():
                with self._work:
                    self._work.wait(pause)


def advance(worker: Worker, run: Run) -> Run:
    """Take a claimed run one stage further."""
    if run.state in (State.READY, State.BLOCKED):
        return decide(worker, run)
    if run.state is State.AWAITING_APPROVAL:
        return await_approval(worker, run)
    if run.plan is None:
        raise AssertionError(f"{run.id} is {run.state} without a plan")
    if run.state is State.RUNNING:
        return act(worker, run, run.plan)
    if run.state is State.VERIFYING:
        return verify(worker, run, run.plan)
    return undoing(worker, run, run.plan)
