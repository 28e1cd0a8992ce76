"""Guards: what must hold before every step. Each is a pure question to a situation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inventory.model import Inventory
from remediations import flags_first
from remediations.flags import DISABLE
from remediations.ledger.scope import HOUR, Committing
from remediations.ledger.store import Ledger
from remediations.ledger.switches import Switch, SwitchState
from remediations.model import Run


@dataclass(frozen=True)
class Situation:
    """Everything the guards judge by, read at one moment (unix seconds)."""

    now: float
    run: Run
    inventory: Inventory
    mode: str
    pause: SwitchState
    pause_file: bool
    maintenance: SwitchState
    storm: bool
    owned: Sequence[str]
    acting_on_target: str | None
    last_intent: float | None
    acted_last_hour: Sequence[str]
    flags: flags_first.FlagTrouble | None


BY_A_PERSON = ("kill_switch", "maintenance")
"""Reasons to hold a run that a person gave: no run's time runs out meanwhile."""
NEEDS_NO_HUMAN = (*BY_A_PERSON, "target_busy", "flags_first")
"""Reasons to hold a run that a person gave, or that end without one."""


@dataclass(frozen=True)
class Hold:
    """A guard's no: a stable reason, a readable detail, and when to look again."""

    reason: str
    detail: str
    retry_at: float

    @property
    def human(self) -> bool:
        """Whether a person should hear of it."""
        return self.reason not in NEEDS_NO_HUMAN


def _hold(situation: Situation, reason: str, detail: str) -> Hold:
    return Hold(reason, detail, situation.now + situation.inventory.engine.block_retry)


def kill_switch(situation: Situation) -> Hold | None:
    """Hold everything while actions are paused by command, endpoint or file."""
    if situation.pause_file:
        return _hold(situation, "kill_switch", "the pause file is there")
    if situation.pause.engaged:
        return _hold(situation, "kill_switch", f"paused by {situation.pause.by}")
    return None


def maintenance(situation: Situation) -> Hold | None:
    """Hold everything during a maintenance window."""
    if not situation.maintenance.engaged:
        return None
    detail = f"until {situation.maintenance.until:.0f}" if situation.maintenance.until else ""
    return _hold(situation, "maintenance", detail)


def known_target(situation: Situation) -> Hold | None:
    """Hold what the inventory no longer allows: it may have changed since intake."""
    run = situation.run
    if run.target not in situation.owned:
        return _hold(situation, "not_allowed", f"{run.action} may not act on {run.target}")
    if run.by_hand:
        return None
    books = {book.name: book for book in situation.inventory.playbooks}
    book = books.get(run.playbook)
    if book is None or book.action != run.action or run.target not in book.targets:
        return _hold(situation, "not_allowed", f"{run.playbook} may not act on {run.target}")
    if json.loads(json.dumps(dict(book.params))) != run.params:
        return _hold(situation, "not_allowed", f"the parameters of {run.playbook} have changed")
    return None


def mode_allows(situation: Situation) -> Hold | None:
    """Hold a call that nobody approved, where the playbook wants an approval now, or no call."""
    run, mode = situation.run, situation.mode
    if mode == "auto" or (mode == "approve" and run.approved_by is not None):
        return None
    return _hold(situation, "mode_changed", f"{run.playbook} is in mode {mode}")


def storm(situation: Situation) -> Hold | None:
    """Hold everything while too many targets are sick at once."""
    if not situation.storm:
        return None
    limit = situation.inventory.engine.storm.sick
    return _hold(situation, "storm", f"{limit} or more targets are sick at once")


def one_scope(situation: Situation) -> Hold | None:
    """Hold while another run acts on the same target or verifies it."""
    if situation.acting_on_target is None:
        return None
    detail = f"{situation.acting_on_target} is acting on it"
    return _hold(situation, "target_busy", detail)


def flag_goes_first(situation: Situation) -> Hold | None:
    """Hold a rollback of code while turning a flag off may cure the same trouble."""
    if situation.flags is None:
        return None
    run, inventory = situation.run, situation.inventory
    until = flags_first.wait_until(situation.flags, run, inventory, situation.now)
    if until is None:
        return None
    names = [one.id for one in situation.flags.runs[:1]]
    detail = f"{names[0]} turns flags off" if names else "a flag was turned on"
    return Hold("flags_first", detail, until)


def cool_down(situation: Situation) -> Hold | None:
    """Hold a second action of the same kind on the same target."""
    last = situation.last_intent
    if last is None:
        return None
    until = last + situation.inventory.engine.cool_down
    if situation.now >= until:
        return None
    return Hold("cool_down", f"acted {situation.now - last:.0f} s ago", until)


def rate(situation: Situation) -> Hold | None:
    """Hold when the hour's runs are used up."""
    limit = situation.inventory.engine.runs_per_hour
    if len(situation.acted_last_hour) < limit:
        return None
    return _hold(situation, "rate", f"{limit} runs acted within the last hour")


