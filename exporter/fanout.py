"""One call for each of many things, a few of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from exporter.collector import CollectError, Context, Reason

_AT_ONCE = 8
_ONE_BY_ONE = 16
Item = TypeVar("Item")
Answer = TypeVar("Answer")


def ask_each(
    context: Context, items: Sequence[Item], ask: Callable[[Item], Answer], operation: str
) -> list[Answer]:
    """Return what ``ask`` answers for each item, in their order.

    Raises:
        CollectError: with Reason.TIMEOUT if time runs out before the last one is asked.
    """

    def one(item: Item) -> Answer:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, f"no time left for {operation}")
        return ask(item)

    if len(items) <= _ONE_BY_ONE:
        return [one(item) for item in items]
    with ThreadPoolExecutor(_AT_ONCE, operation) as pool:
        return list(pool.map(one, items))
