"""What the running parts say of themselves: alerts, pages, remediation runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from simulator.layout import Addresses


@dataclass(frozen=True)
class AlertState:
    """An alert as Prometheus holds it: ``pending`` or ``firing``, since unix seconds."""

    name: str
    labels: dict[str, str]
    state: str

    @property
    def target(self) -> str:
        """The label that says what is sick."""
        for label in ("function", "api", "bucket", "collector", "service"):
            if label in self.labels:
                return self.labels[label]
        return self.labels.get("environment", "")


class Observer:
    """Reads Prometheus and the remediation service; an unreachable one reads as nothing new."""

    def __init__(self, addresses: Addresses, webhook_token: Path) -> None:
        self._addresses = addresses
        self._token = webhook_token.read_text(encoding="utf-8").split()[0]
        self._session = requests.Session()

    def alerts(self) -> list[AlertState]:
        """Return the pending and firing alerts."""
        document = self._get(f"{self._addresses.prometheus}/api/v1/alerts") or {}
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
        document = self._get(
            f"{self._addresses.remediations}/v1/runs",
            headers={"Authorization": f"Bearer {self._token}"},
        )
        runs: list[dict[str, Any]] = (document or {}).get("runs", [])
        return sorted(runs, key=lambda run: run["created_at"])

    def _get(self, url: str, **options: Any) -> dict[str, Any] | None:
        try:
            answer = self._session.get(url, timeout=2, **options)
        except requests.RequestException:
            return None
        if answer.status_code != requests.codes.ok:
            return None
        document: dict[str, Any] = answer.json()
        return document
