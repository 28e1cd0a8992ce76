"""Making a planned call, once, and telling refusals from answers that were lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from remediations.action import NotMadeError
from remediations.model import Call, StepState

_SERVER_ERROR = 500
_VERSION = re.compile(r"[0-9]+")
_TOKENS = ("RevisionId",)
"""What of an answer is kept: by these the world tells later whether anybody came after us."""
THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ThrottledException",
    }
)


class ForbiddenCallError(Exception):
    """A call that no run may ever make, whatever was planned or stands in the ledger."""


@dataclass(frozen=True)
class Answer:
    """What became of a call.

    UNKNOWN: it may or may not have happened. ``again``: it did not, and may be made once more.
    ``told`` are the tokens that AWS answered with.
    """

    state: StepState
    request_id: str | None
    error: str | None
    again: bool = False
    told: Mapping[str, str] = field(default_factory=dict)


def make(call: Call, writer: Callable[[str], Any], moot: frozenset[str] = frozenset()) -> Answer:
    """Make ``call`` exactly once; ``writer(service)`` is a client that never sends twice.

    ``moot`` are the error codes that end no run; what AWS said is kept.

    Raises:
        ForbiddenCallError: for the deletion of a whole function.
    """
    _check(call)
    client = writer(call.service)
    return carry_out(lambda: getattr(client, xform_name(call.operation))(**call.arguments), moot)


def _check(call: Call) -> None:
    """DeleteFunction without a version's number deletes the function (Lambda's API reference)."""
    if (call.service, call.operation) != ("lambda", "DeleteFunction"):
        return
    qualifier = call.arguments.get("Qualifier")
    name = call.arguments.get("FunctionName")
    if not isinstance(qualifier, str) or _VERSION.fullmatch(qualifier) is None or ":" in str(name):
        raise ForbiddenCallError(f"DeleteFunction of {name} with the qualifier {qualifier!r}")


def carry_out(work: Callable[[], Any], moot: frozenset[str] = frozenset()) -> Answer:
    """Do ``work`` once and say what became of it, by the AWS error that it raised, if any."""
    try:
        response = work()
    except ClientError as error:
        metadata = error.response.get("ResponseMetadata", {})
        code = error.response.get("Error", {}).get("Code", "Unknown")
        if code in moot:
            return Answer(StepState.DONE, metadata.get("RequestId"), describe(error))
        throttled = code in THROTTLED
        certain = throttled or metadata.get("HTTPStatusCode", _SERVER_ERROR) < _SERVER_ERROR
        return Answer(
            state=StepState.FAILED if certain else StepState.UNKNOWN,
            request_id=metadata.get("RequestId"),
            error=describe(error),
            again=throttled,
        )
    except BotoCoreError as error:
        return Answer(StepState.UNKNOWN, None, describe(error))
    except NotMadeError as error:
        state = StepState.FAILED if error.certain else StepState.UNKNOWN
        return Answer(state, None, str(error)[:300])
    answer = response or {}
    request = answer.get("ResponseMetadata", {}).get("RequestId")
    told = {token: answer[token] for token in _TOKENS if token in answer}
    return Answer(StepState.DONE, request, None, told=told)


def describe(error: ClientError | BotoCoreError) -> str:
    """Return one line without addresses, arguments or credentials."""
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        return f"{found.get('Code', 'Unknown')}: {found.get('Message', '')}"[:300]
    return type(error).__name__
