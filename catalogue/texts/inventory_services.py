"""What the inventory's keys for flags, database, security and people mean."""

from __future__ import annotations

from catalogue.text import SectionTexts, Text

SERVICES = {
    "AppConfig": SectionTexts(
        Text(
            "Onde vivem as feature flags.",
            "Where the feature flags live.",
        ),
        {
            "application": Text("Aplicação no AppConfig.", "AppConfig application."),
            "environment": Text("Ambiente no AppConfig.", "AppConfig environment."),
            "profile": Text("Perfil de configuração.", "Configuration profile."),
            "flags": Text(
                "Flags observadas; só nelas se mexe.",
                "Flags that are watched; only these are ever changed.",
            ),
            "maintenance_flag": Text(
                "Flag ligada durante a manutenção; ligada fora dela, chama alguém.",
                "Flag that is on during maintenance; on outside of it, it pages.",
            ),
        },
    ),
    "Flag": SectionTexts(
        Text("Uma feature flag.", "A feature flag."),
        {
            "name": Text("Nome da flag.", "Name of the flag."),
            "critical": Text(
                "Nunca é desligada em bloco.",
                "Is never disabled in bulk.",
            ),
        },
    ),
    "InfluxDb": SectionTexts(
        Text(
            "A instância do Timestream for InfluxDB e o bucket de energia.",
            "The Timestream for InfluxDB instance and the bucket of the energy data.",
        ),
        {
            "instance": Text("Nome da instância.", "Name of the instance."),
            "url": Text(
                "Endereço da API do InfluxDB.",
                "Address of InfluxDB's API.",
            ),
            "org": Text("Organização.", "Organisation."),
            "bucket": Text(
                "Bucket dos dados de energia.",
                "Bucket of the energy data.",
            ),
            "measurements": Text(
                "Medições cuja idade e contagem são lidas.",
                "Measurements whose age and count are read.",
            ),
            "canary_measurement": Text(
                "Medição em que se faz a escrita de teste.",
                "Measurement that the test write goes to.",
            ),
            "metrics_url": Text(
                "Endereço das métricas do próprio influxd, se alcançável.",
                "Address of influxd's own metrics, where it can be reached.",
            ),
        },
    ),
    "Sns": SectionTexts(
        Text(
            "O tópico pelo qual os usuários são avisados.",
            "The topic that users are told through.",
        ),
        {
            "topic": Text("Nome do tópico.", "Name of the topic."),
        },
    ),
    "LogGroups": SectionTexts(
        Text(
            "Grupos de logs observados.",
            "Log groups that are watched.",
        ),
        {
            "prefixes": Text("Começos dos nomes.", "Beginnings of their names."),
        },
    ),
    "Security": SectionTexts(
        Text(
            "O que se observa por segurança.",
            "What is watched for security.",
        ),
        {
            "trail_events": Text(
                "Eventos do CloudTrail que mudam permissões.",
                "CloudTrail events that change permissions.",
            ),
            "group_names": Text(
                "Padrões dos nomes de grupos de segurança; `*` vale por tudo.",
                "Patterns of security groups' names; `*` stands for anything.",
            ),
            "access_key_max_age": Text(
                "Maior idade de uma chave de acesso.",
                "Greatest age of an access key.",
            ),
        },
    ),
    "CustomMetric": SectionTexts(
        Text(
            "Uma métrica do CloudWatch como série nossa.",
            "A CloudWatch metric as a series of ours.",
        ),
        {
            "name": Text(
                "Nome sem o prefixo `dataplatform_`.",
                "Name without the prefix `dataplatform_`.",
            ),
            "kind": Text(
                "Contador, valor mais novo, ou soma, contagem e quantis.",
                "Counter, newest value, or sum, count and quantiles.",
            ),
            "namespace": Text("Namespace no CloudWatch.", "CloudWatch namespace."),
            "metric": Text("Nome no CloudWatch.", "Name in CloudWatch."),
            "help": Text("Texto de ajuda.", "Help text."),
            "dimensions": Text(
                "Dimensões que a identificam.",
                "Dimensions that identify it.",
            ),
            "labels": Text("Rótulos da série.", "Labels of the series."),
            "statistic": Text(
                "Estatística do CloudWatch que se mostra; um `summary` tem as suas.",
                "CloudWatch's statistic that is shown; a `summary` has its own.",
            ),
            "scale": Text(
                "Fator que leva à unidade base (0.001 para milissegundos).",
                "Factor to the base unit (0.001 for milliseconds).",
            ),
            "scope": Text(
                "Conta e região em que está; sem ele, as principais.",
                "Account and region that it is in; without it, the main ones.",
            ),
        },
    ),
    "HelpTexts": SectionTexts(
        Text(
            "Um texto de ajuda nas duas línguas.",
            "A help text in both languages.",
        ),
        {
            "pt-BR": Text("Em português.", "In Portuguese."),
            "en": Text("Em inglês.", "In English."),
        },
    ),
    "Contacts": SectionTexts(
        Text("Quem é avisado.", "Who is told."),
        {
            "levels": Text(
                "Três níveis de escalação, em ordem.",
                "Three escalation levels, in order.",
            ),
            "security": Text("Incidentes de segurança.", "Security incidents."),
            "privacy": Text("Privacidade de dados.", "Data privacy."),
            "legal": Text("Jurídico.", "Legal matters."),
            "executive": Text(
                "Direção; ouve também do orçamento excedido.",
                "Executives; also told of an exceeded budget.",
            ),
        },
    ),
    "Level": SectionTexts(
        Text(
            "Um nível de escalação: um contato com equipe.",
            "An escalation level: a contact with a team.",
        ),
        {
            "team": Text("Nome da equipe.", "Name of the team."),
        },
    ),
    "Contact": SectionTexts(
        Text("Como uma equipe é alcançada.", "How a team is reached."),
        {
            "email": Text("Endereço de e-mail.", "Mail address."),
            "slack": Text("Canal do Slack.", "Slack channel."),
            "phone": Text(
                "Telefone, mostrado nos runbooks.",
                "Telephone number, shown in runbooks.",
            ),
            "pagerduty_key_file": Text(
                "Arquivo com a chave de roteamento; só chamadas urgentes.",
                "File with the routing key; pages only.",
            ),
            "sns_topic": Text("ARN de um tópico.", "ARN of a topic."),
        },
    ),
}
