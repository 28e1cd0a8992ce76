"""What no tool checks: sizes, left-over words, machine paths, lock files, the two READMEs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What is written here by tools, and is no part of the product; .gitignore names the same.
NOT_OURS = {"__pycache__", "state", "results", "dist", "secrets"}
MOST_LINES = 400
# Spelt in parts, or this file would be the first to be found.
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|HA" r"CK|W" r"IP)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+|Us" r"ers/\w+)/")


def files(directory: Path = ROOT) -> Iterator[Path]:
    """Yield the repository's files, without hidden directories and what tools write."""
    for path in sorted(directory.iterdir()):
        if path.name.endswith(".egg-info") or path.name in NOT_OURS:
            continue
        if path.is_dir():
            if not path.name.startswith(".") or path.name == ".ci":
                yield from files(path)
        else:
            yield path


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line of a text file with its place; nothing for other files."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        yield f"{path.relative_to(ROOT)}:{number}", line


def found(pattern: re.Pattern[str]) -> list[str]:
    """Return where a pattern occurs."""
    return [
        f"{place}: {line.strip()}"
        for path in files()
        if path.suffix != ".lock" and path.name != "LICENSE"
        for place, line in lines(path)
        if pattern.search(line)
    ]


def test_files_can_be_held_in_the_head() -> None:
    """No Python file is over 400 lines."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in files()
        if path.suffix == ".py"
    }
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_nothing_is_left_for_later_in_the_files() -> None:
    """No reminder words: what is to be done stands in the tracker."""
    assert found(LEFT_OVER) == []


def test_no_file_names_somebodys_machine() -> None:
    """Paths are relative, or places of an installed system."""
    assert found(MACHINE_PATH) == []


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-demo.lock", "requirements-dev.lock"]
)
def test_every_locked_package_carries_hashes(name: str) -> None:
    """Each requirement is one exact version with its hashes, from no named index."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    requirements = [
        line for line in text.splitlines() if line and not line.lstrip().startswith("#")
    ]
    assert requirements
    for line in requirements:
        assert re.match(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,._-]+\])?==[^ ]+ ", line), line
        assert "--hash=sha256:" in line, line
    assert "index-url" not in text
    assert "://" not in text


def test_both_readmes_have_the_same_structure() -> None:
    """Headings, code blocks, tables, lists and links follow each other alike in both languages."""

    def structure(name: str) -> list[str]:
        shape = []
        fenced = False
        for _, line in lines(ROOT / name):
            fenced ^= line.startswith("```")
            mark = re.match(r"(```|#+ |\||- )", line)
            if mark and not (fenced and not line.startswith("```")):
                shape.append(mark.group())
        return shape

    assert structure("README.pt-BR.md") == structure("README.md")


def test_links_of_the_documents_lead_somewhere() -> None:
    """Every relative link of a Markdown file names a file of the repository."""
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []
