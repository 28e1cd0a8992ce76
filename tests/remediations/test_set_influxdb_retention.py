"""InfluxDB's retention: shortened by a person alone, changed once, the token told to nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from inventory.influx import InfluxBuckets, InfluxError
from inventory.settings import Settings
from remediations.actions.set_influxdb_retention import seconds_of
from remediations.app import _influx_token
from remediations.asking import AskedWronglyError, checked, intent
from remediations.ledger.schema import AUDIT, RUNS, STEPS
from remediations.model import Outcome, State
from tests.remediations.rig import TOKEN, CrashError, Rig

DAY = 86_400
BUCKET = "energy_data"


@pytest.fixture
def platform(bare: Rig) -> Rig:
    """A rig with InfluxDB, which keeps its data for a year."""
    bare.influxdb().buckets.retention = 365 * DAY
    return bare


def ask(rig: Rig, keep: str) -> Any:
    """Ask for a retention."""
    return rig.ask("set_influxdb_retention", BUCKET, keep=keep)


def kept(rig: Rig) -> int:
    """Return the bucket's real retention in seconds."""
    return rig.influxdb().buckets.retention


def changes(rig: Rig) -> int:
    """Return how often the bucket was really changed."""
    return rig.aws.front.count("influxdb", "UpdateBucket")


def begun(rig: Rig, keep: str, mode: str = "approve") -> Any:
    """Ask in a mode, and return the run once it waits or has ended."""
    action = rig.worker.actions["set_influxdb_retention"]
    wanted = intent(rig.inventory, action, BUCKET, {"keep": keep}, dry=False)
    rig.ledger.deliveries.ask(replace(wanted, mode=mode), "test", rig.clock.at)
    return rig.until(State.AWAITING_APPROVAL, State.CLOSED, State.BLOCKED)


def test_longer_retention_is_set_and_read_back(platform: Rig) -> None:
    """The manual's seven years: nothing is deleted, so nothing warns of it."""
    done = ask(platform, "7y")
    assert (done.outcome, kept(platform)) == (Outcome.SUCCEEDED, 7 * 365 * DAY)
    assert done.plan is not None
    assert (done.plan.approval, done.plan.notes) == (False, ())


def test_nothing_else_of_the_bucket_changes(platform: Rig) -> None:
    """Name, description and the span of shard groups are those of before."""
    before = platform.influxdb().buckets.document()
    ask(platform, "7y")
    after = platform.influxdb().buckets.document()
    rule = {**before["retentionRules"][0], "everySeconds": 7 * 365 * DAY}
    assert after == {**before, "retentionRules": [rule]}


@pytest.mark.parametrize("mode", ["auto", "approve"])
@pytest.mark.parametrize("before", [365 * DAY, 0])
def test_shortened_without_approval_is_impossible(platform: Rig, mode: str, before: int) -> None:
    """Whatever the mode, nothing is deleted before a person approves; if none comes, it expires."""
    platform.influxdb().buckets.retention = before
    platform.influxdb().write("load", {}, {"mw": 1.0}, time.time() - 100 * DAY)
    waiting = begun(platform, "30d", mode)
    assert waiting.state is State.AWAITING_APPROVAL
    assert (waiting.plan.approval, waiting.plan.notes) == (True, ("data_are_deleted",))
    assert platform.end().outcome is Outcome.EXPIRED
    assert (kept(platform), changes(platform)) == (before, 0)
    assert platform.influxdb().points() == 1


def test_an_approved_one_deletes(platform: Rig) -> None:
    """Approved, the shorter time holds, and what is older is gone: that is what was asked."""
    for days in (100, 1):
        platform.influxdb().write("load", {}, {"mw": 1.0}, time.time() - days * DAY)
    assert ask(platform, "30d").outcome is Outcome.SUCCEEDED
    assert (kept(platform), platform.influxdb().points()) == (30 * DAY, 1)


def test_for_ever(platform: Rig) -> None:
    """Data can be kept for ever; the same again has nothing to do."""
    assert ask(platform, "forever").outcome is Outcome.SUCCEEDED
    assert kept(platform) == 0
    platform.clock.forward(60)
    again = ask(platform, "forever")
    assert (again.outcome, again.reason) == (Outcome.CANCELLED, "already_done")


def test_shorter_than_a_shard_group(platform: Rig) -> None:
    """A span that is longer than the new retention would be refused: InfluxDB chooses one."""
    assert ask(platform, "1d").outcome is Outcome.SUCCEEDED
    assert platform.influxdb().buckets.shard == 3600


@pytest.mark.parametrize("keep", ["59m", "0s", "7 years", "", "101y", "-1d", "for ever"])
def test_what_influxdb_does_not_take_is_refused(platform: Rig, keep: str) -> None:
    """Refused before a run is opened."""
    with pytest.raises(AskedWronglyError, match="keep"):
        checked(platform.worker.actions["set_influxdb_retention"], {"keep": keep})


def test_years_are_of_365_days() -> None:
    """As in the manual's seven years."""
    assert seconds_of("7y") == 7 * 365 * DAY


def test_only_the_inventorys_bucket(platform: Rig) -> None:
    """Another bucket of the same database is refused."""
    with pytest.raises(AskedWronglyError, match="may not act"):
        platform.ask("set_influxdb_retention", "_monitoring", keep="30d")


def test_a_bucket_that_is_not_there_is_named(platform: Rig) -> None:
    """The run is held, and says so."""
    platform.influxdb().buckets._name = "another"
    held = ask(platform, "7y")
    assert (held.state, held.reason) == (State.BLOCKED, "target_missing")


