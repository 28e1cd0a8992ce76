"""The proof programme's table: every verdict counted, every violation named and not passed over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bench import __main__ as command
from bench import bench_proof
from bench.measure import Result
from tests.remediations.case import Case
from tests.remediations.proof.copies import CopyError
from tests.remediations.proof.programme import Everything, Proof

CASE = Case(name="some_action", world=lambda _: None, effects={})
GOOD = {"killed": {"equal": 4}, "denied": {"escalated": 2}}
BAD = {"killed": {"equal": 4, "violation": 1}, "denied": {"escalated": 2}}


class _World:
    closed = False

    def __init__(self, _inventory: object) -> None:
        """Make nothing."""

    def close(self) -> None:
        """Remember it."""
        _World.closed = True


class Planted:
    """Proofs as a test wants them, instead of half an hour's work."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str | None]] = []
        self.verdicts: dict[str, dict[str, int]] = GOOD
        self.wrong: list[str] = []
        self.error: Exception | None = None
        self.url: str | None = "postgresql://"

    def prove(
        self, _world: _World, case: Case, chosen: Everything, url: str | None = None
    ) -> Proof:
        """Return what was planted."""
        self.asked.append((case.name, len(chosen.faults), url))
        if self.error is not None:
            raise self.error
        proof = Proof(case, "SQLite" if url is None else "PostgreSQL")
        proof.verdicts, proof.wrong = self.verdicts, self.wrong
        return proof

    @contextmanager
    def postgres(self) -> Iterator[str | None]:
        """Say where PostgreSQL is."""
        yield self.url


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Planted:
    """The programme with proofs that the test plants; results go to a folder of the test."""
    made = Planted()
    monkeypatch.setattr(bench_proof, "World", _World)
    monkeypatch.setattr(bench_proof, "all_cases", lambda: [CASE])
    monkeypatch.setattr(bench_proof, "prove", made.prove)
    monkeypatch.setattr(bench_proof, "_postgres", made.postgres)
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    return made


def test_every_verdict_stands_in_the_table(planted: Planted) -> None:
    """Rows are by action, database and fault; the last adds up; a violation is a miss."""
    planted.verdicts, planted.wrong = BAD, ["one effect twice"]
    result = bench_proof.run()
    assert planted.asked == [
        ("some_action", len(Everything().faults), None),
        ("some_action", len(bench_proof.WRITES), "postgresql://"),
    ]
    assert [tuple(row.values()) for row in result.rows] == [
        ("some_action", "SQLite", "killed", 5, 4, 0, 1),
        ("some_action", "SQLite", "denied", 2, 0, 2, 0),
        ("some_action", "PostgreSQL", "killed", 5, 4, 0, 1),
        ("some_action", "PostgreSQL", "denied", 2, 0, 2, 0),
        ("all", "", "", 14, 8, 4, 2),
    ]
    assert result.missed == ["VIOLATION: one effect twice"] * 2
    assert _World.closed


def test_a_proof_without_violations_passes(planted: Planted) -> None:
    """Runs that ended alike or called a human let the command end with 0."""
    assert command.main(["proof"]) == 0
    assert len(planted.asked) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdicts": BAD, "wrong": ["one effect twice"]}, "VIOLATION: one effect twice"),
        ({"wrong": ["undisturbed it ends as failed"]}, "VIOLATION: undisturbed it ends"),
        ({"verdicts": BAD}, "1 of them, without a word"),
        ({"verdicts": {}}, "nothing was broken"),
        ({"error": CopyError("killed at commit 3 never struck")}, "killed at commit 3 never"),
        ({"error": ZeroDivisionError("a defect")}, "ZeroDivisionError: a defect"),
        ({"url": None}, "proved on SQLite alone"),
    ],
)
def test_what_is_no_proof_fails_the_command(
    planted: Planted,
    changes: dict[str, Any],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A violation, an internal error or a proof that was not made: said, and exit code 1."""
    for name, value in changes.items():
        setattr(planted, name, value)
    assert command.main(["proof"]) == 1
    told = capsys.readouterr()
    assert said in told.out + told.err


def test_one_that_fails_keeps_no_other_from_being_run(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is that of all, whichever was run last."""
    ran = []

    def exposition() -> Result:
        ran.append("exposition")
        return Result("a table", [], [])

    monkeypatch.setattr("bench.bench_exposition.run", exposition)
    planted.error = ZeroDivisionError("a defect")
    assert command.main(["proof", "exposition"]) == 1
    assert ran == ["exposition"]


def test_an_unknown_benchmark_is_wrong_usage() -> None:
    """A name that is none runs nothing."""
    assert command.main(["nothing"]) == 2
