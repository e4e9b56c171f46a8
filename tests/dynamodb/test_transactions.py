"""
TransactGetItems and TransactWriteItems.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from pathlib import Path
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.dynamodb.errors import TransactionCanceledException
from tests.dynamodb.service import Service, dynamodb

ORDERS = {"TableName": "Orders"}
IS_NEW = {"ConditionExpression": "attribute_not_exists(orderId)"}


def key(number: int) -> JSON:
    return {"orderId": {"S": str(number)}}


def put(number: int, **more: Any) -> JSON:
    return {"Put": {**ORDERS, "Item": {**key(number), "n": {"N": "0"}}, **more}}


def add(number: int, **more: Any) -> JSON:
    values = {"ExpressionAttributeValues": {":one": {"N": "1"}}}
    return {"Update": {**ORDERS, "Key": key(number), "UpdateExpression": "ADD n :one", **values, **more}}


def delete(number: int, **more: Any) -> JSON:
    return {"Delete": {**ORDERS, "Key": key(number), **more}}


def check(number: int, condition: str = "attribute_exists(orderId)") -> JSON:
    return {"ConditionCheck": {**ORDERS, "Key": key(number), "ConditionExpression": condition}}


async def counts(ask: Service) -> dict[str, str]:
    items = (await ask("Scan", TableName="Orders"))["Items"]
    return {item["orderId"]["S"]: item["n"]["N"] for item in items}


async def cancelled(ask: Service, *actions: JSON) -> list[JSON]:
    """Give the reasons why a transaction was cancelled."""
    with pytest.raises(TransactionCanceledException) as raised:
        await ask("TransactWriteItems", TransactItems=list(actions))
    codes = [reason["Code"] for reason in raised.value.members["CancellationReasons"]]
    assert raised.value.message == (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
    )
    return list(raised.value.members["CancellationReasons"])


def put_large(number: int) -> JSON:
    return {"Put": {**ORDERS, "Item": {**key(number), "n": {"N": "0"}, "text": {"S": "x" * 390_000}}}}


async def test_a_transaction_is_of_four_megabytes_at_most() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        too_large = "ValidationException: The aggregate size of the items in the transaction cannot exceed 4 MB"

        assert await ask.fails("TransactWriteItems", TransactItems=[put_large(n) for n in range(11)]) == too_large
        assert await counts(ask) == {}

        await ask("TransactWriteItems", TransactItems=[put_large(n) for n in range(10)])
        await ask("TransactWriteItems", TransactItems=[put_large(10)])
        gets = [{"Get": {**ORDERS, "Key": key(n)}} for n in range(11)]
        assert len((await ask("TransactGetItems", TransactItems=gets[:10]))["Responses"]) == 10
        assert await ask.fails("TransactGetItems", TransactItems=gets) == too_large


async def test_all_of_it_is_done() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("TransactWriteItems", TransactItems=[put(1), put(2), put(3, **IS_NEW)])
        answer = await ask(
            "TransactWriteItems",
            TransactItems=[add(1), delete(2), check(3), put(4)],
            ReturnConsumedCapacity="INDEXES",
        )

        assert await counts(ask) == {"1": "1", "3": "0", "4": "0"}
        assert answer == {
            "ConsumedCapacity": [{"TableName": "Orders", "CapacityUnits": 8.0, "Table": {"CapacityUnits": 8.0}}]
        }


async def test_or_nothing_of_it() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("TransactWriteItems", TransactItems=[put(1)])

        reasons = await cancelled(ask, put(2), put(1, **IS_NEW), add(3))

        failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        assert reasons == [{"Code": "None"}, failed, {"Code": "None"}]
        assert await counts(ask) == {"1": "0"}
        assert await cancelled(ask, check(9)) == [failed]
        tells = {**IS_NEW, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        assert (await cancelled(ask, put(1, **tells)))[0]["Item"] == {"orderId": {"S": "1"}, "n": {"N": "0"}}


async def test_what_shows_only_against_the_item_is_a_reason() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("PutItem", **ORDERS, Item={**key(1), "n": {"S": "no number"}})

        reasons = await cancelled(ask, add(1), put(2))

        assert [reason["Code"] for reason in reasons] == ["ValidationError", "None"]
        assert reasons[0]["Message"] == "An operand in the update expression has an incorrect data type"


async def test_a_transaction_of_one_token_is_done_once() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("TransactWriteItems", TransactItems=[put(1)])
        again = {"TransactItems": [add(1)], "ClientRequestToken": "token"}

        assert await ask("TransactWriteItems", **again) == {}
        assert await ask("TransactWriteItems", **again) == {}
        assert await counts(ask) == {"1": "1"}
        other = again | {"TransactItems": [add(2)]}
        assert await ask.fails("TransactWriteItems", **other) == "IdempotentParameterMismatchException"
        await ask.advance(minutes=10)
        await ask("TransactWriteItems", **again)
        assert await counts(ask) == {"1": "2"}


async def test_a_transaction_that_was_cancelled_may_be_sent_again() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        asked = {"TransactItems": [check(1), put(2)], "ClientRequestToken": "token"}
        with pytest.raises(TransactionCanceledException):
            await ask("TransactWriteItems", **asked)
        await ask("TransactWriteItems", TransactItems=[put(1)])

        await ask("TransactWriteItems", **asked)

        assert await counts(ask) == {"1": "0", "2": "0"}


async def test_items_are_read_together() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await ask("TransactWriteItems", TransactItems=[put(1), put(2)])

        answer = await ask(
            "TransactGetItems",
            TransactItems=[
                {"Get": {**ORDERS, "Key": key(2)}},
                {"Get": {**ORDERS, "Key": key(9)}},
                {"Get": {**ORDERS, "Key": key(1), "ProjectionExpression": "n"}},
            ],
        )

        assert answer == {"Responses": [{"Item": {**key(2), "n": {"N": "0"}}}, {}, {"Item": {"n": {"N": "0"}}}]}


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([], "at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ([put(n) for n in range(101)], "Member must have length less than or equal to 100"),
        ([put(1), delete(1)], "Transaction request cannot include multiple operations on one item"),
        ([{}], "has no action"),
        ([{**put(1), **delete(2)}], "TransactItems can only contain one of Check, Put, Update or Delete"),
        ([{"Put": {"TableName": "Nobody", "Item": key(1)}}], "ResourceNotFoundException"),
        ([{"Put": {**ORDERS, "Item": {}}}], "Missing the key orderId in the item"),
        ([{"Update": {**ORDERS, "Key": key(1)}}], "Value null at 'updateExpression'"),
        ([{"ConditionCheck": {**ORDERS, "Key": key(1)}}], "Value null at 'conditionExpression'"),
        ([add(1, UpdateExpression="SET orderId = :one")], "This attribute is part of the key"),
        ([add(1, UpdateExpression="SET")], "Invalid UpdateExpression: Syntax error"),
        ([put(1, ExpressionAttributeNames={"#a": "b"})], "can only be specified when using expressions"),
        ([{"Put": 5}], "SerializationException"),
    ],
)
async def test_what_is_wrong_with_the_request_is_no_cancellation(actions: Any, message: str) -> None:
    async with dynamodb() as ask:
        await ask.orders()

        assert message in await ask.fails("TransactWriteItems", TransactItems=actions)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([], "greater than or equal to 1"),
        ([{}], "Value null at 'transactItems.1.member.get'"),
        ([{"Get": {**ORDERS, "Key": key(1)}}] * 2, "multiple operations on one item"),
        ([{"Get": {**ORDERS, "Key": {}}}], "The provided key element does not match the schema"),
        ([{"Get": {"TableName": "Nobody", "Key": key(1)}}], "ResourceNotFoundException"),
    ],
)
async def test_what_cannot_be_read(actions: Any, message: str) -> None:
    async with dynamodb() as ask:
        await ask.orders()

        assert message in await ask.fails("TransactGetItems", TransactItems=actions)


async def test_a_token_is_known_after_a_restart(tmp_path: Path) -> None:
    again = {"TransactItems": [add(1)], "ClientRequestToken": "token"}
    async with dynamodb(tmp_path / "state.db") as ask:
        await ask.orders()
        await ask("TransactWriteItems", **again)
    async with dynamodb(tmp_path / "state.db") as ask:
        await ask("TransactWriteItems", **again)
        other = {"TransactItems": [add(2)], "ClientRequestToken": "token"}
        assert (await ask.fails("TransactWriteItems", **other)).startswith("IdempotentParameterMismatchException")
        assert await counts(ask) == {"1": "1"}
