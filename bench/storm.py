"""A storm of alerts over HTTP: webhooks as Alertmanager sends them, from several connections.

``python -m bench.storm PORT TOKEN SENDERS RATE`` reads bodies from its input, one a line, sends
them, and prints the seconds that each answer took as JSON.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_ACCEPTED = 202
ALERT = "FunctionRegressedAfterDeploy"
PLAYBOOK = "rollback_function"


def platform(document: dict[str, Any], functions: int) -> dict[str, Any]:
    """Return an inventory with so many functions, all of which the playbook may act on."""
    first, book = document["functions"][0], document["playbooks"][0]
    names = [f"function_{number:03d}" for number in range(functions)]
    more = [
        {**first, "name": name, "provisioned": False, "log_group": f"/aws/lambda/{name}"}
        for name in names
    ]
    return {
        **document,
        "functions": [*document["functions"], *more],
        "playbooks": [{**book, "targets": names}],
    }


def alert(number: int, target: str | None = None) -> dict[str, Any]:
    """Return alert ``number``; without a target it is one that nothing is done about."""
    asks = {"alertname": ALERT, "remediation": PLAYBOOK, "function": target}
    labels = asks if target else {"alertname": "Noise", "instance": str(number)}
    return {
        "status": "firing",
        "labels": {"environment": "prod", "severity": "page", **labels},
        "annotations": {"summary": "a line of text such as alerts carry"},
        "startsAt": (_BEGAN + timedelta(seconds=number)).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{number:016x}",
    }


def webhook(alerts: Sequence[dict[str, Any]]) -> bytes:
    """Return one webhook's body."""
    return json.dumps({"version": "4", "truncatedAlerts": 0, "alerts": list(alerts)}).encode()


def storm(distinct: int, repeated: int, copies: int, together: int = 1) -> list[bytes]:
    """Return the webhooks of a storm, shuffled always alike.

    ``distinct`` alerts that nothing is done about, and ``copies`` deliveries of each of
    ``repeated`` alerts that each ask for a run of their own; ``together`` alerts in each webhook.
    """
    noise = [alert(number) for number in range(repeated, repeated + distinct)]
    asking = [alert(number, f"function_{number:03d}") for number in range(repeated)] * copies
    alerts = [*noise, *asking]
    random.Random(7).shuffle(alerts)  # noqa: S311 an order, not a secret
    return [webhook(alerts[at : at + together]) for at in range(0, len(alerts), together)]


@dataclass
class Sent:
    """What came of it: seconds by webhook, other answers than 202, seconds in all."""

    seconds: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    elapsed: float = 0.0


def send(
    port: int, token: str, bodies: Sequence[bytes], senders: int, rate: float | None = None
) -> Sent:
    """Send every body once, ``rate`` a second in all, or as fast as the answers come.

    Each waits for its time, not for the answer before it: what queues up counts as waiting.
    """
    sent, lock = Sent(), threading.Lock()
    turns = iter(range(len(bodies)))
    begun = time.perf_counter()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while True:
            with lock:
                turn = next(turns, None)
            if turn is None:
                break
            due = begun + turn / rate if rate else time.perf_counter()
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", "/v1/alerts", bodies[turn], headers)
            answer = connection.getresponse()
            answer.read()
            taken = time.perf_counter() - due
            with lock:
                sent.seconds.append(taken)
                if answer.status != _ACCEPTED:
                    sent.refused.append(answer.status)
        connection.close()

    at_once([work] * senders)
    sent.elapsed = time.perf_counter() - begun
    return sent


def at_once(works: Sequence[Callable[[], None]]) -> None:
    """Do all of ``works`` at the same time, each in a thread; return when all are done."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(words: list[str]) -> int:
    """Send what stands on the standard input."""
    port, token, senders, rate = int(words[0]), words[1], int(words[2]), float(words[3])
    bodies = sys.stdin.buffer.read().splitlines()
    json.dump(vars(send(port, token, bodies, senders, rate or None)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
