"""Feature flags against the embedded AppConfig."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exporter.collector import Reason
from exporter.collectors.flags import DEPLOYMENT_STATES
from exporter.sources.appconfig import USD_PER_CONFIGURATION, USD_PER_REQUEST
from simulator.aws.appconfig import TOKEN_SECONDS
from simulator.aws.server import EmbeddedAws
from tests.exporter.calls import announced, reason, sent
from tests.exporter.flag_home import Home
from tests.exporter.support import Bench

NAME = "flags"
API, PROCESSING, MAINTENANCE = (
    "enable_new_api_endpoint",
    "enable_enhanced_processing",
    "enable_maintenance_mode",
)
LATEST = ("appconfigdata", "GetLatestConfiguration")
SESSION = ("appconfigdata", "StartConfigurationSession")
OFF = dict.fromkeys((API, PROCESSING, MAINTENANCE), False)


@pytest.fixture
def home(bench: Bench, aws: EmbeddedAws) -> Home:
    """The place of the flags, with nothing deployed."""
    return Home(aws, bench.inventory)


def test_flags_are_shown_as_deployed(bench: Bench, home: Home) -> None:
    """Each flag is on or off as deployed; whether it is critical comes from the inventory."""
    home.deploy({**OFF, API: True})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.missing) == (3, 3, ())
    found = bench.collect(NAME)
    states = {flag: found["flag_enabled", flag] for flag in OFF}
    assert states == {API: 1.0, PROCESSING: 0.0, MAINTENANCE: 0.0}
    assert found["flag_info", MAINTENANCE, "true"] == 1.0
    assert found["flag_info", API, "false"] == 1.0
    assert found["flags_unlisted",] == 0.0


def test_flag_that_is_not_in_the_document_is_missing(bench: Bench, home: Home) -> None:
    """A flag of the inventory that the document lacks is not off; one too many is counted."""
    home.deploy({API: False, "enable_surprise": True, "enable_other": False})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.missing) == (1, (PROCESSING, MAINTENANCE))
    found = bench.collect(NAME)
    assert ("flag_enabled", PROCESSING) not in found
    assert ("flag_enabled", "enable_surprise") not in found
    assert found["flags_unlisted",] == 2.0


def test_change_is_dated_by_its_deployment_and_remembered(bench: Bench, home: Home) -> None:
    """When the deployment that changed a flag started survives a restart; others never changed."""
    home.deploy(OFF)
    assert ("flag_changed_timestamp_seconds", API) not in bench.collect(NAME)
    bench.clock.at += 60
    home.deploy({**OFF, API: True})
    seen = bench.clock.at
    bench.clock.at += 50
    assert bench.collect(NAME)["flag_changed_timestamp_seconds", API] == seen
    bench.restart()
    bench.clock.at += 60
    found = bench.collect(NAME)
    assert found["flag_enabled", API] == 1.0
    assert found["flag_changed_timestamp_seconds", API] == seen
    assert ("flag_changed_timestamp_seconds", MAINTENANCE) not in found
    home.deploy(OFF)
    changed = bench.clock.at
    bench.clock.at += 60
    assert bench.collect(NAME)["flag_changed_timestamp_seconds", API] == changed


def test_change_by_a_stop_is_dated_when_seen(bench: Bench, home: Home) -> None:
    """A flag that a rolled back deployment gave back is not dated by that deployment's start."""
    home.deploy(OFF)
    bench.collect(NAME)
    bench.clock.at += 60
    number = home.deploy({**OFF, API: True}, bake=30)
    bench.clock.at += 60
    started = bench.collect(NAME)["flag_changed_timestamp_seconds", API]
    assert started == bench.clock.at - 60
    home.aws.client("appconfig").stop_deployment(
        ApplicationId=home.app,
        EnvironmentId=home.environment,
        DeploymentNumber=number,
        AllowRevert=True,
    )
    bench.clock.at += 60
    found = bench.collect(NAME)
    assert found["flag_enabled", API] == 0.0
    assert found["flag_changed_timestamp_seconds", API] == bench.clock.at


