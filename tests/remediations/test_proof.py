"""Every action, killed and broken at a sample of all places; ``python -m bench proof`` does all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.load import load_inventory
from remediations import acting
from remediations.app import all_actions
from remediations.model import Outcome, Plan, Run, Step
from remediations.worker import Worker
from tests.remediations import permissions
from tests.remediations.arns import Asked
from tests.remediations.case import Case, all_cases
from tests.remediations.proof.copies import CopyError, in_copy
from tests.remediations.proof.faults import ANSWERS, KILLS, Fault
from tests.remediations.proof.programme import AtTheEnd, Few, Proof, Sample, prove
from tests.remediations.proof.record import Record, judge
from tests.remediations.proof.stage import World
from vigia.writer_policy import policy

ROOT = Path(__file__).resolve().parents[2]
CASES = all_cases()
TURNS = list(enumerate(CASES))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The seeded platform, of which every run has a copy."""
    made = World(load_inventory(ROOT / "platform.yaml"))
    yield made
    made.close()


def test_every_action_has_a_case() -> None:
    """No action goes unproved: each has a case, and each case is told apart from the others."""
    assert {case.name for case in CASES} == set(all_actions())
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.fixture(scope="module", params=TURNS, ids=map(str, CASES))
def proof(world: World, request: pytest.FixtureRequest) -> Proof:
    """A sample of all faults, judged."""
    turn, case = request.param
    made = prove(world, case, Sample(turn))
    permissions.took_over(made.used, f"test_proof.py {case}")
    return made


def test_broken_anywhere_no_effect_is_doubled_or_lost(proof: Proof) -> None:
    """Killed, answered badly or blind, a run ends like the undisturbed one or calls a human."""
    # What asks AWS for nothing has fewer places to be broken at.
    assert len(proof.verdicts) >= (8 if proof.asked else 3)
    assert proof.wrong == []


def test_its_calls_are_allowed_and_no_others(proof: Proof) -> None:
    """The generated policy allows each call that an action made, and on nothing foreign."""
    inventory = load_inventory(ROOT / "platform.yaml")
    document = policy(inventory, all_actions().values())
    calls = [
        Asked(inventory, service, operation, json.loads(names))
        for _, service, operation, names in proof.asked
    ]
    action = all_actions()[proof.case.name]
    assert bool(calls) == bool(action.reads or action.writes)
    assert [str(call) for call in calls if not call.allowed_by(document)] == []
    assert [str(call) for call in calls if call.foreign_allowed_by(document)] == []


@pytest.mark.parametrize(("turn", "case"), TURNS[::3], ids=map(str, CASES[::3]))
def test_killed_on_postgresql(world: World, turn: int, case: Case, postgres_url: str) -> None:
    """The same holds where the ledger is PostgreSQL and the process is killed."""
    proof = prove(world, case, Few((KILLS[0], KILLS[2]), turn), postgres_url)
    assert proof.verdicts
    assert proof.wrong == []


UNDONE = [case for case in CASES if case.outcome is Outcome.UNDONE]
ONCE = tuple(fault for fault in ANSWERS if "for ever" not in fault.name)
"""What AWS or the database may answer badly, and then answers well."""


@pytest.mark.parametrize("case", UNDONE, ids=map(str, UNDONE))
def test_killed_while_it_is_undone(world: World, case: Case) -> None:
    """Killed at any of an undo's commits, or on either side of its call: undone once."""
    _killed_at_the_end(prove(world, case, AtTheEnd(KILLS, 4)))


def test_killed_while_it_is_undone_on_postgresql(world: World, postgres_url: str) -> None:
    """The same holds where the ledger is PostgreSQL."""
    _killed_at_the_end(prove(world, UNDONE[-1], AtTheEnd(KILLS, 4), postgres_url))


def _killed_at_the_end(proof: Proof) -> None:
    # Its intent, its result, the end, and that a human was told.
    beside = {fault.name: {"equal": 1} for fault in KILLS[1:]}
    assert proof.wrong == []
    assert proof.verdicts == {"killed": {"equal": 4}, **beside}


