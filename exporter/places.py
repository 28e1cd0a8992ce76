"""Accounts and regions: what is read once in each, however many scopes name it."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.model import Inventory


@dataclass(frozen=True)
class Place:
    """A region of an account, and the scope through which it is reached; None is the main one."""

    account: str
    region: str
    scope: str | None


def places(inventory: Inventory) -> tuple[Place, ...]:
    """Return each account's regions once, the main one first."""
    found: dict[tuple[str, str], Place] = {}
    for name in (None, *(scope.name for scope in inventory.scopes)):
        aws = inventory.scope(name)
        found.setdefault((aws.account, aws.region), Place(aws.account, aws.region, name))
    return tuple(found.values())


def accounts(inventory: Inventory) -> tuple[Place, ...]:
    """Return each account once, in the first region that names it."""
    found: dict[str, Place] = {}
    for place in places(inventory):
        found.setdefault(place.account, place)
    return tuple(found.values())
