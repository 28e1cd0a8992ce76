"""The proof programme, whole: every action, broken in every way at every place where it can be.

A process is killed at each commit and on both sides of each call; AWS throttles, fails, loses its
answer, refuses; reads and Prometheus go away at each look. Each broken run is compared with the
undisturbed one: ``equal`` it ended alike, ``escalated`` it did not and a human was called; anything
else is a violation (an effect done twice or lost, a success that is none, silence).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Result
from inventory.load import load_inventory
from tests.postgres import PostgresServer, programs
from tests.remediations.case import Case, all_cases
from tests.remediations.proof.copies import CopyError
from tests.remediations.proof.faults import ANSWERS, KILLS
from tests.remediations.proof.programme import Everything, Proof, prove
from tests.remediations.proof.stage import World

_PLATFORM = Path(__file__).parents[1] / "platform.yaml"
WRITES = (*KILLS, *ANSWERS)
"""Faults at commits and calls: those for which it matters which database keeps the record."""
_COLUMNS = ["action", "database", "fault", "runs", "equal", "escalated", "violations"]


def run() -> Result:
    """Break every action everywhere on SQLite, and on PostgreSQL but for what only reads."""
    rows: list[dict[str, object]] = []
    missed: list[str] = []
    world = World(load_inventory(_PLATFORM))
    try:
        with _postgres() as url:
            if url is None:
                missed.append("PostgreSQL is not installed: proved on SQLite alone")
            for case in all_cases():
                begun = time.monotonic()
                for proof in _proofs(world, case, url, missed):
                    rows += _rows(proof)
                    missed += _wrong(proof)
                sys.stderr.write(f"bench: {case}: {time.monotonic() - begun:.0f} s\n")
    finally:
        world.close()
    counts = {
        name: sum(int(str(row[name])) for row in rows)
        for name in ("runs", "equal", "escalated", "violations")
    }
    rows.append({"action": "all", "database": "", "fault": "", **counts})
    return Result("Proof: every action broken everywhere", _COLUMNS, rows, missed=missed)


def _proofs(world: World, case: Case, url: str | None, missed: list[str]) -> Iterator[Proof]:
    """Yield what was proved on each database; a run that could not be judged is a miss too."""
    asked = [(Everything(), None)] + ([] if url is None else [(Everything(WRITES), url)])
    for chosen, where in asked:
        try:
            yield prove(world, case, chosen, where)
        except CopyError as error:
            database = "SQLite" if where is None else "PostgreSQL"
            missed.append(f"ERROR: {case} on {database}: {error}")


def _wrong(proof: Proof) -> Iterator[str]:
    yield from (f"VIOLATION: {line}" for line in proof.wrong)
    counted = sum(verdicts.get("violation", 0) for verdicts in proof.verdicts.values())
    if counted and not proof.wrong:
        yield f"VIOLATION: {proof.case} on {proof.database}: {counted} of them, without a word"
    if not proof.verdicts:
        yield f"ERROR: {proof.case} on {proof.database}: nothing was broken, so nothing is proved"


def _rows(proof: Proof) -> Iterator[dict[str, object]]:
    for fault, verdicts in proof.verdicts.items():
        yield {
            "action": str(proof.case),
            "database": proof.database,
            "fault": fault,
            "runs": sum(verdicts.values()),
            "equal": verdicts.get("equal", 0),
            "escalated": verdicts.get("escalated", 0),
            "violations": verdicts.get("violation", 0),
        }


@contextmanager
def _postgres() -> Iterator[str | None]:
    if programs() is None:
        yield None
        return
    with PostgresServer() as server:
        yield server.url
