"""Every text is there in both languages, says the same things and fills the same blanks."""

from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest

import catalogue.texts
from catalogue.text import Text

MODULES = sorted(found.name for found in pkgutil.iter_modules(catalogue.texts.__path__))


def _texts(value: object) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("module", MODULES)
def test_texts_agree(module: str) -> None:
    """Neither language is empty, and both have the same placeholders."""
    found = list(_texts(list(vars(importlib.import_module(f"catalogue.texts.{module}")).values())))
    assert found
    for text in found:
        assert text.pt.strip()
        assert text.en.strip()
        assert _blanks(text.pt) == _blanks(text.en), text
