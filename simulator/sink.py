"""What Alertmanager told people, as the receivers would have got it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Page:
    """One alert of one message to a human receiver of Alertmanager.

    ``message`` numbers the messages: several alerts may come in one, and one in several.
    ``starts_at`` is since when the alert fires (unix seconds).
    """

    at: float
    receiver: str
    status: str
    alert: str
    labels: dict[str, str]
    message: int
    starts_at: float


class Sink:
    """Remembers every message, in order."""

    def __init__(self) -> None:
        self._pages: list[Page] = []
        self._messages = 0
        self._lock = threading.Lock()

    def hear(self, receiver: str, webhook: dict[str, Any], at: float) -> None:
        """Remember a webhook."""
        with self._lock:
            self._messages += 1
            self._pages.extend(
                Page(
                    at,
                    receiver,
                    one["status"],
                    one["labels"].get("alertname", ""),
                    one["labels"],
                    self._messages,
                    datetime.fromisoformat(one["startsAt"]).timestamp(),
                )
                for one in webhook.get("alerts", [])
            )

    def pages(self) -> list[Page]:
        """Return every page so far."""
        with self._lock:
            return list(self._pages)
