"""Bodies put together from pieces that are kept, and compressed piece by piece.

A compressed piece is a run of deflate blocks that ends on a byte and refers to nothing before it
(RFC 1951), so that the pieces of a body, one after another, are one gzip member (RFC 1952): a
change of one family compresses that family, not four megabytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

_LEVEL = 1
_RAW = -zlib.MAX_WBITS
# No name, no time, "fastest", unknown system: the same bytes always.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_FINAL_BLOCK = b"\x03\x00"
_MODULO = 0xFFFF_FFFF


class Piece:
    """Bytes, and what they compress to once somebody asks."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain

    @cached_property
    def deflated(self) -> bytes:
        """The compressed blocks."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        return packer.compress(self.plain) + packer.flush(zlib.Z_FULL_FLUSH)


@dataclass(frozen=True)
class Body:
    """One format's bytes; the first scrape that wants them compressed does the work for all."""

    content_type: str
    pieces: Sequence[Piece]

    @property
    def plain(self) -> bytes:
        """The text."""
        return b"".join(piece.plain for piece in self.pieces)

    @cached_property
    def gzipped(self) -> bytes:
        """The text compressed, always into the same bytes."""
        check = size = 0
        for piece in self.pieces:
            check = zlib.crc32(piece.plain, check)
            size += len(piece.plain)
        blocks = (piece.deflated for piece in self.pieces)
        trailer = struct.pack("<LL", check, size & _MODULO)
        return b"".join((_HEADER, *blocks, _FINAL_BLOCK, trailer))