def test_change_across_an_absence_is_a_change(bench: Bench, home: Home) -> None:
    """A flag that left the document and came back otherwise has changed."""
    home.deploy(OFF)
    bench.collect(NAME)
    home.deploy({API: False})
    bench.clock.at += 60
    assert ("flag_enabled", MAINTENANCE) not in bench.collect(NAME)
    home.deploy({**OFF, MAINTENANCE: True})
    bench.clock.at += 60
    found = bench.collect(NAME)
    assert found["flag_changed_timestamp_seconds", MAINTENANCE] == bench.clock.at - 60


def test_an_unchanged_configuration_costs_nearly_nothing(bench: Bench, home: Home) -> None:
    """One session serves every run, also after a restart; the document is paid for once."""
    home.deploy({**OFF, API: True})
    first = bench.collect(NAME)
    for _ in range(4):
        bench.restart()
        bench.clock.at += 60
        calls = sent(bench, NAME)
        assert (calls.get(SESSION), calls[LATEST]) == (None, 1)
    paid = bench.tally.bill().usd_by_service["appconfigdata"]
    assert paid == pytest.approx(5 * USD_PER_REQUEST + USD_PER_CONFIGURATION)
    bench.clock.at += 60
    assert bench.collect(NAME) == first


def test_poll_interval_is_respected(bench: Bench, home: Home) -> None:
    """Within the interval that AppConfig gave, what is known is shown and nothing is asked."""
    home.deploy(OFF)
    bench.collect(NAME)
    home.deploy({**OFF, API: True})
    bench.clock.at += 14
    assert LATEST not in sent(bench, NAME)
    assert bench.collect(NAME)["flag_enabled", API] == 0.0
    bench.clock.at += 1
    assert bench.collect(NAME)["flag_enabled", API] == 1.0


def test_asking_too_early_is_no_failure(bench: Bench, home: Home) -> None:
    """Where the service says that it is too early, what is known is shown and the token kept."""
    home.deploy(OFF)
    bench.collect(NAME)
    state = bench.store.of(NAME)
    session = state.load()["session"]
    state.commit({"session": {**session, "due": bench.clock.at}})
    calls = sent(bench, NAME)
    assert (calls[LATEST], calls.get(SESSION)) == (1, None)
    bench.clock.at += 15
    assert sent(bench, NAME).get(SESSION) is None


@pytest.mark.parametrize("away", [TOKEN_SECONDS, TOKEN_SECONDS - 1, 10 * TOKEN_SECONDS])
def test_token_that_expired_is_replaced(bench: Bench, home: Home, away: float) -> None:
    """After a day without a call a new session is begun, and no run fails."""
    home.deploy(OFF)
    bench.collect(NAME)
    home.deploy({**OFF, API: True})
    bench.restart()
    bench.clock.at += away
    calls = sent(bench, NAME)
    assert calls.get(SESSION, 0) == int(away >= TOKEN_SECONDS)
    assert bench.collect(NAME)["flag_enabled", API] == 1.0


def test_token_that_is_no_longer_known_is_replaced(
    bench: Bench, home: Home, aws: EmbeddedAws
) -> None:
    """A token that was used already, as after a crash, leads to a new session at once."""
    home.deploy(OFF)
    bench.collect(NAME)
    aws.appconfig._sessions.clear()
    home.deploy({**OFF, API: True})
    bench.clock.at += 60
    assert bench.collect(NAME)["flag_enabled", API] == 1.0


@pytest.mark.parametrize("text", ["", "not JSON", "[]", '"on"', '{"version": "1"}', "{", "null"])
def test_unreadable_document_is_a_failure_until_it_is_readable(
    bench: Bench, home: Home, text: str
) -> None:
    """It never reads as 'all off', also while AppConfig says that nothing changed."""
    home.deploy({**OFF, API: True})
    bench.collect(NAME)
    # Only AppConfig's own validation keeps such a document away, and freeform profiles have none.
    home.aws.appconfig._applications[home.app].profiles[home.profile]["Type"] = "AWS.Freeform"
    home.deploy_text(text)
    for _ in range(3):
        bench.restart()
        bench.clock.at += 60
        if text:
            assert reason(bench, NAME) is Reason.ANSWER
        else:
            # An empty answer means that nothing changed: AppConfig cannot say it otherwise.
            assert bench.collect(NAME)["flag_enabled", API] == 1.0
    home.deploy({**OFF, PROCESSING: True})
    bench.clock.at += 60
    found = bench.collect(NAME)
    assert (found["flag_enabled", API], found["flag_enabled", PROCESSING]) == (0.0, 1.0)
    assert found["flag_changed_timestamp_seconds", API] == bench.clock.at - 60


