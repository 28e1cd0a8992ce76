"""Rolling back as an alert asks for it: the alias moved, and back if worse; a canary stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from remediations.model import Outcome
from tests.remediations.case import Case
from tests.remediations.rig import FUNCTION, Rig

_STOP = ("codedeploy", "StopDeployment")
_SLOW = 90.0
"""How long CodeDeploy takes to stop and to roll back (seconds): longer than a lease."""


def _prepare(rig: Rig) -> None:
    rig.deploy()
    rig.clock.forward(120)


def _canary(rig: Rig) -> None:
    rig.deploy(config="CodeDeployDefault.LambdaCanary10Percent30Minutes")
    rig.clock.forward(60)
    rig.aws.deployments.stop_seconds = _SLOW
    rig.aws.deployments.rollback_seconds = _SLOW


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
    replace(
        CASE,
        variant="of a canary",
        prepare=_canary,
        effects={_STOP: 1},
        # Nothing tells a stop that is under way from none; a second one changes nothing.
        repeats=frozenset({_STOP}),
    ),
)
