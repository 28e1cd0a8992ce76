"""How people are told: which channels there are, and when a ticket may disturb."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from inventory.durations import Duration
from inventory.resources import HttpUrl, Name, Section

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
FilePath = Annotated[str, Field(pattern=r"^/")]
TopicArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+$")]
_LEAP_YEAR = "2000"
_HOLIDAY = re.compile(r"^(\d{4}-)?(\d{2}-\d{2})$")


class BusinessHours(Section):
    """When tickets are delivered, in the inventory's time zone.

    ``holidays`` are days without any: ``2026-04-03``, or ``12-25`` for every year.
    """

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] = (
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
    )
    start: Clock = "08:00"
    end: Clock = "18:00"
    holidays: tuple[str, ...] = ()

    @field_validator("holidays")
    @classmethod
    def _days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for day in value:
            match = _HOLIDAY.match(day)
            if match is None:
                raise ValueError(f"'{day}' is not a day such as 2026-04-03 or 12-25")
            try:
                date.fromisoformat(f"{match[1] or _LEAP_YEAR + '-'}{match[2]}")
            except ValueError as error:
                raise ValueError(f"'{day}' is no day of the calendar") from error
        return value

    @model_validator(mode="after")
    def _in_order(self) -> BusinessHours:
        if self.start >= self.end:
            raise ValueError(f"business hours end at {self.end}, not after {self.start}")
        return self


class Delivery(Section):
    """Channels to people. Secrets are named as files, as Alertmanager's host sees them.

    ``slack_api_url_file`` holds the incoming webhook's URL; without it nobody is told in Slack.
    ``pagerduty_url`` is where events of its API, version 2, are sent; any compatible service will
    do. ``sns_api_url`` is SNS's address where it is not the region's own. ``watchdog_url`` is the
    dead man's switch outside: it calls somebody when the heartbeat ceases.
    """

    smtp_smarthost: Annotated[str, Field(pattern=r"^[^:\s]+:\d+$")] = "localhost:25"
    smtp_from: Name | None = None
    smtp_username: Name | None = None
    smtp_password_file: FilePath | None = None
    smtp_require_tls: bool = True
    slack_api_url_file: FilePath | None = None
    pagerduty_url: HttpUrl = "https://events.pagerduty.com/v2/enqueue"
    sns_api_url: HttpUrl | None = None
    watchdog_url: HttpUrl | None = None
    business_hours: BusinessHours = BusinessHours()
    ticket_repeat: Duration = 86_400.0


class Contact(Section):
    """How a team is reached.

    ``slack`` is a channel; ``pagerduty_key_file`` holds the routing key of its service, which
    pages alone are sent to; ``sns_topic`` is the ARN of a topic.
    """

    email: Name
    slack: str | None = None
    phone: str | None = None
    pagerduty_key_file: FilePath | None = None
    sns_topic: TopicArn | None = None
