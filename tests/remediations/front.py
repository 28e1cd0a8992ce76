"""What people and programs see of a rig's runs: the API, the console and the metrics."""

from __future__ import annotations

from typing import Any

from flask import Flask

from remediations.alertmanager import Alertmanager
from remediations.maintenance import Maintenance
from remediations.metrics import LedgerMetrics, registry_of
from remediations.pages.api import api
from remediations.pages.console import console
from tests.remediations.rig import Rig


class Front:
    """The pages over a rig's ledger, without the engine of a service of its own."""

    def __init__(self, rig: Rig) -> None:
        actions = rig.worker.actions
        metrics = LedgerMetrics(rig.ledger, rig.engine, actions, rig.clock, rig.pause_file)
        alertmanager = Alertmanager("http://127.0.0.1:9")
        maintenance = Maintenance(
            *(rig.ledger, rig.inventory, actions, alertmanager), rig.clock.now
        )
        app = Flask("front", static_folder=None)
        app.register_blueprint(
            api(
                *(rig.ledger, rig.inventory, actions, maintenance, alertmanager),
                *(lambda _: True, lambda: None, rig.clock.now),
            )
        )
        app.register_blueprint(
            console(
                rig.ledger,
                registry_of(metrics),
                rig.inventory.locale,
                "test",
                {}.get,
                rig.clock.now,
            )
        )
        self.client = app.test_client()
        self.client.environ_base["HTTP_AUTHORIZATION"] = "Bearer anything"

    def get(self, path: str) -> Any:
        """Return the JSON of a page."""
        return self.client.get(path).json

    def text(self, path: str) -> str:
        """Return a page's text."""
        return self.client.get(path).text

    def metric(self, line: str) -> float:
        """Return the value of a sample as the exposition writes it."""
        found = [one for one in self.text("/metrics").splitlines() if one.startswith(f"{line} ")]
        assert len(found) == 1, line
        return float(found[0].rpartition(" ")[2])
