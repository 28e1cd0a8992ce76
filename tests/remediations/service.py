"""The remediation service as the tests of its front use it: over HTTP, with made-up secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from inventory.clock import Clock
from inventory.model import Inventory
from inventory.settings import Settings
from remediations.app import RemediationsApp
from simulator.processes import free_port

TOKEN = "first-token"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


def made(
    inventory: Inventory,
    folder: Path,
    tokens: str = TOKEN,
    clock: Clock | None = None,
    **settings: str,
) -> RemediationsApp:
    """Return a service whose engine is at rest, with Prometheus, Alertmanager and AWS away."""
    token_file = folder / "tokens"
    token_file.write_text(f"{tokens}\nsecond-token\n", encoding="utf-8")
    away = f"http://127.0.0.1:{free_port()}"
    alerting = {"prometheus_url": away, "alertmanager_url": away}
    alone = inventory.model_copy(
        update={"alerting": inventory.alerting.model_copy(update=alerting)}
    )
    environment: Mapping[str, str] = {
        "VIGIA_STATE_DIR": str(folder / "state"),
        "VIGIA_WEBHOOK_TOKEN_FILE": str(token_file),
        "VIGIA_AWS_ENDPOINT_URL": away,
        **settings,
    }
    return RemediationsApp(
        Settings.read(environment), alone, runbook={"Known": "<b>text</b>"}.get, clock=clock
    )
