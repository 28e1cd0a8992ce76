"""What the alerts on the InfluxDB instance's state and load say."""

from __future__ import annotations

from catalogue.text import Text
from catalogue.texts.alerts import AlertTexts

_SCALE = Text(
    "Se é a carga de todo dia, aumente a instância: `vigia act scale_influxdb`.",
    "If this is the load of every day, scale the instance up: `vigia act scale_influxdb`.",
)
_BATCHES = Text(
    "Escreva em lotes maiores e menos vezes.", "Write in larger batches and less often."
)
_CONSOLE = Text(
    "Veja a instância no console do Timestream for InfluxDB.",
    "See the instance in the Timestream for InfluxDB console.",
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
            "Procure a consulta cara: `dataplatform_influxdb_server_query_duration_seconds`.",
            "Look for the dear query: `dataplatform_influxdb_server_query_duration_seconds`.",
        ),
        _SCALE,
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
            "Veja se o número de séries cresceu: `dataplatform_influxdb_series_cardinality`.",
            "See whether the series grew in number: `dataplatform_influxdb_series_cardinality`.",
        ),
        _SCALE,
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
    (Text("Veja CPU e memória da instância.", "See the instance's CPU and memory."), _SCALE),
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
)
