"""
Operations on tables and single items.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

import asyncio

import boto3
import pytest

from pizzabar.documents import JSON
from pizzabar.dynamodb.operations import OPERATIONS
from tests.dynamodb.service import dynamodb

ORDER: JSON = {"orderId": {"S": "1"}}
PIZZA: JSON = {**ORDER, "pizza": {"S": "margherita"}, "price": {"N": "8.50"}}


def test_operations_have_the_names_of_the_service() -> None:
    model = boto3.client("dynamodb", region_name="us-east-1").meta.service_model

    assert set(OPERATIONS) <= set(model.operation_names)


# Tables


async def test_a_table_is_described() -> None:
    async with dynamodb() as ask:
        await ask.slices()
        await ask.put_slices("1")

        table = (await ask("DescribeTable", TableName="Slices"))["Table"]

    assert table.pop("TableId")
    assert table == {
        "TableName": "Slices",
        "TableStatus": "ACTIVE",
        "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Slices",
        "KeySchema": [
            {"AttributeName": "pizza", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "pizza", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
        ],
        "BillingModeSummary": {
            "BillingMode": "PAY_PER_REQUEST",
            "LastUpdateToPayPerRequestDateTime": 1772366400.0,
        },
        "CreationDateTime": 1772366400.0,
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "TableSizeBytes": 23,
        "ItemCount": 1,
        "DeletionProtectionEnabled": False,
    }


async def test_a_table_answers_to_its_arn() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item=PIZZA)

        arn = "arn:aws:dynamodb:us-east-1:123456789012:table/Orders"

        assert (await ask("GetItem", TableName=arn, Key=ORDER))["Item"]["pizza"] == {"S": "margherita"}


async def test_tables_are_listed_page_by_page() -> None:
    async with dynamodb() as ask:
        for name in ("Ccc", "Aaa", "Bbb"):
            await ask.create_table(name, {"id": "S"})

        first = await ask("ListTables", Limit=2)
        rest = await ask("ListTables", ExclusiveStartTableName="Bbb")

    assert first == {"TableNames": ["Aaa", "Bbb"], "LastEvaluatedTableName": "Bbb"}
    assert rest == {"TableNames": ["Ccc"]}


async def test_a_table_is_made_once_even_if_asked_for_twice_at_once() -> None:
    async with dynamodb() as ask:
        answers = await asyncio.gather(ask.orders(), ask.orders(), return_exceptions=True)

    assert [str(answer) for answer in answers] == ["None", "ResourceInUseException: Table already exists: Orders"]


async def test_a_deleted_table_is_gone_with_its_items() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item=PIZZA)

        assert (await ask("DeleteTable", TableName="Orders"))["TableDescription"]["TableStatus"] == "DELETING"
        missing = "ResourceNotFoundException: Requested resource not found: Table: Orders not found"
        assert await ask.fails("DescribeTable", TableName="Orders") == missing
        assert await ask.fails("DeleteTable", TableName="Orders") == missing
        item_missing = "ResourceNotFoundException: Requested resource not found"
        assert await ask.fails("GetItem", TableName="Orders", Key=ORDER) == item_missing
        await ask.orders()
        assert await ask("GetItem", TableName="Orders", Key=ORDER) == {}


async def test_a_protected_table_is_not_deleted() -> None:
    async with dynamodb() as ask:
        await ask.orders(DeletionProtectionEnabled=True)

        assert "protected against deletion" in await ask.fails("DeleteTable", TableName="Orders")


HASH = {"AttributeName": "id", "KeyType": "HASH"}
ID = {"AttributeName": "id", "AttributeType": "S"}
GOOD = {"TableName": "Good", "KeySchema": [HASH], "AttributeDefinitions": [ID], "BillingMode": "PAY_PER_REQUEST"}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (
            {"TableName": None, "KeySchema": []},
            "ValidationException: 2 validation errors detected: Value null at 'tableName' failed to satisfy "
            "constraint: Member must not be null; Value '[]' at 'keySchema' failed to satisfy constraint: Member "
            "must have length greater than or equal to 1",
        ),
        (
            {"KeySchema": [{"AttributeName": "id", "KeyType": "hash"}]},
            "ValidationException: 1 validation error detected: Value 'hash' at 'keySchema.1.member.keyType' failed "
            "to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]",
        ),
        ({"TableName": 5}, "SerializationException: NUMBER_VALUE cannot be converted to String"),
        ({"KeySchema": {}}, "SerializationException: Start of structure or map found where not expected"),
        (
            {"TableName": "a b"},
            "ValidationException: Invalid table/index name.  Table/index names must be between 3 and 255 characters "
            "long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
        ),
        (
            {"BillingMode": None},
            "ValidationException: No provisioned throughput specified for the table",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
            "ValidationException: One or more parameter values were invalid: Neither ReadCapacityUnits nor "
            "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"AttributeDefinitions": [ID, {"AttributeName": "x", "AttributeType": "N"}]},
            "ValidationException: One or more parameter values were invalid: Number of attributes in KeySchema does "
            "not exactly match number of attributes defined in AttributeDefinitions",
        ),
        (
            {"KeySchema": [{"AttributeName": "other", "KeyType": "RANGE"}]},
            "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type; One or more "
            "parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: "
            "[other], AttributeDefinitions: [id]",
        ),
        (
            {"VectorIndexes": [{}]},
            "ValidationException: VectorIndexes is not supported",
        ),
    ],
)
async def test_a_definition_is_refused_with_every_fault(wrong: JSON, error: str) -> None:
    async with dynamodb() as ask:
        assert await ask.fails("CreateTable", **{**GOOD, **wrong}) == error


# Items


async def test_an_item_is_put_and_got() -> None:
    async with dynamodb() as ask:
        await ask.orders()

        assert await ask("PutItem", TableName="Orders", Item=PIZZA) == {}
        assert await ask("GetItem", TableName="Orders", Key=ORDER) == {"Item": {**PIZZA, "price": {"N": "8.5"}}}


async def test_no_item_is_no_key_in_the_result() -> None:
    async with dynamodb() as ask:
        await ask.orders()

        assert await ask("GetItem", TableName="Orders", Key=ORDER) == {}


async def test_a_projection_is_got() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item=PIZZA)

        result = await ask("GetItem", TableName="Orders", Key=ORDER, ProjectionExpression="pizza")

    assert result == {"Item": {"pizza": {"S": "margherita"}}}


async def test_a_put_replaces_the_whole_item() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item=PIZZA)

        old = await ask("PutItem", TableName="Orders", Item=ORDER, ReturnValues="ALL_OLD")

        assert old["Attributes"]["pizza"] == {"S": "margherita"}
        assert await ask("GetItem", TableName="Orders", Key=ORDER) == {"Item": ORDER}


async def test_equal_numbers_are_the_same_key() -> None:
    async with dynamodb() as ask:
        await ask.create_table("Numbers", {"n": "N"})
        await ask("PutItem", TableName="Numbers", Item={"n": {"N": "1.0"}})

        assert await ask("GetItem", TableName="Numbers", Key={"n": {"N": "1e0"}}) == {"Item": {"n": {"N": "1"}}}


async def test_deleting_what_is_not_there_succeeds() -> None:
    async with dynamodb() as ask:
        await ask.orders()

        assert await ask("DeleteItem", TableName="Orders", Key=ORDER) == {}
        await ask("PutItem", TableName="Orders", Item=ORDER)
        assert await ask("DeleteItem", TableName="Orders", Key=ORDER, ReturnValues="ALL_OLD") == {"Attributes": ORDER}
        assert await ask("GetItem", TableName="Orders", Key=ORDER) == {}


async def test_a_condition_that_does_not_hold_leaves_the_item() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item=ORDER)
        condition = {"ConditionExpression": "attribute_not_exists(orderId)"}

        failed = "ConditionalCheckFailedException: The conditional request failed"
        assert await ask.fails("PutItem", TableName="Orders", Item=PIZZA, **condition) == failed
        assert await ask.fails("DeleteItem", TableName="Orders", Key=ORDER, **condition) == failed
        assert await ask.fails("UpdateItem", TableName="Orders", Key=ORDER, **condition) == failed
        assert await ask("GetItem", TableName="Orders", Key=ORDER) == {"Item": ORDER}


@pytest.mark.parametrize(("returns", "item"), [("ALL_OLD", ORDER), ("NONE", None)])
async def test_a_failed_condition_shows_the_item_when_asked(returns: str, item: JSON) -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item=ORDER)

        with pytest.raises(Exception, match="conditional") as raised:
            await ask(
                "PutItem",
                TableName="Orders",
                Item=PIZZA,
                ConditionExpression="attribute_not_exists(orderId)",
                ReturnValuesOnConditionCheckFailure=returns,
            )

    assert getattr(raised.value, "members", {}).get("Item") == item


@pytest.mark.parametrize(
    ("returns", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", {**ORDER, "a": {"N": "1"}, "b": {"S": "x"}}),
        ("ALL_NEW", {**ORDER, "a": {"N": "2"}, "c": {"S": "x"}}),
        ("UPDATED_OLD", {"a": {"N": "1"}, "b": {"S": "x"}}),
        ("UPDATED_NEW", {"a": {"N": "2"}, "c": {"S": "x"}}),
    ],
)
async def test_an_update_returns_what_is_asked_for(returns: str, attributes: JSON) -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item={**ORDER, "a": {"N": "1"}, "b": {"S": "x"}})

        result = await ask(
            "UpdateItem",
            TableName="Orders",
            Key=ORDER,
            UpdateExpression="SET a = a + :one, c = b REMOVE b",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues=returns,
        )

    assert result.get("Attributes") == attributes


@pytest.mark.parametrize(
    ("expression", "item"),
    [
        (None, ORDER),
        ("SET a = :v", {**ORDER, "a": {"N": "1"}}),
        ("ADD a :v", {**ORDER, "a": {"N": "1"}}),
        ("REMOVE a", None),
    ],
)
async def test_an_update_makes_a_missing_item_unless_it_removes_only(expression: str | None, item: JSON) -> None:
    async with dynamodb() as ask:
        await ask.orders()
        parameters: JSON = {} if expression is None else {"UpdateExpression": expression}
        if expression is not None and ":v" in expression:
            parameters["ExpressionAttributeValues"] = {":v": {"N": "1"}}

        await ask("UpdateItem", TableName="Orders", Key=ORDER, **parameters)

        assert (await ask("GetItem", TableName="Orders", Key=ORDER)).get("Item") == item


async def test_counting_up_at_once_loses_nothing() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

        await asyncio.gather(*[ask("UpdateItem", TableName="Orders", Key=ORDER, **update) for _ in range(50)])

        assert (await ask("GetItem", TableName="Orders", Key=ORDER))["Item"]["n"] == {"N": "50"}


async def test_an_update_keeps_the_size_of_the_item_right() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", TableName="Orders", Item={**ORDER, "a": {"S": "xyz"}, "b": {"S": "x"}})
        await ask("UpdateItem", TableName="Orders", Key=ORDER, UpdateExpression="SET c = a REMOVE b")

        table = (await ask("DescribeTable", TableName="Orders"))["Table"]

    assert table["TableSizeBytes"] == len("orderId1" + "axyz" + "cxyz")


CONSTRAINT = "ValidationException: One or more parameter values were invalid: "


@pytest.mark.parametrize(
    ("operation", "parameters", "error"),
    [
        (
            "PutItem",
            {"Item": {}},
            f"{CONSTRAINT}Missing the key pizza in the item",
        ),
        (
            "PutItem",
            {"Item": {"pizza": {"S": "m"}, "number": {"S": "1"}}},
            f"{CONSTRAINT}Type mismatch for key number expected: N actual: S",
        ),
        (
            "PutItem",
            {"Item": {"pizza": {"S": ""}, "number": {"N": "1"}}},
            "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty string value. Key: pizza",
        ),
        (
            "PutItem",
            {"Item": {"pizza": {"S": "x" * 2049}, "number": {"N": "1"}}},
            f"{CONSTRAINT}Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            "PutItem",
            {"Item": {"pizza": {"S": "m"}, "number": {"N": "1"}, "x": {"S": "x" * 409_600}}},
            "ValidationException: Item size has exceeded the maximum allowed size",
        ),
        (
            "UpdateItem",
            {
                "Key": {"pizza": {"S": "m"}, "number": {"N": "1"}},
                "UpdateExpression": "SET x = :x",
                "ExpressionAttributeValues": {":x": {"S": "x" * 409_600}},
            },
            "ValidationException: Item size to update has exceeded the maximum allowed size",
        ),
        (
            "UpdateItem",
            {"Key": {"pizza": {"S": "m"}, "number": {"N": "1"}}, "UpdateExpression": "REMOVE pizza"},
            f"{CONSTRAINT}Cannot update attribute pizza. This attribute is part of the key",
        ),
        (
            "GetItem",
            {"Key": {"pizza": {"S": "m"}}},
            "ValidationException: The provided key element does not match the schema",
        ),
        (
            "GetItem",
            {"Key": {"pizza": {"S": "m"}, "number": {"S": "1"}}},
            "ValidationException: The provided key element does not match the schema",
        ),
        (
            "DeleteItem",
            {"Key": {"pizza": {"S": "m"}, "number": {"N": "1"}, "x": {"N": "1"}}},
            "ValidationException: The number of conditions on the keys is invalid",
        ),
        (
            "PutItem",
            {"Item": {}, "ReturnValues": "ALL_NEW"},
            "ValidationException: ReturnValues can only be ALL_OLD or NONE",
        ),
        (
            "PutItem",
            {"Item": {}, "ReturnValues": "SOME"},
            "ValidationException: 1 validation error detected: Value 'SOME' at 'returnValues' failed to satisfy "
            "constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
        ),
        (
            "GetItem",
            {},
            "ValidationException: 1 validation error detected: Value null at 'key' failed to satisfy constraint: "
            "Member must not be null",
        ),
        ("GetItem", {"Key": []}, "SerializationException: Start of list found where not expected"),
        (
            "GetItem",
            {"Key": {}, "ConsistentRead": "x"},
            "SerializationException: Unexpected token received from parser",
        ),
        (
            "GetItem",
            {"Key": {"a": {}}},
            "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported "
            "datatypes",
        ),
        (
            "UpdateItem",
            {"Key": {}, "AttributeUpdates": {}, "UpdateExpression": "SET a = :a"},
            "ValidationException: Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}",
        ),
        (
            "PutItem",
            {"Item": {}, "Expected": {"a": {}}},
            "ValidationException: One or more parameter values were invalid: Value must be provided when Exists is "
            "null for Attribute: a",
        ),
        (
            "PutItem",
            {"Item": {}, "ExpressionAttributeNames": {"#a": "a"}},
            "ValidationException: ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            "PutItem",
            {"Item": {}, "ExpressionAttributeValues": {":a": {"S": "a"}}},
            "ValidationException: ExpressionAttributeValues can only be specified when using expressions: "
            "ConditionExpression must not be null",
        ),
        (
            "UpdateItem",
            {"Key": {}, "UpdateExpression": "REMOVE a", "ExpressionAttributeNames": {}},
            "ValidationException: ExpressionAttributeNames must not be empty",
        ),
        (
            "UpdateItem",
            {"Key": {}, "UpdateExpression": "REMOVE a", "ExpressionAttributeNames": {"a": "b"}},
            'ValidationException: ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
        ),
        (
            "UpdateItem",
            {"Key": {}, "UpdateExpression": "REMOVE a", "ExpressionAttributeNames": {"#b": "b", "#a": "b"}},
            "ValidationException: Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
        ),
        (
            "UpdateItem",
            {"Key": {}, "UpdateExpression": "REMOVE a", "ExpressionAttributeValues": {":a": {"S": ""}}},
            "ValidationException: Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}",
        ),
        (
            "UpdateItem",
            {"Key": {}, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"N": "x"}}},
            "ValidationException: ExpressionAttributeValues contains invalid value: The parameter cannot be "
            "converted to a numeric value: x for key :a",
        ),
    ],
)
async def test_a_wrong_request_is_refused_in_the_words_of_the_service(
    operation: str, parameters: JSON, error: str
) -> None:
    async with dynamodb() as ask:
        await ask.slices()

        assert await ask.fails(operation, TableName="Slices", **parameters) == error


async def test_expressions_are_looked_at_before_the_table() -> None:
    async with dynamodb() as ask:
        assert "Syntax error" in await ask.fails("PutItem", TableName="Nowhere", Item={}, ConditionExpression="a =")


async def test_consumed_capacity_is_told_when_asked() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        big = {**ORDER, "x": {"S": "x" * 5000}}
        asked = {"TableName": "Orders", "ReturnConsumedCapacity": "TOTAL"}

        put = await ask("PutItem", Item=big, **asked)
        shrunk = await ask("PutItem", Item=ORDER, **asked)
        await ask("PutItem", Item=big, TableName="Orders")
        got = await ask("GetItem", Key=ORDER, **asked)
        missing = await ask("GetItem", Key={"orderId": {"S": "2"}}, **{**asked, "ReturnConsumedCapacity": "INDEXES"})

    assert put == {"ConsumedCapacity": {"TableName": "Orders", "CapacityUnits": 5.0}}
    assert shrunk == put
    assert got["ConsumedCapacity"] == {"TableName": "Orders", "CapacityUnits": 1.0}
    assert missing == {
        "ConsumedCapacity": {"TableName": "Orders", "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.5}}
    }
