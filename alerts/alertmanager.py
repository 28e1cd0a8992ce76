"""Alertmanager's configuration: who is told of what, when, and what silences what."""

from __future__ import annotations

from typing import Any

from alerts import documents, inhibition
from alerts.log_rules import SECURITY_TEAM
from inventory.durations import format_duration
from inventory.model import Contact, Inventory

REMEDIATIONS = "remediations"
PAGE = "operations-page"
TICKET = "operations-ticket"
TIERS = {2: "engineering-page", 3: "architecture-page"}
SECURITY = "security"
WATCHDOG = "watchdog"
_HOURS = "business-hours"


def alertmanager(
    inventory: Inventory,
    *,
    credentials_file: str = "/etc/vigia/webhook-token",
    sink_url: str | None = None,
    sender: str | None = None,
    watchdog_url: str | None = None,
) -> str:
    """Return ``alertmanager.yml``.

    With ``sink_url`` whoever would be told is posted to ``{sink_url}/{receiver}`` instead, so
    that it can be seen; without, people get e-mail. ``credentials_file``
    holds the bearer token of the remediation service; no secret is ever written here.
    ``watchdog_url`` is the external dead man's switch.
    """
    alerting = inventory.alerting
    people = {
        PAGE: inventory.contacts.levels[0],
        TICKET: inventory.contacts.levels[0],
        TIERS[2]: inventory.contacts.levels[1],
        TIERS[3]: inventory.contacts.levels[2],
        SECURITY: inventory.contacts.security,
    }
    return documents.yaml_text(
        {
            "global": {
                "smtp_smarthost": alerting.smtp_smarthost,
                "smtp_from": sender or inventory.contacts.levels[0].email,
            },
            "route": {
                "receiver": TICKET,
                "group_by": ["alertname", "environment"],
                "group_wait": format_duration(alerting.group_wait),
                "group_interval": format_duration(alerting.group_interval),
                "repeat_interval": format_duration(alerting.repeat_interval),
                "routes": _routes(inventory),
            },
            "inhibit_rules": inhibition.rules(),
            "time_intervals": [_business_hours(inventory)],
            "receivers": [
                _remediations(inventory, credentials_file),
                *(_person(name, who, sink_url) for name, who in people.items()),
                _watchdog(sink_url, watchdog_url),
            ],
        }
    )


def _routes(inventory: Inventory) -> list[dict[str, Any]]:
    alerting = inventory.alerting
    beat = alerting.watchdog_repeat
    return [
        {
            "receiver": REMEDIATIONS,
            "matchers": ['remediation!=""'],
            # First, and not last: who acts hears of it besides who is told.
            "continue": True,
            "group_by": ["alertname", "environment", "function"],
            "group_wait": format_duration(alerting.remediation_group_wait),
            "group_interval": format_duration(
                max(alerting.remediation_group_wait, alerting.evaluation_interval)
            ),
        },
        {
            "receiver": WATCHDOG,
            "matchers": ['alertname="Watchdog"'],
            "group_wait": "0s",
            "group_interval": format_duration(beat),
            # Shorter than the group's interval, or every other beat would be left out.
            "repeat_interval": format_duration(beat / 2),
        },
        *(
            {"receiver": receiver, "matchers": [f'tier="{tier}"']}
            for tier, receiver in sorted(TIERS.items())
        ),
        {"receiver": SECURITY, "matchers": [f'team="{SECURITY_TEAM}"']},
        {"receiver": PAGE, "matchers": ['severity="page"']},
        {
            "receiver": TICKET,
            "matchers": ['severity=~"ticket|info"'],
            "active_time_intervals": [_HOURS],
        },
    ]


def _business_hours(inventory: Inventory) -> dict[str, Any]:
    return {
        "name": _HOURS,
        "time_intervals": [
            {
                "weekdays": ["monday:friday"],
                "times": [{"start_time": "08:00", "end_time": "18:00"}],
                "location": inventory.timezone,
            }
        ],
    }


def _remediations(inventory: Inventory, credentials_file: str) -> dict[str, Any]:
    return {
        "name": REMEDIATIONS,
        "webhook_configs": [
            {
                "url": f"{inventory.alerting.remediations_url}/v1/alerts",
                "send_resolved": True,
                "max_alerts": 0,
                "http_config": {
                    "authorization": {"type": "Bearer", "credentials_file": credentials_file}
                },
            }
        ],
    }


def _webhook(url: str) -> list[dict[str, Any]]:
    return [{"url": url, "send_resolved": True, "max_alerts": 0}]


def _person(name: str, contact: Contact, sink_url: str | None) -> dict[str, Any]:
    if sink_url is not None:
        return {"name": name, "webhook_configs": _webhook(f"{sink_url}/{name}")}
    return {"name": name, "email_configs": [{"to": contact.email, "send_resolved": True}]}


def _watchdog(sink_url: str | None, watchdog_url: str | None) -> dict[str, Any]:
    url = f"{sink_url}/{WATCHDOG}" if sink_url is not None else watchdog_url
    return {"name": WATCHDOG, **({"webhook_configs": _webhook(url)} if url is not None else {})}
