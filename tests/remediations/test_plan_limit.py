"""No run touches more by itself than the inventory allows: a longer plan waits for a person."""

from __future__ import annotations

import pytest

from inventory.model import Playbook
from remediations.model import Outcome, Run, State
from tests.remediations.rig import Rig
from tests.remediations.snapshot_world import COUNT, SOURCE, furnish, limit
from tests.remediations.test_processing import rule, running, start_late

CALLS = 4
"""What a pause of the seeded platform takes: one rule, three executions."""


def pause(rig: Rig, most: int | None = None) -> Run:
    """Let an alert ask for a pause where ``most`` calls are allowed; return what becomes of it."""
    if most is not None:
        engine = rig.inventory.engine.model_copy(update={"most_calls_per_run": most})
        rig.use(rig.inventory.model_copy(update={"engine": engine}))
    labels = {"alertname": "DataCorrupted", "remediation": "pause_processing"}
    rig.deliver(rig.alert(labels=labels))
    return rig.until(State.AWAITING_APPROVAL, State.CLOSED)


@pytest.mark.parametrize("most", [None, CALLS])
def test_a_plan_within_the_limit_acts_by_itself(platform: Rig, most: int | None) -> None:
    """A pause of this platform is carried out, by default and where it just fits."""
    ended = pause(platform, most)
    assert ended.plan is not None
    assert len(ended.plan.calls) == CALLS
    assert (ended.reason, ended.approved_by) == ("contained", None)
    assert (rule(platform), running(platform)) == ("DISABLED", [])


def test_a_longer_plan_waits_for_a_person(platform: Rig) -> None:
    """One call more than allowed: nothing is touched, a person is called, and may let it go on."""
    waiting = pause(platform, CALLS - 1)
    assert waiting.state is State.AWAITING_APPROVAL
    assert (rule(platform), len(running(platform))) == ("ENABLED", 3)
    platform.sender.send_due()
    (told,) = platform.metrics.posted
    assert told["labels"]["outcome"] == "approval_needed"
    platform.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "ana", platform.clock.at)
    ended = platform.end()
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "contained")
    assert (rule(platform), running(platform)) == ("DISABLED", [])


def test_a_plan_that_has_become_too_long_is_made_anew(platform: Rig) -> None:
    """Allowed when it was made, and not any more when it is to begin: it waits for a person."""
    labels = {"alertname": "DataCorrupted", "remediation": "pause_processing"}
    platform.deliver(platform.alert(labels=labels))
    while platform.run().plan is None:
        assert platform.step()
    engine = platform.inventory.engine.model_copy(update={"most_calls_per_run": 1})
    platform.use(platform.inventory.model_copy(update={"engine": engine}))
    assert platform.until(State.AWAITING_APPROVAL, State.CLOSED).state is State.AWAITING_APPROVAL
    assert (rule(platform), len(running(platform))) == ("ENABLED", 3)


def test_what_shows_up_on_the_way_does_not_pass_the_limit(platform: Rig) -> None:
    """The plan just fits and one execution more starts: it is left to a person, who is called."""
    start_late(platform)
    ended = pause(platform, CALLS)
    assert (ended.outcome, ended.reason) == (Outcome.INCONCLUSIVE, "too_many_calls")
    assert len(platform.ledger.runs.steps(ended.id)) == CALLS
    assert [arn.rsplit(":", 1)[1] for arn in running(platform)] == ["late"]
    platform.sender.send_due()
    (told,) = platform.metrics.posted
    assert told["labels"]["outcome"] == "inconclusive"


def test_with_a_person_s_word_it_goes_on(platform: Rig) -> None:
    """Approved, the same run stops what shows up as well."""
    start_late(platform)
    waiting = pause(platform, CALLS - 1)
    platform.ledger.runs.approve(waiting.id, str(waiting.plan_hash), "ana", platform.clock.at)
    assert platform.end().reason == "contained"
    assert running(platform) == []


def test_a_snapshot_of_many_pages_is_one_call(bare: Rig) -> None:
    """The engine's own steps destroy nothing: a snapshot is taken whole, however many it has."""
    furnish(bare)
    book = Playbook(
        name="snapshot", action="snapshot_data", mode="auto", targets=(SOURCE,), alerts=("Damaged",)
    )
    engine = bare.inventory.engine.model_copy(update={"most_calls_per_run": 2})
    bare.use(bare.inventory.model_copy(update={"engine": engine, "playbooks": (book,)}))
    limit(bare, page=1)
    labels = {"alertname": "Damaged", "remediation": "snapshot", "bucket": SOURCE}
    bare.deliver(bare.alert(labels=labels))
    ended = bare.end()
    assert (ended.outcome, ended.approved_by) == (Outcome.SUCCEEDED, None)
    assert len(bare.ledger.runs.steps(ended.id)) > COUNT
