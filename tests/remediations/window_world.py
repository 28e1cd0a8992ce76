"""A maintenance window's surroundings: an engine on the embedded AWS and a real Alertmanager."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from remediations.alertmanager import Alertmanager
from remediations.ledger.windows import WORKING, Window
from remediations.maintenance import Asked, Maintenance
from tests.conftest import wait_for
from tests.remediations.rig import Rig
from tests.remediations.test_notify import sent

HOUR = 3600.0
ASKED = Asked(2 * HOUR, "troca do banco", backup=False)


class Site:
    """A rig whose Alertmanager is real, and the windows over it."""

    def __init__(self, rig: Rig, url: str) -> None:
        self.rig = rig
        self.url = url
        rig.clock.at = time.time()
        self.restart()

    def restart(self) -> None:
        """Start the keeper of windows again, as after a crash."""
        self.change(Alertmanager(self.url))

    def change(self, alertmanager: Alertmanager) -> None:
        """Let windows be kept with another client of the Alertmanager."""
        rig = self.rig
        self.windows = Maintenance(
            rig.ledger, rig.inventory, rig.worker.actions, alertmanager, rig.clock.now
        )

    def window(self) -> Window:
        """Return the newest window."""
        found = self.windows.newest()
        assert found is not None
        return found

    def settle(self) -> Window:
        """Work until the window waits for nothing but its end."""
        for _ in range(1000):
            self.windows.work()
            worked = self.rig.step()
            if self.window().phase not in WORKING:
                return self.window()
            if not worked:
                self.rig.clock.forward(0.5)
        raise AssertionError(self.window())

    def begin(self, asked: Asked = ASKED) -> Window:
        """Begin a window and wait until it is active, or stuck."""
        self.windows.begin(asked, "ana")
        return self.settle()

    def end(self) -> Window:
        """End it."""
        self.windows.end("rui")
        return self.settle()

    def silences(self) -> list[dict[str, Any]]:
        """Return the silences in force."""
        return Alertmanager(self.url).silences()

    def raised(self, **labels: str) -> bool:
        """Let an alert fire, and say whether it is silenced."""
        now = datetime.now(UTC)
        every = {"environment": "prod", "team": "operations", "severity": "page", **labels}
        alert = {
            "labels": every,
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=5)).isoformat(),
        }
        requests.post(f"{self.url}/api/v2/alerts", json=[alert], timeout=5).raise_for_status()
        found: list[Mapping[str, Any]] = []

        def seen() -> bool:
            answer = requests.get(f"{self.url}/api/v2/alerts", timeout=5).json()
            found[:] = [one for one in answer if one["labels"] == every]
            return bool(found) and found[0]["status"]["state"] != "unprocessed"

        wait_for(seen)
        return bool(found[0]["status"]["silencedBy"])

    def flag(self) -> bool:
        """Return whether the maintenance flag is on in what is deployed."""
        config = self.rig.inventory.appconfig
        data = self.rig.aws.client("appconfigdata")
        token = data.start_configuration_session(
            ApplicationIdentifier=config.application,
            EnvironmentIdentifier=config.environment,
            ConfigurationProfileIdentifier=config.profile,
        )["InitialConfigurationToken"]
        answer = data.get_latest_configuration(ConfigurationToken=token)
        document = json.loads(answer["Configuration"].read())
        return bool(document[str(config.maintenance_flag)]["enabled"])

    def notices(self) -> list[str]:
        """Return the first line of every notice."""
        return [message.splitlines()[0] for message, _, _ in sent(self.rig)]


def progress(window: Window) -> dict[str, str]:
    """Return how each step stands."""
    return {part.name: part.progress.value for part in window.parts}
