"""The service's doors: tokens, guessing, labels that would be code, secrets that stay in."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from inventory.model import Inventory
from inventory.settings import SettingsError
from remediations.alertmanager import Alertmanager
from remediations.app import RemediationsApp
from remediations.escalation import EscalationSender
from tests.remediations.service import AUTH, made
from vigia.__main__ import hush, main

OPEN = {"/", "/metrics", "/-/healthy", "/-/ready", "/openapi.json", "/runbooks/x", "/why/x"}
EVIL = {
    "template": "{{ 7919 * 7919 }}${7919*7919}<%= 7919*7919 %>",
    "shell": "$(touch pwned); `touch pwned`; rm -rf . | touch pwned",
    "path": "../../../../etc/passwd",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "format": "{0.__class__} %s %(x)s {run}",
    "sql": "'; DROP TABLE runs; --",
}


@pytest.fixture
def app(inventory: Inventory, tmp_path: Path) -> Iterator[RemediationsApp]:
    """The service at rest."""
    service = made(inventory, tmp_path)
    yield service
    service.stop()


@pytest.fixture
def client(app: RemediationsApp) -> FlaskClient:
    """A client of the service."""
    return app.wsgi.test_client()


def _routes(app: RemediationsApp) -> list[tuple[str, str]]:
    return [
        (method, re.sub("<[^>]+>", "x", rule.rule))
        for rule in app.wsgi.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS"}
    ]


def _record(app: RemediationsApp) -> list[str]:
    """Return everything on record but the schema's version."""
    with app.ledger.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        return list(driver.iterdump())


def test_nothing_changes_without_a_token(app: RemediationsApp, client: FlaskClient) -> None:
    """Every route that there is: without a token only pages answer, and nothing is recorded."""
    before = _record(app)
    found = set()
    for method, path in _routes(app):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
            answer = client.open(path, method=method, headers=headers, json={"by": "x"})
            if answer.status_code not in (401, 403, 429):
                found.add((method, path))
    assert {path for _, path in found} == OPEN
    assert {method for method, _ in found} == {"GET", "HEAD"}
    assert _record(app) == before


def test_after_ten_guesses_no_token_is_looked_at(client: FlaskClient) -> None:
    """A guesser hears 429 whatever it offers; Alertmanager, elsewhere, is let in throughout."""
    wrong = {"Authorization": "Bearer wrong"}
    body = json.dumps({"version": "4", "alerts": []})
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    codes = []
    for _ in range(15):
        codes.append(client.post("/v1/alerts", data=body, headers=wrong).status_code)
        alerted = client.post("/v1/alerts", data=body, headers=AUTH, environ_base=elsewhere)
        assert alerted.status_code == 202
    assert codes == [403] * 10 + [429] * 5
    # The right token, guessed at the eleventh try, cannot be told from a wrong one.
    last = client.post("/v1/alerts", data=body, headers=AUTH)
    assert (last.status_code, last.headers["Connection"]) == (429, "close")
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert client.post("/v1/alerts", data=body).status_code == 401
    other = client.post("/v1/alerts", data=body, headers=wrong, environ_base=elsewhere)
    assert other.status_code == 403


def test_right_tokens_never_count_as_guesses(client: FlaskClient) -> None:
    """However often the right token comes, between a few wrong ones, its address is let in."""
    body = json.dumps({"version": "4", "alerts": []})
    for number in range(40):
        headers = {"Authorization": "Bearer wrong"} if number % 5 == 0 else AUTH
        code = client.post("/v1/alerts", data=body, headers=headers).status_code
        assert code == (403 if number % 5 == 0 else 202)


def test_a_forwarded_address_does_not_reset_the_count(client: FlaskClient) -> None:
    """Whatever address a guesser claims in a header, it is the connection's that counts."""
    codes = [
        client.get(
            "/v1/runs",
            headers={"Authorization": "Bearer wrong", "X-Forwarded-For": f"10.0.0.{number}"},
        ).status_code
        for number in range(12)
    ]
    assert codes[-1] == 429


def _evil_alert(kind: str, value: str) -> dict[str, Any]:
    labels = {
        "alertname": "FunctionRegressedAfterDeploy",
        "remediation": "rollback_function",
        "function": "lambda_router",
        "zone": value,
    }
    if kind == "target":
        labels["function"] = value
    elif kind == "playbook":
        labels["remediation"] = value
    elif kind == "alert":
        labels["alertname"] = value
    return {
        "status": "firing",
        "labels": labels,
        "startsAt": "2026-01-01T00:00:00Z",
        "fingerprint": f"{abs(hash((kind, value))):016x}"[:16],
    }


