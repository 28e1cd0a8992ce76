"""Rolling back as an alert asks for it: one conditional move of the alias, one back if worse."""

from __future__ import annotations

from typing import Any

from remediations.model import Outcome
from tests.remediations.case import Case
from tests.remediations.rig import FUNCTION, Rig


def _prepare(rig: Rig) -> None:
    rig.deploy()
    rig.clock.forward(120)


def _start(rig: Rig) -> None:
    rig.deliver(rig.alert())


def _recover(rig: Rig) -> None:
    rig.metrics.ratio = 0.0


def _grow_worse(rig: Rig) -> None:
    rig.metrics.ratio = 0.9


def _world(rig: Rig) -> Any:
    alias = rig.aws.client("lambda").get_alias(FunctionName=FUNCTION, Name="LIVE")
    return {"serves": rig.version(), "routing": alias.get("RoutingConfig")}


CASE = Case(
    name="rollback_function",
    prepare=_prepare,
    start=_start,
    recover=_recover,
    world=_world,
    effects={("lambda", "UpdateAlias"): 1},
)
MORE = (
    Case(
        name="rollback_function",
        variant="undone",
        prepare=_prepare,
        start=_start,
        recover=_grow_worse,
        world=_world,
        effects={("lambda", "UpdateAlias"): 2},
        outcome=Outcome.UNDONE,
    ),
)
