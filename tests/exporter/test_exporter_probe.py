"""The API probe against real servers: up, down, slow, hanging, broken, and what stays secret."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.samples import Value
from exporter.sources.http_get import MOST_BODY, MOST_REDIRECTS
from inventory.load import InventoryError, load_inventory
from inventory.model import Inventory
from inventory.resources import Api
from simulator.processes import free_port
from tests.conftest import wait_for
from tests.exporter.servers import Behave, Server, answer, dripping, silent
from tests.exporter.support import ROOT, Bench, compressed, values
from tests.web.conftest import Authority

NAME = "api_probe"
API = ("ons-data-platform-api", "prod")
UP = ("api_probe_up", *API)
STATUS = ("api_probe_status_code", *API)
SECONDS = ("api_probe_duration_seconds", *API)
EXPIRES = ("api_probe_certificate_expiry_timestamp_seconds", *API)
DEADLINE = 1.0

Serve = Callable[..., Server]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority that nobody trusts yet."""
    root = tmp_path / "certificates"
    root.mkdir()
    return Authority(root)


def at(url: str | None, **collection: float) -> Inventory:
    """Return an inventory whose API's health is at ``url``."""
    inventory = compressed(**{"probe_deadline": DEADLINE, **collection})
    (api,) = inventory.apis
    return inventory.model_copy(update={"apis": (api.model_copy(update={"health_url": url}),)})


def probed(bench: Bench, url: str) -> dict[tuple[str, ...], Value]:
    """Probe one address; the API must have been measured, whatever came of it."""
    bench.inventory = at(url)
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (1, 1, ())
    return values(reading)


def test_healthy_api_is_up(bench: Bench, serve: Serve) -> None:
    """A 200 is up, with its status and how long it took, and no certificate over plain HTTP."""
    server = serve(answer(200))
    found = probed(bench, f"{server.url}/health?deep=1")
    assert (found[UP], found[STATUS]) == (1.0, 200.0)
    seconds = found[SECONDS]
    assert isinstance(seconds, float)
    assert 0 < seconds < DEADLINE
    assert EXPIRES not in found
    (head,) = server.heads
    assert head.startswith(b"GET /health?deep=1 HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n".encode() in head
    assert b"Authorization" not in head


@pytest.mark.parametrize("status", [199, 304, 404, 503])
def test_other_answers_are_down_with_their_status(bench: Bench, serve: Serve, status: int) -> None:
    """Whatever is no success is down, and says what was answered."""
    found = probed(bench, serve(answer(status)).url)
    assert (found[UP], found[STATUS]) == (0.0, float(status))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_followed(bench: Bench, serve: Serve, status: int) -> None:
    """A redirect, also to another server and a relative one, leads to the answer that counts."""
    other = serve(answer(200))

    def lead(connection: socket.socket, head: bytes) -> None:
        location = f"{other.url}/far" if b"/near" in head else "near"
        answer(status, Location=location)(connection, head)

    server = serve(lead)
    found = probed(bench, f"{server.url}/health")
    assert (found[UP], found[STATUS]) == (1.0, 200.0)
    assert [head.split()[1] for head in (*server.heads, *other.heads)] == [
        b"/health",
        b"/near",
        b"/far",
    ]


def test_redirects_end(bench: Bench, serve: Serve) -> None:
    """A few redirects are followed; a circle is down, with the status of the last one."""
    server = serve(answer(302, Location="/health"))
    found = probed(bench, f"{server.url}/health")
    assert (found[UP], found[STATUS]) == (0.0, 302.0)
    assert len(server.heads) == MOST_REDIRECTS + 1


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "http://127.0.0.1:port/", "http:///"])
def test_redirect_to_nowhere_is_down(bench: Bench, serve: Serve, location: str) -> None:
    """A redirect that cannot be followed is down, not an error of ours."""
    found = probed(bench, serve(answer(302, Location=location)).url)
    assert (found[UP], found[STATUS]) == (0.0, 302.0)


def test_slow_answer_in_time_is_up(bench: Bench, serve: Serve) -> None:
    """What comes within the deadline is up, and its duration tells that it was slow."""

    def late(connection: socket.socket, head: bytes) -> None:
        threading.Event().wait(0.2)
        answer(200)(connection, head)

    found = probed(bench, serve(late).url)
    seconds = found[SECONDS]
    assert isinstance(seconds, float)
    assert found[UP] == 1.0
    assert 0.2 <= seconds < DEADLINE


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (b"", None),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", None),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200.0),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n", 200.0),
    ],
)
def test_deadline_ends_a_server_that_drips(
    bench: Bench, serve: Serve, start: bytes, status: float | None
) -> None:
    """Bytes that keep coming, in whatever part, end at the deadline; no thread stays behind."""
    servers: list[Server] = []
    servers.append(serve(dripping(start, lambda: servers[0].stopping)))
    started = time.monotonic()
    found = probed(bench, servers[0].url)
    assert time.monotonic() - started < DEADLINE + 2
    assert (found[UP], found.get(STATUS)) == (0.0, status)
    seconds = found[SECONDS]
    assert isinstance(seconds, float)
    assert DEADLINE <= seconds < DEADLINE + 1
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "http-get"], 3)


def test_silent_server_is_down_and_delays_no_other(bench: Bench, serve: Serve) -> None:
    """Many APIs are asked at once: those that hang cost one deadline together."""
    servers: list[Server] = []
    servers.append(serve(silent(lambda: servers[0].stopping)))
    healthy = serve(answer(200))
    bench.inventory = at(None).model_copy(
        update={
            "apis": tuple(
                Api(name=f"api-{n}", stage="prod", health_url=(servers[0], healthy)[n % 2].url)
                for n in range(12)
            )
        }
    )
    started = time.monotonic()
    found = bench.collect(NAME)
    assert time.monotonic() - started < DEADLINE + 2
    assert [found["api_probe_up", f"api-{n}", "prod"] for n in range(12)] == [0.0, 1.0] * 6


