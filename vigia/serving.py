"""Serving a WSGI application until a signal says to stop."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from wsgiref.types import WSGIApplication

from vigia.exits import CommandError, Exit
from web.address import parse_address
from web.errors import WebError
from web.server import WebServer

_GLANCE = 0.5


def add_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the options that every server takes."""
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        default=default,
        metavar="HOST:PORT",
        help=f"where to listen (default {default})",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config",
        type=Path,
        metavar="FILE",
        help="TLS and users, in the form of Prometheus' exporter-toolkit",
    )


def stop_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopped


def wait_until(stopped: threading.Event) -> None:
    """Block until ``stopped`` is set by a signal, whichever thread the signal interrupts.

    Python runs handlers in the main thread once that runs again: while it blocks without an end, a
    signal that came just before, or to another thread, would be noticed with the next one only.
    """
    while not stopped.wait(_GLANCE):
        pass


def serve(
    args: argparse.Namespace,
    app: WSGIApplication,
    start: Callable[[], None],
    stop: Callable[[], None],
    *,
    max_body: int,
) -> int:
    """Serve ``app`` between ``start`` and ``stop`` until a signal comes.

    Raises:
        CommandError: if the address or the web configuration cannot be used.
    """
    stopped = stop_signal()
    try:
        server = WebServer(
            app, parse_address(args.listen_address), args.web_config, max_body=max_body
        )
        server.start()
    except (WebError, ValueError) as error:
        raise CommandError(Exit.USAGE, str(error)) from error
    except OSError as error:
        raise CommandError(Exit.USAGE, f"{args.listen_address}: {error.strerror}") from error
    try:
        start()
        wait_until(stopped)
    finally:
        server.stop()
        stop()
    return Exit.FINE
