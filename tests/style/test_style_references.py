"""What documents name exists: metrics, alerts, actions, variables, endpoints, files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

import pytest

from inventory.load import load_inventory
from inventory.version import VERSION
from remediations.app import all_actions
from remediations.pages.openapi import document
from tests.style.written_commands import ROOT

ALL = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if "runbooks" not in path.parts
)
# What was renamed since stands in it under its old name, and is right there.
NOW = [name for name in ALL if name != "CHANGELOG.md"]
GENERATED = {"docs/metrics.md", "docs/inventory.md", "docs/inventario.md"}
EXPORTER = {"/metrics", "/-/healthy", "/-/ready", "/-/reload", "/"}
# Made while the product runs, or on a reader's machine.
MADE = ("state/", "bench/results/", "~")
OF_OTHERS = {"CollectError", "AWS/Lambda", "AWS/SQS"}
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def read(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def quoted(name: str) -> set[str]:
    """Return what stands in backticks outside of blocks."""
    return set(re.findall(r"`([^`\n]+)`", _FENCED.sub("", read(name))))


def unknown(found: Iterable[str], exists: Callable[[str], bool]) -> list[str]:
    """Return, in order, what does not exist."""
    return sorted({one for one in found if not exists(one)})


def metrics() -> set[str]:
    """Return the name of every sample that either process or a rule makes."""
    golden = [line.split(" ") for line in read("tests/golden/metrics.txt").splitlines()]
    names = {name for name, *_ in golden}
    parts = {f"{name}{end}" for name in names for end in ("_sum", "_count", "_bucket")}
    rules = set(re.findall(r"record: (\S+)", read("alerts/generated/recording.yml")))
    added = load_inventory(ROOT / "platform.yaml").metrics
    return names | parts | rules | {f"dataplatform_{one.name}" for one in added}


@pytest.mark.parametrize("name", [name for name in NOW if name not in GENERATED])
def test_every_metric_that_is_named_exists(name: str) -> None:
    """A metric in backticks is in the golden list, a recording rule, or added in the document."""
    named = {
        found
        for words in quoted(name)
        for found in re.findall(r"^(?:dataplatform|vigia)[_:][a-z0-9_:]*[a-z0-9]", words)
    }
    added = {f"dataplatform_{one}" for one in re.findall(r"- name: (\w+)\n +kind:", read(name))}
    known = metrics() | added
    assert unknown(named, known.__contains__) == []


@pytest.mark.parametrize("name", NOW)
def test_every_alert_that_is_named_exists(name: str) -> None:
    """A word of an alert's form in backticks is an alert."""
    alerts = set(re.findall(r"alert: (\w+)", read("alerts/generated/alerts.yml")))
    named = {
        words for words in quoted(name) if re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}|Watchdog", words)
    }
    assert unknown(named, (alerts | OF_OTHERS).__contains__) == []


@pytest.mark.parametrize("name", NOW)
def test_every_action_that_is_named_exists(name: str) -> None:
    """What stands behind `vigia act` is an action."""
    named = re.findall(r"vigia act ([a-z_]+)", read(name))
    assert unknown(named, set(all_actions()).__contains__) == []


@pytest.mark.parametrize("name", NOW)
def test_every_variable_that_is_named_exists(name: str) -> None:
    """`VIGIA_...` is a setting that the program reads."""
    settings = set(re.findall(r'"(VIGIA_[A-Z_]+)"', read("inventory/settings.py")))
    assert unknown(re.findall(r"VIGIA_[A-Z_]+", read(name)), settings.__contains__) == []


@pytest.mark.parametrize("name", ALL)
def test_every_endpoint_that_is_named_exists(name: str) -> None:
    """`/v1/...` is a path of the OpenAPI document, and `/-/...` one that a process serves."""
    paths = [re.sub(r"\{\w+\}", "X", path) for path in document(VERSION)["paths"]]
    named = {
        re.sub(r"\{\w+\}|\b[A-Z]{2,}\b", "X", path)
        for words in quoted(name)
        for path in re.findall(r"^(?:[A-Z]+ )?(/(?:v1|-)/[\w/{}-]+)$", words)
    }
    assert unknown(named, {*paths, *EXPORTER}.__contains__) == []


@pytest.mark.parametrize("name", NOW)
def test_every_file_that_is_named_exists(name: str) -> None:
    """A path in backticks, from the root or beside the document, is there."""
    form = r"[\w~.-]+/[\w./*-]*|[\w-]+\.(?:py|md|json|ya?ml|sh|toml|lock)"
    named = {words for words in quoted(name) if re.fullmatch(form, words)} - OF_OTHERS

    def exists(path: str) -> bool:
        beside = (ROOT / name).parent / path
        return path.startswith(MADE) or beside.exists() or any(ROOT.glob(path.rstrip("/")))

    # Every process has one.
    assert [path for path in unknown(named, exists) if path != "app.py"] == []


@pytest.mark.parametrize(
    ("name", "word", "locale"),
    [
        ("docs/operations.md", "dashboards?", "en"),
        ("docs/operacao.md", "(?:painel|painéis)", "pt-BR"),
    ],
)
def test_every_dashboard_that_is_named_exists(name: str, word: str, locale: str) -> None:
    """A dashboard of the table of procedures begins as the title of one in its language."""
    titles = [
        json.loads(path.read_text(encoding="utf-8"))["title"].removeprefix("Vigia: ").casefold()
        for path in (ROOT / "grafana/generated/dashboards").glob(f"*.{locale}.json")
    ]
    rows = re.findall(rf"{word} ([^|;`]+?)(?:, alert\w* `.*?)? \|$", read(name), re.MULTILINE)
    named = [one.strip().casefold() for row in rows for one in row.split(",")]
    assert len(named) >= len(titles)
    assert unknown(named, lambda one: any(title.startswith(one) for title in titles)) == []
