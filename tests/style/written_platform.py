"""The platform on which the documents' commands are run: embedded AWS, InfluxDB and the service."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from flask import Flask, jsonify

from inventory.load import load_inventory
from inventory.settings import Settings
from remediations.app import RemediationsApp
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.processes import free_port
from simulator.seed import seed
from tests.style.written_commands import ROOT, Command
from vigia.__main__ import main
from web.address import Address
from web.server import WebServer

TOKEN = "made-up-token"
FINGERPRINT = "a1b2c3d4e5f60718"
_COPIED = ("platform.yaml", "deploy/compose/secrets.sh", "deploy/compose/overlay.yaml")
_DEADLINE = 30.0


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


class Platform:
    """Runs commands in ``folder``, as a reader would beside a checkout."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self._url = url

    def run(self, command: Command) -> Said:
        """Run a command: the program's in this process, others as processes of their own."""
        words = tuple(self._filled(word) for word in command.words)
        filled = replace(command, words=words)
        said = self._vigia(filled) if words[0] == ".venv/bin/vigia" else self._other(filled)
        if command.output is not None:
            (self.folder / command.output).write_text(said.out, encoding="utf-8")
        return said

    def settle(self) -> None:
        """Take back what a block left on, so that the next one finds the platform as it was."""
        self._post("/v1/resume", {"by": "test", "reason": ""})
        if self._get("/v1/maintenance")["phase"] == "active":
            self._post("/v1/maintenance/end", {"by": "test"})
            _until(lambda: not self._get("/v1/maintenance")["working"], "maintenance goes on")
        for run in self._get("/v1/runs?open=true")["runs"]:
            self._post(f"/v1/runs/{run['id']}/cancel", {"by": "test"}, well=False)

    def told(self, fingerprint: str) -> None:
        """Deliver an alert with this fingerprint."""
        alert = {
            "status": "firing",
            "labels": {"alertname": "FunctionRegressedAfterDeploy", "environment": "prod"},
            "annotations": {},
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus",
            "fingerprint": fingerprint,
        }
        self._post("/v1/alerts", {"version": "4", "truncatedAlerts": 0, "alerts": [alert]})

    def awaiting(self) -> str:
        """Ask for an action, and return the run's id once its plan waits for approval."""
        self.settle()
        asked = {"target": None, "params": {"message": "text"}, "dry_run": False, "by": "test"}
        identity = str(self._post("/v1/actions/notify", asked)["id"])
        _until(
            lambda: self._get(f"/v1/runs/{identity}")["state"] == "awaiting_approval",
            f"{identity} awaits no approval",
        )
        return identity

    def _filled(self, word: str) -> str:
        if word == "FINGERPRINT":
            self.told(FINGERPRINT)
            return FINGERPRINT
        return self.awaiting() if word == "ID" else word

    def _vigia(self, command: Command) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
            for name, value in command.environment.items():
                patched.setenv(name, value)
            try:
                code = main(command.words[1:])
            except SystemExit as ended:
                code = int(str(ended.code))
        return Said(code, out.getvalue(), err.getvalue())

    def _other(self, command: Command) -> Said:
        if shutil.which(str(self.folder / command.words[0])) is None:
            assert shutil.which(command.words[0]), f"{command.words[0]} is not installed"
        done = subprocess.run(
            command.words, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def _get(self, path: str) -> Any:
        return requests.get(self._url + path, headers=_AUTH, timeout=10).json()

    def _post(self, path: str, document: dict[str, Any], *, well: bool = True) -> Any:
        answer = requests.post(self._url + path, json=document, headers=_AUTH, timeout=10)
        assert answer.ok or not well, answer.text
        return answer.json()


_AUTH = {"Authorization": f"Bearer {TOKEN}"}


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not reached():
        if time.monotonic() > deadline:
            pytest.fail(otherwise)
        time.sleep(0.02)


def _prometheus() -> Flask:
    app = Flask("prometheus")

    @app.get("/api/v1/query")
    def _query() -> object:
        return jsonify({"status": "success", "data": {"resultType": "vector", "result": []}})

    return app


@contextmanager
def platform(folder: Path, alertmanager_url: str) -> Iterator[Platform]:
    """Start everything, and let the settings name it; all is gone in the end."""
    for name in _COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "embedded")
        patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patched.chdir(folder)
        aws = EmbeddedAws("us-east-1", time.time).start()
        stack.callback(aws.stop)
        influx = InfluxStandIn("energy_data", TOKEN).start()
        stack.callback(influx.stop)
        prometheus = WebServer(_prometheus(), Address("127.0.0.1", 0)).start()
        stack.callback(prometheus.stop)
        settings = _settings(patched, folder, aws.url)
        overlay = folder / "overlay.yaml"
        addresses = {"prometheus_url": prometheus.url, "alertmanager_url": alertmanager_url}
        port = free_port()
        addresses["remediations_url"] = f"http://127.0.0.1:{port}"
        database = {"url": influx.url, "metrics_url": f"{influx.url}/metrics"}
        engine = {"sample_every": "1s", "settle": "1s"}
        document = {"alerting": addresses, "influxdb": database, "engine": engine}
        overlay.write_text(yaml.safe_dump(document), encoding="utf-8")
        patched.setenv("VIGIA_CONFIG_OVERLAY", str(overlay))
        inventory = load_inventory(folder / "platform.yaml", overlay)
        seed(aws, inventory, time.time)
        _until(partial(_is_there, aws), "the database's instance does not become available")
        app = RemediationsApp(settings, inventory, runbook={}.get)
        stack.callback(app.stop)
        server = WebServer(app.wsgi, Address("127.0.0.1", port)).start()
        stack.callback(server.stop)
        app.start()
        yield Platform(folder, server.url)


def _is_there(aws: EmbeddedAws) -> bool:
    (instance,) = aws.client("timestream-influxdb").list_db_instances()["items"]
    return bool(instance["status"] == "AVAILABLE")


def _settings(patched: pytest.MonkeyPatch, folder: Path, aws_url: str) -> Settings:
    token = folder / "tokens"
    token.write_text(TOKEN, encoding="utf-8")
    # Where a demo leaves it: a document names it.
    demo = folder / "state/demo/webhook-token"
    demo.parent.mkdir(parents=True)
    shutil.copy(token, demo)
    environment = {
        "VIGIA_STATE_DIR": "state",
        "VIGIA_WEBHOOK_TOKEN_FILE": str(token),
        "VIGIA_INFLUXDB_TOKEN_FILE": str(token),
        "VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE": str(token),
        "VIGIA_AWS_ENDPOINT_URL": aws_url,
    }
    for name, value in environment.items():
        patched.setenv(name, value)
    return Settings.read(environment)
