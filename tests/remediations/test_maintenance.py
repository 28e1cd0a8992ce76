"""Maintenance windows against a real Alertmanager and the embedded AWS."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from alerts.packs import packs
from catalogue.silences import SECURITY_ALERTS, SELF_ALERTS, UNLABELLED_ALERTS
from inventory.model import Inventory
from remediations.escalation import ALERT
from remediations.ledger.switches import Switch
from remediations.ledger.windows import Phase, Progress, Window, WindowMovedError
from remediations.maintenance import Asked, MaintenanceError
from remediations.model import Outcome, State
from simulator.processes import free_port
from tests.conftest import wait_for
from tests.remediations.rig import FUNCTION, Rig
from tests.remediations.test_notify import topic
from tests.remediations.window_world import ASKED, HOUR, Site, progress

_OWN_PACKS = ("engine", "missing-data", "exporter", "maintenance")


@pytest.fixture
def site(flags_rig: Rig, alertmanager: str) -> Site:
    """Flags, the users' topic, and a real Alertmanager without silences."""
    sns_backends[DEFAULT_ACCOUNT_ID][flags_rig.aws.region].reset()
    topic(flags_rig)
    return Site(flags_rig, alertmanager)


@pytest.fixture
def whole(platform: Rig, alertmanager: str) -> Site:
    """All of the platform, and a real Alertmanager without silences."""
    return Site(platform, alertmanager)


def test_a_window_begins_and_ends(site: Site) -> None:
    """Users are told, alerts silenced, the flag is on, the engine held; the end undoes each."""
    begun = site.begin()
    assert begun.phase is Phase.ACTIVE
    assert progress(begun) == dict.fromkeys(("engine", "notice", "silence", "flag"), "done")
    assert site.flag()
    assert site.windows.held_until() == begun.until
    assert {one["createdBy"] for one in site.silences()} == {"vigia"}
    assert len(site.notices()) == 1
    assert "troca do banco" in site.notices()[0]
    over = site.end()
    assert (over.phase, over.by, over.ended_by) == (Phase.ENDED, "ana", "rui")
    assert set(progress(over).values()) == {"done"}
    assert not site.flag()
    assert site.windows.held_until() is None
    assert site.silences() == []
    assert len(site.notices()) == 2


def test_services_are_silenced_and_vigia_is_not(site: Site) -> None:
    """Each kind of service is quiet; Vigia's own alerts, security and strangers are not."""
    site.begin()
    assert site.raised(alertname="LambdaErrorsHigh", function=FUNCTION)
    assert site.raised(alertname="ApiLatencyHigh", api="ons-data-platform-api", stage="prod")
    assert site.raised(alertname="InfluxDown", bucket="energy_data")
    assert site.raised(alertname="ProcessingIdle")
    assert site.raised(alertname="LambdaBudgetBurnFast", objective="lambda_success")
    assert site.raised(alertname="EscalationTier2", escalated="LambdaErrorsHigh", function=FUNCTION)
    for name in SELF_ALERTS:
        assert not site.raised(alertname=name, function=FUNCTION), name
    assert not site.raised(alertname="EscalationTier2", escalated="RemediationBlocked")
    assert not site.raised(alertname="SecurityEvents", team="security", function=FUNCTION)
    assert not site.raised(
        alertname="EscalationTier2", escalated="SecurityEvents", function=FUNCTION
    )
    assert not site.raised(alertname="CostOverBudget")
    assert not site.raised(alertname="LambdaErrorsHigh", function="somebody_elses")
    assert not site.raised(alertname="LambdaErrorsHigh", function=f"{FUNCTION}_2")
    assert not site.raised(alertname="LambdaErrorsHigh", function=FUNCTION, environment="dev")


def test_silences_end_by_themselves(site: Site) -> None:
    """Nobody ends the window: Alertmanager does, at the time that was said at the beginning."""
    window = site.windows.begin(ASKED, "ana")
    brief = replace(window, until=time.time() + 1.5)
    site.rig.ledger.windows.save(brief, site.rig.clock.at)
    while not site.silences():
        site.windows.work()
        site.rig.step()
    wait_for(lambda: site.silences() == [], 20)


def test_automatic_actions_are_held_until_the_hard_end(whole: Site) -> None:
    """An alert's run waits while the window lasts; after the hard end nothing holds it."""
    begun = whole.begin(replace(ASKED, backup=True))
    assert progress(begun)["backup"] == "done"
    rig = whole.rig
    rig.deploy()
    rig.clock.forward(300)
    rig.deliver(rig.alert())
    held = rig.until(State.BLOCKED)
    assert held.reason == "maintenance"
    assert rig.aws.front.count("lambda", "UpdateAlias") == 0
    rig.clock.at = begun.until + 1
    assert whole.windows.held_until() is None
    again = rig.worker.hold(rig.run())
    assert again is None or again.reason != "maintenance"


