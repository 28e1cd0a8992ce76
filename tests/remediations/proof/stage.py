"""A case on its stage: the world made once, and copied for every run that is broken in it."""

from __future__ import annotations

import gc
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from inventory.model import Inventory
from remediations.asking import intent
from remediations.ledger.runs import NotPossibleError
from remediations.model import Run, State
from simulator.aws.server import EmbeddedAws
from simulator.seed import seed
from tests.remediations import permissions
from tests.remediations.case import Case
from tests.remediations.proof.copies import (
    STAGE,
    CopyError,
    SharedClock,
    in_copy,
    serving,
    start_copy,
    was_killed,
)
from tests.remediations.proof.faults import Fault
from tests.remediations.proof.hooks import Hooks
from tests.remediations.proof.record import Record, record
from tests.remediations.rig import START, Rig

_LONGEST = 2.5 * 3600.0
"""Longer than a run may be held or go without data; what still waits must have called a human."""
Choose = Callable[[Record], Sequence[Fault]]


class World:
    """The seeded platform, at rest; every run is made in a copy of it."""

    def __init__(self, inventory: Inventory) -> None:
        self.clock = SharedClock(START)
        self.inventory = inventory
        self.aws = EmbeddedAws(inventory.aws.region, self.clock.now)
        with serving(self.aws):
            seed(self.aws, inventory, self.clock.now)
        # A collection would touch, and so copy, what copies share.
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Give the socket back."""
        gc.unfreeze()
        self.aws._server.server_close()

    def prove(
        self, case: Case, choose: Choose, postgres_url: str | None = None
    ) -> tuple[Record, list[tuple[Fault, Record]]]:
        """Run ``case`` undisturbed, then once with each fault chosen for it."""
        found = in_copy(lambda: _Stage(self, case, postgres_url).play(choose), STAGE)
        # A fault's trap cannot travel between processes: only what names it does.
        whole, broken = found
        return whole, [
            (Fault(name, kind, at, lambda *_: None), told) for (name, kind, at), told in broken
        ]


class _Stage:
    """A case's own world, made in this process, which is a copy already."""

    def __init__(self, world: World, case: Case, postgres_url: str | None) -> None:
        self._aws, self._clock, self._case = world.aws, world.clock, case
        self._clock.share()
        self._folder = Path(tempfile.mkdtemp(prefix="vigia-proof-"))
        self._postgres = postgres_url
        self._databases: list[str] = []
        self._url = self._database("stage", None)
        with serving(self._aws):
            self._rig = Rig(world.inventory, self._clock, self._aws, self._url, self._folder)
            case.prepare(self._rig)
            # Later than all that was prepared, so that the newest run is the one to be proved.
            self._clock.forward(1)
            self._before = len(self._rig.ledger.facts.runs())
            self._rig.ledger.close()
            self._aws.front.seen.clear()
            self._hooks = Hooks(self._rig)
            self._hooks.close()

    def play(self, choose: Choose) -> tuple[Record, list[tuple[tuple[str, str, int], Record]]]:
        """Run undisturbed, then with each fault."""
        try:
            whole, services = self._copy(None)
            self._hooks.prepare(*services)
            broken = []
            for fault in choose(whole):
                try:
                    found, _ = self._copy(fault)
                except CopyError as error:
                    raise CopyError(f"{fault}: {error}") from error
                broken.append(((fault.name, fault.kind, fault.at), found))
                whole = replace(
                    whole, used=whole.used | found.used, asked=whole.asked | found.asked
                )
            return whole, broken
        finally:
            shutil.rmtree(self._folder)
            self._drop()

    def _copy(self, fault: Fault | None) -> tuple[Record, tuple[set[str], set[str]]]:
        url = self._database(uuid.uuid4().hex, self._url)
        return in_copy(lambda: self._run(url, fault))

    def _run(self, url: str, fault: Fault | None) -> tuple[Record, tuple[set[str], set[str]]]:
        self._clock.share()
        rig, hooks = self._rig, self._hooks
        rig._url = url
        permissions.NOTES.by.clear()
        permissions.ASKED.clear()
        child = start_copy(lambda: self._work(fault)) if fault and fault.kills else None
        with serving(self._aws):
            if child is None:
                run = self._work(fault)
            else:
                if not was_killed(child):
                    raise CopyError(f"{fault} never struck")
                # What it wrote to memory died with it; its lease has to run out.
                self._clock.forward(rig.inventory.engine.lease + 1)
                run = self._work(None)
            hooks.on_call = hooks.on_read = lambda *_: None
            hooks.on_commit = lambda _: None
            hooks.on_step = lambda _, make: make()
            self._aws.front.heal()
            told = record(rig, self._case, run, hooks)
        rig.ledger.close()
        used, asked = frozenset(permissions.NOTES.by), frozenset(permissions.ASKED)
        return replace(told, used=used, asked=asked), hooks.services()

    def _work(self, fault: Fault | None) -> Run:
        rig, hooks = self._rig, self._hooks
        rig.start()
        hooks.begin()
        if fault is not None:
            fault.rig(rig, hooks, fault.at)
        return drive(rig, self._case, self._before)

    def _database(self, name: str, template: str | None) -> str:
        if self._postgres is None:
            if template is not None:
                shutil.copy(self._folder / "stage.db", self._folder / f"{name}.db")
            return f"sqlite:///{self._folder / name}.db"
        base, _, _ = self._postgres.rpartition("/")
        named = f"proof_{uuid.uuid4().hex}"
        like = f' TEMPLATE "{template.rpartition("/")[2]}"' if template else ""
        with psycopg.connect(self._postgres, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{named}"{like}')  # type: ignore[arg-type]
        self._databases.append(named)
        return f"{base}/{named}"

    def _drop(self) -> None:
        if self._postgres is not None:
            with psycopg.connect(self._postgres, autocommit=True) as connection:
                for name in self._databases:
                    connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


def drive(rig: Rig, case: Case, before: int) -> Run:
    """Ask for the case's action unless that was done, and work until its run has ended.

    The person who asked approves; where the ledger does not answer, everybody tries again.
    """
    deadline = rig.clock.at + _LONGEST
    while rig.clock.at < deadline:
        try:
            if _work_on(rig, case, before):
                break
        except (SQLAlchemyError, NotPossibleError):
            rig.clock.forward(1)
    try:
        rig.sender.send_due()
    except SQLAlchemyError:
        # As the engine's loop does.
        rig.sender.send_due()
    return rig.run()


def _work_on(rig: Rig, case: Case, before: int) -> bool:
    if len(rig.ledger.facts.runs()) == before:
        begin(rig, case)
    run = rig.run()
    if run.state is State.CLOSED:
        return True
    if run.state is State.AWAITING_APPROVAL:
        rig.ledger.runs.approve(run.id, str(run.plan_hash), "test", rig.clock.at)
    if run.applied_at is not None:
        case.recover(rig)
    if not rig.step():
        rig.clock.at = max(rig.clock.at + 0.5, min(_due(rig), default=0.0))
    return False


def _due(rig: Rig) -> Iterator[float]:
    for run in rig.ledger.facts.runs(open_only=True):
        yield max(run.next_at, run.lease_until or 0.0)


def begin(rig: Rig, case: Case) -> None:
    """Ask for the case's action: by hand, or as an alert does."""
    if case.start is not None:
        case.start(rig)
        return
    wanted = intent(
        rig.inventory, rig.worker.actions[case.name], case.target, case.params, dry=False
    )
    rig.ledger.deliveries.ask(wanted, "test", rig.clock.at)
