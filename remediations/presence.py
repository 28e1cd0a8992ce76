"""Is the alert still there? ``resolved`` may never come, or come wrongly: who fires it is asked."""

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
    """Return what Prometheus says; where it does not answer, THERE if Alertmanager holds the alert.

    Only Prometheus can say that an alert is gone. Alertmanager ends by itself what Prometheus no
    longer sends, so in an outage its silence tells of the outage; it also forgets what it held when
    it is restarted without its data, and keeps for a while what has stopped firing.
    """
    try:
        return Presence.THERE if prometheus.fires(run.alert) else Presence.GONE
    except UnavailableError:
        pass
    try:
        return Presence.THERE if alertmanager.is_active(run.fingerprint) else Presence.UNKNOWN
    except UnavailableError:
        return Presence.UNKNOWN
