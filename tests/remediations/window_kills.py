"""A maintenance window whose keeper is killed with SIGKILL, and what is left once it went on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from remediations.alertmanager import Alertmanager
from remediations.ledger import audit
from remediations.ledger.windows import Phase
from tests.remediations.proof.copies import STAGE, CopyError, in_copy, serving, start_copy
from tests.remediations.proof.copies import was_killed as killed
from tests.remediations.proof.hooks import Hooks, Sent, die
from tests.remediations.proof.stage import World
from tests.remediations.rig import Rig
from tests.remediations.test_notify import sent, topic
from tests.remediations.window_world import Site

BEGIN, END = "begin", "end"


@dataclass(frozen=True)
class Place:
    """Where the process dies: instead of its ``at``-th commit, or on a side of a call, from 1."""

    kind: str
    at: int


@dataclass(frozen=True)
class Left:
    """What the world and the ledger hold once a window has begun, or has ended."""

    phase: str
    flag: bool
    held: bool
    silences: tuple[str, ...]
    notices: int
    notified_by: int
    open_runs: int
    chain: tuple[int, str] | None


class Killing(Alertmanager):
    """A real Alertmanager, whose caller dies on either side of a change of its silences."""

    def __init__(self, url: str, change: Callable[[Callable[[], Any]], Any]) -> None:
        super().__init__(url)
        self._change = change

    def silence(self, document: Any) -> Any:
        """Impose one."""
        return self._change(lambda: super(Killing, self).silence(document))

    def expire(self, identity: str) -> Any:
        """Lift one."""
        return self._change(lambda: super(Killing, self).expire(identity))


class Stage:
    """One database, one beginning or end; each run is made in a copy of this process."""

    def __init__(
        self, world: World, alertmanager: str, fresh: Callable[[], str], folder: Path, what: str
    ) -> None:
        self._world, self._alertmanager, self._fresh, self._what = world, alertmanager, fresh, what
        world.clock.share()
        with serving(world.aws):
            self._rig = Rig(world.inventory, world.clock, world.aws, fresh(), folder)
            topic(self._rig)
            self._rig.ledger.close()
        self._hooks = Hooks(self._rig)
        self._hooks.close()
        self._changes = 0

    def play(
        self, choose: Callable[[int, int], Sequence[Place]]
    ) -> tuple[Left, list[tuple[Place, Left]]]:
        """Go through undisturbed, then killed at each place that ``choose`` names of all."""
        whole, commits, calls, services = self._copy(None)
        self._hooks.prepare(*services)
        return whole, [(place, self._copy(place)[0]) for place in choose(commits, calls)]

    def _copy(self, place: Place | None) -> tuple[Left, int, int, tuple[set[str], set[str]]]:
        url = self._fresh()
        return in_copy(lambda: self._run(url, place))

    def _run(
        self, url: str, place: Place | None
    ) -> tuple[Left, int, int, tuple[set[str], set[str]]]:
        rig, hooks = self._rig, self._hooks
        self._world.clock.share()
        rig._url = url
        alertmanager = Alertmanager(self._alertmanager)
        for one in alertmanager.silences():
            alertmanager.expire(one["id"])
        child = start_copy(lambda: self._work(place)) if place else None
        with serving(self._world.aws):
            if child is None:
                site = self._work(None)
            else:
                if not killed(child):
                    raise CopyError(f"{place} never struck")
                site = self._go_on()
            left = _left(site)
        rig.ledger.close()
        return left, hooks.commits, len(hooks.calls) + self._changes, hooks.services()

    def _site(self) -> Site:
        self._rig.start()
        site = Site(self._rig, self._alertmanager)
        self._hooks.begin()
        return site

    def _work(self, place: Place | None) -> Site:
        site, hooks = self._site(), self._hooks
        if self._what == END:
            site.begin()
        hooks.commits, hooks.calls = 0, []
        if place is not None and place.kind == "commit":
            hooks.on_commit = lambda number: die() if number == place.at else None
        site.change(Killing(self._alertmanager, lambda do: self._changed(place, do)))
        hooks.on_call = lambda _, sent: self._called(place, sent)
        site.begin() if self._what == BEGIN else site.end()
        return site

    def _called(self, place: Place | None, sent: Sent) -> Any:
        number = len(self._hooks.calls) + self._changes
        if place == Place("before", number):
            die()
        if place == Place("after", number):
            sent.carry_out()
            die()
        return None

    def _changed(self, place: Place | None, do: Callable[[], Any]) -> Any:
        self._changes += 1
        number = len(self._hooks.calls) + self._changes
        if place == Place("before", number):
            die()
        answer = do()
        if place == Place("after", number):
            die()
        return answer

    def _go_on(self) -> Site:
        """Start again when the dead process' lease has run out; a person asks again if need be."""
        clock, lease = self._world.clock, self._world.inventory.engine.lease
        died = clock.at
        site = self._site()
        clock.at = died + lease + 20
        window = site.windows.newest()
        if self._what == BEGIN and window is None:
            site.begin()
        elif self._what == END and window is not None and window.phase is Phase.ACTIVE:
            site.end()
        site.settle()
        return site


def _left(site: Site) -> Left:
    rig, told = site.rig, sent(site.rig)
    with rig.ledger.engine.connect() as connection:
        broken = audit.broken_at(connection)
    return Left(
        phase=site.window().phase.value,
        flag=site.flag(),
        held=site.windows.held_until() is not None,
        silences=tuple(sorted(str(one["matchers"]) for one in site.silences())),
        notices=len(told),
        notified_by=len({run for _, _, run in told}),
        open_runs=len(rig.ledger.facts.runs(open_only=True)),
        chain=broken,
    )


def killed_at(
    world: World,
    alertmanager: str,
    folder: Path,
    postgres_url: str | None,
    what: str,
    choose: Callable[[int, int], Sequence[Place]],
) -> tuple[Left, list[tuple[Place, Left]]]:
    """Begin or end a window undisturbed, then killed at each of the places chosen."""
    with ExitStack() as databases:

        def fresh() -> str:
            name = f"windows_{uuid.uuid4().hex}"
            if postgres_url is None:
                return f"sqlite:///{folder / name}.db"
            _ask(postgres_url, f'CREATE DATABASE "{name}"')
            databases.callback(_ask, postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')
            return f"{postgres_url.rpartition('/')[0]}/{name}"

        def play() -> tuple[Left, list[tuple[Place, Left]]]:
            with databases.pop_all():
                return Stage(world, alertmanager, fresh, folder, what).play(choose)

        return in_copy(play, STAGE)


def _ask(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]
