"""Listen addresses as Prometheus writes them: ``127.0.0.1:9910``, ``[::1]:9910``."""

from __future__ import annotations

from dataclasses import dataclass

_MAX_PORT = 65_535


@dataclass(frozen=True)
class Address:
    """A host, without brackets, and a port; port 0 asks for a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return the address as it is written."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Return the address that ``text`` names.

    Raises:
        ValueError: if it is not ``host:port``, with an IPv6 host in brackets.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
        raise ValueError(f"'{text}' is not an address such as 127.0.0.1:9910: bad port")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if ":" not in host:
            raise ValueError(f"'{text}': brackets are for IPv6 hosts only")
    elif ":" in host:
        raise ValueError(f"'{text}': an IPv6 host stands in brackets, such as [::1]:9910")
    if not host:
        # Prometheus reads ':9910' as every address; that should be somebody's explicit wish.
        raise ValueError(f"'{text}' names no host; say 0.0.0.0 or [::] to listen on every address")
    return Address(host, int(port))
