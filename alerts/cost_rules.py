"""Cost: what of the month's budget is spent, and what the forecast says."""

from __future__ import annotations

from itertools import zip_longest

from alerts import windows
from alerts.panels import Panel
from alerts.rule import AlertRule, Severity, Shown
from catalogue.promql import Vector, above, at_most, both, once, ratio, series
from catalogue.texts import alerts_cost as texts
from exporter.collectors import cost as metrics
from inventory.model import Inventory


def rules(inventory: Inventory) -> tuple[AlertRule, ...]:
    """Return the rules on cost: one for each share of the budget, of which one fires at a time."""
    shares = sorted(inventory.thresholds.budget_shares)
    return (
        *(_over(inventory, share, upper) for share, upper in zip_longest(shares, shares[1:])),
        _forecast(inventory),
    )


def _of_budget(cost: Vector) -> Vector:
    return ratio(cost, once(series(metrics.BUDGET)))


def _over(inventory: Inventory, share: float, upper: float | None) -> AlertRule:
    spent = _of_budget(once(series(metrics.MONTH_TO_DATE)))
    crossed = above(spent, share)
    name = f"{share * 100:g}%"
    return AlertRule(
        name="CostOverBudget",
        expr=crossed if upper is None else both(crossed, at_most(spent, upper)),
        severity=Severity.PAGE if share > 1 else Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.COST_OVER_BUDGET,
        panel=Panel.COST_OF_MONTH,
        keep_firing_for=windows.gap(inventory),
        threshold=share * inventory.budget.monthly_usd,
        shown=Shown.RATIO,
        values={"share": name},
        extra={"share": name},
    )


def _forecast(inventory: Inventory) -> AlertRule:
    return AlertRule(
        name="CostForecastOverBudget",
        expr=above(_of_budget(once(series(metrics.FORECAST))), 1),
        severity=Severity.TICKET,
        team=inventory.contacts.levels[0].team,
        texts=texts.COST_FORECAST,
        panel=Panel.COST_OF_MONTH,
        keep_firing_for=windows.gap(inventory),
        threshold=inventory.budget.monthly_usd,
        shown=Shown.RATIO,
    )
