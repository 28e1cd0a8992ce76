"""Deployments that failed or were undone, aliases left between two versions, and the flags."""

from __future__ import annotations

from functools import partial

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import (
    Selector,
    Vector,
    above,
    aggregate,
    below,
    equals,
    minus,
    once,
    over,
    series,
)
from catalogue.texts import alerts_deployments as texts
from exporter.collectors import deployments, flags, lambda_functions
from inventory.durations import format_duration
from inventory.model import Inventory

_UNDONE = "ROLLED_BACK"


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on deployments of functions and of flags."""
    ticket = partial(
        AlertRule,
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        keep_firing_for=windows.gap(inventory),
    )
    shown = windows.text(inventory.thresholds.failed_deployment_shown)
    left = inventory.thresholds.alias_weights_left
    weight = once(series(lambda_functions.ALIAS_WEIGHT))
    seen = windows.runs(inventory, inventory.collection.control_plane_every)
    state = equals(once(series(flags.DEPLOYMENT_STATE, {"state": _UNDONE})), 1)
    return (
        ticket(
            name="DeploymentFailed",
            expr=above(_more(series(deployments.COUNT, {"status": "Failed"}), shown), 0),
            texts=texts.DEPLOYMENT_FAILED,
            panel=Panel.DEPLOYMENTS,
            values={"window": shown},
        ),
        ticket(
            name="DeploymentRolledBack",
            expr=above(_more(series(deployments.ROLLBACKS), shown), 0),
            texts=texts.DEPLOYMENT_ROLLED_BACK,
            panel=Panel.DEPLOYMENTS,
            values={"window": shown},
        ),
        ticket(
            name="AliasWeightsLeft",
            expr=below(aggregate("min", above(weight, 0), "function", "alias"), 1),
            texts=texts.ALIAS_WEIGHTS_LEFT,
            panel=Panel.ALIAS_WEIGHTS,
            for_=left,
            shown=Shown.RATIO,
            values={"limit": format_duration(left)},
        ),
        ticket(
            name="FlagDeploymentRolledBack",
            expr=state,
            texts=texts.FLAG_DEPLOYMENT_ROLLED_BACK,
            panel=Panel.FLAGS,
        ),
        ticket(
            name="FlagsUnlisted",
            expr=above(once(series(flags.UNLISTED)), 0),
            texts=texts.FLAGS_UNLISTED,
            panel=Panel.FLAGS,
            for_=seen,
            values={"limit": windows.text(seen)},
        ),
    )


def _more(count: Selector, window: str) -> Vector:
    """Return by how much a count rose above its least of the window: old ones leave it too."""
    return minus(once(count), once(count, over("min_over_time", count, window)))
