"""A platform on which runbooks are carried out; all but AWS and InfluxDB is the real thing."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import requests
import yaml
from botocore import xform_name
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.timestreaminfluxdb.models import timestreaminfluxdb_backends

from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.settings import Settings
from remediations.action import UnavailableError
from remediations.actions import pause_processing
from remediations.app import RemediationsApp
from remediations.ledger.runs import NotPossibleError
from remediations.model import Run, State
from remediations.prometheus import Prometheus
from simulator.aws import api_gateway, lambda_functions, small
from simulator.aws.codedeploy import app_spec
from simulator.aws.lambda_functions import serving
from simulator.aws.server import CREDENTIALS, EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.processes import free_port
from simulator.seed import publish, seed
from tests.conftest import wait_for
from tests.prometheus import prometheus_at
from vigia import following
from vigia.__main__ import main
from vigia.commands import maintenance
from web.address import Address
from web.server import WebServer

ROOT = Path(__file__).parents[2]
TOKEN = "made-up-token"
FINGERPRINT = "a1b2c3d4e5f60718"
SICK = "structured_data_processor"
"""The function that fails since its newest version, the sixth, says Prometheus."""
DISK = {
    "alertname": "InfluxDiskAlmostFull",
    "environment": "prod",
    "remediation": "grow_influxdb",
    "instance_id": "ons-influxdb-prod",
}
DISK_METRIC = "dataplatform_influxdb_disk_utilization_ratio"
FULL, _LIMIT = 0.9, 0.8
_SERVICES = {"deploy": "codedeploy"}
"""What the AWS CLI calls by another name than botocore."""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


class Person(io.StringIO):
    """Somebody at a terminal who agrees."""

    def isatty(self) -> bool:
        """Be a terminal."""
        return True


@dataclass
class World:
    """The embedded platform, the service in front of it, and the command line."""

    inventory: Inventory
    aws: EmbeddedAws
    influxdb: InfluxStandIn
    app: RemediationsApp
    prometheus: str
    environment: Mapping[str, str]
    root: Path

    def say(self, line: str) -> Said:
        """Run a line of a runbook as it stands there, by somebody who agrees when asked."""
        words = shlex.split(line)
        if words[0] == "aws":
            return Said(0, json.dumps(self._aws(words[1:]), default=str), "")
        assert words[0] == "vigia", line
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment),
            mock.patch("sys.stdin", Person("y\n")),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                code = main(words[1:])
            except SystemExit as ended:
                code = int(str(ended.code))
        return Said(code, out.getvalue(), err.getvalue())

    def _aws(self, words: list[str]) -> Any:
        """Do what the AWS CLI does with these words, by botocore's own models of the calls."""
        service, command, *options = words
        client = self.aws.client(_SERVICES.get(service, service))
        operation = command.replace("-", "_")
        model = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[operation]
        )
        members = {xform_name(name, "-"): name for name in model.input_shape.members}
        pairs = zip(options[::2], options[1::2], strict=True)
        asked = {members[key.removeprefix("--")]: value for key, value in pairs}
        shapes = model.input_shape.members
        typed = {name: _typed(shapes[name].type_name, value) for name, value in asked.items()}
        return getattr(client, operation)(**typed)

    def open_run(self) -> Run:
        """Let an alert ask for what a person must approve; return the run that waits for it."""
        self.clear("scale_influxdb")
        self.instance().allocated_storage = 100
        self.fill(FULL)
        alert = {
            "status": "firing",
            "labels": DISK,
            "startsAt": datetime.now(UTC).isoformat(),
            "fingerprint": FINGERPRINT,
        }
        answer = requests.post(
            f"{self.inventory.alerting.remediations_url}/v1/alerts",
            json={"version": "4", "alerts": [alert]},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=10,
        )
        answer.raise_for_status()
        wait_for(lambda: self.newest("scale_influxdb").state is State.AWAITING_APPROVAL, 20)
        return self.newest("scale_influxdb")

    def fill(self, share: float) -> None:
        """Let the disk be so full in Prometheus' eyes, and wait until its alert says so."""
        _believe(self.root, share)
        requests.post(f"{self.prometheus}/-/reload", timeout=10).raise_for_status()

        def seen() -> bool:
            with contextlib.suppress(UnavailableError):
                return Prometheus(self.prometheus).fires(DISK) is (share > _LIMIT)
            return False

        wait_for(seen, 20)

    def newest(self, action: str) -> Run:
        """Return the action's run that was opened last."""
        return next(run for run in self.app.ledger.facts.runs() if run.action == action)

    def clear(self, action: str) -> None:
        """End the action's runs that have not acted; wait for those that have."""
        facts, runs = self.app.ledger.facts, self.app.ledger.runs

        def there() -> list[Run]:
            return [run for run in facts.runs(open_only=True) if run.action == action]

        for run in there():
            with contextlib.suppress(NotPossibleError):
                runs.cancel(run.id, "test", time.time())
        wait_for(lambda: not there(), 20)

    def instance(self) -> Any:
        """Return the InfluxDB instance as AWS has it, available."""
        backend = timestreaminfluxdb_backends[DEFAULT_ACCOUNT_ID][self.aws.region]
        (instance,) = backend.db_instances.values()
        return instance

    def version(self, function: str) -> dict[str, float]:
        """Return what the function's alias really serves."""
        return serving(self.aws.region, function, "LIVE")

    def deploy(self, function: str, config: str) -> str:
        """Publish a version and begin to deploy it; return the deployment's id."""
        found = self.inventory.function(function)
        (current,) = self.version(function)
        version = publish(self.aws, function, f"new-{time.monotonic()}")
        return str(
            self.aws.deployments.create(
                self.inventory.codedeploy.application,
                str(found.deployment_group),
                app_spec(function, found.alias, current, version),
                config,
            ).id
        )


