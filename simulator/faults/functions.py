"""Functions that fail whatever version serves, and files that are damaged."""

from __future__ import annotations

from typing import Literal

from simulator.faults.deployments import Share
from simulator.faults.ground import Fault, Ground, Injected
from simulator.workload import Trouble


class FailingFunction(Fault):
    """Let ``error_share`` of a function's invocations fail, as when what it relies on is gone."""

    kind: Literal["failing_function"]
    function: str
    error_share: Share

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Let it fail in every version."""
        trouble = Trouble(self.function, self.error_share)
        ground.workload.troubles.append(trouble)
        injected.undo.append(lambda: ground.workload.troubles.remove(trouble))
        injected.hurts(ground, lambda one: one.function == self.function)


class CorruptData(Fault):
    """Let ``share`` of the files that ``function`` stores be damaged: its own check finds them."""

    kind: Literal["corrupt_data"]
    function: str
    share: Share

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Damage files from now on."""
        trouble = Trouble(self.function, self.share, corrupts=True)
        ground.workload.troubles.append(trouble)
        injected.undo.append(lambda: ground.workload.troubles.remove(trouble))
        injected.first_failure = injected.since
