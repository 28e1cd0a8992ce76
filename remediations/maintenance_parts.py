"""What each step of a maintenance window does: through the engine, in Alertmanager, or here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from catalogue.texts import maintenance as texts
from inventory.model import Inventory
from remediations import silences
from remediations.action import Action, UnavailableError
from remediations.alertmanager import Alertmanager
from remediations.asking import AskedWronglyError, intent
from remediations.ledger.deliveries import Intent, RunOpenError
from remediations.ledger.runs import NotPossibleError
from remediations.ledger.store import Ledger
from remediations.ledger.switches import Switch
from remediations.ledger.windows import Part, Progress, Window
from remediations.model import Outcome, Run, State

NOTICE, FLAG, BACKUP = "notify", "set_flag", "snapshot_data"


@dataclass(frozen=True)
class Result:
    """How a step stands after a look at it."""

    progress: Progress
    detail: str | None = None
    run: str | None = None


class Doer:
    """Does the steps. Each may be done again after a crash: it looks before it acts."""

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
        self._alertmanager = alertmanager
        self._now = now

    def do(self, window: Window, part: Part) -> Result:
        """Do the step, or look how far its run has come."""
        own: Mapping[str, Callable[[Window], str | None]] = {
            "engine": self._hold,
            "silence": self._silence,
            "prolong": self._prolong,
            "unsilence": self._lift,
            "release": self._release,
        }
        if part.name not in own:
            return self._run(window, part)
        try:
            return Result(Progress.DONE, own[part.name](window))
        except UnavailableError as error:
            return Result(Progress.RUNNING, error.detail)

    def _hold(self, window: Window) -> None:
        self._ledger.switches.set(
            Switch.MAINTENANCE,
            engaged=True,
            by=window.by,
            reason=window.reason,
            now=self._now(),
            until=window.until,
        )

    def _release(self, window: Window) -> None:
        self._ledger.switches.set(
            Switch.MAINTENANCE,
            engaged=False,
            by=window.ended_by or window.by,
            reason=window.reason,
            now=self._now(),
        )

    def _silence(self, window: Window) -> str:
        count = silences.impose(self._alertmanager, self._inventory, window)
        return f"{count} silences"

    def _prolong(self, window: Window) -> str:
        self._hold(window)
        return self._silence(window)

    def _lift(self, _window: Window) -> str:
        return f"{silences.lift(self._alertmanager)} silences"

    def _run(self, window: Window, part: Part) -> Result:
        by = window.ended_by or window.by
        try:
            wanted = self._intent(window, part)
            run = self._existing(part, wanted) or self._open(wanted, by)
        except (RunOpenError, AskedWronglyError) as error:
            return Result(Progress.RUNNING, str(error))
        if run.state is State.AWAITING_APPROVAL and run.plan_hash is not None:
            try:
                # Whoever asked for the window asked for this step of it.
                run = self._ledger.runs.approve(run.id, run.plan_hash, by, self._now())
            except NotPossibleError:
                # The engine holds it at this moment, or has made another plan: next time.
                return Result(Progress.RUNNING, None, run.id)
        return _result(run)

    def _intent(self, window: Window, part: Part) -> Intent:
        action, params = self._asked(window, part)
        target = part.target if part.name == "backup" else None
        return intent(self._inventory, self._actions[action], target, params, dry=False)

    def _asked(self, window: Window, part: Part) -> tuple[str, dict[str, Any]]:
        if part.name in ("flag", "flag_off"):
            return FLAG, {"flag": part.target, "enabled": part.name == "flag"}
        if part.name == "backup":
            return BACKUP, {}
        locale = self._inventory.locale
        text = texts.BEGINS if part.name == "notice" else texts.ENDS
        values = {"reason": window.reason, "until": self._when(window.until)}
        subject = texts.SUBJECT.in_(locale)
        return NOTICE, {"message": text.format(locale, **values), "subject": subject}

    def _when(self, at: float) -> str:
        zone = ZoneInfo(self._inventory.timezone)
        return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M %Z")

    def _existing(self, part: Part, wanted: Intent) -> Run | None:
        """Return the step's run, also one that was opened just before a crash."""
        if part.run is not None:
            return self._ledger.runs.existing(part.run)
        if part.tries <= 1:
            return None
        for run in self._ledger.facts.runs():
            if (
                run.by_hand
                and run.created_at >= (part.since or 0.0)
                and (run.action, run.target, run.params)
                == (wanted.action, wanted.target, wanted.params)
            ):
                return run
        return None

    def _open(self, wanted: Intent, by: str) -> Run:
        run_id = self._ledger.deliveries.ask(wanted, by, self._now())
        return self._ledger.runs.existing(run_id)


def _result(run: Run) -> Result:
    if run.state is not State.CLOSED:
        detail = run.reason if run.state is State.BLOCKED else None
        return Result(Progress.RUNNING, detail, run.id)
    there = run.outcome is Outcome.CANCELLED and run.reason == "already_done"
    if run.outcome is Outcome.SUCCEEDED or there:
        return Result(Progress.DONE, run.reason, run.id)
    return Result(Progress.FAILED, run.reason or str(run.outcome), run.id)
