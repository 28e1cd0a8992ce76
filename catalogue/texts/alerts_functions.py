"""What the alerts on the state and the limits of functions say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.actions import DEPLOY
from catalogue.texts.alerts import PRUNE, AlertTexts

_CONFIGURATION = Step(
    Text("Veja o motivo:", "See the reason:"),
    ("aws lambda get-function-configuration --function-name {FUNCTION} --qualifier {ALIAS}",),
)
_PROVISION = Step(
    Text(
        "Aumente a concorrência provisionada; ela é cobrada por hora:",
        "Raise provisioned concurrency; it is charged by the hour:",
    ),
    ("vigia act set_provisioned_concurrency --target {FUNCTION} --param instances={INSTANCES}",),
)
_READY = Step(
    Text(
        "Quantas instâncias estão pedidas e prontas, e quanto delas está em uso:",
        "How many instances are asked for and ready, and how much of them is in use:",
    ),
    queries=(
        "dataplatform_lambda_provisioned_concurrency_requested",
        "dataplatform_lambda_provisioned_concurrency_available",
        "dataplatform_lambda_provisioned_concurrency_utilization_ratio",
    ),
)

FUNCTION_NOT_ACTIVE = AlertTexts(
    Text("Função não está ativa", "Function is not active"),
    Text("{function} está em {state} há {limit}.", "{function} has been in {state} for {limit}."),
    Text(
        "A versão que o alias serve não pode ser invocada. As recusas não contam como falhas no"
        " CloudWatch.",
        "The version that the alias serves cannot be invoked. CloudWatch does not count refusals as"
        " failures.",
    ),
    (
        _CONFIGURATION,
        Step(
            Text(
                "Se começou com uma implantação, implante a versão que atendia:",
                "If it began with a deployment, deploy the version that served:",
            ),
            (DEPLOY,),
        ),
    ),
    never=(
        Text(
            "Não volta a versão: recusas não são medidas como falhas, e sem medidas não há prova.",
            "It does not roll back: refusals are not measured as failures, and without"
            " measurements there is no evidence.",
        ),
    ),
)
FUNCTION_UPDATE_FAILED = AlertTexts(
    Text("Atualização de função falhou", "Update of a function failed"),
    Text(
        "{function}: a última atualização terminou em {state}.",
        "{function}: its last update ended as {state}.",
    ),
    Text(
        "O código ou a configuração nova não vale; a função segue com o que tinha.",
        "The new code or configuration does not hold; the function goes on with what it had.",
    ),
    (_CONFIGURATION,),
)
FUNCTION_THROTTLED = AlertTexts(
    Text("Invocações recusadas por limite", "Invocations are throttled"),
    Text(
        "{function}: {value} invocações recusadas em {window} (limite {limit}).",
        "{function}: {value} invocations were refused in {window} (limit {limit}).",
    ),
    Text(
        "A função ou a conta chegou ao limite de concorrência.",
        "The function or the account reached its limit of concurrency.",
    ),
    (
        Text(
            "Veja a concorrência reservada da função e a cota da conta.",
            "See the function's reserved concurrency and the account's quota.",
        ),
        Text(
            "Veja se as execuções ficaram mais longas: duração vezes ritmo é a concorrência.",
            "See whether runs became longer: duration times pace is concurrency.",
        ),
    ),
    confirm=(
        Step(
            Text(
                "Quantas invocações são recusadas, e quantas correm ao mesmo tempo:",
                "How many invocations are refused, and how many run at once:",
            ),
            queries=(
                "increase(dataplatform_lambda_throttles_total[15m]) > 0",
                "rate(dataplatform_lambda_duration_seconds_sum[15m])",
            ),
        ),
    ),
)
PROVISIONED_SPILT = AlertTexts(
    Text("Invocações além da concorrência provisionada", "Provisioned concurrency overflows"),
    Text(
        "{function} ({alias}): {value} invocações além da concorrência provisionada em {window}.",
        "{function} ({alias}): {value} invocations beyond provisioned concurrency in {window}.",
    ),
    Text("Essas invocações podem ter partido a frio.", "Those invocations may have started cold."),
    (_PROVISION,),
    confirm=(_READY,),
)
PROVISIONED_BUSY = AlertTexts(
    Text("Concorrência provisionada quase esgotada", "Provisioned concurrency is nearly used up"),
    Text(
        "{function} ({alias}): {value} da concorrência provisionada em uso há {wait}"
        " (limite {limit}).",
        "{function} ({alias}): {value} of provisioned concurrency has been in use for {wait}"
        " (limit {limit}).",
    ),
    Text(
        "Com um pouco mais de tráfego, invocações partirão a frio.",
        "With a little more traffic invocations will start cold.",
    ),
    (_PROVISION,),
    confirm=(_READY,),
)
PROVISIONED_FAILED = AlertTexts(
    Text("Concorrência provisionada não alocada", "Provisioned concurrency was not allocated"),
    Text(
        "{function} ({alias}): a alocação da concorrência provisionada está em {state}.",
        "{function} ({alias}): provisioned concurrency's allocation is in {state}.",
    ),
    Text(
        "As invocações partem a frio, como sem concorrência provisionada.",
        "Invocations start cold, as without provisioned concurrency.",
    ),
    (
        Text(
            "Veja se a conta tem concorrência livre e se a versão inicia sem erro.",
            "See whether the account has free concurrency and the version starts without an error.",
        ),
        Step(
            Text(
                "Depois peça-a de novo, menor se a conta não comporta mais:",
                "Then ask for it again, less of it if the account holds no more:",
            ),
            _PROVISION.commands,
        ),
    ),
    confirm=(_READY,),
)
VERSIONS_MANY = AlertTexts(
    Text("Função guarda versões demais", "Function keeps too many versions"),
    Text(
        "{function} tem {value} versões publicadas (limite {limit}).",
        "{function} has {value} published versions (limit {limit}).",
    ),
    Text(
        "Cada versão ocupa espaço de código, que a conta tem contado.",
        "Each version takes up code storage, of which the account has only so much.",
    ),
    (PRUNE,),
)
