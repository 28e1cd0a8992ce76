"""A WSGI server on cheroot, with limits, security headers and a graceful stop."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from cheroot.errors import MaxSizeExceeded
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.wsgi import Server

from web.address import Address
from web.errors import WebError
from web.security import VERIFIED, guarded, hardened
from web.tls import LiveAdapter, LiveConfig

_log = logging.getLogger(__name__)

_HEADER_BYTES = 16 * 1024
_BACKLOG = 128
_IDLE_SECONDS = 10
_DRAIN_SECONDS = 2.0
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 names what is listened on


class _Headers(HeaderReader):
    def _allow_header(self, key_name: bytes) -> bool:
        # 'X_Y' would reach the application under the name of 'X-Y'.
        return b"_" not in key_name


class _Request(HTTPRequest):
    header_reader = _Headers()

    def read_request_headers(self) -> bool:
        """Read the headers; refuse a body whose length is not stated or is beyond the limit."""
        try:
            accepted = bool(super().read_request_headers())  # type: ignore[no-untyped-call]
        except MaxSizeExceeded:
            accepted = False
            self.simple_response("431 Request Header Fields Too Large", "Send fewer headers.")
        if not accepted:
            self._drain()
            return False
        if self.chunked_read:
            self.simple_response("411 Length Required", "Send a Content-Length.")
            self._drain()
            return False
        if not self.inheaders.get(b"Content-Length", b"0").isdigit():
            self.simple_response("400 Bad Request", "Malformed Content-Length Header.")
            return False
        return True

    def send_headers(self) -> None:
        """Send the headers; close the connection afterwards where the application says so."""
        asked = any(
            (name.lower(), value.lower()) == (b"connection", b"close")
            for name, value in self.outheaders
        )
        super().send_headers()
        # Not before: what is left of the body must be read, or the client would lose our answer.
        self.close_connection = self.close_connection or asked

    def _drain(self) -> None:
        # Closing with unread bytes resets the connection, and the client would lose our answer.
        deadline = time.monotonic() + _DRAIN_SECONDS
        try:
            if not isinstance(self.conn.socket, ssl.SSLSocket):
                self.conn.socket.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self.conn.socket.settimeout(left)
                if not self.conn.socket.recv(65_536):
                    return
        except OSError:
            return


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request
    _shaken = False

    def communicate(self) -> bool:
        """Serve one request; under TLS, shake hands before the first."""
        if not self._shaken and isinstance(self.socket, ssl.SSLSocket):
            try:
                self.socket.do_handshake()
            except OSError as error:
                _log.debug("TLS handshake with %s failed: %s", self.remote_addr, error)
                return False
            self._shaken = True
            # Empty where the client showed none; what does not verify ends the handshake.
            certificate = self.socket.getpeercert()
            self.ssl_env = {**(self.ssl_env or {}), VERIFIED: bool(certificate)}
        return bool(super().communicate())  # type: ignore[no-untyped-call]


class _Server(Server):
    ConnectionClass = _Connection
    max_request_header_size = _HEADER_BYTES

    def process_conn(self, conn: Any) -> None:
        """Queue a connection for a worker, a new one only once it has said something."""
        if conn.last_used is None:
            self._connections.put(conn)  # type: ignore[attr-defined]  # cheroot's own, not in its stub
        else:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 cheroot's signature
        """Log through logging; what clients did wrong only when debugging."""
        shown = level if level >= logging.ERROR else logging.DEBUG
        _log.log(shown, "%s", msg, exc_info=traceback)


class WebServer:
    """Serves ``app`` on ``address``, with TLS and users as ``config_file`` says.

    ``max_body`` bounds a request's body in bytes; a longer one is answered 413 unread.
    ``patience`` is how many seconds ``stop`` waits for requests in flight.

    Raises:
        WebError: if the configuration file cannot be used.
    """

    def __init__(
        self,
        app: WSGIApplication,
        address: Address,
        config_file: Path | None = None,
        threads: int = 8,
        *,
        max_body: int = 1024 * 1024,
        patience: float = 10,
    ) -> None:
        self._address = address
        self._patience = patience
        self._config = LiveConfig(config_file)
        self._scheme = "http"
        self._server = _Server(
            (address.host, address.port),
            hardened(guarded(app, lambda: self._config.users)),
            numthreads=threads,
            max=threads,
            server_name="vigia",
            request_queue_size=_BACKLOG,
            timeout=_IDLE_SECONDS,
            accepted_queue_size=_BACKLOG,
            accepted_queue_timeout=1,
        )
        self._server.shutdown_timeout = patience
        self._server.max_request_body_size = max_body
        if self._config.context is not None:
            self._scheme = "https"
            self._server.ssl_adapter = LiveAdapter(self._config)
        self._bound = threading.Event()
        self._refused: OSError | None = None
        # cheroot's workers inherit being daemons: one that hangs cannot keep the process alive.
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    @property
    def url(self) -> str:
        """The server's URL; after ``start`` with the port that is really listened on."""
        host, port = self._server.bind_addr[:2]
        return f"{self._scheme}://{Address(_WILDCARDS.get(host, host), port)}"

    def start(self) -> WebServer:
        """Listen and serve; the socket is bound when this returns.

        Raises:
            WebError: if the address cannot be listened on.
        """
        self._thread.start()
        self._bound.wait()
        if self._refused is not None:
            raise WebError(f"cannot listen on {self._address}: {_reason(self._refused)}")
        return self

    def stop(self) -> None:
        """Stop accepting, finish the requests in flight, and close."""
        closing = threading.Thread(target=self._server.stop, name="web-stop", daemon=True)
        closing.start()
        closing.join(self._patience + 2)
        if self._thread.is_alive():
            self._thread.join(2)

    def _serve(self) -> None:
        try:
            self._server.prepare()
        except OSError as error:
            self._refused = error
            return
        finally:
            self._bound.set()
        self._server.serve()


def _reason(error: OSError) -> str:
    # cheroot joins every attempt into one text and keeps the first cause behind it.
    cause = error.__cause__ or error.__context__
    return getattr(cause, "strerror", None) or str(error)
