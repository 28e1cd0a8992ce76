"""Snapshots of buckets: where they lie, and the manifests that say what one holds.

A snapshot of ``source`` taken at a moment lies in the snapshots' bucket under
``snapshots/<source>/<moment in UTC>/``: the objects below ``data/`` under their own keys, a line
for each object in ``parts/``, and ``manifest.json``, which sums them up. Moments sort as they
follow each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MANIFEST_MOST_BYTES = 65_536
"""A manifest is a few hundred bytes; nothing larger is read."""
HEAD_MOST_BYTES = 16_384
"""The first line of a part: it holds one key, which has up to 1,024 bytes."""
_FORM = "%Y%m%dT%H%M%SZ"
_STAMP = re.compile(r"^\d{8}T\d{6}Z$", re.ASCII)
_PART = re.compile(r"/parts/(\d{6})\.jsonl$", re.ASCII)
_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Moment = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Fate(StrEnum):
    """What became of one object; all but the first two are not in the snapshot.

    ``changed``: copied, in a newer state than was listed. ``changing``: it changed again and again,
    or while it was copied in parts. ``occupied``: something else lies where the copy would.
    ``unexpected``: lies among the copies and is none. ``lost``: copied, and not there afterwards.
    """

    COPIED = "copied"
    CHANGED = "changed"
    ARCHIVED = "archived"
    VANISHED = "vanished"
    CHANGING = "changing"
    OCCUPIED = "occupied"
    DENIED = "denied"
    REFUSED = "refused"
    KEY_TOO_LONG = "key_too_long"
    UNEXPECTED = "unexpected"
    LOST = "lost"


HELD = (Fate.COPIED, Fate.CHANGED)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Manifest(_Document):
    """What a snapshot holds; ``finished_at`` is None while it is taken (unix seconds).

    ``skipped`` objects could not be copied, ``reasons`` counts them by their fate; ``changed`` were
    copied in a newer state than was listed; ``complete`` says whether all that should be there is.
    ``run`` is who takes it, ``parts`` how many lists of objects there are. Objects are copied one
    after the other, so it never shows one point in time.
    """

    version: Literal[1]
    source: str
    started_at: _Moment
    finished_at: _Moment | None
    objects: _Count
    bytes: _Count
    skipped: _Count
    complete: bool
    run: str | None = None
    parts: _Count = 0
    changed: _Count = 0
    reasons: Mapping[str, _Count] = {}
    point_in_time: Literal[False] = False


class Entry(_Document):
    """One object: what it was when it was copied, and what became of it.

    ``version_id`` is None where the bucket has no versions; ``copy_etag`` is the copy's own tag,
    where it is known; ``detail`` the error, if there was one.
    """

    key: str
    version_id: str | None
    etag: str
    size: _Count
    fate: Fate
    copy_etag: str | None = None
    detail: str | None = None


class Head(_Document):
    """The first line of a part, which sums up this part and all before it.

    ``last`` is the last key that was looked at; ``over`` says that none follows.
    """

    number: _Count
    last: str | None
    over: bool
    objects: _Count = 0
    bytes: _Count = 0
    changed: _Count = 0
    reasons: Mapping[str, _Count] = {}

    def after(self, entries: Sequence[Entry], last: str | None, *, over: bool) -> Head:
        """Return the head of the part that follows and holds ``entries``."""
        held = [one for one in entries if one.fate in HELD]
        reasons = dict(self.reasons)
        for one in entries:
            if one.fate not in HELD:
                reasons[one.fate.value] = reasons.get(one.fate.value, 0) + 1
        return Head(
            number=self.number + 1,
            last=last,
            over=over,
            objects=self.objects + len(held),
            bytes=self.bytes + sum(one.size for one in held),
            changed=self.changed + sum(one.fate is Fate.CHANGED for one in held),
            reasons=reasons,
        )


BEFORE_FIRST = Head(number=0, last=None, over=False)
"""What precedes the first part, whose number is 1."""


def folder(source: str) -> str:
    """Return the prefix of all snapshots of a bucket."""
    return f"snapshots/{source}/"


def home(source: str, stamp: str) -> str:
    """Return the prefix of one snapshot."""
    return f"{folder(source)}{stamp}/"


def manifest_key(source: str, stamp: str) -> str:
    """Return the key of a snapshot's manifest."""
    return f"{home(source, stamp)}manifest.json"


def part_key(source: str, stamp: str, number: int) -> str:
    """Return the key of a list of objects."""
    return f"{home(source, stamp)}parts/{number:06d}.jsonl"


def part_number(key: str) -> int | None:
    """Return the number of the part with this key; None if it is none."""
    found = _PART.search(key)
    return int(found.group(1)) if found else None


def stamp_of(at: float) -> str:
    """Return the name of a snapshot that begins at ``at`` (unix seconds)."""
    return datetime.fromtimestamp(at, UTC).strftime(_FORM)


def moment_of(stamp: str) -> float | None:
    """Return when the snapshot of that name began (unix seconds); None if it is no such name."""
    if not _STAMP.match(stamp):
        return None
    try:
        return datetime.strptime(stamp, _FORM).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def read_manifest(body: bytes, source: str) -> Manifest:
    """Return the manifest of a snapshot of ``source``.

    Raises:
        ValueError: for anything else, in one line.
    """
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"the manifest is not understood: {where}: {first['msg']}") from error
    if manifest.source != source:
        raise ValueError("the manifest is that of another bucket")
    return manifest


def write_part(head: Head, entries: Sequence[Entry]) -> bytes:
    """Return the text of a part: its head, then a line for each object."""
    return b"".join(
        # Plain ASCII: a key may hold any character, line ends among them.
        json.dumps(one.model_dump(mode="json")).encode("ascii") + b"\n"
        for one in (head, *entries)
    )


def read_head(body: bytes) -> Head:
    """Return the head of a part from its text, or from the beginning of it.

    Raises:
        ValueError: if it is none.
    """
    try:
        return Head.model_validate_json(body.partition(b"\n")[0])
    except ValidationError as error:
        raise ValueError("the part is not understood") from error


def read_part(body: bytes) -> tuple[Head, tuple[Entry, ...]]:
    """Return a part.

    Raises:
        ValueError: if it is none.
    """
    first, *lines = body.splitlines()
    try:
        return read_head(first), tuple(Entry.model_validate_json(line) for line in lines)
    except ValidationError as error:
        raise ValueError("the part is not understood") from error
