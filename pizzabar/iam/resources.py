"""
The CloudFormation types of IAM: roles and their policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from collections.abc import Callable, Iterable, Mapping

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.iam.policy import Kind, MalformedPolicyDocument, read_policy
from pizzabar.iam.roles import Roles
from pizzabar.principal import unique_id
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
    Without,
)

TAGS = ListOf(Record({"Key": Text(), "Value": Text()}, frozenset({"Key", "Value"})))
ONLY_ROLES = Without("only roles ask for anything here")


def faults_in(document: JSON, kind: Kind, *path: str | int) -> Iterable[Fault]:
    """Tell what is wrong in a policy document of a template."""
    try:
        read_policy("", document, kind)
    except MalformedPolicyDocument as error:
        for fault in error.faults:
            # Of a document that is written as text, the text is the place.
            yield Fault(path if isinstance(document, str) else (*path, *fault.path), fault.message)


def _identify_role(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = properties.get("RoleName") or f"{naming.stack}-{logical_id}"
    arn = _iam_arn(naming.home, "role", properties.get("Path", "/"), name)
    return Identity(name, {"Arn": arn, "RoleId": unique_id("AROA", arn)})


def _check_role(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    yield from faults_in(properties["AssumeRolePolicyDocument"], "trust", "AssumeRolePolicyDocument")
    for number, each in enumerate(properties.get("Policies", ())):
        if "PolicyDocument" in each:
            yield from faults_in(each["PolicyDocument"], "identity", "Policies", number, "PolicyDocument")
        elif "PolicyTemplate" not in each:
            yield Fault(("Policies", number), "a policy has a PolicyDocument")


async def _create_role(roles: Roles, resource: Resource) -> None:
    properties = resource.properties
    name = resource.identity.ref
    roles.create(
        name,
        resource.identity.attributes["Arn"],
        resource.identity.attributes["RoleId"],
        properties["AssumeRolePolicyDocument"],
        path=properties.get("Path", "/"),
        description=properties.get("Description", ""),
        boundary_arn=properties.get("PermissionsBoundary"),
        maximum_session=properties.get("MaxSessionDuration", 3600),
        tags={each["Key"]: each["Value"] for each in properties.get("Tags", ())},
    )
    for policy in properties.get("Policies", ()):
        if "PolicyDocument" in policy:
            roles.put_policy(name, policy["PolicyName"], policy["PolicyDocument"])
    for arn in properties.get("ManagedPolicyArns", ()):
        roles.attach(name, arn)


async def _remove_role(roles: Roles, resource: Resource) -> None:
    name, properties = resource.identity.ref, resource.properties
    for policy in properties.get("Policies", ()):
        roles.remove_policy(name, policy["PolicyName"])
    for arn in properties.get("ManagedPolicyArns", ()):
        roles.detach(name, arn)
    roles.remove(name)


def _identify_policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(properties["PolicyName"], {"Id": f"{naming.stack}-{logical_id}"})


def _check_policy(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if "PolicyDocument" in properties:
        yield from faults_in(properties["PolicyDocument"], "identity", "PolicyDocument")


async def _create_policy(roles: Roles, resource: Resource) -> None:
    properties = resource.properties
    for role in properties.get("Roles", ()):
        roles.put_policy(role, properties["PolicyName"], properties["PolicyDocument"])


async def _remove_policy(roles: Roles, resource: Resource) -> None:
    for role in resource.properties.get("Roles", ()):
        roles.remove_policy(role, resource.properties["PolicyName"])


async def _create_role_policy(roles: Roles, resource: Resource) -> None:
    properties = resource.properties
    if "PolicyDocument" in properties:
        roles.put_policy(properties["RoleName"], properties["PolicyName"], properties["PolicyDocument"])


async def _remove_role_policy(roles: Roles, resource: Resource) -> None:
    roles.remove_policy(resource.properties["RoleName"], resource.properties["PolicyName"])


def _identify_managed_policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = properties.get("ManagedPolicyName") or f"{naming.stack}-{logical_id}"
    arn = _iam_arn(naming.home, "policy", properties.get("Path", "/"), name)
    return Identity(arn, {"PolicyArn": arn, "PolicyId": unique_id("ANPA", arn)})


async def _create_managed_policy(roles: Roles, resource: Resource) -> None:
    properties, arn = resource.properties, resource.identity.ref
    roles.create_policy(arn, arn.rpartition("/")[2], properties["PolicyDocument"])
    for role in properties.get("Roles", ()):
        roles.attach(role, arn)


async def _remove_managed_policy(roles: Roles, resource: Resource) -> None:
    for role in resource.properties.get("Roles", ()):
        roles.detach(role, resource.identity.ref)
    roles.remove_managed_policy(resource.identity.ref)


def _iam_arn(home: Home, kind: str, path: str, name: str) -> str:
    # IAM is global: its ARNs name no region.
    return f"arn:aws:iam::{home.account}:{kind}{path}{name}"


def _check_statement(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if "Statement" in properties:
        for fault in faults_in({"Statement": properties["Statement"]}, "resource"):
            yield Fault(fault.path, fault.message)


def _checking(name: str) -> Callable[[Mapping[str, JSON]], Iterable[Fault]]:
    def check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
        return faults_in(properties[name], "resource", name) if name in properties else ()

    return check


CHECKS: dict[str, Callable[[Mapping[str, JSON]], Iterable[Fault]]] = {
    "AWS::Events::EventBus": _checking("Policy"),
    "AWS::Events::EventBusPolicy": _check_statement,
    "AWS::Logs::LogGroup": _checking("ResourcePolicyDocument"),
    "AWS::Logs::ResourcePolicy": _checking("PolicyDocument"),
    "AWS::SQS::QueuePolicy": _checking("PolicyDocument"),
}
"""What the policies in resources of other rooms are held to, by types."""

RESOURCES: dict[str, ResourceType] = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    "AWS::IAM::Role": ResourceType(
        Record(
            {
                "AssumeRolePolicyDocument": Document(),
                "Description": Text(),
                "ManagedPolicyArns": ListOf(Text()),
                "MaxSessionDuration": Number(3600, 43200),
                "Path": Text(),
                "PermissionsBoundary": Text(),
                "Policies": ListOf(
                    Record(
                        {
                            "PolicyDocument": Document(),
                            "PolicyName": Text(),
                            # Of SAM, where it stands in for a document.
                            "PolicyTemplate": Without("the services that it is about are not here"),
                        },
                        frozenset({"PolicyName"}),
                    )
                ),
                "RoleName": Text(),
                "Tags": TAGS,
            },
            frozenset({"AssumeRolePolicyDocument"}),
        ),
        _identify_role,
        _create_role,
        _check_role,
        remove=_remove_role,
        is_replaced=True,
        unique=("RoleName",),
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html
    "AWS::IAM::Policy": ResourceType(
        Record(
            {
                "Groups": ONLY_ROLES,
                "PolicyDocument": Document(),
                "PolicyName": Text(),
                "Roles": ListOf(Text()),
                "Users": ONLY_ROLES,
            },
            frozenset({"PolicyDocument", "PolicyName"}),
        ),
        _identify_policy,
        _create_policy,
        _check_policy,
        remove=_remove_policy,
        is_replaced=True,
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    "AWS::IAM::ManagedPolicy": ResourceType(
        Record(
            {
                "Description": Text(),
                "Groups": ONLY_ROLES,
                "ManagedPolicyName": Text(),
                "Path": Text(),
                "PolicyDocument": Document(),
                "Roles": ListOf(Text()),
                "Users": ONLY_ROLES,
            },
            frozenset({"PolicyDocument"}),
        ),
        _identify_managed_policy,
        _create_managed_policy,
        _check_policy,
        remove=_remove_managed_policy,
        is_replaced=True,
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-rolepolicy.html
    "AWS::IAM::RolePolicy": ResourceType(
        Record(
            {"PolicyDocument": Document(), "PolicyName": Text(), "RoleName": Text()},
            frozenset({"PolicyName", "RoleName"}),
        ),
        _identify_policy,
        _create_role_policy,
        _check_policy,
        remove=_remove_role_policy,
        is_replaced=True,
    ),
}
"""The resource types by name."""
