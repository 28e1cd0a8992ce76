"""What the alerts on buckets say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

_SNAPSHOT = Step(
    Text("Faça um snapshot:", "Take a snapshot:"),
    ("vigia act snapshot_data --target {BUCKET}",),
)

BUCKET_UNREACHABLE = AlertTexts(
    Text("Bucket inacessível", "Bucket cannot be reached"),
    Text("{bucket} não responde há {limit}.", "{bucket} has not answered for {limit}."),
    Text(
        "O bucket não existe, recusa o acesso ou não responde: nada entra nem sai por ele.",
        "The bucket is gone, denies access or does not answer: nothing gets in or out through it.",
    ),
    (
        Text(
            "Acesso recusado: confira a política do bucket e as permissões.",
            "Access denied: compare the bucket's policy and the permissions.",
        ),
        Text(
            "Não existe: veja no CloudTrail quem o apagou, e restaure o snapshot.",
            "Gone: see in CloudTrail who deleted it, and restore its snapshot.",
        ),
    ),
    confirm=(
        Step(Text("O motivo:", "The reason:"), queries=("dataplatform_bucket_unreachable_info",)),
    ),
)
SNAPSHOT_TOO_OLD = AlertTexts(
    Text("Snapshot antigo", "Snapshot is too old"),
    Text(
        "{bucket}: o snapshot mais novo tem {value} (limite {limit}).",
        "{bucket}: the newest snapshot is {value} old (limit {limit}).",
    ),
    Text(
        "Se os dados se perderem agora, volta-se a esse dia.",
        "If data were lost now, this is the day that one goes back to.",
    ),
    (_SNAPSHOT,),
)
SNAPSHOT_MISSING = AlertTexts(
    Text("Bucket sem snapshot algum", "Bucket has no snapshot at all"),
    Text("{bucket} nunca teve snapshot.", "{bucket} never had a snapshot."),
    Text(
        "O inventário diz onde guardar snapshots deste bucket, e não há nenhum lá.",
        "The inventory says where this bucket's snapshots are kept, and there is none.",
    ),
    (_SNAPSHOT,),
)
SNAPSHOT_INCOMPLETE = AlertTexts(
    Text("Snapshot incompleto", "Snapshot is incomplete"),
    Text(
        "{bucket}: o snapshot mais novo está incompleto há {limit}.",
        "{bucket}: the newest snapshot has been incomplete for {limit}.",
    ),
    Text(
        "A cópia parou no meio ou ainda corre: não serve para restaurar tudo.",
        "The copy ended half-way or still runs: it does not serve to restore everything.",
    ),
    (
        Step(
            Text("Veja se a execução ainda corre:", "See whether the run is still under way:"),
            ("vigia remediations list --open",),
        ),
        _SNAPSHOT,
    ),
)
LIFECYCLE_MISSING = AlertTexts(
    Text("Bucket sem regra de ciclo de vida", "Bucket has no lifecycle rule"),
    Text(
        "{bucket} não tem regra de ciclo de vida ativa.",
        "{bucket} has no lifecycle rule that is enabled.",
    ),
    Text(
        "Dados antigos ficam na classe mais cara para sempre.",
        "Old data stay in the dearest storage class for ever.",
    ),
    (
        Text(
            "Escreva as regras em `lifecycle`, no bucket do inventário.",
            "Write the rules under `lifecycle`, in the inventory's bucket.",
        ),
        Step(
            Text("Aplique-as; as de outros ficam:", "Apply them; those of others stay:"),
            ("vigia act set_lifecycle --target {BUCKET}",),
        ),
    ),
    confirm=(
        Step(
            Text("Quanto o bucket guarda, por classe:", "How much the bucket keeps, by class:"),
            queries=("dataplatform_bucket_size_bytes",),
        ),
    ),
)
SETTING_UNKNOWN = AlertTexts(
    Text("Configuração de bucket ilegível", "Bucket setting cannot be read"),
    Text(
        "{bucket}: não se pode ler {setting} há {limit} ({reason}).",
        "{bucket}: {setting} could not be read for {limit} ({reason}).",
    ),
    Text(
        "O Vigia não sabe se o bucket está protegido; não saber não é estar bem.",
        "Vigia does not know whether the bucket is protected; not to know is not to be well.",
    ),
    (
        Text(
            "Compare as permissões com `deploy/iam/reader-policy.json`.",
            "Compare the permissions with `deploy/iam/reader-policy.json`.",
        ),
    ),
)
