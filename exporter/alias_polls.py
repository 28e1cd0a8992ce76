"""Asking AWS what followed aliases serve, and remembering it before anything is folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from exporter import aliases
from exporter.aliases import AliasLog
from exporter.collector import CollectError, Context, Reason
from inventory.resources import Function

PREFIX = "alias/"
_POLLS_AT_ONCE = 8
_ONE_BY_ONE = 16


def poll_all(
    context: Context, functions: Sequence[Function], needed_from: Mapping[str, float]
) -> dict[str, AliasLog]:
    """Poll the alias of every function and make what was seen durable.

    ``needed_from`` is, by function, the first unix second that may still be attributed.

    Raises:
        CollectError: if time runs out, or what was seen cannot be kept.
    """
    known = known_logs(context)

    def poll(function: Function) -> AliasLog:
        alias, log = known.get(function.key, (function.alias, AliasLog()))
        if alias != function.alias:
            log = AliasLog()
        return _poll(context, function, aliases.forget(log, needed_from[function.key]))

    if len(functions) <= _ONE_BY_ONE:
        logs = [poll(function) for function in functions]
    else:
        with ThreadPoolExecutor(_POLLS_AT_ONCE, "get-alias") as pool:
            logs = list(pool.map(poll, functions))
    found = {function.key: log for function, log in zip(functions, logs, strict=True)}
    context.state.commit(
        {
            f"{PREFIX}{function.key}": _document(function.alias, found[function.key])
            for function in functions
        }
    )
    known.update({function.key: (function.alias, found[function.key]) for function in functions})
    return found


def known_logs(context: Context) -> dict[str, tuple[str, AliasLog]]:
    """Return, by function, the alias that was polled last and what was seen."""
    memory = context.state.memory()
    if PREFIX not in memory:
        memory[PREFIX] = {
            key.removeprefix(PREFIX): (document["alias"], AliasLog.from_json(document["log"]))
            for key, document in context.state.load(PREFIX).items()
        }
    known: dict[str, tuple[str, AliasLog]] = memory[PREFIX]
    return known


def _document(alias: str, log: AliasLog) -> dict[str, Any]:
    return {"alias": alias, "log": log.to_json()}


def _poll(context: Context, function: Function, log: AliasLog) -> AliasLog:
    if context.remaining() <= 0:
        raise CollectError(Reason.TIMEOUT, "no time left for GetAlias")
    asked = context.now()
    try:
        answer = context.client("lambda", function.scope).get_alias(
            FunctionName=function.name, Name=function.alias
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        return aliases.observe(log, {}, "", asked, context.now())
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    served = aliases.served_by(answer["FunctionVersion"], weights)
    return aliases.observe(log, served, answer.get("RevisionId", ""), asked, context.now())
