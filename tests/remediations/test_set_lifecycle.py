"""Lifecycle rules: ours are put, those of others stay, nothing is deleted without a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inventory.resources import Bucket, LifecycleRule
from remediations.action import Hands
from remediations.asking import AskedWronglyError, intent
from remediations.model import Outcome, Sample, State, Verdict
from tests.remediations.rig import CrashError, Rig
from tests.remediations.snapshot_world import die_after, meddle

RAW = "ons-data-platform-raw-prod"
OURS = {
    "ID": "vigia-cold-raw-data",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Transitions": [
        {"Days": 30, "StorageClass": "STANDARD_IA"},
        {"Days": 90, "StorageClass": "GLACIER"},
    ],
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
THEIRS = {
    "ID": "legal-hold-archive",
    "Status": "Enabled",
    "Filter": {"Prefix": "legal/"},
    "Transitions": [{"Days": 365, "StorageClass": "DEEP_ARCHIVE"}],
}
OLD_FORM = {"ID": "old-form", "Status": "Disabled", "Prefix": "tmp/", "Expiration": {"Days": 3}}


@pytest.fixture
def platform(bare: Rig) -> Rig:
    """A rig whose embedded AWS has the raw bucket alone."""
    bare.aws.client("s3").create_bucket(Bucket=RAW)
    return bare


def put(rig: Rig, *rules: dict[str, Any]) -> None:
    """Put rules as somebody else would."""
    rig.aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=RAW, LifecycleConfiguration={"Rules": list(rules)}
    )


def rules(rig: Rig) -> dict[str, Any]:
    """Return the bucket's real rules."""
    client = rig.aws.client("s3")
    try:
        found = client.get_bucket_lifecycle_configuration(Bucket=RAW)["Rules"]
    except client.exceptions.ClientError:
        return {}
    return {rule["ID"]: rule for rule in found}


def use(rig: Rig, *wanted: LifecycleRule) -> None:
    """Go on under an inventory with other rules for the raw bucket."""

    def changed(bucket: Bucket) -> Bucket:
        return bucket.model_copy(update={"lifecycle": wanted}) if bucket.name == RAW else bucket

    buckets = tuple(changed(bucket) for bucket in rig.inventory.buckets)
    rig.use(rig.inventory.model_copy(update={"buckets": buckets}))


def expiring(days: int) -> LifecycleRule:
    """Return a rule that deletes."""
    return LifecycleRule.model_validate(
        {"name": "tmp", "prefix": "tmp/", "expire_after": f"{days}d"}
    )


def waiting(rig: Rig) -> Any:
    """Ask, and return the run that waits for its approval."""
    wanted = intent(rig.inventory, rig.worker.actions["set_lifecycle"], RAW, {}, dry=False)
    rig.ledger.deliveries.ask(wanted, "test", rig.clock.at)
    return rig.until(State.AWAITING_APPROVAL)


def test_our_rules_are_put_and_those_of_others_stay(platform: Rig) -> None:
    """PutBucketLifecycleConfiguration replaces everything: what others had put is written back."""
    put(platform, THEIRS, OLD_FORM)
    done = platform.ask("set_lifecycle", RAW)
    assert (done.outcome, done.reason) == (Outcome.SUCCEEDED, "done")
    assert rules(platform) == {
        "legal-hold-archive": THEIRS,
        "old-form": OLD_FORM,
        "vigia-cold-raw-data": OURS,
    }
    assert done.plan is not None
    assert done.plan.notes == ("archived_must_be_restored",)
    assert done.plan.diff == (
        (
            "vigia-cold-raw-data: none -> every key: STANDARD_IA after 30 days,"
            " GLACIER after 90 days, unfinished uploads removed after 7 days"
        ),
        "rules of others, kept: 2",
    )


def test_a_bucket_without_rules_gets_ours(platform: Rig) -> None:
    """No rules at all is no error; the same again has nothing to do."""
    assert platform.ask("set_lifecycle", RAW).outcome is Outcome.SUCCEEDED
    assert rules(platform) == {"vigia-cold-raw-data": OURS}
    platform.clock.forward(60)
    again = platform.ask("set_lifecycle", RAW)
    assert (again.outcome, again.reason) == (Outcome.CANCELLED, "already_done")
    assert platform.aws.front.count("s3", "PutBucketLifecycleConfiguration") == 1


