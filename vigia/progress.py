"""Saying on stderr how far a command is, once it takes longer than people like to wait."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Step = Callable[[str], None]
"""Told the name of what is done, each time something is, from any thread."""
_PATIENCE = 2.0
_SILENCE = 5.0
_GLANCE = 0.1


@contextmanager
def progress(what: str, total: int) -> Iterator[Step]:
    """Show ``what`` and how many of ``total`` steps are done, from two seconds on.

    A terminal gets a bar that vanishes at the end; anything else gets a plain line for each change,
    and one whenever five seconds brought none.
    """
    count, over = _Count(what, total), threading.Event()
    show = _draw if sys.stderr.isatty() else _tell

    def watch() -> None:
        if not over.wait(_PATIENCE):
            show(count, over)

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield count.step
    finally:
        over.set()
        watcher.join()


@dataclass
class _Count:
    """How far the work is."""

    what: str
    total: int
    done: int = 0
    last: str = ""
    started: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self, name: str) -> None:
        with self._lock:
            self.done, self.last = self.done + 1, name

    def line(self) -> str:
        with self._lock:
            last = f", {self.last} last" if self.last else ""
            waited = time.monotonic() - self.started
            return f"{self.what}: {self.done} of {self.total} done{last} ({waited:.0f} s)"


def _tell(count: _Count, over: threading.Event) -> None:
    done, at = -1, 0.0
    while True:
        if count.done != done or time.monotonic() - at >= _SILENCE:
            done, at = count.done, time.monotonic()
            sys.stderr.write(f"vigia: {count.line()}\n")
            sys.stderr.flush()
        if over.wait(_GLANCE):
            return


def _draw(count: _Count, over: threading.Event) -> None:
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("{task.fields[last]}"), TimeElapsedColumn()),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(count.what, total=count.total, last="")
        while not over.wait(_GLANCE):
            bar.update(task, completed=count.done, last=count.last)
