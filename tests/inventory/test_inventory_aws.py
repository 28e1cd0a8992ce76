"""AWS clients: whose credentials they sign with, and how these are renewed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.credentials import Credentials as StaticCredentials
from botocore.exceptions import ClientError, CredentialRetrievalError, NoCredentialsError
from moto.core.utils import utcnow
from moto.sts.models import sts_backends

from inventory.attempts import scope_of
from inventory.aws import AwsClients
from inventory.credentials import Credentials
from inventory.resources import Aws, Scope
from simulator.aws.server import ACCOUNT, EmbeddedAws

MAIN = Aws(account=ACCOUNT, region="us-east-1")
OTHER = "210987654321"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """An empty embedded AWS, and credentials in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "embedded")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = EmbeddedAws("us-east-1", lambda: 0.0).start()
    yield server
    server.stop()


def role(aws: EmbeddedAws, account: str, name: str) -> str:
    """Create a role that anybody may assume and return its ARN."""
    iam = aws.client("iam", account)
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({}))
    arn: str = created["Role"]["Arn"]
    return arn


def account_of(client: object) -> str:
    """Return the account in which an SNS client's calls end."""
    arn: str = client.create_topic(Name="somewhere")["TopicArn"]  # type: ignore[attr-defined]
    return arn.split(":")[4]


def test_every_scope_signs_with_its_own_role(aws: EmbeddedAws) -> None:
    """Main account, another account by role, another region without one: each call ends there."""
    main = MAIN.model_copy(update={"role_arn": role(aws, ACCOUNT, "main")})
    scopes = (
        Scope(name="b", account=OTHER, region="sa-east-1", role_arn=role(aws, OTHER, "b")),
        Scope(name="west", account=ACCOUNT, region="us-west-2"),
    )
    clients = AwsClients(main, aws.url, scopes=scopes)
    assert account_of(clients.client("sns")) == ACCOUNT
    assert account_of(clients.client("sns", "b")) == OTHER
    topic = clients.client("sns", "west").create_topic(Name="x")["TopicArn"]
    assert topic == f"arn:aws:sns:us-west-2:{ACCOUNT}:x"
    # The scope without a role lies in the main account and is read as that one is.
    assert [a.role_arn for a in sts_backends[ACCOUNT]["aws"].assumed_roles] == [main.role_arn]
    assert [a.role_arn for a in sts_backends[OTHER]["aws"].assumed_roles] == [scopes[0].role_arn]
    assert clients.client("sns", "b") is clients.client("sns", "b")
    assert clients.client("sns", "b") is not clients.client("sns", "b", retries=False)
    with pytest.raises(KeyError):
        clients.client("sns", "c")


def test_failure_tells_its_scope(aws: EmbeddedAws) -> None:
    """What a scope's call or role raises carries the scope; the main one's does not."""
    scope = Scope(name="b", account=OTHER, region="sa-east-1", role_arn=role(aws, OTHER, "b"))
    absent = scope.model_copy(update={"name": "c", "role_arn": f"arn:aws:iam::{OTHER}:role/c"})
    clients = AwsClients(MAIN, aws.url, scopes=(scope, absent))
    for name, code in (
        (None, "ResourceNotFound"),
        ("b", "ResourceNotFound"),
        ("c", "AccessDenied"),
    ):
        with pytest.raises(ClientError) as raised:
            clients.client("lambda", name).get_alias(FunctionName="f", Name="LIVE")
        assert scope_of(raised.value) == name
        assert raised.value.response["Error"]["Code"].startswith(code)


def test_role_is_assumed_again_before_it_expires(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that ends soon is followed by another one, without a failed call between."""
    main = MAIN.model_copy(update={"role_arn": role(aws, ACCOUNT, "main")})
    clients = AwsClients(main, aws.url)
    with monkeypatch.context() as earlier:
        earlier.setattr("moto.sts.models.utcnow", lambda: utcnow() - timedelta(minutes=55))
        assert account_of(clients.client("sns")) == ACCOUNT
    for _ in range(3):
        assert account_of(clients.client("sns")) == ACCOUNT
    assumed = sts_backends[ACCOUNT]["aws"].assumed_roles
    assert assumed[-1].expiration - assumed[0].expiration > timedelta(minutes=50)
    assert aws.front.count("sts", "AssumeRole") == len(assumed)


def test_refused_credentials_are_read_again(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A credentials file that is rewritten after they expired is used without a restart."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setattr("inventory.credentials._RENEW_AFTER", 0.0)
    iam = aws.client("iam", OTHER)
    iam.create_user(UserName="vigia")
    key = iam.create_access_key(UserName="vigia")["AccessKey"]
    write = "[default]\naws_access_key_id = {}\naws_secret_access_key = made-up\n".format
    file.write_text(write("old"), encoding="utf-8")
    clients = AwsClients(MAIN, aws.url)
    assert account_of(clients.client("sns")) == ACCOUNT
    file.write_text(write(key["AccessKeyId"]), encoding="utf-8")
    assert account_of(clients.client("sns")) == ACCOUNT
    aws.front.fail("lambda", "GetAlias", code="ExpiredTokenException", status=403, times=1)
    with pytest.raises(ClientError):
        clients.client("lambda").get_alias(FunctionName="f", Name="LIVE")
    assert account_of(clients.client("sns")) == OTHER


def test_no_credentials_are_told_and_looked_for_again() -> None:
    """Nothing is remembered of a search that found nothing."""
    found: list[object] = []
    credentials = Credentials(lambda: found[0] if found else None, lambda: 1.0)
    with pytest.raises(NoCredentialsError):
        credentials.get_frozen_credentials()
    found.append(StaticCredentials("key", "secret"))
    assert credentials.get_frozen_credentials().access_key == "key"


def test_slow_credentials_keep_nobody_beyond_his_time() -> None:
    """While one thread looks for credentials, another waits no longer than it may."""
    release, begun = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        release.wait(10)

    credentials = Credentials(slow, lambda: 0.05)

    def look() -> None:
        with pytest.raises(NoCredentialsError):
            credentials.get_frozen_credentials()

    thread = threading.Thread(target=look)
    thread.start()
    assert begun.wait(5)
    with pytest.raises(CredentialRetrievalError):
        credentials.get_frozen_credentials()
    release.set()
    thread.join()
