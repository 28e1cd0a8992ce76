"""Every channel of a contact delivers, in the inventory's language, with its secret in a file."""

from __future__ import annotations

import json
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import heard
import pytest
import yaml

import alerts.alertmanager
from alerts import packs
from alerts.rule import LOCALES, AlertRule
from catalogue.text import Locale
from inventory.load import load_inventory
from inventory.model import Inventory
from inventory.notices import BusinessHours, Contact
from tests.conftest import wait_for

INVENTORY = load_inventory(Path(__file__).parents[2] / "platform.yaml")
TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
_RULES = {rule.key: rule for rule in packs.rules(INVENTORY)}
DOWN = _RULES["InfluxDown"]
SAID = {
    "pt-BR": "A escrita de teste em energy_data não foi aceita",
    "en": "The canary write to energy_data was not accepted",
}


def _equipped(root: Path, ears: heard.Ears, locale: Locale) -> Inventory:
    """The inventory with every channel at the ears, and the first level reachable by all."""
    for name, text in (("slack", f"{ears.url}/slack"), ("pagerduty", "routing-key-1")):
        (root / name).write_text(text, encoding="utf-8")
    first, *others = INVENTORY.contacts.levels
    reached = first.model_copy(
        update={"pagerduty_key_file": str(root / "pagerduty"), "sns_topic": TOPIC}
    )
    contacts = INVENTORY.contacts.model_copy(update={"levels": (reached, *others)})
    quick = heard.quick(
        INVENTORY,
        smtp_smarthost=ears.smtp,
        smtp_require_tls=False,
        slack_api_url_file=str(root / "slack"),
        pagerduty_url=f"{ears.url}/v2/enqueue",
        sns_api_url=f"{ears.url}/sns",
        watchdog_url=f"{ears.url}/heartbeat",
        business_hours=BusinessHours(
            weekdays=("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
            start="00:00",
            end="24:00",
        ),
    )
    return quick.model_copy(update={"contacts": contacts, "locale": locale})


def _alert(rule: AlertRule, inventory: Inventory, **labels: str) -> dict[str, Any]:
    annotations = {
        name: text.replace("{{ $labels.bucket }}", "energy_data")
        for name, text in rule.annotations(inventory).items()
    }
    known = {"alertname": rule.name, **rule.labels(inventory), **labels}
    return {"labels": known, "annotations": annotations}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_page_reaches_every_channel(locale: Locale, tmp_path: Path) -> None:
    """Mail, Slack, PagerDuty and SNS say what happened and where the runbook is; the heart beats.

    A ticket pages nobody; no secret stands in the configuration.
    """
    with heard.ears() as ears:
        inventory = _equipped(tmp_path, ears, locale)
        config = alerts.alertmanager.alertmanager(inventory)
        assert "routing-key-1" not in config
        assert f"{ears.url}/slack" not in config
        with heard.alertmanager(tmp_path, config) as told:
            ticket = _alert(_RULES["LifecycleMissing"], inventory, bucket="raw")
            told.post(
                [
                    ticket,
                    _alert(_RULES["Watchdog"], inventory),
                    _alert(DOWN, inventory, bucket="energy_data"),
                ]
            )
            wait_for(lambda: len(ears.mails) == 2, 20)
            paths = {"/slack", "/v2/enqueue", "/sns/", "/heartbeat"}
            wait_for(
                lambda: (
                    {post.path.rstrip("/") for post in ears.posts}
                    >= {path.rstrip("/") for path in paths}
                    and sum(post.path == "/slack" for post in ears.posts) == 2
                ),
                20,
            )
    summary = DOWN.texts.summary.in_(locale)
    urgent = [mail for mail in ears.mails if SAID[locale] in _text(mail.body)]
    assert len(urgent) == 1
    assert str(make_header(decode_header(message_from_string(urgent[0].body)["Subject"]))) == (
        f"{summary} (prod)"
    )
    by_path = {
        post.path.strip("/"): post.body for post in ears.posts if SAID[locale][:20] in _all(post)
    }
    slack = json.loads(by_path["slack"])
    assert slack["channel"] == "#ops-alerts"
    assert slack["attachments"][0]["title"] == f"{summary} (prod)"
    paged = [json.loads(post.body) for post in ears.posts if post.path == "/v2/enqueue"]
    (page,) = paged
    assert page["routing_key"] == "routing-key-1"
    assert page["payload"]["summary"] == f"{summary} (prod)"
    runbook = f"{inventory.alerting.runbook_base_url}/InfluxDown"
    assert runbook in page["payload"]["custom_details"]["text"]
    sns = [parse_qs(post.body) for post in ears.posts if post.path.startswith("/sns")]
    assert {found["TopicArn"][0] for found in sns} == {TOPIC}
    assert any(runbook in found["Message"][0] for found in sns)


def _all(post: heard.Post) -> str:
    return post.body.encode().decode("unicode_escape") if post.path == "/v2/enqueue" else post.body


def _text(mail: str) -> str:
    message = message_from_string(mail)
    parts = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    return "".join(
        part.get_payload(decode=True).decode()  # type: ignore[union-attr]  # bytes, as decoded
        for part in parts
    )


def test_without_a_channel_nothing_of_it_is_written() -> None:
    """A contact without Slack's address, key or topic gets mail alone."""
    document = yaml.safe_load(alerts.alertmanager.alertmanager(INVENTORY))
    people = [receiver for receiver in document["receivers"] if receiver["name"] != "remediations"]
    kinds = {kind for receiver in people for kind in receiver if kind != "name"}
    assert kinds == {"email_configs"}


def test_a_mailbox_that_wants_a_login_gets_its_password_from_a_file() -> None:
    """User and password's file stand in the configuration, the password does not."""
    login = {"smtp_username": "vigia", "smtp_password_file": "/etc/vigia/smtp"}
    alerting = INVENTORY.alerting.model_copy(update=login)
    changed = INVENTORY.model_copy(update={"alerting": alerting})
    settings = yaml.safe_load(alerts.alertmanager.alertmanager(changed))["global"]
    assert settings["smtp_auth_username"] == "vigia"
    assert settings["smtp_auth_password_file"] == "/etc/vigia/smtp"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"holidays": ("2026-02-30",)}, "no day of the calendar"),
        ({"holidays": ("christmas",)}, "not a day such as"),
        ({"start": "18:00", "end": "08:00"}, "not after"),
        ({"weekdays": ()}, "at least 1 item"),
    ],
)
def test_wrong_hours_are_refused(wrong: dict[str, Any], said: str) -> None:
    """A day that is none, and hours that end before they begin, are errors."""
    with pytest.raises(ValueError, match=said):
        BusinessHours(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"sns_topic": "on-call"}, {"pagerduty_key_file": "key.txt"}, {"pager": "1"}]
)
def test_wrong_ways_to_reach_somebody_are_refused(wrong: dict[str, str]) -> None:
    """A topic is named by its ARN, a secret's file by its whole path."""
    with pytest.raises(ValueError, match="validation error"):
        Contact(email="a@b.example", **wrong)  # type: ignore[arg-type]  # wrong on purpose
