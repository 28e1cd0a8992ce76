"""``vigia check``: credentials, permissions and resources, told apart and all at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporter.app import find_collectors
from exporter.diagnosis import principal
from exporter.iam import files
from inventory.load import load_inventory
from simulator.aws.server import CREDENTIALS, EmbeddedAws
from simulator.influxdb import InfluxStandIn
from simulator.seed import seed
from tests.exporter.support import REGION, ROOT

PLATFORM = ROOT / "platform.yaml"
ROLE = "arn:aws:iam::123456789012:role/vigia-reader"


class Account:
    """A seeded account, an inventory of it, and the command."""

    def __init__(self, aws: EmbeddedAws, config: Path, token: Path) -> None:
        self.aws = aws
        self.config = config
        self._token = token
        self.details: list[str] = []

    def check(self, *options: str) -> tuple[int, dict[tuple[str, str], str], str]:
        """Run the command; return its exit code, the states by check and subject, and stderr."""
        done = subprocess.run(
            [sys.executable, "-m", "vigia", "check", "--all", "--format", "json", *options],
            cwd=ROOT,
            env={
                **os.environ,
                "VIGIA_CONFIG": str(self.config),
                "VIGIA_STATE_DIR": "/nonexistent/never-used",
                "VIGIA_AWS_ENDPOINT_URL": self.aws.url,
                "VIGIA_INFLUXDB_TOKEN_FILE": str(self._token),
                "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
                "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        rows = json.loads(done.stdout) if done.stdout else []
        self.details = [row["detail"] for row in rows]
        states = {(row["check"], row["subject"]): row.get("state", "") for row in rows}
        return done.returncode, states, done.stderr

    def change(self, **sections: object) -> None:
        """Write other sections into the inventory."""
        document = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        self.config.write_text(yaml.safe_dump({**document, **sections}), encoding="utf-8")


@pytest.fixture
def account(
    tmp_path: Path,
    influx: InfluxStandIn,
    alertmanager_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Account]:
    """The seeded platform in real time, with what is not AWS on this machine too."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = EmbeddedAws(REGION, time.time).start()
    inventory = load_inventory(PLATFORM)
    seed(server, inventory, time.time)
    document = yaml.safe_load(PLATFORM.read_text(encoding="utf-8"))
    document["influxdb"] |= {"url": influx.url, "metrics_url": f"{influx.url}/metrics"}
    document["alerting"]["alertmanager_url"] = alertmanager_url
    # A health address that answers: the stand-in's own.
    document["apis"] = [{**api, "health_url": f"{influx.url}/health"} for api in document["apis"]]
    config, token = tmp_path / "platform.yaml", tmp_path / "token"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    token.write_text("made-up-token")
    yield Account(server, config, token)
    server.stop()


def test_all_is_well(account: Account) -> None:
    """Everything in its place is exit code 0, with every collector and section in the answer."""
    code, states, stderr = account.check()
    assert {name for check, name in states if check == "collector"} == set(find_collectors())
    assert {
        (check, name): state
        for (check, name), state in states.items()
        if state not in ("ok", "") and check != "permission"
    } == {}
    assert (code, states["credentials", "main"]) == (0, "ok"), stderr


def test_what_is_missing_is_named(account: Account) -> None:
    """Each resource that AWS does not have is named, all at once."""
    functions = yaml.safe_load(account.config.read_text(encoding="utf-8"))["functions"]
    account.change(
        functions=[*functions, {"name": "not_deployed", "log_group": "/aws/lambda/not_deployed"}],
        rules=[{"name": "no-such-rule"}],
    )
    code, states, _ = account.check()
    assert code == 1
    assert states["resource", "not_deployed"] == "missing"
    assert states["resource", "no-such-rule"] == "missing"


