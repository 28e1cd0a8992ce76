"""The service over HTTP: authentication, limits, honest answers, metrics."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from inventory.model import Inventory
from inventory.settings import Settings, SettingsError
from remediations.app import MAX_BODY, RemediationsApp
from simulator.processes import free_port
from tests.conftest import wait_for
from tests.remediations.rig import FINGERPRINT, Rig

TOKEN = "first-token"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
GENERATED = Path(__file__).parents[2] / "docs/runbooks/pt-BR/ApiLatencyHigh.md"
RUNBOOKS = {"Known": "<b>text</b>", GENERATED.stem: GENERATED.read_text(encoding="utf-8")}


@pytest.fixture
def app(inventory: Inventory, tmp_path: Path) -> Iterator[RemediationsApp]:
    """The service, with Prometheus and Alertmanager away and its engine at rest."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{TOKEN}\nsecond-token\n")
    settings = Settings.read(
        {
            "VIGIA_STATE_DIR": str(tmp_path / "state"),
            "VIGIA_WEBHOOK_TOKEN_FILE": str(tokens),
            "VIGIA_AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        }
    )
    made = RemediationsApp(settings, inventory, runbook=RUNBOOKS.get)
    yield made
    made.stop()


@pytest.fixture
def client(app: RemediationsApp) -> FlaskClient:
    """A client of the service."""
    return app.wsgi.test_client()


def test_accepts_only_after_commit(client: FlaskClient, rig: Rig) -> None:
    """An alert is answered 202 and is then on record; the same again is 202 and a duplicate."""
    body = rig.webhook(rig.alert(), truncated=3)
    first = client.post("/v1/alerts", data=body, headers=AUTH)
    again = client.post("/v1/alerts", data=body, headers=AUTH)
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.json or {})["accepted"] == 1
    assert (again.json or {})["duplicate"] == 1
    why = client.get(f"/v1/why/{FINGERPRINT}", headers=AUTH).json or {}
    assert [d["decision"] for d in why["deliveries"]] == ["accepted", "duplicate"]
    assert why["runs"][0]["state"] == "ready"
    assert "vigia_deliveries_truncated_total 6.0" in client.get("/metrics").text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/alerts"),
        ("GET", "/v1/runs"),
        ("GET", "/v1/runs/x"),
        ("POST", "/v1/runs/x/approve"),
        ("POST", "/v1/runs/x/reject"),
        ("POST", "/v1/runs/x/cancel"),
        ("GET", "/v1/why/x"),
        ("POST", "/v1/pause"),
        ("POST", "/v1/resume"),
        ("GET", "/v1/maintenance"),
        ("POST", "/v1/maintenance"),
        ("POST", "/v1/maintenance/end"),
    ],
)
def test_nothing_without_a_token(client: FlaskClient, method: str, path: str) -> None:
    """Without a token it is 401, with a wrong one 403, and nothing has happened."""
    assert client.open(path, method=method).status_code == 401
    wrong = {"Authorization": "Bearer wrong"}
    assert client.open(path, method=method, headers=wrong).status_code == 403
    assert "vigia_kill_switch 0.0" in client.get("/metrics").text


def test_every_endpoint_is_described(app: RemediationsApp, client: FlaskClient) -> None:
    """The OpenAPI document names exactly the routes that there are, each with its methods."""
    paths = (client.get("/openapi.json").json or {})["paths"]
    described = {
        (path, method.upper())
        for path, operations in paths.items()
        for method in operations.keys() - {"parameters"}
    }
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in app.wsgi.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served


