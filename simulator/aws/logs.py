"""CloudWatch Logs events, ours: FilterLogEvents over an indexed store; the rest is moto's.

DescribeLogGroups is moto's too, but for the stored bytes, which are the store's.
"""

from __future__ import annotations

import bisect
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.responses import LogsResponse

from simulator.aws.extend import extend, original
from simulator.aws.log_patterns import UnsupportedPatternError, compile_pattern

_PAGE = 10_000
_OVERHEAD = 26  # bytes that AWS adds to each event


@dataclass(frozen=True, order=True)
class _Event:
    at: int
    number: int
    stream: str
    message: str
    ingested: int


class LogStore:
    """Events by log group in time order.

    ``scan_limit`` bounds the events that a page looks at, so that pages may be empty and still
    carry a token, as AWS says they can. ``keep`` bounds the events of a group, the newest ones.
    """

    def __init__(
        self, now: Callable[[], float], scan_limit: int = _PAGE, keep: int = 200_000
    ) -> None:
        self._now = now
        self.scan_limit = scan_limit
        self.keep = keep
        self._events: dict[str, list[_Event]] = defaultdict(list)
        self._sizes: dict[str, int] = defaultdict(int)
        self._number = 0
        self._lock = threading.Lock()

    def put(self, group: str, stream: str, timestamp: float, message: str) -> None:
        """Store one event of ``timestamp`` (unix seconds)."""
        with self._lock:
            self._number += 1
            event = _Event(
                round(timestamp * 1000), self._number, stream, message, round(self._now() * 1000)
            )
            events = self._events[group]
            bisect.insort(events, event)
            self._sizes[group] += len(message.encode()) + _OVERHEAD
            if len(events) > self.keep:
                del events[: len(events) - self.keep]

    def count(self, group: str, word: str) -> int:
        """Return how many events of a group hold ``word`` as a whole word."""
        whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        with self._lock:
            return sum(1 for event in self._events.get(group, []) if whole.search(event.message))

    def stored(self, group: str) -> int:
        """Return the bytes of all that was put into a group."""
        with self._lock:
            return self._sizes.get(group, 0)

    def page(
        self,
        group: str,
        matches: Callable[[str], bool],
        start: int,
        end: int,
        after: tuple[int, int] | None,
        limit: int,
    ) -> tuple[list[_Event], tuple[int, int] | None]:
        """Return the matching events of one page, and where the next one begins."""
        with self._lock:
            events = self._events.get(group, [])
            key = after or (start, 0)
            first = bisect.bisect_left(events, key, key=lambda event: (event.at, event.number))
            found: list[_Event] = []
            for looked, event in enumerate(events[first : first + self.scan_limit + 1]):
                if event.at > end:
                    return found, None
                if looked == self.scan_limit or len(found) == limit:
                    return found, (event.at, event.number)
                if matches(event.message):
                    found.append(event)
            return found, None


def install(store: LogStore) -> None:
    """Answer FilterLogEvents and PutLogEvents from ``store``, and sizes of groups."""
    described = original(LogsResponse, "describe_log_groups")

    def describe_log_groups(self: LogsResponse) -> str:
        answer = json.loads(described(self))
        for group in answer["logGroups"]:
            group["storedBytes"] = store.stored(group["logGroupName"])
        return json.dumps(answer)

    def filter_log_events(self: LogsResponse) -> str:
        return _filter(self, store)

    def put_log_events(self: LogsResponse) -> str:
        group = _group(self)
        for event in self._get_param("logEvents"):
            store.put(
                group, self._get_param("logStreamName"), event["timestamp"] / 1000, event["message"]
            )
        return json.dumps({"nextSequenceToken": "0"})

    extend(LogsResponse, describe_log_groups, filter_log_events, put_log_events)


def _group(self: LogsResponse) -> str:
    name: str = self._get_param("logGroupName")
    if name not in self.logs_backend.groups:
        raise ResourceNotFoundException
    return name


def _filter(self: LogsResponse, store: LogStore) -> str:
    group = _group(self)
    pattern = self._get_param("filterPattern") or ""
    try:
        matches = compile_pattern(pattern)
    except UnsupportedPatternError as error:
        raise InvalidParameterException(
            parameter="filterPattern", constraint="unsupported here", value=pattern
        ) from error
    token = self._get_param("nextToken")
    after = tuple(int(part) for part in token.split("-")) if token else None
    found, following = store.page(
        group,
        matches,
        int(self._get_param("startTime") or 0),
        int(self._get_param("endTime") or 1 << 62),
        (after[0], after[1]) if after else None,
        int(self._get_param("limit") or _PAGE),
    )
    answer: dict[str, Any] = {
        "events": [
            {
                "logStreamName": event.stream,
                "timestamp": event.at,
                "message": event.message,
                "ingestionTime": event.ingested,
                "eventId": f"{event.at:020d}{event.number:036d}",
            }
            for event in found
        ],
        "searchedLogStreams": [],
    }
    if following:
        answer["nextToken"] = f"{following[0]}-{following[1]}"
    return json.dumps(answer)
