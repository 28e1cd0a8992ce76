"""Bearer tokens, users and security headers."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import requests

from tests.web.conftest import hashed
from web.security import UserCheck, bearer
from web.server import WebServer


def basic(name: str, password: str) -> str:
    """Return the header of basic authentication."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer new", True),
        ("bearer old", True),
        ("Bearer  old ", True),
        ("Bearer", False),
        ("Bearer ", False),
        ("Bearer other", False),
        ("Bearer new old", False),
        ("Basic new", False),
        ("new", False),
        ("", False),
        (None, False),
    ],
)
def test_only_a_known_token_is_allowed(header: str | None, *, expected: bool) -> None:
    """Any of several tokens opens, so that they can be rotated; nothing else does."""
    assert bearer(["new", "old", ""])(header) is expected


def test_no_token_allows_nobody() -> None:
    """An empty list of tokens is a closed door, not an open one."""
    assert not bearer([])("Bearer ")
    assert not bearer([""])("Bearer ")


def test_every_token_is_compared_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of comparisons is the same whichever token matches, or none."""
    compared: list[bytes] = []
    real = hmac.compare_digest

    def counting(a: bytes, b: bytes) -> bool:
        compared.append(b)
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    allowed = bearer(["a", "b", "c"])
    for header in ("Bearer a", "Bearer c", "Bearer x", None):
        compared.clear()
        allowed(header)
        assert len(compared) == 3


def test_users_come_in_with_their_password_only() -> None:
    """A right pair is allowed, also when remembered; wrong ones never are."""
    users = {"ana": hashed("segredo-ç"), "rui": hashed("x" * 100)}
    check = UserCheck()
    for _ in range(2):
        assert check.allowed(basic("ana", "segredo-ç"), users)
        assert check.allowed(basic("rui", "x" * 100), users)
        assert not check.allowed(basic("ana", "errado"), users)
        assert not check.allowed(basic("nobody", "segredo-ç"), users)
        assert not check.allowed(basic("", "segredo-ç"), users)
    for header in (None, "", "Basic", "Basic %%%", "Basic /w==", "Bearer x", basic("ana", "a\0b")):
        assert not check.allowed(header, users)


def test_a_changed_password_is_not_remembered() -> None:
    """After the hash has changed, the old password is refused and the new one allowed."""
    check = UserCheck()
    assert check.allowed(basic("ana", "old"), {"ana": hashed("old")})
    changed = {"ana": hashed("new")}
    assert not check.allowed(basic("ana", "old"), changed)
    assert check.allowed(basic("ana", "new"), changed)
    assert not check.allowed(basic("ana", "new"), {"rui": hashed("new")})


def test_every_answer_carries_security_headers(serve: Callable[..., WebServer]) -> None:
    """Nothing is sniffed, framed, cached or loaded from elsewhere; the app may say otherwise."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Cache-Control", "max-age=5"), ("Content-Length", "0")])
        return [b""]

    headers = requests.get(serve(app).url, timeout=5).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "max-age=5"
    assert headers["Server"] == "vigia"
