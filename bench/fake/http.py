"""HTTP/1.1 as far as AWS' clients need it, on asyncio: kept connections, stated lengths."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from bench.fake.service import Call, Reply

_END = b"\r\n\r\n"
Handle = Callable[[Call], Reply | None]


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    def __init__(self, handle: Handle, connections: set[Connection]) -> None:
        self._handle = handle
        self._connections = connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 a TCP server has no other
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the connection."""
        self._connections.discard(self)

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while (call := self._next()) is not None:
            self._answer(self._handle(call))

    def _next(self) -> Call | None:
        end = self._buffer.find(_END)
        if end < 0:
            return None
        first, *rest = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in rest)
        }
        stop = end + len(_END) + int(headers.get("content-length", 0))
        if len(self._buffer) < stop:
            return None
        body = bytes(self._buffer[end + len(_END) : stop])
        del self._buffer[:stop]
        method, path, _ = first.split(" ")
        return Call(method, path, headers, body)

    def _answer(self, reply: Reply | None) -> None:
        if reply is None or self._transport is None:
            return
        head = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        head += [f"{name}: {value}" for name, value in reply.headers]
        head += [f"Content-Length: {len(reply.body)}", "", ""]
        self._transport.writelines(("\r\n".join(head).encode(), reply.body))
