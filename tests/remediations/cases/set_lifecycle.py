"""Lifecycle rules: ours on the raw bucket, beside one of somebody else."""

from __future__ import annotations

from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from tests.remediations.case import Case
from tests.remediations.rig import Rig
from tests.remediations.test_set_lifecycle import RAW, rules

_THEIRS = {
    "ID": "legal-hold-archive",
    "Status": "Enabled",
    "Filter": {"Prefix": "legal/"},
    "Transition": [{"Days": "365", "StorageClass": "DEEP_ARCHIVE"}],
}


def _prepare(_rig: Rig) -> None:
    # Not by a call: only those of the action are to be counted.
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_bucket_lifecycle(RAW, [_THEIRS])


def _world(rig: Rig) -> Any:
    return rules(rig)


CASE = Case(
    name="set_lifecycle",
    world=_world,
    effects={("s3", "PutBucketLifecycleConfiguration"): 1},
    target=RAW,
    prepare=_prepare,
)
