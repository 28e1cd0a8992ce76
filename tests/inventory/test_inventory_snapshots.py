"""Names and manifests of snapshots."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.snapshots import (
    BEFORE_FIRST,
    HEAD_MOST_BYTES,
    MANIFEST_MOST_BYTES,
    Entry,
    Fate,
    Manifest,
    folder,
    manifest_key,
    moment_of,
    read_head,
    read_manifest,
    read_part,
    stamp_of,
    write_part,
)

AT = 1795176000
DOCUMENT = {
    "version": 1,
    "source": "raw",
    "started_at": AT,
    "finished_at": None,
    "objects": 3,
    "bytes": 2**40,
    "skipped": 0,
    "complete": False,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_names_are_those_agreed_upon() -> None:
    """A snapshot's key has the source and the moment in UTC."""
    assert stamp_of(AT) == "20261120T120000Z"
    assert manifest_key("raw", stamp_of(AT)) == "snapshots/raw/20261120T120000Z/manifest.json"
    assert manifest_key("raw", "x").startswith(folder("raw"))


@given(st.integers(0, 4_000_000_000), st.integers(0, 4_000_000_000))
def test_names_sort_as_moments_do(one: int, other: int) -> None:
    """A name tells its moment, and the newest name is the newest snapshot."""
    assert moment_of(stamp_of(one)) == one
    assert (stamp_of(one) < stamp_of(other)) == (one < other)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "manual",
        "20261120",
        "20261320T120000Z",
        "20261120T120000Zx",
        "\u0662\u0660261120T120000Z",
    ],
)
def test_other_names_are_no_snapshots(name: str) -> None:
    """What has another form, or is no date, is not taken for a moment."""
    assert moment_of(name) is None


def test_manifest_is_read_as_it_was_written() -> None:
    """The document of an unfinished snapshot, and what the model itself writes, are read back."""
    manifest = read_manifest(json.dumps(DOCUMENT).encode(), "raw")
    assert (manifest.objects, manifest.bytes, manifest.complete) == (3, 2**40, False)
    assert manifest.finished_at is None
    assert read_manifest(manifest.model_dump_json().encode(), "raw") == manifest


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"source": "processed"},
        {"objects": -1},
        {"objects": 1.5},
        {"bytes": 10**400},
        {"started_at": float("nan")},
        {"complete": 1},
        {"complete": "true"},
    ],
)
def test_wrong_manifest_is_refused(change: dict[str, object]) -> None:
    """A manifest of another form or bucket is refused, in one line."""
    with pytest.raises(ValueError, match="the manifest") as caught:
        read_manifest(json.dumps(DOCUMENT | change).encode(), "raw")
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200) | JSON.map(lambda found: json.dumps(found).encode()))
def test_no_content_does_worse_than_be_refused(body: bytes) -> None:
    """Whatever lies under the key, reading it raises ValueError or returns a manifest."""
    try:
        found = read_manifest(body, "raw")
    except ValueError:
        return
    assert isinstance(found, Manifest)


def test_deep_content_is_refused() -> None:
    """Brackets up to the limit of size exhaust no stack."""
    with pytest.raises(ValueError, match="not understood"):
        read_manifest(b"[" * MANIFEST_MOST_BYTES, "raw")


def entry(key: str, fate: Fate = Fate.COPIED) -> Entry:
    """Return the line of an object of ten bytes."""
    return Entry(key=key, version_id=None, etag='"e"', size=10, fate=fate)


def test_a_part_is_read_as_it_was_written() -> None:
    """Keys may hold any character, line ends among them: each entry stays one line."""
    entries = tuple(entry(key) for key in ("line\nend", "\r\u2028\x85", "ção", "\U0001f600"))
    head = BEFORE_FIRST.after(entries, "\U0001f600", over=True)
    assert read_part(write_part(head, entries)) == (head, entries)
    assert read_head(write_part(head, entries)) == head


def test_heads_add_up() -> None:
    """A part's head sums up those before it, and counts as held only what is there."""
    first = BEFORE_FIRST.after([entry("a"), entry("b", Fate.ARCHIVED)], "b", over=False)
    second = first.after([entry("c", Fate.CHANGED), entry("d", Fate.ARCHIVED)], "d", over=True)
    assert (second.number, second.objects, second.bytes, second.changed) == (2, 2, 20, 1)
    assert (second.reasons, second.last, second.over) == ({"archived": 2}, "d", True)


def test_a_head_fits_into_what_is_read_of_it() -> None:
    """The longest key, all of whose characters are escaped, and every reason at once."""
    entries = [entry("k", fate) for fate in Fate]
    head = BEFORE_FIRST.after(entries, "\x01" * 1024, over=False)
    assert len(write_part(head, ())) < HEAD_MOST_BYTES


@pytest.mark.parametrize("body", [b"", b"{}", b'{"number":1}\n', b"\xff\n"])
def test_what_is_no_part_is_refused(body: bytes) -> None:
    """Anything else is an error of one line."""
    with pytest.raises(ValueError, match="not understood"):
        read_head(body)
