"""Taking turns: answers that are kept, and asked for again only when they are old.

Lambda's control plane takes 15 requests a second of an account, deployments included (Lambda
developer guide, "Quotas"): five thousand functions cannot all be asked every minute.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from exporter.collector import Context

_BATCH = 64
# A run that comes a little early by its jitter must not skip a whole turn.
_TOLERANCE = 0.02


def due(asked: Mapping[str, float], names: Sequence[str], now: float, every: float) -> list[str]:
    """Return the names to ask: those never asked, then those asked ``every`` seconds ago or more.

    ``asked`` and ``now`` are unix seconds; an answer from the future comes from a wrong clock.
    """
    old = now - every * (1 - _TOLERANCE)
    found = [name for name in names if not old < asked.get(name, -math.inf) <= now]
    return sorted(found, key=lambda name: asked.get(name, -math.inf))


def take(context: Context, names: Sequence[str], ask: Callable[[Sequence[str]], None]) -> None:
    """Call ``ask`` with some names after the other while there is time.

    ``ask`` keeps what it learned: those whose turn did not come are the first in the next run.
    """
    reserve = context.remaining() / 2
    for start in range(0, len(names), _BATCH):
        if start and context.remaining() < reserve:
            return
        ask(names[start : start + _BATCH])