def test_both_tokens_work(client: FlaskClient) -> None:
    """During a rotation the old and the new token are both known."""
    for token in (TOKEN, "second-token"):
        answer = client.get("/v1/runs", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


def test_malformed_and_oversized(client: FlaskClient) -> None:
    """Malformed bodies are 400 with one line, oversized ones 413."""
    bad = client.post("/v1/alerts", data=b"{}", headers=AUTH)
    assert bad.status_code == 400
    assert "version" in (bad.json or {})["error"]
    huge = client.post("/v1/alerts", data=b" " * (MAX_BODY + 1), headers=AUTH)
    assert huge.status_code == 413


def test_ledger_away_is_503(app: RemediationsApp, client: FlaskClient, rig: Rig) -> None:
    """When the ledger cannot be written the answer is 503, so that Alertmanager tries again."""
    app.ledger.engine.dispose()
    path = Path(str(app.ledger.engine.url.database))
    path.unlink()
    path.mkdir()
    answer = client.post("/v1/alerts", data=rig.webhook(rig.alert()), headers=AUTH)
    assert answer.status_code == 503
    assert client.get("/-/ready").status_code == 503
    assert client.get("/-/healthy").status_code == 200
    assert "vigia_ledger_up 0.0" in client.get("/metrics").text


def test_unknown_runs_and_alerts_are_404(client: FlaskClient) -> None:
    """What was never delivered is said to be unknown."""
    assert client.get("/v1/runs/none", headers=AUTH).status_code == 404
    assert client.get("/v1/why/abc", headers=AUTH).status_code == 404
    assert client.post("/v1/runs/none/cancel", headers=AUTH).status_code == 404


def test_pause_shows_everywhere(client: FlaskClient) -> None:
    """The kill switch is durable and shows on the console and in the metrics."""
    assert client.post("/v1/pause", json={"by": "ana"}, headers=AUTH).status_code == 200
    assert "vigia_kill_switch 1.0" in client.get("/metrics").text
    assert "suspensas" in client.get("/").text
    client.post("/v1/resume", json={"by": "ana"}, headers=AUTH)
    assert "vigia_kill_switch 0.0" in client.get("/metrics").text


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"seconds": "2h", "reason": "x"},
        {"seconds": True, "reason": "x"},
        {"seconds": 3600, "reason": 7},
        {"seconds": 3600, "reason": "x", "backup": "yes"},
        {"seconds": 3600, "reason": "x", "prolong": 1},
    ],
)
def test_malformed_windows_are_refused(client: FlaskClient, asked: dict[str, object]) -> None:
    """What is no window is 400, one line, and none is open."""
    answer = client.post("/v1/maintenance", json=asked, headers=AUTH)
    assert answer.status_code == 400
    assert (client.get("/v1/maintenance", headers=AUTH).json or {})["phase"] == "none"


def test_windows_over_http(client: FlaskClient) -> None:
    """A window is recorded at once, a second is 409 and names it; status says who and why."""
    asked = {"seconds": 3600, "reason": "disks", "by": "ana"}
    begun = client.post("/v1/maintenance", json=asked, headers=AUTH)
    assert (begun.status_code, (begun.json or {})["phase"]) == (202, "beginning")
    again = client.post("/v1/maintenance", json=asked, headers=AUTH)
    assert again.status_code == 409
    assert "of ana is beginning" in (again.json or {})["error"]
    found = client.get("/v1/maintenance", headers=AUTH).json or {}
    assert (found["window"]["by"], found["window"]["reason"]) == ("ana", "disks")
    # Alertmanager is away: its silences are unknown, which is not none.
    assert found["silences"] is None
    assert "Alertmanager" in found["silences_error"]
    ending = client.post("/v1/maintenance/end", json={"by": "rui"}, headers=AUTH)
    assert (ending.status_code, (ending.json or {})["phase"]) == (202, "ending")
    assert client.post("/v1/maintenance/end", json={}, headers=AUTH).status_code == 409


def test_console_escapes(client: FlaskClient, rig: Rig) -> None:
    """Text from alerts and runbooks reaches the pages escaped."""
    client.post(
        "/v1/alerts",
        data=rig.webhook(rig.alert(labels={"zone": "<script>"})),
        headers=AUTH,
    )
    assert "<script>" not in client.get("/").text
    page = client.get("/runbooks/Known")
    assert "&lt;b&gt;" in page.text
    assert client.get("/runbooks/Unknown").status_code == 404


def test_runbooks_are_read_as_pages(client: FlaskClient) -> None:
    """A runbook is shown with headings, lists and code, without the note to its editors."""
    page = client.get(f"/runbooks/{GENERATED.stem}").text
    assert page.count(f"<h1>{GENERATED.stem}</h1>") == page.count("<h1>") == 1
    assert "Generated by" not in page
    assert "&lt;!--" not in page
    assert '<pre><code class="language-promql">' in page
    assert page.count("<h2>") == GENERATED.read_text(encoding="utf-8").count("\n## ")
    assert "<li>" in page


def test_metrics_pass_promtool(client: FlaskClient, rig: Rig) -> None:
    """Prometheus' own linter has nothing to say about the metrics."""
    client.post("/v1/alerts", data=rig.webhook(rig.alert()), headers=AUTH)
    text = client.get("/metrics").text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_engine_works_when_started(app: RemediationsApp, client: FlaskClient, rig: Rig) -> None:
    """Started, the engine takes up what was delivered and holds it visibly while nobody answers."""
    app.start()
    client.post("/v1/alerts", data=rig.webhook(rig.alert()), headers=AUTH)
    wait_for(
        lambda: (
            'vigia_run_blocked{action="rollback_function",reason="alert_unconfirmed"'
            in client.get("/metrics").text
        ),
        20,
    )


def test_without_a_token_file_it_does_not_start(inventory: Inventory, tmp_path: Path) -> None:
    """The service refuses to start unauthenticated."""
    settings = Settings.read({"VIGIA_STATE_DIR": str(tmp_path)})
    with pytest.raises(SettingsError, match="VIGIA_WEBHOOK_TOKEN_FILE"):
        RemediationsApp(settings, inventory, runbook=lambda _: None)
