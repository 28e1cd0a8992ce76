"""Group commit: what arrives while a transaction is under way shares the next one.

The file system syncs once for all of it, and nobody is answered before that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

_MOST = 64

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass
class _Waiting(Generic[Item, Answer]):
    item: Item
    done: bool = False
    answer: Answer | None = None
    error: Exception | None = None


class GroupCommit(Generic[Item, Answer]):
    """Hands items to ``commit``, several at once where several wait; it returns an answer for each.

    ``commit`` is one transaction: when the database refuses it, nothing of its group has happened,
    and each item is tried on its own, so that one cannot spoil the others.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], Sequence[Answer]]) -> None:
        self._commit = commit
        self._waiting: deque[_Waiting[Item, Answer]] = deque()
        self._turn = threading.Condition()
        self._busy = False

    def submit(self, item: Item) -> Answer:
        """Return the item's answer once it is committed; raises what ``commit`` raised for it."""
        mine: _Waiting[Item, Answer] = _Waiting(item)
        with self._turn:
            self._waiting.append(mine)
        while not self._settled(mine):
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.answer  # type: ignore[return-value]  # set with done, unless an error was

    def _settled(self, mine: _Waiting[Item, Answer]) -> bool:
        """Wait until ``mine`` is committed, or until it is our turn to commit."""
        with self._turn:
            while self._busy and not mine.done:
                self._turn.wait()
            self._busy = self._busy or not mine.done
            return mine.done

    def _lead(self) -> None:
        with self._turn:
            group = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
        try:
            self._commit_all(group)
        finally:
            with self._turn:
                for one in group:
                    if not one.done:
                        one.error, one.done = RuntimeError("the commit was interrupted"), True
                self._busy = False
                self._turn.notify_all()

    def _commit_all(self, group: Sequence[_Waiting[Item, Answer]]) -> None:
        try:
            answers = self._commit([one.item for one in group])
        except SQLAlchemyError as error:
            if len(group) > 1:
                for one in group:
                    self._commit_all([one])
            else:
                group[0].error, group[0].done = error, True
            return
        for one, answer in zip(group, answers, strict=True):
            one.answer, one.done = answer, True