def _typed(kind: str, value: str) -> Any:
    """Return an option's value as the call takes it: JSON, the shorthand of lists, or text."""
    if kind == "structure":
        return json.loads(value)
    if kind == "list":
        return [dict(part.split("=", 1) for part in value.split(","))]
    return value


def _record(name: str, value: float, **labels: str) -> dict[str, Any]:
    return {"record": name, "expr": f"vector({value})", "labels": labels}


def _believe(root: Path, disk: float) -> None:
    """Write what Prometheus believes: one function fails since a version, a disk is so full."""
    new, old = {"function": SICK, "version": "6"}, {"function": SICK, "version": "5"}
    rules = [
        # As the rollback has cured it already: people need not prove the trouble.
        _record("dataplatform:lambda_error_ratio:recent", 0, function=SICK),
        _record("dataplatform:lambda_invocations:recent", 200, function=SICK),
        _record("dataplatform:lambda_version_errors:lookback", 70, **new),
        _record("dataplatform:lambda_version_errors:lookback", 2, **old),
        _record("dataplatform:lambda_version_invocations:lookback", 200, **new),
        _record("dataplatform:lambda_version_invocations:lookback", 1000, **old),
        _record(DISK_METRIC, disk, instance_id=DISK["instance_id"]),
        {
            "alert": DISK["alertname"],
            "expr": f"{DISK_METRIC} > {_LIMIT}",
            "labels": {key: value for key, value in DISK.items() if key != "alertname"},
        },
    ]
    groups = {"groups": [{"name": "believed", "interval": "1s", "rules": rules}]}
    (root / "rules.yml").write_text(json.dumps(groups), encoding="utf-8")


