"""Cloud Map in CloudFormation, which moto lacks: private namespaces and the services in them.

Types, properties and attributes are those of the CloudFormation template reference. moto finds
them as direct subclasses of its CloudFormationModel, of which it keeps a list.
"""

from __future__ import annotations

from typing import Any, Self

from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.servicediscovery.models import ServiceDiscoveryBackend, servicediscovery_backends


class _Named:
    """Something of Cloud Map with ``Id`` and ``Arn``; ``Ref`` returns the id."""

    attributes = ("Arn", "Id")

    def __init__(self, id_: str, arn: str) -> None:
        self.id = id_
        self.arn = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        """Return the property that names it."""
        return "Name"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Say whether ``Fn::GetAtt`` may ask for it."""
        return attr in cls.attributes

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return an attribute."""
        return {"Arn": self.arn, "Id": self.id}[attribute_name]

    @property
    def physical_resource_id(self) -> str:
        """What ``Ref`` returns."""
        return self.id

    def is_created(self) -> bool:
        """It is there at once."""
        return True


class PrivateNamespace(_Named, CloudFormationModel):
    """``AWS::ServiceDiscovery::PrivateDnsNamespace``."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::ServiceDiscovery::PrivateDnsNamespace"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_more: Any,
    ) -> Self:
        """Create the namespace."""
        asked = cloudformation_json["Properties"]
        backend = _backend(account_id, region_name)
        operation = backend.create_private_dns_namespace(
            resource_name, "", asked.get("Description", ""), asked["Vpc"], [], {}
        )
        id_ = backend.get_operation(operation).targets["NAMESPACE"]
        return cls(id_, backend.get_namespace(id_).arn)


class DiscoveredService(_Named, CloudFormationModel):
    """``AWS::ServiceDiscovery::Service``."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::ServiceDiscovery::Service"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_more: Any,
    ) -> Self:
        """Create the service in its namespace, which must be there."""
        asked = cloudformation_json["Properties"]
        dns = asked.get("DnsConfig", {})
        namespace = asked.get("NamespaceId") or dns["NamespaceId"]
        backend = _backend(account_id, region_name)
        backend.get_namespace(namespace)
        service = backend.create_service(
            resource_name,
            namespace,
            "",
            asked.get("Description", ""),
            dns,
            asked.get("HealthCheckConfig", {}),
            asked.get("HealthCheckCustomConfig", {}),
            [],
            asked.get("Type", "DNS_HTTP"),
        )
        return cls(service.id, service.arn)


def install() -> None:
    """Let moto make its list of types anew."""
    for listed in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        listed.cache_clear()


def _backend(account: str, region: str) -> ServiceDiscoveryBackend:
    return servicediscovery_backends[account][region]
