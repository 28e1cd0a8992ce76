"""An inventory written from what an account holds.

What AWS can tell replaces what the base inventory says; the rest (thresholds, objectives,
contacts, which words a log holds) stays as in the base. Nothing found becomes a target of an
action: who may be acted on is for a person to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from exporter.collector import Clients

IAM = (
    "apigateway:GET",
    "appconfig:GetLatestConfiguration",
    "appconfig:ListApplications",
    "appconfig:ListConfigurationProfiles",
    "appconfig:ListEnvironments",
    "appconfig:StartConfigurationSession",
    "codedeploy:ListApplications",
    "codedeploy:ListDeploymentGroups",
    "events:ListRules",
    "lambda:ListAliases",
    "lambda:ListFunctions",
    "s3:ListAllMyBuckets",
    "sns:ListTopics",
    "states:ListStateMachines",
    "sts:GetCallerIdentity",
    "tag:GetResources",
    "timestream-influxdb:ListDbInstances",
)
"""What discovery alone needs; the exporter's own role need not have it."""

Document = dict[str, Any]
SECTIONS = 9
"""How many sections are looked for."""
_DEFAULT_ALIAS = "LIVE"
_FLAGS = "AWS.AppConfig.FeatureFlags"


@dataclass(frozen=True)
class Wanted:
    """Which resources belong: those whose name has one of the prefixes and that carry every tag.

    ``tagged`` holds the ARNs that carry the tags; None where no tag was asked for.
    """

    prefixes: tuple[str, ...]
    tagged: frozenset[str] | None

    def has(self, name: str, arn: str) -> bool:
        """Say whether a resource belongs."""
        named = not self.prefixes or name.startswith(self.prefixes)
        return named and (self.tagged is None or arn in self.tagged)


def wanted(client: Clients, prefixes: Sequence[str], tags: Mapping[str, str]) -> Wanted:
    """Return what belongs, asking for the tagged resources where tags are given."""
    if not tags:
        return Wanted(tuple(prefixes), None)
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
    arns = (
        mapping["ResourceARN"]
        for page in pages.paginate(TagFilters=filters)
        for mapping in page["ResourceTagMappingList"]
    )
    return Wanted(tuple(prefixes), frozenset(arns))


