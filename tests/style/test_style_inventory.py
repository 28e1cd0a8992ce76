"""The page of the inventory's keys is made of its model, in both languages, and is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from catalogue.text import Locale
from catalogue.texts.inventory import KINDS as KIND_TEXTS
from catalogue.texts.inventory import NAMED, SECTIONS
from catalogue.texts.inventory_rules import RULES, UNITS
from vigia.inventory_keys import KINDS, Key, keys, sections
from vigia.inventory_reference import PATHS, anchor, files, title, written

ROOT = Path(__file__).parents[2]
LOCALES = sorted(PATHS)


def every_key() -> dict[str, Key]:
    """Return each key of the model once, by what its texts are found by."""
    return {key.id: key for section in sections() for key in keys(section)}


def table(locale: Locale, heading: str) -> dict[str, list[str]]:
    """Return the rows of the committed page's table below a heading, by key."""
    text = (ROOT / PATHS[locale]).read_text(encoding="utf-8")
    part = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    rows = [
        [cell.replace(r"\|", "|") for cell in re.split(r"(?<!\\) \| ", row)]
        for row in re.findall(r"^\| (`.+) \|$", part, re.MULTILINE)
    ]
    return {row[0].strip("`"): row for row in rows}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_is_current(locale: Locale) -> None:
    """The committed page is byte for byte what the model generates."""
    assert (ROOT / PATHS[locale]).read_text(encoding="utf-8") == files()[PATHS[locale]]


def test_every_key_has_a_text_and_every_text_a_key() -> None:
    """Texts and model are the same set: a key without meaning, or a meaning without key, fails."""
    told = {f"{name}.{key}" for name, texts in SECTIONS.items() for key in texts.keys}
    assert told == set(every_key())
    bases = {key.owner.__name__ for key in every_key().values()}
    assert set(SECTIONS) == {section.__name__ for section in sections()} | bases
    assert set(KIND_TEXTS) == {name for name, _ in KINDS}


def test_every_number_has_a_unit_and_nothing_else_has_one() -> None:
    """A number whose type does not say what it counts needs a unit, and a unit needs a number."""
    assert set(UNITS) == {key.id for key in every_key().values() if key.is_measured}


def test_every_validator_of_the_model_is_told_as_a_rule() -> None:
    """What a validator refuses stands in the constraint of its key, or of one of its section."""
    silent = []
    for section in {one for found in sections() for one in found.__mro__}:
        decorators = vars(section).get("__pydantic_decorators__")
        if decorators is None:
            continue
        for validator in decorators.field_validators.values():
            at = [f"{section.__name__}.{name}" for name in validator.info.fields]
            silent += [key for key in at if key not in RULES]
        if decorators.model_validators and not any(
            rule.startswith(f"{section.__name__}.") for rule in RULES
        ):
            silent.append(section.__name__)
    assert silent == []
    assert set(RULES) <= set(every_key())


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_lists_every_key_of_every_section(locale: Locale) -> None:
    """Each section's table holds exactly the keys an inventory may write, all cells filled."""
    assert len(sections()) > len(NAMED)
    for section in sections():
        rows = table(locale, title(section, locale))
        names = [field.alias or name for name, field in section.model_fields.items()]
        assert list(rows) == names
        assert [row for row in rows.values() if len(row) != 5 or not all(row)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_links_between_sections_are_unambiguous(locale: Locale) -> None:
    """No two headings of a page have the same anchor."""
    text = (ROOT / PATHS[locale]).read_text(encoding="utf-8")
    anchors = [anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize(
    ("heading", "key", "cells"),
    [
        ("`functions[]`", "alias", ["name", "`LIVE`", "-"]),
        ("`collection`", "slow_every", ["duration", "`5m`", "-"]),
        ("`budget`", "monthly_usd", ["number, US$ a month", "**required**", "greater than 0"]),
        (
            "`contacts`",
            "levels",
            [
                "list; each entry: [`contacts.levels[]`](#contactslevels)",
                "**required**",
                "exactly 3 entries",
            ],
        ),
        ("A limit with a window", "times", ["integer, windows", "**required**", "1 or more"]),
        ("`playbooks[]`", "mode", ["one of `shadow`, `approve`, `auto`", "none", "-"]),
        ("`aws`", "role_arn", ["ARN of a role", "none", "-"]),
        (
            "`thresholds`",
            "budget_shares",
            [
                "list; each entry: number, 1 is the whole budget",
                "**required**",
                "each: greater than 0",
            ],
        ),
        ("`alerting.business_hours`", "end", ["time of day", "`'18:00'`", "after `start`"]),
        ("`metrics[]`", "dimensions", ["mapping; each key: text; each value: text", "`{}`", "-"]),
        ("The file", "security", ["[`security`](#security)", "the section's own", "-"]),
    ],
)
def test_the_page_tells_the_model(heading: str, key: str, cells: list[str]) -> None:
    """Type, default and constraint of a key are those of the model, one example of each kind."""
    assert table("en", heading)[key][1:4] == cells


def test_named_types_carry_the_models_constraints() -> None:
    """A share's bounds and a name's length are read from the model."""
    page = files()[PATHS["en"]]
    assert "| share | number | greater than 0; less than 1 |" in page
    assert "| name | text | 1 or more characters; 256 characters or fewer |" in page


def test_a_default_can_be_copied_into_the_file() -> None:
    """A default on the page, read as YAML and validated, is the model's default again."""
    for key in every_key().values():
        if key.field.is_required() or key.field.default is None:
            continue
        text = written(key.field.default, key.kind)
        assert TypeAdapter(key.hint).validate_python(yaml.safe_load(text)) == key.field.default
