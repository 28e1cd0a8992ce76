"""Making a planned call, once, and telling refusals from answers that were lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from remediations.model import Call, StepState

_SERVER_ERROR = 500
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ThrottledException",
    }
)


@dataclass(frozen=True)
class Answer:
    """What became of a call.

    UNKNOWN: it may or may not have happened. ``again``: it did not, and may be made once more.
    """

    state: StepState
    request_id: str | None
    error: str | None
    again: bool = False


def make(call: Call, writer: Callable[[str], Any]) -> Answer:
    """Make ``call`` exactly once; ``writer(service)`` is a client that never sends twice."""
    client = writer(call.service)
    try:
        response = getattr(client, xform_name(call.operation))(**call.arguments)
    except ClientError as error:
        metadata = error.response.get("ResponseMetadata", {})
        code = error.response.get("Error", {}).get("Code", "Unknown")
        throttled = code in _THROTTLED
        certain = throttled or metadata.get("HTTPStatusCode", _SERVER_ERROR) < _SERVER_ERROR
        return Answer(
            state=StepState.FAILED if certain else StepState.UNKNOWN,
            request_id=metadata.get("RequestId"),
            error=describe(error),
            again=throttled,
        )
    except BotoCoreError as error:
        return Answer(StepState.UNKNOWN, None, describe(error))
    return Answer(StepState.DONE, response["ResponseMetadata"].get("RequestId"), None)


def describe(error: ClientError | BotoCoreError) -> str:
    """Return one line without addresses, arguments or credentials."""
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        return f"{found.get('Code', 'Unknown')}: {found.get('Message', '')}"[:300]
    return type(error).__name__
