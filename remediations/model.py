"""The engine's words: states, outcomes, legal transitions, runs, plans and steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Decision(StrEnum):
    """What intake decided on one delivered alert."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    SUPPRESSED = "suppressed"
    REFUSED = "refused"


class State(StrEnum):
    """Where a run stands."""

    BLOCKED = "blocked"
    AWAITING_APPROVAL = "awaiting_approval"
    READY = "ready"
    RUNNING = "running"
    VERIFYING = "verifying"
    UNDOING = "undoing"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a closed run ended."""

    SUCCEEDED = "succeeded"
    INEFFECTIVE = "ineffective"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    """Where one call to the world stands."""

    PENDING = "pending"
    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What one look at the outcome said; ``worse`` is worse than before acting."""

    GOOD = "good"
    BAD = "bad"
    WORSE = "worse"
    UNKNOWN = "unknown"


NO_HUMAN_NEEDED = frozenset({Outcome.SUCCEEDED, Outcome.REJECTED, Outcome.CANCELLED})
"""Every other outcome always escalates."""

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.READY: frozenset(
        {State.BLOCKED, State.AWAITING_APPROVAL, State.RUNNING, State.READY, State.CLOSED}
    ),
    State.BLOCKED: frozenset(
        {
            State.BLOCKED,
            State.READY,
            State.AWAITING_APPROVAL,
            State.RUNNING,
            State.VERIFYING,
            State.CLOSED,
        }
    ),
    State.AWAITING_APPROVAL: frozenset({State.AWAITING_APPROVAL, State.READY, State.CLOSED}),
    State.RUNNING: frozenset({State.RUNNING, State.BLOCKED, State.VERIFYING, State.CLOSED}),
    State.VERIFYING: frozenset({State.VERIFYING, State.UNDOING, State.CLOSED}),
    State.UNDOING: frozenset({State.UNDOING, State.CLOSED}),
    State.CLOSED: frozenset(),
}
"""The one table of legal transitions; the store refuses any other."""

OUTCOMES_FROM: Mapping[State, frozenset[Outcome]] = {
    State.READY: frozenset({Outcome.FAILED, Outcome.EXPIRED, Outcome.CANCELLED}),
    State.BLOCKED: frozenset(
        {Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.EXPIRED, Outcome.CANCELLED}
    ),
    State.AWAITING_APPROVAL: frozenset({Outcome.REJECTED, Outcome.EXPIRED, Outcome.CANCELLED}),
    State.RUNNING: frozenset({Outcome.FAILED, Outcome.INCONCLUSIVE}),
    State.VERIFYING: frozenset(
        {Outcome.SUCCEEDED, Outcome.INEFFECTIVE, Outcome.INCONCLUSIVE, Outcome.FAILED}
    ),
    State.UNDOING: frozenset({Outcome.UNDONE, Outcome.UNDO_FAILED}),
}
"""Outcomes with which a run may be closed from each state."""


OWN_SERVICE = "vigia"
"""The service of calls that an action carries out itself, as many small ones."""
BY_HAND = "by_hand"
"""The playbook of runs that a person asked for."""


@dataclass(frozen=True)
class Call:
    """One call to the world, exactly as it will be made; ``arguments`` is JSON."""

    service: str
    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    ``before`` is the observed state that the plan rests on (tokens such as RevisionId included),
    ``after`` the state that the effect check expects, ``undo`` the calls that reverse it,
    ``notes`` what a person should know (stable keys of ``catalogue.texts.runs``), ``diff``
    readable lines, ``expires_at`` unix seconds. ``approval`` asks for a person whatever the mode:
    what the plan does cannot be taken back, or interrupts service. ``follow`` promises another run
    of the same action once this one has ended: ``at`` (unix seconds), with ``params``.
    """

    action: str
    target: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    calls: tuple[Call, ...]
    undo: tuple[Call, ...]
    diff: tuple[str, ...]
    notes: tuple[str, ...]
    expires_at: float
    approval: bool = False
    follow: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Step:
    """A planned call and what became of it. ``purpose`` is ``apply`` or ``undo``."""

    run_id: str
    index: int
    purpose: str
    call: Call
    state: StepState
    attempts: int = 0
    request_id: str | None = None
    error: str | None = None
    intended_at: float | None = None
    settled_at: float | None = None


@dataclass(frozen=True)
class Run:
    """One intent to act on one target, from the first delivery to its outcome.

    ``epoch`` is the fencing token: it grows with every lease, and every write by a holder
    names it. ``reason`` is a stable key (guard or failure), ``detail`` a readable addition.
    ``held_until`` is when it was last seen to be held back by a person.
    """

    id: str
    action: str
    target: str
    playbook: str
    mode: str
    fingerprint: str
    alert: Mapping[str, str]
    starts_at: float
    state: State
    outcome: Outcome | None
    reason: str | None
    detail: str | None
    plan: Plan | None
    plan_hash: str | None
    approved_by: str | None
    params: Mapping[str, Any]
    baseline: Mapping[str, Any] | None
    created_at: float
    updated_at: float
    next_at: float
    intended_at: float | None
    applied_at: float | None
    closed_at: float | None
    epoch: int
    lease_owner: str | None
    lease_until: float | None
    held_until: float | None

    @property
    def by_hand(self) -> bool:
        """Whether a person asked for it; then no alert must hold it up."""
        return self.playbook == BY_HAND

    @property
    def dry(self) -> bool:
        """Whether a person asked only what it would do."""
        return self.by_hand and self.mode == "shadow"


@dataclass(frozen=True)
class Sample:
    """One look at whether the trouble is gone, with the readings that say so."""

    at: float
    verdict: Verdict
    readings: Mapping[str, float | None]
