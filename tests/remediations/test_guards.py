"""Each guard holds a run back, visibly, and lets it go when its reason is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remediations.ailing import spread
from remediations.ledger.switches import Switch
from remediations.model import Outcome, State
from tests.remediations.rig import FUNCTION, Rig


def _pause(rig: Rig, *, engaged: bool) -> None:
    rig.ledger.switches.set(Switch.PAUSE, engaged=engaged, by="test", reason="", now=rig.clock.at)


def _pause_file(rig: Rig, *, engaged: bool) -> None:
    rig.pause_file.touch() if engaged else rig.pause_file.unlink()


def _maintenance(rig: Rig, *, engaged: bool) -> None:
    rig.ledger.switches.set(
        Switch.MAINTENANCE, engaged=engaged, by="test", reason="", now=rig.clock.at
    )


@pytest.mark.parametrize(
    ("turn", "reason"),
    [(_pause, "kill_switch"), (_pause_file, "kill_switch"), (_maintenance, "maintenance")],
)
def test_switches_hold_and_release(regressed: Rig, turn: Callable[..., None], reason: str) -> None:
    """Paused by command or file, or in maintenance, nothing acts; released, the run goes on."""
    turn(regressed, engaged=True)
    regressed.deliver(regressed.alert())
    regressed.step()
    assert (regressed.run().state, regressed.run().reason) == (State.BLOCKED, reason)
    turn(regressed, engaged=False)
    regressed.until(State.VERIFYING)


def test_kill_switch_between_plan_and_act(regressed: Rig) -> None:
    """A switch that is engaged after planning still stops the call."""
    regressed.deliver(regressed.alert())
    regressed.step()
    assert regressed.run().plan is not None
    _pause(regressed, engaged=True)
    regressed.step()
    assert regressed.run().state is State.BLOCKED
    assert regressed.aws.front.count("lambda", "UpdateAlias") == 0


def test_cool_down_holds_a_second_rollback(regressed: Rig) -> None:
    """Shortly after a rollback a second one on the same function waits."""
    regressed.deliver(regressed.alert())
    regressed.until(State.VERIFYING)
    regressed.metrics.ratio = 0.0
    regressed.end()
    regressed.metrics.ratio = 0.35
    regressed.deploy()
    regressed.clock.forward(60)
    regressed.deliver(regressed.alert())
    regressed.step()
    assert regressed.run().reason == "cool_down"


def test_blast_radius_and_rate(regressed: Rig) -> None:
    """Within an hour only so large a share of the platform is acted on."""
    names = regressed.inventory.function_names
    for number, name in enumerate(names[1:4]):
        regressed.deploy(name)
        regressed.clock.forward(30)
        regressed.deliver(regressed.alert(name))
        expected = State.BLOCKED if number == 2 else State.VERIFYING
        assert regressed.until(State.BLOCKED, State.VERIFYING).state is expected
    assert regressed.run().reason == "blast_radius"


def test_storm_holds_everything_until_it_has_cleared(regressed: Rig) -> None:
    """Too many sick targets at once stop the engine until few enough are left."""
    alerts = [regressed.alert(name) for name in regressed.inventory.function_names[:4]]
    regressed.deliver(*alerts)
    for _ in alerts:
        regressed.step()
    runs = regressed.ledger.facts.runs()
    assert {run.reason for run in runs} == {"storm"}
    regressed.deliver(*({**alert, "status": "resolved"} for alert in alerts[2:]))
    regressed.clock.forward(regressed.inventory.engine.block_retry)
    regressed.until(State.CLOSED, State.VERIFYING)
    held = [r for r in regressed.ledger.facts.runs() if r.target == FUNCTION]
    assert held[0].state in (State.VERIFYING, State.CLOSED) or held[0].reason != "storm"


def test_a_storm_that_is_only_pending_yet_is_seen(regressed: Rig) -> None:
    """One alert delivered, three pending: a naive engine acts on the first before it knows."""
    alerts = [regressed.alert(name)["labels"] for name in regressed.inventory.function_names[:4]]
    regressed.metrics.pending = [
        {key: value for key, value in labels.items() if key != "environment"} for labels in alerts
    ]
    regressed.deliver(regressed.alert())
    run = regressed.until(State.BLOCKED, State.VERIFYING)
    assert (run.state, run.reason) == (State.BLOCKED, "storm")
    regressed.metrics.pending = regressed.metrics.pending[:2]
    regressed.until(State.VERIFYING)


def test_a_function_that_pages_people_counts_into_a_storm(regressed: Rig) -> None:
    """Three regressed; the fourth has too little traffic for that yet, but people hear of it."""
    *regress, quiet = regressed.inventory.function_names[:4]
    failing = {"alertname": "LambdaErrorsHigh", "severity": "page", "function": quiet}
    regressed.metrics.pending = [failing]
    regressed.deliver(*(regressed.alert(name) for name in regress))
    run = regressed.until(State.BLOCKED, State.VERIFYING)
    assert (run.state, run.reason) == (State.BLOCKED, "storm")


def test_an_alert_counts_as_one_target(regressed: Rig) -> None:
    """Two functions whose flags are to be turned off are one target, and two more are no storm."""
    names = regressed.inventory.function_names
    flag = {
        "alertname": "FunctionRegressedAfterFlag",
        "severity": "page",
        "remediation": "disable_flags",
    }
    regressed.metrics.pending = [{**flag, "function": name} for name in names[2:4]]
    regressed.deliver(*(regressed.alert(name) for name in names[1:2]))
    regressed.step()
    assert regressed.run().reason != "storm"
    assert not regressed.ledger.switches.get(Switch.STORM, regressed.clock.at).engaged


def test_only_what_is_sick_and_ours_makes_a_storm(regressed: Rig) -> None:
    """Many alerts that call nobody, or on what is not ours to act on, hold nobody back."""
    names = regressed.inventory.function_names
    labels = [regressed.alert(name)["labels"] for name in names]
    regressed.metrics.pending = [
        *({**one, "environment": "test", "severity": "page"} for one in labels),
        *({**one, "remediation": "", "severity": "ticket"} for one in labels),
        *({**one, "remediation": "", "severity": "page", "tier": "2"} for one in labels),
        *({"alertname": "Page", "severity": "page", "function": f"other-{n}"} for n in range(9)),
        # Actions that have one target, whatever the alert, do not make that sick.
        {"alertname": "ApiLatencyHigh", "severity": "page", "api": "ons"},
    ]
    regressed.deliver(regressed.alert())
    regressed.until(State.VERIFYING)


def test_without_prometheus_what_was_delivered_makes_a_storm(regressed: Rig) -> None:
    """Prometheus being away neither makes a storm nor hides one."""
    regressed.metrics.away = True
    names = regressed.inventory.function_names
    alerts = [regressed.alert(name) for name in names[:4]]
    regressed.deliver(*alerts[:3])
    while regressed.step():
        pass
    assert {run.reason for run in regressed.ledger.facts.runs()} == {"prometheus_unreachable"}
    regressed.deliver(alerts[3])
    while regressed.step():
        pass
    (last,) = (run for run in regressed.ledger.facts.runs() if run.target == names[3])
    assert last.reason == "storm"


def test_a_target_dropped_from_the_inventory_is_not_touched(regressed: Rig) -> None:
    """What the inventory no longer allows is held, though it was accepted before."""
    regressed.deliver(regressed.alert())
    book = regressed.inventory.playbook("rollback_function")
    changed = book.model_copy(update={"targets": ("influxdb_loader",)})
    regressed.use(regressed.inventory.model_copy(update={"playbooks": (changed,)}))
    regressed.step()
    assert regressed.run().reason == "not_allowed"


def test_shadow_plans_and_records_only(regressed: Rig) -> None:
    """In shadow mode the plan is on record and nothing is called."""
    regressed.mode("shadow")
    regressed.deliver(regressed.alert())
    run = regressed.end()
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "shadow")
    assert run.plan is not None
    assert regressed.aws.front.count("lambda", "UpdateAlias") == 0


def test_approval_is_bound_to_the_plan(regressed: Rig) -> None:
    """Only the plan that was approved is carried out; a drift voids the approval."""
    regressed.mode("approve")
    regressed.deliver(regressed.alert())
    run = regressed.until(State.AWAITING_APPROVAL)
    assert regressed.ledger.escalations.pending() == 1
    regressed.ledger.runs.approve(run.id, str(run.plan_hash), "ana", regressed.clock.at)
    regressed.aws.client("lambda").update_alias(
        FunctionName=FUNCTION, Name="LIVE", Description="touched"
    )
    again = regressed.until(State.AWAITING_APPROVAL)
    assert again.approved_by is None
    assert again.plan_hash != run.plan_hash
    regressed.ledger.runs.approve(again.id, str(again.plan_hash), "ana", regressed.clock.at)
    regressed.until(State.VERIFYING)
    assert regressed.version() == {"5": 1.0}


def test_nobody_approves(regressed: Rig) -> None:
    """A plan that nobody approves in time expires and a human is told."""
    regressed.mode("approve")
    regressed.deliver(regressed.alert())
    run = regressed.end()
    assert (run.outcome, run.reason) == (Outcome.EXPIRED, "approval_expired")
    assert regressed.ledger.escalations.pending() == 2


def test_alert_gone_without_resolved(regressed: Rig) -> None:
    """When Prometheus no longer fires the alert the run ends, though no 'resolved' ever came."""
    regressed.deliver(regressed.alert())
    regressed.metrics.firing = False
    run = regressed.end()
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, "alert_resolved")


def test_unconfirmed_alert_is_held(regressed: Rig) -> None:
    """With Prometheus and Alertmanager both away nothing is done."""
    regressed.deliver(regressed.alert())
    regressed.metrics.away = regressed.metrics.alertmanager_away = True
    regressed.step()
    assert regressed.run().reason == "alert_unconfirmed"


def test_call_for_a_human_is_kept_until_delivered(regressed: Rig) -> None:
    """While Alertmanager is away the call for a human waits, and goes out when it is back."""
    regressed.metrics.new = (None, None)
    regressed.deliver(regressed.alert())
    regressed.step()
    regressed.metrics.alertmanager_away = True
    assert regressed.sender.send_due() == 0
    assert regressed.ledger.escalations.pending() == 1
    regressed.metrics.alertmanager_away = False
    regressed.clock.forward(120)
    assert regressed.sender.send_due() == 1
    assert regressed.ledger.escalations.pending() == 0
    assert "needs" in regressed.metrics.posted[0]["annotations"]["summary"] or (
        "precisa" in regressed.metrics.posted[0]["annotations"]["summary"]
    )


def test_a_storm_calls_people_once(regressed: Rig) -> None:
    """However many runs a storm holds, Alertmanager is handed alerts of one identity."""
    alerts = [regressed.alert(name) for name in regressed.inventory.function_names[:4]]
    regressed.deliver(*alerts)
    for _ in alerts:
        regressed.step()
    regressed.sender.send_due()
    posted = [alert["labels"] for alert in regressed.metrics.posted]
    assert len(posted) == 4
    assert all(labels == posted[0] for labels in posted)
    assert posted[0]["outcome"] == "storm"


def test_a_storm_that_arrives_in_parts_is_seen_before_anything_acts(regressed: Rig) -> None:
    """The first alert is planned and not acted on before those a period later can arrive."""
    first, *others = (regressed.alert(name) for name in regressed.inventory.function_names[:4])
    regressed.deliver(first)
    for _ in range(3):
        regressed.step()
    assert regressed.run().plan is not None
    alerting = regressed.inventory.alerting
    regressed.clock.forward(regressed.inventory.collection.period + alerting.evaluation_interval)
    assert not regressed.step()
    assert (regressed.run().state, regressed.run().reason) == (State.READY, "storm_watch")
    regressed.deliver(*others)
    regressed.clock.forward(alerting.remediation_group_wait)
    while regressed.step():
        pass
    assert {run.reason for run in regressed.ledger.facts.runs()} == {"storm"}
    assert regressed.aws.front.count("lambda", "UpdateAlias") == 0


def test_one_alert_alone_is_not_waited_with_for_longer(regressed: Rig) -> None:
    """Once the others of a storm would have shown, a run acts."""
    regressed.deliver(regressed.alert())
    began = regressed.clock.at
    regressed.until(State.VERIFYING)
    assert regressed.clock.at - began == pytest.approx(spread(regressed.inventory), abs=1)
    assert regressed.run().reason is None
