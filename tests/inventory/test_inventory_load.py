"""The inventory file: every error at once, with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.load import InventoryError, load_inventory
from inventory.source import Problem

ROOT = Path(__file__).parents[2]
PLATFORM = ROOT / "platform.yaml"


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Return a copy of the platform's inventory with texts replaced."""
    text = PLATFORM.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "platform.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, overlay: Path | None = None) -> tuple[Problem, ...]:
    """Return what is wrong with an inventory."""
    with pytest.raises(InventoryError) as caught:
        load_inventory(path, overlay)
    return caught.value.problems


def place(path: Path, text: str) -> tuple[int, int]:
    """Return line and column of the first ``text`` in a file, from 1."""
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(number for number, found in enumerate(lines) if text in found)
    return line + 1, lines[line].index(text) + 1


def test_the_platform_is_valid() -> None:
    """The inventory that is shipped loads, and durations arrive in seconds."""
    inventory = load_inventory(PLATFORM)
    assert len(inventory.function_names) == 5
    assert inventory.collection.cost_every == 8 * 3600
    assert inventory.function("lambda_router").alias == "LIVE"
    assert inventory.playbook("rollback_function").mode == "auto"
    with pytest.raises(KeyError):
        inventory.function("foreign")


def test_every_error_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    """An unknown key, a wrong value, a missing key and a bad duration come in one answer."""
    path = changed(
        tmp_path,
        ("locale: pt-BR", "locale: fr_FR"),
        ("  period: 1m", "  period: 1 minute"),
        ("  min_baseline: 20\n", ""),
        ("  topic: ons", "  tpoic: x marks\n  topic: ons"),
    )
    found = problems(path)
    assert list(found) == sorted(found)
    by_message = {problem.message: (problem.line, problem.column) for problem in found}
    assert by_message.pop("unknown key 'tpoic'") == place(path, "x marks")
    assert by_message.pop("'min_baseline' is missing")[0] == place(path, "lookback: 60m")[0]
    locale = next(message for message in by_message if message.startswith("'locale': "))
    assert by_message[locale] == place(path, "fr_FR")
    period = next(message for message in by_message if message.startswith("'period': "))
    assert by_message[period] == place(path, "1 minute")
    assert len(found) == 4
    assert str(found[0]).startswith(f"{path}:{found[0].line}:{found[0].column}: ")


def test_names_must_be_known_and_unique(tmp_path: Path) -> None:
    """A function that is not in the inventory, a repeated name and an unknown zone are errors."""
    path = changed(
        tmp_path,
        ("functions: [lambda_router]}", "functions: [other]}"),
        ("buckets:\n", "buckets:\n  - {name: ons-data-platform-raw-prod, role: raw}\n"),
        ("America/Sao_Paulo", "America/Nowhere"),
        ("targets: [lambda_router,", "targets: [stranger,"),
    )
    messages = [problem.message for problem in problems(path)]
    assert "unknown function 'other'" in messages
    assert "unknown function 'stranger'" in messages
    assert "unknown time zone 'America/Nowhere'" in messages
    assert messages.count("'ons-data-platform-raw-prod' stands in buckets more than once") == 2


def test_a_repeated_key_is_an_error_where_it_repeats(tmp_path: Path) -> None:
    """YAML would silently take the last; we point at the second."""
    path = changed(tmp_path, ("environment: prod", "environment: prod\nenvironment: test"))
    (problem,) = problems(path)
    assert problem.message == "key 'environment' stands here twice"
    assert (problem.line, problem.column) == place(path, "environment: test")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the inventory must be a mapping"),
        (b"- a", "the inventory must be a mapping"),
        (b"a: [", "expected"),
        (b"\xff", "is not UTF-8 text"),
        (b"a: 2026-13-45", "cannot be read"),
    ],
)
def test_what_is_no_inventory_is_one_problem(tmp_path: Path, content: bytes, expected: str) -> None:
    """Broken YAML, other encodings and other documents are told in one line."""
    path = tmp_path / "platform.yaml"
    path.write_bytes(content)
    (problem,) = problems(path)
    assert expected in problem.message
    assert "\n" not in problem.message
    assert problem.file == str(path)


def test_a_missing_file_is_one_problem(tmp_path: Path) -> None:
    """The path and the system's reason are told."""
    (problem,) = problems(tmp_path / "none.yaml")
    assert problem.message == "No such file or directory"


def test_an_overlay_changes_only_what_it_says(tmp_path: Path) -> None:
    """Mappings merge, lists are replaced, and everything else stays."""
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "locale: en\ncollection: {period: 5s}\nbuckets: [{name: other, role: raw}]\n",
        encoding="utf-8",
    )
    base, inventory = load_inventory(PLATFORM), load_inventory(PLATFORM, overlay)
    assert inventory.locale == "en"
    assert inventory.collection.period == 5
    assert inventory.collection.lag == base.collection.lag
    assert [bucket.name for bucket in inventory.buckets] == ["other"]
    assert inventory.functions == base.functions


def test_a_problem_in_an_overlay_names_the_overlay(tmp_path: Path) -> None:
    """The place is in the file that holds the mistake, not in the one below it."""
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("collection:\n  period: soon\n  extra: 1\n", encoding="utf-8")
    first, second = problems(PLATFORM, overlay)
    assert (first.file, first.line, first.column) == (str(overlay), 2, 11)
    assert (second.file, second.line, second.message) == (str(overlay), 3, "unknown key 'extra'")


def test_an_overlay_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    """A list laid over the inventory is an error, not an empty inventory."""
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("- a\n", encoding="utf-8")
    (problem,) = problems(PLATFORM, overlay)
    assert problem.message == "the inventory must be a mapping"


def test_an_objective_whose_alert_could_never_fire_is_refused(tmp_path: Path) -> None:
    """A burn factor times the error budget of 1 or more could not be exceeded by any ratio."""
    path = changed(tmp_path, ("lambda_success: {target: 0.99", "lambda_success: {target: 0.93"))
    (problem,) = problems(path)
    assert "could never fire" in problem.message
    assert problem.line == place(path, "period: 30d")[0]


@pytest.mark.parametrize(
    ("amount", "said"), [("Init (", "no regular expression"), ("Init [0-9]+", "one group")]
)
def test_a_number_needs_one_group(tmp_path: Path, amount: str, said: str) -> None:
    """An expression that cannot be read, or does not say where the number is, is an error."""
    text = (Path(__file__).parents[2] / "platform.yaml").read_text(encoding="utf-8")
    path = tmp_path / "platform.yaml"
    path.write_text(text.replace("Init Duration: (\\d+(?:\\.\\d+)?) ms", amount), encoding="utf-8")
    with pytest.raises(InventoryError, match=said):
        load_inventory(path)
