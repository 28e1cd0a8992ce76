"""Flags before code: where both might cure a function, the flag is turned off first.

One at a time, and the second only if the first did not help: two changes at once would hide which
of them it was, and turning a flag off is quicker and gentler than moving code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inventory.model import Inventory
from remediations.flags import DISABLE, not_critical
from remediations.ledger.store import Ledger
from remediations.model import Run, State

ROLLBACK = "rollback_function"
_LEAST_POLL = 15.0
_SCRAPES = 4
_CANNOT_HELP = frozenset(
    {
        "aws_denied",
        "flag_not_allowed",
        "flags_unreadable",
        "no_recent_flag",
        "no_target",
        "not_allowed",
        "nothing_deployed",
        "target_missing",
        "trouble_before_flag",
    }
)
"""Reasons for which a run on flags is held, and that waiting for it does not cure."""
TurnedOn = Callable[[float], Mapping[str, float]]


@dataclass(frozen=True)
class FlagTrouble:
    """What there is to wait for before code is rolled back.

    ``runs`` are those that turn flags off, newest first; ``turned_on`` is when the newest flag
    that may be turned off was turned on (unix seconds), if that was within the look-back.
    """

    runs: Sequence[Run]
    turned_on: float | None


def look(
    ledger: Ledger, inventory: Inventory, run: Run, now: float, turned_on: TurnedOn
) -> FlagTrouble | None:
    """Read it; None where flags have no say in ``run``, or no playbook may turn them off."""
    mine = run.action == ROLLBACK and not run.by_hand and run.intended_at is None
    acts = any(book.action == DISABLE and book.mode != "shadow" for book in inventory.playbooks)
    if not (mine and acts):
        return None
    since = now - inventory.engine.lookback
    runs = [one for one in ledger.facts.latest(DISABLE, since) if one.mode != "shadow"]
    if any(one.state is not State.CLOSED for one in runs):
        return FlagTrouble(runs, None)
    harmless = not_critical(inventory)
    times = [at for flag, at in turned_on(since).items() if flag in harmless]
    return FlagTrouble(runs, max(times, default=None))


def wait_until(trouble: FlagTrouble, run: Run, inventory: Inventory, now: float) -> float | None:
    """Return until when the rollback ``run`` waits for a flag; None if there is no reason to."""
    for one in trouble.runs:
        if one.state is not State.CLOSED and _may_help(one, run):
            return now + inventory.engine.block_retry
    since = trouble.turned_on
    if since is None or any(_tried(one) and one.created_at >= since for one in trouble.runs):
        return None
    until = max(since + _first_alert(inventory), run.starts_at + _next_alert(inventory))
    return min(until, now + inventory.engine.block_retry) if now < until else None


def _may_help(flags: Run, code: Run) -> bool:
    """Say whether the flag may still turn out to have been the same trouble's cause."""
    if flags.state is State.BLOCKED and flags.intended_at is None:
        return flags.reason not in _CANNOT_HELP
    same_function = flags.alert.get("function") == code.target
    # What began to fail with the flag off already does not fail because of it.
    return same_function or flags.applied_at is None or flags.applied_at >= code.starts_at


def _tried(flags: Run) -> bool:
    """Say whether a run that has ended had its chance; one that a person dropped had none."""
    return flags.intended_at is not None or not flags.by_hand


def _first_alert(inventory: Inventory) -> float:
    """Return how long after a flag the alert that blames it may take to arrive (seconds)."""
    collection = inventory.collection
    scrapes = _SCRAPES * inventory.alerting.scrape_interval
    seen = collection.control_plane_every + _LEAST_POLL + scrapes + 2 * collection.period
    visible = collection.lag + inventory.regression.periods * collection.period
    return max(seen, visible) + _delivery(inventory)


def _next_alert(inventory: Inventory) -> float:
    """Return how long after another alert on the same failures that may be (seconds)."""
    return 2 * inventory.collection.period + _delivery(inventory)


def _delivery(inventory: Inventory) -> float:
    alerting = inventory.alerting
    return alerting.remediation_group_wait + _SCRAPES * alerting.scrape_interval
