"""What an operator must know first: who we are, what we may read, what is there.

Resources and permissions are not listed a second time here: the collectors themselves are run
once, and each says what it could not read and what AWS does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from exporter.collector import Clients, Reason
from exporter.failures import classify
from exporter.refresh import Status
from inventory.model import Inventory

_ASSUMED = re.compile(r"^arn:(aws[a-z-]*):sts::(\d+):assumed-role/([^/]+)/.+$")
_AWAY = frozenset({Reason.UNREACHABLE, Reason.TIMEOUT, Reason.CREDENTIALS})


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    MISSING = "missing"
    DENIED = "denied"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``away`` says that AWS or the credentials could not be reached."""

    check: str
    subject: str
    state: State
    detail: str = ""
    away: bool = False


def credentials(inventory: Inventory, client: Clients) -> Iterator[Finding]:
    """Ask AWS who we are in every scope, and whether that is the account we should be in."""
    for name in (None, *(scope.name for scope in inventory.scopes)):
        subject, wanted = name or "main", inventory.scope(name).account
        try:
            found = client("sts", name).get_caller_identity()["Account"]
        except (ClientError, BotoCoreError) as error:
            yield _failed("credentials", subject, error)
            continue
        if found == wanted:
            yield Finding("credentials", subject, State.OK, f"account {found}")
        else:
            yield Finding(
                "credentials", subject, State.FAILED, f"account {found}, expected {wanted}"
            )


def permissions(client: Clients, wanted: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Ask IAM about every declared action on the resources that it is ``wanted`` for.

    Not allowed to ask is no verdict: then only what the collectors met themselves is known.
    """
    try:
        source = principal(client("sts").get_caller_identity()["Arn"])
        for action, arns in sorted(wanted.items()):
            refused = _refused(client, source, action, arns)
            state = State.DENIED if refused else State.OK
            yield Finding("permission", action, state, ", ".join(refused))
    except (ClientError, BotoCoreError) as error:
        known = classify(error)
        why = known[1] if known else type(error).__name__
        yield Finding("permission", "all", State.UNKNOWN, f"IAM does not tell: {why}")


def resources(statuses: Sequence[Status]) -> Iterator[Finding]:
    """Read from collectors that have run once what failed and what is missing."""
    for status in statuses:
        reading = status.reading
        if not status.up or reading is None:
            state = State.DENIED if status.reason is Reason.DENIED else State.FAILED
            detail = f"{status.reason}: {status.detail}"
            yield Finding("collector", status.name, state, detail, status.reason in _AWAY)
            continue
        yield Finding("collector", status.name, State.OK, f"{reading.seen}/{reading.expected}")
        for name in reading.missing:
            yield Finding("resource", name, State.MISSING, f"not found by {status.name}")


def _failed(check: str, subject: str, error: ClientError | BotoCoreError) -> Finding:
    known = classify(error)
    reason, line = known or (Reason.INTERNAL, type(error).__name__)
    state = State.DENIED if reason is Reason.DENIED else State.FAILED
    return Finding(check, subject, state, f"{reason}: {line}", reason in _AWAY)


def _refused(client: Clients, source: str, action: str, arns: Sequence[str]) -> list[str]:
    pages = (
        client("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(PolicySourceArn=source, ActionNames=[action], ResourceArns=list(arns))
    )
    return [
        result["EvalResourceName"]
        for page in pages
        for result in page["EvaluationResults"]
        if result["EvalDecision"] != "allowed"
    ]


def principal(arn: str) -> str:
    """Return the IAM role behind an assumed role's session; any other ARN as it is.

    A session's ARN does not hold the role's path: for a role with a path IAM finds nothing, and
    the permissions stay unknown.
    """
    match = _ASSUMED.match(arn)
    if match is None:
        return arn
    partition, account, role = match.groups()
    return f"arn:{partition}:iam::{account}:role/{role}"
