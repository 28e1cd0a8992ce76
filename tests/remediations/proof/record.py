"""What is left of a run when it has ended, and how far it may differ from an undisturbed one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from remediations.ledger import audit, witness
from remediations.ledger.schema import ESCALATIONS
from remediations.model import NO_HUMAN_NEEDED, Outcome, Run
from tests.remediations.case import Case
from tests.remediations.proof.hooks import Hooks
from tests.remediations.rig import Rig

Effects = Mapping[tuple[str, str], int]
EQUAL, ESCALATED, VIOLATION = "equal", "escalated", "violation"


@dataclass(frozen=True)
class Record:
    """A run's end. ``effects`` counts, by service and operation, the calls that took effect.

    ``told`` says whether people heard of how it ended, or is held; ``told_before`` whether they
    heard of the run that promised this one.
    ``used`` are the permissions that were needed, ``asked`` what was asked of AWS with which names.
    """

    outcome: Outcome | None
    reason: str | None
    state: str
    world: str
    effects: Effects
    told: bool
    told_before: bool
    endings: int
    chain: str | None
    intended: int
    commits: int
    reads: int
    steps: int
    calls: tuple[tuple[str, str], ...]
    used: frozenset[tuple[str, str]] = frozenset()
    asked: frozenset[tuple[str, str, str, str]] = frozenset()


def record(rig: Rig, case: Case, run: Run, hooks: Hooks) -> Record:
    """Look at everything that ``run`` left behind."""
    effects = Counter(
        (seen.service, seen.operation)
        for seen in rig.aws.front.seen
        if seen.status < 300 and (seen.service, seen.operation) in {*case.effects, *hooks.calls}
    )
    with rig.ledger.engine.connect() as connection:
        broken, found = audit.broken_at(connection), witness.examine(connection)
        rows = audit.rows(connection, run.id)
        first = rig.ledger.runs.get(run.fingerprint.removeprefix("after-"))
        told, told_before = (_told(connection, one) for one in (run, first))
    return Record(
        outcome=run.outcome,
        reason=run.reason,
        state=run.state,
        world=json.dumps(case.world(rig), sort_keys=True, default=str),
        effects=dict(effects),
        told=told,
        told_before=told_before,
        endings=sum(row["kind"] == "closed" for row in rows),
        chain=broken[1] if broken else next(iter(found.contradictions), None),
        intended=sum(row["kind"] == "intent" for row in rows),
        commits=hooks.commits,
        reads=hooks.reads,
        steps=hooks.steps,
        calls=tuple(hooks.calls),
    )


def _told(connection: sa.Connection, run: Run | None) -> bool:
    if run is None:
        return False
    sent = connection.execute(
        sa.select(ESCALATIONS.c.sent_at).where(
            ESCALATIONS.c.run_id == run.id,
            ESCALATIONS.c.reason == (run.outcome or run.reason or ""),
        )
    ).all()
    return bool(sent) and all(row.sent_at is not None for row in sent)


def judge(
    whole: Record, found: Record, repeats: Collection[tuple[str, str]] = ()
) -> tuple[str, list[str]]:
    """Compare a broken run with the undisturbed one: a verdict, and what is wrong.

    The calls of ``repeats`` may take effect once more.
    """
    wrong = list(_wrong(whole, found, repeats))
    if wrong:
        return VIOLATION, wrong
    return (EQUAL if found.outcome is whole.outcome else ESCALATED), []


def _wrong(
    whole: Record, found: Record, repeats: Collection[tuple[str, str]] = ()
) -> Iterator[str]:
    if found.outcome is None and not found.told:
        yield f"waits without a word: {found.state} ({found.reason})"
    if found.reason == "internal_error":
        yield "a defect ended it"
    if found.endings != (found.outcome is not None):
        yield f"ended {found.endings} times on record"
    if found.chain is not None:
        yield f"audit chain: {found.chain}"
    yield from _repeated(whole, found, repeats)
    if found.outcome is None:
        return
    if found.outcome is whole.outcome:
        yield from _lost(whole, found)
    elif found.outcome in NO_HUMAN_NEEDED and not found.told_before:
        yield f"ended as {found.outcome} ({found.reason}) instead of {whole.outcome}"
    if found.outcome not in NO_HUMAN_NEEDED and not found.told:
        yield f"ended as {found.outcome}, and nobody was told"


def _repeated(whole: Record, found: Record, repeats: Collection[tuple[str, str]]) -> Iterator[str]:
    for key, times in found.effects.items():
        allowed = whole.effects.get(key, 0) + (key in repeats)
        if times > allowed:
            yield f"{':'.join(key)} took effect {times} times instead of {allowed}"


def _lost(whole: Record, found: Record) -> Iterator[str]:
    if found.world != whole.world:
        yield f"the world is {found.world} instead of {whole.world}"
    for key, times in whole.effects.items():
        if found.effects.get(key, 0) < times:
            yield f"{':'.join(key)} took effect {found.effects.get(key, 0)} times of {times}"


def unlike(case: Case, whole: Record) -> Iterator[str]:
    """Yield how an undisturbed run differs from what its case says."""
    if whole.outcome is not case.outcome:
        yield f"undisturbed it ends as {whole.outcome} ({whole.reason}) in {whole.state}"
    if whole.effects != dict(case.effects):
        yield f"undisturbed it does {_shown(whole.effects)}, not {_shown(case.effects)}"
    yield from _wrong(whole, whole)


def _shown(effects: Effects) -> dict[str, Any]:
    return {":".join(key): times for key, times in effects.items()}
