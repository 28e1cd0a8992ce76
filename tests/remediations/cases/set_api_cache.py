"""The cache of the stage: on, of the smallest size."""

from __future__ import annotations

from typing import Any

from simulator.aws.api_gateway import caches
from tests.remediations.case import Case
from tests.remediations.rig import Rig

API = "ons-data-platform-api"


def _world(rig: Rig) -> Any:
    return caches(rig.inventory.aws.region, API, "prod")


CASE = Case(
    name="set_api_cache",
    world=_world,
    effects={("apigateway", "UpdateStage"): 1},
    target=API,
    params={"enabled": True},
)
MORE = (
    Case(
        name="set_api_cache",
        variant="for two hours",
        world=_world,
        effects={("apigateway", "UpdateStage"): 2},
        target=API,
        params={"enabled": True, "last": "2h"},
    ),
)
