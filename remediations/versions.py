"""A function's published versions, and what names each of them.

Whoever deletes a version must know all that could call it or go back to it: aliases and their
weights, provisioned concurrency, event sources, deployments in progress, and what this ledger knows
or plans. Lambda itself refuses to delete only what an alias names (API reference of
DeleteFunction).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from inventory.resources import Function
from remediations.action import Context
from remediations.deployments import IN_PROGRESS, newest_first, ways_back

LATEST = "$LATEST"


def published(context: Context, function: Function) -> list[Mapping[str, Any]]:
    """Return the configuration of every published version, oldest first."""
    pages = context.reader("lambda").get_paginator("list_versions_by_function")
    found = [
        version
        for page in pages.paginate(FunctionName=function.name)
        for version in page["Versions"]
        if version["Version"] != LATEST
    ]
    return sorted(found, key=lambda version: int(version["Version"]))


def named(context: Context, function: Function) -> dict[str, str]:
    """Return what names each version that something names."""
    aliases = _aliases(context, function)
    found: dict[str, str] = {}
    for version, why in (
        *_by_alias(aliases),
        *_by_provisioning(context, function),
        *_by_event_source(context, function),
        *_by_ledger(context, function),
        *_by_deployment(context, function, aliases),
    ):
        found.setdefault(version, why)
    return found


def _aliases(context: Context, function: Function) -> dict[str, Mapping[str, Any]]:
    pages = context.reader("lambda").get_paginator("list_aliases")
    return {
        alias["Name"]: alias
        for page in pages.paginate(FunctionName=function.name)
        for alias in page["Aliases"]
    }


def _by_alias(aliases: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, alias in aliases.items():
        yield alias["FunctionVersion"], f"alias {name}"
        for version in (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}:
            yield version, f"a weight of alias {name}"


def _by_provisioning(context: Context, function: Function) -> Iterator[tuple[str, str]]:
    pages = context.reader("lambda").get_paginator("list_provisioned_concurrency_configs")
    for page in pages.paginate(FunctionName=function.name):
        for config in page["ProvisionedConcurrencyConfigs"]:
            yield config["FunctionArn"].rpartition(":")[2], "provisioned concurrency"


def _by_event_source(context: Context, function: Function) -> Iterator[tuple[str, str]]:
    # Asked for by name, AWS does not say whether mappings of single versions are among the answers.
    pages = context.reader("lambda").get_paginator("list_event_source_mappings")
    for page in pages.paginate():
        for mapping in page["EventSourceMappings"]:
            name, _, qualifier = mapping["FunctionArn"].partition(":function:")[2].partition(":")
            if name == function.name and qualifier:
                yield qualifier, f"event source {mapping['UUID']}"


def _by_ledger(context: Context, function: Function) -> Iterator[tuple[str, str]]:
    for version, healthy in context.verdicts(function.key).items():
        if healthy:
            yield version, "known to be healthy"
    for plan in context.plans(function.key):
        for side in (plan.before, plan.after):
            versions = (side.get("version"), *(side.get("weights") or {}))
            yield from ((str(one), f"an open plan of {plan.action}") for one in versions if one)
        for call in (*plan.calls, *plan.undo):
            if "FunctionVersion" in call.arguments:
                yield call.arguments["FunctionVersion"], f"an open plan of {plan.action}"


def _by_deployment(
    context: Context, function: Function, aliases: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    deployments = newest_first(context, function)
    for deployment in deployments:
        if deployment["status"] in IN_PROGRESS:
            yield deployment["current"], f"deployment {deployment['id']}"
            yield deployment["target"], f"deployment {deployment['id']}"
    serving = aliases.get(function.alias, {}).get("FunctionVersion", "")
    for version in ways_back(deployments, serving, context.verdicts(function.key)):
        found = state(context, function, version)
        if found is not None:
            yield version, "a rollback would go there"
        if found == "Active":
            return


def state(context: Context, function: Function, version: str) -> str | None:
    """Return the version's state; None if it is gone."""
    try:
        found = context.reader("lambda").get_function_configuration(
            FunctionName=function.name, Qualifier=version
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return str(found.get("State", "Active"))
