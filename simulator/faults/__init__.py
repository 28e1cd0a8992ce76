"""Faults of the embedded platform: plain data by kind, injected and taken out again."""

from __future__ import annotations

import threading
from typing import Annotated

from pydantic import Field

from simulator.faults.deployments import BadDeploy, OperatorDeploys, StuckDeployment
from simulator.faults.flags import BadFlag, FlagOn
from simulator.faults.functions import CorruptData, FailingFunction
from simulator.faults.ground import Fault, Ground, Injected
from simulator.faults.influxdb import DiskFills, SlowInflux
from simulator.faults.outages import AwsDown, ProgramDown

__all__ = ["AnyFault", "BadDeploy", "Fault", "Faults", "Ground", "Injected"]

AnyFault = Annotated[
    AwsDown
    | BadDeploy
    | BadFlag
    | CorruptData
    | DiskFills
    | FailingFunction
    | FlagOn
    | OperatorDeploys
    | ProgramDown
    | SlowInflux
    | StuckDeployment,
    Field(discriminator="kind"),
]


class Faults:
    """The faults that are on in one embedded platform."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._lock = threading.Lock()
        self.active: list[Injected] = []

    def inject(self, fault: Fault) -> Injected:
        """Switch a fault on."""
        injected = Injected(fault, self.ground.now())
        with self._lock:
            self.active.append(injected)
        fault.inject(self.ground, injected)
        return injected

    def clear(self, injected: Injected) -> None:
        """Switch a fault off; nothing happens where it is off already."""
        with self._lock:
            if injected not in self.active:
                return
            self.active.remove(injected)
        while injected.undo:
            injected.undo.pop()()
        injected.until = self.ground.now()
