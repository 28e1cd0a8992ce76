"""How many webhook deliveries a second are durable before they are answered."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bench.measure import Result
from inventory.discover import discover
from inventory.load import load_inventory
from inventory.model import Inventory
from remediations import actions
from remediations.intake import read_webhook
from remediations.ledger.store import open_ledger

_PLATFORM = Path(__file__).parents[1] / "platform.yaml"
_SECONDS = 3.0
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> Result:
    """Measure webhooks of one and of twenty alerts, from one and from eight senders."""
    inventory = load_inventory(_PLATFORM)
    rows = [_measure(inventory, alerts, senders) for alerts in (1, 20) for senders in (1, 8)]
    return Result(
        "Intake: parsed, decided and committed (SQLite, fsync on every commit)",
        ["alerts per webhook", "senders", "webhooks/s", "alerts/s", "worst ms"],
        rows,
        ["Every alert is new; each is audited in the hash chain. No HTTP in between."],
    )


def _measure(inventory: Inventory, alerts: int, senders: int) -> dict[str, object]:
    known = discover(actions, "ACTION")
    numbers = count()
    with tempfile.TemporaryDirectory() as directory:
        ledger = open_ledger(f"sqlite:///{Path(directory) / 'ledger.db'}")

        def deliver() -> None:
            body = _webhook(inventory, next(numbers), alerts)
            deliveries, truncated = read_webhook(body, inventory, known)
            ledger.deliveries.receive(deliveries, truncated, time.time())

        begun = time.perf_counter()
        with ThreadPoolExecutor(senders) as pool:
            taken = [
                duration
                for durations in pool.map(lambda _: _until(deliver), range(senders))
                for duration in durations
            ]
        elapsed = time.perf_counter() - begun
        ledger.close()
    return {
        "alerts per webhook": alerts,
        "senders": senders,
        "webhooks/s": len(taken) / elapsed,
        "alerts/s": len(taken) * alerts / elapsed,
        "worst ms": max(taken) * 1000,
    }


def _until(deliver: Callable[[], None]) -> list[float]:
    end = time.perf_counter() + _SECONDS
    taken = []
    while (begun := time.perf_counter()) < end:
        deliver()
        taken.append(time.perf_counter() - begun)
    return taken


def _webhook(inventory: Inventory, number: int, alerts: int) -> bytes:
    targets = inventory.playbooks[0].targets
    return json.dumps(
        {
            "version": "4",
            "truncatedAlerts": 0,
            "alerts": [
                {
                    "status": "firing",
                    "labels": {
                        "alertname": inventory.playbooks[0].alerts[0],
                        "environment": inventory.environment,
                        "function": targets[index % len(targets)],
                        "remediation": inventory.playbooks[0].name,
                    },
                    "startsAt": (_BEGAN + timedelta(seconds=number)).isoformat(),
                    "fingerprint": f"{number:010x}{index:06x}",
                }
                for index in range(alerts)
            ],
        }
    ).encode()
