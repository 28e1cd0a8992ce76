"""YAML as plain data that remembers where each value stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Path_ = tuple[str | int, ...]
# libyaml's needs a third of the time and less memory, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Return the one readable line."""
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class InventoryError(Exception):
    """The inventory cannot be used; holds every problem at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass
class Source:
    """A document's data, and the file, line and column of every path in it."""

    data: Any
    places: dict[Path_, tuple[str, int, int]] = field(default_factory=dict)

    def problem(self, path: Path_, message: str) -> Problem:
        """Return a problem at ``path``, or at its nearest ancestor that stands in a file."""
        while path and path not in self.places:
            path = path[:-1]
        file, line, column = self.places.get(path, ("inventory", 1, 1))
        return Problem(file, line, column, message)

    def overlaid(self, other: Source) -> Source:
        """Return this document with the mappings of ``other`` merged over it."""
        places = dict(self.places)
        data = _merge(self.data, other, (), places)
        return Source(data, places)


def _merge(base: Any, other: Source, path: Path_, places: dict[Path_, tuple[str, int, int]]) -> Any:
    value = _at(other.data, path)
    if isinstance(base, dict) and isinstance(value, dict):
        merged = dict(base)
        for key in value:
            merged[key] = _merge(base.get(key), other, (*path, key), places)
        return merged
    for known in [known for known in places if known[: len(path)] == path]:
        del places[known]
    places.update({at: place for at, place in other.places.items() if at[: len(path)] == path})
    return value


def _at(data: Any, path: Path_) -> Any:
    for key in path:
        data = data[key]
    return data


def read_source(path: Path) -> Source:
    """Read one YAML file.

    Raises:
        InventoryError: if it cannot be read, is not YAML, or repeats a key.
    """
    name = str(path)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        raise InventoryError((Problem(name, 1, 1, error.strerror or "unreadable"),)) from error
    except UnicodeDecodeError as error:
        raise InventoryError((Problem(name, 1, 1, "is not UTF-8 text"),)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise InventoryError(
            (Problem(name, line, column, error.problem or "is not YAML"),)
        ) from error
    source = Source(None, {(): (name, 1, 1)})
    problems: list[Problem] = []
    if root is not None:
        source.data = _build(root, name, (), source, problems)
    if problems:
        raise InventoryError(tuple(sorted(problems)))
    return source


def _build(node: yaml.Node, file: str, path: Path_, source: Source, problems: list[Problem]) -> Any:
    place = (file, node.start_mark.line + 1, node.start_mark.column + 1)
    source.places[path] = place
    if isinstance(node, yaml.MappingNode):
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in built:
                mark = key_node.start_mark
                problems.append(
                    Problem(file, mark.line + 1, mark.column + 1, f"key '{key}' stands here twice")
                )
            built[key] = _build(value_node, file, (*path, key), source, problems)
        return built
    if isinstance(node, yaml.SequenceNode):
        return [
            _build(item, file, (*path, index), source, problems)
            for index, item in enumerate(node.value)
        ]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        problems.append(Problem(*place, f"cannot be read: {error}"))
        return None
    finally:
        loader.dispose()
