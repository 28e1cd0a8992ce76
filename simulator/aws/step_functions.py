"""Step Functions, ours: executions dated by our clock, counted in CloudWatch, and ended.

moto leaves every execution RUNNING; :func:`finish` ends one as its work did. Executions of an
express state machine cannot be listed (ListExecutions, StateMachineTypeNotSupported).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.models import (
    Execution,
    StateMachine,
    StepFunctionBackend,
    stepfunctions_backends,
)

from simulator.aws.extend import extend, original
from simulator.aws.metric_store import MetricStore

_NAMESPACE = "AWS/States"
_REMEMBERED = 500


class _NotSupportedError(AWSError):
    TYPE = "StateMachineTypeNotSupported"
    STATUS = 400


def install(store: MetricStore, now: Callable[[], float]) -> None:
    """Extend moto's Step Functions; ``now`` returns unix seconds."""
    start = original(StateMachine, "start_execution")
    end = original(Execution, "stop")
    listed = original(StepFunctionBackend, "list_executions")

    def start_execution(self: StateMachine, *args: Any, **options: Any) -> Execution:
        before = len(self.executions)
        execution: Execution = start(self, *args, **options)
        # The same name and input again is the same execution: nothing was started.
        if len(self.executions) > before:
            execution.start_date = datetime.fromtimestamp(now(), UTC)
            _put(store, execution, "ExecutionsStarted", now())
        return execution

    def stop(self: Execution, *args: Any, **options: Any) -> None:
        running = self.status == "RUNNING"
        end(self, *args, **options)
        if running:
            _ended(store, self, "ExecutionsAborted", now())

    def list_executions(self: StepFunctionBackend, *args: Any, **options: Any) -> Any:
        arn = options.get("state_machine_arn") or args[0]
        if self.describe_state_machine(arn).type == "EXPRESS":
            raise _NotSupportedError(f"The state machine type is not supported: '{arn}'")
        return listed(self, *args, **options)

    extend(StateMachine, start_execution)
    extend(Execution, stop)
    extend(StepFunctionBackend, list_executions)


def start(region: str, arn: str, name: str) -> Execution | None:
    """Start an execution, as a rule does; None where there is no such state machine."""
    for machine in stepfunctions_backends[DEFAULT_ACCOUNT_ID][region].state_machines:
        if machine.arn == arn:
            return machine.start_execution(region, DEFAULT_ACCOUNT_ID, name, "{}")
    return None


def finish(store: MetricStore, execution: Execution, now: float, *, succeeded: bool) -> None:
    """End an execution that still runs, as its work did; one that was stopped stays so."""
    if execution.status != "RUNNING":
        return
    execution.status = "SUCCEEDED" if succeeded else "FAILED"
    name = "ExecutionsSucceeded" if succeeded else "ExecutionsFailed"
    _ended(store, execution, name, now)
    _forget(execution)


def _ended(store: MetricStore, execution: Execution, name: str, now: float) -> None:
    execution.stop_date = datetime.fromtimestamp(now, UTC)
    _put(store, execution, name, now)
    milliseconds = 1000 * (now - execution.start_date.timestamp())
    _put(store, execution, "ExecutionTime", now, milliseconds)


def _put(
    store: MetricStore, execution: Execution, name: str, now: float, value: float = 1.0
) -> None:
    store.put(_NAMESPACE, name, {"StateMachineArn": execution.state_machine_arn}, now, [value])


def _forget(execution: Execution) -> None:
    """Keep a state machine's history short: AWS forgets too, and moto looks through all of it."""
    for machine in stepfunctions_backends[execution.account_id][
        execution.region_name
    ].state_machines:
        if machine.arn == execution.state_machine_arn and len(machine.executions) > 2 * _REMEMBERED:
            ended = [one for one in machine.executions if one.status != "RUNNING"]
            gone = {id(one) for one in ended[:-_REMEMBERED]}
            machine.executions = [one for one in machine.executions if id(one) not in gone]
