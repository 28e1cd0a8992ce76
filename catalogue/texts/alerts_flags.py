"""What the alerts on feature flags say."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

FUNCTION_REGRESSED = AlertTexts(
    Text(
        "Função passou a falhar após uma flag ser ligada",
        "Function fails since a flag was turned on",
    ),
    Text(
        "{function}: {value} das invocações recentes falham; uma flag foi ligada há menos de"
        " {lookback}, e antes dela a função falhava ao menos {factor} vezes menos.",
        "{function}: {value} of recent invocations fail; a flag was turned on less than"
        " {lookback} ago, and before that the function failed at least {factor} times less.",
    ),
    Text(
        "Uma flag que não é crítica foi ligada há pouco, e desde então a função falha muito mais"
        " do que quando a flag foi ligada. As falhas continuam. É o caso que desligar a flag"
        " corrige, sem tocar no código.",
        "A flag that is not critical was turned on a short while ago, and since then the function"
        " fails far more than when it was turned on. Failures go on. This is what turning the flag"
        " off cures, without touching code.",
    ),
    (
        Step(
            Text("Uma flag só:", "One flag alone:"),
            ("vigia act set_flag --param flag={FLAG} --param enabled=false",),
        ),
    ),
    Text(
        "Se o inventário tem um roteiro para este alerta, o Vigia desliga as flags que o roteiro"
        " permite, a partir do documento implantado, verifica o documento e a taxa de falhas da"
        " função e só então encerra. Enquanto isso, uma volta de versão espera: a flag vem antes"
        " do código. As guardas podem detê-lo; nesse caso uma pessoa é chamada.",
        "If the inventory has a playbook for this alert, Vigia turns off the flags that the"
        " playbook allows, starting from the deployed document, verifies the document and the"
        " function's failure ratio, and only then closes. Meanwhile a rollback of code waits: the"
        " flag goes first. The guards may hold it; then a person is called.",
    ),
    (
        Text(
            "Não toca em flags críticas nem em flags fora do inventário, e não as liga de volta.",
            "It touches neither critical flags nor those outside of the inventory, and does not"
            " turn them on again.",
        ),
    ),
    (
        Step(
            Text("Qual flag mudou, há quantos segundos:", "Which flag changed, how long ago:"),
            queries=("time() - dataplatform_flag_changed_timestamp_seconds < 3600",),
        ),
    ),
)
