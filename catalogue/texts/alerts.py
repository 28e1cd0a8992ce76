"""What the alerts on the platform say. Placeholders are labels or values of the rule."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.text import Text

NOTHING = Text(
    "Nada por conta própria: este alerta apenas avisa. Nenhuma ação é executada.",
    "Nothing by itself: this alert only tells. No action is taken.",
)


@dataclass(frozen=True)
class AlertTexts:
    """An alert's texts.

    ``summary`` is the same for every alert of a group; ``description`` names the target and the
    value; ``meaning``, ``vigia`` (what is done without a person) and ``steps`` (what is left to
    one) make the runbook page.
    """

    summary: Text
    description: Text
    meaning: Text
    steps: tuple[Text, ...]
    vigia: Text = NOTHING


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
        Text(
            "Veja o que foi feito: `vigia remediations list`, depois `vigia remediations show ID`.",
            "See what was done: `vigia remediations list`, then `vigia remediations show ID`.",
        ),
        Text(
            "Se nada foi feito, pergunte por quê: `vigia remediations why FINGERPRINT`.",
            "If nothing was done, ask why: `vigia remediations why FINGERPRINT`.",
        ),
        Text(
            "Se o plano aguarda decisão: `vigia remediations approve ID` ou"
            " `vigia remediations reject ID`.",
            "If the plan awaits a decision: `vigia remediations approve ID` or"
            " `vigia remediations reject ID`.",
        ),
        Text(
            "À mão: `aws lambda update-alias --function-name FUNÇÃO --name ALIAS"
            " --function-version VERSÃO_SADIA`. Para desfazer, repita com a versão anterior.",
            "By hand: `aws lambda update-alias --function-name FUNCTION --name ALIAS"
            " --function-version HEALTHY_VERSION`. To undo, repeat with the version before.",
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
            "Confira no painel se a versão do alias mudou junto com as falhas.",
            "See on the dashboard whether the alias moved when the failures began.",
        ),
        Text(
            "Leia os eventos ERROR do grupo de log da função.",
            "Read the ERROR events of the function's log group.",
        ),
        Text(
            "Veja se algo já foi feito: `vigia remediations list`.",
            "See whether something was done: `vigia remediations list`.",
        ),
    ),
    Text(
        "Nada por este alerta. Se as falhas vieram de uma implantação recente, quem age é"
        " FunctionRegressedAfterDeploy.",
        "Nothing for this alert. If the failures came with a recent deployment,"
        " FunctionRegressedAfterDeploy is what acts.",
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
            "Compare a duração das funções por trás da API com a latência.",
            "Compare the duration of the functions behind the API with its latency.",
        ),
        Text(
            "Veja a escrita no InfluxDB e a idade dos registros no mesmo período.",
            "See InfluxDB's writes and the age of its records over the same time.",
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
            "Procure a função que falhou no mesmo minuto.",
            "Look for the function that failed within the same minute.",
        ),
        Text(
            "Se as falhas persistem, siga o roteiro de LambdaErrorsHigh.",
            "If failures go on, follow the runbook of LambdaErrorsHigh.",
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
            "Veja se chegaram arquivos ao bucket de entrada e se a regra está habilitada.",
            "See whether files reached the raw bucket and whether the rule is enabled.",
        ),
        Text(
            "Se uma manutenção está em curso, não há o que fazer.",
            "If maintenance is under way there is nothing to do.",
        ),
    ),
)
INFLUX_DOWN = AlertTexts(
    Text("InfluxDB não aceita escrita", "InfluxDB takes no writes"),
    Text(
        "A escrita de teste em {bucket} não foi aceita ou não pôde ser lida de volta há {limit}.",
        "The canary write to {bucket} was not accepted or not read back for {limit}.",
    ),
    Text(
        "A escrita de teste falha: os dados de energia também não entram.",
        "The canary write fails: energy data do not get in either.",
    ),
    (
        Text(
            "Veja o motivo em `dataplatform_influxdb_write_errors_total`.",
            "See the reason in `dataplatform_influxdb_write_errors_total`.",
        ),
        Text(
            "Veja o estado da instância no console do Timestream for InfluxDB.",
            "See the instance's state in the Timestream for InfluxDB console.",
        ),
    ),
)
INFLUX_WRITE_SLOW = AlertTexts(
    Text("Escrita lenta no InfluxDB", "InfluxDB writes are slow"),
    Text(
        "{bucket}: escrita de teste leva em média {value} em {window}, {times} janelas seguidas"
        " (limite {limit}).",
        "{bucket}: a canary write takes {value} on average over {window}, {times} windows in a"
        " row (limit {limit}).",
    ),
    Text(
        "As escritas são aceitas, mas demoram: a carga atrasa e a fila cresce.",
        "Writes are accepted, but slow: loading falls behind and the backlog grows.",
    ),
    (
        Text(
            "Veja CPU, memória e disco da instância.",
            "See the instance's CPU, memory and disk.",
        ),
        Text(
            "Escreva em lotes maiores; se a instância está no limite, aumente-a.",
            "Write in larger batches; if the instance is at its limit, scale it up.",
        ),
    ),
)
INFLUX_RECORDS_STALE = AlertTexts(
    Text("Dados de energia desatualizados", "Energy data are out of date"),
    Text(
        "{bucket}/{measurement}: o registro mais novo tem {value} (limite {limit}).",
        "{bucket}/{measurement}: the newest record is {value} old (limit {limit}).",
    ),
    Text(
        "O banco responde, mas não recebe registros novos desta medição.",
        "The database answers, but gets no new records of this measurement.",
    ),
    (
        Text(
            "Veja se influxdb_loader é invocada e se falha.",
            "See whether influxdb_loader is invoked and whether it fails.",
        ),
        Text("Veja se há arquivos processados.", "See whether files are processed."),
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
        Text(
            "Veja no painel de custo qual serviço cresceu.",
            "See on the cost panel which service grew.",
        ),
        Text(
            "Acima do orçamento, avise o contato executivo.",
            "Above the budget, tell the executive contact.",
        ),
    ),
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
            "Compare o custo de ontem, por serviço, com a média dos sete dias anteriores.",
            "Compare yesterday's cost by service with the mean of the seven days before.",
        ),
    ),
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
        Text(
            "Veja implantações recentes e o que o Vigia fez: `vigia remediations list`.",
            "See recent deployments and what Vigia did: `vigia remediations list`.",
        ),
    ),
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
)
