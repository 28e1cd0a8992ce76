"""What Vigia itself relies on is away."""

from __future__ import annotations

from typing import Literal

from simulator.faults.ground import Fault, Ground, Injected

CALLERS = frozenset({"exporter", "remediations"})
"""The access keys of our programs; the platform goes on, only nobody can reach AWS' APIs."""


class AwsDown(Fault):
    """Let every call of ours to AWS be answered by 503."""

    kind: Literal["aws_down"]

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Refuse everything."""
        front = ground.aws.front
        fault = front.fail("*", "*", code="ServiceUnavailable", status=503, callers=CALLERS)
        injected.first_failure = injected.since
        injected.undo.append(lambda: front.repair(fault))


class ProgramDown(Fault):
    """Kill ``program`` outright; clearing starts it again with what it had stored."""

    kind: Literal["program_down"]
    program: Literal["prometheus", "alertmanager", "exporter", "remediations"]

    def inject(self, ground: Ground, injected: Injected) -> None:
        """Kill it."""
        child = ground.children[self.program]
        child.kill()
        injected.first_failure = injected.since
        injected.undo.append(child.start)
