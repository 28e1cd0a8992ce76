"""What the alert on maintenance says."""

from __future__ import annotations

from catalogue.text import Step, Text
from catalogue.texts.alerts import AlertTexts

MAINTENANCE_OVERRUN = AlertTexts(
    Text("Manutenção além do anunciado", "Maintenance goes on longer than announced"),
    Text(
        "A flag {flag} está ligada há {limit} sem janela de manutenção em vigor.",
        "Flag {flag} has been on for {limit} without a maintenance window in force.",
    ),
    Text(
        "A janela anunciada acabou e a plataforma continua em modo de manutenção: os usuários"
        " esperam que ela esteja de volta.",
        "The window that was announced is over and the platform is still in maintenance mode:"
        " users expect it to be back.",
    ),
    (
        Step(
            Text("Veja de quem era a janela:", "See whose window it was:"),
            ("vigia maintenance status",),
        ),
        Step(
            Text(
                "Se o trabalho acabou, encerre a janela; se ela já acabou e a flag ficou ligada,"
                " desligue-a:",
                "If the work is done, end the window; if that has ended and the flag was left on,"
                " turn it off:",
            ),
            (
                "vigia maintenance end",
                "vigia act set_flag --param flag={maintenance_flag} --param enabled=false",
            ),
        ),
        Step(
            Text(
                "Se não acabou, anuncie outra janela; os usuários são avisados:",
                "If it is not, announce another window; users are told:",
            ),
            ('vigia maintenance begin --for 2h --reason "work goes on"',),
        ),
    ),
    never=(
        Text(
            "Não desliga a flag de manutenção: só quem trabalha sabe se acabou.",
            "It does not turn the maintenance flag off: only who works knows whether it is done.",
        ),
    ),
)
