"""Setting a flag by hand while a deployment of the flags bakes: it is stopped first."""

from __future__ import annotations

from tests.remediations.case import Case
from tests.remediations.flag_world import API, MAINTENANCE, PROCESSING, Flags, world
from tests.remediations.rig import Rig


def _prepare(rig: Rig) -> None:
    flags = Flags(rig)
    flags.deploy({API: False, PROCESSING: True, MAINTENANCE: True})
    rig.clock.forward(60)
    flags.deploy({API: True, PROCESSING: True, MAINTENANCE: True}, bake=1000)


CASE = Case(
    name="set_flag",
    params={"flag": MAINTENANCE, "enabled": False, "in_progress": "stop"},
    prepare=_prepare,
    world=world,
    effects={
        ("appconfig", "CreateDeploymentStrategy"): 1,
        ("appconfig", "CreateHostedConfigurationVersion"): 1,
        ("appconfig", "StopDeployment"): 1,
        ("appconfig", "StartDeployment"): 1,
    },
)
