"""moto's dispatcher, made once in a process: it keeps no state, and to make it takes long.

What moto remembers is in its backends. Its dispatcher looks through its own folder on every
request for what never changes: that is asked once for each host.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app


class _Dispatcher(DomainDispatcherApplication):
    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the name of the backend that answers for a host."""
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


@cache
def dispatcher() -> DomainDispatcherApplication:
    """Return the dispatcher of this process."""
    return _Dispatcher()
