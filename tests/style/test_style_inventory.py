"""The page of the inventory's keys is made of its model, in both languages, and is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from catalogue.texts.inventory import SECTIONS
from inventory.limits import Limits, Threshold
from inventory.model import Inventory
from vigia.inventory_reference import PATHS, files, own_keys, sections

ROOT = Path(__file__).parents[2]
PAGES = sorted(PATHS.values())


def table(path: str, section: str) -> dict[str, list[str]]:
    """Return the rows of a section's table by key."""
    text = (ROOT / path).read_text(encoding="utf-8")
    part = text.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.replace(r"\|", "|") for cell in re.split(r"(?<!\\) \| ", row)]
        for row in re.findall(r"^\| (`.+) \|$", part, re.MULTILINE)
    ]
    return {row[0].strip("`"): row for row in rows}


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_current(path: str) -> None:
    """The committed page is byte for byte what the model generates."""
    assert (ROOT / path).read_text(encoding="utf-8") == files()[path]


def test_every_key_has_a_text_and_every_text_a_key() -> None:
    """Texts and model are the same set: a key without meaning, or a meaning without key, fails."""
    declared = {
        (owner.__name__, key) for section in sections() for key, owner in own_keys(section).items()
    }
    told = {(name, key) for name, texts in SECTIONS.items() for key in texts.keys}
    assert declared == told
    assert {section.__name__ for section in sections()} <= set(SECTIONS)


@pytest.mark.parametrize("path", PAGES)
def test_the_page_lists_every_key_of_every_section(path: str) -> None:
    """Each section's table holds exactly the keys that an inventory may write there."""
    assert len(sections()) > len(Inventory.model_fields)
    for section in sections():
        keys = [field.alias or name for name, field in section.model_fields.items()]
        assert list(table(path, section.__name__)) == keys


@pytest.mark.parametrize(
    ("section", "key", "cells"),
    [
        ("Function", "alias", ["name", "`LIVE`", "-"]),
        ("Collection", "slow_every", ["duration", "`5m`", "-"]),
        (
            "Collection",
            "cost_budget_monthly_usd",
            ["number, US$", "**required**", "greater than 0"],
        ),
        ("Contacts", "levels", ["list of [Level](#level)", "**required**", "exactly 3 entries"]),
        ("Threshold", "times", ["integer", "**required**", "1 or more"]),
        ("Playbook", "mode", ["one of `shadow`, `approve`, `auto`", "none", "-"]),
        ("Engine", "max_share", ["number", "**required**", "greater than 0; 1 or less"]),
        ("Bucket", "lifecycle", ["list of [LifecycleRule](#lifecyclerule)", "empty", "-"]),
        (
            "BusinessHours",
            "start",
            ["text", "`08:00`", r"like `^([01]\d|2[0-3]):[0-5]\d$|^24:00$`"],
        ),
        ("Security", "group_names", ["list of name", "`['*']`", "1 or more entries"]),
        ("Inventory", "security", ["[Security](#security)", "as there", "-"]),
    ],
)
def test_the_page_tells_the_model(section: str, key: str, cells: list[str]) -> None:
    """Type, default and constraint of a key are those of the model, one example of each kind."""
    assert table("docs/inventory.md", section)[key][1:4] == cells


def test_a_sections_default_can_be_copied_into_the_file() -> None:
    """Every default that the page writes as a section is one, as the inventory reads YAML."""
    shown = {
        key: row[2].strip("`")
        for key, row in table("docs/inventory.md", "Thresholds").items()
        if row[2].startswith("`{")
    }
    assert shown
    for key, text in shown.items():
        read = Threshold.model_validate(yaml.safe_load(text))
        assert read == Limits.model_fields[key].default
