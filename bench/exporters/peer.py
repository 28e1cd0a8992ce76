"""What every exporter under measurement has in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.fake_cloudwatch import FakeCloudWatch
from simulator.processes import Child

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",  # of the fake, which asks for none
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


class AbsentError(Exception):
    """A peer that cannot be had on this machine; its text says why."""


@dataclass(frozen=True)
class Timing:
    """The compressed day: every real duration is divided by ``factor``.

    ``period`` is the compressed period (a minute in production), ``lag`` how long after its end a
    period is believed; both in real seconds, the same for every exporter.
    """

    factor: float

    @property
    def period(self) -> int:
        """Seconds between two cycles, and the length of CloudWatch's period."""
        return round(60 / self.factor)

    @property
    def lag(self) -> int:
        """Seconds that a period's end must be past."""
        return 2 * self.period


@dataclass(frozen=True)
class Running:
    """A started exporter.

    ``errors`` is the metric that shows a function's errors, ``invocations`` that of its
    invocations, ``label`` the label that names the function, ``health`` the health page's path.
    """

    child: Child
    url: str
    invocations: str
    errors: str
    label: str
    health: str

    def functions(self, body: str) -> int:
        """Count the functions whose invocations are shown in an exposition."""
        return body.count(f"\n{self.invocations}{{")


class Peer(Protocol):
    """An exporter that can be started against the fake AWS."""

    name: str
    version: str
    decoupled: bool
    """Whether it collects by itself; otherwise a scrape is what makes it collect."""
    warm_up: int
    """Cycles until it goes on in the same way for ever."""

    def start(self, fake: FakeCloudWatch, timing: Timing, directory: Path) -> Running:
        """Start the exporter; it need not be ready."""
        ...
