"""Child processes of the demo: started quietly, watched, ended by their own id, never left."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests

_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A process could not be started, or did not become ready."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(*names: str) -> str:
    """Return the path of the first of ``names`` that is installed.

    Raises:
        StartError: if none is.
    """
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise StartError(f"{names[0]} is not installed; run 'make setup'")


def wait_for(
    what: str, ready: Callable[[], bool], seconds: float, pause: Callable[[float], object]
) -> None:
    """Wait until ``ready()``; ``pause`` sleeps between looks.

    Raises:
        StartError: naming ``what`` when ``seconds`` have passed.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise StartError(f"{what} did not become ready within {seconds:.0f} s")
        pause(0.1)


def answers(url: str) -> bool:
    """Say whether ``url`` answers 200."""
    try:
        return bool(requests.get(url, timeout=2).status_code == requests.codes.ok)
    except requests.RequestException:
        return False


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Child:
    """One program, restartable under the same command, environment and log file."""

    name: str
    command: Sequence[str]
    log: Path
    ready_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running program."""
        if self._process is None:
            raise StartError(f"{self.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the program in its own session, so that a Ctrl-C reaches only the demo."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 our own command line
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 no thread holds a lock it could need
            )

    def is_ready(self) -> bool:
        """Say whether the program answers.

        Raises:
            StartError: with the end of its log when it has ended instead.
        """
        if self._process is not None and self._process.poll() is not None:
            tail = self.log.read_text(errors="replace").strip().splitlines()[-3:]
            raise StartError(f"{self.name} ended at start: {' | '.join(tail)}")
        return answers(self.ready_url)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the running program."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End the program at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self, patience: float = 10) -> None:
        """End the program gently, and by force after ``patience`` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
