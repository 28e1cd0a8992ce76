"""TLS, users, and following changed files, against a real server."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.web.conftest import Authority, Pair, hashed
from web.errors import WebError
from web.server import WebServer

Serve = Callable[..., WebServer]


def tls_file(path: Path, pair: Pair, extra: str = "") -> Path:
    """Write a configuration with TLS and ``extra`` to ``path``."""
    replace(
        path,
        f"tls_server_config:\n  cert_file: {pair.cert}\n  key_file: {pair.key}\n{extra}",
    )
    return path


def replace(path: Path, text: str) -> None:
    """Replace a file at once, as a rotation would."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def subject(server: WebServer, authority: Authority) -> str:
    """Return the common name that the server shows."""
    parts = urlsplit(server.url)
    context = ssl.create_default_context(cafile=str(authority.ca))
    with (
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as wrapped,
    ):
        certificate: Any = wrapped.getpeercert()
        return str(dict(pair[0] for pair in certificate["subject"])["commonName"])


def test_tls_is_served_with_hsts(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    """A client that trusts the authority is answered over TLS; plain HTTP is not."""
    server = serve(config_file=tls_file(tmp_path / "web.yml", authority.issue("one")))
    assert server.url.startswith("https://")
    answer = requests.get(server.url, verify=str(authority.ca), timeout=5)
    assert answer.text == "hello"
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url.replace("https", "http"), timeout=5)


def test_min_version_is_honoured(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    """With TLS13 as the minimum a client of TLS 1.2 is refused."""
    pair = authority.issue("one")
    server = serve(config_file=tls_file(tmp_path / "web.yml", pair, "  min_version: TLS13\n"))
    parts = urlsplit(server.url)
    context = ssl.create_default_context(cafile=str(authority.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as plain,
        pytest.raises(OSError, match=r"(?i)version|reset|EOF"),
    ):
        context.wrap_socket(plain, server_hostname=parts.hostname)


def test_client_certificates_are_required(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    """Only a client with a certificate of the named authority comes in."""
    pair, client = authority.issue("one"), authority.issue("client")
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").issue("stranger")
    extra = f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {authority.ca}\n"
    server = serve(config_file=tls_file(tmp_path / "web.yml", pair, extra))

    def get(cert: Pair | None) -> int:
        shown = (str(cert.cert), str(cert.key)) if cert else None
        return requests.get(server.url, verify=str(authority.ca), cert=shown, timeout=5).status_code

    assert get(client) == 200
    for refused in (None, stranger):
        with pytest.raises(requests.ConnectionError):
            get(refused)


def test_a_silent_tls_client_keeps_nobody_waiting(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    """A connection that never shakes hands delays no other, even with one worker."""
    server = serve(config_file=tls_file(tmp_path / "web.yml", authority.issue("one")), threads=1)
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0)):
        begun = time.monotonic()
        assert requests.get(server.url, verify=str(authority.ca), timeout=5).ok
        assert time.monotonic() - begun < 2


def test_users_are_asked_for(serve: Serve, tmp_path: Path) -> None:
    """Without the right pair every page answers 401 with a challenge."""
    path = tmp_path / "web.yml"
    replace(path, f"basic_auth_users:\n  ana: {hashed('right')}\n")
    url = serve(config_file=path).url
    assert requests.get(url, auth=("ana", "right"), timeout=5).text == "hello"
    for auth in (None, ("ana", "wrong"), ("rui", "right")):
        answer = requests.get(url, auth=auth, timeout=5)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_changed_users_and_certificates_are_followed(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    """The next connection sees a new password and a certificate replaced in place."""
    pair = authority.issue("one")
    path = tls_file(tmp_path / "web.yml", pair, f"basic_auth_users:\n  ana: {hashed('old')}\n")
    server = serve(config_file=path)
    assert subject(server, authority) == "one"

    other = authority.issue("two")
    other.key.replace(pair.key)
    other.cert.replace(pair.cert)
    assert subject(server, authority) == "two"

    tls_file(path, pair, f"basic_auth_users:\n  ana: {hashed('new')}\n")

    def get(password: str) -> int:
        return requests.get(
            server.url, auth=("ana", password), verify=str(authority.ca), timeout=5
        ).status_code

    assert [get("old"), get("new")] == [401, 200]


def test_a_broken_change_keeps_what_was_good(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nonsense in the file opens nothing, is logged once, and is over when mended."""
    path = tmp_path / "web.yml"
    replace(path, f"basic_auth_users:\n  ana: {hashed('old')}\n")
    url = serve(config_file=path).url
    for broken in ("basic_auth_users: [", "", "tls_server_config: {cert_file: a, key_file: b}"):
        caplog.clear()
        replace(path, broken)
        if broken:
            for _ in range(3):
                assert requests.get(url, timeout=5).status_code == 401
                assert requests.get(url, auth=("ana", "old"), timeout=5).status_code == 200
            assert caplog.text.count("stays as it was") == 1
        replace(path, f"basic_auth_users:\n  ana: {hashed('old')}\n")
    replace(path, f"basic_auth_users:\n  ana: {hashed('new')}\n")
    assert requests.get(url, auth=("ana", "new"), timeout=5).status_code == 200


def test_unusable_certificates_are_refused_at_the_start(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    """A missing file, a foreign key and an encrypted key are one line each, before listening."""
    one, two = authority.issue("one"), authority.issue("two")
    cases = [
        (Pair(tmp_path / "none.crt", one.key), "No such file"),
        (Pair(one.cert, two.key), "not a certificate and its key"),
        (Pair(one.key, one.key), "not a certificate and its key"),
    ]
    for pair, expected in cases:
        with pytest.raises(WebError, match=rf"^[^\n]*{expected}[^\n]*$"):
            serve(config_file=tls_file(tmp_path / "web.yml", pair))
