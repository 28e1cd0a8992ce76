"""HTTP/1.1 as far as AWS' clients need it, on asyncio: kept connections, and CONNECT with TLS.

A client whose endpoint cannot be set goes through CONNECT: it believes it has a proxy, and its TLS
ends here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from http import HTTPStatus

from bench.fake.service import Call, Reply

_END = b"\r\n\r\n"
Handle = Callable[[Call], Reply | None]


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    def __init__(
        self,
        handle: Handle,
        connections: set[Connection],
        context: ssl.SSLContext | None,
    ) -> None:
        self._handle = handle
        self._connections = connections
        self._context = context
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

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
            if call.method == "CONNECT":
                self._begin_tls()
                return
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
        length = int(headers.get("content-length", 0))
        stop = end + len(_END) + length
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

    def _begin_tls(self) -> None:
        if self._transport is None or self._context is None:
            self.abort()
            return
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        task = asyncio.ensure_future(self._tls(self._transport, self._context))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tls(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(transport, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            transport.abort()
            return
        self._transport = secured
