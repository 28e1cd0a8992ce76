"""Listening for the embedded servers: a taken port is an error that the caller can tell."""

from __future__ import annotations

import socket
from wsgiref.types import WSGIApplication

from werkzeug.serving import LISTEN_QUEUE, BaseWSGIServer, WSGIRequestHandler, make_server


def listen(
    host: str, port: int, app: WSGIApplication, handler: type[WSGIRequestHandler]
) -> BaseWSGIServer:
    """Return a threaded server of ``app`` whose socket is bound; port 0 takes a free one.

    Raises:
        OSError: if the address cannot be listened on, where Werkzeug would end the process.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=LISTEN_QUEUE) as bound:
        taken = bound.getsockname()[1]
        return make_server(
            host, taken, app, threaded=True, request_handler=handler, fd=bound.fileno()
        )
