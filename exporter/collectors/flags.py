"""Feature flags: what AppConfig really hands out, and how far the newest deployment is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text
from exporter.collector import CollectError, Collector, Context, Reading, Reason, Use
from exporter.enums import states
from exporter.samples import Series
from exporter.sources.appconfig import (
    LEAST_POLL,
    USD_PER_REQUEST,
    Rollout,
    deployed_flags,
    read_rollout,
    where_of,
)
from inventory.model import Inventory

ENABLED = MetricSpec(
    "dataplatform_flag_enabled",
    Kind.GAUGE,
    ("flag",),
    Text(
        "1 se a flag está ligada na configuração implantada; ausente se não está nela",
        "1 if the flag is on in the deployed configuration; absent if it is not in it",
    ),
)
INFO = MetricSpec(
    "dataplatform_flag_info",
    Kind.GAUGE,
    ("flag", "critical"),
    Text(
        "Se a flag é crítica, segundo o inventário; sempre 1",
        "Whether the flag is critical, by the inventory; always 1",
    ),
)
CHANGED = MetricSpec(
    "dataplatform_flag_changed_timestamp_seconds",
    Kind.GAUGE,
    ("flag",),
    Text(
        "Quando começou a implantação que mudou a flag, ou quando se viu a mudança se isso não se"
        " sabe; ausente se nunca se viu mudar",
        "When the deployment that changed the flag started, or when the change was seen if that is"
        " not known; absent if it was never seen to change",
    ),
)
UNLISTED = MetricSpec(
    "dataplatform_flags_unlisted",
    Kind.GAUGE,
    (),
    Text(
        "Flags da configuração implantada que o inventário não conhece",
        "Flags of the deployed configuration that the inventory does not know",
    ),
)
CONFIGURATION_INFO = MetricSpec(
    "dataplatform_flag_configuration_info",
    Kind.GAUGE,
    ("profile", "version"),
    Text(
        "Versão da configuração que está implantada; sempre 1",
        "Version of the configuration that is deployed; always 1",
    ),
)
DEPLOYMENT_STATE = MetricSpec(
    "dataplatform_flag_deployment_state",
    Kind.GAUGE,
    ("profile", "state"),
    Text(
        "1 no estado da implantação mais nova das flags, 0 nos outros",
        "1 for the state of the flags' newest deployment, 0 for the others",
    ),
)
DEPLOYMENT_STARTED = MetricSpec(
    "dataplatform_flag_deployment_started_timestamp_seconds",
    Kind.GAUGE,
    ("profile",),
    Text(
        "Quando começou a implantação mais nova das flags",
        "When the flags' newest deployment started",
    ),
)
DEPLOYMENT_COMPLETED = MetricSpec(
    "dataplatform_flag_deployment_completed_timestamp_seconds",
    Kind.GAUGE,
    ("profile",),
    Text(
        "Quando terminou a implantação mais nova das flags; ausente enquanto está em andamento",
        "When the flags' newest deployment ended; absent while it is in progress",
    ),
)
SPECS = (
    ENABLED,
    INFO,
    CHANGED,
    UNLISTED,
    CONFIGURATION_INFO,
    DEPLOYMENT_STATE,
    DEPLOYMENT_STARTED,
    DEPLOYMENT_COMPLETED,
)

_BRINGING = ("DEPLOYING", "BAKING", "VALIDATING", "COMPLETE")
DEPLOYMENT_STATES = (
    "DEPLOYING",
    "BAKING",
    "VALIDATING",
    "COMPLETE",
    "ROLLING_BACK",
    "ROLLED_BACK",
    "REVERTED",
)


def collect(context: Context) -> Reading:
    """Show each flag as deployed, when it was seen to change, and the newest deployment."""
    documents = context.state.load()
    flags = deployed_flags(context, documents)
    rollout = read_rollout(context, documents)
    wanted = context.inventory.appconfig.flags
    present = {flag.name: flags[flag.name] for flag in wanted if flags and flag.name in flags}
    stateless = [name for name, enabled in present.items() if enabled is None]
    if stateless:
        raise CollectError(Reason.ANSWER, f"flag {stateless[0]} is neither on nor off")
    changes = _changes(context, documents.get("changes", {}), present, rollout)
    series = [*_rollout_series(context.inventory, rollout)]
    if flags is not None:
        unlisted = flags.keys() - {flag.name for flag in wanted}
        series.append(Series(UNLISTED, (), float(len(unlisted))))
    for flag in wanted:
        if flag.name not in present:
            continue
        series.append(Series(ENABLED, (flag.name,), float(bool(present[flag.name]))))
        series.append(Series(INFO, (flag.name, str(flag.critical).lower()), 1.0))
        changed = changes[flag.name][1]
        if changed is not None:
            series.append(Series(CHANGED, (flag.name,), changed))
    return Reading(
        tuple(series),
        expected=len(wanted),
        seen=len(present),
        missing=tuple(flag.name for flag in wanted if flag.name not in present),
    )


def _changes(
    context: Context,
    known: Mapping[str, Any],
    present: Mapping[str, bool | None],
    rollout: Rollout,
) -> dict[str, list[Any]]:
    """Return, and keep, each flag's state and since when it has it, if that was ever seen."""
    where = where_of(context.inventory)
    before = known.get("flags", {}) if known.get("where") == where else {}
    now: dict[str, list[Any]] = dict(before)
    for name, enabled in present.items():
        was, at = before.get(name, (enabled, None))
        now[name] = [enabled, at if was == enabled else _since(context, rollout, at)]
    if now != before:
        context.state.commit({"changes": {"where": where, "flags": now}})
    return now


def _since(context: Context, rollout: Rollout, before: float | None) -> float:
    """Return when a change that is seen now began: failures may begin before it is seen.

    The newest deployment brought it, unless it was stopped or brought the state before.
    """
    now = context.now()
    if rollout.started is None or rollout.state not in _BRINGING or rollout.started > now:
        return now
    return rollout.started if before is None or rollout.started > before else now


def _rollout_series(inventory: Inventory, rollout: Rollout) -> Iterator[Series]:
    profile = inventory.appconfig.profile
    if rollout.version is not None:
        yield Series(CONFIGURATION_INFO, (profile, rollout.version), 1.0)
    if rollout.state is not None:
        yield from states(DEPLOYMENT_STATE, (profile,), DEPLOYMENT_STATES, rollout.state)
    if rollout.started is not None:
        yield Series(DEPLOYMENT_STARTED, (profile,), rollout.started)
    if rollout.completed is not None:
        yield Series(DEPLOYMENT_COMPLETED, (profile,), rollout.completed)


def uses(inventory: Inventory) -> tuple[Use, ...]:
    """Return what one run sends on average: AppConfig does not want to be asked too often."""
    polls = min(1.0, inventory.collection.control_plane_every / LEAST_POLL)
    return (
        Use("appconfigdata", "GetLatestConfiguration", polls, usd=polls * USD_PER_REQUEST),
        Use("appconfig", "ListDeployments", 1),
    )


COLLECTOR = Collector(
    name="flags",
    specs=SPECS,
    iam=(
        "appconfig:GetLatestConfiguration",
        "appconfig:ListApplications",
        "appconfig:ListConfigurationProfiles",
        "appconfig:ListDeployments",
        "appconfig:ListEnvironments",
        "appconfig:StartConfigurationSession",
    ),
    every=lambda inventory: inventory.collection.control_plane_every,
    offset=lambda _inventory: 0.0,
    deadline=lambda inventory: max(inventory.collection.control_plane_every, 10.0),
    collect=collect,
    uses=uses,
    splits=False,
)
