"""The inventory's sections and keys as its model declares them."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic.fields import FieldInfo

from inventory.durations import Duration
from inventory.model import Inventory
from inventory.notices import Clock, FilePath, TopicArn
from inventory.resources import AccountId, HttpUrl, Name, Ratio, RoleArn, Section, Word

KINDS: tuple[tuple[str, Any], ...] = (
    ("duration", Duration),
    ("share", Ratio),
    ("name", Name),
    ("word", Word),
    ("account", AccountId),
    ("url", HttpUrl),
    ("path", FilePath),
    ("time", Clock),
    ("role_arn", RoleArn),
    ("topic_arn", TopicArn),
)
"""The model's kinds of values that have a name of their own."""
_COMPARED = ("gt", "ge", "lt", "le", "pattern", "min_length", "max_length")


@dataclass(frozen=True)
class Key:
    """A key as the file writes it, and the section that declares it."""

    name: str
    owner: type[Section]
    hint: Any
    field: FieldInfo

    @property
    def id(self) -> str:
        """What the key's texts are found by; the same wherever a section inherits it."""
        return f"{self.owner.__name__}.{self.name}"

    @property
    def kind(self) -> Any:
        """The type without None, which stands for a key that is left out."""
        return bare(self.hint)

    @property
    def is_optional(self) -> bool:
        """Whether the file may say null."""
        return self.kind is not self.hint

    @property
    def is_measured(self) -> bool:
        """Whether the value is a number, or is judged as one, and so has a unit."""
        kind = plain(element(self.kind) or self.kind)
        known = kind_name(element(self.kind) or self.kind) is not None
        return not known and (kind in {int, float} or self.compares)

    @property
    def compares(self) -> bool:
        """Whether the value is a section whose number has the unit of what this key names."""
        kind = plain(self.kind)
        return isinstance(kind, type) and issubclass(kind, Section) and "above" in kind.model_fields


def keys(section: type[Section]) -> tuple[Key, ...]:
    """Return a section's keys in the model's order, those it inherits among them."""
    hints = typing.get_type_hints(section, include_extras=True)
    return tuple(
        Key(field.alias or name, _owner(section, name), hints[name], field)
        for name, field in section.model_fields.items()
    )


def sections() -> dict[type[Section], list[str]]:
    """Return every section with the places where it stands; the whole file's place is empty.

    A section's own sections follow it.
    """
    found: dict[type[Section], list[str]] = {}
    pending: list[tuple[type[Section], str]] = [(Inventory, "")]
    while pending:
        section, place = pending.pop(0)
        found.setdefault(section, []).append(place)
        pending = [*_inner(section, place), *pending]
    return found


def bare(hint: Any) -> Any:
    """Return a hint without None."""
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        (kind,) = (one for one in typing.get_args(hint) if one is not type(None))
        return kind
    return hint


def plain(hint: Any) -> Any:
    """Return a hint without None and constraints."""
    kind = bare(hint)
    return typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind


def element(hint: Any) -> Any:
    """Return the hint of a list's entries; None if it is no list."""
    kind = plain(hint)
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None


def kind_name(hint: Any) -> str | None:
    """Return the name of a kind that has one."""
    return next((name for name, known in KINDS if bare(hint) == known), None)


def limits(hint: Any) -> dict[str, Any]:
    """Return the constraints that a hint carries itself, by pydantic's names for them."""
    kind = bare(hint)
    metadata = typing.get_args(kind)[1:] if typing.get_origin(kind) is Annotated else ()
    rules = [rule for one in metadata if isinstance(one, FieldInfo) for rule in one.metadata]
    return {
        name: getattr(rule, name)
        for name in _COMPARED
        for rule in rules
        if getattr(rule, name, None) is not None
    }


def _inner(section: type[Section], place: str) -> Iterator[tuple[type[Section], str]]:
    for key in keys(section):
        entry = element(key.kind)
        kind = plain(key.kind if entry is None else entry)
        if isinstance(kind, type) and issubclass(kind, Section):
            path = f"{place}.{key.name}" if place else key.name
            yield kind, path if entry is None else f"{path}[]"


def _owner(section: type[Section], name: str) -> type[Section]:
    return next(
        one
        for one in reversed(section.__mro__)
        if issubclass(one, Section) and name in inspect.get_annotations(one)
    )
