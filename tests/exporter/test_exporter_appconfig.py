"""What a configuration of AppConfig says of flags: only what stands there."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from exporter.collector import CollectError, Reason
from exporter.sources.appconfig import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), st.booleans()))
def test_parse_reads_what_appconfig_hands_out(flags: dict[str, bool]) -> None:
    """Every flag with its state, whatever it is called."""
    content = json.dumps({name: {"enabled": enabled} for name, enabled in flags.items()})
    assert parse(content.encode()) == flags


def told(content: bytes) -> dict[str, bool | None] | Reason:
    """Return what a configuration holds, or why it is refused."""
    try:
        return parse(content)
    except CollectError as error:
        return error.reason


@given(JSON)
def test_parse_invents_no_state(document: Any) -> None:
    """A flag is on or off only where the document says so in so many words."""
    found = told(json.dumps(document).encode())
    if isinstance(found, Reason):
        assert found is Reason.ANSWER
        return
    values = document["values"] if isinstance(document.get("version"), str) else document
    assert found.keys() == values.keys()
    for name, enabled in found.items():
        said = values[name].get("enabled") if isinstance(values[name], dict) else None
        assert enabled is (said if isinstance(said, bool) else None)


@given(st.binary())
@example(b"[" * 100_000)
@example(b"\xff")
def test_parse_refuses_what_is_no_json(content: bytes) -> None:
    """Arbitrary bytes are a document of flags or an invalid answer, never another error."""
    found = told(content)
    assert isinstance(found, dict) or found is Reason.ANSWER
