"""
Global indexes whose keys have several attributes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html
"""

from typing import Any

import pytest

from pizzabar.documents import JSON
from tests.dynamodb.service import Service, dynamodb

KEYS = (("town", "HASH"), ("shop", "HASH"), ("day", "RANGE"), ("hour", "RANGE"), ("pizza", "RANGE"))
TYPES = {"orderId": "S", "town": "S", "shop": "N", "day": "N", "hour": "N", "pizza": "S"}


def index(*keys: tuple[str, str], name: str = "sales") -> JSON:
    schema = [{"AttributeName": attribute, "KeyType": role} for attribute, role in keys]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}


async def make_orders(ask: Service, *indexes: JSON) -> None:
    used = {each["AttributeName"] for index in indexes for each in index["KeySchema"]} | {"orderId"}
    await ask(
        "CreateTable",
        TableName="Orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": TYPES[name]} for name in TYPES if name in used
        ],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=list(indexes),
    )


def order(number: int) -> JSON:
    item = {"orderId": {"S": f"{number:03}"}, "town": {"S": "Rome" if number % 3 else "Ro"}}
    item |= {"shop": {"N": str(number % 2)}, "day": {"N": str(number % 5 - 2)}, "hour": {"N": str(number % 4)}}
    return item | {"pizza": {"S": ("funghi", "fungo", "diavola\0")[number % 7 % 3]}}


async def sold(ask: Service) -> list[JSON]:
    """Make the table with its index, and give the orders of one shop in the order of the index."""
    await make_orders(ask, index(*KEYS))
    items = [order(number) for number in range(120)]
    for item in items:
        await ask("PutItem", TableName="Orders", Item=item)
    await ask("PutItem", TableName="Orders", Item={name: items[1][name] for name in ("orderId", "town", "shop")})
    there = [item for item in items[2:] if item["town"]["S"] == "Rome" and item["shop"]["N"] == "1"]
    return sorted(there, key=place)


def place(item: JSON) -> Any:
    return int(item["day"]["N"]), int(item["hour"]["N"]), item["pizza"]["S"], item["orderId"]["S"]


async def query(ask: Service, condition: str, values: JSON, **more: JSON) -> JSON:
    names = {f"#{name}": name for name in TYPES if f"#{name}" in condition}
    asked = {"TableName": "Orders", "IndexName": "sales", "KeyConditionExpression": condition}
    return await ask("Query", **asked, ExpressionAttributeNames=names, ExpressionAttributeValues=values, **more)


SHOP = "#town = :town AND #shop = :shop"
VALUES: JSON = {":town": {"S": "Rome"}, ":shop": {"N": "1"}}


