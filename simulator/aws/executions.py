"""Step Functions, ours: RedriveExecution, which moto lacks, and what ends an execution.

Only an execution that failed, was stopped or timed out can be redriven, and only within 14 days of
its end; the same client token is the same redrive (API references of RedriveExecution and
DescribeExecution). Stopping keeps the cause that was given; what has ended already stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.stepfunctions.models import Execution
from moto.stepfunctions.responses import StepFunctionResponse

from simulator.aws.extend import extend, original

_REDRIVABLE = ("FAILED", "ABORTED", "TIMED_OUT")
_PERIOD = 14 * 86_400.0


def install(now: Callable[[], float]) -> None:
    """Answer RedriveExecution, and tell of redrives and causes in DescribeExecution."""
    redriven: dict[str, set[str]] = {}
    describe = original(StepFunctionResponse, "describe_execution")
    stop = original(StepFunctionResponse, "stop_execution")

    def find(self: StepFunctionResponse) -> Execution:
        arn = json.loads(self.body)["executionArn"]
        execution: Execution = self.stepfunction_backend.describe_execution(arn)
        return execution

    def redrive_execution(self: StepFunctionResponse) -> ActionResult:
        execution, token = find(self), json.loads(self.body).get("clientToken", "")
        tokens = redriven.setdefault(execution.execution_arn, set())
        if not token or token not in tokens:
            if reason := _refusal(execution, now()):
                raise JsonRESTError("ExecutionNotRedrivable", reason)
            tokens.add(token or str(len(tokens)))
            execution.status, execution.stop_date, execution.cause = "RUNNING", None, None
        return ActionResult({"redriveDate": now()})

    def describe_execution(self: StepFunctionResponse) -> Any:
        answer = describe(self)
        execution = find(self)
        answer.result["redriveCount"] = len(redriven.get(execution.execution_arn, ()))
        reason = _refusal(execution, now())
        answer.result["redriveStatus"] = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
        if reason:
            answer.result["redriveStatusReason"] = reason
        return answer

    def stop_execution(self: StepFunctionResponse) -> Any:
        execution = find(self)
        if execution.status != "RUNNING":
            return ActionResult({"stopDate": execution.stop_date})
        answer = stop(self)
        execution.cause = json.loads(self.body).get("cause")
        return answer

    extend(StepFunctionResponse, redrive_execution, describe_execution, stop_execution)


def _refusal(execution: Execution, now: float) -> str | None:
    """Return why an execution cannot be redriven, in AWS' words; None if it can."""
    if execution.status not in _REDRIVABLE:
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.stop_date and now - execution.stop_date.timestamp() > _PERIOD:
        return "Execution redrivable period exceeded"
    return None
