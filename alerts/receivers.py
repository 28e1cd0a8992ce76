"""Who is told through which channel: one receiver for each contact and urgency."""

from __future__ import annotations

from typing import Any

from catalogue.texts import notices
from inventory.model import Inventory
from inventory.notices import Contact

REMEDIATIONS = "remediations"
PAGE = "operations-page"
TICKET = "operations-ticket"
TIERS = {2: "engineering-page", 3: "architecture-page"}
SECURITY = "security"
SECURITY_TICKET = "security-ticket"
PRIVACY = "privacy"
LEGAL = "legal"
EXECUTIVE = "executive"
WATCHDOG = "watchdog"
_SECTION = 3
"""Where the region stands in a topic's ARN."""


def receivers(
    inventory: Inventory, credentials_file: str, sink_url: str | None, watchdog_url: str | None
) -> list[dict[str, Any]]:
    """Return every receiver; with ``sink_url`` people's are webhooks to it."""
    contacts = inventory.contacts
    operations, engineering, architecture = contacts.levels
    people: tuple[tuple[str, Contact, bool], ...] = (
        (PAGE, operations, True),
        (TICKET, operations, False),
        (TIERS[2], engineering, True),
        (TIERS[3], architecture, True),
        (SECURITY, contacts.security, True),
        (SECURITY_TICKET, contacts.security, False),
        (PRIVACY, contacts.privacy, False),
        (LEGAL, contacts.legal, False),
        (EXECUTIVE, contacts.executive, False),
    )
    told = [
        {"name": name, **_channels(inventory, contact, urgent=urgent)}
        if sink_url is None
        else {"name": name, "webhook_configs": [_webhook(f"{sink_url}/{name}")]}
        for name, contact, urgent in people
    ]
    beat = watchdog_url or inventory.alerting.watchdog_url
    url = f"{sink_url}/{WATCHDOG}" if sink_url is not None else beat
    heard = {"webhook_configs": [_webhook(url)]} if url is not None else {}
    return [_engine(inventory, credentials_file), *told, {"name": WATCHDOG, **heard}]


def smtp(inventory: Inventory, sender: str | None) -> dict[str, Any]:
    """Return the global settings of e-mail; a password is a file, and never written here."""
    alerting = inventory.alerting
    settings: dict[str, Any] = {
        "smtp_smarthost": alerting.smtp_smarthost,
        "smtp_from": sender or alerting.smtp_from or inventory.contacts.levels[0].email,
        "smtp_require_tls": alerting.smtp_require_tls,
    }
    if alerting.smtp_username is not None:
        settings["smtp_auth_username"] = alerting.smtp_username
    if alerting.smtp_password_file is not None:
        settings["smtp_auth_password_file"] = alerting.smtp_password_file
    return settings


def _engine(inventory: Inventory, credentials_file: str) -> dict[str, Any]:
    return {
        "name": REMEDIATIONS,
        "webhook_configs": [
            {
                **_webhook(f"{inventory.alerting.remediations_url}/v1/alerts"),
                "http_config": {
                    "authorization": {"type": "Bearer", "credentials_file": credentials_file}
                },
            }
        ],
    }


def _webhook(url: str) -> dict[str, Any]:
    return {"url": url, "send_resolved": True, "max_alerts": 0}


def _channels(inventory: Inventory, contact: Contact, *, urgent: bool) -> dict[str, Any]:
    alerting = inventory.alerting
    subject, body = (text.in_(inventory.locale) for text in (notices.SUBJECT, notices.BODY))
    channels: dict[str, Any] = {
        "email_configs": [
            {
                "to": contact.email,
                "send_resolved": True,
                "headers": {"Subject": subject},
                "text": body,
                # Alertmanager's own page says everything in English.
                "html": "",
            }
        ]
    }
    if contact.slack is not None and alerting.slack_api_url_file is not None:
        channels["slack_configs"] = [
            {
                "api_url_file": alerting.slack_api_url_file,
                "channel": contact.slack,
                "send_resolved": True,
                "title": subject,
                "text": body,
                "fallback": subject,
            }
        ]
    if urgent and contact.pagerduty_key_file is not None:
        channels["pagerduty_configs"] = [
            {
                "routing_key_file": contact.pagerduty_key_file,
                "url": alerting.pagerduty_url,
                "send_resolved": True,
                "severity": "critical",
                "description": subject,
                "details": {"text": body},
            }
        ]
    if contact.sns_topic is not None:
        sns = {
            "topic_arn": contact.sns_topic,
            "sigv4": {"region": contact.sns_topic.split(":")[_SECTION]},
            "send_resolved": True,
            "subject": subject,
            "message": body,
        }
        address = {"api_url": alerting.sns_api_url} if alerting.sns_api_url else {}
        channels["sns_configs"] = [{**sns, **address}]
    return channels
