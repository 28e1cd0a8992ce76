"""Turn feature flags off: by default all that the inventory does not call critical.

As an alert asks for it, it is the right action only where one of these flags was turned on
recently and the trouble began after that. Which flags may be touched says the inventory, never
the alert; the alert names the function by whose failures the outcome is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from inventory.model import Inventory
from remediations import error_ratio, flag_changes, flags
from remediations.action import (
    Action,
    BlockedError,
    Context,
    Observation,
    Params,
    Risk,
    UnavailableError,
)
from remediations.model import Plan, Run, Sample

NAME = flags.DISABLE


class Wanted(Params):
    """Which ``flags`` (all that are not critical if None).

    ``in_progress`` is what to do about a deployment of the flags in progress.
    """

    flags: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    in_progress: Literal["wait", "stop"] = "wait"


def _chosen(inventory: Inventory, params: Wanted) -> tuple[str, ...]:
    harmless = flags.not_critical(inventory)
    return harmless if params.flags is None else params.flags


def problem(inventory: Inventory, params: Params) -> str | None:
    """Say which flag must not be named."""
    wanted = Wanted.model_validate(params.model_dump())
    known = {flag.name for flag in inventory.appconfig.flags}
    for flag in _chosen(inventory, wanted):
        if flag not in known:
            return f"the inventory has no flag '{flag[:100]}'"
        if flag not in flags.not_critical(inventory):
            return f"flag '{flag}' is critical: only set_flag may turn it off"
    return None


def target(_labels: Mapping[str, str]) -> str | None:
    """Return the flags: there is one document, whatever the alert is about."""
    return flags.TARGET


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Turn off what is on; what the document lacks or has off is left."""
    params = Wanted.model_validate(run.params)
    wrong = problem(context.inventory, params)
    if wrong is not None:
        raise BlockedError("flag_not_allowed", wrong)
    now = flag_changes.deployed(seen)
    chosen = [flag for flag in _chosen(context.inventory, params) if flag in now]
    for flag in chosen:
        if now[flag] is None:
            raise BlockedError("flags_unreadable", f"flag {flag} is neither on nor off")
    if not run.by_hand:
        _turned_on_before(context, run, chosen)
    return flag_changes.plan(
        context,
        run,
        seen,
        dict.fromkeys(chosen, False),
        stop=params.in_progress == "stop",
        spared=[flag.name for flag in context.inventory.appconfig.flags if flag.critical],
    )


def _turned_on_before(context: Context, run: Run, chosen: list[str]) -> None:
    """Require that the trouble began after one of the flags was turned on, and not long ago."""
    lookback = context.inventory.engine.lookback
    found = flags.turned_on(context, context.now() - lookback)
    times = [at for flag, at in found.items() if flag in chosen]
    if not times:
        raise BlockedError(
            "no_recent_flag", f"none of the flags was turned on within {lookback:.0f} s"
        )
    if run.starts_at < min(times):
        raise BlockedError("trouble_before_flag", "the alert is older than the flag's deployment")


def _function(context: Context, run: Run) -> str:
    function = run.alert.get("function", "")
    if function not in context.inventory.function_names:
        raise UnavailableError("no_target", "the alert names no function of the inventory")
    return function


def baseline(context: Context, run: Run) -> Mapping[str, float | None]:
    """Measure how the alert's function fares; raises if it is well, or nothing can be seen."""
    return error_ratio.baseline(context, _function(context, run))


def judge(context: Context, run: Run) -> Sample:
    """Say whether the alert's function recovered; no traffic or no data proves nothing."""
    return error_ratio.judge(context, run, _function(context, run))


def measured(run: Run) -> bool:
    """Whether there is a function to judge by: a person who asks names none."""
    return not run.by_hand


ACTION = Action(
    name=NAME,
    risk=Risk.MEDIUM,
    reads=flags.READS,
    writes=flags.WRITES,
    target=target,
    targets=flags.targets,
    observe=flags.observe,
    plan=plan,
    settled=flag_changes.settled,
    effect=flag_changes.effect,
    undo=flag_changes.undo,
    baseline=baseline,
    judge=judge,
    params=Wanted,
    problem=problem,
    more=flag_changes.more,
    moot=frozenset({flag_changes.CONFLICT}),
    measured_for=measured,
)
