"""What the alerts say that ask for an action, or say why there is none to take."""

from __future__ import annotations

from catalogue.text import Text
from catalogue.texts.alerts import AlertTexts

_SEE_RUN = Text(
    "Veja o que foi feito: `vigia remediations list`, depois `vigia remediations show ID`.",
    "See what was done: `vigia remediations list`, then `vigia remediations show ID`.",
)
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
        _SEE_RUN,
        Text(
            "Procure por que parou: um hook que não responde, um alarme, uma pausa manual.",
            "Find out why it hangs: a hook that does not answer, an alarm, a pause by hand.",
        ),
        Text(
            "À mão: `aws deploy stop-deployment --deployment-id ID --auto-rollback-enabled`. Nunca"
            " pare a reversão que o próprio CodeDeploy inicia: ela é o caminho de volta.",
            "By hand: `aws deploy stop-deployment --deployment-id ID --auto-rollback-enabled`."
            " Never stop the rollback that CodeDeploy itself begins: it is the way back.",
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia interrompe a implantação travada,"
        " e só ela, com a reversão do próprio CodeDeploy, e espera que essa termine.",
        "If the inventory has a playbook for this alert, Vigia stops the deployment that is stuck,"
        " and no other, with CodeDeploy's own rollback, and waits for that to end.",
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
            "Veja InfluxDB, S3 e a saúde da AWS no mesmo período.",
            "See InfluxDB, S3 and AWS' own health over the same time.",
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
        _SEE_RUN,
        Text(
            "Guarde o que há antes de qualquer conserto: `vigia act snapshot_data --target"
            " BUCKET`.",
            "Keep what there is before any repair: `vigia act snapshot_data --target BUCKET`.",
        ),
        Text(
            "Ache a causa e os arquivos atingidos pelos eventos CORRUPTED do log.",
            "Find the cause, and the files that were hit, by the CORRUPTED events in the log.",
        ),
        Text(
            "Com a causa corrigida, retome: `vigia act resume_processing`. As execuções paradas são"
            " retomadas de onde pararam.",
            "Once the cause is fixed, go on: `vigia act resume_processing`. The executions that"
            " were stopped are taken up where they were.",
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia desabilita as regras que iniciam"
        " o processamento, para as execuções em curso e guarda quais eram. Retomar é de uma"
        " pessoa.",
        "If the inventory has a playbook for this alert, Vigia disables the rules that start"
        " processing, stops what runs and keeps which that was. Going on is for a person to"
        " decide.",
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
        Text(
            "Veja o plano que aguarda: `vigia remediations list`, depois `vigia remediations show"
            " ID`. Decida: `vigia remediations approve ID` ou `vigia remediations reject ID`.",
            "See the plan that waits: `vigia remediations list`, then `vigia remediations show ID`."
            " Decide: `vigia remediations approve ID` or `vigia remediations reject ID`.",
        ),
        Text(
            "Pergunte também se o prazo de retenção ainda é o que se quer.",
            "Ask as well whether the retention is still what is wanted.",
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia planeja aumentar o armazenamento"
        " e espera a aprovação de uma pessoa: a instância reinicia.",
        "If the inventory has a playbook for this alert, Vigia plans to grow the storage and waits"
        " for a person's approval: the instance restarts.",
    ),
)
