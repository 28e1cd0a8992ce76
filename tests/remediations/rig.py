"""What the engine's tests share: a clock, Prometheus' answers, an engine that can crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from inventory.influx import SERVICE as INFLUXDB
from inventory.influx import InfluxBuckets
from inventory.model import Inventory
from remediations.action import Context, UnavailableError
from remediations.app import all_actions
from remediations.asking import intent
from remediations.engine import Engine
from remediations.escalation import EscalationSender
from remediations.intake import read_webhook
from remediations.ledger import audit
from remediations.ledger.deliveries import Receipt
from remediations.ledger.store import Ledger, open_ledger
from remediations.model import Run, State
from remediations.worker import Worker
from simulator.aws.codedeploy import app_spec
from simulator.aws.lambda_functions import serving
from simulator.aws.server import CREDENTIALS, EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.seed import publish

START = 1_790_000_000.0
FUNCTION = "lambda_router"
TOKEN = "made-up-token-of-the-actions"
FINGERPRINT = "a1b2c3d4e5f60718"


class CrashError(BaseException):
    """The process dies here: nothing after this line runs, as with SIGKILL."""


class Clock:
    """Unix seconds that only the test moves."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        """Return the time that the test set."""
        return self.at

    def monotonic(self) -> float:
        """Return the same."""
        return self.at

    def forward(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self.at += seconds


class StandInMetrics:
    """Prometheus and Alertmanager as the engine asks them; ``away`` makes them not answer."""

    def __init__(self) -> None:
        self.ratio: float | None = 0.35
        self.invocations: float | None = 200.0
        self.new: tuple[float | None, float | None] = (70.0, 200.0)
        self.old: tuple[float | None, float | None] = (2.0, 1000.0)
        self.firing = True
        self.pending: list[Mapping[str, str]] = []
        self.active = True
        self.away = False
        self.alertmanager_away = False
        self.posted: list[Mapping[str, Any]] = []

    def value(self, expression: str) -> float | None:
        """Answer a query of the rollback by the series that it names."""
        if self.away:
            raise UnavailableError("prometheus_unreachable", "away")
        old = 'version!="' in expression
        pair = self.old if old else self.new
        if "version_errors" in expression:
            return pair[0]
        if "version_invocations" in expression:
            return pair[1]
        return self.ratio if "error_ratio" in expression else self.invocations

    def fires(self, _labels: Mapping[str, str]) -> bool:
        """Say what the test set."""
        if self.away:
            raise UnavailableError("prometheus_unreachable", "away")
        return self.firing

    def alerting(self) -> list[Mapping[str, str]]:
        """Return what the test set."""
        if self.away:
            raise UnavailableError("prometheus_unreachable", "away")
        return self.pending

    def is_active(self, _fingerprint: str) -> bool:
        """Say what the test set."""
        if self.alertmanager_away:
            raise UnavailableError("alertmanager_unreachable", "away")
        return self.active

    def post(self, alerts: list[Mapping[str, Any]]) -> None:
        """Remember the alerts."""
        if self.alertmanager_away:
            raise UnavailableError("alertmanager_unreachable", "away")
        self.posted.extend(alerts)


class Rig:
    """An engine whose parts can be looked at, and which can be killed and started again."""

    def __init__(
        self, inventory: Inventory, clock: Clock, aws: EmbeddedAws, url: str, folder: Path
    ) -> None:
        self.inventory = inventory
        self.clock = clock
        self.aws = aws
        self.metrics = StandInMetrics()
        self.pause_file = folder / "PAUSE"
        self._url = url
        self.token = TOKEN
        self._influxdb: InfluxStandIn | None = None
        self._clients: dict[str, Any] = {}
        self.writer: Callable[[str], Any] = self._client
        self.ledger: Ledger
        self.worker: Worker
        self.engine: Engine
        self.start()

    def start(self) -> None:
        """Start, or start again after a crash."""
        self.ledger = open_ledger(self._url)
        context = Context(
            self.inventory,
            self._client,
            self.metrics,
            self.clock.now,
            self.ledger.facts.verdicts,
            self.ledger.facts.past,
            self.ledger.facts.open_plans,
        )
        self.worker = Worker(
            ledger=self.ledger,
            inventory=self.inventory,
            actions=all_actions(),
            context=context,
            writer=lambda service: self.writer(service),  # noqa: PLW0108 a test replaces it later
            alertmanager=self.metrics,
            prometheus=self.metrics,
            pause_file=self.pause_file,
            now=self.clock.now,
        )
        sender = EscalationSender(
            self.ledger.escalations,
            self.metrics,  # type: ignore[arg-type]
            self.inventory,
            self.clock.now,
        )
        self.sender = sender
        self.engine = Engine(self.worker, sender, owner="test")

    def use(self, inventory: Inventory) -> None:
        """Go on under another inventory."""
        self.inventory = inventory
        self.ledger.close()
        self.start()

    def mode(self, mode: str) -> None:
        """Run the playbook in another mode."""
        books = tuple(b.model_copy(update={"mode": mode}) for b in self.inventory.playbooks)
        self.use(self.inventory.model_copy(update={"playbooks": books}))

    def influxdb(self) -> InfluxStandIn:
        """Return InfluxDB, which answers at the embedded AWS' address; made when first asked."""
        if self._influxdb is None:
            settings = self.inventory.influxdb
            self._influxdb = InfluxStandIn(settings.bucket, TOKEN, None, org=settings.org)
            self.aws.front.mount(INFLUXDB, self._influxdb.app)
        return self._influxdb

    def _client(self, service: str) -> Any:
        if service == INFLUXDB:
            self.influxdb()
            return InfluxBuckets(self.inventory.influxdb, lambda: self.token, 5, self.aws.url)
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=self.aws.region,
                endpoint_url=self.aws.url,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=5, connect_timeout=2),
                **CREDENTIALS,
            )
        return self._clients[service]

    def deploy(
        self, function: str = FUNCTION, config: str = "CodeDeployDefault.LambdaAllAtOnce"
    ) -> str:
        """Publish a version, deploy it, and return its number."""
        found = self.inventory.function(function)
        version = publish(self.aws, function, f"new-{self.clock.at}")
        current = next(iter(serving(self.aws.region, function, found.alias)))
        self.aws.deployments.create(
            self.inventory.codedeploy.application,
            found.deployment_group,
            app_spec(function, found.alias, current, version),
            config,
        )
        return version

    def version(self, function: str = FUNCTION) -> dict[str, float]:
        """Return what the alias really serves."""
        return serving(self.aws.region, function, self.inventory.function(function).alias)

    def move_alias(self, version: str, function: str = FUNCTION) -> None:
        """Move the alias as somebody else would."""
        self.aws.client("lambda").update_alias(
            FunctionName=function, Name="LIVE", FunctionVersion=version
        )

    def webhook(self, *alerts: Mapping[str, Any], truncated: int = 0) -> bytes:
        """Return an Alertmanager webhook of these alerts."""
        document = {"version": "4", "truncatedAlerts": truncated, "alerts": list(alerts)}
        return json.dumps(document).encode()

    def alert(self, function: str = FUNCTION, **changes: Any) -> dict[str, Any]:
        """Return the alert that asks for a rollback."""
        labels = {
            "alertname": "FunctionRegressedAfterDeploy",
            "environment": "prod",
            "function": function,
            "remediation": "rollback_function",
            **changes.pop("labels", {}),
        }
        started = datetime.fromtimestamp(changes.pop("at", self.clock.at), UTC).isoformat()
        fingerprint = FINGERPRINT if function == FUNCTION else f"{abs(hash(function)):x}"[:16]
        return {
            "status": "firing",
            "labels": labels,
            "annotations": {},
            "startsAt": started,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus",
            "fingerprint": fingerprint,
            **changes,
        }

    def deliver(self, *alerts: Mapping[str, Any]) -> list[Receipt]:
        """Deliver alerts as Alertmanager would."""
        found, truncated = read_webhook(self.webhook(*alerts), self.inventory, all_actions())
        return self.ledger.deliveries.receive(found, truncated, self.clock.at)

    def ask(self, name: str, target: str | None = None, *, dry: bool = False, **params: Any) -> Run:
        """Ask for an action by hand, approve its plan, and return the run as it ends or is held."""
        wanted = intent(self.inventory, self.worker.actions[name], target, params, dry=dry)
        self.ledger.deliveries.ask(wanted, "test", self.clock.at)
        found = self.until(State.AWAITING_APPROVAL, State.CLOSED, State.BLOCKED)
        if found.state is State.AWAITING_APPROVAL:
            self.ledger.runs.approve(found.id, str(found.plan_hash), "test", self.clock.at)
            found = self.end()
        return found

    def run(self) -> Run:
        """Return the newest run."""
        return self.ledger.facts.runs()[0]

    def step(self) -> bool:
        """Take one due run one stage further."""
        return self.engine.step()

    def until(self, *states: State, seconds: float = 7200) -> Run:
        """Work, and let time pass, until the newest run is in one of ``states``."""
        deadline = self.clock.at + seconds
        while self.run().state not in states and self.clock.at < deadline:
            if not self.step():
                # Nothing is due: time passes until something is.
                due = [r.next_at for r in self.ledger.facts.runs(open_only=True)]
                self.clock.at = max(self.clock.at + 0.5, min(due, default=deadline))
        assert self.run().state in states, self.run()
        return self.run()

    def end(self) -> Run:
        """Work until the newest run is closed."""
        return self.until(State.CLOSED)

    def restart(self) -> None:
        """Come back after a crash, once the dead process' lease has run out."""
        self.ledger.close()
        self.clock.forward(self.inventory.engine.lease + 1)
        self.start()

    def audit_kinds(self, run_id: str) -> list[str]:
        """Return the kinds of a run's audit rows in order."""
        with self.ledger.engine.connect() as connection:
            return [row["kind"] for row in audit.rows(connection, run_id)]
