"""
Types that a template needs on AWS and that nothing is made of here: roles, policies and permissions.

They are read and can be referred to. What they would allow or forbid is not checked, and the stack says so.
"""

import hashlib
from collections.abc import Mapping

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.resource import (
    Document,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    ResourceType,
    Shape,
    Text,
    Without,
)

UNCHECKED = Without("permissions are not checked here")
TAGS: Shape = ListOf(Record({"Key": Text(), "Value": Text()}, frozenset({"Key", "Value"})))


def _role(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = properties.get("RoleName") or f"{naming.stack}-{logical_id}"
    arn = _iam_arn(naming.home, "role", properties.get("Path", "/"), name)
    return Identity(name, {"Arn": arn, "RoleId": _unique_id("AROA", arn)})


def _policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(properties["PolicyName"], {"Id": f"{naming.stack}-{logical_id}"})


def _managed_policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = properties.get("ManagedPolicyName") or f"{naming.stack}-{logical_id}"
    arn = _iam_arn(naming.home, "policy", properties.get("Path", "/"), name)
    return Identity(arn, {"PolicyArn": arn, "PolicyId": _unique_id("ANPA", arn)})


def _permission(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = f"{naming.stack}-{logical_id}"
    return Identity(name, {"Id": name})


def _log_resource_policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(properties["PolicyName"])


def _iam_arn(home: Home, kind: str, path: str, name: str) -> str:
    # IAM is global: its ARNs name no region.
    return f"arn:aws:iam::{home.account}:{kind}{path}{name}"


def _unique_id(prefix: str, arn: str) -> str:
    return prefix + hashlib.sha256(arn.encode()).hexdigest()[:17].upper()


RESOURCES: dict[str, ResourceType] = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    "AWS::IAM::Role": ResourceType(
        Record(
            {
                "AssumeRolePolicyDocument": Document(),
                "Description": Text(),
                "ManagedPolicyArns": UNCHECKED,
                "MaxSessionDuration": Number(3600, 43200),
                "Path": Text(),
                "PermissionsBoundary": UNCHECKED,
                "Policies": UNCHECKED,
                "RoleName": Text(),
                "Tags": TAGS,
            },
            frozenset({"AssumeRolePolicyDocument"}),
        ),
        _role,
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html
    "AWS::IAM::Policy": ResourceType(
        Record(
            {
                "Groups": ListOf(Text()),
                "PolicyDocument": UNCHECKED,
                "PolicyName": Text(),
                "Roles": ListOf(Text()),
                "Users": ListOf(Text()),
            },
            frozenset({"PolicyDocument", "PolicyName"}),
        ),
        _policy,
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    "AWS::IAM::ManagedPolicy": ResourceType(
        Record(
            {
                "Description": Text(),
                "Groups": ListOf(Text()),
                "ManagedPolicyName": Text(),
                "Path": Text(),
                "PolicyDocument": UNCHECKED,
                "Roles": ListOf(Text()),
                "Users": ListOf(Text()),
            },
            frozenset({"PolicyDocument"}),
        ),
        _managed_policy,
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-rolepolicy.html
    "AWS::IAM::RolePolicy": ResourceType(
        Record(
            {"PolicyDocument": UNCHECKED, "PolicyName": Text(), "RoleName": Text()},
            frozenset({"PolicyName", "RoleName"}),
        ),
        _policy,
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html
    "AWS::Events::EventBusPolicy": ResourceType(
        Record(
            {
                "Action": UNCHECKED,
                "Condition": UNCHECKED,
                "EventBusName": Text(),
                "Principal": UNCHECKED,
                "Statement": UNCHECKED,
                "StatementId": Text(),
            },
            frozenset({"StatementId"}),
        ),
        _permission,
    ),
    # The role that API Gateway writes its own logs with.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-account.html
    "AWS::ApiGateway::Account": ResourceType(Record({"CloudWatchRoleArn": UNCHECKED}), _permission),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html
    "AWS::Lambda::Permission": ResourceType(
        Record(
            {
                "Action": UNCHECKED,
                "EventSourceToken": Text(),
                "FunctionName": Text(),
                "FunctionUrlAuthType": Text(("AWS_IAM", "NONE")),
                "InvokedViaFunctionUrl": Document(),
                "Principal": Text(),
                "PrincipalOrgID": Text(),
                "SourceAccount": Text(),
                "SourceArn": Text(),
            },
            frozenset({"Action", "FunctionName", "Principal"}),
        ),
        _permission,
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-resourcepolicy.html
    "AWS::Logs::ResourcePolicy": ResourceType(
        Record(
            {"PolicyDocument": UNCHECKED, "PolicyName": Text()},
            frozenset({"PolicyDocument", "PolicyName"}),
        ),
        _log_resource_policy,
    ),
}
"""CloudFormation types by name."""
