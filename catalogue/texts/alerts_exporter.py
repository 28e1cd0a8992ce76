"""What the alerts on the exporter's own health say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

_PLAN = Step(Text("Veja o custo por coletor:", "See the cost by collector:"), ("vigia plan",))

STATE_FAILING = AlertTexts(
    Text("Exporter não consegue guardar seu estado", "Exporter cannot keep its state"),
    Text(
        "{value} coletas falharam em {window} porque o estado não pôde ser lido ou escrito.",
        "{value} collections failed in {window}, for the state could not be read or written.",
    ),
    Text(
        "Sem estado durável nada é contado: os contadores esperam, não se perdem.",
        "Without durable state nothing is counted: counters wait, they are not lost.",
    ),
    (
        Text(
            "Veja disco e permissões do arquivo SQLite, ou o PostgreSQL.",
            "See the SQLite file's disk and permissions, or PostgreSQL.",
        ),
    ),
    Text(
        "O exporter tenta de novo a cada ciclo e recupera os períodos perdidos.",
        "The exporter tries again every cycle and recovers the missed periods.",
    ),
)
STATE_LOST = AlertTexts(
    Text("Exporter recomeçou sem seu estado", "Exporter began anew without its state"),
    Text(
        "O estado ilegível foi posto de lado {value} vezes em {window}.",
        "An unreadable state was moved aside {value} times in {window}.",
    ),
    Text(
        "Os contadores recomeçaram; o Prometheus entende isso, mas o que se passou entre a última"
        " coleta e o recomeço pode faltar.",
        "Counters began anew; Prometheus understands that, but what happened between the last"
        " collection and the beginning may be missing.",
    ),
    (
        Text(
            "Guarde o arquivo posto de lado e ache por que ficou ilegível.",
            "Keep the file that was moved aside and find why it became unreadable.",
        ),
    ),
)
COLLECTION_STRETCHED = AlertTexts(
    Text("Coleta alongada pelo teto de custo", "Collection is stretched by its cost cap"),
    Text(
        "O coletor {collector} corre {value} vezes mais raramente do que o inventário pede.",
        "Collector {collector} runs {value} times more rarely than the inventory asks.",
    ),
    Text(
        "O teto de custo da coleta não comporta os intervalos pedidos: os valores chegam tarde.",
        "The cap on collection's cost does not hold the cadences asked for: values come late.",
    ),
    (
        _PLAN,
        Text(
            "Aumente `cost_budget_monthly_usd` ou vigie menos.",
            "Raise `cost_budget_monthly_usd` or watch less.",
        ),
    ),
)
COLLECTION_OVER_CAP = AlertTexts(
    Text("Coleta acima do seu teto de custo", "Collection exceeds its cost cap"),
    Text(
        "A coleta terá custado {value} dólares no fim do mês, acima do teto, há {limit}.",
        "Collection will have cost {value} dollars by the month's end, above its cap, for {limit}.",
    ),
    Text(
        "Mesmo alongada ao máximo a coleta passa do teto.",
        "Even stretched as far as it may be, collection exceeds its cap.",
    ),
    (_PLAN,),
)
AWS_THROTTLED = AlertTexts(
    Text("A AWS pede menos chamadas", "AWS asks for fewer calls"),
    Text(
        "{service}: {value} chamadas recusadas por limite em {window} (limite {limit}).",
        "{service}: {value} calls were throttled in {window} (limit {limit}).",
    ),
    Text(
        "Outros programas da conta gastam o mesmo limite, ou o exporter tem recursos demais.",
        "Other programs of the account spend the same quota, or the exporter has too much to read.",
    ),
    (
        Text(
            "Veja quem mais chama esse serviço e peça aumento da cota se preciso.",
            "See who else calls that service and ask for a higher quota if need be.",
        ),
    ),
    Text(
        "O exporter reduz seu ritmo por conta, região e serviço, e volta a ele aos poucos.",
        "The exporter lowers its pace by account, region and service, and returns to it slowly.",
    ),
)
CLOCK_AHEAD = AlertTexts(
    Text("Relógio adiantado", "A clock is ahead"),
    Text(
        "O relógio de {job} está {value} adiante do relógio do Prometheus (limite {limit}).",
        "The clock of {job} is {value} ahead of Prometheus' clock (limit {limit}).",
    ),
    Text(
        "Com relógios diferentes a AWS recusa assinaturas, e idades e janelas ficam erradas.",
        "With clocks that differ AWS refuses signatures, and ages and windows are wrong.",
    ),
    (
        Text(
            "Acerte o NTP nas máquinas do Vigia e do Prometheus.",
            "Fix NTP on the machines of Vigia and of Prometheus.",
        ),
    ),
)
SCOPE_FAILING = AlertTexts(
    Text("Conta ou região fora da coleta", "An account or region is not collected"),
    Text(
        "O coletor {collector} não lê o escopo {scope} há {limit}.",
        "Collector {collector} has not read scope {scope} for {limit}.",
    ),
    Text(
        "Os recursos desse escopo não são vistos; os dos outros são.",
        "That scope's resources are not seen; those of the others are.",
    ),
    (
        Text(
            "Confira o papel do escopo e a quem ele confia.",
            "Look at the scope's role and at whom it trusts.",
        ),
    ),
    confirm=(
        Step(
            Text("O motivo:", "The reason:"),
            queries=("increase(vigia_collector_scope_failures_total[1h]) > 0",),
        ),
    ),
)
RESOURCE_MISSING = AlertTexts(
    Text("Recurso do inventário não existe", "A resource of the inventory does not exist"),
    Text(
        "{resource} ({collector}) não existe na AWS há {limit}.",
        "{resource} ({collector}) has not been in AWS for {limit}.",
    ),
    Text(
        "O inventário nomeia algo que a AWS não tem: foi apagado, mudou de nome ou está em outro"
        " lugar.",
        "The inventory names what AWS does not have: it was deleted, renamed or is elsewhere.",
    ),
    (
        Text(
            "Se foi de propósito, corrija o inventário; senão, recrie o recurso.",
            "If it was on purpose, correct the inventory; else create the resource again.",
        ),
    ),
)
CUSTOM_METRIC_NEVER_SEEN = AlertTexts(
    Text("Métrica do inventário nunca teve dados", "A metric of the inventory never had data"),
    Text(
        "{resource} nunca teve um dado, e já se pergunta há {limit}.",
        "{resource} never had a datapoint, and was asked for {limit}.",
    ),
    Text(
        "O nome, o namespace ou as dimensões podem estar errados.",
        "Its name, namespace or dimensions may be wrong.",
    ),
    (
        Step(
            Text(
                "Compare com o que a AWS tem; para isso o Vigia não tem ação:",
                "Compare with what AWS has; Vigia has no action for this:",
            ),
            ("aws cloudwatch list-metrics --namespace {NAMESPACE}",),
        ),
    ),
)
