"""Turn one feature flag of the inventory on or off, a critical one too: by a person's word."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from inventory.model import Inventory
from remediations import flag_changes, flags
from remediations.action import (
    Action,
    BlockedError,
    Context,
    Observation,
    Params,
    Risk,
    no_target,
)
from remediations.model import Plan, Run

NAME = "set_flag"


class Wanted(Params):
    """Which ``flag``, and whether it is to be on.

    ``in_progress`` is what to do about a deployment of the flags in progress.
    """

    flag: Annotated[str, Field(min_length=1)]
    enabled: bool
    in_progress: Literal["wait", "stop"] = "wait"


def problem(inventory: Inventory, params: Params) -> str | None:
    """Say whether the flag is a foreign one."""
    flag = Wanted.model_validate(params.model_dump()).flag
    known = {one.name for one in inventory.appconfig.flags}
    return None if flag in known else f"the inventory has no flag '{flag[:100]}'"


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Set the flag, if the document defines it."""
    params = Wanted.model_validate(run.params)
    wrong = problem(context.inventory, params)
    if wrong is not None:
        raise BlockedError("flag_not_allowed", wrong)
    now = flag_changes.deployed(seen)
    if params.flag not in now:
        raise BlockedError("flag_missing", f"the document does not define {params.flag}")
    if now[params.flag] is None:
        raise BlockedError("flags_unreadable", f"flag {params.flag} is neither on nor off")
    stop = params.in_progress == "stop"
    return flag_changes.plan(context, run, seen, {params.flag: params.enabled}, stop=stop)


ACTION = Action(
    name=NAME,
    risk=Risk.MEDIUM,
    reads=flags.READS,
    writes=flags.WRITES,
    target=no_target,
    targets=flags.targets,
    observe=flags.observe,
    plan=plan,
    settled=flag_changes.settled,
    effect=flag_changes.effect,
    params=Wanted,
    problem=problem,
    more=flag_changes.more,
    moot=frozenset({flag_changes.CONFLICT}),
    measured=False,
)
