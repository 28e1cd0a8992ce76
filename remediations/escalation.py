"""Calling a human: straight to Alertmanager, a path that a paused engine still carries.

The exporter of metrics is a second path: Prometheus alerts on ``vigia_run_needs_human`` too.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from catalogue.texts.remediations import ALL_NEED_HUMAN, NEEDS_HUMAN, REASONS
from inventory.model import Inventory
from remediations.action import UnavailableError
from remediations.alertmanager import Alertmanager
from remediations.ledger.escalations import Escalation, Escalations

_LOG = logging.getLogger(__name__)
_LONGEST_PAUSE = 60.0
ALERT = "RemediationNeedsHuman"
_OF_ALL_RUNS = frozenset({"storm"})
"""Reasons that hold every run, whatever it is about."""


class EscalationSender:
    """Delivers the outbox, at least once, with growing pauses; ``now`` returns unix seconds."""

    def __init__(
        self, outbox: Escalations, alertmanager: Alertmanager, inventory: Inventory, now: Any
    ) -> None:
        self._outbox = outbox
        self._alertmanager = alertmanager
        self._inventory = inventory
        self._now = now

    def send_due(self) -> int:
        """Send what is due; return how many were taken."""
        taken = 0
        for escalation in self._outbox.due(self._now()):
            try:
                self._alertmanager.post([self.alert(escalation)])
            except UnavailableError as error:
                pause = min(_LONGEST_PAUSE, 2.0 ** min(escalation.attempts, 6))
                self._outbox.failed(escalation, self._now() + pause, error.detail)
                _LOG.warning("a call for a human could not be delivered: %s", error.detail)
            else:
                self._outbox.sent(escalation, self._now())
                taken += 1
        return taken

    def alert(self, escalation: Escalation) -> dict[str, Any]:
        """Return the alert that calls the human.

        What holds every run is one alert for all of them: Alertmanager knows alerts of the same
        labels as one, and people hear of it once.
        """
        inventory = self._inventory
        locale = inventory.locale
        reason = REASONS.get(escalation.annotations["reason"])
        labels = escalation.labels
        shared = escalation.annotations["reason"] in _OF_ALL_RUNS
        values = {
            "action": labels["action"],
            "target": labels["target"],
            "run": escalation.run_id,
            "reason": reason.in_(locale) if reason else escalation.annotations["reason"],
        }
        started = datetime.fromtimestamp(escalation.created_at, UTC)
        base = inventory.alerting.runbook_base_url
        return {
            "labels": {
                "alertname": ALERT,
                "environment": inventory.environment,
                "severity": "page",
                "tier": "1",
                "team": inventory.contacts.levels[0].team,
                **({"outcome": escalation.annotations["reason"]} if shared else labels),
            },
            "annotations": {
                "summary": (ALL_NEED_HUMAN if shared else NEEDS_HUMAN).format(locale, **values),
                "description": escalation.annotations["detail"],
                "runbook_url": f"{base}/{ALERT}",
            },
            "startsAt": started.isoformat(),
            "endsAt": (
                datetime.fromtimestamp(self._now(), UTC)
                + timedelta(seconds=inventory.alerting.repeat_interval)
            ).isoformat(),
            "generatorURL": f"{inventory.alerting.remediations_url}/v1/runs/{escalation.run_id}",
        }
