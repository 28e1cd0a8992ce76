"""What goes wrong with the database."""

from __future__ import annotations

from typing import Annotated, Literal

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.timestreaminfluxdb.models import timestreaminfluxdb_backends
from pydantic import Field

from simulator.faults.deployments import Share
from simulator.faults.ground import Fault, Ground, Injected

_GIB = 1024**3


class SlowInflux(Fault):
    """Make every write to InfluxDB take ``seconds``."""

    kind: Literal["slow_influx"]
    seconds: Annotated[float, Field(gt=0)]

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Slow down."""

        def delay() -> float:
            if injected.first_failure is None:
                injected.first_failure = ground.now()
            return self.seconds

        def well() -> None:
            ground.influxdb.write_delay = lambda: 0.0

        ground.influxdb.write_delay = delay
        injected.undo.append(well)


class DiskFills(Fault):
    """Let the instance's disk be full to ``share`` of what is allocated now."""

    kind: Literal["influx_disk_fills"]
    share: Share

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Fill it."""
        before = ground.workload.disk_used
        backend = timestreaminfluxdb_backends[DEFAULT_ACCOUNT_ID][ground.aws.region]
        for instance in backend.db_instances.values():
            if instance.name == ground.inventory.influxdb.instance:
                ground.workload.disk_used = self.share * instance.allocated_storage * _GIB
        injected.first_failure = injected.since
        injected.undo.append(lambda: setattr(ground.workload, "disk_used", before))
