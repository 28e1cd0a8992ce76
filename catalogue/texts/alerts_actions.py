"""What the alerts say that ask for an action, or say why there is none to take."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts
from catalogue.texts.alerts_influxdb import LOAD

DEPLOYMENT_STUCK = AlertTexts(
    Text("Implantação que não termina", "A deployment does not end"),
    Text(
        "A implantação de {function} está em andamento há {value} (limite {limit}).",
        "The deployment of {function} has been in progress for {value} (limit {limit}).",
    ),
    Text(
        "O CodeDeploy não termina nem desiste: parte do tráfego pode estar na versão nova, e"
        " nenhuma outra implantação da função começa enquanto isso.",
        "CodeDeploy neither finishes nor gives up: part of the traffic may be on the new version,"
        " and no other deployment of the function begins meanwhile.",
    ),
    (
        Text(
            "Procure por que parou: um hook que não responde, um alarme, uma pausa manual.",
            "Find out why it hangs: a hook that does not answer, an alarm, a pause by hand.",
        ),
        Text(
            "Nunca pare no console a reversão que o próprio CodeDeploy inicia: ela é o caminho de"
            " volta.",
            "Never stop in the console the rollback that CodeDeploy itself begins: it is the way"
            " back.",
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia interrompe a implantação travada,"
        " e só ela, com a reversão do próprio CodeDeploy, e espera que essa termine.",
        "If the inventory has a playbook for this alert, Vigia stops the deployment that is stuck,"
        " and no other, with CodeDeploy's own rollback, and waits for that to end.",
    ),
    (
        Text(
            "Não para a reversão que o CodeDeploy inicia, nem uma implantação que ainda está no"
            " prazo.",
            "It stops neither the rollback that CodeDeploy begins nor a deployment that is still"
            " in time.",
        ),
    ),
    (
        Step(
            Text(
                "As implantações em andamento, e há quantos segundos:",
                "The deployments in progress, and for how many seconds:",
            ),
            queries=(
                "dataplatform_deployments_in_progress",
                (
                    "time() - dataplatform_deployment_created_timestamp_seconds"
                    ' and on (function) dataplatform_deployment_status{status="InProgress"} == 1'
                ),
            ),
        ),
    ),
)
FAILS_WITHOUT_CHANGE = AlertTexts(
    Text("Função falha sem que nada tenha mudado", "Function fails although nothing changed"),
    Text(
        "{function}: {value} falhas em {window}, {times} janelas seguidas (limite {limit}), e nem o"
        " alias nem uma flag mudou há menos de {lookback}: não há para onde voltar.",
        "{function}: {value} failures in {window}, {times} windows in a row (limit {limit}), and"
        " neither the alias nor a flag changed within {lookback}: there is nothing to go back to.",
    ),
    Text(
        "A função falha acima do limite e nenhuma mudança nossa explica isso. A causa está fora:"
        " os dados que chegam, um serviço de que ela depende, uma permissão, uma cota.",
        "The function fails above the limit and no change of ours explains it. The cause is"
        " outside: the data that come in, a service that it depends on, a permission, a quota.",
    ),
    (
        Text(
            "Leia os eventos ERROR do grupo de log da função.",
            "Read the ERROR events of the function's log group.",
        ),
        Text(
            "Veja a saúde da própria AWS no mesmo período.",
            "See AWS' own health over the same time.",
        ),
        Text(
            "Não volte a versão por tentativa: ela atendia bem antes de a falha começar.",
            "Do not roll the version back on trial: it served well before the failures began.",
        ),
    ),
    Text(
        "Nada: voltar a versão ou desligar uma flag só cura o que uma mudança recente causou, e não"
        " houve nenhuma. Uma pessoa é avisada no lugar.",
        "Nothing: going back or switching a flag off only cures what a recent change caused, and"
        " there was none. A person is told instead.",
    ),
    confirm=(
        Step(
            Text(
                "InfluxDB e S3 respondem, e alguma permissão mudou?",
                "Do InfluxDB and S3 answer, and did a permission change?",
            ),
            queries=(
                "dataplatform_influxdb_up",
                "dataplatform_bucket_up",
                "increase(dataplatform_trail_events_total[6h]) > 0",
            ),
        ),
    ),
)
DATA_CORRUPTED = AlertTexts(
    Text("Arquivos gravados com dano", "Files were stored damaged"),
    Text(
        "{function}: {value} arquivos reprovados na verificação em {window} (limite {limit}).",
        "{function}: {value} files failed their check within {window} (limit {limit}).",
    ),
    Text(
        "O processamento grava dados que não passam na verificação. Cada minuto a mais estraga mais"
        " arquivos: parar vem antes de entender.",
        "Processing stores data that fail their check. Each further minute damages more files:"
        " stopping comes before understanding.",
    ),
    (
        Step(
            Text(
                "Guarde o que há antes de qualquer conserto:",
                "Keep what there is before any repair:",
            ),
            ("vigia act snapshot_data --target {BUCKET}",),
        ),
        Text(
            "Ache a causa e os arquivos atingidos pelos eventos CORRUPTED do log.",
            "Find the cause, and the files that were hit, by the CORRUPTED events in the log.",
        ),
        Step(
            Text(
                "Com a causa corrigida, retome; as execuções paradas seguem de onde estavam:",
                "Once the cause is fixed, go on; the stopped executions are taken up where they"
                " were:",
            ),
            ("vigia act resume_processing",),
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia desabilita as regras que iniciam"
        " o processamento, para as execuções em curso e guarda quais eram. Isso contém o dano e"
        " não corrige a causa: uma pessoa é chamada, e retomar é com ela.",
        "If the inventory has a playbook for this alert, Vigia disables the rules that start"
        " processing, stops what runs and keeps which that was. That contains the harm and mends"
        " no cause: a person is called, and going on is for them to decide.",
    ),
    (
        Text(
            "Não retoma o processamento, não copia nem apaga dados.",
            "It does not go on with processing, and neither copies nor deletes data.",
        ),
    ),
    (
        Step(
            Text(
                "O que foi suspenso e o que ainda corre:",
                "What was paused and what still runs:",
            ),
            queries=("dataplatform_rule_enabled", "dataplatform_state_machine_running_executions"),
        ),
    ),
)
INFLUX_DISK_ALMOST_FULL = AlertTexts(
    Text("Disco do InfluxDB quase cheio", "InfluxDB's disk is almost full"),
    Text(
        "{instance_id}: {value} do disco em uso (limite {limit}).",
        "{instance_id}: {value} of the disk is in use (limit {limit}).",
    ),
    Text(
        "Sem espaço, o banco recusa escritas. O armazenamento só cresce, e crescer reinicia a"
        " instância: por isso alguém precisa escolher a hora.",
        "Without space the database refuses writes. Storage only grows, and growing restarts the"
        " instance: that is why somebody has to choose the hour.",
    ),
    (
        Step(
            Text(
                "Para outro tamanho, peça-o à mão; ele nunca volta a diminuir:",
                "For another size, ask for it by hand; it never shrinks again:",
            ),
            ("vigia act scale_influxdb --target {instance} --param storage_gib={STORAGE}",),
        ),
        Step(
            Text(
                "Se o prazo de retenção é maior do que o preciso, encurte-o; o que for mais"
                " velho é apagado:",
                "If the retention is longer than needed, shorten it; what is older is deleted:",
            ),
            ("vigia act set_influxdb_retention --target {influx_bucket} --param keep=2y",),
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia planeja aumentar o armazenamento"
        " e espera a aprovação de uma pessoa: a instância reinicia.",
        "If the inventory has a playbook for this alert, Vigia plans to grow the storage and waits"
        " for a person's approval: the instance restarts.",
    ),
    (
        Text(
            "Não aumenta nada sem aprovação, e não apaga dados.",
            "It grows nothing without approval, and deletes no data.",
        ),
    ),
    (
        LOAD,
        Step(
            Text(
                "Em quantos segundos, no ritmo das últimas seis horas, o disco enche:",
                "In how many seconds, at the pace of the last six hours, the disk is full:",
            ),
            queries=(
                (
                    "(1 - dataplatform_influxdb_disk_utilization_ratio)"
                    " / deriv(dataplatform_influxdb_disk_utilization_ratio[6h]) > 0"
                ),
            ),
        ),
    ),
)
