"""Copying a page of a bucket: list, copy, look whether all is there, write down what became of it.

Every call begins where the last written part ends, so that one which was killed is simply made
again: what it copied is there, and is not copied a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inventory.snapshots import (
    BEFORE_FIRST,
    HEAD_MOST_BYTES,
    HELD,
    Entry,
    Fate,
    Head,
    part_key,
    read_head,
    write_part,
)
from remediations.action import NotMadeError
from remediations.snapshots import objects
from remediations.snapshots.place import Listed, Place, is_passing, is_unmet


def head_of(place: Place, number: int) -> Head:
    """Read the head of a part; that of part 0 precedes everything."""
    if number == 0:
        return BEFORE_FIRST
    answer = place.reader.get_object(
        Bucket=place.bucket,
        Key=part_key(place.source, place.stamp, number),
        Range=f"bytes=0-{HEAD_MOST_BYTES - 1}",
    )
    with closing(answer["Body"]) as stream:
        return read_head(stream.read())


def copy_page(place: Place, number: int) -> None:
    """Copy what comes after part ``number - 1``, as far as time allows, and write part ``number``.

    Raises:
        ClientError: if S3 refuses what is not about a single object, or nothing could be done now.
        BotoCoreError: if S3 does not answer.
        NotMadeError: if every single object is denied.
    """
    before = head_of(place, number - 1)
    listed, more = _list(place, before.last)
    bound = listed[-1].key if more else None
    there = {found["Key"]: found for found in place.copies(before.last, bound)}
    done = _copy_all(place, listed, there)
    if done is None:
        return
    if done and all(entry.fate is Fate.DENIED for entry in done):
        raise NotMadeError("AccessDenied", "every object is denied", certain=True)
    over = not more and len(done) == len(listed)
    last = done[-1].key if done else before.last
    entries = _looked_over(place, done, before.last, None if over else last)
    _write(place, before.after(entries, last, over=over), entries)


def _list(place: Place, after: str | None) -> tuple[list[Listed], bool]:
    request: dict[str, Any] = {"Bucket": place.source, "MaxKeys": place.limits.page}
    if after is not None:
        request["StartAfter"] = after
    answer = place.reader.list_objects_v2(**request)
    found = [
        Listed(one["Key"], one["ETag"], one["Size"], one.get("StorageClass", "STANDARD"))
        for one in answer.get("Contents", ())
    ]
    return found, bool(answer["IsTruncated"])


def _copy_all(
    place: Place, listed: Sequence[Listed], there: Mapping[str, Mapping[str, Any]]
) -> list[Entry] | None:
    """Copy in the listing's order while there is time; return what became of the first ones.

    None: some were copied, and another call has to go on with the same page.
    """
    until = place.now() + place.limits.seconds
    done: list[Entry] = []
    with ThreadPoolExecutor(place.limits.threads, "snapshot") as pool:
        for group in _groups(place, listed):
            if done and place.now() >= until:
                break
            try:
                for entry in _copied(pool, place, group, there, until):
                    if entry is None:
                        return done or None
                    done.append(entry)
            except (ClientError, BotoCoreError) as error:
                # A call that gets on may be followed by another; one that does not has failed.
                if is_passing(error) and any(entry.key not in there for entry in done):
                    return None
                raise
    return done


def _copied(
    pool: Executor,
    place: Place,
    group: Sequence[Listed],
    there: Mapping[str, Mapping[str, Any]],
    until: float,
) -> Iterator[Entry | None]:
    """Copy a group at the same time, and yield what became of each in order."""
    if len(group) == 1:
        yield objects.copy(place, group[0], there.get(group[0].key), until)
        return
    begun = [pool.submit(objects.copy, place, one, there.get(one.key), until) for one in group]
    for future in begun:
        yield future.result()


def _groups(place: Place, listed: Sequence[Listed]) -> Iterator[Sequence[Listed]]:
    """Yield objects to copy at the same time; one that takes parts goes by itself."""
    group: list[Listed] = []
    for one in listed:
        large = one.size > place.limits.copy_bytes
        if group and (large or len(group) == place.limits.threads):
            yield group
            group = []
        if large:
            yield [one]
        else:
            group.append(one)
    if group:
        yield group


def _looked_over(
    place: Place, done: Sequence[Entry], after: str | None, last: str | None
) -> list[Entry]:
    """Read back what lies there: what is missing is not claimed, what is no copy is told."""
    there = {found["Key"]: found for found in place.copies(after, last)}
    entries = [_confirmed(entry, there.pop(entry.key, None)) for entry in done]
    strange = [
        Entry(
            key=key,
            version_id=None,
            etag=found["ETag"],
            size=found["Size"],
            fate=Fate.UNEXPECTED,
        )
        for key, found in there.items()
    ]
    return entries + strange


def _confirmed(entry: Entry, found: Mapping[str, Any] | None) -> Entry:
    if entry.fate not in HELD or (found is not None and found["Size"] == entry.size):
        return entry
    return entry.model_copy(update={"fate": Fate.LOST})


def _write(place: Place, head: Head, entries: Sequence[Entry]) -> None:
    try:
        place.writer.put_object(
            Bucket=place.bucket,
            Key=part_key(place.source, place.stamp, head.number),
            Body=write_part(head, entries),
            ContentType="application/x-ndjson",
            IfNoneMatch="*",
        )
    except ClientError as error:
        # Written by an attempt whose answer was lost: what it says holds.
        if not is_unmet(error):
            raise
