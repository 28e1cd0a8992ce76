"""The page of actions is made of the actions, in both languages, and is current."""

from __future__ import annotations

import re
from pathlib import Path

from catalogue.texts.actions import ACTIONS
from inventory.load import load_inventory
from remediations.app import all_actions
from remediations.reference import PATHS
from vigia.commands.generate import generated

ROOT = Path(__file__).resolve().parents[2]


def test_pages_are_current() -> None:
    """The committed pages are byte for byte what the actions generate."""
    files = generated(load_inventory(ROOT / "platform.yaml"))
    for path in PATHS.values():
        assert (ROOT / path).read_text(encoding="utf-8") == files[Path(path)]


def test_every_action_is_described_and_nothing_else() -> None:
    """Texts and actions are the same set: none undescribed, none described that is not there."""
    assert set(ACTIONS) == set(all_actions())


def test_pages_tell_what_an_action_may_do() -> None:
    """Each action's section names its risk and every IAM action that it may use."""
    for path in PATHS.values():
        page = (ROOT / path).read_text(encoding="utf-8")
        sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
        for name, action in all_actions().items():
            words = set(re.findall(r"`([^`]+)`", sections[name]))
            assert {action.risk.value, *action.reads, *action.writes} <= words
            assert set(action.params.model_fields) <= words
