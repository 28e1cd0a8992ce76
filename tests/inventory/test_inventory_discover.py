"""Finding units by walking a package."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from inventory.discover import DuplicateUnitError, discover

UNIT = "class U:\n    name = '{name}'\nUNIT = U()\n"


def package(root: Path, name: str, files: dict[str, str]) -> ModuleType:
    """Write and import a package."""
    (root / name).mkdir()
    for file, text in {"__init__": "", **files}.items():
        (root / name / f"{file}.py").write_text(text, encoding="utf-8")
    return importlib.import_module(name)


def test_units_are_found_in_the_order_of_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every module with the attribute gives one unit; others are passed over."""
    monkeypatch.syspath_prepend(tmp_path)
    files = {"b": UNIT.format(name="x"), "a": UNIT.format(name="y"), "c": "other = 1\n"}
    assert list(discover(package(tmp_path, "found_units", files), "UNIT")) == ["y", "x"]


def test_two_units_of_one_name_raise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second unit of the same name is a mistake, not a replacement."""
    monkeypatch.syspath_prepend(tmp_path)
    files = {"a": UNIT.format(name="x"), "b": UNIT.format(name="x")}
    with pytest.raises(DuplicateUnitError, match="'x'"):
        discover(package(tmp_path, "twice_units", files), "UNIT")
