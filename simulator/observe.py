"""What the running parts say of themselves: alerts, pages, remediation runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from simulator.layout import Addresses
from simulator.sink import Page, Sink

_TARGETS = (
    *("function", "application", "instance_id", "flag", "api", "bucket", "collector", "service"),
    "target",
)


@dataclass(frozen=True)
class AlertState:
    """An alert as Prometheus holds it: ``pending`` or ``firing``, since unix seconds."""

    name: str
    labels: dict[str, str]
    state: str

    @property
    def target(self) -> str:
        """The label that says what is sick."""
        for label in _TARGETS:
            if label in self.labels:
                return self.labels[label]
        return self.labels.get("environment", "")


@dataclass(frozen=True)
class Look:
    """What all of them said at one moment; ``alerts`` is None while Prometheus is away."""

    at: float
    alerts: list[AlertState] | None
    runs: list[dict[str, Any]]
    pages: list[Page]

    def fires(self, alert: str, target: str | None = None) -> bool:
        """Say whether an alert fires."""
        return any(
            one.name == alert and one.state == "firing" and target in (None, one.target)
            for one in self.alerts or ()
        )


class Observer:
    """Reads Prometheus and the remediation service; an unreachable one tells nothing."""

    def __init__(self, addresses: Addresses, webhook_token: Path) -> None:
        self._addresses = addresses
        self._token = webhook_token.read_text(encoding="utf-8").split()[0]
        self._session = requests.Session()

    def look(self, sink: Sink) -> Look:
        """Ask everybody."""
        return Look(time.time(), self.alerts(), self.runs(), sink.pages())

    def alerts(self) -> list[AlertState] | None:
        """Return the pending and firing alerts; None if Prometheus does not answer."""
        document = self._get(f"{self._addresses.prometheus}/api/v1/alerts")
        if document is None:
            return None
        return [
            AlertState(found["labels"]["alertname"], found["labels"], found["state"])
            for found in document.get("data", {}).get("alerts", [])
        ]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result vector of an instant query."""
        document = self._get(
            f"{self._addresses.prometheus}/api/v1/query", params={"query": expression}
        )
        result: list[dict[str, Any]] = (document or {}).get("data", {}).get("result", [])
        return result

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule that Prometheus holds, with its health."""
        document = self._get(f"{self._addresses.prometheus}/api/v1/rules") or {}
        groups = document.get("data", {}).get("groups", [])
        return [rule for group in groups for rule in group["rules"]]

    def runs(self) -> list[dict[str, Any]]:
        """Return the remediation runs, oldest first."""
        document = self._ask("/v1/runs")
        runs: list[dict[str, Any]] = (document or {}).get("runs", [])
        return sorted(runs, key=lambda run: run["created_at"])

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run with its plan, steps, samples and history; empty if it cannot be read."""
        return self._ask(f"/v1/runs/{run_id}") or {}

    def _ask(self, path: str) -> dict[str, Any] | None:
        return self._get(
            self._addresses.remediations + path,
            headers={"Authorization": f"Bearer {self._token}"},
        )

    def _get(self, url: str, **options: Any) -> dict[str, Any] | None:
        try:
            answer = self._session.get(url, timeout=2, **options)
        except requests.RequestException:
            return None
        if answer.status_code != requests.codes.ok:
            return None
        document: dict[str, Any] = answer.json()
        return document