@dataclass(frozen=True)
class Finder:
    """Looks through one account and region; ``base`` is the inventory to complete, as data."""

    client: Clients
    region: str
    account: str
    wanted: Wanted
    base: Document

    def inventory(self, step: Callable[[str], object]) -> Document:
        """Return the inventory; ``step`` is told each section once it was looked for.

        Raises:
            ClientError: if AWS refuses a call.
        """
        found = dict(self.base)
        found["aws"] = {**self.base.get("aws", {}), "account": self.account, "region": self.region}
        for section, find in (
            ("functions", self._functions),
            ("apis", self._apis),
            ("buckets", self._buckets),
            ("rules", self._rules),
            ("state_machines", self._state_machines),
        ):
            found[section] = self._known_first(section, find())
            step(section)
        for section, look in (
            ("codedeploy", self._codedeploy),
            ("appconfig", self._appconfig),
            ("influxdb", self._influxdb),
            ("sns", self._sns),
        ):
            found[section] = {**self.base.get(section, {}), **look()}
            step(section)
        names = {_key(function) for function in found["functions"]}
        found["log_events"] = _kept(self.base.get("log_events", ()), "functions", names)
        gone = {_key(function) for function in self.base.get("functions", ())} - names
        # A playbook may act on other things than functions: those are not for us to judge.
        books = self.base.get("playbooks", ())
        wanted = {target for book in books for target in book["targets"]} - gone
        found["playbooks"] = _kept(books, "targets", wanted)
        return found

    def _known_first(self, section: str, found: Iterator[Document]) -> list[Document]:
        """Merge what was found over the base's entries, in the base's order, new ones after.

        Entries of other scopes stay: only the main account was looked through.
        """
        base = self.base.get(section, ())
        known = {_identity(entry): entry for entry in base if "scope" not in entry}
        entries = {_identity(entry): entry for entry in found}
        kept = [{**entries[key], **known[key]} for key in known if key in entries]
        new = [entries[key] for key in sorted(entries) if key not in known]
        return [*kept, *new, *(entry for entry in base if "scope" in entry)]

    def _pages(self, service: str, operation: str, field: str, **arguments: Any) -> Iterator[Any]:
        for page in self.client(service).get_paginator(operation).paginate(**arguments):
            yield from page[field]

    def _functions(self) -> Iterator[Document]:
        groups = self._deployment_groups()
        for function in self._pages("lambda", "list_functions", "Functions"):
            name = function["FunctionName"]
            if not self.wanted.has(name, function["FunctionArn"]):
                continue
            logging = function.get("LoggingConfig") or {}
            entry: Document = {
                "name": name,
                "log_group": logging.get("LogGroup") or f"/aws/lambda/{name}",
            }
            aliases = [
                alias["Name"]
                for alias in self._pages("lambda", "list_aliases", "Aliases", FunctionName=name)
            ]
            if not aliases:
                entry["follow_alias"] = False
            elif _DEFAULT_ALIAS not in aliases:
                entry["alias"] = min(aliases)
            group = next((one for one in groups if one.startswith(f"{name}-")), None)
            if group is not None:
                entry["deployment_group"] = group
            yield entry

    def _deployment_groups(self) -> list[str]:
        application = self._codedeploy().get("application")
        if application is None:
            return []
        return sorted(
            self._pages(
                "codedeploy",
                "list_deployment_groups",
                "deploymentGroups",
                applicationName=application,
            )
        )

    def _apis(self) -> Iterator[Document]:
        for api in self._pages("apigateway", "get_rest_apis", "items"):
            arn = f"arn:aws:apigateway:{self.region}::/restapis/{api['id']}"
            if self.wanted.has(api["name"], arn):
                for stage in self.client("apigateway").get_stages(restApiId=api["id"])["item"]:
                    yield {"name": api["name"], "stage": stage["stageName"]}

    def _buckets(self) -> Iterator[Document]:
        copies = {entry.get("snapshots") for entry in self.base.get("buckets", ())}
        for bucket in self.client("s3").list_buckets()["Buckets"]:
            name = bucket["Name"]
            if name not in copies and self.wanted.has(name, f"arn:aws:s3:::{name}"):
                yield {"name": name, "role": "raw" if "raw" in name else "processed"}

    def _rules(self) -> Iterator[Document]:
        for rule in self._pages("events", "list_rules", "Rules"):
            # Rules that a service manages are its own business, and refuse changes.
            if not rule.get("ManagedBy") and self.wanted.has(rule["Name"], rule["Arn"]):
                yield {"name": rule["Name"]}

    def _state_machines(self) -> Iterator[Document]:
        for machine in self._pages("stepfunctions", "list_state_machines", "stateMachines"):
            if self.wanted.has(machine["name"], machine["stateMachineArn"]):
                yield {"name": machine["name"]}

    def _codedeploy(self) -> Document:
        prefix = f"arn:aws:codedeploy:{self.region}:{self.account}:application:"
        names = [
            name
            for name in self._pages("codedeploy", "list_applications", "applications")
            if self.wanted.has(name, prefix + name)
        ]
        return self._one("codedeploy", "application", names)

    def _sns(self) -> Document:
        arns = [topic["TopicArn"] for topic in self._pages("sns", "list_topics", "Topics")]
        names = [name for arn in arns if self.wanted.has(name := arn.rsplit(":", 1)[1], arn)]
        return self._one("sns", "topic", names)

    def _influxdb(self) -> Document:
        instances = {
            one["name"]: one
            for one in self._pages("timestream-influxdb", "list_db_instances", "items")
            if self.wanted.has(one["name"], one["arn"])
        }
        chosen = self._one("influxdb", "instance", list(instances))
        known = self.base.get("influxdb", {})
        if chosen and chosen["instance"] != known.get("instance"):
            endpoint = instances[chosen["instance"]].get("endpoint")
            if endpoint:
                chosen["url"] = f"https://{endpoint}:8086"
        return chosen

    def _appconfig(self) -> Document:
        applications = {
            one["Name"]: one["Id"]
            for one in self._pages("appconfig", "list_applications", "Items")
            if self.wanted.has(one["Name"], self._application_arn(one["Id"]))
        }
        chosen = self._one("appconfig", "application", list(applications))
        if not chosen:
            return {}
        application = applications[chosen["application"]]
        for field, operation in (
            ("environment", "list_environments"),
            ("profile", "list_configuration_profiles"),
        ):
            items = self._pages("appconfig", operation, "Items", ApplicationId=application)
            names = [
                one["Name"]
                for one in items
                if field == "environment" or one.get("Type", _FLAGS) == _FLAGS
            ]
            chosen |= self._one("appconfig", field, names)
        return chosen | self._flags(chosen)

    def _application_arn(self, identity: str) -> str:
        return f"arn:aws:appconfig:{self.region}:{self.account}:application/{identity}"

    def _flags(self, chosen: Document) -> Document:
        """Return the flags that are deployed; an unknown one counts as critical."""
        known = {flag["name"]: flag for flag in self.base.get("appconfig", {}).get("flags", ())}
        if not {"environment", "profile"} <= set(chosen):
            return {}
        data = self.client("appconfigdata")
        try:
            session = data.start_configuration_session(
                ApplicationIdentifier=chosen["application"],
                EnvironmentIdentifier=chosen["environment"],
                ConfigurationProfileIdentifier=chosen["profile"],
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                raise
            return {}
        answer = data.get_latest_configuration(
            ConfigurationToken=session["InitialConfigurationToken"]
        )
        try:
            # What is deployed of a flags profile is each flag's values by its name.
            names = set(dict(json.loads(answer["Configuration"].read())))
        except (ValueError, TypeError):
            # Not a document of flags: the base's list is all that is known.
            return {}
        kept = [flag for name, flag in known.items() if name in names]
        new = [{"name": name, "critical": True} for name in sorted(names - set(known))]
        return {"flags": kept + new}

    def _one(self, section: str, field: str, names: Sequence[str]) -> Document:
        """Return the base's choice where it exists, else the first by name, else nothing."""
        known = self.base.get(section, {}).get(field)
        if known in names:
            return {field: known}
        return {field: min(names)} if names else {}


def _identity(entry: Mapping[str, Any]) -> tuple[str, str]:
    return str(entry["name"]), str(entry.get("stage", ""))


def _key(function: Mapping[str, Any]) -> str:
    scope = function.get("scope")
    return str(function["name"]) if scope is None else f"{function['name']}@{scope}"


def _kept(entries: Sequence[Document], field: str, names: set[str]) -> list[Document]:
    """Return the entries with what is gone left out of ``field``, without those left empty."""
    kept = [{**entry, field: [n for n in entry[field] if n in names]} for entry in entries]
    return [entry for entry in kept if entry[field]]