@pytest.mark.parametrize(
    ("condition", "values", "wanted"),
    [
        ("", {}, lambda day, hour, pizza: True),
        ("#day = :day", {":day": {"N": "1"}}, lambda day, hour, pizza: day == 1),
        ("#day < :day", {":day": {"N": "0"}}, lambda day, hour, pizza: day < 0),
        ("#day <= :day", {":day": {"N": "0"}}, lambda day, hour, pizza: day <= 0),
        ("#day > :day", {":day": {"N": "-1"}}, lambda day, hour, pizza: day > -1),
        ("#day >= :day", {":day": {"N": "-1"}}, lambda day, hour, pizza: day >= -1),
        (
            "#day BETWEEN :day AND :end",
            {":day": {"N": "-1"}, ":end": {"N": "1"}},
            lambda day, hour, pizza: -1 <= day <= 1,
        ),
        (
            "#day = :day AND #hour >= :hour",
            {":day": {"N": "1"}, ":hour": {"N": "2"}},
            lambda day, hour, pizza: day == 1 and hour >= 2,
        ),
        (
            "#day = :day AND #hour = :hour AND begins_with(#pizza, :pizza)",
            {":day": {"N": "1"}, ":hour": {"N": "3"}, ":pizza": {"S": "fung"}},
            lambda day, hour, pizza: (day, hour) == (1, 3) and pizza.startswith("fung"),
        ),
        (
            "#day = :day AND #hour = :hour AND #pizza = :pizza",
            {":day": {"N": "1"}, ":hour": {"N": "3"}, ":pizza": {"S": "diavola\0"}},
            lambda day, hour, pizza: (day, hour, pizza) == (1, 3, "diavola\0"),
        ),
    ],
)
async def test_what_a_condition_finds(condition: str, values: JSON, wanted: Any) -> None:
    async with dynamodb() as ask:
        items = await sold(ask)
        whole = f"{SHOP} AND {condition}" if condition else SHOP
        found = [item for item in items if wanted(*place(item)[:3])]
        assert (await query(ask, whole, VALUES | values))["Items"] == found
        back = await query(ask, whole, VALUES | values, ScanIndexForward=False)
        assert back["Items"] == found[::-1]
        pages: list[JSON] = []
        start: JSON = {}
        while True:
            page = await query(ask, whole, VALUES | values, Limit=3, **start)
            pages += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert pages == found


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("#town = :town", "Query condition missed key schema element: shop"),
        ("#town = :town AND #shop > :shop", "Query key condition not supported"),
        (f"{SHOP} AND #hour = :shop", "Query condition missed key schema element: day"),
        (f"{SHOP} AND #day = :shop AND #pizza = :town", "Query key condition not supported"),
        (f"{SHOP} AND #day > :shop AND #hour = :shop", "Query key condition not supported"),
        (f"{SHOP} AND begins_with(#day, :shop)", "Incorrect operand type for operator or function"),
        (f"{SHOP} AND #orderId = :town", "Query condition missed key schema element: day"),
    ],
)
async def test_what_is_no_key_condition(condition: str, fault: str) -> None:
    async with dynamodb() as ask:
        await make_orders(ask, index(*KEYS))
        values = {name: value for name, value in VALUES.items() if name in condition}
        with pytest.raises(Exception, match=fault):
            await query(ask, condition, values)


async def test_an_index_is_described_kept_and_filled(tmp_path: Any) -> None:
    async with dynamodb(tmp_path / "state.db") as ask:
        await make_orders(ask, index(*KEYS))
        await ask("PutItem", TableName="Orders", Item=order(1))
        definitions = [{"AttributeName": name, "AttributeType": TYPES[name]} for name in ("pizza", "day")]
        create = [{"Create": index(("pizza", "HASH"), ("day", "HASH"), name="late")}]
        await ask(
            "UpdateTable", TableName="Orders", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=create
        )
    async with dynamodb(tmp_path / "state.db") as ask:
        told = (await ask("DescribeTable", TableName="Orders"))["Table"]["GlobalSecondaryIndexes"]
        assert [(each["AttributeName"], each["KeyType"]) for each in told[0]["KeySchema"]] == list(KEYS)
        assert [each["ItemCount"] for each in told] == [1, 1]
        statement = "SELECT * FROM Orders.late WHERE pizza = ? AND day = ?"
        item = order(1)
        found = await ask("ExecuteStatement", Statement=statement, Parameters=[item["pizza"], item["day"]])
        assert found["Items"] == [item]
        both = (
            f"SELECT * FROM Orders.sales WHERE town IN ['Rome', 'Ro'] AND shop IN [0, 1] AND day = {item['day']['N']}"
        )
        assert (await ask("ExecuteStatement", Statement=both))["Items"] == [item]


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ((("day", "HASH"), ("hour", "RANGE"), ("shop", "HASH")), "All HASH KeySchemaElements must come before"),
        (tuple((name, "HASH") for name in ("day", "hour", "shop", "town", "pizza")), "at most 4 HASH and 4 RANGE"),
        ((("day", "HASH"), ("day", "HASH")), "duplicates"),
    ],
)
async def test_what_is_no_key(keys: tuple[tuple[str, str], ...], fault: str) -> None:
    async with dynamodb() as ask:
        with pytest.raises(Exception, match=fault):
            await make_orders(ask, index(*keys))
