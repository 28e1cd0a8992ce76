"""Options, parameters and keys in documents are the program's; translations say the same."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from inventory.load import load_inventory
from remediations.app import all_actions
from tests.style.test_style_references import NOW, quoted, read
from tests.style.written_commands import DOCUMENTS, ROOT, blocks
from vigia.__main__ import build_parser

TWINS = {
    "README.pt-BR.md": "README.md",
    "docs/inicio-rapido.md": "docs/quick-start.md",
    "docs/operacao.md": "docs/operations.md",
}
SHELLS = {"bash", "shell", "console", "zsh", "shellsession"}


@pytest.mark.parametrize("name", TWINS)
def test_a_translation_has_the_same_commands(name: str) -> None:
    """The commands are those of the original, but for the reasons that people read."""

    def commands(document: str) -> list[list[str]]:
        return [
            ["" if before == "--reason" else word for before, word in _pairs(command.words)]
            for block in blocks(document)
            for command in block
        ]

    assert commands(name) == commands(TWINS[name])


def _pairs(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return zip(("", *words), words, strict=False)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_shell_blocks_are_called_sh(name: str) -> None:
    """A block of commands under another name would be run by no test."""
    assert set(re.findall(r"^ *```(\w+)$", read(name), re.MULTILINE)) & SHELLS == set()


@pytest.mark.parametrize("name", NOW)
def test_every_option_that_is_named_exists(name: str) -> None:
    """Options and an action's parameters after `vigia` in backticks are those of the program."""
    for text in quoted(name):
        if text.startswith("vigia ") and "..." not in text:
            assert list(_unknown(shlex.split(text)[1:])) == [], text


def _unknown(words: list[str]) -> Iterator[str]:
    options = _options(build_parser(), words)
    yield from (word for word in words if word.startswith("-") and word not in options)
    if words[:1] == ["act"] and words[1:2] and words[1] in all_actions():
        fields = all_actions()[words[1]].params.model_fields
        given = [word for before, word in _pairs(tuple(words)) if before == "--param"]
        yield from (one for one in given if one.partition("=")[0] not in fields)


def _options(parser: argparse.ArgumentParser, words: list[str]) -> set[str]:
    """Return the options of the command that the words name, and of those around it."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for at, word in enumerate(words):
                if word in action.choices:
                    return found | _options(action.choices[word], words[at + 1 :])
    return found


@pytest.mark.parametrize("name", NOW)
def test_every_key_that_is_named_exists(name: str) -> None:
    """`section.key` in backticks is a key of the inventory."""
    inventory = load_inventory(ROOT / "platform.yaml")
    for words in quoted(name):
        section, dot, key = words.partition(".")
        fields = getattr(type(getattr(inventory, section, None)), "model_fields", None)
        if dot and fields is not None and re.fullmatch(r"[a-z_]+", key):
            assert key in fields, words
