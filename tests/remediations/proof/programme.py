"""Which faults strike a case, and what all of them showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.remediations.case import Case
from tests.remediations.proof.faults import ANSWERS, KILLS, READS, Fault, everywhere, some
from tests.remediations.proof.record import Record, judge, unlike
from tests.remediations.proof.stage import World


def places(whole: Record) -> dict[str, int]:
    """Return how many places of each kind an undisturbed run has."""
    return {
        "commit": whole.commits,
        "step": whole.steps,
        "call": len(whole.calls),
        "read": whole.reads,
    }


@dataclass
class Proof:
    """A case's verdicts: how often each, by fault, and a line for everything that is wrong."""

    case: Case
    database: str
    used: frozenset[tuple[str, str]] = frozenset()
    asked: frozenset[tuple[str, str, str, str]] = frozenset()
    wrong: list[str] = field(default_factory=list)
    verdicts: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, whole: Record, fault: Fault, found: Record) -> None:
        """Judge one broken run."""
        verdict, wrong = judge(whole, found, self.case.repeats)
        counts = self.verdicts.setdefault(fault.name, {})
        counts[verdict] = counts.get(verdict, 0) + 1
        self.wrong += [f"{self.case} on {self.database}, {fault}: {line}" for line in wrong]


def prove(world: World, case: Case, chosen: _Chosen, postgres_url: str | None = None) -> Proof:
    """Run a case undisturbed and with each of the faults that ``chosen`` names for it."""
    database = "SQLite" if postgres_url is None else "PostgreSQL"
    whole, broken = world.prove(case, lambda found: chosen(places(found)), postgres_url)
    proof = Proof(case, database, whole.used, whole.asked)
    proof.wrong += [f"{case} on {database}: {line}" for line in unlike(case, whole)]
    for fault, found in broken:
        proof.add(whole, fault, found)
    return proof


@dataclass(frozen=True)
class Everything:
    """Every fault, at every place."""

    faults: tuple[Fault, ...] = (*KILLS, *ANSWERS, *READS)

    def __call__(self, at: dict[str, int]) -> Sequence[Fault]:
        """Choose."""
        return list(everywhere(self.faults, at))


@dataclass(frozen=True)
class Sample:
    """A few kills, and some of the other faults; ``turn`` chooses others for the next case."""

    turn: int

    def __call__(self, at: dict[str, int]) -> Sequence[Fault]:
        """Choose."""
        first, *calls = KILLS
        answers = [ANSWERS[(self.turn + number * 3) % len(ANSWERS)] for number in range(3)]
        # Whoever is blind for good waits long: one for each case is enough.
        reads = [READS[self.turn % len(READS)]]
        return [
            *some((first,), at, 2, self.turn),
            *some((*calls, *answers, *reads), at, 1, self.turn),
        ]


@dataclass(frozen=True)
class Few:
    """Each fault at one place; ``turn`` chooses another for the next case."""

    faults: tuple[Fault, ...]
    turn: int

    def __call__(self, at: dict[str, int]) -> Sequence[Fault]:
        """Choose."""
        return list(some(self.faults, at, 1, self.turn + 1))


@dataclass(frozen=True)
class AtTheEnd:
    """Each fault at the last places where it can strike: ``commits`` of them, one of any other."""

    faults: tuple[Fault, ...]
    commits: int = 1

    def __call__(self, at: dict[str, int]) -> Sequence[Fault]:
        """Choose."""
        chosen = []
        for fault in self.faults:
            last = self.commits if fault.kind == "commit" else 1
            chosen += list(everywhere((fault,), at))[-last:]
        return chosen


_Chosen = Everything | Sample | Few | AtTheEnd
