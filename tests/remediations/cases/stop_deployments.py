"""Stopping: two canaries in progress, each stopped with its own rollback."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import FUNCTION, Rig

_CANARY = "CodeDeployDefault.LambdaCanary10Percent30Minutes"
_FUNCTIONS = (FUNCTION, "influxdb_loader")


def _prepare(rig: Rig) -> None:
    for function in _FUNCTIONS:
        rig.deploy(function, config=_CANARY)


def _world(rig: Rig) -> Any:
    return {
        "serving": {function: rig.version(function) for function in _FUNCTIONS},
        "deployments": sorted(
            (one.function, one.creator, one.status, one.current, one.target)
            for one in rig.aws.deployments.all()
        ),
    }


CASE = Case(
    name="stop_deployments",
    world=_world,
    prepare=_prepare,
    effects={("codedeploy", "StopDeployment"): 2},
)
