"""What keeps a process that runs for months small and cool."""

from __future__ import annotations

import ctypes
import gc

# mallopt(3): each thread would otherwise get an arena of its own, and keep what it freed.
_M_ARENA_MAX = -8
# A collection makes objects by the hundred thousand and drops them: hardly any are in cycles.
_YOUNG_OBJECTS = 50_000


def share_memory() -> None:
    """Let all threads allocate from one arena, where the C library has several.

    Before threads are started: an arena that exists is not given back.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def settle_down() -> None:
    """Let the garbage collector leave alone what is there by now, and look more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
