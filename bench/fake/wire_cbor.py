"""Smithy RPC v2 CBOR, written by hand where it is hot (RFC 8949)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import cbor2

from bench.fake.wire import BadRequestError, Kept, Result

_TAG_EPOCH = b"\xc1"
_DOUBLE = struct.Struct(">Bd")
_FLOAT64 = 0xFB


class Cbor:
    """Smithy RPC v2 CBOR."""

    name = "cbor"
    content_type = "application/cbor"

    def __init__(self) -> None:
        self._kept = Kept(lambda values: _array([_DOUBLE.pack(_FLOAT64, v) for v in values]))

    def read(self, body: bytes) -> dict[str, Any]:
        """See :class:`Wire`."""
        try:
            found: dict[str, Any] = cbor2.loads(body) if body else {}
        except (cbor2.CBORDecodeError, ValueError) as error:
            raise BadRequestError("SerializationException", str(error)) from error
        for name in ("StartTime", "EndTime"):
            if hasattr(found.get(name), "timestamp"):
                found[name] = found[name].timestamp()
        return found

    def metric_data(self, results: Sequence[Result], token: str | None) -> bytes:
        """See :class:`Wire`."""
        parts = [
            _head(5, 3 if token else 2),
            _text("Messages") + _head(4, 0) + _text("MetricDataResults"),
            _head(4, len(results)),
        ]
        for result in results:
            parts += (
                _head(5, 5) + _ID + _text(result.identity),
                _LABEL + _text(result.label),
                _STATUS + _text(result.status),
                _TIMESTAMPS + self._kept.times(result.points, _cbor_times),
                _VALUES + self._kept.values(result.points),
            )
        if token:
            parts.append(_text("NextToken") + _text(token))
        return b"".join(parts)

    def document(self, _operation: str, content: Mapping[str, Any], /) -> bytes:
        """See :class:`Wire`."""
        return cbor2.dumps(content)

    def error(self, code: str, message: str) -> bytes:
        """See :class:`Wire`."""
        return cbor2.dumps({"__type": code, "message": message})


def _head(major: int, size: int) -> bytes:
    # RFC 8949, section 3: the argument stands in the first byte or in the 1, 2 or 4 after it.
    if size < 24:  # noqa: PLR2004 the RFC's limit
        return bytes([major << 5 | size])
    if size < 1 << 8:
        return struct.pack(">BB", major << 5 | 24, size)
    if size < 1 << 16:
        return struct.pack(">BH", major << 5 | 25, size)
    return struct.pack(">BI", major << 5 | 26, size)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _head(3, len(encoded)) + encoded


def _array(items: Sequence[bytes]) -> bytes:
    return _head(4, len(items)) + b"".join(items)


def _cbor_times(times: range) -> bytes:
    return _array([_TAG_EPOCH + _head(0, at) for at in times])


_ID, _LABEL, _STATUS = _text("Id"), _text("Label"), _text("StatusCode")
_TIMESTAMPS, _VALUES = _text("Timestamps"), _text("Values")
