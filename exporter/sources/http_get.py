"""One HTTP GET under a deadline of its own: what it answered, how soon, under which certificate.

Written on ``http.client``: names, handshake, headers and body end together at the deadline, also
where a server drips, and nothing here logs or raises the URL, which may hold a secret. Neither
proxies nor ``.netrc`` are read: what is asked is the address itself.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, requote_uri

MOST_REDIRECTS = 3
MOST_BODY = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SHORTEST = 0.001


class Failure(StrEnum):
    """Why there was no whole answer."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    ANSWER = "invalid_answer"
    REDIRECT = "redirect"


@dataclass(frozen=True)
class Answer:
    """What came of a GET.

    ``status`` is the last one seen, also where a redirect was not followed; ``expires`` is when
    the first of the verified certificates does, in unix seconds. ``body`` is empty unless it was
    to be kept.
    """

    seconds: float
    status: int | None = None
    expires: float | None = None
    failure: Failure | None = None
    body: bytes = b""

    @property
    def up(self) -> bool:
        """Whether it was answered with success, in time."""
        return self.failure is None and self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 HTTP's class


class RedirectError(Exception):
    """A redirect that is not followed: too many, or away from HTTPS."""


def verifying() -> ssl.SSLContext:
    """Return a context that trusts the system's authorities and those that come with requests."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


class Get:
    """A GET under way, in a thread of its own, for ``seconds`` at most.

    ``keep`` is the most bytes of a body that are wanted whole: one that is longer, or ends too
    early, is an invalid answer.
    """

    def __init__(self, url: str, tls: ssl.SSLContext, seconds: float, keep: int = 0) -> None:
        self._url = url
        self._tls = tls
        self._keep = keep
        self._body = b""
        self._started = time.monotonic()
        self._until = self._started + seconds
        self._status: int | None = None
        self._expires: float | None = None
        self._answer: Answer | None = None
        self._socket: socket.socket | None = None
        self._over = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="http-get", daemon=True)
        self._thread.start()

    def wait(self) -> Answer:
        """Return what came of it, at the deadline at the latest."""
        self._thread.join(max(0.0, self._until - time.monotonic()))
        # Judged before the cut: a reader takes the end of a cut connection for that of the answer.
        answer = self._answer or self._ended(Failure.TIMEOUT)
        self._cut()
        return answer

    def _cut(self) -> None:
        with self._lock:
            self._over = True
            if self._socket is not None:
                with suppress(OSError):
                    # Not the TLS socket's own shutdown, which would pull its state from a reader.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _hold(self, held: socket.socket) -> None:
        with self._lock:
            if self._over:
                raise TimeoutError
            self._socket = held

    def _ended(self, failure: Failure | None) -> Answer:
        seconds = time.monotonic() - self._started
        body = self._body if failure is None else b""
        return Answer(seconds, self._status, self._expires, failure, body)

    def _run(self) -> None:
        failure: Failure | None = Failure.ANSWER
        try:
            self._follow()
            failure = None
        except RedirectError:
            failure = Failure.REDIRECT
        except ssl.SSLError:
            failure = Failure.TLS
        except TimeoutError:
            failure = Failure.TIMEOUT
        except (http.client.HTTPException, ValueError):
            failure = Failure.ANSWER
        except OSError:
            failure = Failure.UNREACHABLE
        finally:
            self._answer = self._ended(failure)

    def _follow(self) -> None:
        url = urlsplit(requote_uri(self._url))
        for _ in range(MOST_REDIRECTS + 1):
            location = self._get(url)
            if self._status not in _REDIRECTS or location is None:
                return
            target = urlsplit(requote_uri(urljoin(url.geturl(), location)))
            if url.scheme == "https" != target.scheme:
                raise RedirectError
            url = target
        raise RedirectError

    def _get(self, url: SplitResult) -> str | None:
        """Send one request; return where it redirects to."""
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError("not an HTTP URL")
        with ExitStack() as held:
            connection = _connection(url, self._tls)
            connection.sock = self._connect(url, held)
            connection.request("GET", _target(url), headers=_headers(url))
            response = connection.getresponse()
            self._status = response.status
            self._body = self._read(response)
            return response.getheader("Location")

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        most = self._keep + 1 if self._keep else MOST_BODY
        body = bytearray()
        while len(body) < most and (piece := response.read1(most - len(body))):
            body += piece
        if self._keep and (len(body) == most or response.length):
            raise http.client.IncompleteRead(b"")
        return bytes(body)

    def _connect(self, url: SplitResult, held: ExitStack) -> socket.socket:
        secure, host = url.scheme == "https", str(url.hostname)
        default = http.client.HTTPS_PORT if secure else http.client.HTTP_PORT
        left = max(_SHORTEST, self._until - time.monotonic())
        plain = socket.create_connection((host, url.port or default), timeout=left)
        held.callback(plain.close)
        self._hold(plain)
        if not secure:
            return plain
        # The handshake apart from the wrapping, so that it too can be cut.
        wrapped = self._tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        held.callback(wrapped.close)
        self._hold(wrapped)
        wrapped.do_handshake()
        until = (wrapped.getpeercert() or {}).get("notAfter")
        if isinstance(until, str):
            expires = float(ssl.cert_time_to_seconds(until))
            self._expires = min(expires, self._expires or expires)
        return wrapped


def _connection(url: SplitResult, tls: ssl.SSLContext) -> http.client.HTTPConnection:
    host = str(url.hostname)
    if url.scheme == "https":
        return http.client.HTTPSConnection(host, url.port, context=tls)
    return http.client.HTTPConnection(host, url.port)


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def _headers(url: SplitResult) -> dict[str, str]:
    headers = {"User-Agent": "vigia", "Accept": "*/*", "Connection": "close"}
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return headers
