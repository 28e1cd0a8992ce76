"""The processing pipeline as pausing and resuming see it: rules that start it, executions that run.

Rules from the API references of EventBridge and Step Functions: a managed rule refuses changes by
others; executions of an EXPRESS state machine can be neither listed nor stopped; lists are
eventually consistent; an execution can be redriven within 14 days.
"""

from __future__ import annotations

from typing import Any

from inventory.model import Inventory
from remediations.action import Context

TARGET = "processing"
REDRIVE_SECONDS = 14 * 86_400.0


def targets(inventory: Inventory) -> tuple[str, ...]:
    """Return the pipeline, where there is anything that starts it."""
    return (TARGET,) if inventory.rules or inventory.state_machines else ()


def rules(context: Context) -> dict[str, dict[str, Any]]:
    """Return each rule of the main account: its bus, its state and who manages it."""
    found = {}
    for rule in context.inventory.rules:
        if rule.scope is None:
            answer = context.reader("events").describe_rule(Name=rule.name, EventBusName=rule.bus)
            found[rule.name] = {
                "bus": rule.bus,
                "state": answer["State"],
                "managed_by": answer.get("ManagedBy"),
            }
    return found


def machines(context: Context) -> dict[str, str]:
    """Return the ARN of each state machine of the main account, and whether it is EXPRESS."""
    aws = context.inventory.aws
    client = context.reader("stepfunctions")
    found = {}
    for machine in context.inventory.state_machines:
        if machine.scope is None:
            arn = f"arn:aws:states:{aws.region}:{aws.account}:stateMachine:{machine.name}"
            found[arn] = str(client.describe_state_machine(stateMachineArn=arn)["type"])
    return found


def running(context: Context, arn: str) -> list[str]:
    """Return the ARN of every running execution of a STANDARD state machine."""
    pages = context.reader("stepfunctions").get_paginator("list_executions")
    return [
        execution["executionArn"]
        for page in pages.paginate(stateMachineArn=arn, statusFilter="RUNNING")
        for execution in page["executions"]
    ]
