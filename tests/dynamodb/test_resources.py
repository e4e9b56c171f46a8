"""
AWS::DynamoDB::Table.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

import pytest

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.dynamodb.resources import RESOURCES
from pizzabar.errors import Fault, ServiceError
from pizzabar.resource import Naming, Resource
from tests.dynamodb.service import Service, dynamodb

TABLE = RESOURCES["AWS::DynamoDB::Table"]
NAMING = Naming(Home(), "bar")
SESSIONS: JSON = {
    "KeySchema": [{"AttributeName": "connectionId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "connectionId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
    "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
}


async def create(ask: Service, properties: JSON) -> None:
    assert TABLE.create is not None
    identity = TABLE.identify("Sessions", properties, NAMING)
    await TABLE.create(ask.tables, Resource("Sessions", "AWS::DynamoDB::Table", properties, identity))


def test_a_table_is_referred_to_by_its_name() -> None:
    identity = TABLE.identify("Sessions", {"TableName": "SessionsTable"}, NAMING)

    assert identity.ref == "SessionsTable"
    assert identity.attributes == {"Arn": "arn:aws:dynamodb:us-east-1:123456789012:table/SessionsTable"}
    assert TABLE.identify("Sessions", {}, NAMING).ref == "bar-Sessions"


async def test_a_template_makes_a_table() -> None:
    async with dynamodb() as ask:
        await create(ask, SESSIONS)

        table = (await ask("DescribeTable", TableName="bar-Sessions"))["Table"]
        ttl = await ask("DescribeTimeToLive", TableName="bar-Sessions")

    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    identity = TABLE.identify("Sessions", {**SESSIONS, "TableName": "bar-Sessions"}, NAMING)
    assert identity.attributes["StreamArn"] == table["LatestStreamArn"]
    assert ttl["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


async def test_making_it_again_keeps_the_items_and_takes_the_changes() -> None:
    async with dynamodb() as ask:
        await create(ask, SESSIONS)
        await ask("PutItem", TableName="bar-Sessions", Item={"connectionId": {"S": "1"}})

        await create(ask, {**SESSIONS, "TimeToLiveSpecification": {"Enabled": False}})

        assert (await ask("Scan", TableName="bar-Sessions"))["Count"] == 1
        ttl = await ask("DescribeTimeToLive", TableName="bar-Sessions")
        assert ttl == {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}


async def test_a_stream_that_calls_have_ended_goes_on_when_the_template_has_it() -> None:
    async with dynamodb() as ask:
        await create(ask, SESSIONS)
        arn = (await ask("DescribeTable", TableName="bar-Sessions"))["Table"]["LatestStreamArn"]
        await ask("UpdateTable", TableName="bar-Sessions", StreamSpecification={"StreamEnabled": False})
        await create(ask, SESSIONS)
        await create(ask, SESSIONS)

        assert (await ask("DescribeTable", TableName="bar-Sessions"))["Table"]["LatestStreamArn"] == arn
        assert (await ask("DescribeStream", StreamArn=arn))["StreamDescription"]["StreamStatus"] == "ENABLED"


async def test_other_keys_do_not_replace_a_table() -> None:
    async with dynamodb() as ask:
        await create(ask, SESSIONS)
        other = {
            **SESSIONS,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        }

        with pytest.raises(ServiceError, match="with another key schema"):
            await create(ask, other)


def test_every_fault_is_told() -> None:
    faults = list(
        TABLE.check(
            {
                "TableName": "a b",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "GlobalSecondaryIndexes": [],
                "TimeToLiveSpecification": {"Enabled": True},
            }
        )
    )

    assert [fault.path for fault in faults] == [
        ("TableName",),
        ("GlobalSecondaryIndexes",),
        ("ProvisionedThroughput",),
        ("TimeToLiveSpecification",),
    ]
    empty = "One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty"
    assert Fault(("GlobalSecondaryIndexes",), empty) in faults


def test_a_good_table_has_no_fault() -> None:
    assert list(TABLE.check(SESSIONS)) == []
