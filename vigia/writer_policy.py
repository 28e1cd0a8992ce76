"""The IAM policy of the remediation service: what its actions declare, on what the inventory has.

Resources stand by their whole names, however many: nothing that is merely called alike may be
changed. Only names that AWS gives (of flags' applications, of the database) cannot stand, for the
inventory does not know them. Reads and changes of one kind of resource share a statement, because
a managed policy must be short.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from exporter import iam
from inventory.model import Inventory
from remediations.action import Action

PATH = f"{iam.FOLDER}/writer-policy.json"


def files(inventory: Inventory, actions: Iterable[Action]) -> dict[str, str]:
    """Return the writer's policy by its path below the root."""
    return {PATH: json.dumps(policy(inventory, actions), indent=2) + "\n"}


def policy(inventory: Inventory, actions: Iterable[Action]) -> dict[str, Any]:
    """Return the policy that allows every call of ``actions``.

    Actions act in the main account alone.
    """
    names = sorted({name for action in actions for name in (*action.reads, *action.writes)})
    main = inventory.model_copy(update={"scopes": ()})
    return iam.policy(main, names, verb=None, most_names=sys.maxsize)