def test_a_change_after_the_approval_voids_it(platform: Rig) -> None:
    """Somebody else changes the retention: the approved plan is not carried out."""
    waiting = begun(platform, "90d")
    platform.influxdb().buckets.retention = 30 * DAY
    platform.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "test", platform.clock.at)
    again = platform.until(State.AWAITING_APPROVAL, State.CLOSED)
    assert (again.state, again.approved_by) == (State.AWAITING_APPROVAL, None)
    assert kept(platform) == 30 * DAY


def test_a_change_right_before_the_call_is_not_lost(platform: Rig) -> None:
    """Somebody changes it after the engine's last look: it is read once more, and left."""
    meddle(platform, before=lambda: setattr(platform.influxdb().buckets, "retention", 30 * DAY))
    done = ask(platform, "7y")
    assert (done.outcome, done.reason) == (Outcome.INCONCLUSIVE, "drift")
    assert (kept(platform), changes(platform)) == (30 * DAY, 0)


def meddle(rig: Rig, before: Callable[[], None]) -> None:
    """Do something after the engine has looked and before the action looks once more."""
    action = rig.worker.actions["set_influxdb_retention"]
    ((name, own),) = action.own.items()

    def meddled(hands: Any, asked: Any) -> None:
        before()
        own(hands, asked)

    actions: dict[str, Any] = rig.worker.actions  # type: ignore[assignment]
    actions["set_influxdb_retention"] = replace(action, own={name: meddled})


@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_changes_it_once(platform: Rig, *, after: bool) -> None:
    """The database fails once, before or after it acted: it is changed once."""
    platform.aws.front.fail("influxdb", "UpdateBucket", status=503, times=1, after=after)
    assert ask(platform, "90d").outcome is Outcome.SUCCEEDED
    assert (kept(platform), changes(platform)) == (90 * DAY, 1)


def test_killed_after_the_call_it_is_not_made_again(platform: Rig) -> None:
    """The service comes back, looks, and finds the retention as planned."""
    real = platform.writer

    class Dying:
        def set_retention(self, **asked: Any) -> None:
            real("influxdb").set_retention(**asked)
            raise CrashError

    platform.writer = lambda _service: Dying()
    with pytest.raises(CrashError):
        ask(platform, "90d")
    platform.writer = real
    platform.restart()
    assert platform.end().outcome is Outcome.SUCCEEDED
    assert changes(platform) == 1


@pytest.mark.parametrize(
    ("operation", "status", "ending"),
    [
        ("GetBuckets", 401, (State.BLOCKED, None, "influxdb_denied")),
        ("GetBuckets", 500, (State.BLOCKED, None, "influxdb_server_error")),
        ("UpdateBucket", 403, (State.CLOSED, Outcome.FAILED, "refused")),
        ("UpdateBucket", 503, (State.CLOSED, Outcome.FAILED, "no_effect")),
    ],
)
def test_refusals_are_told(
    platform: Rig, operation: str, status: int, ending: tuple[State, Outcome | None, str]
) -> None:
    """Without the right to look the run is held; without that to change it fails."""
    platform.aws.front.fail("influxdb", operation, status=status)
    found = ask(platform, "7y")
    assert (found.state, found.outcome, found.reason) == ending
    assert kept(platform) == 365 * DAY


def test_a_database_that_is_away_holds_the_run(platform: Rig) -> None:
    """Nobody answers: held, with a reason of its own."""
    settings = platform.inventory.influxdb

    def reader(_service: str) -> InfluxBuckets:
        return InfluxBuckets(settings, lambda: TOKEN, 1, "http://127.0.0.1:9")

    platform.worker = replace(
        platform.worker, context=replace(platform.worker.context, reader=reader)
    )
    platform.engine._worker = platform.worker
    held = ask(platform, "7y")
    assert (held.state, held.reason) == (State.BLOCKED, "influxdb_unreachable")


def test_the_token_is_told_to_nobody(
    platform: Rig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither ledger nor log nor output has it, also where the database refuses it."""
    caplog.set_level("DEBUG")
    ask(platform, "7y")
    platform.clock.forward(60)
    platform.aws.front.fail("influxdb", "UpdateBucket", status=401, code=TOKEN)
    assert ask(platform, "forever").outcome is Outcome.FAILED
    with platform.ledger.engine.connect() as connection:
        rows = [
            json.dumps(
                [dict(row) for row in connection.execute(sa.select(t)).mappings()], default=str
            )
            for t in (RUNS, STEPS, AUDIT)
        ]
    said = "".join([*rows, caplog.text, *capfd.readouterr()])
    assert "energy_data" in said
    assert TOKEN not in said


def test_the_actions_have_a_token_of_their_own(tmp_path: Path) -> None:
    """The exporter's token is not used; the file is read afresh, so that it can be exchanged."""
    (tmp_path / "exporter").write_text("may-only-write-canaries")
    settings = Settings.read({"VIGIA_INFLUXDB_TOKEN_FILE": str(tmp_path / "exporter")})
    with pytest.raises(InfluxError, match="VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE is not set"):
        _influx_token(settings)
    own = tmp_path / "own"
    settings = Settings.read({"VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE": str(own)})
    with pytest.raises(InfluxError, match="No such file"):
        _influx_token(settings)
    for token in ("first", "second"):
        own.write_text(token + "\n")
        assert _influx_token(settings) == token
