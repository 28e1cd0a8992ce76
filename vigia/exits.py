"""Exit codes, and the error that a command ends with."""

from __future__ import annotations

from enum import IntEnum

INTERRUPTED = 130
"""What the shell is told where Ctrl-C ended a command, as by any other program."""


class Exit(IntEnum):
    """What the shell is told."""

    FINE = 0
    UNHEALTHY = 1
    USAGE = 2
    UNREACHABLE = 3


class CommandError(Exception):
    """Ends a command with one readable line per problem on stderr and an exit code."""

    def __init__(self, code: Exit, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.code = code
        self.lines = lines
