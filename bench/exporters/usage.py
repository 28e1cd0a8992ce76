"""What a process uses, read from /proc (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12


class EndedError(Exception):
    """A process that is not there any more, so that nothing can be measured of it."""


@dataclass(frozen=True)
class Memory:
    """Resident bytes: now, and the most there ever were."""

    resident: int
    peak: int


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, all threads, user and system."""
    # The command in brackets may hold anything: count from its end.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS


def memory(pid: int) -> Memory:
    """Return what of a process is resident.

    Raises:
        EndedError: if it has ended.
    """
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    values = {name: text.split() for name, _, text in (line.partition(":") for line in lines)}
    if "VmRSS" not in values:
        # So the kernel shows a process that ended and was not waited for.
        raise EndedError(f"process {pid} has ended")
    return Memory(int(values["VmRSS"][0]) * 1024, int(values["VmHWM"][0]) * 1024)
