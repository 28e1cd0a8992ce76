"""A CloudWatch that does as told, over real sockets, and a relay that can be cut."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

from simulator.processes import free_port

_READS = 65_536


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The JSON of its body."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def access_key(self) -> str:
        """Whose key signed it."""
        return re.findall(r"Credential=([^/]+)/", self.headers["authorization"])[0]

    def signature_is_right(self, secret: str) -> bool:
        """Whether it is signed as the Signature Version 4 documentation demands."""
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=[^/]+/(\d+)/([^/]+)/([^/]+)/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=([0-9a-f]+)",
            self.headers["authorization"],
        )
        assert found is not None
        *scope, signed, signature = found.groups()
        lines = [f"{name}:{self.headers[name]}\n" for name in signed.split(";")]
        digest = hashlib.sha256(self.body).hexdigest()
        canonical = f"POST\n/\n\n{''.join(lines)}\n{signed}\n{digest}"
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256",
                self.headers["x-amz-date"],
                "/".join((*scope, "aws4_request")),
                hashlib.sha256(canonical.encode()).hexdigest(),
            )
        )
        key = f"AWS4{secret}".encode()
        for part in (*scope, "aws4_request", text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key.hex() == signature


Step = Callable[[Asked], Iterable[bytes]]
"""What one request is answered with, piece by piece; the connection is closed after the last."""


def http(body: bytes, status: int = 200, length: int | None = None) -> bytes:
    """Return a whole HTTP answer, which may lie about its length."""
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {length or len(body)}\r\n\r\n"
    return head.encode() + body


def page(*results: dict[str, Any], **more: Any) -> Step:
    """Answer with these results."""
    document = {"MetricDataResults": list(results), "Messages": [], **more}
    return lambda _asked: [http(json.dumps(document).encode())]


def result(identity: str, points: dict[int, Any], status: str = "Complete") -> dict[str, Any]:
    """Return one query's result."""
    times = [float(at) for at in points]
    values = list(points.values())
    return {"Id": identity, "StatusCode": status, "Timestamps": times, "Values": values}


def ones(asked: Asked) -> Iterable[bytes]:
    """Answer every query with a one at the window's start."""
    at, queries = asked.document["StartTime"], asked.document["MetricDataQueries"]
    return page(*(result(query["Id"], {at: 1.0}) for query in queries))(asked)


def refuse(code: str, status: int = 400) -> Step:
    """Answer with an error."""
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "told to"}).encode()
    return lambda _asked: [http(body, status)]


def raw(*pieces: bytes) -> Step:
    """Answer with these bytes and close."""
    return lambda _asked: pieces


class Scripted:
    """Answers each request with the next step, and with ``otherwise`` when there is none left."""

    def __init__(
        self, *script: Step, otherwise: Step = ones, tls: ssl.SSLContext | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self.at_once = self.most_at_once = 0
        self.stopping = threading.Event()
        self.script = list(script)
        self.otherwise = otherwise
        self._lock = threading.Lock()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    outer._serve(self.rfile, self.connection)  # type: ignore[arg-type]  # a BufferedReader

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # of a handshake
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def hang(self, _asked: Asked) -> Iterable[bytes]:
        """Never answer."""
        self.stopping.wait(30)
        return ()

    def trickle(self, _asked: Asked) -> Iterable[bytes]:
        """Answer a byte at a time, for ever."""
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        while not self.stopping.wait(0.05):
            yield b" "

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, reader: BinaryIO, connection: socket.socket) -> None:
        while asked := _read(reader):
            with self._lock:
                self.asked.append(asked)
                step = self.script.pop(0) if self.script else self.otherwise
                self.at_once += 1
                self.most_at_once = max(self.at_once, self.most_at_once)
            whole = False
            try:
                for piece in step(asked):
                    connection.sendall(piece)
                    whole = _is_whole(piece)
            finally:
                with self._lock:
                    self.at_once -= 1
            if not whole:
                return


def _read(reader: BinaryIO) -> Asked | None:
    line = reader.readline().decode().strip()
    headers: dict[str, str] = {}
    while header := reader.readline().decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    if not line:
        return None
    return Asked(line, headers, reader.read(int(headers.get("content-length", 0))))


def _is_whole(piece: bytes) -> bool:
    head, _, body = piece.partition(b"\r\n\r\n")
    return f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")


class Relay:
    """Passes connections on to ``target``; cut, it refuses them and drops those that it has."""

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def join(self) -> None:
        """Pass connections on."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Drop everything and accept nothing more."""
        if self._listener is not None:
            # Closing alone would leave the thread that accepts where it is.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open.clear()
        self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_READS):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