def test_an_undo_is_answered_badly(world: World, postgres_url: str) -> None:
    """Whatever AWS answers to an undo, once: it is undone once, or a human is called."""
    proof = prove(world, UNDONE[-1], AtTheEnd(ONCE), postgres_url)
    assert proof.wrong == []
    again = ("answer lost", "never arrived", "500", "500 after the effect", "throttled")
    assert {name: proof.verdicts[name] for name in again} == {n: {"equal": 1} for n in again}


@pytest.mark.parametrize(("turn", "case"), TURNS[1::5], ids=map(str, CASES[1::5]))
def test_answered_badly_on_postgresql(
    world: World, turn: int, case: Case, postgres_url: str
) -> None:
    """Throttled, failed, lost or refused by AWS, or the ledger away: all is on record there too."""
    proof = prove(world, case, Few(ONCE, turn), postgres_url)
    # What is one step of many calls, or makes no call, has fewer places to be broken at.
    assert len(proof.verdicts) >= (len(ONCE) - 1 if proof.asked else 1)
    assert proof.wrong == []


def _case(name: str) -> Case:
    return next(case for case in CASES if str(case) == name)


def test_the_programme_finds_what_is_done_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that sends again without looking is found out: the programme can fail."""

    def without_looking(worker: Worker, run: Run, _plan: Plan, step: Step) -> Run:
        return worker.call(run, "apply", step.index, step.call)

    monkeypatch.setattr(acting, "_find_out", without_looking)
    killed_after = replace(KILLS[2], at=1)
    whole, ((_, found),) = world.prove(_case("set_log_retention"), lambda _: [killed_after])
    assert judge(whole, found) == (
        "violation",
        ["logs:PutRetentionPolicy took effect 2 times instead of 1"],
    )


@pytest.fixture(scope="module")
def whole(world: World) -> Record:
    """An undisturbed run."""
    return world.prove(_case("set_log_retention"), lambda _: [])[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"outcome": None, "state": "running", "endings": 0}, "waits without a word: running"),
        ({"world": "{}"}, "the world is {} instead of"),
        ({"effects": {}}, "logs:PutRetentionPolicy took effect 0 times of 1"),
        ({"outcome": Outcome.FAILED}, "ended as failed, and nobody was told"),
        ({"outcome": Outcome.CANCELLED}, "ended as cancelled"),
        ({"chain": "row 7 was edited"}, "audit chain: row 7 was edited"),
        ({"endings": 2}, "ended 2 times on record"),
    ],
)
def test_whatever_is_wrong_is_said(whole: Record, changes: dict[str, object], said: str) -> None:
    """Each way in which a broken run can differ for the worse is a violation, in one line."""
    verdict, wrong = judge(whole, replace(whole, **changes))  # type: ignore[arg-type]
    assert verdict == "violation"
    assert wrong[0].startswith(said)


def test_a_human_told_is_no_violation(whole: Record) -> None:
    """A run that failed and called a human is what may happen."""
    told = replace(whole, outcome=Outcome.FAILED, told=True, effects={}, world="{}")
    assert judge(whole, told) == ("escalated", [])


def test_only_what_may_be_repeated_is(whole: Record) -> None:
    """A call of which AWS cannot be asked may take effect twice, never thrice; no other may."""
    key = ("logs", "PutRetentionPolicy")
    twice, thrice = (replace(whole, effects={key: times}) for times in (2, 3))
    assert judge(whole, twice)[0] == "violation"
    assert judge(whole, twice, {key}) == ("equal", [])
    assert judge(whole, thrice, {key})[0] == "violation"


def test_a_fault_that_never_strikes_is_no_proof(world: World) -> None:
    """A kill at a place that a run does not come to is an error, not a success."""
    never = Fault("killed", "commit", 10_000, KILLS[0].rig, kills=True)
    with pytest.raises(CopyError, match="never struck"):
        world.prove(_case("set_log_retention"), lambda _: [never])


def test_an_error_in_a_copy_is_told() -> None:
    """What is raised in a copy is raised again where it was made, with its traceback."""
    with pytest.raises(CopyError, match="ZeroDivisionError"):
        in_copy(lambda: 1 // 0)
