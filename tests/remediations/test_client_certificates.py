"""A client certificate that TLS has verified stands for a token, only where that is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import requests

from inventory.model import Inventory
from inventory.settings import Settings, SettingsError
from remediations.app import RemediationsApp
from tests.remediations.service import AUTH, made
from tests.web.conftest import Authority, Pair
from vigia.__main__ import main
from web.address import Address
from web.security import VERIFIED
from web.server import WebServer

REQUIRED, GIVEN = "RequireAndVerifyClientCert", "VerifyClientCertIfGiven"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The authority that the server trusts, and is itself certified by."""
    root = tmp_path / "certificates"
    root.mkdir()
    return Authority(root)


class Served:
    """A service over TLS, and what a client hears from it."""

    def __init__(self, app: RemediationsApp, server: WebServer, authority: Authority) -> None:
        self.app = app
        self.url = server.url
        self._ca = str(authority.ca)

    def pause(self, pair: Pair | None = None, headers: Mapping[str, str] | None = None) -> int:
        """Ask for the kill switch, and return the status."""
        return self.ask(requests.Session(), pair, headers)

    def ask(
        self,
        session: requests.Session,
        pair: Pair | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Ask for it over a session's connection."""
        shown = (str(pair.cert), str(pair.key)) if pair else None
        options = {"verify": self._ca, "cert": shown, "timeout": 5, "headers": headers}
        return session.post(f"{self.url}/v1/pause", json={}, **options).status_code


Serve = Callable[..., Served]


@pytest.fixture
def serve(inventory: Inventory, authority: Authority, tmp_path: Path) -> Iterator[Serve]:
    """Start the service with a way to ask for certificates, and settings."""
    running: list[tuple[WebServer, RemediationsApp]] = []
    pair = authority.issue("server")

    def start(asking: str | None, **settings: str) -> Served:
        web = tmp_path / "web.yml"
        lines = ["tls_server_config:", f"  cert_file: {pair.cert}", f"  key_file: {pair.key}"]
        if asking:
            lines += [f"  client_auth_type: {asking}", f"  client_ca_file: {authority.ca}"]
        web.write_text("\n".join(lines), encoding="utf-8")
        app = made(inventory, tmp_path, **settings)
        server = WebServer(app.wsgi, Address("127.0.0.1", 0), web).start()
        running.append((server, app))
        return Served(app, server, authority)

    yield start
    for server, app in running:
        server.stop()
        app.stop()


def test_a_verified_certificate_stands_for_a_token(serve: Serve, authority: Authority) -> None:
    """With the setting a certificate of the authority opens, and so does a token without one."""
    served = serve(GIVEN, VIGIA_CLIENT_CERTIFICATES="true")
    assert served.pause(authority.issue("alertmanager")) == 200
    assert served.pause(headers=AUTH) == 200
    assert served.pause() == 401
    assert served.pause(headers={"Authorization": "Bearer wrong"}) == 403


def test_a_service_without_any_token(serve: Serve, authority: Authority) -> None:
    """Mutual TLS alone suffices: no token file is needed, and then no token opens anything."""
    served = serve(GIVEN, VIGIA_CLIENT_CERTIFICATES="true", VIGIA_WEBHOOK_TOKEN_FILE="")
    assert served.pause(authority.issue("alertmanager")) == 200
    assert served.pause(headers=AUTH) == 403


def test_without_the_setting_a_token_is_needed_as_well(serve: Serve, authority: Authority) -> None:
    """A deployment that asks for both is not opened to whoever holds a certificate."""
    served, client = serve(REQUIRED), authority.issue("client")
    assert served.pause(client) == 401
    assert served.pause(client, AUTH) == 200


def test_a_stranger_s_certificate_opens_nothing(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    """What another authority has signed ends the handshake."""
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").issue("stranger")
    served = serve(GIVEN, VIGIA_CLIENT_CERTIFICATES="true")
    with pytest.raises(requests.ConnectionError):
        served.pause(stranger)
    assert served.app.ledger.facts.runs() == []


@pytest.mark.parametrize("asking", [None, GIVEN])
def test_no_header_stands_for_a_certificate(serve: Serve, asking: str | None) -> None:
    """Whatever a client says of itself, only the handshake counts."""
    served = serve(asking, VIGIA_CLIENT_CERTIFICATES="true")
    for name in (VERIFIED, "X-SSL-Client-Verify", "SSL-Client-Verify", "X-Client-Cert"):
        assert served.pause(headers={name: "SUCCESS"}) == 401
        assert served.pause(headers={name: "True"}) == 401


def test_one_client_s_certificate_is_nobody_else_s(serve: Serve, authority: Authority) -> None:
    """Two connections that are kept open stay what they were, whoever asked last."""
    served, client = serve(GIVEN, VIGIA_CLIENT_CERTIFICATES="true"), authority.issue("client")
    with requests.Session() as known, requests.Session() as unknown:
        for _ in range(3):
            assert served.ask(known, client) == 200
            assert served.ask(unknown) == 401


def test_a_guesser_does_not_hold_up_a_certificate(serve: Serve, authority: Authority) -> None:
    """At an address that has guessed too often a verified client is still let in."""
    served = serve(GIVEN, VIGIA_CLIENT_CERTIFICATES="true")
    wrong = {"Authorization": "Bearer wrong"}
    codes = [served.pause(headers=wrong) for _ in range(11)]
    assert codes == [403] * 10 + [429]
    assert served.pause(authority.issue("alertmanager")) == 200


def test_plain_http_verifies_nobody(inventory: Inventory, tmp_path: Path) -> None:
    """Without TLS nothing is verified, whatever the setting says."""
    app = made(inventory, tmp_path, VIGIA_CLIENT_CERTIFICATES="true")
    server = WebServer(app.wsgi, Address("127.0.0.1", 0)).start()
    assert requests.post(f"{server.url}/v1/pause", json={}, timeout=5).status_code == 401
    server.stop()
    app.stop()


def test_the_command_shows_a_certificate(
    serve: Serve, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line comes in with a certificate alone, and says which file is not there."""
    served, client = serve(REQUIRED, VIGIA_CLIENT_CERTIFICATES="true"), authority.issue("ana")
    ask = ["remediations", "list", "--format", "json", "--url", served.url]
    trust = ["--ca-file", str(authority.ca)]
    own = ["--client-cert", str(client.cert), "--client-key", str(client.key)]
    assert main([*ask, *trust, *own]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main([*ask, *trust, *own[:2]]) == 2
    assert main([*ask, *trust, *own[:2], "--client-key", "nowhere.key"]) == 2
    assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.parametrize("lines", ["", "basic_auth_users: {}"], ids=["no_file", "no_tls"])
def test_serving_needs_certificates_to_be_asked_for(
    lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The setting without a web configuration that verifies clients is wrong usage, not a door."""
    monkeypatch.setenv("VIGIA_CLIENT_CERTIFICATES", "true")
    monkeypatch.setenv("VIGIA_STATE_DIR", str(tmp_path / "state"))
    options = []
    if lines:
        (tmp_path / "web.yml").write_text(lines, encoding="utf-8")
        options = ["--web.config.file", str(tmp_path / "web.yml")]
    assert main(["remediations", "serve", *options]) == 2
    assert "client_ca_file" in capsys.readouterr().err


def test_a_setting_that_is_neither_is_refused() -> None:
    """Nobody is left in doubt about what 'yes' means."""
    with pytest.raises(SettingsError, match="true or false"):
        Settings.read({"VIGIA_CLIENT_CERTIFICATES": "yes"})
