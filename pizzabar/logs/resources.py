"""The CloudFormation types of CloudWatch Logs."""

import re
from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.logs.groups import LogGroups
from pizzabar.logs.log_group import RETENTIONS
from pizzabar.logs.parameters import GROUP_NAME
from pizzabar.resource import (
    Document,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("LogGroupName", f"{naming.stack}-{logical_id}"))


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    return Identity(name, {"Arn": naming.home.arn("logs", f"log-group:{name}:*")})


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    name = properties.get("LogGroupName")
    if name is not None and (len(name) > 512 or not re.fullmatch(GROUP_NAME, name)):
        yield Fault(("LogGroupName",), f"must have 1 to 512 characters and match {GROUP_NAME}")
    retention = properties.get("RetentionInDays")
    if retention is not None and retention not in RETENTIONS:
        yield Fault(("RetentionInDays",), f"must be one of {', '.join(map(str, RETENTIONS))}")


async def _create(groups: LogGroups, resource: Resource) -> None:
    await groups.ensure(resource.identity.ref, retention_days=resource.properties.get("RetentionInDays"))
    groups.declare_policy(resource.identity.ref, resource.properties.get("ResourcePolicyDocument"))


def _identify_policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(properties["PolicyName"])


async def _create_policy(groups: LogGroups, resource: Resource) -> None:
    groups.declare_policy(resource.identity.ref, resource.properties["PolicyDocument"])


async def _remove_policy(groups: LogGroups, resource: Resource) -> None:
    groups.declare_policy(resource.identity.ref, None)


RESOURCES: dict[str, ResourceType] = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    "AWS::Logs::LogGroup": ResourceType(
        shape=Record(
            {
                "LogGroupName": Text(),
                "RetentionInDays": Number(),
                "LogGroupClass": Text(("STANDARD",)),
                "BearerTokenAuthenticationEnabled": Without("access is not checked"),
                "DataProtectionPolicy": Unsupported(),
                "DeletionProtectionEnabled": Without("groups are not deleted"),
                "FieldIndexPolicies": Without("there is no index"),
                "ResourcePolicyDocument": Document(),
                "KmsKeyId": Without("log events are not encrypted"),
                "Tags": ListOf(Document()),
            }
        ),
        identify=_identify,
        check=_check,
        create=_create,
        unique=("LogGroupName",),
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-resourcepolicy.html
    "AWS::Logs::ResourcePolicy": ResourceType(
        Record(
            {"PolicyDocument": Document(), "PolicyName": Text()},
            frozenset({"PolicyDocument", "PolicyName"}),
        ),
        _identify_policy,
        _create_policy,
        remove=_remove_policy,
        unique=("PolicyName",),
    ),
}
"""The resource types by name."""
