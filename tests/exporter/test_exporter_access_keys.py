"""The collector of access keys against the embedded AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from exporter.collector import Reason, Use
from exporter.collectors.access_keys import PLANNED_USERS, parse
from exporter.failures import classify
from simulator.aws.server import EmbeddedAws
from tests.exporter.scopes import spread
from tests.exporter.support import Bench, values

HOME = "123456789012"
DAY = 86_400.0
OVERDUE = ("access_keys_overdue", HOME)


def key_of(aws: EmbeddedAws, user: str, created: float) -> str:
    """Give ``user``, made if need be, a key that was created at ``created``; return its id."""
    iam = aws.client("iam")
    if user not in [known["UserName"] for known in iam.list_users()["Users"]]:
        iam.create_user(UserName=user)
    identity: str = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    aws.security.created(user, identity, created)
    return identity


def shown(user: str, identity: str) -> tuple[str, ...]:
    """Return the key of an access key's series."""
    return ("access_key_created_timestamp_seconds", HOME, user, identity[-4:])


def test_age_of_every_active_key(bench: Bench, aws: EmbeddedAws) -> None:
    """Each active key has its creation time and the end of its id; those past the limit count."""
    now = bench.clock.at
    old, fresh = key_of(aws, "ana", now - 91 * DAY), key_of(aws, "ana", now - 89 * DAY)
    off = key_of(aws, "bot", now - 400 * DAY)
    aws.client("iam").update_access_key(UserName="bot", AccessKeyId=off, Status="Inactive")
    aws.client("iam").create_user(UserName="keyless")
    found = bench.collect("access_keys")
    assert found == {
        shown("ana", old): now - 91 * DAY,
        shown("ana", fresh): now - 89 * DAY,
        OVERDUE: 1.0,
    }
    assert not [label for labels in found for label in labels if label in (old, fresh)]


def test_rotation_is_seen(bench: Bench, aws: EmbeddedAws) -> None:
    """A key that is deleted is gone on the next run, and no longer overdue."""
    old = key_of(aws, "ana", bench.clock.at - 200 * DAY)
    assert bench.collect("access_keys")[OVERDUE] == 1.0
    aws.client("iam").delete_access_key(UserName="ana", AccessKeyId=old)
    assert bench.collect("access_keys") == {OVERDUE: 0.0}


def test_every_page_is_read(bench: Bench, aws: EmbeddedAws) -> None:
    """More users, and more keys, than an answer holds are read to the last."""
    for number in range(5):
        for _ in range(2):
            key_of(aws, f"user-{number}", bench.clock.at)
    aws.security.users, aws.security.keys = 2, 1
    before = aws.front.count("iam", "ListUsers")
    assert len(bench.collect("access_keys")) == 10 + 1
    assert aws.front.count("iam", "ListUsers") - before == 3
    assert aws.front.count("iam", "ListAccessKeys") == 10


def test_account_without_users(bench: Bench) -> None:
    """Nobody has a key, and no key is overdue."""
    assert bench.collect("access_keys") == {OVERDUE: 0.0}


def test_user_deleted_meanwhile(bench: Bench, aws: EmbeddedAws) -> None:
    """A user who vanishes between the two calls has no keys; the others are shown."""
    for user in ("ana", "bot"):
        key_of(aws, user, bench.clock.at)
    aws.front.fail("iam", "ListAccessKeys", code="NoSuchEntity", status=404, times=1)
    reading = bench.reading("access_keys")
    assert {key[2] for key in values(reading) if key != OVERDUE} == {"bot"}
    assert (reading.seen, reading.expected) == (1, 1)


def test_each_account_once(bench: Bench, aws: EmbeddedAws) -> None:
    """IAM is global: a second region of an account asks nothing, another account does."""
    spread(bench, ("south", HOME, "sa-east-1"), ("data", "210987654321", "us-east-1"))
    found = bench.collect("access_keys")
    assert found == {OVERDUE: 0.0, ("access_keys_overdue", "210987654321"): 0.0}
    assert aws.front.count("iam", "ListUsers") == 2


def test_refusal_is_classified(bench: Bench, aws: EmbeddedAws) -> None:
    """A denied call fails the collection with its reason."""
    key_of(aws, "ana", bench.clock.at)
    aws.front.fail("iam", "ListAccessKeys", code="AccessDenied", status=403)
    with pytest.raises(ClientError) as failed:
        bench.collect("access_keys")
    known = classify(failed.value)
    assert known is not None
    assert known[0] is Reason.DENIED


def test_uses_are_the_calls_that_go_out(bench: Bench, aws: EmbeddedAws) -> None:
    """A run sends what it says for an account of as many users as it is planned with."""
    iam = aws.client("iam")
    for number in range(PLANNED_USERS):
        iam.create_user(UserName=f"user-{number}")
    bench.collect("access_keys")
    assert bench.collectors["access_keys"].uses(bench.inventory) == (
        Use("iam", "ListUsers", aws.front.count("iam", "ListUsers")),
        Use("iam", "ListAccessKeys", aws.front.count("iam", "ListAccessKeys")),
    )


@given(st.lists(st.text("AB", min_size=20, max_size=20), min_size=1, max_size=5, unique=True))
def test_ends_tell_a_users_keys_apart(identities: list[str]) -> None:
    """However alike the ids of a user's keys end, each key has a label of its own."""
    created = datetime(2026, 1, 1, tzinfo=UTC)
    page: dict[str, Any] = {
        "AccessKeyMetadata": [
            {"AccessKeyId": identity, "Status": "Active", "CreateDate": created}
            for identity in identities
        ]
    }
    ends = [key.shown for key in parse([page])]
    assert len(set(ends)) == len(identities)
    assert all(identity.endswith(end) for identity, end in zip(identities, ends, strict=True))
