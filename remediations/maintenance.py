"""The maintenance window: begun and ended step by step, each on record, whatever fails half-way.

Beginning holds automatic actions, tells the users, takes a backup unless asked not to, silences the
services' alerts and turns the maintenance flag on; the first step that fails stops it, so that no
backup that failed keeps users out. Ending undoes whatever the beginning did or may have done, and
goes on past failures. Steps that touch AWS are runs of the engine, approved in the name of whoever
asked. The silences and the hold on the engine end by themselves at the window's hard end. The flag
does not: whether users may come back is for a person to say.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from inventory.model import Inventory
from remediations.action import Action
from remediations.alertmanager import Alertmanager
from remediations.ledger.runs import NotPossibleError
from remediations.ledger.store import Ledger
from remediations.ledger.switches import Switch
from remediations.ledger.windows import (
    CLOSED,
    WORKING,
    Part,
    Phase,
    Progress,
    Window,
    WindowMovedError,
    WindowOpenError,
)
from remediations.maintenance_parts import BACKUP, FLAG, Doer, Result

SHORTEST, LONGEST = 60.0, 24 * 3600.0
REASON_LIMIT = 200
_IDLE = 1.0
_POLL = 0.5
_RETAKE = 15.0
_TRIES = 3
_END = {"flag": "flag_off", "silence": "unsilence", "engine": "release", "notice": "notice_end"}


class MaintenanceError(Exception):
    """What was asked for is not possible now: one line says why."""


@dataclass(frozen=True)
class Asked:
    """A window as asked for: its length in seconds, why, and what to leave out."""

    seconds: float
    reason: str
    notice: bool = True
    backup: bool = True


class Maintenance:
    """Begins, prolongs, ends and shows windows; ``work`` takes the next step of an open one."""

    def __init__(
        self,
        ledger: Ledger,
        inventory: Inventory,
        actions: Mapping[str, Action],
        alertmanager: Alertmanager,
        now: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._inventory = inventory
        self._actions = actions
        self._now = now
        self._doer = Doer(ledger, inventory, actions, alertmanager, now)

    def begin(self, asked: Asked, by: str) -> Window:
        """Open a window; ``work`` does the rest.

        Raises:
            MaintenanceError: if one is open, or if there is nothing to take a backup with.
        """
        now = self._now()
        _checked(asked)
        self._close_if_over()
        window = Window(
            id=f"w-{uuid.uuid4().hex[:12]}",
            phase=Phase.BEGINNING,
            by=by,
            reason=asked.reason,
            since=now,
            until=now + asked.seconds,
            ended_by=None,
            parts=tuple(self._parts(asked)),
        )
        try:
            self._ledger.windows.open(window, now)
        except WindowOpenError as error:
            there = error.window
            raise MaintenanceError(
                f"{there.id} of {there.by} is {there.phase}: end it, or prolong it"
            ) from error
        return window

    def _parts(self, asked: Asked) -> list[Part]:
        parts = [Part("engine")]
        if asked.notice:
            parts.append(Part("notice"))
        if asked.backup:
            parts.extend(self._backups())
        parts.append(Part("silence"))
        if self._inventory.appconfig.maintenance_flag is not None:
            if FLAG not in self._actions:
                raise MaintenanceError(f"there is no action '{FLAG}' to set the flag with")
            parts.append(Part("flag", self._inventory.appconfig.maintenance_flag))
        return parts

    def _backups(self) -> list[Part]:
        action = self._actions.get(BACKUP)
        buckets = action.targets(self._inventory) if action is not None else ()
        if not buckets:
            there_is = "the inventory names no bucket that snapshots go to"
            raise MaintenanceError(f"{there_is}: name one, or ask for no backup")
        return [Part("backup", bucket) for bucket in buckets]

    def prolong(self, asked: Asked, by: str) -> Window:
        """Move an active window's end to ``asked.seconds`` from now, never nearer.

        Raises:
            MaintenanceError: if none is active, or it lasts longer than that already.
        """
        now = self._now()
        _checked(asked)
        self._close_if_over()
        window = self._ledger.windows.newest()
        if window is None or window.phase is not Phase.ACTIVE:
            raise MaintenanceError("no window is active")
        until = now + asked.seconds
        if until <= window.until:
            raise MaintenanceError(f"{window.id} lasts longer than that already")
        parts = (*window.parts, Part("prolong", detail=f"by {by}"))
        return self._save(replace(window, phase=Phase.BEGINNING, until=until, parts=parts))

    def end(self, by: str) -> Window:
        """Undo what the newest window did.

        Raises:
            MaintenanceError: if there is nothing to end.
        """
        self._close_if_over()
        window = self._ledger.windows.newest()
        if window is None or window.phase is Phase.ENDED:
            raise MaintenanceError("there is no maintenance window to end")
        if window.phase is Phase.ENDING:
            raise MaintenanceError(f"{window.id} is ending already")
        if window.phase is Phase.UNENDED:
            again = tuple(
                Part(part.name, part.target)
                if part.name in _END.values() and part.progress is Progress.FAILED
                else part
                for part in window.parts
            )
            return self._save(replace(window, phase=Phase.ENDING, ended_by=by, parts=again))
        begun = tuple(self._give_up(part, by) for part in window.parts)
        undone = {part.name for part in begun if part.progress is not Progress.SKIPPED}
        back = [
            Part(name, next(p.target for p in begun if p.name == of))
            for of, name in _END.items()
            if of in undone and not (of == "notice" and not _told(begun))
        ]
        return self._save(replace(window, phase=Phase.ENDING, ended_by=by, parts=(*begun, *back)))

    def _give_up(self, part: Part, by: str) -> Part:
        """Take back a step that has not acted; one that has is waited for."""
        if part.progress is Progress.PENDING:
            return replace(part, progress=Progress.SKIPPED)
        if part.progress is Progress.RUNNING and part.run is not None:
            try:
                self._ledger.runs.cancel(part.run, by, self._now())
            except NotPossibleError:
                return part
            return replace(part, progress=Progress.SKIPPED, detail="cancelled")
        return part

    def newest(self) -> Window | None:
        """Return the window that began last, closed if its time has run out."""
        self._close_if_over()
        return self._ledger.windows.newest()

    def _close_if_over(self) -> None:
        window = self._ledger.windows.newest()
        if window is None or window.phase in CLOSED or self._now() < window.until:
            return
        if window.phase in (Phase.ENDING, Phase.UNENDED):
            return
        parts = tuple(
            replace(part, progress=Progress.SKIPPED) if part.progress is Progress.PENDING else part
            for part in window.parts
        )
        self._save(replace(window, phase=Phase.RAN_OUT, parts=parts))

    def _save(self, window: Window) -> Window:
        try:
            return self._ledger.windows.save(window, self._now())
        except WindowMovedError as error:
            raise MaintenanceError(f"{window.id} is being worked on; try again") from error

    def work(self) -> float:
        """Take the open window one step further; return how long to wait (seconds)."""
        try:
            return self._work()
        except (WindowMovedError, MaintenanceError):
            # Another replica, or a person, was faster: look again.
            return _POLL

    def _work(self) -> float:
        self._close_if_over()
        window = self._ledger.windows.newest()
        if window is None or window.phase not in WORKING:
            return _IDLE
        number = next(
            (
                number
                for number, part in enumerate(window.parts)
                if part.progress in (Progress.PENDING, Progress.RUNNING)
            ),
            None,
        )
        if number is None:
            self._ledger.windows.save(replace(window, phase=_settled(window)), self._now())
            return 0.0
        part, now = window.parts[number], self._now()
        if part.run is None:
            if part.taken_at is not None and now < part.taken_at + _RETAKE:
                return _POLL
            # On record before it is done: a second replica leaves it alone, a restart looks first.
            taken = {"taken_at": now, "since": part.since or now, "tries": part.tries + 1}
            window = window.with_part(number, progress=Progress.RUNNING, **taken)
            window = self._ledger.windows.save(window, now)
        result = self._doer.do(window, window.parts[number])
        return self._record(window, number, result)

    def _record(self, window: Window, number: int, result: Result) -> float:
        part = window.parts[number]
        progress = result.progress
        if result.run is None and progress is Progress.RUNNING and part.tries >= _TRIES:
            progress = Progress.FAILED
        changed = window.with_part(
            number, progress=progress, run=result.run or part.run, detail=result.detail
        )
        if progress is Progress.FAILED and window.phase is Phase.BEGINNING:
            changed = replace(changed, phase=Phase.STUCK)
        if changed == window:
            return _POLL
        self._ledger.windows.save(changed, self._now())
        return 0.0 if progress is not Progress.RUNNING else _POLL

    def held_until(self) -> float | None:
        """Return until when automatic actions are held; None if they are not."""
        switch = self._ledger.switches.get(Switch.MAINTENANCE, self._now())
        return switch.until if switch.engaged else None


def _checked(asked: Asked) -> None:
    if not SHORTEST <= asked.seconds <= LONGEST:
        raise MaintenanceError("a window lasts from 1m to 24h")
    if (
        not asked.reason.strip()
        or len(asked.reason) > REASON_LIMIT
        or not asked.reason.isprintable()
    ):
        raise MaintenanceError(f"give the reason in one line of at most {REASON_LIMIT} characters")


def _told(parts: tuple[Part, ...]) -> bool:
    """Say whether users may have heard of the window."""
    return any(
        part.name == "notice" and (part.progress is Progress.DONE or part.run is not None)
        for part in parts
    )


def _settled(window: Window) -> Phase:
    if window.phase is Phase.BEGINNING:
        return Phase.ACTIVE
    failed = any(
        part.name in _END.values() and part.progress is Progress.FAILED for part in window.parts
    )
    return Phase.UNENDED if failed else Phase.ENDED
