"""What the alerts on deployments of functions and flags say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

_WHY = Step(
    Text("Veja o motivo:", "See the reason:"),
    ("aws deploy get-deployment --deployment-id {DEPLOYMENT}",),
)

DEPLOYMENT_FAILED = AlertTexts(
    Text("Implantação falhou", "Deployment failed"),
    Text(
        "{deployment_group}: {value} implantações a mais falharam em {window}.",
        "{deployment_group}: {value} more deployments failed in {window}.",
    ),
    Text(
        "Uma versão nova não chegou ao tráfego. A anterior continua a atender.",
        "A new version did not get any traffic. The earlier one goes on serving.",
    ),
    (
        _WHY,
        Text(
            "Confira no painel que o alias serve uma só versão.",
            "See on the dashboard that the alias serves one version alone.",
        ),
    ),
)
DEPLOYMENT_ROLLED_BACK = AlertTexts(
    Text("CodeDeploy reverteu uma implantação", "CodeDeploy rolled a deployment back"),
    Text(
        "{deployment_group}: {value} reversões em {window}.",
        "{deployment_group}: {value} rollbacks in {window}.",
    ),
    Text(
        "Um alarme ou uma falha durante a implantação fez o CodeDeploy voltar à versão anterior.",
        "An alarm or a failure during the deployment made CodeDeploy return to the version before.",
    ),
    (
        _WHY,
        Text(
            "Não implante a mesma versão de novo antes de achar a causa.",
            "Do not deploy the same version again before the cause is found.",
        ),
    ),
)
ALIAS_WEIGHTS_LEFT = AlertTexts(
    Text("Alias dividido entre versões", "Alias is left between versions"),
    Text(
        "{function} ({alias}): o tráfego está dividido há {limit}; a menor parte é {value}.",
        "{function} ({alias}): the traffic has been divided for {limit}; the least share is"
        " {value}.",
    ),
    Text(
        "Uma implantação gradual parou no meio e ninguém a concluiu nem desfez.",
        "A gradual deployment stopped half-way and nobody finished or undid it.",
    ),
    (
        Step(
            Text(
                "Se a implantação ainda está em andamento e não deve terminar, pare-a:",
                "If the deployment is still in progress and should not end, stop it:",
            ),
            ("vigia act stop_deployments --target {application}",),
        ),
        Step(
            Text(
                "Sem implantação em andamento, devolva o alias a uma só versão; para isso o Vigia"
                " não tem ação:",
                "Without a deployment in progress, give the alias back to one version; Vigia has"
                " no action for this:",
            ),
            (
                (
                    "aws lambda update-alias --function-name {FUNCTION} --name {ALIAS}"
                    " --function-version {VERSION}"
                    """ --routing-config '{{"AdditionalVersionWeights": {{}}}}'"""
                ),
            ),
        ),
    ),
    confirm=(
        Step(
            Text(
                "As versões que o alias serve, e o que está em andamento:",
                "The versions that the alias serves, and what is in progress:",
            ),
            queries=("dataplatform_lambda_alias_weight", "dataplatform_deployments_in_progress"),
        ),
    ),
    undo=(
        Text(
            "O alias volta com o mesmo comando e os pesos que a consulta acima mostrava.",
            "The alias goes back by the same command and the weights that the query above showed.",
        ),
    ),
)
FLAG_DEPLOYMENT_ROLLED_BACK = AlertTexts(
    Text("Implantação de flags revertida", "Deployment of flags was rolled back"),
    Text(
        "{profile}: a implantação mais nova foi revertida pelo AppConfig.",
        "{profile}: the newest deployment was rolled back by AppConfig.",
    ),
    Text(
        "Um alarme do ambiente disparou durante a implantação: valem as flags de antes.",
        "An alarm of the environment went off during the deployment: the flags before it hold.",
    ),
    (
        Text(
            "Veja no AppConfig qual alarme disparou e compare as duas versões da configuração.",
            "See in AppConfig which alarm went off and compare the configuration's two versions.",
        ),
    ),
)
FLAGS_UNLISTED = AlertTexts(
    Text("Flags fora do inventário", "Flags that the inventory does not know"),
    Text(
        "{value} flags implantadas não estão no inventário há {limit}.",
        "{value} deployed flags have not been in the inventory for {limit}.",
    ),
    Text(
        "O Vigia não vigia nem desliga o que não conhece.",
        "Vigia neither watches nor disables what it does not know.",
    ),
    (
        Text(
            "Acrescente-as ao inventário e diga quais são críticas.",
            "Add them to the inventory and say which are critical.",
        ),
    ),
)
