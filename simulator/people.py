"""What people do in a scenario: they approve, act by hand, pause and resume, as operators would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import requests

from simulator.observe import Observer
from simulator.scenario import Acts, AnyDeed, Approves

_NAME = "operator"
_TIMEOUT = 10.0


class People:
    """Somebody with the token of the remediation service at ``url``."""

    def __init__(self, url: str, token: str, observer: Observer) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._observer = observer

    def do(self, deed: AnyDeed) -> Iterator[None]:
        """Do it; each ``next`` is one more try, and it is done when there is none.

        Raises:
            requests.RequestException: if the service refuses.
        """
        if isinstance(deed, Approves):
            yield from self._approve(deed.action, deed.target)
        elif isinstance(deed, Acts):
            asked = {"target": deed.target, "params": dict(deed.params)}
            opened = self._post(f"/v1/actions/{deed.action}", asked)
            yield from self._approve(deed.action, str(opened["target"]))
        else:
            self._post("/v1/pause" if deed.does == "pauses" else "/v1/resume", {})

    def cancel(self, run_id: str) -> None:
        """Cancel a run that has not acted yet."""
        self._post(f"/v1/runs/{run_id}/cancel", {})

    def _approve(self, action: str, target: str) -> Iterator[None]:
        while True:
            for run in self._observer.runs():
                if (run["action"], run["target"]) == (action, target) and _waits(run):
                    self._post(f"/v1/runs/{run['id']}/approve", {"plan_hash": run["plan_hash"]})
                    return
            yield

    def _post(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        answer = requests.post(
            self._url + path,
            json={**asked, "by": _NAME},
            headers=self._headers,
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def _waits(run: Mapping[str, Any]) -> bool:
    return bool(run["state"] == "awaiting_approval")
