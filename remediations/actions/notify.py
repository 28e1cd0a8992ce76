"""Tell the platform's users something, through the inventory's SNS topic.

SNS keeps nothing that could be read back, so after a lost answer nobody can know whether the notice
went out. A notice that comes twice is a smaller evil than one that never comes: it is published
once more, never a third time, and both carry the run's id in their text and as the attribute
``vigia_run``, by which a receiver knows them for one. That it was sent twice stands in the run's
step (``attempts``). If the second answer is lost too the run ends as inconclusive. A FIFO topic
drops the repetition by itself, within five minutes (API reference of Publish, SNS).
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import Field, field_validator

from inventory.model import Inventory
from remediations.action import (
    Action,
    Context,
    Finding,
    Observation,
    Params,
    Risk,
    no_target,
)
from remediations.model import Call, Plan, Run

NAME = "notify"
_FIFO = ".fifo"


def _plain(value: str, allowed: str) -> str:
    for character in value:
        if unicodedata.category(character).startswith("C") and character not in allowed:
            raise ValueError(f"the character {character!r} is not plain text")
    if not value.strip():
        raise ValueError("there is nothing to say")
    return value


class Wanted(Params):
    """``message`` is plain text of one or more lines, ``subject`` one line, for e-mail."""

    message: Annotated[str, Field(max_length=2000)]
    subject: Annotated[str, Field(max_length=90)] | None = None

    @field_validator("message")
    @classmethod
    def _text(cls, value: str) -> str:
        return _plain(value, "\n")

    @field_validator("subject")
    @classmethod
    def _line(cls, value: str | None) -> str | None:
        return None if value is None else _plain(value, "")


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the topic."""
    return (inventory.sns.topic,)


def observe(context: Context, run: Run) -> Observation:
    """Read whether the topic exists, and whether the ledger knows that the notice was taken."""
    aws = context.inventory.aws
    arn = f"arn:{aws.partition}:sns:{aws.region}:{aws.account}:{run.target}"
    context.reader("sns").get_topic_attributes(TopicArn=arn)
    return {"topic": arn, "taken": run.applied_at is not None}


def plan(context: Context, run: Run, seen: Observation) -> Plan:
    """Publish the message with the run's id."""
    asked = Wanted.model_validate(run.params)
    arguments: dict[str, Any] = {
        "TopicArn": seen["topic"],
        "Message": f"{asked.message}\n\n-- Vigia {run.id}",
        "Subject": asked.subject or f"Vigia: {context.inventory.environment}"[:90],
        "MessageAttributes": {"vigia_run": {"DataType": "String", "StringValue": run.id}},
    }
    if run.target.endswith(_FIFO):
        arguments |= {"MessageGroupId": "vigia", "MessageDeduplicationId": run.id}
    return Plan(
        action=NAME,
        target=run.target,
        before={},
        after={"message": asked.message},
        calls=(Call("sns", "Publish", arguments),),
        undo=(),
        diff=(f"{run.target} <- {arguments['Subject']}", *asked.message.splitlines()),
        notes=("notice_may_repeat",),
        expires_at=context.now() + context.inventory.engine.plan_expiry,
    )


def settled(_plan: Plan, _call: Call, _seen: Observation) -> Finding:
    """Say that nobody can know: SNS cannot be asked what it has sent."""
    return Finding.UNKNOWABLE


def effect(_plan: Plan, seen: Observation) -> Finding:
    """Say whether SNS took the notice; that people received it is not for us to know."""
    return Finding.HAPPENED if seen["taken"] else Finding.ABSENT


ACTION = Action(
    name=NAME,
    risk=Risk.LOW,
    reads=("sns:GetTopicAttributes",),
    writes=("sns:Publish",),
    target=no_target,
    targets=targets,
    observe=observe,
    plan=plan,
    settled=settled,
    effect=effect,
    params=Wanted,
    measured=False,
)
