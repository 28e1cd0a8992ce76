"""A snapshot: twelve objects copied, the source as it was."""

from __future__ import annotations

from typing import Any

from inventory.snapshots import folder
from remediations.actions import snapshot_data
from remediations.snapshots.place import Limits
from simulator.aws.s3 import keys
from tests.remediations.case import Case
from tests.remediations.rig import Rig

SOURCE = "ons-data-platform-processed-prod"
TARGET = "ons-data-platform-processed-prod-backup"


def _prepare(_rig: Rig) -> None:
    # One after the other: which call is the seventh must be the same in every run. Each run is made
    # in a copy of this process, so nobody else sees it.
    snapshot_data.ACTION = snapshot_data.action_of(Limits(threads=1))


def _world(_rig: Rig) -> Any:
    # Without the moment in their keys, and without the manifests, which hold times and ids.
    return {
        "source": _objects(SOURCE, ""),
        "copies": {
            n: v for n, v in _objects(TARGET, folder(SOURCE)).items() if n.startswith("data/")
        },
    }


def _objects(bucket: str, prefix: str) -> dict[str, str]:
    found = keys(bucket)
    return {
        name.removeprefix(prefix).partition("/")[2] if prefix else name: key.etag
        for name, key in found.items()
        if name.startswith(prefix)
    }


CASE = Case(
    name="snapshot_data",
    world=_world,
    effects={("s3", "CopyObject"): 12, ("s3", "PutObject"): 3},
    target=SOURCE,
    prepare=_prepare,
)
