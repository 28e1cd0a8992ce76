"""``vigia maintenance`` against a running service and a real Alertmanager."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask, jsonify

from inventory.settings import Settings
from remediations.alertmanager import Alertmanager
from remediations.app import RemediationsApp
from simulator.processes import free_port
from tests.remediations.rig import Rig
from tests.remediations.test_notify import topic
from vigia.__main__ import main
from web.address import Address
from web.server import WebServer

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Said:
    """What the command answered."""

    returncode: int
    stdout: str
    stderr: str


class Service:
    """The service, a Prometheus without data, and the command line that speaks to both."""

    def __init__(self, app: RemediationsApp, url: str, token: Path, prometheus: str) -> None:
        self.app = app
        self.prometheus = prometheus
        self._options = [
            *("--url", url, "--token-file", str(token)),
            *("--config.file", str(ROOT / "platform.yaml")),
        ]

    def say(self, *words: str) -> Said:
        """Run the command in this process: starting another for each would take longer."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main(["maintenance", *words, *self._options])
            except SystemExit as ended:
                code = int(str(ended.code))
        return Said(code, out.getvalue(), err.getvalue())


def _prometheus() -> Flask:
    app = Flask("prometheus")

    @app.get("/api/v1/query")
    def _query() -> object:
        return jsonify({"status": "success", "data": {"resultType": "vector", "result": []}})

    return app


def _fill_buckets(rig: Rig) -> None:
    client = rig.aws.client("s3")
    for bucket in rig.inventory.buckets:
        if bucket.snapshots is not None:
            client.create_bucket(Bucket=bucket.name)
            client.create_bucket(Bucket=bucket.snapshots)
            client.put_object(Bucket=bucket.name, Key="one.csv", Body=b"1")


@pytest.fixture
def service(
    flags_rig: Rig, alertmanager: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """A service that works by the machine's clock."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "embedded")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "embedded")
    topic(flags_rig)
    _fill_buckets(flags_rig)
    inventory = flags_rig.inventory
    token = tmp_path / "tokens"
    token.write_text("made-up-token\n")
    alerting = {
        "prometheus_url": f"http://127.0.0.1:{free_port()}",
        "alertmanager_url": alertmanager,
    }
    quick = inventory.model_copy(
        update={
            "alerting": inventory.alerting.model_copy(update=alerting),
            "engine": inventory.engine.model_copy(update={"sample_every": 0.2}),
        }
    )
    settings = Settings.read(
        {
            "VIGIA_STATE_DIR": str(tmp_path / "state"),
            "VIGIA_WEBHOOK_TOKEN_FILE": str(token),
            "VIGIA_AWS_ENDPOINT_URL": flags_rig.aws.url,
        }
    )
    app = RemediationsApp(settings, quick, runbook={}.get)
    servers = [
        WebServer(wsgi, Address("127.0.0.1", 0)).start() for wsgi in (app.wsgi, _prometheus())
    ]
    app.start()
    try:
        yield Service(app, servers[0].url, token, servers[1].url)
    finally:
        for server in servers:
            server.stop()
        app.stop()


def test_a_window_from_the_command_line(service: Service, alertmanager: str) -> None:
    """Begin, begin again, status, end with the platform's health, status: each says what is so."""
    begun = service.say("begin", "--for", "2h", "--reason", "troca do banco", "--format", "json")
    assert begun.returncode == 0, begun.stderr
    document = json.loads(begun.stdout)
    assert document["phase"] == "active"
    assert {step["progress"] for step in document["window"]["steps"]} == {"done"}
    assert "backup" in [step["step"] for step in document["window"]["steps"]]
    assert len(document["silences"]) == len(Alertmanager(alertmanager).silences()) > 0

    again = service.say("begin", "--for", "1h", "--reason", "outra")
    assert again.returncode == 1
    assert again.stderr.startswith("vigia: w-")
    assert len(again.stderr.splitlines()) == 1

    status = service.say("status")
    assert status.returncode == 0, status.stderr
    assert status.stdout.startswith("em manutenção; por ")
    assert "troca do banco" in status.stdout
    assert "modo de manutenção ligado" in status.stdout

    ended = service.say("end", "--prometheus", service.prometheus, "--format", "json")
    # Nothing is known to this Prometheus: the window ended well, the health is unknown.
    assert ended.returncode == 3, ended.stderr
    document = json.loads(ended.stdout)
    assert (document["phase"], document["engine_held_until"]) == ("ended", None)
    assert {row["verdict"] for row in document["health"]} >= {"unknown"}
    assert Alertmanager(alertmanager).silences() == []

    over = service.say("status")
    assert over.stdout.startswith("terminada")


@pytest.mark.parametrize(
    "without", [["--no-notice", "--no-backup"], ["--no-notice", "--backup"]], ids=" ".join
)
def test_the_end_is_shown_though_prometheus_is_away(service: Service, without: list[str]) -> None:
    """What was not wanted is left out, and the end does not depend on Prometheus, told after it."""
    begun = service.say("begin", "--for", "5m", "--reason", "teste", *without)
    assert ("cópia de segurança" in begun.stdout) == ("--backup" in without)
    ended = service.say("end")
    assert ended.returncode == 3
    assert ended.stdout.startswith("terminada")
    assert "Prometheus does not answer" in ended.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["begin", "--reason", "x"], 2, "--for"),
        (["begin", "--for", "2h"], 2, "--reason"),
        (["begin", "--for", "soon", "--reason", "x"], 2, "not a duration"),
        (["begin", "--for", "25h", "--reason", "x"], 2, "from 1m to 24h"),
        (["begin", "--for", "1h", "--reason", "x", "--prolong"], 1, "no window is active"),
        (["end"], 1, "no maintenance window"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    service: Service, words: list[str], code: int, said: str
) -> None:
    """Wrong usage is 2, what is not possible now is 1, each with a clear last line."""
    done = service.say(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]
