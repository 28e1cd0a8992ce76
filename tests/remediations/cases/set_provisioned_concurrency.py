"""Provisioned concurrency: two instances for an alias that had none."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig

_FUNCTION = "influxdb_loader"


def _world(rig: Rig) -> Any:
    found = rig.aws.client("lambda").list_provisioned_concurrency_configs(FunctionName=_FUNCTION)
    return [
        {
            "qualifier": config["FunctionArn"].rpartition(":")[2],
            "asked": config["RequestedProvisionedConcurrentExecutions"],
        }
        for config in found["ProvisionedConcurrencyConfigs"]
    ]


CASE = Case(
    name="set_provisioned_concurrency",
    target=_FUNCTION,
    params={"instances": 2},
    world=_world,
    effects={("lambda", "PutProvisionedConcurrencyConfig"): 1},
)