def test_a_window_begins_with_a_backup(whole: Site) -> None:
    """Unless asked otherwise users are told, then a snapshot is taken, then the flag goes on."""
    begun = whole.begin(Asked(HOUR, "x"))
    names = [part.name for part in begun.parts]
    assert names == ["engine", "notice", "backup", "silence", "flag"]
    assert set(progress(begun).values()) == {"done"}
    runs = {run.action: run for run in whole.rig.ledger.facts.runs()}
    assert runs["snapshot_data"].outcome is Outcome.SUCCEEDED
    assert runs["notify"].created_at <= runs["snapshot_data"].created_at
    assert (runs["snapshot_data"].closed_at or 0) <= runs["set_flag"].created_at


def test_a_backup_that_fails_keeps_no_user_out(whole: Site) -> None:
    """The beginning stops before anything is silenced or switched, and says where."""
    whole.rig.aws.front.fail("s3", "CopyObject", code="AccessDenied", status=403)
    stuck = whole.begin(Asked(HOUR, "x"))
    assert (stuck.phase, progress(stuck)["backup"]) == (Phase.STUCK, "failed")
    assert whole.silences() == []
    assert not whole.flag()


def test_a_person_may_still_act(site: Site) -> None:
    """Maintenance is when people work: what they ask for by hand is not held."""
    site.begin(replace(ASKED, notice=False))
    site.rig.clock.forward(1)
    assert site.rig.ask("notify", message="halfway").outcome is Outcome.SUCCEEDED


def test_without_a_bucket_for_snapshots_no_backup_can_be_asked(site: Site) -> None:
    """A backup that cannot be taken is refused, with a way out, before anything has begun."""
    buckets = tuple(b.model_copy(update={"snapshots": None}) for b in site.rig.inventory.buckets)
    site.rig.use(site.rig.inventory.model_copy(update={"buckets": buckets}))
    site.restart()
    with pytest.raises(MaintenanceError, match=r"no bucket .* ask for no backup"):
        site.windows.begin(Asked(HOUR, "x"), "ana")
    assert site.windows.newest() is None
    assert site.begin(Asked(HOUR, "x", backup=False)).phase is Phase.ACTIVE


def test_beginning_twice_is_refused(site: Site) -> None:
    """One window at a time, in one line that names it."""
    first = site.begin()
    with pytest.raises(MaintenanceError, match=rf"^{first.id} of ana is active: end it, or"):
        site.windows.begin(ASKED, "rui")
    assert site.window() == first


def test_a_window_is_prolonged_explicitly(site: Site) -> None:
    """Silences and hold last until the new end; a nearer one is refused."""
    first = site.begin()
    count = len(site.silences())
    with pytest.raises(MaintenanceError, match="lasts longer"):
        site.windows.prolong(Asked(60, "x"), "rui")
    site.windows.prolong(Asked(4 * HOUR, "x"), "rui")
    longer = site.settle()
    assert longer.phase is Phase.ACTIVE
    assert longer.until > first.until + HOUR
    assert site.windows.held_until() == longer.until
    ends = {datetime.fromisoformat(one["endsAt"]).timestamp() for one in site.silences()}
    assert (len(site.silences()), len(ends)) == (count, 1)
    assert abs(ends.pop() - longer.until) < 1
    assert len(site.notices()) == 1


def test_a_window_that_ran_out_is_closed(site: Site) -> None:
    """Past its end a window holds nothing; its flag stays on until a person ends it."""
    begun = site.begin()
    site.rig.clock.at = begun.until + 1
    site.windows.work()
    assert site.window().phase is Phase.RAN_OUT
    assert site.flag()
    over = site.end()
    assert over.phase is Phase.ENDED
    assert not site.flag()


def test_a_new_window_may_follow_one_that_ran_out(site: Site) -> None:
    """A window that nobody ended does not stand in the way of the next."""
    first = site.begin()
    site.rig.clock.at = first.until + 1
    with pytest.raises(MaintenanceError, match="no window is active"):
        site.windows.prolong(ASKED, "ana")
    second = site.windows.begin(ASKED, "rui")
    assert (second.phase, second.id == first.id) == (Phase.BEGINNING, False)


def test_ending_nothing_is_refused(site: Site) -> None:
    """Without a window, or after its end, there is nothing to end."""
    with pytest.raises(MaintenanceError, match="no maintenance window"):
        site.windows.end("ana")
    site.begin()
    site.end()
    with pytest.raises(MaintenanceError, match="no maintenance window"):
        site.windows.end("ana")


def test_alertmanager_away_stops_the_beginning(site: Site) -> None:
    """Alerts cannot be silenced: the flag stays off, and the end undoes what had been done."""
    site.url = f"http://127.0.0.1:{free_port()}"
    site.restart()
    stuck = site.begin()
    assert stuck.phase is Phase.STUCK
    assert progress(stuck) == {
        "engine": "done",
        "notice": "done",
        "silence": "failed",
        "flag": "pending",
    }
    assert "Alertmanager does not answer" in str(stuck.parts[2].detail)
    assert not site.flag()
    unended = site.end()
    assert unended.phase is Phase.UNENDED
    assert progress(unended) | {"unsilence": "failed", "flag": "skipped"} == progress(unended)
    # Whatever can be undone is, though one step of the end fails.
    assert site.windows.held_until() is None
    assert len(site.notices()) == 2


