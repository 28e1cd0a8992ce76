"""Notices: sent once, at most twice where nobody can know, always with the run's id."""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from remediations.asking import AskedWronglyError, checked
from remediations.model import Outcome, State, StepState
from tests.remediations.rig import CrashError, Rig
from tests.remediations.test_deploy_version import Dying

TEXT = "Manutenção às 22 h.\nA API pode ficar indisponível."


def topic(rig: Rig) -> str:
    """Create the inventory's topic and return its ARN."""
    arn: str = rig.aws.client("sns").create_topic(Name=rig.inventory.sns.topic)["TopicArn"]
    return arn


def sent(rig: Rig) -> list[tuple[str, str | None, str | None]]:
    """Return every notice that SNS took: its text, its subject and the run that it names."""
    backend = sns_backends[DEFAULT_ACCOUNT_ID][rig.aws.region]
    return [
        (message, subject, (attributes or {}).get("vigia_run", {}).get("Value"))
        for known in backend.topics.values()
        for _, message, subject, attributes, _ in known.sent_notifications
    ]


@pytest.fixture(autouse=True)
def _topic(rig: Rig) -> None:
    topic(rig)


def test_a_notice_goes_out_once_with_the_runs_id(rig: Rig) -> None:
    """The text reaches the topic as it was given, in any language, and names the run."""
    done = rig.ask("notify", message=TEXT, subject="Manutenção")
    assert done.outcome is Outcome.SUCCEEDED
    assert sent(rig) == [(f"{TEXT}\n\n-- Vigia {done.id}", "Manutenção", done.id)]


def test_without_a_subject_the_environment_is_named(rig: Rig) -> None:
    """An e-mail has a subject in any case."""
    rig.ask("notify", message=TEXT)
    assert sent(rig)[0][1] == "Vigia: prod"


def test_a_lost_answer_repeats_the_notice_once(rig: Rig) -> None:
    """Nobody can know: it goes out again under the same run, and the step says that it did."""
    rig.aws.front.fail("sns", "Publish", times=1, after=True)
    done = rig.ask("notify", message=TEXT)
    assert done.outcome is Outcome.SUCCEEDED
    assert [run for _, _, run in sent(rig)] == [done.id, done.id]
    (step,) = rig.ledger.runs.steps(done.id)
    assert (step.state, step.attempts) == (StepState.DONE, 2)


def test_two_lost_answers_are_inconclusive(rig: Rig) -> None:
    """Not a third time: the run says that nobody can know, and calls a human."""
    rig.aws.front.fail("sns", "Publish", after=True)
    done = rig.ask("notify", message=TEXT)
    assert (done.outcome, done.reason) == (Outcome.INCONCLUSIVE, "unknowable")
    assert len(sent(rig)) == 2
    assert rig.ledger.escalations.pending() == 1


def test_a_crash_after_the_call_repeats_it_once(rig: Rig) -> None:
    """Killed between the answer and its record: at most one repetition, the same run."""
    real = rig.writer
    rig.writer = lambda service: Dying(real(service), "publish")
    with pytest.raises(CrashError):
        rig.ask("notify", message=TEXT)
    rig.writer = real
    rig.restart()
    done = rig.end()
    assert done.outcome is Outcome.SUCCEEDED
    assert [run for _, _, run in sent(rig)] == [done.id, done.id]


def test_two_crashes_do_not_send_a_third(rig: Rig) -> None:
    """Killed after either call: two are out, and the run ends without a third."""
    real = rig.writer
    rig.writer = lambda service: Dying(real(service), "publish")
    with pytest.raises(CrashError):
        rig.ask("notify", message=TEXT)
    rig.restart()
    with pytest.raises(CrashError):
        rig.end()
    rig.restart()
    assert rig.end().reason == "unknowable"
    assert len(sent(rig)) == 2


def test_a_refusal_is_no_doubt(rig: Rig) -> None:
    """AWS says no: nothing went out, nothing is repeated."""
    rig.aws.front.fail("sns", "Publish", code="AuthorizationError", status=403)
    done = rig.ask("notify", message=TEXT)
    assert (done.outcome, done.reason, sent(rig)) == (Outcome.FAILED, "refused", [])


def test_a_topic_that_is_missing_holds_the_run(rig: Rig) -> None:
    """Without the topic nothing is tried."""
    arn = topic(rig)
    rig.aws.client("sns").delete_topic(TopicArn=arn)
    held = rig.ask("notify", message=TEXT)
    assert (held.state, held.reason) == (State.BLOCKED, "aws_error")


def test_a_fifo_topic_knows_the_repetition(rig: Rig) -> None:
    """A FIFO topic is given the run's id, by which it drops the second."""
    name = "notices.fifo"
    rig.aws.client("sns").create_topic(Name=name, Attributes={"FifoTopic": "true"})
    sns = rig.inventory.sns.model_copy(update={"topic": name})
    rig.use(rig.inventory.model_copy(update={"sns": sns}))
    done = rig.ask("notify", message=TEXT)
    assert done.outcome is Outcome.SUCCEEDED
    (step,) = rig.ledger.runs.steps(done.id)
    assert step.call.arguments["MessageDeduplicationId"] == done.id


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"message": " \n "},
        {"message": "x" * 2001},
        {"message": "bell \x07"},
        {"message": "turned \u202e round"},
        {"message": "fine", "subject": "two\nlines"},
        {"message": "fine", "subject": "x" * 91},
    ],
)
def test_what_is_no_plain_text_cannot_be_asked(rig: Rig, params: dict[str, Any]) -> None:
    """Empty, endless and disguised texts are refused before a run is opened."""
    with pytest.raises(AskedWronglyError):
        checked(rig.worker.actions["notify"], params)
