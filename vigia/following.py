"""Following a run from the command line: how far it is, what it plans, how it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console

from vigia.exits import Exit
from vigia.remote import Remote

COLUMNS = ("id", "action", "target", "state", "outcome", "reason_text", "detail")
_POLL = 0.5
_UNREACHABLE = "_unreachable"


class Follower:
    """Looks at one run again and again, and says on stderr how far it is.

    A terminal gets one line that changes; anything else gets a line for each change.
    """

    def __init__(self, service: Remote, run_id: str) -> None:
        self.service = service
        self.run_id = run_id
        self._open_ended: Mapping[str, bool] = {}
        self._said = ""

    def until(self, reached: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
        """Return the run once it is as ``reached`` wants it."""
        if not self._open_ended:
            listed = self.service.get("/v1/actions")["actions"]
            self._open_ended = {one["name"]: one["open_ended"] for one in listed}
        status = Console(stderr=True).status("")
        try:
            # Inside: Ctrl-C may come while it starts, and stderr must be as before.
            status.start()
            while True:
                found = self.look()
                if reached(found):
                    return found
                line = self._line(found)
                status.update(line)
                self._tell(line)
                time.sleep(_POLL)
        finally:
            status.stop()

    def look(self) -> dict[str, Any]:
        """Return the run as it is now."""
        found: dict[str, Any] = self.service.get(f"/v1/runs/{self.run_id}")
        return found

    def goes_on(self) -> str:
        """Say how a run that is left alone is found again."""
        return f"{self.run_id} goes on; 'vigia remediations follow {self.run_id}' follows it"

    def _line(self, found: Mapping[str, Any]) -> str:
        open_ended = self._open_ended.get(found["action"], False)
        words = [found["state"], *progress(found, open_ended=open_ended)]
        if found["reason_text"]:
            words.append(found["reason_text"])
        return f"{self.run_id}: {', '.join(words)}"

    def _tell(self, line: str) -> None:
        if line != self._said and not sys.stderr.isatty():
            sys.stderr.write(f"vigia: {line}\n")
            sys.stderr.flush()
        self._said = line


def progress(found: Mapping[str, Any], *, open_ended: bool) -> Iterator[str]:
    """Yield which of its calls a run is making, or that all of them are made.

    What an ``open_ended`` action has to call after the planned calls depends on what it finds.
    """
    if found["plan"] is None or found["intended_at"] is None:
        return
    back = found["state"] == "undoing"
    planned = len(found["plan"]["undo" if back else "calls"])
    purpose = "undo" if back else "apply"
    steps = [step["state"] for step in found["steps"] if step["purpose"] == purpose]
    done = steps.count("done")
    if found["state"] == "verifying":
        yield f"{done} calls made"
    elif done < planned:
        yield f"call {done + 1} of {planned}{' or more' if open_ended else ''}"
    elif done < len(steps):
        yield f"call {done + 1}"
    else:
        yield f"{done} calls made"


def show_plan(found: Mapping[str, Any], out: Any = None) -> None:
    """Print a run's plan as a diff, with what a person should know; on stderr by default."""
    console = Console(file=out or sys.stderr, highlight=False, soft_wrap=True)
    for line in found["plan"]["diff"]:
        console.print(line, markup=False)
    for note in found["plan"]["notes"]:
        console.print(f"! {note}", markup=False)


def because(found: Mapping[str, Any]) -> str:
    """Return why a run stands where it stands, in one line."""
    detail = f" ({found['detail']})" if found["detail"] else ""
    return f"{found['reason_text'] or found['state']}{detail}"


def refusal(found: Mapping[str, Any]) -> Exit:
    """Return what the shell is told of a run that did not do what was asked."""
    away = str(found["reason"] or "").endswith(_UNREACHABLE)
    return Exit.UNREACHABLE if away and found["intended_at"] is None else Exit.UNHEALTHY
