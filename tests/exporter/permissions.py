"""Which permissions the collectors really use: noted while tests run, judged when all have run.

Every worker of pytest-xdist writes what it noted to a file; the process that started them joins
the files, names what is wrong and fails the run.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from exporter import app
from exporter.app import find_collectors
from exporter.collector import Collector, Context, Reading
from exporter.iam import ASSUME_ROLE, action
from exporter.tally import Tally

HERE = Path(__file__).parent
FOLDER = "exporter_permissions"
OWN = {ASSUME_ROLE}
"""What the clients do by themselves; no collector declares it."""


@dataclass
class Notes:
    """What a process noted: a test by each action used, and the collectors with their actions."""

    used: dict[str, str] = field(default_factory=dict)
    by: set[tuple[str, str]] = field(default_factory=set)
    collected: set[str] = field(default_factory=set)
    whole: bool = True

    def note(self, collector: str | None, service: str, operation: str) -> None:
        """Note a call, and who made it where that is known."""
        name = action(service, operation)
        self.used.setdefault(name, os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0])
        if collector is not None:
            self.by.add((collector, name))

    def write(self, path: Path) -> None:
        """Write everything to a file."""
        document = {
            "used": self.used,
            "by": sorted(self.by),
            "collected": sorted(self.collected),
            "whole": self.whole,
        }
        path.write_text(json.dumps(document), encoding="utf-8")


NOTES = Notes()


class Running:
    """Which collectors are running: what AWS is asked meanwhile, they ask; anything else a test.

    Whose a call is shows in the collector's own thread alone: one that it started may outlive its
    run, and ask while another collector runs.
    """

    def __init__(self) -> None:
        self._names: Counter[str] = Counter()
        self._here = threading.local()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Mark a collector as running, in this thread."""
        before = getattr(self._here, "name", None)
        with self._lock:
            self._names[name] += 1
        self._here.name = name
        try:
            yield
        finally:
            self._here.name = before
            with self._lock:
                self._names[name] -= 1

    def asking(self) -> str | None:
        """Return the collector whose thread this is."""
        name: str | None = getattr(self._here, "name", None)
        return name

    def anybody(self) -> bool:
        """Return whether a collector is running."""
        with self._lock:
            return any(self._names.values())


@contextmanager
def noting() -> Iterator[None]:
    """Note every call to AWS of every collector, whoever runs it."""
    running, counted, discovered = Running(), Tally.request, app.discover

    def request(self: Tally, service: str, operation: str, code: str) -> None:
        if running.anybody():
            NOTES.note(running.asking(), service, operation)
        counted(self, service, operation, code)

    def watched(collector: Collector) -> Collector:
        def collect(context: Context) -> Reading:
            with running.of(collector.name):
                return collector.collect(context)

        return replace(collector, collect=collect)

    def discover(package: ModuleType, attribute: str) -> dict[str, Any]:
        return {name: watched(unit) for name, unit in discovered(package, attribute).items()}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Tally, "request", request)
        patched.setattr(app, "discover", discover)
        yield


def joined(paths: Sequence[Path]) -> Notes:
    """Return what all processes noted together."""
    notes = Notes()
    for path in paths:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        notes.used = document["used"] | notes.used
        notes.by |= {(collector, name) for collector, name in document["by"]}
        notes.collected |= set(document["collected"])
        notes.whole &= document["whole"]
    return notes


def wrong(notes: Notes, collectors: Mapping[str, Collector], *, complete: bool) -> Iterator[str]:
    """Yield what is wrong, a line each; only a ``complete`` run can tell what is never used."""
    declared = {name for collector in collectors.values() for name in collector.iam}
    for name, test in sorted(notes.used.items()):
        if name not in declared | OWN:
            yield f"{name} is used (in {test}), and no collector declares it"
    for collector, name in sorted(notes.by):
        if name in declared and name not in collectors[collector].iam:
            yield f"{name} is used by the collector '{collector}', which does not declare it"
    if complete:
        for name in sorted(declared - set(notes.used)):
            names = ", ".join(c.name for c in collectors.values() if name in c.iam)
            yield f"{name} is declared (by {names}), and nothing ever used it"


class Judge:
    """The pytest plugin, for the tests below ``here``."""

    here = HERE
    folder = FOLDER
    title = "permissions of the exporter"

    def __init__(self, config: pytest.Config) -> None:
        given = getattr(config, "workerinput", {}).get(self.folder)
        self._worker = given is not None
        self._folder = Path(given or tempfile.mkdtemp(prefix="vigia-permissions-"))
        self._passed: set[str] = set()
        self._lines: list[str] = []

    def notes(self) -> Notes:
        """Return what this process noted."""
        return NOTES

    def wrong(self, notes: Notes, *, complete: bool) -> Iterator[str]:
        """Yield what is wrong."""
        return wrong(notes, find_collectors(), complete=complete)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to write."""
        node.workerinput[self.folder] = str(self._folder)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which of the tests are to run."""
        items = session.items
        self.notes().collected |= {i.nodeid for i in items if self.here in i.path.parents}

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note that some of the tests will not run."""
        self.notes().whole &= not any(self.here in item.path.parents for item in items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which tests passed."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what was noted; where the run began, join all of it and judge."""
        self.notes().write(self._folder / f"{os.getpid()}.json")
        if self._worker:
            return
        paths = sorted(self._folder.glob("*.json"))
        notes = joined(paths)
        for path in paths:
            path.unlink()
        self._folder.rmdir()
        files = {node.split("::")[0].rsplit("/", 1)[-1] for node in notes.collected}
        complete = (
            notes.whole
            and files == {path.name for path in self.here.glob("test_*.py")}
            and notes.collected <= self._passed
        )
        self._lines = list(self.wrong(notes, complete=complete))
        if self._lines and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name what is wrong."""
        if self._lines:
            terminalreporter.section(self.title, red=True)
            for line in self._lines:
                terminalreporter.write_line(f"FAILED {line}", red=True)
