"""No call begins after a run's deadline: the answer would come too late for anybody."""

from __future__ import annotations

from exporter.collector import CollectError, Context, Reason


def check(context: Context, operation: str) -> None:
    """Let a call of ``operation`` begin.

    Raises:
        CollectError: with Reason.TIMEOUT when no time is left.
    """
    if context.remaining() <= 0:
        raise CollectError(Reason.TIMEOUT, f"no time left for {operation}")
