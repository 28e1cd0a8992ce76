"""Every HTTP attempt of a client: held to the limit and to its caller's time, and counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inventory.credentials import Credentials
from inventory.limiter import THROTTLED, Limiter, LimitError, Limits

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
_TOO_MANY = 429
_FAILED = 300


def scope_of(error: BaseException) -> str | None:
    """Return the further scope in which ``error`` happened; None for the main one, or no call."""
    found = getattr(error, _TAG, None) or getattr(error, "response", {}).get(_TAG)
    return str(found) if found else None


def tag(error: BaseException, scope: str | None) -> None:
    """Remember that ``error`` happened in ``scope``."""
    if scope is not None:
        setattr(error, _TAG, scope)


class CallersTime(threading.local):
    """How long each thread may still wait: what it said when it last asked for a client."""

    remaining: Callable[[], float] | None = None

    def left(self, most: float) -> float:
        """Return the seconds left to this thread, at most ``most``."""
        return most if self.remaining is None else min(most, self.remaining())


class _Held(threading.local):
    """The limiter that this thread's attempt is under way in."""

    limiter: Limiter | None = None


@dataclass(frozen=True)
class Attempts:
    """The attempts of one client, which calls ``service`` in one scope, account and region.

    No attempt begins, and none is repeated, when the caller's time is over; none lasts longer than
    that time or ``timeout`` seconds.
    """

    service: str
    scope: str | None
    account: str
    region: str
    credentials: Credentials
    limits: Limits
    time: CallersTime
    timeout: float
    on_request: OnRequest | None
    _held: _Held = field(default_factory=_Held)

    def watch(self, client: Any) -> None:
        """Follow every attempt of a boto3 client."""
        events, service = client.meta.events, client.meta.service_model.service_id.hyphenize()
        events.register_first(f"before-send.{service}", self._sending)
        events.register_first(f"response-received.{service}", self._left)
        events.register_first(f"needs-retry.{service}", self._attempted)
        events.register(f"after-call.{service}", self._answered)
        events.register(f"after-call-error.{service}", self._failed)

    def limiter(self, operation: str) -> Limiter:
        """Return what limits an operation."""
        return self.limits.of(self.account, self.region, self.service, operation)

    def ended(self, operation: str, code: str, status: int | None = None) -> None:
        """Take note of how an attempt ended: an error code, the HTTP status or an exception."""
        if self.on_request is not None:
            self.on_request(self.service, operation, code)
        if code in THROTTLED or status == _TOO_MANY:
            self.limiter(operation).slow_down()
        if code in REFUSED:
            self.credentials.refused()

    def _sending(self, event_name: str, request: Any, **_: Any) -> None:
        limiter = self.limiter(event_name.rsplit(".", 1)[-1])
        limiter.enter(self.time.left(self.timeout))
        self._held.limiter = limiter
        left = self.time.left(self.timeout)
        if left <= 0:
            raise LimitError("no time left")
        # botocore's own way to bound the reading of one answer.
        request.context["read_timeout"] = left

    def _left(self, **_: Any) -> None:
        limiter, self._held.limiter = self._held.limiter, None
        if limiter is not None:
            limiter.leave()

    def _attempted(
        self, operation: Any, response: Any, caught_exception: Any, **_: Any
    ) -> bool | None:
        if isinstance(caught_exception, LimitError):
            return False
        status = None
        if response is not None:
            status, parsed = response[0].status_code, response[1]
            code = parsed.get("Error", {}).get("Code") or str(status)
        else:
            code = type(caught_exception).__name__
        self.ended(operation.name, code, status)
        # False keeps botocore from sleeping before an attempt that could not begin any more.
        return None if self.time.left(self.timeout) > 0 else False

    def _answered(self, http_response: Any, parsed: Any, **_: Any) -> None:
        # An error's response is this very mapping.
        if http_response.status_code >= _FAILED and self.scope is not None:
            parsed[_TAG] = self.scope

    def _failed(self, event_name: str, exception: BaseException, **_: Any) -> None:
        if self._held.limiter is not None:
            # An answer that botocore cannot read ends an attempt without its other events.
            self._left()
            self.ended(event_name.rsplit(".", 1)[-1], type(exception).__name__)
        tag(exception, self.scope)
