"""Is the alert still there? ``resolved`` may never come, so both sides are asked before acting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from remediations.action import UnavailableError
from remediations.model import Run


class Presence(StrEnum):
    """What is known of an alert now."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"


class HoldsAlerts(Protocol):
    """Alertmanager, as far as it is needed here."""

    def is_active(self, fingerprint: str) -> bool:
        """Say whether the alert is active; raises UnavailableError."""
        ...


class FiresAlerts(Protocol):
    """Prometheus, as far as it is needed here."""

    def fires(self, labels: Mapping[str, str]) -> bool:
        """Say whether the alert fires; raises UnavailableError."""
        ...

    def alerting(self) -> Sequence[Mapping[str, str]]:
        """Return the labels of what fires or is pending; raises UnavailableError."""
        ...


def presence(run: Run, alertmanager: HoldsAlerts, prometheus: FiresAlerts) -> Presence:
    """Return THERE if either side holds the alert, GONE if both that answer deny it.

    Alertmanager keeps an alert for a while after it stopped firing, and forgets it when it is
    restarted without its data: Prometheus has the last word wherever it answers.
    """
    try:
        return Presence.THERE if prometheus.fires(run.alert) else Presence.GONE
    except UnavailableError:
        pass
    try:
        return Presence.THERE if alertmanager.is_active(run.fingerprint) else Presence.GONE
    except UnavailableError:
        return Presence.UNKNOWN
