"""Every HTTP attempt of a client: counted, and its failure told apart by scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inventory.credentials import Credentials

OnRequest = Callable[[str, str, str], None]
"""Told ``(service, operation, code)`` of every HTTP attempt; code is the status or error code."""
REFUSED = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Error codes of credentials, or of a clock that AWS does not believe."""
_TAG = "VigiaScope"


def scope_of(error: BaseException) -> str | None:
    """Return the further scope in which ``error`` happened; None for the main one, or no call."""
    found = getattr(error, _TAG, None) or getattr(error, "response", {}).get(_TAG)
    return str(found) if found else None


def tag(error: BaseException, scope: str | None) -> None:
    """Remember that ``error`` happened in ``scope``."""
    if scope is not None:
        setattr(error, _TAG, scope)


@dataclass(frozen=True)
class Attempts:
    """The attempts of one client, which calls ``service`` in ``scope``."""

    service: str
    scope: str | None
    credentials: Credentials
    on_request: OnRequest | None

    def watch(self, client: Any) -> None:
        """Follow every attempt of a boto3 client."""
        events, service = client.meta.events, client.meta.service_model.service_id.hyphenize()
        # needs-retry fires once per HTTP attempt, response-received does not on a broken answer.
        events.register_first(f"needs-retry.{service}", self._attempted)
        events.register(f"after-call.{service}", self._answered)
        events.register(f"after-call-error.{service}", self._failed)

    def ended(self, operation: str, code: str) -> None:
        """Take note of how an attempt ended: the HTTP status, an error code or an exception."""
        if self.on_request is not None:
            self.on_request(self.service, operation, code)
        if code in REFUSED:
            self.credentials.refused()

    def _attempted(self, operation: Any, response: Any, caught_exception: Any, **_: Any) -> None:
        if response is not None:
            status, parsed = response[0].status_code, response[1]
            code = parsed.get("Error", {}).get("Code") or str(status)
        else:
            code = type(caught_exception).__name__
        self.ended(operation.name, code)

    def _answered(self, http_response: Any, parsed: Any, **_: Any) -> None:
        # An error's response is this very mapping.
        if http_response.status_code >= 300 and self.scope is not None:  # noqa: PLR2004 as botocore
            parsed[_TAG] = self.scope

    def _failed(self, exception: BaseException, **_: Any) -> None:
        tag(exception, self.scope)
