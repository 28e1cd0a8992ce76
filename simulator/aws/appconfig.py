"""AppConfig and its data plane, ours and whole: moto has no environments and no deployments.

States, conflicts and bake times follow the API reference of StartDeployment and StopDeployment;
tokens, poll intervals and empty answers that of GetLatestConfiguration.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.aws.appconfig_state import (
    RUNNING,
    Application,
    Deployment,
    Session,
    Version,
)
from simulator.aws.front import AwsError, Front, json_response

TOKEN_SECONDS = 86_400.0
_LEAST_POLL, _MOST_POLL = 15, 86_400
_FLAGS = "AWS.AppConfig.FeatureFlags"
_ALL_AT_ONCE: dict[str, Any] = {
    "Id": "AppConfig.AllAtOnce",
    "Name": "AppConfig.AllAtOnce",
    "DeploymentDurationInMinutes": 0,
    "FinalBakeTimeInMinutes": 10,
    "GrowthFactor": 100.0,
    "GrowthType": "LINEAR",
    "ReplicateTo": "NONE",
}


class AppConfigService:
    """Applications with their environments, profiles, versions and deployments.

    ``takes`` is how many seconds a deployment needs beyond its strategy's duration.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.takes = 0.0
        self._applications: dict[str, Application] = {}
        self._strategies: dict[str, dict[str, Any]] = {_ALL_AT_ONCE["Id"]: _ALL_AT_ONCE}
        self._sessions: dict[str, Session] = {}

    def deployed_flags(self, application: str, environment: str, profile: str) -> dict[str, Any]:
        """Return the flag document that is really deployed, by names; empty before any."""
        for app in self._applications.values():
            if app.name == application:
                environment_id = _id_of(app.environments, environment)
                profile_id = _id_of({k: v["Name"] for k, v in app.profiles.items()}, profile)
                version = self._deployed(app, environment_id, profile_id)
                if version is not None:
                    document: dict[str, Any] = json.loads(version.content)
                    return document.get("values", {})  # type: ignore[no-any-return]  # a JSON object
        return {}

    def _deployed(self, app: Application, environment: str, profile: str) -> Version | None:
        number: int | None = None
        for deployment in app.deployments:
            here = (deployment.environment, deployment.profile) == (environment, profile)
            # What was rolled back or reverted leaves what was deployed before it.
            if here and deployment.stopped is None:
                number = deployment.version
        return next((v for v in app.versions.get(profile, []) if v.number == number), None)

    def install(self, front: Front) -> None:
        """Serve the REST routes in front of moto."""
        apps, app = "/applications", r"/applications/(?P<app>[^/]+)"
        envs = app + "/environments"
        profiles = app + "/configurationprofiles"
        versions = profiles + r"/(?P<profile>[^/]+)/hostedconfigurationversions"
        deployments = envs + r"/(?P<env>[^/]+)/deployments"
        number = r"/(?P<number>\d+)"
        routes = (
            ("POST", apps, self._create_application),
            ("GET", apps, self._list_applications),
            ("POST", envs, self._create_environment),
            ("GET", envs, self._list_environments),
            ("POST", profiles, self._create_profile),
            ("GET", profiles, self._list_profiles),
            ("POST", versions, self._create_version),
            ("GET", versions, self._list_versions),
            ("GET", versions + number, self._get_version),
            ("POST", "/deploymentstrategies", self._create_strategy),
            ("GET", "/deploymentstrategies", self._list_strategies),
            ("POST", deployments, self._start_deployment),
            ("GET", deployments, self._list_deployments),
            ("GET", deployments + number, self._get_deployment),
            ("DELETE", deployments + number, self._stop_deployment),
            ("POST", "/configurationsessions", self._start_session),
            ("GET", "/configuration", self._latest),
        )
        for method, pattern, handler in routes:
            front.route("appconfig", method, pattern, handler)

    def _app(self, found: dict[str, str]) -> Application:
        try:
            return self._applications[found["app"]]
        except KeyError:
            raise AwsError(404, "ResourceNotFoundException", "Application not found") from None

    def _create_application(self, request: Request, _found: dict[str, str]) -> Response:
        app = Application(_new_id(), request.get_json()["Name"])
        self._applications[app.id] = app
        return json_response({"Id": app.id, "Name": app.name}, 201)

    def _list_applications(self, request: Request, _found: dict[str, str]) -> Response:
        return _listed(request, [{"Id": a.id, "Name": a.name} for a in self._applications.values()])

    def _create_environment(self, request: Request, found: dict[str, str]) -> Response:
        app, new = self._app(found), _new_id()
        app.environments[new] = request.get_json()["Name"]
        return json_response(
            {"Id": new, "Name": app.environments[new], "ApplicationId": app.id}, 201
        )

    def _list_environments(self, request: Request, found: dict[str, str]) -> Response:
        app = self._app(found)
        return _listed(request, [{"Id": k, "Name": v} for k, v in app.environments.items()])

    def _create_profile(self, request: Request, found: dict[str, str]) -> Response:
        app, new, asked = self._app(found), _new_id(), request.get_json()
        app.profiles[new] = {"Id": new, "ApplicationId": app.id, **asked}
        app.versions[new] = []
        return json_response(app.profiles[new], 201)

    def _list_profiles(self, request: Request, found: dict[str, str]) -> Response:
        return _listed(request, list(self._app(found).profiles.values()))

    def _create_version(self, request: Request, found: dict[str, str]) -> Response:
        versions = self._versions(found)
        newest = versions[-1].number if versions else 0
        latest = request.headers.get("Latest-Version-Number")
        if latest is not None and int(latest) != newest:
            raise AwsError(
                409, "ConflictException", "LatestVersionNumber is not the latest version"
            )
        kind = request.headers.get("Content-Type", "application/json")
        description = request.headers.get("Description")
        label = request.headers.get("VersionLabel")
        versions.append(Version(newest + 1, request.get_data(), kind, description, label))
        return self._version_answer(found, versions[-1], 201)

    def _versions(self, found: dict[str, str]) -> list[Version]:
        try:
            return self._app(found).versions[found["profile"]]
        except KeyError:
            raise AwsError(404, "ResourceNotFoundException", "Profile not found") from None

    def _list_versions(self, request: Request, found: dict[str, str]) -> Response:
        newest_first = reversed(self._versions(found))
        return _listed(request, [v.summary() for v in newest_first])

    def _get_version(self, _request: Request, found: dict[str, str]) -> Response:
        for version in self._versions(found):
            if version.number == int(found["number"]):
                return self._version_answer(found, version, 200)
        raise AwsError(404, "ResourceNotFoundException", "Version not found")

    @staticmethod
    def _version_answer(found: dict[str, str], version: Version, status: int) -> Response:
        headers = {
            "Application-Id": found["app"],
            "Configuration-Profile-Id": found["profile"],
            "Version-Number": str(version.number),
            **({"Description": version.description} if version.description else {}),
        }
        return Response(version.content, status, headers, content_type=version.content_type)

    def _create_strategy(self, request: Request, _found: dict[str, str]) -> Response:
        asked = request.get_json()
        defaults = {"FinalBakeTimeInMinutes": 0, "GrowthType": "LINEAR", "ReplicateTo": "NONE"}
        strategy = {"Id": _new_id(), **defaults, **asked}
        self._strategies[strategy["Id"]] = strategy
        return json_response(strategy, 201)

    def _list_strategies(self, request: Request, _found: dict[str, str]) -> Response:
        return _listed(request, list(self._strategies.values()))

    def _start_deployment(self, request: Request, found: dict[str, str]) -> Response:
        app, asked, now = self._app(found), request.get_json(), self._now()
        if found["env"] not in app.environments:
            raise AwsError(404, "ResourceNotFoundException", "Environment not found")
        here = [d for d in app.deployments if d.environment == found["env"]]
        if any(d.state(now) in RUNNING for d in here):
            raise AwsError(409, "ConflictException", "Deployment already in progress")
        latest = asked.get("LatestDeploymentNumber")
        if latest is not None and latest != len(here):
            raise AwsError(
                409, "ConflictException", "LatestDeploymentNumber is not the latest deployment"
            )
        profile, wanted = asked["ConfigurationProfileId"], asked["ConfigurationVersion"]
        strategy = self._strategies.get(asked["DeploymentStrategyId"])
        versions = app.versions.get(profile, [])
        number = next((v.number for v in versions if wanted in (str(v.number), v.label)), None)
        if strategy is None or number is None:
            raise AwsError(404, "ResourceNotFoundException", "Strategy or version not found")
        deployment = Deployment(
            len(here) + 1,
            found["env"],
            profile,
            number,
            strategy,
            now,
            self.takes,
            asked.get("Description", ""),
        )
        app.deployments.append(deployment)
        return json_response(deployment.describe(app.id, now), 201)

    def _list_deployments(self, request: Request, found: dict[str, str]) -> Response:
        app = self._app(found)
        mine = [d for d in reversed(app.deployments) if d.environment == found["env"]]
        return _listed(request, [d.describe(app.id, self._now()) for d in mine])

    def _find(self, found: dict[str, str]) -> Deployment:
        for deployment in self._app(found).deployments:
            if (deployment.environment, deployment.number) == (found["env"], int(found["number"])):
                return deployment
        raise AwsError(404, "ResourceNotFoundException", "Deployment not found")

    def _get_deployment(self, _request: Request, found: dict[str, str]) -> Response:
        return json_response(self._find(found).describe(found["app"], self._now()))

    def _stop_deployment(self, request: Request, found: dict[str, str]) -> Response:
        deployment, now = self._find(found), self._now()
        revert = request.headers.get("Allow-Revert", "").lower() == "true"
        deployment.stop(now, revert=revert)
        return json_response(deployment.describe(found["app"], now), 202)

    def _start_session(self, request: Request, _found: dict[str, str]) -> Response:
        asked = request.get_json()
        where = (
            asked["ApplicationIdentifier"],
            asked["EnvironmentIdentifier"],
            asked["ConfigurationProfileIdentifier"],
        )
        self._placed(*where)
        interval = int(asked.get("RequiredMinimumPollIntervalInSeconds") or _LEAST_POLL)
        if not _LEAST_POLL <= interval <= _MOST_POLL:
            raise AwsError(400, "BadRequestException", "The poll interval is out of range")
        token = self._keep(Session(where, interval, self._now() + TOKEN_SECONDS))
        return json_response({"InitialConfigurationToken": token}, 201)

    def _keep(self, session: Session) -> str:
        token = secrets.token_hex(16)
        self._sessions[token] = session
        return token

    def _latest(self, request: Request, _found: dict[str, str]) -> Response:
        token, now = request.args.get("configuration_token", ""), self._now()
        session = self._sessions.get(token)
        if session is None:
            raise _bad_token("Corrupted", "The token is invalid or was used")
        if now >= session.expires:
            raise _bad_token("Expired", "The token has expired")
        if now < session.not_before:
            raise _bad_token("PollIntervalNotSatisfied", "Request too early")
        app, environment, profile = self._placed(*session.where)
        version = self._deployed(app, environment, profile)
        if version is None:
            raise _not_found("Deployment", "Nothing is deployed")
        del self._sessions[token]
        following = Session(
            session.where,
            session.interval,
            now + TOKEN_SECONDS,
            now + session.interval,
            (profile, version.number),
        )
        headers = {
            "Next-Poll-Configuration-Token": self._keep(following),
            "Next-Poll-Interval-In-Seconds": str(session.interval),
        }
        unchanged = session.has == following.has
        body = b"" if unchanged else _retrieved(app.profiles[profile], version)
        return Response(body, 200, headers, content_type=version.content_type)

    def _placed(
        self, application: str, environment: str, profile: str
    ) -> tuple[Application, str, str]:
        for app in self._applications.values():
            if application in (app.id, app.name):
                profiles = {key: known["Name"] for key, known in app.profiles.items()}
                return app, _id_of(app.environments, environment), _id_of(profiles, profile)
        raise _not_found("Application", "Application not found")


