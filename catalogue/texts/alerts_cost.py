"""What the alerts on the cost's budget and on the error budgets say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import PRUNE, RUNS, AlertTexts

BY_SERVICE = Step(
    Text(
        "O custo de ontem por serviço, e quantas vezes a média dos sete dias anteriores:",
        "Yesterday's cost by service, and how many times the mean of the seven days before:",
    ),
    queries=(
        'dataplatform_cost_daily_usd{day="yesterday"}',
        (
            'dataplatform_cost_daily_usd{day="yesterday"}'
            " / ignoring (day) dataplatform_cost_daily_mean_7d_usd"
        ),
    ),
)
BURNING = Step(
    Text(
        "Quem falha, e que alias mudou nas últimas seis horas:",
        "Who fails, and which alias moved within the last six hours:",
    ),
    queries=(
        "topk(3, increase(dataplatform_lambda_errors_total[1h]))",
        "time() - dataplatform_lambda_alias_changed_timestamp_seconds < 6 * 3600",
    ),
)
COST_OVER_BUDGET = AlertTexts(
    Text("Custo do mês atingiu uma parte do orçamento", "Cost of the month reached the budget"),
    Text(
        "O custo do mês até ontem está em {value} do orçamento (aviso em {share}).",
        "Cost up to yesterday stands at {value} of the month's budget (warning at {share}).",
    ),
    Text(
        "O gasto do mês passou de uma das partes do orçamento que o inventário nomeia.",
        "The month's spending passed one of the shares of the budget named in the inventory.",
    ),
    (
        PRUNE,
        Text(
            "Acima do orçamento, avise o contato executivo.",
            "Above the budget, tell the executive contact.",
        ),
    ),
    confirm=(BY_SERVICE,),
)
COST_FORECAST = AlertTexts(
    Text("Custo previsto acima do orçamento", "Forecast cost is above the budget"),
    Text(
        "A previsão do mês é de {value} do orçamento.",
        "The month's forecast is {value} of the budget.",
    ),
    Text(
        "No ritmo atual o mês termina acima do orçamento.",
        "At this pace the month ends above its budget.",
    ),
    (
        Text(
            "Decida com quem paga: gastar menos, ou mudar o orçamento.",
            "Decide with whoever pays: to spend less, or to change the budget.",
        ),
        PRUNE,
    ),
    confirm=(BY_SERVICE,),
)
BUDGET_BURN_FAST = AlertTexts(
    Text("Orçamento de erro queima depressa", "Error budget burns fast"),
    Text(
        "{what}: {value} de eventos ruins; neste ritmo o orçamento de erro de {period}"
        " acaba muito antes do fim.",
        "{what}: {value} of events are bad; at this pace the error budget of {period}"
        " is gone long before its end.",
    ),
    Text(
        "A janela longa e a curta mostram que o objetivo será perdido se nada mudar.",
        "Both the long and the short window show that the objective is lost unless this changes.",
    ),
    (
        Text(
            "Ache a função, a API ou o banco que causa os eventos ruins.",
            "Find the function, the API or the database that causes the bad events.",
        ),
        RUNS,
    ),
    confirm=(BURNING,),
)
BUDGET_BURN_SLOW = AlertTexts(
    Text("Orçamento de erro queima devagar", "Error budget burns slowly"),
    BUDGET_BURN_FAST.description,
    Text(
        "O orçamento de erro diminui mais depressa do que deveria, sem urgência.",
        "The error budget shrinks faster than it should, without urgency.",
    ),
    (
        Text(
            "Planeje a correção antes que o orçamento acabe.",
            "Plan the fix before the budget is gone.",
        ),
    ),
    confirm=(BURNING,),
)
