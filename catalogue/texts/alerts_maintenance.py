"""What the alert on maintenance says."""

from __future__ import annotations

from catalogue.text import Text
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
        Text(
            "Se o trabalho acabou, desligue a flag: `vigia act set_flag`.",
            "If the work is done, turn the flag off: `vigia act set_flag`.",
        ),
        Text(
            "Se não acabou, avise os usuários e anuncie uma janela nova.",
            "If it is not, tell the users and announce a new window.",
        ),
    ),
)
