"""
BatchGetItem and BatchWriteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from typing import Any

import pytest

from pizzabar.documents import JSON
from tests.dynamodb.service import Service, dynamodb


def order(number: int, **more: JSON) -> JSON:
    return {"orderId": {"S": str(number)}, **more}


def put(*numbers: int) -> list[JSON]:
    return [{"PutRequest": {"Item": order(number)}} for number in numbers]


def delete(*numbers: int) -> list[JSON]:
    return [{"DeleteRequest": {"Key": order(number)}} for number in numbers]


async def ids(ask: Service) -> list[str]:
    return sorted(item["orderId"]["S"] for item in (await ask("Scan", TableName="Orders"))["Items"])


async def test_items_of_several_tables_are_put_and_deleted() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask.slices()
        slice_ = {"pizza": {"S": "a"}, "number": {"N": "1"}}

        answer = await ask(
            "BatchWriteItem", RequestItems={"Orders": put(1, 2, 3), "Slices": [{"PutRequest": {"Item": slice_}}]}
        )
        assert answer == {"UnprocessedItems": {}}
        assert await ids(ask) == ["1", "2", "3"]

        await ask("BatchWriteItem", RequestItems={"Orders": delete(1, 9) + put(4)})
        assert await ids(ask) == ["2", "3", "4"]
        assert (await ask("GetItem", TableName="Slices", Key=slice_))["Item"] == slice_


async def test_items_of_several_tables_are_read() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask.slices()
        await ask("PutItem", TableName="Orders", Item=order(1, size={"S": "L"}, type={"S": "funghi"}))
        await ask("PutItem", TableName="Slices", Item={"pizza": {"S": "a"}, "number": {"N": "1"}})

        answer = await ask(
            "BatchGetItem",
            RequestItems={
                "Orders": {
                    "Keys": [order(1), order(2)],
                    "ProjectionExpression": "#s",
                    "ExpressionAttributeNames": {"#s": "size"},
                },
                "Slices": {"Keys": [{"pizza": {"S": "a"}, "number": {"N": "1.0"}}], "ConsistentRead": True},
            },
            ReturnConsumedCapacity="TOTAL",
        )

        assert answer == {
            "Responses": {
                "Orders": [{"size": {"S": "L"}}],
                "Slices": [{"pizza": {"S": "a"}, "number": {"N": "1"}}],
            },
            "UnprocessedKeys": {},
            "ConsumedCapacity": [
                {"TableName": "Orders", "CapacityUnits": 1.0},
                {"TableName": "Slices", "CapacityUnits": 1.0},
            ],
        }


async def test_what_goes_beyond_sixteen_megabytes_is_left() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        for number in range(45):
            await ask("PutItem", TableName="Orders", Item=order(number, big={"S": "x" * 390_000}))
        request: JSON = {"Orders": {"Keys": [order(number) for number in range(45)]}}
        seen: list[str] = []
        rounds = 0

        while request:
            answer = await ask("BatchGetItem", RequestItems=request)
            seen += [item["orderId"]["S"] for item in answer["Responses"]["Orders"]]
            request = answer["UnprocessedKeys"]
            rounds += 1

        assert sorted(seen, key=int) == [str(number) for number in range(45)]
        assert rounds == 2


@pytest.mark.parametrize(
    ("operation", "items", "message"),
    [
        ("BatchGetItem", {}, "at 'requestItems' failed to satisfy constraint: Member must have length greater than"),
        (
            "BatchGetItem",
            {"Orders": {"Keys": []}},
            "at 'requestItems.Orders.member.keys' failed to satisfy constraint",
        ),
        ("BatchGetItem", {"Orders": {"Keys": [order(n) for n in range(101)]}}, "length less than or equal to 100"),
        (
            "BatchGetItem",
            {"Orders": {"Keys": [order(n) for n in range(60)]}, "Slices": {"Keys": [order(n) for n in range(60)]}},
            "Too many items requested for the BatchGetItem call",
        ),
        (
            "BatchGetItem",
            {"Orders": {"Keys": [order(1), order(1)]}},
            "Provided list of item keys contains duplicates",
        ),
        (
            "BatchGetItem",
            {"Orders": {"Keys": [{"a": {"S": "b"}}]}},
            "The provided key element does not match the schema",
        ),
        ("BatchGetItem", {"Nobody": {"Keys": [order(1)]}}, "ResourceNotFoundException: Requested resource not found"),
        ("BatchGetItem", {"Orders": {}}, "Value null at 'requestItems.Orders.member.keys'"),
        ("BatchGetItem", {"Orders": {"Keys": [5]}}, "SerializationException"),
        (
            "BatchWriteItem",
            {},
            "at 'requestItems' failed to satisfy constraint: Member must have length greater than",
        ),
        ("BatchWriteItem", {"Orders": put(*range(26))}, "Member must have length less than or equal to 25"),
        ("BatchWriteItem", {"Orders": []}, "Member must have length greater than or equal to 1"),
        ("BatchWriteItem", {"Orders": put(1) + delete(1)}, "Provided list of item keys contains duplicates"),
        ("BatchWriteItem", {"Orders": [{}]}, "must contain exactly one of the supported datatypes"),
        ("BatchWriteItem", {"Orders": [{**put(1)[0], **delete(2)[0]}]}, "has more than one datatypes set"),
        ("BatchWriteItem", {"Orders": [{"PutRequest": {"Item": {}}}]}, "Missing the key orderId in the item"),
        ("BatchWriteItem", {"Nobody": put(1)}, "ResourceNotFoundException"),
        ("BatchWriteItem", {"Orders": [{"PutRequest": {}}]}, "Value null at"),
        ("BatchWriteItem", {"Orders": 5}, "SerializationException"),
    ],
)
async def test_what_is_refused_as_a_whole(operation: str, items: Any, message: str) -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask.slices()

        assert message in await ask.fails(operation, RequestItems=items)
        assert await ids(ask) == []


async def test_what_is_null_is_not_there() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        one: JSON = {"orderId": {"S": "1"}}
        await ask("PutItem", TableName="Orders", Item=one)

        read = await ask("BatchGetItem", RequestItems={"Orders": {"Keys": [one], "AttributesToGet": None}})

        assert read["Responses"] == {"Orders": [one]}
