"""TLS for cheroot, and the web configuration that follows its files' changes."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cheroot.makefile import StreamReader, StreamWriter
from cheroot.ssl import Adapter

from web.config import TlsServerConfig, WebConfig
from web.errors import WebError

_log = logging.getLogger(__name__)

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}

_RETRY_SECONDS = 5.0
_Stamp = tuple[tuple[str, int, int, int], ...]


def tls_context(tls: TlsServerConfig) -> ssl.SSLContext:
    """Return the server's context.

    Raises:
        WebError: if a file cannot be read, or the key does not belong to the certificate.
    """
    for path in tls.files:
        try:
            path.read_bytes()
        except OSError as error:
            raise WebError(f"{path}: {error.strerror}") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        # Without the callback OpenSSL would ask the terminal for the key's password.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_password)
    except (OSError, ValueError) as error:
        raise WebError(f"{tls.cert_file}, {tls.key_file}: not a certificate and its key") from error
    if tls.client_ca_file is not None:
        try:
            context.load_verify_locations(tls.client_ca_file)
        except OSError as error:
            raise WebError(f"{tls.client_ca_file}: holds no certificate") from error
    context.verify_mode = _CLIENTS[tls.client_auth_type]
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")


@dataclass(frozen=True)
class _Loaded:
    config: WebConfig
    context: ssl.SSLContext | None
    stamp: _Stamp


class LiveConfig:
    """The web configuration as its files have it now; a broken change keeps what was good.

    Raises:
        WebError: at creation, if the files cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._loaded = _load(path) if path else _Loaded(WebConfig(), None, ())
        self._refused: _Stamp = ()
        self._retry_at = 0.0

    @property
    def users(self) -> Mapping[str, str]:
        """Password hashes (bcrypt) by user."""
        return self._current().config.users

    @property
    def context(self) -> ssl.SSLContext | None:
        """The TLS context, or None where TLS is not asked for."""
        return self._current().context

    def _current(self) -> _Loaded:
        if self._path is None:
            return self._loaded
        with self._lock:
            stamp = _stamp(self._path, self._loaded.config)
            # A file that the refused change names, and that we do not watch, may come later.
            known = stamp == self._refused and time.monotonic() < self._retry_at
            if stamp != self._loaded.stamp and not known:
                self._reload(self._path, stamp)
            return self._loaded

    def _reload(self, path: Path, stamp: _Stamp) -> None:
        try:
            self._loaded = self._replacement(path)
        except WebError as error:
            self._refused = stamp
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            _log.error("%s; the web configuration stays as it was", error)
        else:
            _log.info("%s: web configuration read anew", path)

    def _replacement(self, path: Path) -> _Loaded:
        fresh = _load(path)
        if (fresh.context is None) != (self._loaded.context is None):
            raise WebError(f"{path}: TLS is switched on or off only by a restart")
        return fresh


def _load(path: Path) -> _Loaded:
    # Stamped before reading: a change in between is then seen at the next look.
    before = _stamp(path, WebConfig())
    config = WebConfig.read(path)
    stamp = before + _stamp_files(config)
    return _Loaded(config, tls_context(config.tls) if config.tls else None, stamp)


def _stamp(path: Path, config: WebConfig) -> _Stamp:
    return (_look(path), *_stamp_files(config))


def _stamp_files(config: WebConfig) -> _Stamp:
    return tuple(_look(path) for path in config.tls.files) if config.tls else ()


def _look(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (str(path), 0, 0, 0)
    return (str(path), found.st_mtime_ns, found.st_size, found.st_ino)


class LiveAdapter(Adapter):
    """Hands every new connection the context of the moment.

    The handshake is left to the worker that serves the connection: in the accepting thread, as
    cheroot has it, one silent client would keep everybody else waiting.
    """

    def __init__(self, config: LiveConfig) -> None:
        self._config = config

    def bind(self, sock: Any) -> Any:
        """Return the listening socket as it is."""
        return sock

    def wrap(self, sock: Any) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """Return the connection under TLS, not yet shaken hands, and its WSGI environment."""
        context = self._config.context
        if context is None:
            raise WebError("the web configuration asks for no TLS")
        wrapped = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        """Return what TLS adds to the WSGI environment."""
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        """Return a buffered file over the connection."""
        return (StreamReader if "r" in mode else StreamWriter)(sock, mode, bufsize)
