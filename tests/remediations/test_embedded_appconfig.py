"""The embedded AppConfig refuses what AppConfig refuses: without that, races would go unseen."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.remediations.flag_world import API, Flags
from tests.remediations.rig import Rig


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_versions_are_created_after_the_latest_only(flags_rig: Rig) -> None:
    """LatestVersionNumber guards a creation; a version keeps its description."""
    flags = Flags(flags_rig)
    body = {"Content": b"{}", "ContentType": "application/json"}
    create = flags.client.create_hosted_configuration_version
    with pytest.raises(ClientError) as error:
        create(**flags.where, **body, LatestVersionNumber=7)
    assert _code(error) == "ConflictException"
    create(**flags.where, **body, LatestVersionNumber=1, Description="mine")
    listed = flags.client.list_hosted_configuration_versions(**flags.where)["Items"]
    assert [(one["VersionNumber"], one.get("Description")) for one in listed] == [
        (2, "mine"),
        (1, None),
    ]


def test_one_deployment_of_an_environment_at_a_time(flags_rig: Rig) -> None:
    """A bake in progress and a number that is not the latest are conflicts."""
    flags = Flags(flags_rig)
    flags.deploy({API: True}, bake=10)
    with pytest.raises(ClientError) as error:
        flags.start(1)
    assert _code(error) == "ConflictException"
    flags_rig.clock.forward(600)
    strategy = flags.client.list_deployment_strategies()["Items"][0]["Id"]
    with pytest.raises(ClientError) as error:
        flags.client.start_deployment(
            **{**flags.where, **flags.environment},
            ConfigurationVersion="1",
            DeploymentStrategyId=strategy,
            LatestDeploymentNumber=1,
        )
    assert _code(error) == "ConflictException"


@pytest.mark.parametrize(
    ("age", "revert", "state"),
    [
        (60, False, "ROLLED_BACK"),
        (60, True, "ROLLED_BACK"),
        (700, False, None),
        (700, True, "ROLLED_BACK"),
        (1300, False, None),
        (1300, True, "REVERTED"),
        (1200 + 73 * 3600, True, None),
    ],
)
def test_stop_depends_on_how_far_it_is(
    flags_rig: Rig,
    age: float,
    revert: bool,  # noqa: FBT001 as parametrized
    state: str | None,
) -> None:
    """Deploying is stopped; baking and complete by AllowRevert alone, for 72 hours at most."""
    flags = Flags(flags_rig)
    number = flags.deploy({API: True}, minutes=10, bake=10)
    flags_rig.clock.forward(age)

    def stop() -> None:
        flags.client.stop_deployment(
            **flags.environment, DeploymentNumber=number, AllowRevert=revert
        )

    if state is None:
        with pytest.raises(ClientError) as error:
            stop()
        assert _code(error) == "BadRequestException"
        assert flags.states() == {API: True}
    else:
        stop()
        assert flags.deployments()[0][2] == state
        assert API in flags.states()
        assert not flags.states()[API]
