"""Who may come in: bearer tokens and users, compared without telling by time how close they were.

Also the headers that every answer carries.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import math
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import bcrypt

_REMEMBERED = 100
# bcrypt looks at no more, and its library refuses what is longer.
_BCRYPT_BYTES = 72
_CHALLENGE = 'Basic realm="vigia", charset="UTF-8"'
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
}
_HSTS = ("Strict-Transport-Security", "max-age=31536000")


def bearer(tokens: Iterable[str]) -> Callable[[str | None], bool]:
    """Return a check of an ``Authorization`` header against every one of ``tokens``.

    Each call compares with all tokens, so that its duration tells neither which one matched nor
    how much of it. Empty tokens never match.
    """
    known = tuple(
        _digest(spelling) for token in tokens if token for spelling in sorted(_spellings(token))
    )

    def allowed(header: str | None) -> bool:
        scheme, _, credential = (header or "").partition(" ")
        offered = _digest(_bytes(credential.strip()))
        matches = [hmac.compare_digest(offered, digest) for digest in known]
        return scheme.lower() == "bearer" and any(matches)

    return allowed


def _spellings(token: str) -> set[bytes]:
    # Clients send what is not ASCII as UTF-8, or as Latin-1 where it fits.
    return {token.encode(), _bytes(token)}


def _bytes(text: str) -> bytes:
    """Return the bytes that a header's text stood for: WSGI reads them as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _digest(token: bytes) -> bytes:
    # Digests are of one length: comparing tokens directly would tell theirs.
    return hashlib.sha256(token).digest()


VERIFIED = "vigia.client_verified"
"""Where a request's environment says that TLS has verified its client's certificate.

The server sets it by connection. No header can: those reach the environment as ``HTTP_...``.
"""


def verified(environ: Mapping[str, Any]) -> bool:
    """Say whether the client showed a certificate of the authority that the server trusts."""
    return environ.get(VERIFIED) is True


class Guesses:
    """Counts wrong credentials by client address, and says who must wait before the next.

    Who must wait is not compared with at all: more than ``limit`` guesses within the window tell
    nothing. Other addresses are not held up; but all that come through one proxy share its address.
    Memory is bounded: at ``most`` addresses the one that was wrong longest ago is forgotten.
    """

    window = 60
    """Seconds within which guesses count together."""

    def __init__(
        self, limit: int = 10, most: int = 1000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._at: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str | None) -> int:
        """Return how long (seconds) the address must wait before it is compared with; 0 for not."""
        with self._lock:
            at = self._at.get(_network(address))
            # The oldest of as many as are allowed: once it is out of the window there is room.
            left = at[0] + self.window - self._now() if at and len(at) == self._limit else 0.0
        return max(0, math.ceil(left))

    def wrong(self, address: str | None) -> None:
        """Record a wrong guess."""
        key = _network(address)
        with self._lock:
            at = self._at.setdefault(key, deque(maxlen=self._limit))
            self._at.move_to_end(key)
            while len(self._at) > self._most:
                self._at.popitem(last=False)
            at.append(self._now())


def _network(address: str | None) -> str:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    # One customer is handed a /64 of IPv6 and may come from any address in it.
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((found, 64), strict=False))
    return str(found)


class UserCheck:
    """Checks basic authentication against bcrypt hashes, by user.

    bcrypt is slow on purpose: pairs that proved right are remembered, under a key of this process.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def allowed(self, header: str | None, users: Mapping[str, str]) -> bool:
        """Say whether the ``Authorization`` header names one of ``users`` with its password."""
        name, password = _basic(header)
        if not users or not name or b"\0" in password:
            return False
        # An unknown name costs what a known one does, or time would tell which names exist.
        stored = users.get(name) or next(iter(users.values()))
        proof = self._proof(name, stored, password)
        if proof in self._right:
            return True
        right = bcrypt.checkpw(password[:_BCRYPT_BYTES], stored.encode()) and name in users
        if right:
            self._remember(proof)
        return right

    def _proof(self, name: str, stored: str, password: bytes) -> bytes:
        # The hash is part of it: after a change of password the old one is not remembered.
        parts = b"\0".join((name.encode(), stored.encode(), password))
        return hmac.digest(self._key, parts, "sha256")

    def _remember(self, proof: bytes) -> None:
        with self._lock:
            while len(self._right) >= _REMEMBERED:
                del self._right[next(iter(self._right))]
            self._right[proof] = None


def _basic(header: str | None) -> tuple[str, bytes]:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
        name, _, password = decoded.partition(b":")
        return name.decode(), password
    except (binascii.Error, UnicodeDecodeError):
        return "", b""


def guarded(app: WSGIApplication, users: Callable[[], Mapping[str, str]]) -> WSGIApplication:
    """Return ``app`` behind basic authentication, open while ``users()`` is empty."""
    check, guesses = UserCheck(), Guesses()

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        known = users()
        offered, address = environ.get("HTTP_AUTHORIZATION"), environ.get("REMOTE_ADDR")
        wait = guesses.wait(address) if known and offered else 0
        if not wait and (not known or check.allowed(offered, known)):
            return app(environ, start_response)
        status, headers = "401 Unauthorized", [("WWW-Authenticate", _CHALLENGE)]
        if wait:
            # Whoever guesses pays for a new connection, and for its handshake, each time.
            after = ("Retry-After", str(wait))
            status, headers = "429 Too Many Requests", [after, ("Connection", "close")]
        elif offered:
            guesses.wrong(address)
        body = f"{status[4:]}\n".encode()
        length = ("Content-Length", str(len(body)))
        start_response(status, [("Content-Type", "text/plain; charset=utf-8"), length, *headers])
        return [body]

    return application


def hardened(app: WSGIApplication) -> WSGIApplication:
    """Return ``app`` with security headers on every answer, where it has not set its own."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
        ) -> Callable[[bytes], object]:
            present = {name.lower() for name, _ in headers}
            added = [
                (name, value) for name, value in _HEADERS.items() if name.lower() not in present
            ]
            if environ.get("wsgi.url_scheme") == "https":
                added.append(_HSTS)
            return start_response(status, headers + added, exc_info)

        return app(environ, start)

    return application
