"""What the inventory's keys for accounts, resources and people mean."""

from __future__ import annotations

from catalogue.text import SectionTexts, Text

RESOURCES = {
    "Inventory": SectionTexts(
        Text("O arquivo inteiro.", "The whole file."),
        {
            "version": Text("Forma do arquivo.", "Form of the file."),
            "environment": Text(
                "Nome do ambiente, em todo alerta.",
                "Name of the environment, on every alert.",
            ),
            "locale": Text(
                "Língua dos alertas, painéis e avisos.",
                "Language of alerts, dashboards and notices.",
            ),
            "timezone": Text(
                "Fuso do horário comercial e dos feriados.",
                "Time zone of business hours and holidays.",
            ),
            "aws": Text(
                "Conta e região principais.",
                "Main account and region.",
            ),
            "scopes": Text(
                "Outras contas e regiões, só para leitura.",
                "Further accounts and regions, read only.",
            ),
            "functions": Text("Funções Lambda.", "Lambda functions."),
            "log_events": Text(
                "Palavras nos logs que contam como eventos.",
                "Words in the logs that count as events.",
            ),
            "apis": Text("Estágios do API Gateway.", "API Gateway stages."),
            "buckets": Text("Buckets do S3.", "S3 buckets."),
            "rules": Text(
                "Regras do EventBridge que iniciam o processamento.",
                "EventBridge rules that start processing.",
            ),
            "state_machines": Text(
                "Máquinas de estado do Step Functions.",
                "Step Functions state machines.",
            ),
            "codedeploy": Text(
                "Implantações das funções.",
                "Deployments of the functions.",
            ),
            "appconfig": Text("Feature flags.", "Feature flags."),
            "influxdb": Text(
                "O banco de séries temporais.",
                "The time series database.",
            ),
            "sns": Text("O tópico dos usuários.", "The users' topic."),
            "log_groups": Text(
                "Grupos de logs cuja retenção é observada.",
                "Log groups whose retention is watched.",
            ),
            "security": Text(
                "O que se observa por segurança.",
                "What is watched for security.",
            ),
            "metrics": Text(
                "Qualquer outra métrica do CloudWatch.",
                "Any further CloudWatch metric.",
            ),
            "contacts": Text("Quem é avisado.", "Who is told."),
            "collection": Text(
                "Cadência e custo da coleta.",
                "Cadence and cost of collection.",
            ),
            "thresholds": Text("Limites dos alertas.", "Limits of the alerts."),
            "regression": Text(
                "Quando erros são culpa de uma implantação.",
                "When errors are a deployment's fault.",
            ),
            "objectives": Text(
                "Objetivos de nível de serviço (SLOs).",
                "Service level objectives (SLOs).",
            ),
            "budget": Text("Orçamento da plataforma.", "The platform's budget."),
            "playbooks": Text(
                "Qual alerta pode iniciar qual ação, em que alvos e modo.",
                "Which alert may start which action, on which targets, in which mode.",
            ),
            "engine": Text(
                "Guardas e tempos do motor de ações.",
                "Guards and times of the action engine.",
            ),
            "alerting": Text(
                "Ritmo, canais e endereços dos alertas.",
                "Tempo, channels and addresses of alerting.",
            ),
        },
    ),
    "Aws": SectionTexts(
        Text("Uma conta e região.", "An account and region."),
        {
            "account": Text("Número da conta.", "Number of the account."),
            "region": Text("Região da AWS.", "AWS region."),
            "role_arn": Text(
                "Papel a assumir; sem ele valem as credenciais do processo.",
                "Role to assume; without it the process's own credentials are used.",
            ),
            "external_id": Text(
                "External id que o papel exige.",
                "External id that the role asks for.",
            ),
        },
    ),
    "Scope": SectionTexts(
        Text(
            "Outra conta e região, lida por seu próprio papel.",
            "A further account and region, read through its own role.",
        ),
        {
            "name": Text(
                "Nome pelo qual os recursos a citam.",
                "Name by which resources refer to it.",
            ),
        },
    ),
    "Resource": SectionTexts(
        Text("Um recurso com nome.", "A resource with a name."),
        {
            "name": Text("Nome na AWS.", "Name in AWS."),
            "scope": Text(
                "Conta e região em que está; sem ele, as principais.",
                "Account and region that it is in; without it, the main ones.",
            ),
        },
    ),
    "Function": SectionTexts(
        Text("Uma função Lambda.", "A Lambda function."),
        {
            "alias": Text(
                "Alias que atende o tráfego.",
                "Alias that serves traffic.",
            ),
            "log_group": Text(
                "Grupo de logs em que ela escreve.",
                "Log group that it writes to.",
            ),
            "deployment_group": Text(
                "Grupo do CodeDeploy que a implanta.",
                "CodeDeploy group that deploys it.",
            ),
            "critical": Text(
                "Diz que a função é crítica; o Vigia não o lê.",
                "Says that the function is critical; Vigia does not read it.",
            ),
            "follow_alias": Text(
                "Consulta a versão do alias na cadência `control_plane_every`; sem isso, na"
                " `resources_every`.",
                "Asks which version the alias serves at the cadence `control_plane_every`;"
                " without it, at `resources_every`.",
            ),
            "provisioned": Text(
                "Observa também a concorrência provisionada do alias.",
                "Also watches the alias's provisioned concurrency.",
            ),
        },
    ),
    "LogEvent": SectionTexts(
        Text(
            "Uma palavra nos logs que vale por um evento.",
            "A word in the logs that stands for an event.",
        ),
        {
            "event": Text(
                "Valor do rótulo `event`.",
                "Value of the label `event`.",
            ),
            "pattern": Text(
                "Texto procurado, como palavra inteira.",
                "Text that is looked for, matched as a whole word.",
            ),
            "functions": Text(
                "Funções que o escrevem.",
                "Functions that write it.",
            ),
            "amount": Text(
                "Onde está, no evento, um número a somar.",
                "Where in the event a number stands that is added up.",
            ),
            "scale": Text(
                "Fator que leva `amount` à unidade base.",
                "Factor that turns `amount` into the base unit.",
            ),
        },
    ),
    "Api": SectionTexts(
        Text(
            "Um estágio do API Gateway e seu endereço de saúde.",
            "An API Gateway stage and its health address.",
        ),
        {
            "stage": Text("Nome do estágio.", "Name of the stage."),
            "health_url": Text(
                "Endereço de saúde; sem ele, o do estágio mais `health_path`.",
                "Health address; without it, the stage's followed by `health_path`.",
            ),
            "health_path": Text(
                "Caminho de saúde abaixo do estágio.",
                "Health path below the stage.",
            ),
        },
    ),
    "Bucket": SectionTexts(
        Text("Um bucket do S3.", "An S3 bucket."),
        {
            "role": Text("O que o bucket guarda.", "What the bucket holds."),
            "snapshots": Text(
                "Bucket que recebe os snapshots.",
                "Bucket that its snapshots go to.",
            ),
            "lifecycle": Text(
                "Regras que `set_lifecycle` põe no bucket; as de outros ficam.",
                "Rules that `set_lifecycle` puts on the bucket; those of others stay.",
            ),
        },
    ),
    "LifecycleRule": SectionTexts(
        Text(
            "Uma regra de ciclo de vida do bucket.",
            "A lifecycle rule of the bucket.",
        ),
        {
            "name": Text(
                "Nome; no S3 leva o prefixo `vigia-`.",
                "Name; in S3 it begins with `vigia-`.",
            ),
            "prefix": Text(
                "Prefixo das chaves a que se aplica.",
                "Prefix of the keys that it applies to.",
            ),
            "transitions": Text(
                "Mudanças de classe de armazenamento.",
                "Moves to other storage classes.",
            ),
            "expire_after": Text(
                "Idade em que os objetos são apagados de vez.",
                "Age at which objects are deleted for good.",
            ),
            "abort_uploads_after": Text(
                "Idade em que restos de envios incompletos são removidos.",
                "Age at which what is left of incomplete uploads is removed.",
            ),
        },
    ),
    "Transition": SectionTexts(
        Text(
            "Uma mudança de classe de armazenamento.",
            "A move to another storage class.",
        ),
        {
            "after": Text(
                "Idade do objeto em que muda de classe.",
                "Age at which an object moves.",
            ),
            "storage_class": Text("Classe de destino.", "Class that it moves to."),
        },
    ),
    "Rule": SectionTexts(
        Text("Uma regra do EventBridge.", "An EventBridge rule."),
        {
            "bus": Text("Barramento de eventos.", "Event bus."),
        },
    ),
    "StateMachine": SectionTexts(
        Text(
            "Uma máquina de estado do Step Functions.",
            "A Step Functions state machine.",
        ),
        {},
    ),
    "CodeDeploy": SectionTexts(
        Text(
            "As implantações das funções.",
            "The functions' deployments.",
        ),
        {
            "application": Text(
                "Aplicação no CodeDeploy.",
                "CodeDeploy application.",
            ),
        },
    ),
}