def _overlay(urls: Mapping[str, str]) -> dict[str, Any]:
    return {
        "collection": {"period": "1s"},
        "influxdb": {"url": urls["influxdb"], "metrics_url": f"{urls['influxdb']}/metrics"},
        "engine": {
            **dict.fromkeys(("cool_down", "settle", "sample_every", "block_retry"), "1s"),
            "verify_samples": 1,
            "runs_per_hour": 1000,
            "max_share": 1.0,
        },
        "alerting": {
            **dict.fromkeys(("evaluation_interval", "remediation_group_wait"), "1s"),
            **{f"{name}_url": urls[name] for name in ("prometheus", "alertmanager")},
            "remediations_url": urls["remediations"],
        },
    }


def _settings(root: Path, urls: Mapping[str, str]) -> dict[str, str]:
    """Write what the settings name, and return them: runbooks name no option for it."""
    overlay, token = root / "overlay.yaml", root / "token"
    overlay.write_text(yaml.safe_dump(_overlay(urls)), encoding="utf-8")
    token.write_text(f"{TOKEN}\n", encoding="utf-8")
    return {
        "VIGIA_CONFIG": str(ROOT / "platform.yaml"),
        "VIGIA_CONFIG_OVERLAY": str(overlay),
        "VIGIA_STATE_DIR": str(root / "state"),
        "VIGIA_AWS_ENDPOINT_URL": urls["aws"],
        **dict.fromkeys(
            (
                *("VIGIA_WEBHOOK_TOKEN_FILE", "VIGIA_INFLUXDB_TOKEN_FILE"),
                "VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE",
            ),
            str(token),
        ),
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLUMNS": "200",
    }


@contextmanager
def world(root: Path, alertmanager: str) -> Iterator[World]:
    """Run the platform until the end of the block."""
    base = load_inventory(ROOT / "platform.yaml")
    with ExitStack() as stack:
        # Changes of the instance, the cache and provisioning take minutes in AWS.
        stack.enter_context(mock.patch.object(small, "CHANGE_SECONDS", 0.2))
        stack.enter_context(mock.patch.object(api_gateway, "CACHE_SECONDS", 0.2))
        stack.enter_context(mock.patch.object(lambda_functions, "PROVISIONING_SECONDS", 0.2))
        # How often commands that follow a run look: less waiting, the same steps.
        for command in (following, maintenance):
            stack.enter_context(mock.patch.object(command, "_POLL", 0.05))
        # How long a pause looks for executions that begin late.
        stack.enter_context(mock.patch.object(pause_processing, "_QUIET", 0.2))
        _believe(root, FULL)
        rules = {"rule_files": ["rules.yml"]}
        prometheus = stack.enter_context(prometheus_at(root, rules, "--web.enable-lifecycle"))
        influxdb = InfluxStandIn(base.influxdb.bucket, TOKEN, org=base.influxdb.org)
        stack.callback(influxdb.stop)
        influxdb.start()
        aws = EmbeddedAws(base.aws.region, time.time)
        stack.callback(aws.stop)
        aws.start()
        port = free_port()
        urls = {
            "prometheus": prometheus,
            "alertmanager": alertmanager,
            "aws": aws.url,
            "influxdb": influxdb.url,
            "remediations": f"http://127.0.0.1:{port}",
        }
        environment = _settings(root, urls)
        stack.enter_context(mock.patch.dict(os.environ, environment))
        settings = Settings.read(environment)
        inventory = load_inventory(settings.config, settings.config_overlay)
        seed(aws, inventory, time.time)
        app = RemediationsApp(settings, inventory, runbook={}.get)
        server = WebServer(app.wsgi, Address("127.0.0.1", port)).start()
        app.start()
        stack.callback(app.stop)
        stack.callback(server.stop)
        yield World(inventory, aws, influxdb, app, prometheus, environment, root)


_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Return the texts of a page's blocks in a language."""
    return [
        "\n".join(line.strip() for line in text.splitlines())
        for found, text in _BLOCK.findall(page)
        if found == language
    ]


def lines(page: str) -> list[str]:
    """Return the commands of a page, in order."""
    return [line for block in blocks(page, "sh") for line in block.splitlines()]
