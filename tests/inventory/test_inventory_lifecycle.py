"""Lifecycle rules of the inventory: what S3 would refuse is refused here."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from inventory.resources import Bucket, LifecycleRule


def moves(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Return a rule that moves objects: pairs of age and class."""
    return {"name": "r", "transitions": [{"after": a, "storage_class": c} for a, c in pairs]}


@pytest.mark.parametrize(
    "document",
    [
        moves(("30d", "STANDARD_IA"), ("60d", "GLACIER")),
        moves(("1d", "GLACIER_IR")),
        moves(("90d", "GLACIER"), ("180d", "DEEP_ARCHIVE")),
        {"name": "r", "expire_after": "365d"},
        {"name": "r", "abort_uploads_after": "7d"},
    ],
)
def test_rules_that_s3_takes(document: dict[str, Any]) -> None:
    """Each of these is a rule."""
    assert LifecycleRule.model_validate(document).name == "r"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"name": "r"}, "must do something"),
        (moves(("29d", "STANDARD_IA")), "too early"),
        (moves(("30d", "STANDARD_IA"), ("59d", "GLACIER")), "too early"),
        (moves(("90d", "GLACIER"), ("120d", "STANDARD_IA")), "colder"),
        (moves(("90d", "GLACIER"), ("120d", "GLACIER")), "colder"),
        (moves(("36h", "GLACIER")), "whole days"),
        (moves(("90d", "COLD")), "Input should be"),
        ({**moves(("90d", "GLACIER")), "expire_after": "90d"}, "after every transition"),
        ({"name": "Not A Name", "expire_after": "1d"}, "pattern"),
    ],
)
def test_rules_that_s3_would_refuse(document: dict[str, Any], said: str) -> None:
    """Each is refused with what is wrong."""
    with pytest.raises(ValidationError, match=said):
        LifecycleRule.model_validate(document)


def test_a_bucket_is_no_place_for_its_own_snapshots() -> None:
    """A snapshot that lay in its source would be copied into the next."""
    with pytest.raises(ValidationError, match="its own snapshots"):
        Bucket.model_validate({"name": "b", "role": "raw", "snapshots": "b"})


def test_names_of_rules_are_not_repeated() -> None:
    """Two rules of one name would be one rule in S3."""
    rule = {"name": "r", "expire_after": "1d"}
    with pytest.raises(ValidationError, match="same name"):
        Bucket.model_validate({"name": "b", "role": "raw", "lifecycle": [rule, rule]})
