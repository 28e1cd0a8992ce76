"""What the alerts on security say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

PERMISSIONS_CHANGED = AlertTexts(
    Text("Permissões foram mudadas na AWS", "Permissions were changed in AWS"),
    Text(
        "{event}: {value} vezes na conta {account} em {window}.",
        "{event}: {value} times in account {account} in {window}.",
    ),
    Text(
        "O CloudTrail registrou uma mudança de permissões que o inventário manda vigiar.",
        "CloudTrail recorded a change of permissions that the inventory wants watched.",
    ),
    (
        Step(
            Text("Veja quem mudou o quê:", "See who changed what:"),
            (
                (
                    "aws cloudtrail lookup-events --lookup-attributes"
                    " AttributeKey=EventName,AttributeValue={EVENT}"
                ),
            ),
        ),
        Text(
            "Se ninguém a pediu, desfaça a mudança e trate como incidente.",
            "If nobody asked for it, undo the change and treat it as an incident.",
        ),
    ),
)
SECURITY_GROUP_OPEN = AlertTexts(
    Text("Grupo de segurança aberto ao mundo", "Security group is open to the world"),
    Text(
        "{group} ({group_id}, {account}, {region}): {value} regras abertas ao mundo,"
        " portas: {ports}.",
        "{group} ({group_id}, {account}, {region}): {value} rules are open to the world,"
        " ports: {ports}.",
    ),
    Text(
        "Qualquer endereço da internet alcança o que está atrás deste grupo.",
        "Any address of the internet reaches what is behind this group.",
    ),
    (
        Text(
            "Feche as regras que ninguém precisa e prefira endereços ou grupos de origem.",
            "Close the rules that nobody needs; prefer addresses or groups as sources.",
        ),
    ),
)
ACCESS_KEY_OLD = AlertTexts(
    Text("Chave de acesso antiga", "Access key is too old"),
    Text(
        "{user} ({account}): a chave que termina em {key} tem {value} (limite {limit}).",
        "{user} ({account}): the key that ends in {key} is {value} old (limit {limit}).",
    ),
    Text(
        "Uma chave que não é trocada vaza um dia, e ninguém percebe.",
        "A key that is never changed leaks some day, and nobody notices.",
    ),
    (
        Text(
            "Crie outra chave, troque-a onde é usada, desative a antiga e só então a apague.",
            "Create another key, change it where it is used, deactivate the old one and only then"
            " delete it.",
        ),
    ),
)
