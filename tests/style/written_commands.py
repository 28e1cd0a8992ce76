"""The commands that documents tell a reader to type, and what becomes of each in the tests."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md"))
    if "runbooks" not in path.parts
)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"^[A-Z][A-Z_]*=")

NOT_RUN: Mapping[str, str] = {
    "make": "installs packages, or runs what continuous integration runs anyway",
    "docker compose up": "needs Docker",
    "aws cloudformation deploy": "needs an AWS account",
    ".venv/bin/python -m bench exporters": "takes ten minutes on an idle machine",
    ".venv/bin/vigia demo": "takes minutes; tests/e2e runs every scenario",
    ".venv/bin/vigia fault": "needs a running demo; tests/e2e has one",
    ".venv/bin/vigia remediations serve": "serves until it is stopped; the platform here serves",
    ".venv/bin/vigia exporter": "serves until it is stopped; with --once it is run",
}
"""Commands that begin so are not run, and why; what they name is checked instead."""
_RUN = (
    *(".venv/bin/vigia", "deploy/compose/secrets.sh"),
    *(".venv/bin/python -c", "touch", "rm"),
)


@dataclass(frozen=True)
class Command:
    """One command of a document, without comments; ``output`` is the file it writes to."""

    document: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    output: str | None

    @property
    def text(self) -> str:
        """The command as one would say it."""
        return " ".join(self.words)

    @property
    def skipped(self) -> str | None:
        """Why it is not run; None if it is."""
        if self.words[1:2] == ("exporter",) and "--once" in self.words:
            return None
        return next((why for start, why in NOT_RUN.items() if self._begins(start)), None)

    @property
    def known(self) -> bool:
        """Whether it is either run or listed as not run."""
        return self.skipped is not None or any(self._begins(start) for start in _RUN)

    def _begins(self, start: str) -> bool:
        return f"{self.text} ".startswith(f"{start} ")


def blocks(document: str) -> list[tuple[Command, ...]]:
    """Return the shell blocks of a document, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [tuple(_commands(document, found)) for found in _BLOCK.findall(text)]


def parse(document: str, line: str) -> Command | None:
    """Return the command of a line; None for a comment or nothing."""
    words = shlex.split(line, comments=True)
    settings: dict[str, str] = {}
    while words and _SETTING.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        settings[name] = value
    if not words:
        return None
    output = None
    if ">" in words:
        words, output = words[: words.index(">")], words[words.index(">") + 1]
    return Command(document, tuple(words), settings, output)


def _commands(document: str, block: str) -> Iterator[Command]:
    for line in block.replace("\\\n", " ").splitlines():
        if command := parse(document, line):
            yield command