def test_an_end_that_failed_is_taken_up_again(site: Site, alertmanager: str) -> None:
    """`end` again retries what failed, and only that."""
    site.begin()
    site.url = f"http://127.0.0.1:{free_port()}"
    site.restart()
    assert site.end().phase is Phase.UNENDED
    site.url = alertmanager
    site.restart()
    assert site.silences()
    assert site.end().phase is Phase.ENDED
    assert site.silences() == []
    assert len(site.notices()) == 2


def test_users_that_cannot_be_told_stop_the_beginning(site: Site) -> None:
    """SNS says no: nothing is silenced and the flag stays off; the end sends no notice either."""
    site.rig.aws.front.fail("sns", "Publish", code="AuthorizationError", status=403)
    stuck = site.begin()
    assert (stuck.phase, progress(stuck)["notice"]) == (Phase.STUCK, "failed")
    assert site.silences() == []
    assert not site.flag()
    site.rig.aws.front.heal()
    assert site.end().phase is Phase.ENDED
    assert site.windows.held_until() is None


def test_without_notice_nobody_is_told(site: Site) -> None:
    """Asked for without a notice, neither the beginning nor the end sends one."""
    site.begin(replace(ASKED, notice=False))
    site.end()
    assert site.notices() == []


def test_the_kill_switch_holds_the_flag_and_the_end_lets_go(site: Site) -> None:
    """Paused within the beginning, its run is held; ending cancels it instead of acting."""
    site.rig.ledger.switches.set(
        Switch.PAUSE, engaged=True, by="test", reason="", now=site.rig.clock.at
    )
    site.windows.begin(ASKED, "ana")
    for _ in range(20):
        site.windows.work()
        site.rig.step()
    notice = next(part for part in site.window().parts if part.name == "notice")
    assert (notice.progress, notice.detail) == (Progress.RUNNING, "kill_switch")
    over = site.end()
    assert over.phase is Phase.ENDED
    assert progress(over)["notice"] == "skipped"
    assert site.notices() == []


@pytest.mark.parametrize("after", range(1, 12))
def test_killed_at_any_step_it_goes_on(site: Site, after: int) -> None:
    """Killed after any write, before or after a step took effect: each is done once."""
    site.windows.begin(ASKED, "ana")
    saves = 0
    real = site.rig.ledger.windows.save

    class KilledError(BaseException):
        pass

    def save(window: Window, now: float) -> Window:
        nonlocal saves
        saves += 1
        if saves == after:
            raise KilledError
        return real(window, now)

    site.rig.ledger.windows.save = save  # type: ignore[method-assign]
    try:
        site.settle()
    except KilledError:
        site.rig.ledger.windows.save = real  # type: ignore[method-assign]
        site.rig.clock.forward(20)
        site.restart()
        site.settle()
    assert site.window().phase is Phase.ACTIVE
    assert len(site.notices()) == 1
    silences = [str(one["matchers"]) for one in site.silences()]
    assert len(silences) == len(set(silences))
    assert site.flag()


def test_two_keepers_do_not_do_a_step_twice(site: Site) -> None:
    """A second replica that read the same window loses the race before it acts."""
    window = site.windows.begin(ASKED, "ana")
    site.windows.work()
    with pytest.raises(WindowMovedError):
        site.rig.ledger.windows.save(window, site.rig.clock.at)


def test_every_step_is_audited(site: Site) -> None:
    """The hash-chained audit shows who began and ended it, and each step."""
    site.begin()
    site.end()
    with site.rig.ledger.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM audit WHERE kind = 'maintenance'")
        bodies = [row[0] for row in rows]
    assert len(bodies) > 10
    assert '"ended_by":"rui"' in bodies[-1]


@pytest.mark.parametrize(
    "asked",
    [
        Asked(59, "too short"),
        Asked(24 * HOUR + 1, "too long"),
        Asked(HOUR, ""),
        Asked(HOUR, "two\nlines"),
        Asked(HOUR, "x" * 201),
    ],
)
def test_what_is_no_window_is_refused(site: Site, asked: Asked) -> None:
    """Too short, too long, or without a reason in one line."""
    with pytest.raises(MaintenanceError):
        site.windows.begin(asked, "ana")
    assert site.windows.newest() is None


def test_own_alerts_are_all_of_them(inventory: Inventory) -> None:
    """Every alert on Vigia itself and of security is named; every named alert exists."""
    found = packs(inventory.model_copy(update={"playbooks": ()}))
    names = {rule.name for pack in found.values() for rule in pack}
    own = {rule.name for pack in _OWN_PACKS for rule in found[pack]}
    assert own | {ALERT} == set(SELF_ALERTS)
    security = {r.name for pack in found.values() for r in pack if r.team == "security"}
    assert security == set(SECURITY_ALERTS)
    assert set(UNLABELLED_ALERTS) <= names
