"""Which targets are sick now, before anybody was told.

The alerts of a storm are delivered over a while, by when each began and by group. Prometheus knows
of them sooner: an alert is pending for as long as its rule's ``for`` before it fires, and a target
of little traffic has an alert on its symptoms before there is evidence enough to act on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inventory.model import Inventory
from remediations.action import Action, UnavailableError
from remediations.intake import rule
from remediations.presence import FiresAlerts

_PAGE, _FIRST = "page", "1"


def ailing(
    prometheus: FiresAlerts, inventory: Inventory, actions: Mapping[str, Action]
) -> set[str]:
    """Return the targets that an alert, firing or pending, asks to act on or calls people about.

    Where Prometheus does not answer there are none: what was delivered is counted all the same.
    """
    try:
        alerts = prometheus.alerting()
    except UnavailableError:
        return set()
    return {target for labels in alerts for target in _sick(labels, inventory, actions)}


def spread(inventory: Inventory) -> float:
    """Return how long after the first alert of a storm the last may show (seconds).

    What fails from the same moment on is told one period of CloudWatch apart at most: a function's
    errors may be enough to judge by in this period or only with the next one. Then come one
    evaluation of the rules and the wait of one group.
    """
    alerting = inventory.alerting
    seen = inventory.collection.period + alerting.evaluation_interval
    return seen + alerting.remediation_group_wait


def _sick(
    labels: Mapping[str, str], inventory: Inventory, actions: Mapping[str, Action]
) -> Iterator[str]:
    intent = rule("firing", labels, inventory, actions).intent
    if intent is not None:
        # One alert is one target's: what it also names is where the trouble shows.
        yield intent.target
        return
    ours = labels.get("environment") in (None, inventory.environment)
    # The escalations of an alert bear its labels, and say nothing new.
    if not ours or labels.get("severity") != _PAGE or labels.get("tier", _FIRST) != _FIRST:
        return
    for book in inventory.playbooks:
        target = actions[book.action].target(labels) if book.action in actions else None
        # Some actions have one target whatever the alert is about: this one must be named.
        if target is not None and target in book.targets and target in labels.values():
            yield target