def _retrieved(profile: dict[str, Any], version: Version) -> bytes:
    """Return what a client gets: of a flag document its values alone, each with its state."""
    if profile.get("Type") != _FLAGS:
        return version.content
    try:
        return json.dumps(json.loads(version.content)["values"]).encode()
    except (ValueError, KeyError, TypeError):
        # AppConfig's validation would have refused it: it reaches a client as it is.
        return version.content


def _bad_token(problem: str, message: str) -> AwsError:
    details = {"InvalidParameters": {"ConfigurationToken": {"Problem": problem}}}
    members = {"Reason": "InvalidParameters", "Details": details}
    return AwsError(400, "BadRequestException", message, **members)


def _not_found(kind: str, message: str) -> AwsError:
    return AwsError(404, "ResourceNotFoundException", message, ResourceType=kind)


def _id_of(names: dict[str, str], wanted: str) -> str:
    for key, name in names.items():
        if wanted in (key, name):
            return key
    raise AwsError(404, "ResourceNotFoundException", f"{wanted} not found")


def _new_id() -> str:
    return secrets.token_hex(4)[:7]


def _listed(request: Request, items: list[dict[str, Any]]) -> Response:
    start = int(request.args.get("next_token") or 0)
    size = int(request.args.get("max_results") or 50)
    answer: dict[str, Any] = {"Items": items[start : start + size]}
    if start + size < len(items):
        answer["NextToken"] = str(start + size)
    return json_response(answer)
