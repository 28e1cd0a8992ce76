"""Real servers on 127.0.0.1 that answer byte by byte as a test says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

Behave = Callable[[socket.socket, bytes], None]
"""What a server does with a connection, given the head of the request."""


class Server:
    """Accepts connections, each in a thread; ``heads`` are the requests that came."""

    def __init__(self, behave: Behave, tls: ssl.SSLContext | None = None) -> None:
        self._behave = behave
        self._tls = tls
        self.heads: list[bytes] = []
        self._serving: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    @property
    def busy(self) -> bool:
        """Whether any connection is still being served."""
        return any(thread.is_alive() for thread in self._serving)

    def stop(self) -> None:
        """Accept nothing more, and let what hangs go."""
        self.stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._serving.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            served = connection
            if self._tls is not None:
                served = self._tls.wrap_socket(connection, server_side=True)
            with served:
                head = b""
                while b"\r\n\r\n" not in head and (piece := served.recv(4096)):
                    head += piece
                self.heads.append(head)
                self._behave(served, head)


def answer(status: int, body: bytes = b"ok", **headers: str) -> Behave:
    """Answer with this status, body and headers."""
    lines = [f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda connection, _head: connection.sendall(whole)


def silent(stopping: Callable[[], threading.Event]) -> Behave:
    """Take the request and never answer."""

    def wait(_connection: socket.socket, _head: bytes) -> None:
        stopping().wait()

    return wait


def dripping(start: bytes, stopping: Callable[[], threading.Event]) -> Behave:
    """Send ``start``, then a byte every 50 ms until the other side or the test has enough."""

    def drip(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(start)
        while not stopping().wait(0.05):
            connection.sendall(b"x")

    return drip
