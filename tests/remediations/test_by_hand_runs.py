"""What a person asked for and forgot does not stand in an alert's way."""

from __future__ import annotations

import pytest

from remediations.asking import intent
from remediations.ledger.deliveries import RunOpenError
from remediations.ledger.switches import Switch
from remediations.model import Decision, Outcome, Run, State
from tests.remediations.rig import FUNCTION, Rig


def _ask(rig: Rig, *, dry: bool = False) -> Run:
    wanted = intent(rig.inventory, rig.worker.actions["rollback_function"], FUNCTION, {}, dry=dry)
    found = rig.ledger.runs.get(rig.ledger.deliveries.ask(wanted, "ana", rig.clock.at))
    assert found is not None
    return found


def _now(rig: Rig, run: Run) -> Run:
    found = rig.ledger.runs.get(run.id)
    assert found is not None
    return found


def _work(rig: Rig) -> None:
    while rig.step():
        pass


def test_a_dry_run_shows_its_plan_and_ends(regressed: Rig) -> None:
    """With the kill switch engaged too: it does nothing, so nothing holds it."""
    regressed.ledger.switches.set(
        Switch.PAUSE, engaged=True, by="ana", reason="", now=regressed.clock.at
    )
    run = _ask(regressed, dry=True)
    _work(regressed)
    ended = _now(regressed, run)
    assert (ended.state, ended.outcome, ended.reason) == (
        State.CLOSED,
        Outcome.CANCELLED,
        "shadow",
    )
    assert ended.plan is not None
    assert ended.detail == "; ".join(ended.plan.diff)
    assert "blocked" not in regressed.audit_kinds(run.id)
    assert regressed.version() == {"6": 1.0}
    assert regressed.ledger.escalations.pending() == 0


def test_a_dry_run_that_cannot_be_planned_ends_with_the_reason(regressed: Rig) -> None:
    """It does not wait: who asks again is told anew."""
    action = regressed.worker.actions["resume_processing"]
    wanted = intent(regressed.inventory, action, None, {}, dry=True)
    regressed.ledger.deliveries.ask(wanted, "ana", regressed.clock.at)
    _work(regressed)
    assert (regressed.run().outcome, regressed.run().reason) == (
        Outcome.CANCELLED,
        "nothing_to_resume",
    )


def test_an_alert_beside_a_dry_run_acts(regressed: Rig) -> None:
    """The alert opens its own run while a dry run is open, and the other way round."""
    _ask(regressed, dry=True)
    receipt = regressed.deliver(regressed.alert())[0]
    assert receipt.decision is Decision.ACCEPTED
    again = _ask(regressed, dry=True)
    regressed.clock.forward(120)
    _work(regressed)
    assert _now(regressed, again).reason == "shadow"
    assert regressed.version() == {"5": 1.0}


def test_an_alert_beside_what_waits_for_an_approval_acts(regressed: Rig) -> None:
    """A person's run that nobody approved swallows no alert, and is held once the alert acts."""
    asked = _ask(regressed)
    _work(regressed)
    waiting = _now(regressed, asked)
    assert waiting.state is State.AWAITING_APPROVAL
    receipt = regressed.deliver(regressed.alert())[0]
    assert receipt.decision is Decision.ACCEPTED
    assert receipt.run_id != asked.id
    regressed.clock.forward(120)
    _work(regressed)
    assert regressed.version() == {"5": 1.0}
    regressed.ledger.runs.approve(asked.id, str(waiting.plan_hash), "ana", regressed.clock.at)
    _work(regressed)
    assert _now(regressed, asked).intended_at is None
    assert regressed.aws.front.count("lambda", "UpdateAlias") == 1


def test_an_alert_joins_what_a_person_has_begun(regressed: Rig) -> None:
    """Once the person's run has acted, the alert waits for what comes of it."""
    run = _ask(regressed)
    waiting = regressed.until(State.AWAITING_APPROVAL)
    regressed.ledger.runs.approve(run.id, str(waiting.plan_hash), "ana", regressed.clock.at)
    regressed.until(State.VERIFYING)
    receipt = regressed.deliver(regressed.alert())[0]
    assert (receipt.decision, receipt.run_id) == (Decision.DUPLICATE, run.id)


def test_a_person_is_told_of_the_alerts_run(regressed: Rig) -> None:
    """Asking for what an alert has opened already is refused, and names that run."""
    receipt = regressed.deliver(regressed.alert())[0]
    with pytest.raises(RunOpenError, match=str(receipt.run_id)):
        _ask(regressed)
