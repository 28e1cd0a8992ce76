"""One alert as one object: rule, panel line, runbook page, route and test are views of it."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alerts.panels import Panel, dashboard_uid, home
from alerts.windows import text
from catalogue.promql import Vector
from catalogue.text import Locale, Text
from catalogue.texts.alerts import AlertTexts
from inventory.model import Inventory

EXPORTER_JOB = "vigia-exporter"
REMEDIATIONS_JOB = "vigia-remediations"
LOCALES: tuple[Locale, ...] = ("pt-BR", "en")


class Severity(StrEnum):
    """Who is disturbed: somebody now, somebody in business hours, nobody."""

    PAGE = "page"
    TICKET = "ticket"
    INFO = "info"


class Shown(StrEnum):
    """How the expression's value reads; the members are Prometheus template functions."""

    NUMBER = "humanize"
    RATIO = "humanizePercentage"
    DURATION = "humanizeDuration"


class Source(StrEnum):
    """Which scrape job the data come from; the dashboards select alerts by it."""

    EXPORTER = EXPORTER_JOB
    REMEDIATIONS = REMEDIATIONS_JOB
    RULES = ""


@dataclass(frozen=True)
class AlertRule:
    """An alert. ``for_`` and ``keep_firing_for`` are seconds.

    ``threshold`` is the limit in the unit of ``panel``, which draws it; ``values`` fill the
    placeholders of ``texts`` that are not labels of the expression; ``playbook`` is the
    remediation that the inventory allows for it; ``about`` are labels that say what the alert is
    about where the expression has none, ``extra`` those that tell alerts of one name apart.
    """

    name: str
    expr: Vector
    severity: Severity
    team: str
    texts: AlertTexts
    panel: Panel
    for_: float = 0
    keep_firing_for: float = 0
    tier: int = 1
    playbook: str | None = None
    threshold: float | None = None
    shown: Shown = Shown.NUMBER
    source: Source = Source.EXPORTER
    values: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The name, and what sets the rule apart from others of that name."""
        return "/".join((self.name, *self.extra.values()))

    def labels(self, inventory: Inventory) -> dict[str, str]:
        """Return the labels that the rule adds, among them what routes and inhibition compare."""
        labels = {
            "severity": self.severity.value,
            "team": self.team,
            "tier": str(self.tier),
            "environment": inventory.environment,
        }
        if self.source is not Source.RULES:
            labels |= {"job": self.source.value, "instance": self._address(inventory)}
        if self.playbook is not None:
            labels["remediation"] = self.playbook
        if self.severity is Severity.PAGE and self.tier == 1:
            labels["escalate"] = "true"
        return labels | dict(self.extra) | dict(self.about)

    def _address(self, inventory: Inventory) -> str:
        if self.source is Source.REMEDIATIONS:
            return inventory.alerting.remediations_address
        return inventory.alerting.exporter_address

    def annotations(self, inventory: Inventory) -> dict[str, str]:
        """Return the annotations in the inventory's language."""
        locale = inventory.locale
        alerting = inventory.alerting
        uid = dashboard_uid(home(self.panel), locale)
        return {
            "summary": self.texts.summary.in_(locale),
            "description": self.say(self.texts.description, locale),
            "runbook_url": f"{alerting.runbook_base_url}/{self.name}",
            "dashboard_url": f"{alerting.grafana_url}/d/{uid}?viewPanel={self.panel.value}",
        }

    def say(self, sentence: Text, locale: Locale) -> str:
        """Fill a text's placeholders: values first, then labels as Prometheus templates.

        Raises:
            KeyError: if a placeholder is neither a value nor a label of the expression.
        """
        known = {
            "value": f"{{{{ $value | {self.shown.value} }}}}",
            **{label: f"{{{{ $labels.{label} }}}}" for label in self.expr.labels},
            **self.values,
        }
        template = sentence.in_(locale)
        wanted = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        return template.format(**{name: known[name] for name in wanted})

    def document(self, inventory: Inventory) -> dict[str, Any]:
        """Return the rule as Prometheus' rule file holds it."""
        document: dict[str, Any] = {"alert": self.name, "expr": self.expr.text}
        if self.for_ > 0:
            document["for"] = text(self.for_)
        if self.keep_firing_for > 0:
            document["keep_firing_for"] = text(self.keep_firing_for)
        return document | {
            "labels": self.labels(inventory),
            "annotations": self.annotations(inventory),
        }
