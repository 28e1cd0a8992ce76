"""Which targets are sick now, before anybody was told.

The alerts of a storm are delivered over a while, by when each began and by group. Prometheus knows
of all of them sooner: an alert is pending for as long as its rule's ``for`` before it fires.
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.model import Inventory
from remediations.action import Action, UnavailableError
from remediations.intake import rule
from remediations.presence import FiresAlerts


def ailing(
    prometheus: FiresAlerts, inventory: Inventory, actions: Mapping[str, Action]
) -> set[str]:
    """Return the targets of all alerts, firing or pending, that a playbook would act on.

    Where Prometheus does not answer there are none: what was delivered is counted all the same.
    """
    try:
        alerts = prometheus.alerting()
    except UnavailableError:
        return set()
    intents = (rule("firing", labels, inventory, actions).intent for labels in alerts)
    return {intent.target for intent in intents if intent is not None}
