"""Where the parts of a demo listen, and what is written for them in the state directory."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from inventory.resources import Api
from simulator.processes import StartError, free_port

HEALTH = "/health"
"""Where the platform's API says how it is."""
DEMO_OVERLAY = Path(__file__).parent / "demo.yaml"
_MARK = ".vigia-demo"
_FIXED = {
    "exporter": 9910,
    "remediations": 9911,
    "simulator": 9912,
    "prometheus": 9090,
    "alertmanager": 9093,
}


@dataclass(frozen=True)
class Addresses:
    """URLs of everything that runs."""

    aws: str
    influxdb: str
    exporter: str
    remediations: str
    prometheus: str
    alertmanager: str
    simulator: str


def choose_ports(*, auto: bool) -> dict[str, int]:
    """Return a port for each program: the usual ones, or free ones."""
    return {name: free_port() if auto else port for name, port in _FIXED.items()}


def url(port: int) -> str:
    """Return the loopback URL of ``port``."""
    return f"http://127.0.0.1:{port}"


@dataclass(frozen=True)
class Layout:
    """The state directory's files."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Layout:
        """Make the directory; what an earlier demo left in it is removed.

        Raises:
            StartError: if it cannot be made or written, or holds what is not a demo's.
        """
        known = root / _MARK
        try:
            if root.is_dir() and any(root.iterdir()) and not known.exists():
                raise StartError(
                    f"{root} is not empty and not a demo's: choose another --state-dir"
                )
            root.mkdir(parents=True, exist_ok=True)
            known.touch()
            for name in ("logs", "prometheus", "alertmanager", "state", "rules"):
                shutil.rmtree(root / name, ignore_errors=True)
                (root / name).mkdir()
        except OSError as error:
            raise StartError(f"{root}: {error.strerror}") from error
        return cls(root)

    @property
    def overlay(self) -> Path:
        """The inventory overlay that compresses time and names the demo's addresses."""
        return self.root / "overlay.yaml"

    @property
    def webhook_token(self) -> Path:
        """The bearer token of the remediation service."""
        return self.root / "webhook-token"

    @property
    def influx_token(self) -> Path:
        """The token of the InfluxDB stand-in."""
        return self.root / "influxdb-token"

    @property
    def control_token(self) -> Path:
        """The token with which faults are injected."""
        return self.root / "control-token"

    @property
    def manifest(self) -> Path:
        """``demo.json``: the URLs, and the path of the webhook token."""
        return self.root / "demo.json"

    def log(self, name: str) -> Path:
        """Return the log file of a program."""
        return self.root / "logs" / f"{name}.log"

    def write_secret(self, path: Path) -> str:
        """Write a new random token that only its owner may read, and return it."""
        token = secrets.token_urlsafe(32)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(token + "\n", encoding="utf-8")
        return token

    def write_overlay(self, addresses: Addresses, apis: Sequence[Api]) -> None:
        """Write the demo overlay with this run's addresses, the health of ``apis`` among them."""
        overlay: dict[str, Any] = yaml.safe_load(DEMO_OVERLAY.read_text(encoding="utf-8"))
        _merge(overlay, _runtime(addresses))
        # A list is laid over as a whole.
        overlay["apis"] = [
            {**api.model_dump(exclude_defaults=True), "health_url": addresses.simulator + HEALTH}
            for api in apis
        ]
        self.overlay.write_text(
            yaml.safe_dump(overlay, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )

    def write_manifest(self, addresses: Addresses) -> None:
        """Write ``demo.json``."""
        document = {
            **asdict(addresses),
            "webhook_token_file": str(self.webhook_token),
            "control_token_file": str(self.control_token),
        }
        self.manifest.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _runtime(addresses: Addresses) -> dict[str, Any]:
    def host(address: str) -> str:
        return address.removeprefix("http://")

    return {
        "influxdb": {
            "url": addresses.influxdb,
            "metrics_url": f"{addresses.influxdb}/metrics",
        },
        "alerting": {
            "prometheus_url": addresses.prometheus,
            "alertmanager_url": addresses.alertmanager,
            "remediations_url": addresses.remediations,
            "exporter_address": host(addresses.exporter),
            "remediations_address": host(addresses.remediations),
            "alertmanager_address": host(addresses.alertmanager),
            "runbook_base_url": f"{addresses.remediations}/runbooks",
        },
    }


def _merge(base: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
