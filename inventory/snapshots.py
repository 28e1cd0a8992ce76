"""Snapshots of buckets: where they lie, and the manifest that says what one holds.

A snapshot of ``source`` taken at a moment lies in the snapshots' bucket under
``snapshots/<source>/<moment in UTC>/``, beside its ``manifest.json``. Moments sort as they follow
each other.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MANIFEST_MOST_BYTES = 65_536
"""A manifest is a few hundred bytes; nothing larger is read."""
_FORM = "%Y%m%dT%H%M%SZ"
_STAMP = re.compile(r"^\d{8}T\d{6}Z$", re.ASCII)
_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Moment = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Manifest(BaseModel):
    """What a snapshot holds; ``finished_at`` is None while it is taken (unix seconds).

    ``skipped`` objects could not be copied; ``complete`` says whether all that should be there is.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    version: Literal[1]
    source: str
    started_at: _Moment
    finished_at: _Moment | None
    objects: _Count
    bytes: _Count
    skipped: _Count
    complete: bool


def folder(source: str) -> str:
    """Return the prefix of all snapshots of a bucket."""
    return f"snapshots/{source}/"


def manifest_key(source: str, stamp: str) -> str:
    """Return the key of a snapshot's manifest."""
    return f"{folder(source)}{stamp}/manifest.json"


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
