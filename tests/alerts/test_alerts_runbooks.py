"""Runbooks: whole in both languages, every command carried out, every question asked."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests
from runbook_case import Case
from runbook_cases import CASES
from runbook_world import ROOT, World, blocks, lines, world

import exporter.telemetry
from alerts import generate, recording
from alerts.rule import LOCALES
from catalogue.promql import ALERTS, UP
from catalogue.texts import runbooks as texts
from exporter.app import find_collectors
from inventory.load import load_inventory
from remediations import telemetry

INVENTORY = load_inventory(ROOT / "platform.yaml")
PAGES = {
    (Path(path).parent.name, Path(path).stem): text
    for path, text in generate.files(INVENTORY).items()
    if path.endswith(".md")
}
NAMES = sorted({name for _, name in PAGES})
ENGLISH = {word.word.pt: word.word.en for word in texts.WORDS.values()}
_WORD = re.compile(r"\b[A-ZÇÃÁÂÕÓÔÊÉÍ]{2,}\b")
_PROSE = re.compile(r"`(?:vigia|aws) [^`]+`")
_METRIC = re.compile(r"\b(?:dataplatform|vigia)[a-z0-9_:]+\b(?=[^a-z0-9_:]|$)")
_HEADINGS = (
    *(texts.MEANS, texts.CONFIRM, texts.DOES, texts.DOES_NOT, texts.HAND, texts.UNDO),
    texts.CALL,
)


def _english(line: str) -> str:
    return _WORD.sub(lambda found: ENGLISH.get(found[0], found[0]), line)


COMMANDS = list(dict.fromkeys(_english(line) for text in PAGES.values() for line in lines(text)))


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_ask_for_the_same(name: str) -> None:
    """A page's commands and queries are the same in both, but for the words to be replaced."""
    portuguese, english = (PAGES[locale, name] for locale in LOCALES)
    assert list(map(_english, lines(portuguese))) == lines(english)
    assert blocks(portuguese, "promql") == blocks(english, "promql") != []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", NAMES)
def test_no_part_is_missing(name: str, locale: str) -> None:
    """Each page has all seven parts, filled; what is to be typed stands in blocks."""
    page = PAGES[locale, name]
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    assert list(sections) == [
        heading.in_("pt-BR" if locale == "pt-BR" else "en") for heading in _HEADINGS
    ]
    assert all(text.strip() for text in sections.values())
    confirm, by_hand, undo = (list(sections.values())[at] for at in (1, 4, 5))
    assert blocks(confirm, "promql")
    assert all(lines(section) for section in (confirm, by_hand, undo))
    prose = re.sub(r"^ *```.*?^ *```$", "", page, flags=re.MULTILINE | re.DOTALL)
    assert _PROSE.findall(prose) == []
    assert "{" not in prose


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, alertmanager_url: str) -> Iterator[World]:
    """The platform, one for all commands: each arranges what it needs."""
    with world(tmp_path_factory.mktemp("runbooks"), alertmanager_url) as made:
        yield made


def _filled(line: str, words: Mapping[str, str]) -> str:
    filled = _WORD.sub(lambda found: words.get(found[0], found[0]), line)
    left = {word.word.en for word in texts.WORDS.values()} & set(re.findall(r"[\w-]+", filled))
    assert not left - set(words.values()), filled
    return filled


@pytest.mark.timeout(150)
@pytest.mark.parametrize("line", COMMANDS)
def test_command_does_what_it_promises(line: str, platform: World) -> None:
    """Typed as it stands, with the words replaced, it ends as documented and has its effect."""
    case = CASES.get(line, Case())
    filled = _filled(line, case.before(platform))
    said = platform.say(filled)
    assert said.code in case.codes, (filled, said)
    case.after(platform, said)


def test_no_case_without_a_command() -> None:
    """What no page asks for any more needs no arrangement."""
    assert CASES.keys() <= set(COMMANDS)


def test_a_command_in_a_process_of_its_own(platform: World) -> None:
    """Also by itself, as a shell starts it, with nothing but settings from outside."""
    platform.open_run()
    words = ["remediations", "list", "--open"]
    done = subprocess.run(
        [sys.executable, "-m", "vigia", *words],
        cwd=ROOT,
        env={"PATH": "", **platform.environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "awaiting_approval" in done.stdout


def _known() -> set[str]:
    """Return every sample that the exporter, the service or a rule may write."""
    specs = [spec for one in find_collectors().values() for spec in one.specs]
    families = [*specs, *exporter.telemetry.SPECS, *telemetry.SPECS, UP, ALERTS]
    recorded = {spec.name for spec, _, _ in recording.recordings(INVENTORY)}
    return recorded.union(*(family.sample_labels for family in families))


QUERIES = list(dict.fromkeys(query for page in PAGES.values() for query in blocks(page, "promql")))


def test_every_question_can_be_asked(platform: World) -> None:
    """A real Prometheus evaluates each query, and each names series that somebody writes."""
    known, refused = _known(), {}
    for query in QUERIES:
        answer = requests.get(
            f"{platform.prometheus}/api/v1/query", params={"query": query}, timeout=10
        ).json()
        if answer["status"] != "success":
            refused[query] = answer["error"]
        elif foreign := set(_METRIC.findall(query)) - known:
            refused[query] = f"nobody writes {foreign}"
    assert refused == {}
    assert len(QUERIES) > len(NAMES)
