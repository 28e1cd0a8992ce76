"""Scaling: another class and more storage, in one change."""

from __future__ import annotations

from typing import Any

from tests.remediations.case import Case
from tests.remediations.rig import Rig
from tests.remediations.test_settings_actions import available


def _world(rig: Rig) -> Any:
    (found,) = rig.aws.client("timestream-influxdb").list_db_instances()["items"]
    return {name: found[name] for name in ("dbInstanceType", "allocatedStorage", "status")}


def _start(rig: Rig) -> None:
    labels = {
        "alertname": "InfluxDiskAlmostFull",
        "remediation": "grow_influxdb",
        "instance_id": rig.inventory.influxdb.instance,
    }
    rig.deliver(rig.alert(labels=labels))


def _recover(rig: Rig) -> None:
    rig.metrics.firing = False


CASE = Case(
    name="scale_influxdb",
    params={"instance_type": "db.influx.large", "storage_gib": 200},
    prepare=available,
    world=_world,
    effects={("timestream-influxdb", "UpdateDbInstance"): 1},
)
MORE = (
    Case(
        name="scale_influxdb",
        variant="for an alert",
        prepare=available,
        start=_start,
        recover=_recover,
        world=_world,
        effects={("timestream-influxdb", "UpdateDbInstance"): 1},
    ),
)
