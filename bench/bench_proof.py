"""The proof programme, whole: every action, broken in every way at every place where it can be.

A process is killed at each commit and on both sides of each call; AWS throttles, fails, loses its
answer, refuses; reads and Prometheus go away at each look. Each broken run is compared with the
undisturbed one: ``equal`` it ended alike, ``escalated`` it did not and a human was called; anything
else is a violation (an effect done twice or lost, a success that is none, silence).
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Result
from inventory.load import load_inventory
from tests.postgres import PostgresServer, programs
from tests.remediations.case import all_cases
from tests.remediations.proof.faults import KILLS
from tests.remediations.proof.programme import Everything, Proof, prove
from tests.remediations.proof.stage import World

_PLATFORM = Path(__file__).parents[1] / "platform.yaml"
_COLUMNS = ["action", "database", "fault", "runs", "equal", "escalated", "violations"]


def run() -> Result:
    """Break every action everywhere on SQLite, and kill it everywhere on PostgreSQL."""
    rows: list[dict[str, object]] = []
    notes: list[str] = []
    world = World(load_inventory(_PLATFORM))
    try:
        with _postgres(notes) as url:
            for case in all_cases():
                begun = time.monotonic()
                proofs = [prove(world, case, Everything())]
                if url is not None:
                    proofs.append(prove(world, case, Everything(KILLS), url))
                for proof in proofs:
                    rows += _rows(proof)
                    notes += [f"VIOLATION: {line}" for line in proof.wrong]
                sys.stderr.write(f"bench: {case}: {time.monotonic() - begun:.0f} s\n")
    finally:
        world.close()
    counts: Counter[str] = Counter()
    for row in rows:
        for name in ("runs", "equal", "escalated", "violations"):
            counts[name] += int(str(row[name]))
    rows.append({"action": "all", "database": "", "fault": "", **counts})
    return Result("Proof: every action broken everywhere", _COLUMNS, rows, notes)


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
def _postgres(notes: list[str]) -> Iterator[str | None]:
    if programs() is None:
        notes.append("PostgreSQL is not installed: SQLite alone")
        yield None
        return
    with PostgresServer() as server:
        yield server.url