@pytest.mark.parametrize("kind", ["target", "playbook", "alert"])
@pytest.mark.parametrize("value", EVIL.values(), ids=EVIL)
def test_a_label_is_never_code(
    app: RemediationsApp,
    client: FlaskClient,
    kind: str,
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Paths, templates, shell words and markup in labels open no run and are shown as text."""
    monkeypatch.chdir(tmp_path)
    alert = _evil_alert(kind, value)
    body = json.dumps({"version": "4", "alerts": [alert]})
    assert (client.post("/v1/alerts", data=body, headers=AUTH).json or {})["refused"] == 1
    assert app.ledger.facts.runs() == []
    why = client.get(f"/v1/why/{alert['fingerprint']}", headers=AUTH).json or {}
    assert value in " ".join([*why["answer"], *why["alert"].values()])
    page = client.get(f"/why/{alert['fingerprint']}").text
    assert "<script>" not in page
    assert "<img" not in page
    assert str(7919 * 7919) not in page
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("value", EVIL.values(), ids=EVIL)
def test_what_reaches_a_human_is_inert(
    app: RemediationsApp, client: FlaskClient, inventory: Inventory, value: str
) -> None:
    """On the console, and in the alert that calls a human, a label's text stays text."""
    alert = _evil_alert("zone", value)
    alert["labels"] |= {"severity": value, "zone": value}
    body = json.dumps({"version": "4", "alerts": [alert]})
    client.post("/v1/alerts", data=body, headers=AUTH)
    app.engine.step()
    (run,) = app.ledger.facts.runs()
    for page in (client.get("/").text, client.get(f"/why/{quote(alert['fingerprint'])}").text):
        assert "<script>" not in page
        assert "<img" not in page
    sender = EscalationSender(
        app.ledger.escalations, Alertmanager("http://127.0.0.1:9"), inventory, lambda: 0.0
    )
    (waiting,) = app.ledger.escalations.due(run.updated_at + 60)
    sent = sender.alert(waiting)
    # Alertmanager's templates print annotations; of the source's labels none gets there.
    assert value not in json.dumps(sent, ensure_ascii=False)
    assert sent["labels"]["severity"] == "page"


SECRETS = {
    "token": "Qsecret-webhook-token-1",
    "aws": "Qsecret/aws/secret/access/key/2",
    "aws_session": "Qsecret-aws-session-3",
    "database": "Qsecret-database-4",
    "influxdb": "Qsecret-influxdb-5",
    "sent": "Qsecret-sent-by-a-guesser-6",
}


@pytest.fixture
def careless(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RemediationsApp]:
    """A service that is full of recognisable secrets and whose surroundings all fail."""
    influxdb = tmp_path / "influxdb-token"
    influxdb.write_text(SECRETS["influxdb"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAQSECRET")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRETS["aws"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRETS["aws_session"])
    service = made(inventory, tmp_path, SECRETS["token"], VIGIA_INFLUXDB_TOKEN_FILE=str(influxdb))
    yield service
    service.stop()


def test_no_secret_leaves_the_process(
    careless: RemediationsApp, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Through failures of every kind, no secret stands in answers, logs, ledger or metrics."""
    caplog.set_level(logging.DEBUG)
    # As the program does: botocore's own debugging prints what it sends.
    hush()
    client = careless.wsgi.test_client()
    right = {"Authorization": f"Bearer {SECRETS['token']}"}
    said = []

    def ask(method: str, path: str, **options: Any) -> None:
        answer = client.open(path, method=method, **options)
        said.append(f"{answer.status} {answer.headers} {answer.text}")

    alert = _evil_alert("zone", "a")
    webhook = json.dumps({"version": "4", "alerts": [alert]})
    for scheme in ("Bearer", "Basic", ""):
        ask("POST", "/v1/pause", headers={"Authorization": f"{scheme} {SECRETS['sent']}"})
    ask("POST", "/v1/alerts", data=webhook, headers=right)
    ask("POST", "/v1/alerts", data="{", headers=right)
    ask("POST", "/v1/actions/pause_processing", json={}, headers=right)
    ask("POST", "/v1/actions/pause_processing", json={"nonsense": 1}, headers=right)
    for _ in range(6):
        careless.engine.step()
    careless.engine._sender.send_due()
    for path in ("/v1/runs", f"/v1/why/{alert['fingerprint']}", "/metrics", "/", "/openapi.json"):
        ask("GET", path, headers=right)
    ledger = "\n".join(_record(careless))
    assert "aws_unreachable" in ledger or "alert_unconfirmed" in ledger
    database = Path(str(careless.ledger.engine.url.database))
    careless.ledger.engine.dispose()
    database.unlink()
    database.mkdir()
    ask("POST", "/v1/alerts", data=webhook, headers=right)
    assert "503" in said[-1]
    text = "\n".join([*said, ledger, caplog.text])
    assert [name for name, secret in SECRETS.items() if secret in text] == []
    assert "AKIAQSECRET" not in text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://vigia:{0}@127.0.0.1:9/ledger",
        "mysql://vigia:{0}@127.0.0.1/ledger",
        "nonsense:{0}@@//",
    ],
)
def test_no_database_password_in_an_error(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that cannot be used is one line, without its address's password."""
    monkeypatch.setenv("VIGIA_DATABASE_URL", url.format(SECRETS["database"]))
    assert main(["audit", "verify"]) in (2, 3)
    written = capsys.readouterr()
    assert written.err.count("\n") == 1
    assert SECRETS["database"] not in written.out + written.err


def test_no_token_in_what_the_command_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service that does not answer is one line without the token, which is not ASCII here."""
    token = tmp_path / "token"
    token.write_text("Qsecret-→-token", encoding="utf-8")
    options = ["--url", "http://127.0.0.1:9", "--token-file", str(token)]
    assert main(["remediations", "list", *options]) == 3
    written = capsys.readouterr()
    assert "Qsecret" not in written.out + written.err


def test_an_empty_token_file_is_refused(inventory: Inventory, tmp_path: Path) -> None:
    """Without any token there is no service, rather than one that is open."""
    empty = tmp_path / "empty"
    empty.write_text("\n \n", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no token"):
        made(inventory, tmp_path, VIGIA_WEBHOOK_TOKEN_FILE=str(empty))
