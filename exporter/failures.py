"""Why a collection failed, read from what was raised: a closed reason and one plain line."""

from __future__ import annotations

import requests
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError
from sqlalchemy.exc import SQLAlchemyError

from exporter.collector import CollectError, Reason
from inventory.attempts import REFUSED
from inventory.limiter import THROTTLED, LimitError
from storage.database import DatabaseError

_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation", "OptInRequired"}
)
_TYPES: tuple[tuple[type[Exception], Reason], ...] = (
    (aws.NoCredentialsError, Reason.CREDENTIALS),
    (aws.PartialCredentialsError, Reason.CREDENTIALS),
    (aws.CredentialRetrievalError, Reason.CREDENTIALS),
    (aws.MetadataRetrievalError, Reason.CREDENTIALS),
    (aws.ProfileNotFound, Reason.CREDENTIALS),
    (aws.SSOError, Reason.CREDENTIALS),
    (LimitError, Reason.TIMEOUT),
    (aws.ConnectTimeoutError, Reason.TIMEOUT),
    (aws.ReadTimeoutError, Reason.TIMEOUT),
    (requests.Timeout, Reason.TIMEOUT),
    (aws.ConnectionError, Reason.UNREACHABLE),
    (aws.HTTPClientError, Reason.UNREACHABLE),
    (requests.RequestException, Reason.UNREACHABLE),
    (ResponseParserError, Reason.ANSWER),
    (SQLAlchemyError, Reason.STATE),
    (DatabaseError, Reason.STATE),
)


def classify(error: Exception) -> tuple[Reason, str] | None:
    """Return the reason and a line for the log; None for an error that nobody foresaw."""
    if isinstance(error, CollectError):
        return error.reason, str(error)
    if isinstance(error, aws.ClientError):
        return _client_error(error)
    for kind, reason in _TYPES:
        if isinstance(error, kind):
            lines = str(error).splitlines()
            return reason, lines[0] if lines else type(error).__name__
    return None


def _client_error(error: aws.ClientError) -> tuple[Reason, str]:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    line = f"{error.operation_name} answered {code or status}"
    if code in THROTTLED or status == requests.codes.too_many_requests:
        return Reason.THROTTLED, line
    if code in REFUSED:
        return Reason.CREDENTIALS, line
    if code in _DENIED or status in (requests.codes.unauthorized, requests.codes.forbidden):
        return Reason.DENIED, line
    if code.startswith(("NoSuch", "ResourceNotFound")) or status == requests.codes.not_found:
        return Reason.NOT_FOUND, line
    return Reason.SERVICE, line