def test_refusals_and_foreign_accounts_are_told_apart(account: Account) -> None:
    """A denied call is denied, another account is a failure, and the rest is still looked at."""
    account.aws.front.fail("cloudtrail", "*", code="AccessDeniedException", status=400)
    account.change(aws={"account": "999999999999", "region": REGION})
    code, states, _ = account.check()
    assert code == 1
    assert states["collector", "trail"] == "denied"
    assert states["credentials", "main"] == "failed"
    assert states["collector", "logs"] == "ok"


def test_absent_aws_is_not_reached(account: Account) -> None:
    """Without AWS nothing is claimed about it: exit code 3."""
    account.aws.stop()
    code, states, _ = account.check()
    assert code == 3
    assert states["credentials", "main"] == "failed"
    assert states["permission", "all"] == "unknown"


def test_every_declared_permission_is_asked_for(account: Account) -> None:
    """Under the generated policy every action is allowed; without one statement its are denied."""
    iam = account.aws.client("iam")
    iam.create_role(RoleName="vigia-reader", AssumeRolePolicyDocument="{}")
    account.change(aws={"account": "123456789012", "region": REGION, "role_arn": ROLE})
    inventory = load_inventory(account.config)
    text = files(inventory, find_collectors().values())["deploy/iam/reader-policy.json"]
    iam.put_role_policy(RoleName="vigia-reader", PolicyName="reader", PolicyDocument=text)
    _, states, _ = account.check()
    actions = {action for one in find_collectors().values() for action in one.iam}
    assert {name: s for (check, name), s in states.items() if check == "permission"} == (
        dict.fromkeys([*actions, "sts:AssumeRole"], "ok")
    )
    document = json.loads(text)
    cut = [one for one in document["Statement"] if one["Sid"] != "ReadBuckets"]
    iam.put_role_policy(
        RoleName="vigia-reader",
        PolicyName="reader",
        PolicyDocument=json.dumps({**document, "Statement": cut}),
    )
    code, states, _ = account.check()
    denied = {name for (check, name), state in states.items() if state == "denied"}
    assert code == 1
    assert denied >= {"s3:ListBucket", "s3:GetLifecycleConfiguration"}
    assert all(name.startswith("s3:") for name in denied)


def test_offline_asks_nothing(account: Account) -> None:
    """``--offline`` reads the file alone."""
    before = len(account.aws.front.seen)
    code, states, _ = account.check("--offline")
    assert (code, {check for check, _ in states}) == (0, {"inventory", "all"})
    assert len(account.aws.front.seen) == before


@pytest.mark.parametrize(
    ("arn", "wanted"),
    [
        ("arn:aws:sts::123456789012:assumed-role/vigia-reader/session", ROLE),
        ("arn:aws:iam::123456789012:user/person", "arn:aws:iam::123456789012:user/person"),
        (
            "arn:aws-cn:sts::123456789012:assumed-role/a/b",
            "arn:aws-cn:iam::123456789012:role/a",
        ),
    ],
)
def test_a_session_stands_for_its_role(arn: str, wanted: str) -> None:
    """IAM knows the role, not the session."""
    assert principal(arn) == wanted


@pytest.mark.parametrize(
    ("playbook", "said"),
    [
        ({"alerts": ["NoSuchAlert"]}, "playbooks name unknown alerts: NoSuchAlert"),
        ({"action": "reboot"}, "playbook once: there is no action 'reboot'"),
        (
            {"action": "stop_deployments", "targets": ["elsewhere"]},
            "playbook once: stop_deployments may not act on 'elsewhere'",
        ),
    ],
)
def test_playbooks_that_cannot_work_are_told(
    account: Account, playbook: dict[str, object], said: str
) -> None:
    """What would keep the remediation service from starting is seen before it is started."""
    whole = {
        "name": "once",
        "action": "rollback_function",
        "mode": "shadow",
        "targets": ["lambda_router"],
        "alerts": ["LambdaErrorsHigh"],
    }
    account.change(playbooks=[whole | playbook])
    assert account.check("--offline")[0] == 1
    assert said in account.details
