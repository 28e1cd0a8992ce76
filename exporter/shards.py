"""Sharing resources out among exporters: each belongs to exactly one, whoever works it out. Pure.

Rendezvous hashing: every shard draws a lot for a resource and the highest draw has it. A further
shard takes its share from all the others, and nothing else moves.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from exporter.collector import Collector
from inventory.model import Inventory
from inventory.resources import CustomMetric, Resource

_FORM = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True)
class Shard:
    """One of ``count`` exporters, counted from 0; the only one by default."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that ``i/n`` names.

        Raises:
            ValueError: if it is not of that form, or i is not below n.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"'{text}' is not i/n, such as 0/3")
        shard = cls(int(match.group(1)), int(match.group(2)))
        if shard.index >= shard.count:
            raise ValueError(f"'{text}': shards count from 0, so i must be below n")
        return shard

    def owns(self, kind: str, key: str) -> bool:
        """Say whether the resource of that kind and key is this shard's."""
        return max(range(self.count), key=lambda index: _draw(index, kind, key)) == self.index

    def runs(self, collector: Collector) -> bool:
        """Say whether the collector has anything to do here."""
        return collector.splits or self.owns("collector", collector.name)

    def view(self, inventory: Inventory) -> Inventory:
        """Return the inventory with this shard's resources alone."""
        if self.count == 1:
            return inventory
        mine: dict[str, Any] = {
            kind: tuple(item for item in items if self.owns(kind, _key(item)))
            for kind, items in inventory
            if isinstance(items, tuple)
            and all(isinstance(i, Resource | CustomMetric) for i in items)
        }
        here = {function.key for function in mine["functions"]}
        mine["log_events"] = tuple(
            event.model_copy(
                update={"functions": tuple(name for name in event.functions if name in here)}
            )
            for event in inventory.log_events
        )
        return inventory.model_copy(update=mine)

    def documents(self, collector: str) -> str:
        """Return what the collector's durable documents are kept under.

        Shards may share a database, and each forgets what it finds there and does not collect.
        """
        return collector if self.count == 1 else f"{collector}#{self.index}"


def _key(item: Resource | CustomMetric) -> str:
    return (
        item.key if isinstance(item, Resource) else repr((item.name, sorted(item.labels.items())))
    )


def _draw(index: int, kind: str, key: str) -> bytes:
    return hashlib.sha256("\0".join((str(index), kind, key)).encode()).digest()
