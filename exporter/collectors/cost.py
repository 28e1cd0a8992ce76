"""Cost: what each service cost yesterday and over the month, from Cost Explorer."""

from __future__ import annotations

from catalogue.metrics import Kind, MetricSpec
from catalogue.text import Text

DAILY = MetricSpec(
    "dataplatform_cost_daily_usd",
    Kind.GAUGE,
    ("service", "day"),
    Text("Custo do dia (UTC) por serviço, em dólares", "Cost of the day (UTC) by service, in USD"),
)
TRAILING_7D = MetricSpec(
    "dataplatform_cost_daily_mean_7d_usd",
    Kind.GAUGE,
    ("service",),
    Text(
        "Custo diário médio dos sete dias anteriores a ontem, por serviço",
        "Mean daily cost of the seven days before yesterday, by service",
    ),
)
SETTLED = MetricSpec(
    "dataplatform_cost_settled",
    Kind.GAUGE,
    ("day",),
    Text("1 se o custo do dia já não é provisório", "1 if the day's cost is no longer provisional"),
)
MONTH_TO_DATE = MetricSpec(
    "dataplatform_cost_month_to_date_usd",
    Kind.GAUGE,
    (),
    Text("Custo do mês até ontem, em dólares", "Cost of the month up to yesterday, in USD"),
)
FORECAST = MetricSpec(
    "dataplatform_cost_forecast_usd",
    Kind.GAUGE,
    (),
    Text("Custo previsto para o mês inteiro, em dólares", "Forecast cost of the month, in USD"),
)
BUDGET = MetricSpec(
    "dataplatform_cost_budget_usd",
    Kind.GAUGE,
    (),
    Text("Orçamento mensal, em dólares", "Monthly budget, in USD"),
)
SPECS = (DAILY, TRAILING_7D, SETTLED, MONTH_TO_DATE, FORECAST, BUDGET)
