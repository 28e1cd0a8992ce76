"""What a Grafana must do with our dashboards: take them, answer every panel, and show them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from grafana.queries import substitute
from inventory.model import Inventory
from tests.browser import Browser
from tests.conftest import wait_for

FOLDER = "vigia-check"
_TIMEOUT = 30
_CELL = 38
_MARGIN = 160
_ERRORS = (
    "return document.querySelectorAll('[data-testid=\"data-testid Panel status error\"]').length"
)


class RefusedError(Exception):
    """Grafana's answer to what it does not take: its status and its message."""


@dataclass(frozen=True)
class Grafana:
    """A server, and who asks it: a service account's token, or a user with a password."""

    url: str
    token: str | None = None
    user: str = "admin"
    password: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The header that every request carries, the browser's too."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer's document.

        Raises:
            RefusedError: if Grafana refused.
        """
        answer = requests.request(
            method, self.url + path, json=body, headers=self.headers, timeout=_TIMEOUT
        )
        if not answer.ok:
            raise RefusedError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def prometheus(self, uid: str | None = None) -> str:
        """Return the uid of the data source: the one asked for, else the default Prometheus.

        Raises:
            RefusedError: if there is none.
        """
        found = [one for one in self.ask("GET", "/api/datasources") if one["type"] == "prometheus"]
        found.sort(key=lambda one: not one.get("isDefault"))
        for one in found:
            if uid in (None, one["uid"]):
                return str(one["uid"])
        raise RefusedError(f"there is no Prometheus data source {uid or ''}")

    @contextmanager
    def folder(self) -> Iterator[str]:
        """Make a folder of our own; all that was put into it goes with it."""
        self.ask("POST", "/api/folders", {"uid": FOLDER, "title": FOLDER})
        try:
            yield FOLDER
        finally:
            self.ask("DELETE", f"/api/folders/{FOLDER}?forceDeleteRules=true")


def imported(grafana: Grafana, board: Mapping[str, Any], folder: str) -> str:
    """Import a copy of a dashboard and return its uid; Grafana keeps every panel of it.

    A copy, because what Grafana was provisioned with cannot be written.
    """
    uid = f"{board['uid']}-check"
    copy = {**board, "uid": uid, "id": None}
    grafana.ask("POST", "/api/dashboards/db", {"dashboard": copy, "folderUid": folder})
    kept = grafana.ask("GET", f"/api/dashboards/uid/{uid}")["dashboard"]
    assert (kept["uid"], kept["title"]) == (uid, board["title"])
    assert [(one["id"], one["title"]) for one in kept["panels"]] == [
        (one["id"], one["title"]) for one in board["panels"]
    ]
    return uid


def problems(
    grafana: Grafana, inventory: Inventory, board: Mapping[str, Any], source: str
) -> list[str]:
    """Ask every query of every panel, and return what could not be answered."""
    found = []
    for panel in board["panels"]:
        wanted = {target["refId"] for target in panel["targets"]}
        queries = [_query(inventory, panel, target, source) for target in panel["targets"]]
        try:
            answer = grafana.ask(
                "POST", "/api/ds/query", {"queries": queries, "from": "now-1h", "to": "now"}
            )
        except RefusedError as error:
            found.append(f"{panel['title']}: {error}")
            continue
        results = answer["results"]
        found += [f"{panel['title']}: no answer to {ref}" for ref in wanted - set(results)]
        found += [
            f"{panel['title']} {ref}: {one['error']}"
            for ref, one in results.items()
            if one.get("error")
        ]
    return found


def _query(
    inventory: Inventory, panel: Mapping[str, Any], target: Mapping[str, Any], source: str
) -> dict[str, Any]:
    return {
        "refId": target["refId"],
        "datasource": {"type": panel["datasource"]["type"], "uid": source},
        "expr": substitute(inventory, target["expr"]),
        "instant": bool(target.get("instant")),
        "range": bool(target.get("range", True)),
        "intervalMs": 15_000,
        "maxDataPoints": 240,
    }


def shown(
    grafana: Grafana, browser: Browser, board: Mapping[str, Any], uid: str, source: str, path: Path
) -> None:
    """Open a dashboard and take its picture: every panel is there, and none has an error."""
    browser.send(grafana.headers)
    rows = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in board["panels"])
    # Grafana draws a panel once it is in the window: so all of them are.
    browser.resize(1600, rows * _CELL + _MARGIN)
    browser.open(f"{grafana.url}/d/{uid}?kiosk&from=now-1h&to=now&var-datasource={source}")
    titles = [panel["title"] for panel in board["panels"]]
    try:
        wait_for(lambda: not _missing(browser, titles), 60)
    finally:
        browser.picture(path)
    assert browser.run(_ERRORS) == 0


def _missing(browser: Browser, titles: list[str]) -> list[str]:
    text = browser.text()
    return [title for title in titles if title not in text]
