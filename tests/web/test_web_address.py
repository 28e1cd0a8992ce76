"""Listen addresses."""

from __future__ import annotations

import pytest

from web.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9910", Address("127.0.0.1", 9910)),
        ("localhost:0", Address("localhost", 0)),
        ("10.0.0.1:65535", Address("10.0.0.1", 65535)),
        ("[::1]:9910", Address("::1", 9910)),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, expected: Address) -> None:
    """Hosts, IPv6 in brackets and ports are told apart, and printed as they were written."""
    assert parse_address(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    ["", "9910", ":9910", "127.0.0.1", "127.0.0.1:", "a:b", "a:-1", "a:65536", "::1:9910", "[a]:1"],
)
def test_what_is_no_address_is_refused_in_one_line(text: str) -> None:
    """A wrong address raises ValueError with a single line that quotes it."""
    with pytest.raises(ValueError, match=r"^'.*'[^\n]*$") as caught:
        parse_address(text)
    assert f"'{text}'" in str(caught.value)
