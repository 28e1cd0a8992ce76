"""Copies of this process: a world that took a second to make is had again in milliseconds."""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import signal
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from socketserver import BaseServer
from typing import TypeVar

from simulator.aws.server import EmbeddedAws
from tests.remediations.rig import Clock

T = TypeVar("T")
_RUN = 240
STAGE = 3600
"""Seconds that a copy may take: for one run, and for all runs of a case."""


class CopyError(Exception):
    """What went wrong in a copy, with its traceback."""


def in_copy(work: Callable[[], T], longest: int = _RUN) -> T:
    """Do ``work`` in a copy of this process and return what it returns.

    Nothing that it changes in memory is seen here. Call it only while no other thread of ours
    runs: a copy has the calling thread alone.

    Raises:
        CopyError: if ``work`` raised, or the copy ended otherwise.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _never_longer(longest)
        os.close(reading)
        _answer(writing, work)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if not told:
        raise CopyError(f"the copy ended with status {status}")
    fine, result = pickle.loads(told)  # noqa: S301 written by our own copy
    if not fine:
        raise CopyError(result)
    found: T = result
    return found


def _answer(writing: int, work: Callable[[], object]) -> None:
    try:
        try:
            told = pickle.dumps((True, work()))
        except BaseException:  # noqa: BLE001 raised again where the copy was made
            told = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(told)
    finally:
        # Nothing of the process that was copied may be cleaned up here: it goes on elsewhere.
        os._exit(0)


def start_copy(work: Callable[[], object]) -> int:
    """Begin ``work`` in a copy of this process; return the copy's id. It ends with 0, or 1."""
    child = os.fork()
    if not child:
        _never_longer(_RUN)
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 there is nobody else to tell
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def was_killed(child: int) -> bool:
    """Wait until a copy has ended; say whether it was killed, or ended by itself.

    Raises:
        CopyError: if it failed.
    """
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        raise CopyError(f"the copy ended with status {status}")
    return False


def _never_longer(seconds: int) -> None:
    # The test's own time limit belongs to the process that was copied.
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)


class SharedClock(Clock):
    """A clock that the copies made after ``share`` see moving, and no others."""

    def __init__(self, at: float) -> None:
        self.share()
        super().__init__(at)

    def share(self) -> None:
        """From now on be a clock of this process and of its later copies alone."""
        at = self.at if hasattr(self, "_memory") else 0.0
        self._memory = mmap.mmap(-1, 8)
        self.at = at

    @property
    def at(self) -> float:  # type: ignore[override]  # kept where several processes see it
        """The time, unix seconds."""
        found: float = struct.unpack("d", self._memory[:8])[0]
        return found

    @at.setter
    def at(self, value: float) -> None:
        self._memory[:8] = struct.pack("d", value)


@contextlib.contextmanager
def serving(aws: EmbeddedAws) -> Iterator[None]:
    """Let the embedded AWS answer within the block; outside of it no thread of its runs."""
    # werkzeug's own loop would close the socket at its end.
    loop = partial(BaseServer.serve_forever, aws._server, 0.02)
    aws._thread = threading.Thread(target=loop, name="aws")
    aws._thread.start()
    before = threading.active_count()
    try:
        yield
    finally:
        for client in aws._clients.values():
            client.close()
        aws._server.shutdown()
        aws._thread.join()
        # Those that served connections end when they find them closed.
        deadline = time.monotonic() + 5
        while threading.active_count() >= before and time.monotonic() < deadline:
            time.sleep(0.001)
