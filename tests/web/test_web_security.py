"""Bearer tokens, users and security headers."""

from __future__ import annotations

import base64
import hmac
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import bcrypt
import pytest
import requests

from tests.web.conftest import hashed
from web.security import Guesses, UserCheck, bearer
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


@pytest.mark.parametrize("spelling", ["segredo-ç".encode(), "segredo-ç".encode("latin-1")])
def test_a_token_that_is_not_ascii_opens(spelling: bytes) -> None:
    """A header as WSGI hands it over matches, whichever way the client spelt it."""
    allowed = bearer(["segredo-ç", "chave-→"])
    assert allowed(f"Bearer {spelling.decode('latin-1')}")
    assert allowed("Bearer " + "chave-→".encode().decode("latin-1"))
    assert not allowed("Bearer segredo-c")
    assert not allowed("Bearer segredo-\udce7")


def test_guesses_are_counted_by_address_and_forgotten() -> None:
    """After ten within a minute an address waits until the oldest is a minute old."""
    at = [0.0]
    guesses = Guesses(now=lambda: at[0])
    for _ in range(10):
        assert guesses.wait("192.0.2.1") == 0
        guesses.wrong("192.0.2.1")
        at[0] += 1
    assert guesses.wait("192.0.2.1") == guesses.window - 10
    assert guesses.wait("192.0.2.2") == 0
    at[0] += guesses.window - 10
    assert guesses.wait("192.0.2.1") == 0
    guesses.wrong("192.0.2.1")
    assert guesses.wait("192.0.2.1") == 1


def test_guesses_from_one_ipv6_network_count_together() -> None:
    """An attacker has all of a /64: changing the address within it does not help."""
    guesses = Guesses(limit=3)
    for number in range(3):
        assert guesses.wait(f"2001:db8::{number:x}") == 0
        guesses.wrong(f"2001:db8::{number:x}")
    assert guesses.wait("2001:db8::ffff") > 0
    assert guesses.wait("2001:db8:0:1::1") == 0


def test_guesses_keep_bounded_memory() -> None:
    """However many addresses guess, only so many are remembered, the newest ones."""
    guesses = Guesses(limit=1, most=50)
    for number in range(1000):
        assert guesses.wait(f"10.0.{number // 250}.{number % 250}") == 0
        guesses.wrong(f"10.0.{number // 250}.{number % 250}")
    assert len(guesses._at) == 50
    assert guesses.wait("10.0.3.249") > 0
    assert guesses.wait("10.0.0.1") == 0


def test_who_only_asks_takes_no_memory() -> None:
    """Addresses that never guessed wrong are not remembered at all."""
    guesses = Guesses()
    for number in range(100):
        guesses.wait(f"10.0.0.{number}")
    assert len(guesses._at) == 0


def test_after_ten_wrong_passwords_none_is_compared(
    serve: Callable[..., WebServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is 429 then, the connection is closed, and bcrypt is not asked; elsewhere all is well."""
    config = tmp_path / "web.yml"
    config.write_text(f"basic_auth_users:\n  ana: {hashed('right')}\n", encoding="utf-8")
    server = serve(config_file=config)
    wrong, right = (
        {"Authorization": basic("ana", "wrong")},
        {"Authorization": basic("ana", "right")},
    )
    with requests.Session() as session:
        answers = [session.post(server.url, b"x", headers=wrong, timeout=5) for _ in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        assert answers[-1].headers["Connection"] == "close"
        assert int(answers[-1].headers["Retry-After"]) > 0
        compared: list[bytes] = []
        monkeypatch.setattr(bcrypt, "checkpw", lambda *found: compared.append(found[0]))
        for headers in (wrong, right):
            assert session.post(server.url, b"x", headers=headers, timeout=5).status_code == 429
        assert compared == []
        assert session.get(server.url, timeout=5).status_code == 401


def test_the_connection_is_really_closed(serve: Callable[..., WebServer]) -> None:
    """Where the application says 'Connection: close' the server reads nothing more from it."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("429 Too Many", [("Connection", "close"), ("Content-Length", "0")])
        return [b""]

    parts = urlsplit(serve(app).url)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as client:
        client.sendall(request + request)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    assert answer.count(b"HTTP/1.1 429") == 1
