"""What an inventory's numbers count, and the rules that its types alone do not tell."""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.text import Text

_SECONDS = Text("segundos", "seconds")
_FACTOR = Text("fator", "factor")
_DOLLARS_A_MONTH = Text("US$ por mês", "US$ a month")
_FILES = Text("arquivos", "files")
_TARGETS = Text("alvos", "targets")
_EVENTS = Text("eventos", "events")

UNITS: Mapping[str, Text] = {
    "LogEvent.scale": _FACTOR,
    "CustomMetric.scale": _FACTOR,
    "Collection.cost_budget_monthly_usd": _DOLLARS_A_MONTH,
    "Threshold.above": Text("na unidade dita em cada chave", "in the unit told at each key"),
    "Threshold.times": Text("janelas", "windows"),
    "Limits.lambda_throttles": Text("invocações", "invocations"),
    "Limits.influxdb_query_seconds": _SECONDS,
    "Limits.aws_throttles": Text("chamadas", "calls"),
    "Limits.function_versions": Text("versões", "versions"),
    "Limits.cost_jump_factor": _FACTOR,
    "Limits.cost_jump_usd": Text("US$ por dia", "US$ a day"),
    "Limits.collection_stretch": _FACTOR,
    "Limits.corrupted_files": _FILES,
    "Thresholds.lambda_errors": Text("erros", "errors"),
    "Thresholds.api_latency_seconds": _SECONDS,
    "Thresholds.influxdb_write_seconds": _SECONDS,
    "Thresholds.budget_shares": Text("1 é o orçamento inteiro", "1 is the whole budget"),
    "Regression.factor": _FACTOR,
    "Regression.min_errors": Text("falhas", "failures"),
    "Regression.min_baseline": Text("invocações", "invocations"),
    "Regression.periods": Text("períodos", "periods"),
    "Objective.min_bad_events": _EVENTS,
    "LatencyObjective.below": _SECONDS,
    "Budget.monthly_usd": _DOLLARS_A_MONTH,
    "Engine.runs_per_hour": Text("execuções por hora", "runs an hour"),
    "Engine.max_share": Text("1 são todos", "1 is all of them"),
    "Engine.most_calls_per_run": Text("chamadas", "calls"),
    "Engine.verify_samples": Text("amostras", "samples"),
    "Storm.sick": _TARGETS,
    "Storm.clear": _TARGETS,
}
"""By section and key: the unit of every number whose type does not say it."""

_ONE_SCOPE = Text("o `name` de uma entrada de `scopes`", "the `name` of an entry of `scopes`")
_WHOLE_DAYS = Text("dias inteiros", "whole days")
_CAN_FIRE = Text(
    "`budget_share * period / long * (1 - target)` menor que 1 para toda janela e todo objetivo,"
    " ou o alerta nunca dispararia",
    "`budget_share * period / long * (1 - target)` less than 1 for every window and every"
    " objective, or its alert could never fire",
)

RULES: Mapping[str, Text] = {
    "Inventory.timezone": Text(
        "um nome da base de fusos IANA", "a name of the IANA time zone database"
    ),
    "Scope.name": Text("único", "unique"),
    "Resource.name": Text(
        "único na lista e no `scope`; o de uma API, também no `stage`",
        "unique in its list and `scope`; an API's in its `stage` too",
    ),
    "Resource.scope": _ONE_SCOPE,
    "CustomMetric.scope": _ONE_SCOPE,
    "LogEvent.functions": Text(
        "cada: uma de `functions`, como `name` ou `name@scope`",
        "each: one of `functions`, as `name` or `name@scope`",
    ),
    "LogEvent.amount": Text(
        "expressão regular com exatamente um grupo", "a regular expression with exactly one group"
    ),
    "Bucket.snapshots": Text("não o próprio bucket", "not the bucket itself"),
    "Bucket.lifecycle": Text("cada `name` uma só vez", "each `name` only once"),
    "LifecycleRule.transitions": Text(
        "classes cada vez mais frias, na ordem de `storage_class`; a seguinte só 30 dias depois"
        " de uma classe IA e 1 dia depois de outra; sem elas, `expire_after` ou"
        " `abort_uploads_after` é obrigatória",
        "ever colder classes, in the order that `storage_class` lists them; the next no sooner"
        " than 30 days after an IA class and 1 day after another; without any, `expire_after` or"
        " `abort_uploads_after` is required",
    ),
    "LifecycleRule.expire_after": Text(
        "dias inteiros; depois da última transição tanto quanto uma seguinte",
        "whole days; as long after the last transition as a next one",
    ),
    "LifecycleRule.abort_uploads_after": _WHOLE_DAYS,
    "Transition.after": Text(
        "dias inteiros; 30d ou mais para `STANDARD_IA` e `ONEZONE_IA`",
        "whole days; 30d or more for `STANDARD_IA` and `ONEZONE_IA`",
    ),
    "AppConfig.maintenance_flag": Text(
        "o `name` de uma das `flags`", "the `name` of one of `flags`"
    ),
    "CustomMetric.name": Text(
        "termina em `_total` se, e só se, `kind` for `counter`; entradas de mesmo nome têm os"
        " mesmos `kind`, `help` e nomes de rótulos",
        "ends in `_total` where, and only where, `kind` is `counter`; entries of one name have the"
        " same `kind`, `help` and label names",
    ),
    "CustomMetric.labels": Text(
        "os de cada entrada de mesmo nome, diferentes", "different for each entry of one name"
    ),
    "CustomMetric.statistic": Text(
        "um de `Sum, Average, Minimum, Maximum, SampleCount` ou um percentil como `p99`; de um"
        " `counter`, só `Sum`",
        "one of `Sum, Average, Minimum, Maximum, SampleCount` or a percentile such as `p99`; of a"
        " `counter`, only `Sum`",
    ),
    "Objectives.windows": _CAN_FIRE,
    "BusinessHours.end": Text("depois de `start`", "after `start`"),
    "BusinessHours.holidays": Text(
        "cada: um dia do calendário, `2026-04-03`, ou `12-25` para todo ano",
        "each: a day of the calendar, `2026-04-03`, or `12-25` for every year",
    ),
    "Playbook.name": Text("único", "unique"),
    "Playbook.action": Text("uma [ação](acoes.md)", "an [action](actions.md)"),
    "Playbook.targets": Text(
        "cada: um alvo da ação; o de `rollback_function`, uma função da conta principal com"
        " `follow_alias`",
        "each: a target of the action; of `rollback_function`, a function of the main account with"
        " `follow_alias`",
    ),
    "Playbook.alerts": Text(
        "cada: um alerta que existe, e só num playbook",
        "each: an alert that exists, in one playbook",
    ),
    "Playbook.params": Text("os [da ação](acoes.md)", "[the action's](actions.md)"),
}
"""By section and key: what the model's validators and the checks across sections ask for."""
