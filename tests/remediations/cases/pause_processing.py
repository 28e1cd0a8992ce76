"""Pausing: the rule disabled, three executions stopped."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig
from tests.remediations.test_processing import rule, running


def _world(rig: Rig) -> Any:
    return {"rule": rule(rig), "running": running(rig)}


CASE = Case(
    name="pause_processing",
    world=_world,
    effects={("events", "DisableRule"): 1, ("states", "StopExecution"): 3},
)
