"""What an action is. Actions read and plan; only the engine calls the world and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from inventory.model import Inventory
from remediations.model import Call, Plan, Run, Sample, Step, Verdict

Observation = Mapping[str, Any]
"""JSON data: the target's state as just read, tokens for conditional writes included."""


class Risk(StrEnum):
    """How much harm a wrong run could do; decides the mode where an inventory names none."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class BlockedError(Exception):
    """The action is not the right one now; ``reason`` is a stable key."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class ObsoleteError(Exception):
    """There is nothing left to do; ``reason`` is a stable key."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class FailedError(Exception):
    """The world itself says that what was begun has failed; ``reason`` is a stable key."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class UnavailableError(Exception):
    """Something that must be known before acting could not be read."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class NotMadeError(Exception):
    """An own call was not carried out; ``certain`` where that is known, else only reading tells."""

    def __init__(self, code: str, detail: str, *, certain: bool) -> None:
        super().__init__(f"{code}: {detail}")
        self.certain = certain


@dataclass(frozen=True)
class Result:
    """How an effect that is there is told: a stable reason, a readable addition.

    Without ``good`` the run ends as ineffective, and a human is called.
    """

    good: bool = True
    reason: str = "done"
    detail: str | None = None


class Finding(StrEnum):
    """What reading the world says of a call whose answer is not on record.

    UNKNOWABLE: the world cannot be asked, and a second call does little harm: it is made once more.
    """

    HAPPENED = "happened"
    ABSENT = "absent"
    PENDING = "pending"
    DRIFTED = "drifted"
    UNKNOWABLE = "unknowable"


class Metrics(Protocol):
    """Prometheus: instant queries, and which alerts fire."""

    def value(self, expression: str) -> float | None:
        """Return the one value of an instant query; None where there is no data.

        Raises:
            UnavailableError: if Prometheus does not answer or answers ambiguously.
        """
        ...

    def fires(self, labels: Mapping[str, str]) -> bool:
        """Say whether an alert with these labels fires; raises UnavailableError."""
        ...


@dataclass(frozen=True)
class Past:
    """A run that has acted on a target, and what became of each of its calls."""

    run: Run
    steps: tuple[Step, ...]


Ends = Callable[[Run], bool]
"""Whether nothing before a run matters any more."""


@dataclass(frozen=True)
class Context:
    """All that an action may use to look.

    ``reader(service)`` is a boto3 client that may retry; ``verdicts`` tells which versions of a
    target proved healthy; ``past`` what runs of some actions did to a target, oldest first, after
    the newest of which the last argument says that it ends what was before; ``plans`` what open
    runs of any action mean to do to it.
    """

    inventory: Inventory
    reader: Callable[[str], Any]
    metrics: Metrics
    now: Callable[[], float]
    verdicts: Callable[[str], Mapping[str, bool]]
    past: Callable[[Sequence[str], str, Ends], tuple[Past, ...]]
    plans: Callable[[str], tuple[Plan, ...]]


class Later(Enum):
    """The one value that says: nothing to do yet, ask again."""

    LATER = "later"


LATER = Later.LATER
More = Callable[[Context, Run, Observation, Sequence[Call]], tuple[Call, ...] | Later]


class Params(BaseModel):
    """What may be asked of an action; a subclass names each parameter. Unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Hands:
    """What an action's own call works with: ``writer(service)`` sends each call once."""

    context: Context
    writer: Callable[[str], Any]


OwnCall = Callable[[Hands, Mapping[str, Any]], None]
"""Carries out one call of the action's own; must be short, and harmless when repeated."""


def no_undo(_plan: Plan, _seen: Observation) -> tuple[Call, ...]:
    """Return nothing: the action cannot be reversed, or reversing is another action."""
    return ()


def no_baseline(_context: Context, _run: Run) -> Mapping[str, float | None]:
    """Measure nothing: the effect is the outcome."""
    return {}


def effect_is_outcome(context: Context, _run: Run) -> Sample:
    """Judge by the effect alone, which was checked already."""
    return Sample(context.now(), Verdict.GOOD, {})


def no_problem(_inventory: Inventory, _params: Params) -> str | None:
    """Find nothing wrong."""
    return None


def always(_run: Run) -> bool:
    """Measure every run."""
    return True


def by_alert(run: Run) -> bool:
    """Measure what an alert asked for: a person need not prove that there was trouble."""
    return not run.by_hand


def plain_result(_plan: Plan, _seen: Observation) -> Result:
    """Say that what was planned is done."""
    return Result()


def no_verdicts(_plan: Plan, _recovered: bool) -> Mapping[str, bool]:  # noqa: FBT001 as Action.healthy
    """Prove nothing about versions."""
    return {}


def no_target(_labels: Mapping[str, str]) -> str | None:
    """Name nothing: alerts do not ask for this action."""
    return None


@dataclass(frozen=True)
class Action:
    """One kind of remediation.

    ``target`` names, from an alert's labels, what it would act on (None if they name nothing);
    ``targets`` is all it may ever act on; ``observe`` reads the state; ``plan`` decides, or raises;
    ``settled`` tells from a fresh observation whether a call took effect; ``effect`` whether the
    state is what was planned, or raises FailedError; ``undo`` returns the conditional calls that
    reverse it, none where the state is not the run's own any more, or raises BlockedError where
    nobody can know: its observation has besides, as ``answered``, the tokens that AWS answered the
    run's calls with; ``baseline`` and ``judge`` ask the metrics before and after; ``healthy`` names
    versions that an ending proves good or bad.

    ``more`` is asked once the planned calls are done, with all that were made: it returns the calls
    that the world turned out to need, or LATER to be asked again. ``own`` are the calls of
    OWN_SERVICE by operation. ``moot`` are error codes that end no run: there is nothing left to do,
    or ``more`` finds out what is. Without ``measured``, or ``measured_for`` a run, the effect is
    the outcome, told by ``result``. An action that ``contains`` keeps the harm of its alert from
    growing and cures nothing: as an alert asks for it, it never succeeds, and a person is told.
    ``problem`` says what the inventory has against parameters, if
    anything. ``patience`` is how long the action may take, in seconds, where the engine's own
    deadline is too short.
    """

    name: str
    risk: Risk
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    target: Callable[[Mapping[str, str]], str | None]
    targets: Callable[[Inventory], tuple[str, ...]]
    observe: Callable[[Context, Run], Observation]
    plan: Callable[[Context, Run, Observation], Plan]
    settled: Callable[[Plan, Call, Observation], Finding]
    effect: Callable[[Plan, Observation], Finding]
    undo: Callable[[Plan, Observation], tuple[Call, ...]] = no_undo
    baseline: Callable[[Context, Run], Mapping[str, float | None]] = no_baseline
    judge: Callable[[Context, Run], Sample] = effect_is_outcome
    healthy: Callable[[Plan, bool], Mapping[str, bool]] = no_verdicts
    params: type[Params] = Params
    more: More | None = None
    own: Mapping[str, OwnCall] = field(default_factory=dict)
    moot: frozenset[str] = frozenset()
    measured: bool = True
    measured_for: Callable[[Run], bool] = always
    contains: bool = False
    problem: Callable[[Inventory, Params], str | None] = no_problem
    result: Callable[[Plan, Observation], Result] = plain_result
    patience: float | None = None