def blast_radius(situation: Situation) -> Hold | None:
    """Hold when too large a share of one kind of target would have been acted on within an hour.

    A function counts among all functions; anything else among all that its action may act on.
    """
    functions = situation.inventory.function_names
    kind = set(functions if situation.run.target in functions else situation.owned)
    touched = {*situation.acted_last_hour, situation.run.target} & kind
    share = len(touched) / max(len(kind), 1)
    if len(touched) <= 1 or share <= situation.inventory.engine.max_share:
        return None
    return _hold(situation, "blast_radius", f"{len(touched)} of {len(kind)} within an hour")


REASONS = (
    *("kill_switch", "maintenance", "not_allowed", "storm", "target_busy", "cool_down", "rate"),
    *("flags_first", "blast_radius", "plan_expired", "drift", "no_data", "alert_unconfirmed"),
    "mode_changed",
)
"""What commonly holds a run; each is counted from zero, so that its first time is seen."""

GUARDS: tuple[Callable[[Situation], Hold | None], ...] = (
    kill_switch,
    maintenance,
    known_target,
    storm,
    one_scope,
    flag_goes_first,
    cool_down,
    rate,
    blast_radius,
)

COMMITTING: tuple[Callable[[Situation], Hold | None], ...] = (
    kill_switch,
    maintenance,
    known_target,
    mode_allows,
    rate,
    blast_radius,
)
"""Those asked once more in the transaction of every intent: reading the world takes its time."""

BY_HAND: tuple[Callable[[Situation], Hold | None], ...] = (kill_switch, known_target, one_scope)
"""What holds a person back too; the others guard against acting without one."""

COMMITTING_BY_HAND: tuple[Callable[[Situation], Hold | None], ...] = (
    kill_switch,
    known_target,
    mode_allows,
)
"""Those of a person's run that are asked once more."""


def check(
    situation: Situation, guards: Sequence[Callable[[Situation], Hold | None]]
) -> Hold | None:
    """Return the first guard's no; None if all agree."""
    for guard in guards:
        hold = guard(situation)
        if hold is not None:
            return hold
    return None


def at_commit(
    inventory: Inventory,
    run: Run,
    mode: str,
    now: float,
    latest: Committing,
    *,
    pause_file: bool,
    owned: Sequence[str],
) -> Situation:
    """Return the situation as far as ``COMMITTING`` asks for it."""
    return Situation(
        now=now,
        run=run,
        inventory=inventory,
        mode=mode,
        pause=latest.pause,
        pause_file=pause_file,
        maintenance=latest.maintenance,
        storm=False,
        owned=owned,
        acting_on_target=None,
        last_intent=None,
        acted_last_hour=latest.acted_last_hour,
        flags=None,
    )


def look(
    ledger: Ledger,
    inventory: Inventory,
    run: Run,
    mode: str,
    now: float,
    *,
    pause_file: bool,
    owned: Sequence[str],
    turned_on: flags_first.TurnedOn,
    ailing: Callable[[], set[str]],
) -> Situation:
    """Read the situation, and turn the storm breaker with hysteresis.

    ``ailing`` returns the targets that are sick by Prometheus' word.
    """
    return Situation(
        now=now,
        run=run,
        inventory=inventory,
        mode=mode,
        pause=ledger.switches.get(Switch.PAUSE, now),
        pause_file=pause_file,
        maintenance=ledger.switches.get(Switch.MAINTENANCE, now),
        # A person is not held by it, nor kept waiting for a Prometheus that hangs.
        storm=not run.by_hand and _storm(ledger, inventory, now, ailing),
        owned=owned,
        acting_on_target=_acting(ledger, run),
        last_intent=ledger.facts.last_intent(run.action, run.target, run.id),
        acted_last_hour=ledger.facts.acted_since(now - HOUR, run.id),
        flags=flags_first.look(ledger, inventory, run, now, turned_on),
    )


def _acting(ledger: Ledger, run: Run) -> str | None:
    """Return another run that acts on the target, or on the function that it is to cure."""
    found = ledger.facts.acting_on(run.target, run.id)
    if found is None and run.action == DISABLE and not run.by_hand:
        found = ledger.facts.acting_on(run.alert.get("function", ""), run.id)
    return found


def _storm(
    ledger: Ledger, inventory: Inventory, now: float, ailing: Callable[[], set[str]]
) -> bool:
    limits = inventory.engine.storm
    engaged = ledger.switches.get(Switch.STORM, now).engaged
    enough = limits.clear + 1 if engaged else limits.sick
    sick = ledger.facts.sick_targets(now - inventory.engine.lookback)
    if len(sick) < enough:
        # Asked only where it can matter: in a storm Prometheus has better things to do.
        sick = sick | ailing()
    wanted = len(sick) >= enough
    if wanted != engaged:
        ledger.switches.set(
            Switch.STORM, engaged=wanted, by="engine", reason=f"{len(sick)} targets sick", now=now
        )
    return wanted
