"""Resuming: what a pause of ours disabled and stopped is enabled and taken up again."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig
from tests.remediations.test_processing import MACHINE, rule, running


def _prepare(rig: Rig) -> None:
    rig.ask("pause_processing")
    rig.clock.forward(600)


def _prepare_twice(rig: Rig) -> None:
    _prepare(rig)
    rig.aws.client("stepfunctions").start_execution(
        stateMachineArn=MACHINE, name="by-hand", input="{}"
    )
    _prepare(rig)


def _world(rig: Rig) -> Any:
    client = rig.aws.client("stepfunctions")
    executions = client.list_executions(stateMachineArn=MACHINE)["executions"]
    return {
        "rule": rule(rig),
        "running": running(rig),
        "redrives": {
            one["name"]: client.describe_execution(executionArn=one["executionArn"]).get(
                "redriveCount", 0
            )
            for one in executions
        },
    }


CASE = Case(
    name="resume_processing",
    prepare=_prepare,
    world=_world,
    effects={("events", "EnableRule"): 1, ("states", "RedriveExecution"): 3},
)
MORE = (
    Case(
        name="resume_processing",
        variant="after two pauses",
        prepare=_prepare_twice,
        world=_world,
        effects={("events", "EnableRule"): 1, ("states", "RedriveExecution"): 4},
    ),
)
