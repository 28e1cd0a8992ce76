"""The ways in which a run is broken, each at every place where it can strike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from remediations.calls import Answer
from remediations.model import StepState
from tests.remediations.proof.hooks import Hooks, Sent, die
from tests.remediations.rig import Rig

Rigged = Callable[[Rig, Hooks, int], None]
LONG = 3
"""How many reads in a row fail where AWS is away for a while only."""


@dataclass(frozen=True)
class Fault:
    """What strikes, and where: at the ``at``-th commit, step, call or read, from 1.

    A step is a call as it was planned; one of the action's own makes any number of calls.

    ``kills`` faults end the process with SIGKILL; ``rig`` lays the trap.
    """

    name: str
    kind: str
    at: int
    rig: Rigged
    kills: bool = False

    def __str__(self) -> str:
        return f"{self.name} at {self.kind} {self.at}"


def _kill_instead_of_commit(_rig: Rig, hooks: Hooks, at: int) -> None:
    def strike(number: int) -> None:
        if number == at:
            die()

    hooks.on_commit = strike


def _commit_fails(_rig: Rig, hooks: Hooks, at: int) -> None:
    def strike(number: int) -> None:
        if number == at:
            raise sa.exc.OperationalError("COMMIT", {}, OSError("the database is away"))

    hooks.on_commit = strike


def _call(then: Callable[[Rig, Sent], Any], *, forever: bool = False) -> Rigged:
    def trap(rig: Rig, hooks: Hooks, at: int) -> None:
        def strike(number: int, sent: Sent) -> Any:
            if number == at or (forever and number > at):
                return then(rig, sent)
            return None

        hooks.on_call = strike

    return trap


def _kill_before(_rig: Rig, _sent: Sent) -> None:
    die()


def _kill_after(_rig: Rig, sent: Sent) -> None:
    sent.carry_out()
    die()


def _lost(_rig: Rig, sent: Sent) -> None:
    sent.carry_out()
    sent.lose()


def _never_arrived(_rig: Rig, sent: Sent) -> None:
    sent.lose()


def _answer(code: str, status: int, *, after: bool = False) -> Callable[[Rig, Sent], None]:
    def strike(rig: Rig, sent: Sent) -> None:
        rig.aws.front.fail(
            sent.service, sent.operation, code=code, status=status, times=1, after=after
        )

    return strike


def _throttled(rig: Rig, sent: Sent) -> None:
    code = "TooManyRequestsException" if sent.service == "lambda" else "ThrottlingException"
    _answer("SlowDown" if sent.service == "s3" else code, 503 if sent.service == "s3" else 429)(
        rig, sent
    )


_CONFLICTS = {
    "lambda": ("PreconditionFailedException", 412),
    "s3": ("PreconditionFailed", 412),
    "events": ("ConcurrentModificationException", 400),
    "appconfig": ("ConflictException", 409),
    "logs": ("OperationAbortedException", 400),
}
"""How services say that somebody else was faster, by their API references."""


def _conflict(rig: Rig, sent: Sent) -> None:
    code, status = _CONFLICTS.get(sent.service, ("ConflictException", 409))
    _answer(code, status)(rig, sent)


def _step(then: Callable[[Callable[[], Answer]], Answer]) -> Rigged:
    def trap(_rig: Rig, hooks: Hooks, at: int) -> None:
        def strike(number: int, make: Callable[[], Answer]) -> Answer:
            return then(make) if number == at else make()

        hooks.on_step = strike

    return trap


def _kill_before_step(make: Callable[[], Answer]) -> Answer:
    die()
    return make()


def _forget(make: Callable[[], Answer]) -> Answer:
    make()
    return Answer(StepState.UNKNOWN, None, "forgotten")


def _unreachable(sent: Sent) -> None:
    sent.unreachable()


def _read(then: Callable[[Sent], Any], count: int | None) -> Rigged:
    def trap(_rig: Rig, hooks: Hooks, at: int) -> None:
        def strike(number: int, sent: Sent) -> Any:
            if number >= at and (count is None or number < at + count):
                return then(sent)
            return None

        hooks.on_read = strike

    return trap


def _metrics_away(rig: Rig, hooks: Hooks, at: int) -> None:
    def strike(number: int) -> None:
        if number >= at:
            rig.metrics.away = True

    hooks.on_commit = strike


def _denied_read(rig: Rig, hooks: Hooks, at: int) -> None:
    def strike(number: int, sent: Sent) -> None:
        if number >= at:
            _answer("AccessDeniedException", 403)(rig, sent)

    hooks.on_read = strike


KILLS = (
    Fault("killed", "commit", 0, _kill_instead_of_commit, kills=True),
    Fault("killed before", "call", 0, _call(_kill_before), kills=True),
    Fault("killed after", "call", 0, _call(_kill_after), kills=True),
    Fault("killed before step", "step", 0, _step(_kill_before_step), kills=True),
)
ANSWERS = (
    Fault("database away", "commit", 0, _commit_fails),
    Fault("answer lost", "call", 0, _call(_lost)),
    Fault("step's answer lost", "step", 0, _step(_forget)),
    Fault("never arrived", "call", 0, _call(_never_arrived)),
    Fault("500 after the effect", "call", 0, _call(_answer("InternalFailure", 500, after=True))),
    Fault("500", "call", 0, _call(_answer("InternalFailure", 500))),
    Fault("500 for ever", "call", 0, _call(_answer("InternalFailure", 500), forever=True)),
    Fault("throttled", "call", 0, _call(_throttled)),
    Fault("throttled for ever", "call", 0, _call(_throttled, forever=True)),
    Fault("conflict", "call", 0, _call(_conflict)),
    Fault("denied", "call", 0, _call(_answer("AccessDeniedException", 403), forever=True)),
)
READS = (
    Fault("AWS away for a while", "read", 0, _read(_unreachable, LONG)),
    Fault("AWS away for good", "read", 0, _read(_unreachable, None)),
    Fault("reads denied", "read", 0, _denied_read),
    Fault("Prometheus away", "commit", 0, _metrics_away),
)


def everywhere(faults: tuple[Fault, ...], places: dict[str, int]) -> Iterator[Fault]:
    """Yield each fault at each of the ``places``: how many of each kind a whole run has."""
    for fault in faults:
        for at in range(1, places[fault.kind] + 1):
            yield Fault(fault.name, fault.kind, at, fault.rig, fault.kills)


def some(
    faults: tuple[Fault, ...], places: dict[str, int], each: int, turn: int = 0
) -> Iterator[Fault]:
    """Yield each fault at up to ``each`` places, spread evenly; ``turn`` moves them on."""
    for fault in faults:
        whole = list(everywhere((fault,), places))
        if len(whole) <= each:
            yield from whole
            continue
        step = len(whole) / each
        yield from (whole[int(number * step + turn) % len(whole)] for number in range(each))