def test_empty_document_at_first_is_a_failure(bench: Bench, home: Home) -> None:
    """Where nothing was known before, an empty answer is no configuration."""
    home.deploy_text("")
    assert reason(bench, NAME) is Reason.ANSWER
    bench.clock.at += 60
    assert reason(bench, NAME) is Reason.ANSWER


def test_listed_flag_without_a_plain_state_is_a_failure(bench: Bench, home: Home) -> None:
    """A flag of several variants is neither on nor off; one that is not listed harms nobody."""
    values: dict[str, Any] = {name: {"enabled": False} for name in OFF}
    values["enable_other"] = {"_variants": []}
    home.deploy_text(json.dumps({"version": "1", "values": values}))
    assert bench.collect(NAME)["flags_unlisted",] == 1.0
    values[API] = {"_variants": [{"enabled": True}]}
    home.deploy_text(json.dumps({"version": "1", "values": values}))
    bench.clock.at += 60
    assert reason(bench, NAME) is Reason.ANSWER


def test_freeform_profile_may_hold_the_flag_document(bench: Bench, home: Home) -> None:
    """The whole document with its definitions reads like the values alone."""
    profile = home.create_profile("freeform", "AWS.Freeform")
    home.deploy({**OFF, API: True}, profile=profile)
    moved = bench.inventory.appconfig.model_copy(update={"profile": "freeform"})
    bench.inventory = bench.inventory.model_copy(update={"appconfig": moved})
    assert bench.collect(NAME)["flag_enabled", API] == 1.0


def test_another_profile_begins_anew(bench: Bench, home: Home) -> None:
    """After the inventory names another profile nothing of the old one is believed."""
    home.deploy(OFF)
    bench.collect(NAME)
    home.deploy({**OFF, API: True}, profile=home.create_profile("second"))
    moved = bench.inventory.appconfig.model_copy(update={"profile": "second"})
    bench.inventory = bench.inventory.model_copy(update={"appconfig": moved})
    found = bench.collect(NAME)
    assert found["flag_enabled", API] == 1.0
    assert ("flag_changed_timestamp_seconds", API) not in found
    assert found["flag_configuration_info", "second", "1"] == 1.0


@pytest.mark.parametrize("lacking", ["application", "environment", "profile"])
def test_missing_place_misses_every_flag(bench: Bench, home: Home, lacking: str) -> None:
    """Without application, environment or profile every flag is missing, which is no failure."""
    home.deploy(OFF)
    moved = bench.inventory.appconfig.model_copy(update={lacking: "gone"})
    bench.inventory = bench.inventory.model_copy(update={"appconfig": moved})
    reading = bench.reading(NAME)
    assert (reading.seen, reading.missing) == (0, (API, PROCESSING, MAINTENANCE))
    assert reading.series == ()


def test_nothing_deployed_misses_every_flag(bench: Bench, home: Home) -> None:
    """Before the first deployment no flag is off: there is none."""
    reading = bench.reading(NAME)
    assert (reading.seen, reading.expected, reading.series) == (0, 3, ())
    home.deploy(OFF)
    assert bench.reading(NAME).seen == 3


def test_deployment_is_followed(bench: Bench, home: Home) -> None:
    """Deploying, baking and complete are told apart, with the version that is in force."""
    home.deploy(OFF)
    started = bench.clock.at
    bench.clock.at += 60
    home.deploy({**OFF, API: True}, minutes=10, bake=5)
    assert shown(bench) == ("DEPLOYING", "1", started + 60, None)
    bench.clock.at += 600
    assert shown(bench) == ("BAKING", "2", started + 60, None)
    bench.clock.at += 300
    assert shown(bench) == ("COMPLETE", "2", started + 60, started + 960)


