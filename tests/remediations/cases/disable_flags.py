"""Turning flags off as an alert asks for it: a version, its deployment, and the strategy for it."""

from __future__ import annotations

from remediations.model import Outcome
from tests.remediations.case import Case
from tests.remediations.flag_world import API, MAINTENANCE, PROCESSING, Flags, flag_alert, world
from tests.remediations.rig import Rig


def _prepare(rig: Rig) -> None:
    rig.clock.forward(7200)
    Flags(rig).deploy({API: {"enabled": True, "limit": 2}, PROCESSING: False, MAINTENANCE: True})
    rig.clock.forward(300)


def _start(rig: Rig) -> None:
    rig.deliver(flag_alert(rig))


def _recover(rig: Rig) -> None:
    rig.metrics.ratio = 0.0


def _grow_worse(rig: Rig) -> None:
    rig.metrics.ratio = 0.9


CASE = Case(
    name="disable_flags",
    prepare=_prepare,
    start=_start,
    recover=_recover,
    world=world,
    effects={
        ("appconfig", "CreateDeploymentStrategy"): 1,
        ("appconfig", "CreateHostedConfigurationVersion"): 1,
        ("appconfig", "StartDeployment"): 1,
    },
)
MORE = (
    Case(
        name="disable_flags",
        variant="undone",
        prepare=_prepare,
        start=_start,
        recover=_grow_worse,
        world=world,
        effects={
            ("appconfig", "CreateDeploymentStrategy"): 1,
            ("appconfig", "CreateHostedConfigurationVersion"): 1,
            ("appconfig", "StartDeployment"): 2,
        },
        outcome=Outcome.UNDONE,
    ),
)
