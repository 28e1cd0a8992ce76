"""What the alerts on the platform say. Placeholders are labels or values of the rule."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.text import Step, Text
from catalogue.texts.actions import DEPLOY

NOTHING = Text(
    "Nada por conta própria: este alerta apenas avisa.",
    "Nothing by itself: this alert only tells.",
)


@dataclass(frozen=True)
class AlertTexts:
    """An alert's texts.

    ``summary`` is the same for every alert of a group; ``description`` names the target and the
    value; ``meaning``, ``confirm`` (where to look), ``vigia`` (what is done without a person),
    ``never`` (what is not), ``steps`` (what is left to one) and ``undo`` (the way back from what
    is no action of ours) make the runbook page.
    """

    summary: Text
    description: Text
    meaning: Text
    steps: tuple[Text | Step, ...]
    vigia: Text = NOTHING
    never: tuple[Text, ...] = ()
    confirm: tuple[Step, ...] = ()
    undo: tuple[Text | Step, ...] = ()


PRUNE = Step(
    Text(
        "Apague versões antigas que nada mais nomeia; não há volta:",
        "Delete old versions that nothing names any more; there is no way back:",
    ),
    ("vigia act prune_versions --target {FUNCTION}",),
)
RUNS = Step(
    Text("Veja se algo já foi feito:", "See whether something was done:"),
    ("vigia remediations list",),
)

FUNCTION_REGRESSED = AlertTexts(
    Text("Função passou a falhar após uma implantação", "Function fails since a deployment"),
    Text(
        "{function} ({alias}): {value} das invocações da versão atual falham; o alias mudou há"
        " menos de {lookback} e as versões anteriores falhavam ao menos {factor} vezes menos.",
        "{function} ({alias}): {value} of the current version's invocations fail; the alias"
        " moved less than {lookback} ago and earlier versions failed at least {factor} times less.",
    ),
    Text(
        "O alias mudou de versão há pouco, e a versão que agora atende falha muito mais do que"
        " as que atenderam antes no mesmo período. As falhas continuam. É o caso que voltar à"
        " versão anterior corrige.",
        "The alias moved a short while ago, and the version that now serves fails far more than"
        " those that served before within the same look-back. Failures go on. This is what going"
        " back to the earlier version cures.",
    ),
    (
        Step(
            Text(
                "Se a ação é recusada (não houve implantação recente, ou faltam medidas), implante"
                " a versão que deve atender:",
                "If the action is refused (no recent deployment, or no measurements), deploy the"
                " version that should serve:",
            ),
            (DEPLOY,),
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia volta o alias à versão mais"
        " nova que atendeu com saúde, verifica a configuração e a taxa de falhas e só então"
        " encerra. As guardas (suspensão, intervalo, alcance, tempestade) podem detê-lo; nesse"
        " caso uma pessoa é chamada.",
        "If the inventory has a playbook for this alert, Vigia moves the alias back to the"
        " newest version that served healthily, verifies both the configuration and the failure"
        " ratio, and only then closes. The guards (pause, cool-down, reach, storm) may hold it;"
        " then a person is called.",
    ),
    (
        Text(
            "Não volta a uma versão que nunca atendeu com saúde, nem passa à frente de uma flag"
            " que mudou há pouco.",
            "It goes back to no version that never served healthily, and does not go before a flag"
            " that changed a short while ago.",
        ),
    ),
    (
        Step(
            Text("Que versão atende, e desde quando:", "Which version serves, and since when:"),
            queries=(
                "dataplatform_lambda_alias_info",
                "time() - dataplatform_lambda_alias_changed_timestamp_seconds",
            ),
        ),
    ),
)
LAMBDA_ERRORS_HIGH = AlertTexts(
    Text("Muitas falhas em função Lambda", "Many failures in a Lambda function"),
    Text(
        "{function}: {value} falhas em {window}, {times} janelas seguidas (limite {limit}).",
        "{function}: {value} failures in {window}, {times} windows in a row (limit {limit}).",
    ),
    Text(
        "A função falha acima do limite da operação. A causa pode ser o código, os dados ou um"
        " serviço de que ela depende.",
        "The function fails above the operators' limit. The cause may be the code, the data or a"
        " service that it depends on.",
    ),
    (
        Text(
            "Leia os eventos ERROR do grupo de log da função.",
            "Read the ERROR events of the function's log group.",
        ),
        RUNS,
    ),
    Text(
        "Nada por este alerta. Se as falhas vieram de uma implantação recente, quem age é"
        " FunctionRegressedAfterDeploy; de uma flag, FunctionRegressedAfterFlag.",
        "Nothing for this alert. If the failures came with a recent deployment,"
        " FunctionRegressedAfterDeploy is what acts; with a flag, FunctionRegressedAfterFlag.",
    ),
    confirm=(
        Step(
            Text(
                "O alias ou uma flag mudou junto com as falhas?",
                "Did the alias or a flag move when the failures began?",
            ),
            queries=(
                "changes(dataplatform_lambda_alias_changed_timestamp_seconds[1h]) > 0",
                "time() - dataplatform_flag_changed_timestamp_seconds < 3600",
            ),
        ),
    ),
)
API_LATENCY_HIGH = AlertTexts(
    Text("API lenta", "API is slow"),
    Text(
        "{api} ({stage}): latência média de {value} em {window}, {times} janelas seguidas"
        " (limite {limit}).",
        "{api} ({stage}): mean latency of {value} over {window}, {times} windows in a row"
        " (limit {limit}).",
    ),
    Text(
        "Quem consulta a API espera mais do que o limite da operação.",
        "Whoever asks the API waits longer than the operators' limit.",
    ),
    (
        Text(
            "Ache a função por trás da API que ficou lenta, e o que mudou nela.",
            "Find the function behind the API that became slow, and what changed in it.",
        ),
        Step(
            Text(
                "Se é a carga, ligue o cache da API por um tempo; ele é cobrado por hora:",
                "If it is the load, switch the API's cache on for a while; it is charged by the"
                " hour:",
            ),
            ("vigia act set_api_cache --target {API} --param enabled=true --param last=8h",),
        ),
    ),
    confirm=(
        Step(
            Text(
                "Compare com a duração das funções e com o InfluxDB:",
                "Compare with the functions' duration and with InfluxDB:",
            ),
            queries=(
                (
                    "rate(dataplatform_lambda_duration_seconds_sum[15m])"
                    " / rate(dataplatform_lambda_duration_seconds_count[15m])"
                ),
                "dataplatform_influxdb_record_age_seconds",
            ),
        ),
    ),
)
API_SERVER_ERRORS = AlertTexts(
    Text("API respondeu com erro 5xx", "API answered with 5xx"),
    Text(
        "{api} ({stage}): {value} respostas 5xx em {window}.",
        "{api} ({stage}): {value} answers of 5xx in {window}.",
    ),
    Text(
        "Ao menos um pedido falhou do lado da plataforma.",
        "At least one request failed on the platform's side.",
    ),
    (
        Text(
            "Leia o log da função que falhou no mesmo minuto.",
            "Read the log of the function that failed within the same minute.",
        ),
        Text(
            "Se as falhas persistem, siga o roteiro de LambdaErrorsHigh.",
            "If failures go on, follow the runbook of LambdaErrorsHigh.",
        ),
    ),
    confirm=(
        Step(
            Text("Que função falhou há pouco:", "Which function failed a short while ago:"),
            queries=("increase(dataplatform_lambda_errors_total[15m]) > 0",),
        ),
    ),
)
LOG_FAILURES = AlertTexts(
    Text("Arquivos não processados", "Files failed to process"),
    Text(
        "{function} registrou {value} processamentos com falha em {window}.",
        "{function} logged {value} failed runs of processing in {window}.",
    ),
    Text(
        "A palavra de falha apareceu no log: ao menos um arquivo não foi processado.",
        "The word of failure appeared in the log: at least one file was not processed.",
    ),
    (
        Text(
            "Ache o arquivo no log e envie-o de novo quando a causa estiver corrigida.",
            "Find the file in the log and send it again once the cause is fixed.",
        ),
    ),
)
SECURITY_EVENTS = AlertTexts(
    Text("Evento de segurança nos logs", "Security event in the logs"),
    Text(
        "{function} registrou {value} eventos de segurança em {window}.",
        "{function} logged {value} security events in {window}.",
    ),
    Text(
        "A palavra de segurança apareceu no log. Trate como incidente até prova em contrário.",
        "The word of security appeared in the log. Treat it as an incident until proven otherwise.",
    ),
    (
        Text(
            "Preserve os logs: não apague nem encurte a retenção do grupo.",
            "Keep the logs: delete nothing and do not shorten the group's retention.",
        ),
        Text(
            "Avise o contato de segurança; havendo dados pessoais, também o de privacidade.",
            "Tell the security contact; where personal data are involved, privacy as well.",
        ),
    ),
)
PROCESSING_IDLE = AlertTexts(
    Text("Nenhum arquivo processado", "No file was processed"),
    Text(
        "Nenhum arquivo processado há pelo menos {limit}.",
        "No file was processed for at least {limit}.",
    ),
    Text(
        "O contador de arquivos processados não cresce. Pode não haver o que processar, ou a"
        " entrada parou: a regra do EventBridge, o bucket ou o roteador.",
        "The counter of processed files does not grow. There may be nothing to process, or the"
        " intake stopped: the EventBridge rule, the bucket or the router.",
    ),
    (
        Text(
            "Veja se chegaram arquivos ao bucket de entrada: sem eles não há o que processar.",
            "See whether files reached the raw bucket: without them there is nothing to process.",
        ),
        Step(
            Text(
                "Se uma manutenção está em curso, não há o que fazer:",
                "If maintenance is under way there is nothing to do:",
            ),
            ("vigia maintenance status",),
        ),
        Step(
            Text(
                "Se uma ação suspendeu o processamento e a causa está corrigida, retome:",
                "If an action paused processing and the cause is fixed, go on:",
            ),
            ("vigia act resume_processing",),
        ),
    ),
    confirm=(
        Step(
            Text(
                "A regra está habilitada, e algo corre?", "Is the rule enabled, does anything run?"
            ),
            queries=("dataplatform_rule_enabled", "dataplatform_state_machine_running_executions"),
        ),
    ),
)