def test_rules_of_ours_that_left_the_inventory_go(platform: Rig) -> None:
    """A rule of ours is exchanged for what the inventory has now."""
    put(platform, {**OURS, "ID": "vigia-former"}, THEIRS)
    assert platform.ask("set_lifecycle", RAW).outcome is Outcome.SUCCEEDED
    assert set(rules(platform)) == {"vigia-cold-raw-data", "legal-hold-archive"}


def test_rules_that_cannot_be_read_are_not_written(platform: Rig) -> None:
    """Without knowing the rules of others nothing is written: they would be lost."""
    put(platform, THEIRS)
    platform.aws.front.fail(
        "s3", "GetBucketLifecycleConfiguration", code="AccessDenied", status=403
    )
    held = platform.ask("set_lifecycle", RAW)
    assert (held.state, held.reason) == (State.BLOCKED, "aws_denied")
    platform.aws.front.heal()
    assert rules(platform) == {"legal-hold-archive": THEIRS}


def test_a_change_after_the_approval_voids_it(platform: Rig) -> None:
    """Somebody adds a rule before the call: it is planned anew, and approved anew."""
    first = waiting(platform)
    put(platform, THEIRS)
    platform.ledger.runs.approve(first.id, str(first.plan_hash), "test", platform.clock.at)
    again = platform.until(State.AWAITING_APPROVAL, State.CLOSED)
    assert (again.state, again.approved_by) == (State.AWAITING_APPROVAL, None)
    assert rules(platform) == {"legal-hold-archive": THEIRS}
    platform.ledger.runs.approve(again.id, str(again.plan_hash), "test", platform.clock.at)
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert set(rules(platform)) == {"legal-hold-archive", "vigia-cold-raw-data"}


def test_a_change_right_before_the_write_is_not_lost(platform: Rig) -> None:
    """Somebody adds a rule after the last look of the engine: the rules are read once more."""
    real, done = platform.writer, []

    def writer(service: str) -> Any:
        if not done:
            done.append(service)
            put(platform, THEIRS)
        return real(service)

    platform.writer = writer
    ended = platform.ask("set_lifecycle", RAW)
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert rules(platform) == {"legal-hold-archive": THEIRS}


@pytest.mark.parametrize("mode", ["auto", "approve"])
def test_what_deletes_waits_for_a_person(platform: Rig, mode: str) -> None:
    """A rule that expires objects waits for its approval, even where the mode would act at once."""
    use(platform, expiring(30))
    found = waiting_in(platform, mode)
    assert found.plan.approval
    assert "objects_expire" in found.plan.notes
    assert "tmp/: deleted after 30 days" in found.plan.diff[0]
    assert rules(platform) == {}


def waiting_in(rig: Rig, mode: str) -> Any:
    """Ask in a mode, and return the run once it waits."""
    wanted = intent(rig.inventory, rig.worker.actions["set_lifecycle"], RAW, {}, dry=False)
    rig.ledger.deliveries.ask(replace(wanted, mode=mode), "test", rig.clock.at)
    return rig.until(State.AWAITING_APPROVAL, State.CLOSED)


def test_what_deletes_already_is_not_asked_about_again(platform: Rig) -> None:
    """A rule that expires objects and stays as it is needs no second approval."""
    use(platform, expiring(30))
    assert platform.ask("set_lifecycle", RAW).outcome is Outcome.SUCCEEDED
    platform.clock.forward(60)
    use(platform, expiring(30), *rig_rules())
    assert not waiting(platform).plan.approval


def rig_rules() -> tuple[LifecycleRule, ...]:
    """Return a rule that only moves."""
    moves = [{"after": "90d", "storage_class": "GLACIER"}]
    return (LifecycleRule.model_validate({"name": "cold", "transitions": moves}),)


def test_nothing_is_deleted_that_the_inventory_does_not_say(platform: Rig) -> None:
    """The platform's own rules move objects; not one of them expires any."""
    for bucket in platform.inventory.buckets:
        assert all(rule.expire_after is None for rule in bucket.lifecycle)
    platform.ask("set_lifecycle", RAW)
    assert "Expiration" not in rules(platform)["vigia-cold-raw-data"]


def test_a_bucket_without_rules_in_the_inventory_is_refused(platform: Rig) -> None:
    """Where the inventory has no rules there is nothing to put."""
    with pytest.raises(AskedWronglyError):
        platform.ask("set_lifecycle", "ons-data-platform-processed-prod")


