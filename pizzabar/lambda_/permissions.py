"""
Permissions of functions: who may invoke one, as statements of its resource policy.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

import re
from collections.abc import Iterable, Mapping

from pizzabar.arn import parse_arn
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.lambda_.functions import Functions
from pizzabar.resource import Boolean, Identity, Naming, Record, Resource, ResourceType, Text

_is_account = re.compile(r"[0-9]{12}").fullmatch
is_action = re.compile(r"lambda:[*]|lambda:[a-zA-Z]+|[*]").fullmatch


def statement(name: str, function_arn: str, given: Mapping[str, JSON]) -> dict[str, JSON]:
    """Write a permission as a statement, as GetPolicy tells it.

    https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
    """
    conditions: dict[str, JSON] = {}
    for member, operator, key in _CONDITIONS:
        if given.get(member) is not None:
            conditions.setdefault(operator, {})[key] = given[member]
    made: dict[str, JSON] = {
        "Sid": name,
        "Effect": "Allow",
        "Principal": _principal(given["Principal"]),
        "Action": given["Action"],
        "Resource": function_arn,
    }
    return made | ({"Condition": conditions} if conditions else {})


_CONDITIONS = (
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
)


def _principal(name: str) -> JSON:
    if name == "*":
        return name
    if _is_account(name):
        return {"AWS": f"arn:aws:iam::{name}:root"}
    return {"AWS": name} if name.startswith("arn:") else {"Service": name}


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = f"{naming.stack}-{logical_id}"
    return Identity(name, {"Id": name})


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if is_action(properties["Action"]) is None:
        yield Fault(("Action",), f"{properties['Action']} is no action of Lambda")
    if (arn := properties.get("SourceArn")) is not None and parse_arn(arn) is None:
        yield Fault(("SourceArn",), f"{arn} is no ARN")


async def _create(functions: Functions, resource: Resource) -> None:
    arn = functions.arn_of(resource.properties["FunctionName"])
    functions.policies.permit(arn, statement(resource.identity.ref, arn, resource.properties))


async def _remove(functions: Functions, resource: Resource) -> None:
    functions.policies.forbid(functions.arn_of(resource.properties["FunctionName"]), resource.identity.ref)


RESOURCES: dict[str, ResourceType] = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html
    "AWS::Lambda::Permission": ResourceType(
        Record(
            {
                "Action": Text(),
                "EventSourceToken": Text(),
                "FunctionName": Text(),
                "FunctionUrlAuthType": Text(("AWS_IAM", "NONE")),
                "InvokedViaFunctionUrl": Boolean(),
                "Principal": Text(),
                "PrincipalOrgID": Text(),
                "SourceAccount": Text(),
                "SourceArn": Text(),
            },
            frozenset({"Action", "FunctionName", "Principal"}),
        ),
        _identify,
        _create,
        _check,
        remove=_remove,
        is_replaced=True,
    ),
}
"""The resource types by name."""
