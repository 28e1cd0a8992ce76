"""CloudTrail: who changed what in the accounts, each event counted once.

LookupEvents reads the event history of one region. IAM is global and leaves its events in one
region only (us-east-1 in the public partition; CloudTrail user guide, "Global service events"), so
that region is read in every account besides those that the inventory names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Priority, Reading, Reason, Use
from exporter.places import accounts, places
from exporter.samples import Series
from inventory.model import Inventory

EVENTS = MetricSpec(
    "dataplatform_trail_events_total",
    Kind.COUNTER,
    ("event", "account"),
    Text(
        "Eventos do CloudTrail com este nome na conta",
        "CloudTrail events of this name in the account",
    ),
)
NEVER_SEEN = MetricSpec(
    "dataplatform_trail_event_never_seen",
    Kind.GAUGE,
    ("event", "account"),
    Text(
        "1 se o evento nunca apareceu desde o início da coleta",
        "1 if the event was never seen since collection began",
    ),
)
SPECS = (EVENTS, NEVER_SEEN)

_NAME = "trail"
_PAGE = 50
_DAY = 86_400
_KEPT = 90 * _DAY
"""How long the event history holds an event (CloudTrail user guide)."""
_CHUNK = _DAY
_GLOBAL_REGIONS = {"cn-": "cn-north-1", "us-gov-": "us-gov-west-1"}


@dataclass(frozen=True)
class Source:
    """One event name in one region of an account; ``scope`` is how the account is reached."""

    event: str
    account: str
    region: str
    scope: str | None

    @property
    def key(self) -> str:
        """The durable name."""
        return f"{self.account}/{self.region}/{self.event}"


@dataclass(frozen=True)
class Cursor:
    """How far a source was read. Times are unix seconds, whole as CloudTrail's are.

    ``read_to`` is the end of what was read; ``counted`` holds the ids of the events counted from
    ``floor`` on, each with its time: nothing before ``floor`` may be read again.
    """

    read_to: int
    floor: int
    total: int = 0
    newest: int | None = None
    counted: dict[str, int] = field(default_factory=dict)


def parse(cursor: Cursor, events: Sequence[Mapping[str, Any]]) -> Cursor:
    """Count every event not counted before."""
    counted = dict(cursor.counted)
    total, newest = cursor.total, cursor.newest
    for event in events:
        identity, at = str(event["EventId"]), int(event["EventTime"].timestamp())
        if identity in counted or at < cursor.floor:
            continue
        counted[identity] = at
        total += 1
        newest = max(at, newest or at)
    return replace(cursor, total=total, newest=newest, counted=counted)


def sources(inventory: Inventory) -> tuple[Source, ...]:
    """Return what is read: every event in every place, and in the global region of each account."""
    found: dict[str, Source] = {}
    named = [(place.account, place.region, place.scope) for place in places(inventory)]
    hidden = [(p.account, global_region(p.region), p.scope) for p in accounts(inventory)]
    for account, region, scope in (*named, *hidden):
        for event in inventory.security.trail_events:
            source = Source(event, account, region, scope)
            found.setdefault(source.key, source)
    return tuple(found.values())


def global_region(region: str) -> str:
    """Return where the partition of ``region`` keeps the events of IAM."""
    found = (name for start, name in _GLOBAL_REGIONS.items() if region.startswith(start))
    return next(found, "us-east-1")


def collect(context: Context) -> Reading:
    """Read every source from its cursor on; those read longest ago come first."""
    documents = context.state.load()
    now = int(context.now())
    asked = sources(context.inventory)
    overlap = int(context.inventory.collection.trail_overlap)
    cursors = {source.key: _opened(documents.get(source.key), now, overlap) for source in asked}
    fresh = {key: _document(cursor) for key, cursor in cursors.items() if key not in documents}
    if fresh:
        # Made durable before the first look, so that nothing done meanwhile is lost.
        context.state.commit(fresh)
    for source in sorted(asked, key=lambda source: cursors[source.key].read_to):
        cursors[source.key] = _read(context, source, cursors[source.key], now)
    return Reading(
        tuple(_series(asked, cursors)),
        expected=len(asked),
        seen=len(asked),
        newest=_newest(asked, cursors),
    )


def _opened(document: Mapping[str, Any] | None, now: int, overlap: int) -> Cursor:
    known = _cursor(document) if document else Cursor(now, now)
    if known.read_to > now + overlap:
        # A clock was wrong: waiting for the present to reach that moment would count nothing.
        return replace(known, read_to=now, floor=now, counted={})
    return known


def _read(context: Context, source: Source, cursor: Cursor, now: int) -> Cursor:
    collection = context.inventory.collection
    overlap = int(collection.trail_overlap)
    oldest = now - min(int(collection.backfill), _KEPT)
    while True:
        start = max(cursor.read_to - overlap, cursor.floor, oldest)
        # A long gap is read day by day: each is committed, whatever happens to the next.
        end = min(now, max(cursor.read_to, oldest) + _CHUNK)
        # After the clock went back a little there is nothing to ask for yet.
        events = list(_events(context, source, start, end)) if start <= end else []
        read = parse(cursor, events)
        floor = max(cursor.floor, end - overlap)
        kept = {identity: at for identity, at in read.counted.items() if at >= floor}
        cursor = replace(read, read_to=max(cursor.read_to, end), floor=floor, counted=kept)
        context.state.commit({source.key: _document(cursor)})
        if cursor.read_to >= now:
            return cursor


def _events(context: Context, source: Source, start: int, end: int) -> Iterator[dict[str, Any]]:
    client = context.client("cloudtrail", source.scope, region=source.region)
    request: dict[str, Any] = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": source.event}],
        "StartTime": datetime.fromtimestamp(start, UTC),
        "EndTime": datetime.fromtimestamp(end, UTC),
        "MaxResults": _PAGE,
    }
    while True:
        if context.remaining() <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for LookupEvents")
        page = client.lookup_events(**request)
        yield from page.get("Events", [])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _series(asked: Sequence[Source], cursors: Mapping[str, Cursor]) -> Iterator[Series]:
    totals: dict[tuple[str, str], int] = {}
    for source in asked:
        labels = (source.event, source.account)
        totals[labels] = totals.get(labels, 0) + cursors[source.key].total
    for labels, total in totals.items():
        yield Series(EVENTS, labels, float(total))
        yield Series(NEVER_SEEN, labels, float(total == 0))


def _newest(asked: Sequence[Source], cursors: Mapping[str, Cursor]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for source in asked:
        resource, newest = f"{source.event}@{source.account}", cursors[source.key].newest
        known = found.setdefault(resource, None)
        if newest is not None:
            found[resource] = max(float(newest), known or 0.0)
    return found


def _document(cursor: Cursor) -> dict[str, Any]:
    return {
        "read_to": cursor.read_to,
        "floor": cursor.floor,
        "total": cursor.total,
        "newest": cursor.newest,
        "counted": cursor.counted,
    }


def _cursor(document: Mapping[str, Any]) -> Cursor:
    return Cursor(**{**document, "counted": dict(document["counted"])})


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends: a page for each event name in each region read."""
    return (Use("cloudtrail", "LookupEvents", len(sources(inventory))),)


COLLECTOR = Collector(
    name=_NAME,
    specs=SPECS,
    iam=("cloudtrail:LookupEvents",),
    every=lambda inventory: inventory.collection.trail_every,
    offset=lambda _inventory: 0.0,
    # Two requests a second are allowed in each account and region.
    deadline=lambda inventory: max(inventory.collection.trail_every, 30.0),
    collect=collect,
    uses=uses,
    priority=Priority.NORMAL,
    splits=False,
)
