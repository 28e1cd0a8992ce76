"""The proof programme's table: every verdict counted, every violation named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bench import bench_proof
from tests.remediations.case import Case
from tests.remediations.proof.programme import Everything, Proof


class _World:
    closed = False

    def __init__(self, _inventory: object) -> None:
        """Make nothing."""

    def close(self) -> None:
        """Remember it."""
        _World.closed = True


def test_every_verdict_stands_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are by action, database and fault; the last adds up; a violation is a note."""
    asked: list[tuple[str, Any, str | None]] = []

    def prove(_world: _World, case: Case, chosen: Everything, url: str | None = None) -> Proof:
        asked.append((case.name, len(chosen.faults), url))
        proof = Proof(case, "SQLite" if url is None else "PostgreSQL")
        proof.verdicts = {"killed": {"equal": 4, "violation": 1}, "denied": {"escalated": 2}}
        proof.wrong = ["one effect twice"]
        return proof

    @contextmanager
    def postgres(_notes: list[str]) -> Iterator[str]:
        yield "postgresql://"

    case = Case(name="some_action", world=lambda _: None, effects={})
    monkeypatch.setattr(bench_proof, "World", _World)
    monkeypatch.setattr(bench_proof, "all_cases", lambda: [case])
    monkeypatch.setattr(bench_proof, "prove", prove)
    monkeypatch.setattr(bench_proof, "_postgres", postgres)
    result = bench_proof.run()
    assert asked == [
        ("some_action", len(Everything().faults), None),
        ("some_action", len(bench_proof.KILLS), "postgresql://"),
    ]
    assert [tuple(row.values()) for row in result.rows] == [
        ("some_action", "SQLite", "killed", 5, 4, 0, 1),
        ("some_action", "SQLite", "denied", 2, 0, 2, 0),
        ("some_action", "PostgreSQL", "killed", 5, 4, 0, 1),
        ("some_action", "PostgreSQL", "denied", 2, 0, 2, 0),
        ("all", "", "", 14, 8, 4, 2),
    ]
    assert result.notes == ["VIOLATION: one effect twice"] * 2
    assert _World.closed
