"""Log events: the inventory's words, counted once each in every function's log group."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.samples import Series
from inventory.model import Inventory
from inventory.resources import Function

EVENTS = MetricSpec(
    "dataplatform_log_events_total",
    Kind.COUNTER,
    ("event", "function"),
    Text("Eventos de log que contêm a palavra do evento", "Log events that hold the event's word"),
)
NEVER_MATCHED = MetricSpec(
    "dataplatform_log_pattern_never_matched",
    Kind.GAUGE,
    ("event", "function"),
    Text(
        "1 se a palavra nunca apareceu desde o início da coleta",
        "1 if the word was never found since collection began",
    ),
)
AMOUNT = MetricSpec(
    "dataplatform_log_event_amount_total",
    Kind.COUNTER,
    ("event", "function"),
    Text(
        "Soma do número que os eventos dizem, na unidade base (segundos para durações)",
        "Sum of the number that the events tell, in the base unit (seconds for durations)",
    ),
)
SPECS = (EVENTS, NEVER_MATCHED, AMOUNT)

_NAME = "logs"
_CHUNK_MS = 3_600_000


@dataclass(frozen=True)
class Word:
    """How often a word was counted; ``since`` and ``newest`` are unix milliseconds."""

    total: int
    since: int
    newest: int | None = None
    amount: float = 0.0


@dataclass(frozen=True)
class Told:
    """How an event tells a number: ``pattern`` has it in its one group, in units of ``scale``."""

    pattern: re.Pattern[str]
    scale: float

    def amount(self, message: str) -> float:
        """Return the number in the base unit; 0 where the event does not tell it."""
        found = self.pattern.search(message)
        try:
            number = float(found.group(1)) if found else 0.0
        except (TypeError, ValueError):
            return 0.0
        return number * self.scale if math.isfinite(number) and number > 0 else 0.0


@dataclass(frozen=True)
class Cursor:
    """How far a log group was read. Times are unix milliseconds.

    ``read_to`` is the end of what was read; ``counted`` holds the ids of the events counted
    from ``floor`` on, each with its time: nothing before ``floor`` may be read again.
    """

    read_to: int
    floor: int
    words: dict[str, Word] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)


def word_pattern(word: str) -> re.Pattern[str]:
    """Return a pattern that finds ``word`` standing alone: PROCESSED is not in UNPROCESSED."""
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def filter_pattern(words: list[str]) -> str:
    """Return the CloudWatch Logs pattern of events that hold any of ``words``.

    The service matches inside words too, so that its answer holds all that we look for and more.
    """
    quoted = [word if word.isalnum() else '"{}"'.format(word.replace('"', '\\"')) for word in words]
    return " ".join(f"?{word}" for word in sorted(set(quoted)))


def parse(
    cursor: Cursor,
    events: list[dict[str, Any]],
    patterns: Mapping[str, re.Pattern[str]],
    told: Mapping[str, Told],
) -> Cursor:
    """Count every event not counted before, once for each word that it holds.

    ``told`` says by the name of an event how it tells a number, where it does.
    """
    words, counted = dict(cursor.words), dict(cursor.counted)
    for event in events:
        identity, at = str(event["eventId"]), int(event["timestamp"])
        if identity in counted:
            continue
        for name, pattern in patterns.items():
            word = words[name]
            if at >= word.since and pattern.search(event["message"]):
                newest = max(at, word.newest or at)
                amount = told[name].amount(event["message"]) if name in told else 0.0
                words[name] = replace(
                    word, total=word.total + 1, newest=newest, amount=word.amount + amount
                )
                counted[identity] = at
    return replace(cursor, words=words, counted=counted)


def collect(context: Context) -> Reading:
    """Read every log group from its cursor on; those read longest ago come first."""
    documents = context.state.load()
    now = round(context.now() * 1000)
    functions = [f for f in context.inventory.functions if _patterns(context.inventory, f)]
    cursors = {
        function.key: _opened(
            documents.get(function.key), _patterns(context.inventory, function), now
        )
        for function in functions
    }
    fresh = {name: _document(c) for name, c in cursors.items() if name not in documents}
    if fresh:
        # Made durable before the first look, so that nothing written meanwhile is lost.
        context.state.commit(fresh)
    missing = []
    for function in sorted(functions, key=lambda f: cursors[f.key].read_to):
        try:
            cursors[function.key] = _read(context, function, cursors[function.key], now)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                raise
            missing.append(function.key)
    told = _told(context.inventory)
    return Reading(
        tuple(
            series
            for function in functions
            for series in _series(function.key, cursors[function.key], told)
        ),
        expected=len(functions),
        seen=len(functions) - len(missing),
        newest={name: _newest(cursor) for name, cursor in cursors.items()},
        missing=tuple(missing),
    )


def _patterns(inventory: Inventory, function: Function) -> dict[str, str]:
    return {e.event: e.pattern for e in inventory.log_events if function.key in e.functions}


def _told(inventory: Inventory) -> dict[str, Told]:
    return {
        one.event: Told(re.compile(one.amount), one.scale)
        for one in inventory.log_events
        if one.amount is not None
    }


def _opened(document: Mapping[str, Any] | None, patterns: Mapping[str, str], now: int) -> Cursor:
    known = _cursor(document) if document else Cursor(now, now)
    if known.read_to > now + _CHUNK_MS:
        # A clock was wrong: waiting for the present to reach that moment would count nothing.
        known = Cursor(now, now, known.words)
    # A word that is new in the inventory counts from where the group was read to.
    words = {event: known.words.get(event, Word(0, known.read_to)) for event in patterns}
    return replace(known, words=known.words | words)


def _read(context: Context, function: Function, cursor: Cursor, now: int) -> Cursor:
    collection = context.inventory.collection
    overlap = round(collection.logs_overlap * 1000)
    oldest = now - round(collection.backfill * 1000)
    wanted = _patterns(context.inventory, function)
    patterns = {event: word_pattern(word) for event, word in wanted.items()}
    told = _told(context.inventory)
    while True:
        start = max(cursor.read_to - overlap, cursor.floor, oldest)
        end = min(now, max(cursor.read_to, oldest) + _CHUNK_MS)
        # Writers' clocks may run ahead of ours: the last piece has room for them.
        limit = end + overlap if end == now else end
        events = list(_events(context, function, filter_pattern([*wanted.values()]), start, limit))
        counted = parse(cursor, events, patterns, told)
        floor = max(cursor.floor, end - overlap)
        kept = {i: at for i, at in counted.counted.items() if at >= floor}
        read_to = max(cursor.read_to, end)
        cursor = replace(counted, read_to=read_to, floor=floor, counted=kept)
        context.state.commit({function.key: _document(cursor)})
        if cursor.read_to >= now:
            return cursor


def _events(
    context: Context, function: Function, pattern: str, start: int, end: int
) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {
        "logGroupName": function.log_group,
        "filterPattern": pattern,
        "startTime": max(0, start),
        "endTime": end,
    }
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for FilterLogEvents")
        page = context.client("logs", function.scope).filter_log_events(**request)
        yield from page.get("events", [])
        # An empty page may carry a token: only its absence is the end.
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]


def _newest(cursor: Cursor) -> float | None:
    times = [word.newest for word in cursor.words.values() if word.newest is not None]
    return max(times) / 1000 if times else None


def _series(function: str, cursor: Cursor, told: Mapping[str, Told]) -> Iterator[Series]:
    for event, word in cursor.words.items():
        yield Series(EVENTS, (event, function), float(word.total))
        yield Series(NEVER_MATCHED, (event, function), float(word.total == 0))
        if event in told:
            yield Series(AMOUNT, (event, function), word.amount)


def _document(cursor: Cursor) -> dict[str, Any]:
    return {
        "read_to": cursor.read_to,
        "floor": cursor.floor,
        "words": {name: [w.total, w.since, w.newest, w.amount] for name, w in cursor.words.items()},
        "counted": cursor.counted,
    }


def _cursor(document: Mapping[str, Any]) -> Cursor:
    words = {name: Word(*values) for name, values in document["words"].items()}
    return Cursor(document["read_to"], document["floor"], words, dict(document["counted"]))


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: a page for each log group."""
    groups = sum(1 for function in inventory.functions if _patterns(inventory, function))
    return (Use("logs", "FilterLogEvents", groups),)


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("logs:FilterLogEvents",),
    every=lambda inventory: inventory.collection.logs_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: max(inventory.collection.logs_every, 10.0),
    collect=collect,
    uses=uses,
    priority=Priority.VITAL,
)
