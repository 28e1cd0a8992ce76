"""The server over real sockets: limits, refusals, and a graceful stop."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import requests

from tests.conftest import wait_for
from tests.web.conftest import echo
from web.address import Address
from web.errors import WebError
from web.server import WebServer

Serve = Callable[..., WebServer]


def raw(server: WebServer, data: bytes) -> bytes:
    """Send ``data`` and return all that comes back."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as client:
        client.sendall(data)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
        return answer


def test_a_server_answers_as_soon_as_it_has_started(serve: Serve) -> None:
    """Port 0 gives a free port that is known, and open, when start returns."""
    server = serve()
    assert not server.url.endswith(":0")
    assert requests.get(server.url, timeout=5).text == "hello"
    assert requests.post(server.url, data=b"abc", timeout=5).text == "abc"


def test_ipv6_is_served() -> None:
    """An IPv6 address is listened on, and stands in brackets in the URL."""
    server = WebServer(echo, Address("::1", 0))
    try:
        server.start()
    except WebError:
        pytest.skip("this machine has no IPv6")
    try:
        assert server.url.startswith("http://[::1]:")
        assert requests.get(server.url, timeout=5).text == "hello"
    finally:
        server.stop()


def test_a_taken_address_is_refused_in_one_line(serve: Serve) -> None:
    """The error names the address and why."""
    port = urlsplit(serve().url).port or 0
    with pytest.raises(WebError, match=rf"^cannot listen on 127.0.0.1:{port}: [^\n]*in use"):
        WebServer(echo, Address("127.0.0.1", port)).start()


@pytest.mark.parametrize("size", [1001, 20_000_000])
def test_a_body_beyond_the_limit_is_answered_413(serve: Serve, size: int) -> None:
    """The client hears 413 even while it is still sending, and the application nothing."""
    called: list[str] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        called.append(environ["PATH_INFO"])
        return echo(environ, start_response)

    server = serve(app, max_body=1000)
    assert requests.post(server.url, data=b"x" * size, timeout=10).status_code == 413
    assert called == []
    assert requests.post(server.url, data=b"x" * 1000, timeout=5).status_code == 200


def test_the_limit_is_told_before_the_body_is_read(serve: Serve) -> None:
    """A stated length beyond the limit is refused though not a byte of it was sent."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
    server = serve(max_body=1000)
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1) as client:
        client.sendall(head)
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: a\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 9_000 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_malformed_requests_are_refused(serve: Serve, request_: bytes, status: bytes) -> None:
    """Bodies of unknown length, endless headers and nonsense get a 4xx and a closed connection."""
    server = serve()
    assert raw(server, request_).split(b" ", 2)[1] == status
    assert requests.get(server.url, timeout=5).status_code == 200


def test_an_underscore_cannot_forge_a_header(serve: Serve) -> None:
    """'X_Real' does not reach the application under the name of 'X-Real'."""
    seen: list[Any] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ.get("HTTP_X_REAL"))
        return echo(environ, start_response)

    raw(serve(app), b"GET / HTTP/1.1\r\nX_Real: forged\r\nConnection: close\r\n\r\n")
    assert seen == [None]


def test_silent_clients_keep_nobody_waiting(serve: Serve) -> None:
    """Connections that say nothing take no worker, however many they are."""
    server = serve(threads=1)
    parts = urlsplit(server.url)
    silent = [socket.create_connection((parts.hostname or "", parts.port or 0)) for _ in range(20)]
    begun = time.monotonic()
    assert requests.get(server.url, timeout=5).text == "hello"
    assert time.monotonic() - begun < 2
    for client in silent:
        client.close()


def test_stop_finishes_what_is_in_flight(serve: Serve) -> None:
    """A request under way when the server stops gets its whole answer; a later one gets none."""
    entered, release = threading.Event(), threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        entered.set()
        release.wait(10)
        return echo(environ, start_response)

    server = serve(app)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(requests.get, server.url, timeout=10)
        assert entered.wait(5)
        stopping = pool.submit(server.stop)
        wait_for(lambda: not _accepts(server))
        release.set()
        assert answer.result(10).text == "hello"
        stopping.result(10)
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=2)


def _accepts(server: WebServer) -> bool:
    parts = urlsplit(server.url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def test_stop_does_not_wait_for_ever(serve: Serve) -> None:
    """A request that hangs delays the stop by its patience, and no longer."""
    entered, release = threading.Event(), threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        entered.set()
        release.wait(30)
        return echo(environ, start_response)

    server = serve(app, patience=0.2)
    with ThreadPoolExecutor() as pool:
        pool.submit(requests.get, server.url, timeout=30)
        assert entered.wait(5)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 6
        release.set()


def test_stop_is_harmless_before_start_and_twice() -> None:
    """Stopping what never started, or has stopped, does nothing."""
    never = WebServer(echo, Address("127.0.0.1", 0))
    never.stop()
    server = WebServer(echo, Address("127.0.0.1", 0)).start()
    server.stop()
    server.stop()


def test_a_failing_application_is_a_500_and_one_log_record(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception answers 500 without its text, and the server goes on."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise RuntimeError("the reason")

    server = serve(app)
    for _ in range(2):
        answer = requests.get(server.url, timeout=5, headers={"Authorization": "Bearer s3cret"})
        assert answer.status_code == 500
        assert "reason" not in answer.text
    assert "the reason" in caplog.text
    assert "s3cret" not in caplog.text
