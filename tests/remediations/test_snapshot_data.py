"""Snapshots: what is copied, what is told, what is never written over, what a crash leaves."""

from __future__ import annotations

import json
from typing import Any

from inventory.snapshots import manifest_key, stamp_of
from remediations.model import Outcome, Run
from tests.remediations.rig import Rig

SOURCE = "ons-data-platform-processed-prod"
TARGET = "ons-data-platform-processed-prod-backup"


def manifest(rig: Rig, run: Run) -> dict[str, Any]:
    """Return the manifest that really lies there."""
    key = manifest_key(SOURCE, stamp_of(run.created_at))
    body = rig.aws.client("s3").get_object(Bucket=TARGET, Key=key)["Body"].read()
    found: dict[str, Any] = json.loads(body)
    return found


def test_every_object_is_copied(platform: Rig) -> None:
    """All objects of the bucket lie in the snapshot, and the manifest says so."""
    done = platform.ask("snapshot_data", SOURCE)
    assert (done.outcome, done.reason) == (Outcome.SUCCEEDED, "done"), done
    print(manifest(platform, done), done.detail, done.plan.diff)
    assert 0
