"""The composition root of the write side."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, abort, request
from werkzeug.exceptions import HTTPException

from inventory.aws import AwsClients
from inventory.clock import Clock, SystemClock
from inventory.discover import discover
from inventory.influx import SERVICE as INFLUXDB
from inventory.influx import InfluxBuckets, InfluxError
from inventory.model import Inventory
from inventory.settings import Settings, SettingsError, read_tokens
from inventory.version import VERSION
from remediations import actions as action_package
from remediations.action import Action, Context
from remediations.alertmanager import Alertmanager
from remediations.asking import playbook_problems
from remediations.engine import Engine
from remediations.escalation import EscalationSender
from remediations.ledger.store import Ledger, open_ledger
from remediations.maintenance import Maintenance
from remediations.metrics import LedgerMetrics, registry_of
from remediations.pages.api import api, problem_of
from remediations.pages.console import console
from remediations.prometheus import Prometheus
from remediations.worker import Worker
from web.security import bearer

PAUSE_FILE = "PAUSE"
MAX_BODY = 4 * 1024 * 1024
_CALL_TIMEOUT = 10.0


def all_actions() -> dict[str, Action]:
    """Return every action by name, found by walking the package."""
    return discover(action_package, "ACTION")


class RemediationsApp:
    """Everything that the service is made of; ``start`` and ``stop`` in order.

    Raises:
        SettingsError: without a way to authenticate, a state directory, or with a playbook that
            asks for what its action cannot do.
        DatabaseError: if the ledger cannot be used.
        SQLAlchemyError: if the ledger does not answer.
    """

    def __init__(
        self,
        settings: Settings,
        inventory: Inventory,
        *,
        runbook: Callable[[str], str | None],
        clock: Clock | None = None,
    ) -> None:
        token_file, certificates = settings.webhook_token_file, settings.client_certificates
        if token_file is None and not certificates:
            raise SettingsError(
                "VIGIA_WEBHOOK_TOKEN_FILE is not set: without a token nothing may be asked of us"
            )
        clock = clock or SystemClock()
        tokens = read_tokens(token_file) if token_file is not None else ()
        actions = all_actions()
        if problems := [*playbook_problems(inventory, actions)]:
            raise SettingsError("; ".join(problems))
        self.ledger: Ledger = open_ledger(settings.database("ledger"))
        pause_file = Path(settings.state_dir) / PAUSE_FILE
        alertmanager = Alertmanager(inventory.alerting.alertmanager_url)
        maintenance = Maintenance(self.ledger, inventory, actions, alertmanager, clock.now)
        self.engine = _engine(
            settings, inventory, actions, self.ledger, pause_file, clock, maintenance
        )
        registry = registry_of(LedgerMetrics(self.ledger, self.engine, actions, clock, pause_file))
        self.wsgi = Flask("remediations", static_folder=None)
        self.wsgi.config["MAX_CONTENT_LENGTH"] = MAX_BODY
        self.wsgi.register_error_handler(HTTPException, problem_of)
        self.wsgi.before_request(_no_nul)
        self.wsgi.register_blueprint(
            api(
                *(self.ledger, inventory, actions, maintenance, alertmanager),
                *(bearer(tokens), self.engine.wake, clock.now),
                certificates=certificates,
            )
        )
        self.wsgi.register_blueprint(
            console(self.ledger, registry, inventory.locale, VERSION, runbook, clock.now)
        )

    def start(self) -> None:
        """Begin to work on what is due."""
        self.engine.start()

    def stop(self) -> None:
        """Finish the stages under way and close the ledger."""
        self.engine.stop()
        self.ledger.close()


def _no_nul() -> None:
    # No id holds it, and PostgreSQL cannot even be asked for it.
    if "\0" in request.path:
        abort(404)


def _influx_token(settings: Settings) -> str:
    """Read the token with which actions ask InfluxDB; it may be exchanged while we run."""
    file = settings.remediations_influxdb_token_file
    if file is None:
        said = "VIGIA_REMEDIATIONS_INFLUXDB_TOKEN_FILE is not set"
        raise InfluxError("no_token", said, certain=True)
    try:
        return read_tokens(file)[0]
    except SettingsError as error:
        raise InfluxError("no_token", str(error), certain=True) from error


def _engine(
    settings: Settings,
    inventory: Inventory,
    actions: dict[str, Action],
    ledger: Ledger,
    pause_file: Path,
    clock: Clock,
    maintenance: Maintenance,
) -> Engine:
    clients = AwsClients(
        inventory.aws, settings.aws_endpoint_url, timeout=_CALL_TIMEOUT, scopes=inventory.scopes
    )
    influx = InfluxBuckets(inventory.influxdb, partial(_influx_token, settings), _CALL_TIMEOUT)

    def client_of(service: str, *, retries: bool = True) -> Any:
        # InfluxDB's client never sends twice.
        return influx if service == INFLUXDB else clients.client(service, retries=retries)

    prometheus = Prometheus(inventory.alerting.prometheus_url)
    alertmanager = Alertmanager(inventory.alerting.alertmanager_url)
    worker = Worker(
        ledger=ledger,
        inventory=inventory,
        actions=actions,
        context=Context(
            inventory=inventory,
            reader=client_of,
            metrics=prometheus,
            now=clock.now,
            verdicts=ledger.facts.verdicts,
            past=ledger.facts.past,
            plans=ledger.facts.open_plans,
        ),
        # A write that is sent twice could act twice: these clients send each call once.
        writer=lambda service: client_of(service, retries=False),
        alertmanager=alertmanager,
        prometheus=prometheus,
        pause_file=pause_file,
        now=clock.now,
    )
    sender = EscalationSender(ledger.escalations, alertmanager, inventory, clock.now)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    return Engine(worker, sender, owner, chores={"maintenance": maintenance.work})
