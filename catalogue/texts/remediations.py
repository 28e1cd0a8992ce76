"""What the remediation service says of its decisions."""

from __future__ import annotations

from catalogue.text import Text

NEEDS_HUMAN = Text(
    "{action} em {target} precisa de uma pessoa: {reason} (execução {run})",
    "{action} on {target} needs a human: {reason} (run {run})",
)
ALL_NEED_HUMAN = Text(
    "nenhuma ação é executada, é preciso uma pessoa: {reason} ({action} em {target}, entre outras)",
    "no action is taken, a human is needed: {reason} ({action} on {target} among others)",
)
REASONS = {
    # intake
    "no_playbook": Text("o alerta não nomeia um playbook", "the alert names no playbook"),
    "unknown_playbook": Text("o playbook não existe", "there is no such playbook"),
    "alert_not_allowed": Text(
        "o playbook não aceita este alerta", "the playbook does not take this alert"
    ),
    "foreign_environment": Text(
        "o alerta é de outro ambiente", "the alert is of another environment"
    ),
    "no_target": Text("o alerta não nomeia um alvo", "the alert names no target"),
    "foreign_target": Text(
        "o alvo não está no inventário deste playbook",
        "the target is not in this playbook's inventory",
    ),
    "delivered_before": Text("já entregue antes", "delivered before"),
    "run_open": Text(
        "uma execução sobre o alvo já está aberta", "a run on the target is open already"
    ),
    "resolved": Text("o alerta terminou", "the alert has resolved"),
    # guards
    "kill_switch": Text("as ações estão suspensas", "actions are paused"),
    "maintenance": Text("janela de manutenção", "maintenance window"),
    "not_allowed": Text(
        "o inventário não permite mais", "the inventory does not allow it any more"
    ),
    "mode_changed": Text(
        "o modo do roteiro não permite mais agir sem aprovação",
        "the playbook's mode no longer allows to act without an approval",
    ),
    "storm": Text("alvos demais doentes ao mesmo tempo", "too many targets are sick at once"),
    "target_busy": Text("outra execução age sobre o alvo", "another run acts on the target"),
    "cool_down": Text(
        "o alvo recebeu há pouco a mesma ação", "the same action was taken a short while ago"
    ),
    "rate": Text("execuções demais na última hora", "too many runs within the last hour"),
    "blast_radius": Text(
        "parte grande demais da plataforma seria tocada",
        "too large a share of the platform would be touched",
    ),
    "plan_expired": Text("o plano venceu e será refeito", "the plan has expired and is made anew"),
    "approval_missing": Text(
        "o plano mudou e precisa de aprovação", "the plan has changed and needs approval"
    ),
    # evidence
    "alert_unconfirmed": Text("não há como confirmar o alerta", "the alert cannot be confirmed"),
    "alert_resolved": Text("o alerta já terminou", "the alert has resolved already"),
    "recovered": Text("o alvo se recuperou", "the target has recovered"),
    "no_data": Text("não há medidas recentes", "there are no recent measurements"),
    "no_baseline": Text(
        "não há medidas de antes da implantação", "no measurements from before the deployment"
    ),
    "no_recent_deployment": Text("não houve implantação recente", "there was no recent deployment"),
    "trouble_before_deployment": Text(
        "o problema é anterior à implantação", "the trouble is older than the deployment"
    ),
    "no_rollback_target": Text(
        "não se conhece versão anterior saudável", "no healthy earlier version is known"
    ),
    "rollback_in_progress": Text(
        "o CodeDeploy já está voltando", "CodeDeploy is rolling back already"
    ),
    "prometheus_unreachable": Text("o Prometheus não responde", "Prometheus does not answer"),
    "prometheus_error": Text(
        "o Prometheus respondeu com erro", "Prometheus answered with an error"
    ),
    "prometheus_ambiguous": Text(
        "a resposta do Prometheus é ambígua", "Prometheus' answer is ambiguous"
    ),
    "alertmanager_unreachable": Text("o Alertmanager não responde", "Alertmanager does not answer"),
    "aws_unreachable": Text("a AWS não responde", "AWS does not answer"),
    "aws_denied": Text("a AWS negou a permissão", "AWS denied permission"),
    "aws_error": Text("a AWS respondeu com erro", "AWS answered with an error"),
    "managed_rule": Text("um serviço da AWS administra a regra", "an AWS service manages the rule"),
    "nothing_to_resume": Text(
        "nada do que suspendemos pode ser retomado", "nothing that we paused can be resumed"
    ),
    "target_missing": Text("o alvo não existe na AWS", "the target does not exist in AWS"),
    "storage_only_grows": Text("o armazenamento só cresce", "storage only grows"),
    "not_available": Text("a instância não está disponível", "the instance is not available"),
    "nothing_to_prune": Text("todas as versões são necessárias", "every version is needed"),
    "already_serving": Text(
        "o alias já serve este código e esta configuração",
        "the alias serves this code and configuration already",
    ),
    "deployment_in_progress": Text("há uma implantação em curso", "a deployment is in progress"),
    "alias_weighted": Text(
        "o alias divide o tráfego por pesos", "the alias divides its traffic by weights"
    ),
    "function_not_ready": Text(
        "a função ou a versão não está pronta", "the function or version is not ready"
    ),
    # flags
    "nothing_deployed": Text("nenhuma flag foi implantada", "no flags were ever deployed"),
    "flags_unreadable": Text(
        "o documento de flags não pode ser lido", "the flag document cannot be read"
    ),
    "flag_deployment_in_progress": Text(
        "há uma implantação de flags em andamento", "a deployment of flags is in progress"
    ),
    "critical_flag_in_progress": Text(
        "a implantação em andamento muda uma flag crítica",
        "the deployment in progress changes a critical flag",
    ),
    "flags_conflict": Text(
        "outra pessoa edita as flags ao mesmo tempo", "somebody else edits the flags meanwhile"
    ),
    "flag_not_allowed": Text(
        "o inventário não permite mudar a flag", "the inventory does not allow to change the flag"
    ),
    "flag_missing": Text("o documento não define a flag", "the document does not define the flag"),
    "no_recent_flag": Text(
        "nenhuma flag foi ligada há pouco", "no flag was turned on a short while ago"
    ),
    "trouble_before_flag": Text(
        "o problema é anterior à flag", "the trouble is older than the flag"
    ),
    "flags_first": Text(
        "uma flag mudou há pouco e é desligada antes",
        "a flag changed a short while ago and is turned off first",
    ),
    "storm_watch": Text(
        "espera para ver se outros alvos também adoecem",
        "it waits to see whether other targets fall sick too",
    ),
    "snapshot_exists": Text(
        "já há um snapshot deste segundo", "there is a snapshot of this very second already"
    ),
    "snapshot_unreadable": Text(
        "o manifesto do snapshot não pôde ser lido", "the snapshot's manifest cannot be read"
    ),
    "too_many_rules": Text(
        "o bucket passaria do limite de regras da S3",
        "the bucket would have more rules than S3 takes",
    ),
    "influxdb_unreachable": Text("o InfluxDB não responde", "InfluxDB does not answer"),
    "influxdb_denied": Text("o InfluxDB negou a permissão", "InfluxDB denied permission"),
    "influxdb_refused": Text("o InfluxDB recusou o pedido", "InfluxDB refused the request"),
    "influxdb_server_error": Text(
        "o InfluxDB respondeu com erro", "InfluxDB answered with an error"
    ),
    "influxdb_no_token": Text(
        "falta o token do InfluxDB para as ações", "the actions have no token for InfluxDB"
    ),
    "cache_is_on": Text(
        "o cache já está ligado, e não por esta execução",
        "the cache is on already, and not by this run",
    ),
    "cache_changed": Text(
        "alguém mais mudou o cache: não é desligado",
        "somebody else has changed the cache: it is not switched off",
    ),
    "cache_busy": Text("a AWS ainda muda o cache", "AWS is still changing the cache"),
    # the way to an ending
    "snapshot_incomplete": Text(
        "o snapshot está incompleto: há objetos que não foram copiados",
        "the snapshot is incomplete: there are objects that were not copied",
    ),
    "done": Text("feito e conferido", "done and checked"),
    "contained": Text(
        "o dano foi contido, a causa não foi corrigida",
        "the harm is contained, its cause is not mended",
    ),
    "too_many_calls": Text("exigiria chamadas demais", "it would take too many calls"),
    "approval_needed": Text("o plano aguarda aprovação", "the plan awaits approval"),
    "approval_expired": Text("ninguém aprovou a tempo", "nobody approved in time"),
    "blocked_too_long": Text("ficou detida tempo demais", "it was held for too long"),
    "shadow": Text("modo sombra: só planejada", "shadow mode: planned only"),
    "already_done": Text("outra pessoa já fez", "somebody else did it already"),
    "drift": Text("alguém mais mudou o alvo", "somebody else changed the target"),
    "never_settled": Text(
        "a AWS não terminou o que começou", "AWS did not finish what it had begun"
    ),
    "refused": Text("a AWS recusou a chamada", "AWS refused the call"),
    "no_effect": Text("a chamada não teve efeito", "the call had no effect"),
    "deployment_failed": Text(
        "a implantação falhou ou foi interrompida", "the deployment failed or was stopped"
    ),
    "not_stopped": Text(
        "a implantação terminou antes de ser interrompida",
        "the deployment ended before it could be stopped",
    ),
    "not_rolled_back": Text(
        "o CodeDeploy não trouxe o alias de volta", "CodeDeploy did not bring the alias back"
    ),
    "own_change_unknown": Text(
        "piorou, mas a resposta da própria chamada se perdeu: não é desfeita",
        "it grew worse, but the answer to the run's own call was lost: it is not undone",
    ),
    "unknowable": Text(
        "a resposta se perdeu duas vezes e não há como reler",
        "the answer was lost twice and cannot be read back",
    ),
    "still_bad": Text("o problema continua", "the trouble goes on"),
    "worse": Text("o problema piorou", "the trouble grew worse"),
    "no_evidence": Text("faltam dados para julgar", "there are no data to judge by"),
    "internal_error": Text("erro interno", "internal error"),
    "rejected_by_hand": Text("rejeitada por uma pessoa", "rejected by a person"),
    "cancelled_by_hand": Text("cancelada por uma pessoa", "cancelled by a person"),
    # outcomes, as they reach people
    "ineffective": Text("a ação não resolveu", "the action did not help"),
    "inconclusive": Text("não há como saber se resolveu", "whether it helped cannot be known"),
    "failed": Text("a ação falhou", "the action failed"),
    "undone": Text("a ação piorou e foi desfeita", "the action made it worse and was undone"),
    "undo_failed": Text(
        "a ação piorou e não pôde ser desfeita", "it grew worse and could not be undone"
    ),
    "expired": Text("expirou sem agir", "it expired without acting"),
}
NOTES = {
    "cache_is_billed": Text(
        "O cache é cobrado por hora até ser desligado.",
        "The cache is billed by the hour until it is switched off.",
    ),
    "cache_is_billed_until": Text(
        "O cache é cobrado por hora até o fim indicado, quando outra execução o desliga.",
        "The cache is billed by the hour until its end, when another run switches it off.",
    ),
    "cache_is_emptied": Text(
        "Ao mudar de tamanho o cache é refeito, vazio: o que está atrás da API recebe mais carga.",
        "For another size the cache is made anew, empty: what is behind the API bears more load.",
    ),
    "no_method_caches": Text(
        "Nenhum método do estágio usa o cache: sem isso ele é cobrado e não serve.",
        "No method of the stage uses the cache: without that it is billed to no avail.",
    ),
    "data_are_deleted": Text(
        "Dados mais antigos que o novo prazo são apagados para sempre.",
        "Data older than the new limit are deleted for good.",
    ),
    "objects_expire": Text(
        "Objetos que vencem são apagados para sempre.", "Objects that expire are deleted for good."
    ),
    "archived_must_be_restored": Text(
        "O que passa a GLACIER ou DEEP_ARCHIVE só se lê restaurado, em horas e com custo.",
        "What moves to GLACIER or DEEP_ARCHIVE is read only once restored: hours, and a charge.",
    ),
    "not_point_in_time": Text(
        "Os objetos são copiados um após o outro: o snapshot não mostra um só instante.",
        "Objects are copied one after the other: the snapshot does not show one point in time.",
    ),
    "copies_are_billed": Text(
        "As cópias e os pedidos são cobrados; as cópias ficam até alguém apagá-las.",
        "Copies and requests are billed; the copies stay until somebody deletes them.",
    ),
    "events_are_lost": Text(
        "Com a regra desabilitada, eventos que chegam se perdem, salvo os arquivados.",
        "While a rule is disabled, events that arrive are lost unless they are archived.",
    ),
    "express_goes_on": Text(
        "Execuções EXPRESS não podem ser listadas nem paradas: as que correm terminam sozinhas.",
        "EXPRESS executions can be neither listed nor stopped: those that run end by themselves.",
    ),
    "events_are_deleted": Text(
        "Eventos mais antigos que o novo prazo são apagados para sempre.",
        "Events older than the new limit are deleted for good.",
    ),
    "costs_until_removed": Text(
        "Instâncias provisionadas são cobradas até serem removidas.",
        "Provisioned instances are billed until they are removed.",
    ),
    "instance_restarts": Text(
        "A instância reinicia: escritas e consultas falham por alguns minutos.",
        "The instance restarts: writes and queries fail for some minutes.",
    ),
    "redrive_too_late": Text(
        "Execuções paradas há 14 dias ou mais não podem ser retomadas.",
        "Executions that were stopped 14 days ago or longer cannot be taken up again.",
    ),
    "events_were_lost": Text(
        "Eventos que chegaram com a regra desabilitada não voltam, salvo os arquivados.",
        "Events that arrived while the rule was disabled do not come back unless archived.",
    ),
    "not_all_resumes": Text(
        "Nem tudo o que foi suspenso volta: o plano diz o que fica, e por quê.",
        "Not all that was paused comes back: the plan says what is left, and why.",
    ),
    "express_not_resumed": Text(
        "Execuções EXPRESS não foram paradas nem anotadas: nenhuma é retomada.",
        "EXPRESS executions were neither stopped nor recorded: none is taken up again.",
    ),
    "rule_state_reduced": Text(
        "A regra casava também eventos de gerenciamento do CloudTrail; volta sem eles.",
        "The rule also matched CloudTrail's management events; it comes back without them.",
    ),
    "configuration_rolls_back": Text(
        "A versão congela a configuração: variáveis, memória e tempo-limite voltam junto.",
        "A version freezes configuration: variables, memory and time-out roll back too.",
    ),
    "weights_cleared": Text("Os pesos do alias são zerados.", "The alias's weights are cleared."),
    "provisioned_concurrency_moves": Text(
        "A concorrência provisionada do alias leva minutos para acompanhar.",
        "The alias's provisioned concurrency takes minutes to follow.",
    ),
    "versions_are_deleted": Text(
        "Uma versão apagada não volta, e o seu número nunca se repete.",
        "A deleted version does not come back, and its number is never given again.",
    ),
    "callers_by_number": Text(
        "Quem chama uma versão pelo número, fora de aliases e fontes de eventos, não é visto.",
        "Whoever calls a version by its number, but for aliases and event sources, is not seen.",
    ),
    "traffic_moves": Text(
        "O alias passa a servir outro código e outra configuração, no ritmo do CodeDeploy.",
        "The alias comes to serve other code and configuration, at CodeDeploy's pace.",
    ),
    "notice_may_repeat": Text(
        "O aviso pode chegar duas vezes; traz o número da execução, que as une.",
        "The notice may arrive twice; it carries the run's id, by which both are one.",
    ),
    "flag_deployment_stopped": Text(
        "A implantação de flags em curso é interrompida; o AppConfig volta ao documento anterior.",
        "The deployment of flags in progress is stopped; AppConfig goes back to the document"
        " before.",
    ),
    "deployment_stopped": Text(
        "A implantação em curso é interrompida; o próprio CodeDeploy volta o alias.",
        "The deployment in progress is stopped; CodeDeploy itself moves the alias back.",
    ),
}
