"""What the alerts on InfluxDB say: its writes, its data, the instance's state and load."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

SCALE = "vigia act scale_influxdb --target {instance} --param instance_type={CLASS}"
LOAD = Step(
    Text("CPU, memória e disco da instância:", "The instance's CPU, memory and disk:"),
    queries=(
        "dataplatform_influxdb_cpu_utilization_ratio",
        "dataplatform_influxdb_memory_utilization_ratio",
        "dataplatform_influxdb_disk_utilization_ratio",
    ),
)
_SCALE = Step(
    Text(
        "Se é a carga de todo dia, aumente a instância; ela reinicia:",
        "If this is the load of every day, scale the instance up; it restarts:",
    ),
    (SCALE,),
)
_BATCHES = Text(
    "Escreva em lotes maiores e menos vezes.", "Write in larger batches and less often."
)
_CONSOLE = Text(
    "Veja a instância no console do Timestream for InfluxDB.",
    "See the instance in the Timestream for InfluxDB console.",
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
            "Instância disponível e recusa (`denied`): confira o token e a organização.",
            "Instance available and writes `denied`: look at the token and the organisation.",
        ),
        Text(
            "Instância não disponível: siga o roteiro de InfluxInstanceNotAvailable.",
            "Instance not available: follow the runbook of InfluxInstanceNotAvailable.",
        ),
        Text(
            "Disco cheio: siga o roteiro de InfluxDiskAlmostFull.",
            "Disk full: follow the runbook of InfluxDiskAlmostFull.",
        ),
    ),
    confirm=(
        Step(
            Text(
                "O motivo, o estado da instância e o disco:",
                "The reason, the instance's state and its disk:",
            ),
            queries=(
                "increase(dataplatform_influxdb_write_errors_total[15m]) > 0",
                "dataplatform_influxdb_instance_status == 1",
                "dataplatform_influxdb_disk_utilization_ratio",
            ),
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
            "Escreva em lotes maiores e menos vezes.",
            "Write in larger batches and less often.",
        ),
        Step(
            Text(
                "Se a instância está no limite, aumente-a; ela reinicia:",
                "If the instance is at its limit, scale it up; it restarts:",
            ),
            (SCALE,),
        ),
    ),
    confirm=(LOAD,),
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
            "Nenhum arquivo processado: siga o roteiro de ProcessingIdle.",
            "No file processed: follow the runbook of ProcessingIdle.",
        ),
        Text(
            "Uma função falha: siga o roteiro de LambdaErrorsHigh.",
            "A function fails: follow the runbook of LambdaErrorsHigh.",
        ),
    ),
    confirm=(
        Step(
            Text(
                "As funções são invocadas, falham, e há arquivos processados?",
                "Are functions invoked, do they fail, and are files processed?",
            ),
            queries=(
                "increase(dataplatform_lambda_invocations_total[1h])",
                "increase(dataplatform_lambda_errors_total[1h])",
                'increase(dataplatform_log_events_total{event="processed"}[1h])',
            ),
        ),
    ),
)
INSTANCE_NOT_AVAILABLE = AlertTexts(
    Text("Instância InfluxDB não disponível", "InfluxDB instance is not available"),
    Text(
        "{instance_id} está em {state} há {limit}.",
        "{instance_id} has been in {state} for {limit}.",
    ),
    Text(
        "Uma mudança da instância demora demais, ou a AWS não consegue mantê-la.",
        "A change of the instance takes too long, or AWS cannot keep it running.",
    ),
    (
        _CONSOLE,
        Text(
            "Se ninguém a está mudando, abra um chamado na AWS.",
            "If nobody is changing it, open a case with AWS.",
        ),
    ),
    confirm=(
        Step(
            Text("O estado da instância:", "The instance's state:"),
            queries=("dataplatform_influxdb_instance_status == 1",),
        ),
        Step(
            Text("Uma ação do Vigia a está mudando?", "Is an action of Vigia changing it?"),
            ("vigia remediations list --open",),
        ),
    ),
)
LISTENER_DOWN = AlertTexts(
    Text("InfluxDB não responde em um endereço", "InfluxDB does not answer at an address"),
    Text(
        "{instance_id}: {endpoint} não responde há {limit}.",
        "{instance_id}: {endpoint} has not answered for {limit}.",
    ),
    Text(
        "Nada escuta nesse endereço, ou a rede não chega até ele.",
        "Nothing listens at that address, or the network does not reach it.",
    ),
    (_CONSOLE,),
)
CPU_HIGH = AlertTexts(
    Text("CPU do InfluxDB no limite", "InfluxDB is short of CPU"),
    Text(
        "{instance_id}: {value} da CPU em uso há {wait} (limite {limit}).",
        "{instance_id}: {value} of the CPU has been in use for {wait} (limit {limit}).",
    ),
    Text(
        "Escritas e consultas vão ficar lentas.",
        "Writes and queries are about to become slow.",
    ),
    (
        Text(
            "Procure a consulta cara, e peça menos ou mais raramente.",
            "Look for the dear query, and ask for less or more rarely.",
        ),
        _SCALE,
    ),
    confirm=(
        LOAD,
        Step(
            Text("Quanto duram as consultas:", "How long queries take:"),
            queries=(
                (
                    "rate(dataplatform_influxdb_server_query_duration_seconds_sum[15m])"
                    " / rate(dataplatform_influxdb_server_query_duration_seconds_count[15m])"
                ),
            ),
        ),
    ),
)
MEMORY_HIGH = AlertTexts(
    Text("Memória do InfluxDB no limite", "InfluxDB is short of memory"),
    Text(
        "{instance_id}: {value} da memória em uso há {wait} (limite {limit}).",
        "{instance_id}: {value} of the memory has been in use for {wait} (limit {limit}).",
    ),
    Text(
        "Sem memória o servidor reinicia e perde escritas.",
        "Out of memory the server restarts and loses writes.",
    ),
    (
        Text(
            "Se o número de séries cresceu, ache a tag que muda a cada ponto.",
            "If the series grew in number, find the tag that changes with each point.",
        ),
        _SCALE,
    ),
    confirm=(
        LOAD,
        Step(
            Text(
                "Quanto o número de séries cresceu em um dia:",
                "By how much the number of series grew within a day:",
            ),
            queries=("delta(dataplatform_influxdb_series_cardinality[1d])",),
        ),
    ),
)
QUERY_SLOW = AlertTexts(
    Text("Consultas lentas no InfluxDB", "InfluxDB queries are slow"),
    Text(
        "{bucket}: uma consulta leva em média {value} em {window}, {times} janelas seguidas"
        " (limite {limit}).",
        "{bucket}: a query takes {value} on average over {window}, {times} windows in a row"
        " (limit {limit}).",
    ),
    Text(
        "Até a consulta de teste, que lê um só ponto, demora: as da API demoram mais.",
        "Even the test query, which reads a single point, is slow: those of the API are slower.",
    ),
    (_SCALE,),
    confirm=(LOAD,),
)
WRITE_TIMEOUTS = AlertTexts(
    Text("Escritas no InfluxDB esgotaram o tempo", "InfluxDB writes timed out"),
    Text(
        "{instance_id}: {value} escritas esgotaram o tempo em {window}.",
        "{instance_id}: {value} writes timed out in {window}.",
    ),
    Text(
        "Quem escreve precisa tentar de novo; quem não tenta perde pontos.",
        "Whoever writes must try again; who does not loses points.",
    ),
    (_BATCHES, _SCALE),
    confirm=(LOAD,),
)
