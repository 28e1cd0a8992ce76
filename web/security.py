"""Who may come in: bearer tokens and users, compared without telling by time how close they were.

Also the headers that every answer carries.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
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


class Guesses:
    """Counts wrong credentials by client address, to tell who only guesses.

    What is right is let in before this is asked: a guesser behind the same proxy as Alertmanager
    cannot shut it out, and no right token is ever answered 429, which Alertmanager would not
    retry. Memory is bounded: at ``most`` addresses the one that was quiet longest is forgotten.
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

    def too_many(self, address: str | None) -> bool:
        """Record a wrong guess; say whether it is one too many within the window."""
        key, now = _network(address), self._now()
        with self._lock:
            at = self._at.setdefault(key, deque(maxlen=self._limit + 1))
            self._at.move_to_end(key)
            while len(self._at) > self._most:
                self._at.popitem(last=False)
            at.append(now)
            recent = [one for one in at if one > now - self.window]
        return len(recent) > self._limit


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
        offered = environ.get("HTTP_AUTHORIZATION")
        if not known or check.allowed(offered, known):
            return app(environ, start_response)
        status, headers = "401 Unauthorized", [("WWW-Authenticate", _CHALLENGE)]
        if offered and guesses.too_many(environ.get("REMOTE_ADDR")):
            # Whoever guesses pays for a new connection, and for its handshake, each time.
            wait = ("Retry-After", str(guesses.window))
            status, headers = "429 Too Many Requests", [wait, ("Connection", "close")]
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