def test_s3_may_show_the_former_rules_for_a_while(platform: Rig) -> None:
    """A bucket's settings are eventually consistent: the read-back waits, and does not give up."""
    real = platform.worker.context.reader

    class Late:
        def __init__(self, client: Any, now: Callable[[], float], until: float) -> None:
            self._client = client
            self._now = now
            self._until = until

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def get_bucket_lifecycle_configuration(self, **asked: Any) -> Any:
            if self._now() < self._until:
                return {"Rules": [THEIRS]}
            return self._client.get_bucket_lifecycle_configuration(**asked)

    put(platform, THEIRS)
    late = Late(real("s3"), platform.clock.now, platform.clock.at + 90)
    context = replace(platform.worker.context, reader=lambda _service: late)
    platform.worker = replace(platform.worker, context=context)
    platform.engine._worker = platform.worker
    assert platform.ask("set_lifecycle", RAW).outcome is Outcome.SUCCEEDED
    # The first one is that of the others.
    assert platform.aws.front.count("s3", "PutBucketLifecycleConfiguration") == 2


@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_writes_once(platform: Rig, *, after: bool) -> None:
    """S3 fails once, before or after it acted: the rules are there, written once."""
    platform.aws.front.fail("s3", "PutBucketLifecycleConfiguration", times=1, after=after)
    assert platform.ask("set_lifecycle", RAW).outcome is Outcome.SUCCEEDED
    assert platform.aws.front.count("s3", "PutBucketLifecycleConfiguration") == 1
    assert rules(platform) == {"vigia-cold-raw-data": OURS}


def test_killed_after_the_write_it_is_not_written_again(platform: Rig) -> None:
    """The service comes back, looks, and finds its rules there."""
    die_after(platform, 0)
    with pytest.raises(CrashError):
        platform.ask("set_lifecycle", RAW)
    platform.restart()
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert platform.aws.front.count("s3", "PutBucketLifecycleConfiguration") == 1


def worse(rig: Rig) -> None:
    """Let the action be one whose outcome is measured, and always worse."""
    actions: dict[str, Any] = rig.worker.actions  # type: ignore[assignment]
    actions["set_lifecycle"] = replace(
        actions["set_lifecycle"],
        measured=True,
        judge=lambda context, _run: Sample(context.now(), Verdict.WORSE, {}),
    )


@pytest.mark.parametrize("before", [(), (THEIRS,)])
def test_undo_returns_to_the_rules_of_before(
    platform: Rig, before: tuple[dict[str, Any], ...]
) -> None:
    """Undone, the bucket has the rules that it had, or none."""
    if before:
        put(platform, *before)
    worse(platform)
    assert platform.ask("set_lifecycle", RAW).outcome is Outcome.UNDONE
    assert rules(platform) == {rule["ID"]: rule for rule in before}


def test_undo_leaves_alone_what_others_changed(platform: Rig) -> None:
    """Somebody changed the rules since: undoing would lose that, so nothing is undone."""
    done = platform.ask("set_lifecycle", RAW)
    assert done.plan is not None
    put(platform, OURS, THEIRS)
    action = platform.worker.actions["set_lifecycle"]
    seen = action.observe(platform.worker.context, done)
    assert action.undo(done.plan, seen) == ()
    undo = done.plan.undo[0]
    with pytest.raises(Exception, match="somebody else"):
        action.own[undo.operation](Hands(platform.worker.context, platform.writer), undo.arguments)
    assert set(rules(platform)) == {"vigia-cold-raw-data", "legal-hold-archive"}


def test_the_least_size_of_moved_objects_is_kept(platform: Rig) -> None:
    """Writing without it would set it back to S3's own: it is written back as it was read."""
    sent: list[Any] = []
    put(platform, THEIRS)
    meddle(platform)
    real = platform.writer

    class Spy:
        def put_bucket_lifecycle_configuration(self, **asked: Any) -> Any:
            sent.append(asked["TransitionDefaultMinimumObjectSize"])
            return real("s3").put_bucket_lifecycle_configuration(**asked)

    platform.writer = lambda _service: Spy()
    assert platform.ask("set_lifecycle", RAW).outcome is Outcome.SUCCEEDED
    assert sent == ["all_storage_classes_128K"]
