"""Scraping as Prometheus does: kept connections, gzip, and nothing unpacked on the clock."""

from __future__ import annotations

import gzip
import http.client
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

_HEADERS = {
    "Accept": "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
}
_PATIENCE = 120.0


class ScrapeError(Exception):
    """A scrape that brought no exposition."""


@dataclass(frozen=True)
class Latency:
    """Seconds until an exposition was whole, over ``count`` scrapes by ``scrapers`` at once."""

    scrapers: int
    count: int
    median: float
    p99: float

    @classmethod
    def of(cls, scrapers: int, taken: Sequence[float]) -> Latency:
        """Return the quantiles of durations, by nearest rank."""
        ranked = sorted(taken)
        return cls(scrapers, len(ranked), _rank(ranked, 0.5), _rank(ranked, 0.99))


def _rank(ranked: Sequence[float], quantile: float) -> float:
    return ranked[max(0, math.ceil(quantile * len(ranked)) - 1)]


class Scraper:
    """One connection to an exporter."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=_PATIENCE
        )

    def packed(self) -> bytes:
        """Return the body as it came.

        Raises:
            ScrapeError: if none came.
        """
        return self._get("/metrics", _HEADERS)[1]

    def text(self) -> str:
        """Return the exposition.

        Raises:
            ScrapeError: if none came.
        """
        body = self.packed()
        return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()

    def status(self, path: str) -> int:
        """Return the status of a page; 0 when it did not answer."""
        try:
            return self._get(path, {})[0]
        except ScrapeError:
            return 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _get(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            try:
                status, body = self._ask(path, headers)
            except (http.client.RemoteDisconnected, ConnectionResetError):
                # Servers close connections that were idle for long.
                status, body = self._ask(path, headers)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ScrapeError(f"{path}: {error}") from error
        if path == "/metrics" and status != http.client.OK:
            raise ScrapeError(f"{path} answered {status}")
        return status, body

    def _ask(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def load(url: str, scrapers: int, seconds: float, most: int) -> Latency:
    """Scrape with ``scrapers`` connections at once, each one scrape after the other.

    Each ends after ``seconds`` or ``most`` scrapes, the one under way still finished.
    """
    with ThreadPoolExecutor(scrapers) as pool:
        taken = list(pool.map(lambda _: _scrape(url, seconds, most), range(scrapers)))
    return Latency.of(scrapers, [duration for each in taken for duration in each])


def _scrape(url: str, seconds: float, most: int) -> list[float]:
    scraper = Scraper(url)
    end = time.perf_counter() + seconds
    taken: list[float] = []
    try:
        # The first opens the connection: it counts only where there was no time for another.
        first = _timed(scraper)
        while len(taken) < most and time.perf_counter() < end:
            taken.append(_timed(scraper))
    finally:
        scraper.close()
    return taken or [first]


def _timed(scraper: Scraper) -> float:
    begun = time.perf_counter()
    scraper.packed()
    return time.perf_counter() - begun
