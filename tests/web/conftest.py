"""Certificates, users and a client's view of a server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import bcrypt
import pytest

from web.address import Address
from web.server import WebServer


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    cert: Path
    key: Path


class Authority:
    """A certificate authority of one test, made with openssl."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.ca = self._request("ca", "-x509", "-days", "2").cert

    def issue(self, name: str) -> Pair:
        """Return a new certificate for 127.0.0.1 with ``name`` as its subject."""
        ca_key = self._root / "ca.key"
        return self._request(
            name, "-x509", "-days", "2", "-CA", str(self.ca), "-CAkey", str(ca_key),
            "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
        )  # fmt: skip

    def _request(self, name: str, *options: str) -> Pair:
        pair = Pair(self._root / f"{name}.crt", self._root / f"{name}.key")
        subprocess.run(
            [
                *("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                *("-nodes", "-subj", f"/CN={name}", "-keyout", pair.key, "-out", pair.cert),
                *options,
            ],
            check=True,
            capture_output=True,
        )
        return pair


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A fresh certificate authority."""
    root = tmp_path / "certificates"
    root.mkdir()
    return Authority(root)


def hashed(password: str) -> str:
    """Return the cheapest bcrypt hash of ``password``."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds=4)).decode()


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the request's body, or 'hello'."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"hello"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def serve() -> Iterator[Callable[..., WebServer]]:
    """Start servers on free ports; all are stopped at the end."""
    started: list[WebServer] = []

    def start(
        app: WSGIApplication = echo, config_file: Path | None = None, **options: Any
    ) -> WebServer:
        server = WebServer(app, Address("127.0.0.1", 0), config_file, **options).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
