"""What each action does, and how it is taken back, as people read it."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.text import Text


@dataclass(frozen=True)
class ActionTexts:
    """An action in one sentence, and what undoes it."""

    does: Text
    undo: Text
    back: tuple[str, ...] = ()
    """Commands that take it back, with placeholders as in runbooks."""


_BY_ITSELF = Text(
    "Se o resultado piorar, o próprio motor desfaz, desde que o estado ainda seja o seu.",
    "If the outcome worsens the engine itself undoes it, as long as the state is still its own.",
)
_NEVER = Text("Não há volta.", "There is no way back.")
_SAME_AGAIN = Text(
    "Peça de novo com o valor anterior, que o plano registra.",
    "Ask again with the value before, which the plan records.",
)

DEPLOY = "vigia act deploy_version --target {FUNCTION} --param version={VERSION}"

ACTIONS = {
    "deploy_version": ActionTexts(
        Text(
            "Publica uma versão da função e a implanta pelo CodeDeploy, acompanhando até o fim.",
            "Publishes a version of the function and deploys it through CodeDeploy, to the end.",
        ),
        Text(
            "`deploy_version` implanta a versão que atendia antes; `rollback_function` também, se"
            " desde então a função falha.",
            "`deploy_version` deploys the version that served before; so does `rollback_function`,"
            " if the function fails since.",
        ),
        (DEPLOY,),
    ),
    "disable_flags": ActionTexts(
        Text(
            "Desliga as flags não críticas no documento que está implantado.",
            "Switches the flags that are not critical off in the document that is deployed.",
        ),
        Text(
            f"{_BY_ITSELF.pt} À mão, `set_flag` liga cada uma de novo.",
            f"{_BY_ITSELF.en} By hand, `set_flag` turns each on again.",
        ),
        ("vigia act set_flag --param flag={FLAG} --param enabled=true",),
    ),
    "notify": ActionTexts(
        Text("Publica um aviso no tópico SNS.", "Publishes a notice on the SNS topic."),
        _NEVER,
    ),
    "pause_processing": ActionTexts(
        Text(
            "Desabilita as regras que iniciam o processamento e para as execuções em curso.",
            "Disables the rules that start processing and stops the executions that run.",
        ),
        Text(
            "`resume_processing` volta ao que estava habilitado e retoma as execuções.",
            "`resume_processing` goes back to what was enabled and redrives the executions.",
        ),
        ("vigia act resume_processing",),
    ),
    "prune_versions": ActionTexts(
        Text(
            "Apaga versões antigas da função que nada mais nomeia.",
            "Deletes old versions of the function that nothing names any more.",
        ),
        _NEVER,
    ),
    "resume_processing": ActionTexts(
        Text(
            "Habilita o que as suspensões desde a última retomada desabilitaram e retoma as"
            " execuções que elas pararam; o plano diz o que não volta.",
            "Enables what the pauses since the last resume disabled and redrives the executions"
            " that they stopped; the plan says what does not come back.",
        ),
        Text("`pause_processing` suspende de novo.", "`pause_processing` pauses again."),
        ("vigia act pause_processing",),
    ),
    "rollback_function": ActionTexts(
        Text(
            "Volta o alias à versão mais nova que o atendeu com saúde.",
            "Moves the alias back to the newest version that served it healthily.",
        ),
        Text(
            f"{_BY_ITSELF.pt} À mão, `deploy_version` implanta a versão que atendia antes.",
            f"{_BY_ITSELF.en} By hand, `deploy_version` deploys the version that served before.",
        ),
        (DEPLOY,),
    ),
    "scale_influxdb": ActionTexts(
        Text(
            "Muda a classe ou aumenta o armazenamento da instância do InfluxDB.",
            "Changes the class or grows the storage of the InfluxDB instance.",
        ),
        Text(
            "A classe pode voltar; o armazenamento só cresce.",
            "The class can go back; storage only grows.",
        ),
        ("vigia act scale_influxdb --target {instance} --param instance_type={BEFORE}",),
    ),
    "set_api_cache": ActionTexts(
        Text(
            "Liga, desliga ou redimensiona o cache do estágio da API.",
            "Switches the cache of the API's stage on or off, or resizes it.",
        ),
        _SAME_AGAIN,
        ("vigia act set_api_cache --target {API} --param enabled={BEFORE}",),
    ),
    "set_flag": ActionTexts(
        Text(
            "Liga ou desliga uma flag no documento que está implantado.",
            "Switches one flag on or off in the document that is deployed.",
        ),
        _SAME_AGAIN,
        ("vigia act set_flag --param flag={FLAG} --param enabled={BEFORE}",),
    ),
    "set_influxdb_retention": ActionTexts(
        Text(
            "Muda por quanto tempo o bucket do InfluxDB guarda dados.",
            "Changes for how long the InfluxDB bucket keeps data.",
        ),
        Text(
            "O prazo pode voltar; dados apagados, não.",
            "The period can go back; deleted data cannot.",
        ),
        ("vigia act set_influxdb_retention --target {influx_bucket} --param keep={BEFORE}",),
    ),
    "set_lifecycle": ActionTexts(
        Text(
            "Escreve no bucket as regras de ciclo de vida do inventário, mantendo as alheias.",
            "Writes the inventory's lifecycle rules to the bucket, keeping those of others.",
        ),
        _SAME_AGAIN,
    ),
    "set_log_retention": ActionTexts(
        Text(
            "Define por quanto tempo um grupo de log guarda eventos.",
            "Sets for how long a log group keeps events.",
        ),
        Text(
            "O prazo pode voltar; eventos apagados, não.",
            "The period can go back; deleted events cannot.",
        ),
        ("vigia act set_log_retention --target {GROUP} --param days={BEFORE}",),
    ),
    "set_provisioned_concurrency": ActionTexts(
        Text(
            "Mantém instâncias do alias prontas, ou deixa de mantê-las.",
            "Keeps instances of the alias ready, or stops doing so.",
        ),
        _SAME_AGAIN,
        ("vigia act set_provisioned_concurrency --target {FUNCTION} --param instances={BEFORE}",),
    ),
    "snapshot_data": ActionTexts(
        Text(
            "Copia os objetos do bucket para o bucket de cópias, com um manifesto.",
            "Copies the bucket's objects to the bucket of snapshots, with a manifest.",
        ),
        Text(
            "A origem não muda; a cópia pode ser apagada à mão.",
            "The source is not changed; the copy may be deleted by hand.",
        ),
    ),
    "stop_deployments": ActionTexts(
        Text(
            "Interrompe implantações em curso do CodeDeploy, que volta o alias sozinho.",
            "Stops CodeDeploy's deployments in progress; it moves the alias back by itself.",
        ),
        Text("`deploy_version` implanta de novo.", "`deploy_version` deploys again."),
        (DEPLOY,),
    ),
}
