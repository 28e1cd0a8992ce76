"""The embedded platform by itself, for a Vigia that runs elsewhere: AWS, InfluxDB, and traffic."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack

from werkzeug.wrappers import Request, Response

from inventory.model import Inventory
from simulator.aws.server import EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.layout import HEALTH
from simulator.seed import seed
from simulator.workload import Workload
from web.address import Address

HEALTHY = "/-/healthy"
_METRIC_LAG = 1.0
# It may run for weeks: hours of what happens every second are more than anything asks for.
_MOST_SECONDS = 10_000
_MOST_EVENTS = 50_000
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Platform:
    """What the inventory describes, seeded and at work, on two addresses.

    ``influxdb_token`` is the one token that InfluxDB takes; AWS takes any credentials. ``now``
    returns unix seconds.

    Raises:
        OSError: if an address cannot be listened on.
    """

    def __init__(
        self,
        inventory: Inventory,
        aws: Address,
        influxdb: Address,
        influxdb_token: str,
        now: Callable[[], float],
    ) -> None:
        self._inventory = inventory
        self._now = now
        self._stack = ExitStack()
        with ExitStack() as undo:
            self.aws = EmbeddedAws(inventory.aws.region, now, aws.port, aws.host)
            undo.callback(self.aws.stop)
            self.influxdb = InfluxStandIn(
                inventory.influxdb.bucket,
                influxdb_token,
                influxdb.port,
                org=inventory.influxdb.org,
                host=influxdb.host,
            )
            undo.callback(self.influxdb.stop)
            self._stack = undo.pop_all()
        self.aws.metrics.lag = _METRIC_LAG
        self.aws.metrics.most = _MOST_SECONDS
        self.aws.logs.keep = _MOST_EVENTS
        self.workload = Workload(
            self.aws,
            self.influxdb,
            inventory,
            now,
            random.Random(7),  # noqa: S311 traffic
        )
        self._stack.callback(self.workload.stop)
        _pages(self.aws, self.workload)

    def start(self) -> None:
        """Serve, seed, and begin the traffic; healthy from then on."""
        self.influxdb.start()
        self.aws.start()
        seed(self.aws, self._inventory, self._now)
        self.workload.start()

    def stop(self) -> None:
        """End the traffic, then the servers."""
        self._stack.close()


def _pages(aws: EmbeddedAws, workload: Workload) -> None:
    """Answer what nobody signed: how the platform and its API are, and to all else no, as AWS."""

    def healthy(_request: Request, _found: dict[str, str]) -> Response:
        running = workload.is_running()
        return Response("running\n" if running else "no traffic\n", 200 if running else 503)

    def health(_request: Request, _found: dict[str, str]) -> Response:
        well = workload.is_well()
        return Response("ok\n" if well else "unhealthy\n", 200 if well else 503)

    def refuse(_request: Request, _found: dict[str, str]) -> Response:
        return Response("MissingAuthenticationToken\n", 403)

    aws.front.route("", "GET", HEALTHY, healthy)
    aws.front.route("", "GET", HEALTH, health)
    for method in _METHODS:
        # moto's own pages would let anybody reset the platform.
        aws.front.route("", method, ".*", refuse)
