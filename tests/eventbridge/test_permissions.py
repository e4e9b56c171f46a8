"""
Permissions of buses.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
"""

import json

import pytest

from pizzabar.documents import JSON
from tests.eventbridge.service import EventBridge, eventbridge

KITCHEN: JSON = {"EventBusName": "kitchen"}
ALLOW: JSON = {**KITCHEN, "Action": "events:PutEvents", "Principal": "111122223333", "StatementId": "guests"}
STATEMENT: JSON = {
    "Sid": "guests",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
    "Action": "events:PutEvents",
    "Resource": "arn:aws:events:us-east-1:123456789012:event-bus/kitchen",
}


async def policy(ask: EventBridge) -> JSON:
    text = (await ask("DescribeEventBus", Name="kitchen")).get("Policy")
    return None if text is None else json.loads(text)


async def test_statements_are_put_and_removed() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")
        assert await policy(ask) is None
        await ask("PutPermission", **ALLOW)
        assert await policy(ask) == {"Version": "2012-10-17", "Statement": [STATEMENT]}
        condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}
        await ask("PutPermission", **{**ALLOW, "StatementId": "all", "Principal": "*", "Condition": condition})
        await ask("PutPermission", **ALLOW)
        everyone = STATEMENT | {"Sid": "all", "Principal": "*"}
        everyone["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
        assert (await policy(ask))["Statement"] == [everyone, STATEMENT]
        await ask("RemovePermission", **KITCHEN, StatementId="all")
        assert (await policy(ask))["Statement"] == [STATEMENT]
        assert (await ask.fails("RemovePermission", **KITCHEN, StatementId="all")).startswith("ResourceNotFound")
        await ask("RemovePermission", **KITCHEN, StatementId="guests")
        assert await policy(ask) is None


async def test_a_policy_is_put_as_a_whole() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")
        await ask("PutPermission", **ALLOW)
        whole = {"Version": "2012-10-17", "Statement": {"Sid": "a", "Effect": "Allow"}}
        await ask("PutPermission", **KITCHEN, Policy=json.dumps(whole))
        assert await policy(ask) == whole | {"Statement": [whole["Statement"]]}
        await ask("RemovePermission", **KITCHEN, RemoveAllPermissions=True)
        assert await policy(ask) is None


async def test_permissions_go_with_their_bus() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")
        await ask("PutPermission", **ALLOW)
        kept = ask.buses.to_keep()
        await ask("DeleteEventBus", Name="kitchen")
        await ask("CreateEventBus", Name="kitchen")
        assert await policy(ask) is None
        ask.buses.restore({**kept, "buses": []}, set())
        assert await policy(ask) is not None


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"Action": None}, "ValidationException: Action, Principal and StatementId are required"),
        ({"Action": "events:PutRule"}, "ValidationException: Provided value in parameter 'action' is not supported."),
        ({"Principal": "me"}, "ValidationException: Provided value in parameter 'principal' is not valid."),
        ({"StatementId": "a b"}, "ValidationException: 1 validation error detected: Value 'a b' at 'statementId'"),
        ({"EventBusName": "other"}, "ResourceNotFoundException: Event bus other does not exist."),
        ({"Policy": "{}"}, "ValidationException: Policy cannot be given with"),
        ({"Condition": {"Type": "a", "Key": "b", "Value": "c" * 11_000}}, "PolicyLengthExceededException: "),
        (
            {"Condition": {"Key": "b"}},
            "ValidationException: 2 validation errors detected: Value null at 'condition.type' failed",
        ),
    ],
)
async def test_faults_are_told(parameters: JSON, fault: str) -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")
        assert (await ask.fails("PutPermission", **{**ALLOW, **parameters})).startswith(fault)
        assert (await ask.fails("PutPermission", **KITCHEN, Policy="{")).startswith("ValidationException: The policy")
