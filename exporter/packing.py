"""Records of many resources in few documents: a cycle writes a hundred rows, not thousands."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

BUCKETS = 128
T = TypeVar("T")


def bucket(name: str) -> int:
    """Return the bucket of a resource: the same for ever and everywhere."""
    return zlib.crc32(name.encode()) % BUCKETS


class Pack(Generic[T]):
    """The records of one kind, as they were committed last.

    ``read`` and ``write`` turn a document into its records and back; records are never changed,
    only replaced. Those of resources that the inventory no longer names stay where they are.
    """

    def __init__(
        self,
        prefix: str,
        read: Callable[[Any], Mapping[str, T]],
        write: Callable[[Mapping[str, T]], Any],
    ) -> None:
        self.prefix = prefix
        self.records: dict[str, T] = {}
        self._read = read
        self._write = write
        self._members: dict[str, list[str]] = defaultdict(list)

    def open(self, documents: Mapping[str, Any]) -> None:
        """Take in the documents that are this pack's."""
        for key, body in documents.items():
            if key.startswith(self.prefix):
                self.keep(self._read(body))

    def documents(self, changes: Mapping[str, T]) -> dict[str, Any]:
        """Return the documents to commit for ``changes``."""
        touched: dict[str, dict[str, T]] = defaultdict(dict)
        for name, record in changes.items():
            touched[self._key(name)][name] = record
        return {
            key: self._write({name: self.records[name] for name in self._members[key]} | changed)
            for key, changed in touched.items()
        }

    def keep(self, changes: Mapping[str, T]) -> None:
        """Take in what was committed."""
        for name in changes:
            if name not in self.records:
                self._members[self._key(name)].append(name)
        self.records.update(changes)

    def _key(self, name: str) -> str:
        return f"{self.prefix}{bucket(name):03}"
