"""Every generated file of the alerting side, as text by its path."""

from __future__ import annotations

from alerts import packs, recording, runbooks
from alerts.alertmanager import alertmanager
from alerts.documents import yaml_text
from alerts.prometheus import prometheus
from inventory.model import Inventory

GENERATED = "alerts/generated"
RULE_FILES = ("recording.yml", "alerts.yml")


def files(inventory: Inventory) -> dict[str, str]:
    """Return rules, configurations and runbooks by path below the repository's root.

    Raises:
        ValueError: if a playbook names an alert that does not exist.
    """
    return {
        f"{GENERATED}/recording.yml": yaml_text({"groups": recording.groups(inventory)}),
        f"{GENERATED}/alerts.yml": yaml_text({"groups": packs.groups(inventory)}),
        f"{GENERATED}/alertmanager.yml": alertmanager(inventory),
        f"{GENERATED}/prometheus.yml": prometheus(inventory, rule_files=RULE_FILES),
        **runbooks.pages(inventory, packs.rules(inventory)),
    }
