"""What the documents say of settings, scenarios and commands is true, and links lead somewhere."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from simulator.scenarios import names as scenarios

ROOT = Path(__file__).parents[2]
SETTINGS = ("docs/configuring.md", "docs/configurar.md")
WRITTEN = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)


def read(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SETTINGS)
def test_every_variable_is_in_the_table(name: str) -> None:
    """The table of each language lists exactly the variables that the settings read."""
    wanted = set(re.findall(r'"(VIGIA_[A-Z_]+)"', read("inventory/settings.py")))
    assert set(re.findall(r"^\| `(VIGIA_[A-Z_]+)`", read(name), re.MULTILINE)) == wanted


@pytest.mark.parametrize("name", ["docs/quick-start.md", "docs/inicio-rapido.md"])
def test_every_scenario_is_in_the_table(name: str) -> None:
    """The table of each language lists exactly the demo's scenarios."""
    rows = re.findall(r"^\| `(\w+)` \|", read(name), re.MULTILINE)
    assert sorted(rows) == sorted(scenarios())


def test_every_page_is_in_the_index() -> None:
    """The index links to every page beside it, in either language."""
    index = set(re.findall(r"\]\(([\w.-]+\.md)\)", read("docs/README.md")))
    assert index == {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_link_leads_somewhere(name: str) -> None:
    """Links within the repository name files that are there, and headings that they have."""
    for target in re.findall(r"\]\(([^)\s]+)\)", read(name)):
        path, _, heading = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (ROOT / name).parent / path if path else ROOT / name
        assert found.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}


def test_every_picture_is_shown_and_small() -> None:
    """Each committed picture is a PNG below 200 kB that a document shows, with words for it."""
    shown = {
        str(((ROOT / name).parent / target).resolve().relative_to(ROOT.resolve()))
        for name in WRITTEN
        for target in re.findall(r"!\[[^\]]+\]\(([^)\s]+\.png)\)", read(name))
    }
    pictures = [*(ROOT / "docs" / "images").iterdir()]
    assert {str(path.relative_to(ROOT)) for path in pictures} == shown
    for path in pictures:
        assert path.read_bytes().startswith(b"\x89PNG"), path.name
        assert path.stat().st_size < 200_000, path.name


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_that_is_named_exists(name: str) -> None:
    """`vigia X` in a document is a command of the program, with the words that follow it."""
    from vigia.__main__ import build_parser  # noqa: PLC0415 imports every command

    named = re.findall(r"(?:`|bin/|^)vigia ((?:[a-z]+ ?)+)", read(name), re.MULTILINE)
    unknown = [words for words in named if not _exists(build_parser(), words.split())]
    assert unknown == []


def _exists(parser: argparse.ArgumentParser, words: list[str]) -> bool:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return (
                bool(words)
                and words[0] in action.choices
                and _exists(action.choices[words[0]], words[1:])
            )
    return True