def test_refused_connection_is_down_without_a_status(bench: Bench) -> None:
    """Nobody listens: down, no status, and no failure of the collection."""
    found = probed(bench, f"http://127.0.0.1:{free_port()}/")
    assert found[UP] == 0.0
    assert STATUS not in found
    assert EXPIRES not in found


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Header: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
        b"\x00" * 100_000,
    ],
)
def test_garbage_is_down(bench: Bench, serve: Serve, garbage: bytes) -> None:
    """What is no HTTP, or too much of it, is down."""
    found = probed(bench, serve(lambda connection, _head: connection.sendall(garbage)).url)
    assert found[UP] == 0.0


def test_body_is_bounded(bench: Bench, serve: Serve) -> None:
    """A body without an end is read up to a limit, and then left."""
    sent = []

    def pour(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(b"x" * 10_000)
            sent.append(10_000)

    server = serve(pour)
    found = probed(bench, server.url)
    assert (found[UP], found[STATUS]) == (1.0, 200.0)
    wait_for(lambda: not server.busy)
    assert sum(sent) < MOST_BODY + 20_000_000


def secured(authority: Authority, name: str = "api") -> tuple[ssl.SSLContext, float]:
    """Return a server's context and when its certificate expires."""
    pair = authority.issue(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate", "-in", pair.cert],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return context, ssl.cert_time_to_seconds(told.strip().removeprefix("notAfter="))


def test_trusted_certificate_tells_its_expiry(
    bench: Bench, serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTPS under an authority that the system trusts: up, and when the certificate ends."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    context, expires = secured(authority)
    found = probed(bench, serve(answer(200), context).url)
    assert (found[UP], found[EXPIRES]) == (1.0, expires)


def test_untrusted_certificate_is_down(bench: Bench, serve: Serve, authority: Authority) -> None:
    """No answer is taken, and no request sent, under a certificate that nobody vouches for."""
    server = serve(answer(200), secured(authority)[0])
    found = probed(bench, server.url)
    assert found[UP] == 0.0
    assert STATUS not in found
    assert EXPIRES not in found
    assert server.heads == []


def test_certificate_of_another_host_is_down(
    bench: Bench, serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name in the address must be the certificate's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    server = serve(answer(200), secured(authority)[0])
    found = probed(bench, f"https://localhost:{server.port}/")
    assert found[UP] == 0.0
    assert server.heads == []


def test_plain_server_behind_https_is_down(bench: Bench, serve: Serve) -> None:
    """A handshake that is answered in plain text, or never, is down."""
    assert probed(bench, f"https://127.0.0.1:{serve(answer(400)).port}/")[UP] == 0.0


def test_redirect_never_leaves_https(
    bench: Bench, serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect to plain HTTP is not followed: its answer could be anybody's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    plain = serve(answer(200))
    server = serve(answer(302, Location=plain.url), secured(authority)[0])
    found = probed(bench, server.url)
    assert (found[UP], found[STATUS]) == (0.0, 302.0)
    assert plain.heads == []


@pytest.mark.parametrize("behave", [answer(200), answer(500), lambda c, _: c.sendall(b"junk")])
def test_secrets_of_the_address_reach_nobody_else(
    bench: Bench, serve: Serve, behave: Behave, caplog: pytest.LogCaptureFixture
) -> None:
    """User, password and query go to the server alone: not to logs, metrics, state or redirects."""
    caplog.set_level(logging.DEBUG)
    server = serve(behave)
    bench.inventory = at(f"http://operator:hunt%40r2@127.0.0.1:{server.port}/health?key=hunter3")
    reading = bench.reading(NAME)
    (head,) = server.heads
    assert b"GET /health?key=hunter3 HTTP/1.1" in head
    assert b"Authorization: Basic b3BlcmF0b3I6aHVudEByMg==" in head
    said = caplog.text + repr(reading) + json.dumps(bench.store.of(NAME).load())
    for secret in ("operator", "hunt", "b3Blcm"):
        assert secret not in said


def test_secrets_are_not_redirected(bench: Bench, serve: Serve) -> None:
    """Another server is told neither the user nor the query."""
    other = serve(answer(200))
    server = serve(answer(302, Location=f"{other.url}/far"))
    found = probed(bench, f"http://operator:hunter2@127.0.0.1:{server.port}/?key=hunter3")
    assert found[UP] == 1.0
    assert b"Authorization" not in other.heads[0]
    assert b"hunter" not in other.heads[0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://[::1/", "http://a..b/"])
def test_address_that_cannot_be_is_down(bench: Bench, url: str) -> None:
    """An address of the right form that no request can be sent to is down, without a status."""
    assert probed(bench, url)[UP] == 0.0


@pytest.mark.parametrize(
    "url", ["ftp://o:hunter2@h/", "https://", "h/health?key=hunter2", "http://a b"]
)
def test_address_of_another_form_is_refused(tmp_path: Path, url: str) -> None:
    """The inventory takes HTTP addresses alone, and its complaint does not repeat a secret."""
    overlay = tmp_path / "overlay.yaml"
    apis = [{"name": API[0], "stage": API[1], "health_url": url}]
    overlay.write_text(json.dumps({"apis": apis}), encoding="utf-8")
    with pytest.raises(InventoryError, match="health_url") as raised:
        load_inventory(ROOT / "platform.yaml", overlay)
    assert "hunter2" not in str(raised.value)