def test_stopped_deployment_leaves_the_version_before(bench: Bench, home: Home) -> None:
    """After a stop the newest deployment was rolled back and the version before is in force."""
    home.deploy({**OFF, MAINTENANCE: True})
    number = home.deploy(OFF, minutes=10)
    home.aws.client("appconfig").stop_deployment(
        ApplicationId=home.app, EnvironmentId=home.environment, DeploymentNumber=number
    )
    state, version, _started, completed = shown(bench)
    assert (state, version, completed) == ("ROLLED_BACK", "1", None)
    assert bench.collect(NAME)["flag_enabled", MAINTENANCE] == 1.0


def shown(bench: Bench) -> tuple[str, str, object, object]:
    """Return the newest deployment's state, the version in force, start and end."""
    found = bench.collect(NAME)
    profile = bench.inventory.appconfig.profile
    states = [s for s in DEPLOYMENT_STATES if found["flag_deployment_state", profile, s]]
    versions = [labels[2] for labels in found if labels[0] == "flag_configuration_info"]
    assert (len(states), len(versions)) == (1, 1)
    times = (
        found.get((f"flag_deployment_{moment}_timestamp_seconds", profile))
        for moment in ("started", "completed")
    )
    return (states[0], versions[0], *times)


def test_every_page_is_read(bench: Bench, aws: EmbeddedAws) -> None:
    """The application and the deployment are found behind sixty others."""
    for number in range(60):
        aws.client("appconfig").create_application(Name=f"app-{number}")
    home = Home(aws, bench.inventory)
    home.deploy(OFF)
    other = home.create_profile("other")
    for _ in range(60):
        home.deploy({}, profile=other)
    calls = sent(bench, NAME)
    assert calls["appconfig", "ListApplications"] == 2
    assert calls["appconfig", "ListDeployments"] == 2
    assert bench.collect(NAME)["flag_configuration_info", "feature-flags", "1"] == 1.0


def test_place_that_was_made_anew_is_found(bench: Bench, home: Home, aws: EmbeddedAws) -> None:
    """Kept ids that are gone are looked up again by their names."""
    home.deploy(OFF)
    bench.collect(NAME)
    aws.appconfig._applications.clear()
    Home(aws, bench.inventory).deploy({**OFF, API: True})
    bench.clock.at += 60
    assert bench.collect(NAME)["flag_enabled", API] == 1.0


@pytest.mark.parametrize(
    ("operation", "code", "status", "why"),
    [
        ("GetLatestConfiguration", "AccessDeniedException", 403, Reason.DENIED),
        ("StartConfigurationSession", "ThrottlingException", 429, Reason.THROTTLED),
        ("ListDeployments", "InternalServerException", 500, Reason.SERVICE),
    ],
)
def test_any_other_error_fails(
    bench: Bench, home: Home, operation: str, code: str, status: int, why: Reason
) -> None:
    """An error fails the collection, and the next one is whole again."""
    home.deploy(OFF)
    home.aws.front.fail("appconfig", operation, code=code, status=status)
    assert reason(bench, NAME) is why
    home.aws.front.heal()
    bench.clock.at += 60
    assert bench.reading(NAME).seen == 3


def test_time_runs_out(bench: Bench, home: Home) -> None:
    """Nothing is asked once the deadline is reached."""
    home.deploy(OFF)
    bench.seconds = 0.0
    assert reason(bench, NAME) is Reason.TIMEOUT


def test_calls_are_as_announced(bench: Bench, home: Home) -> None:
    """A run at the inventory's cadence sends one poll, as AppConfig allows, and one listing."""
    home.deploy(OFF)
    minute = bench.inventory.collection.model_copy(update={"control_plane_every": 60.0})
    bench.inventory = bench.inventory.model_copy(update={"collection": minute})
    bench.collect(NAME)
    bench.clock.at += 60
    before = bench.tally.bill().usd_by_collector[NAME]
    collector = bench.collectors[NAME]
    assert sent(bench, NAME) == announced(collector, bench.inventory)
    usd = sum(use.usd for use in collector.uses(bench.inventory))
    assert bench.tally.bill().usd_by_collector[NAME] - before == pytest.approx(usd)
    often = minute.model_copy(update={"control_plane_every": 5.0})
    bench.inventory = bench.inventory.model_copy(update={"collection": often})
    polls = 0.0
    for _ in range(30):
        bench.clock.at += 5
        polls += sent(bench, NAME).get(LATEST, 0)
    assert polls == pytest.approx(30 * announced(collector, bench.inventory)[LATEST])
