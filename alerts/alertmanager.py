"""Alertmanager's configuration: who is told of what, when, and what silences what."""

from __future__ import annotations

from typing import Any

from alerts import documents, inhibition
from alerts.log_rules import SECURITY_TEAM
from alerts.receivers import (
    EXECUTIVE,
    LEGAL,
    PAGE,
    PRIVACY,
    REMEDIATIONS,
    SECURITY,
    SECURITY_TICKET,
    TICKET,
    TIERS,
    WATCHDOG,
    receivers,
    smtp,
)
from inventory.durations import format_duration
from inventory.model import Inventory

_HOURS = "business-hours"
_HOLIDAYS = "holidays"
_LATER = 'severity=~"ticket|info"'


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
    that it can be seen; without, people are told through the channels of the inventory.
    ``credentials_file`` holds the bearer token of the remediation service; no secret is ever
    written here. ``watchdog_url`` is the external dead man's switch.
    """
    alerting = inventory.alerting
    return documents.yaml_text(
        {
            "global": smtp(inventory, sender),
            "route": {
                "receiver": TICKET,
                "group_by": ["alertname", "environment"],
                "group_wait": format_duration(alerting.group_wait),
                "group_interval": format_duration(alerting.group_interval),
                "repeat_interval": format_duration(alerting.repeat_interval),
                "routes": _routes(inventory),
            },
            "inhibit_rules": inhibition.rules(),
            "time_intervals": _intervals(inventory),
            "receivers": receivers(inventory, credentials_file, sink_url, watchdog_url),
        }
    )


def _routes(inventory: Inventory) -> list[dict[str, Any]]:
    alerting = inventory.alerting
    beat = alerting.watchdog_repeat
    later = _later(inventory)
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
        {
            "receiver": EXECUTIVE,
            "matchers": ['alertname="CostOverBudget"', 'severity="page"'],
            "continue": True,
        },
        {"receiver": SECURITY_TICKET, "matchers": [f'team="{SECURITY_TEAM}"', _LATER], **later},
        {"receiver": SECURITY, "matchers": [f'team="{SECURITY_TEAM}"']},
        *({"receiver": team, "matchers": [f'team="{team}"']} for team in (PRIVACY, LEGAL)),
        {"receiver": PAGE, "matchers": ['severity="page"']},
        {"receiver": TICKET, "matchers": [_LATER], **later},
    ]


def _later(inventory: Inventory) -> dict[str, Any]:
    """Return what keeps a route for business hours: outside them its notices wait."""
    alerting = inventory.alerting
    times: dict[str, Any] = {"active_time_intervals": [_HOURS]}
    if alerting.business_hours.holidays:
        times["mute_time_intervals"] = [_HOLIDAYS]
    return {"repeat_interval": format_duration(alerting.ticket_repeat), **times}


def _intervals(inventory: Inventory) -> list[dict[str, Any]]:
    hours = inventory.alerting.business_hours
    zone = {"location": inventory.timezone}
    times = [{"start_time": hours.start, "end_time": hours.end}]
    work = {"weekdays": list(hours.weekdays), "times": times, **zone}
    intervals: list[dict[str, Any]] = [{"name": _HOURS, "time_intervals": [work]}]
    if hours.holidays:
        days = [{**_day(holiday), **zone} for holiday in hours.holidays]
        intervals.append({"name": _HOLIDAYS, "time_intervals": days})
    return intervals


def _day(holiday: str) -> dict[str, list[str]]:
    *year, month, day = holiday.split("-")
    found = {"months": [str(int(month))], "days_of_month": [str(int(day))]}
    return found | ({"years": year} if year else {})
