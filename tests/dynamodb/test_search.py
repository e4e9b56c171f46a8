"""
Query and Scan.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
"""

import pytest

from pizzabar.documents import JSON
from tests.dynamodb.service import Service, dynamodb

PIZZA = {":p": {"S": "margherita"}}


async def numbers(ask: Service, condition: str = "pizza = :p", values: JSON = None, **more: JSON) -> list[str]:
    result = await ask(
        "Query",
        TableName="Slices",
        KeyConditionExpression=condition,
        ExpressionAttributeValues=PIZZA | (values or {}),
        **more,
    )
    return [item["number"]["N"] for item in result["Items"]]


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("pizza = :p", {}, ["-10", "-9.5", "0", "2", "10"]),
        (":p = pizza", {}, ["-10", "-9.5", "0", "2", "10"]),
        ("pizza = :p AND number = :a", {":a": {"N": "2.0"}}, ["2"]),
        ("number < :a AND pizza = :p", {":a": {"N": "0"}}, ["-10", "-9.5"]),
        ("pizza = :p AND number <= :a", {":a": {"N": "0"}}, ["-10", "-9.5", "0"]),
        ("pizza = :p AND number > :a", {":a": {"N": "0"}}, ["2", "10"]),
        ("pizza = :p AND :a < number", {":a": {"N": "0"}}, ["2", "10"]),
        ("pizza = :p AND number >= :a", {":a": {"N": "0"}}, ["0", "2", "10"]),
        ("(pizza = :p) AND (number BETWEEN :a AND :b)", {":a": {"N": "-9.5"}, ":b": {"N": "2"}}, ["-9.5", "0", "2"]),
    ],
)
async def test_a_query_gives_a_range_by_sort_key(condition: str, values: JSON, found: list[str]) -> None:
    async with dynamodb() as ask:
        await ask.slices()
        await ask.put_slices("10", "2", "0", "-9.5", "-10")
        await ask.put_slices("1", pizza="marinara")
        condition = condition.replace("number", "#n")
        names = {"ExpressionAttributeNames": {"#n": "number"}} if "#n" in condition else {}

        assert await numbers(ask, condition, values, **names) == found
        assert await numbers(ask, condition, values, ScanIndexForward=False, **names) == found[::-1]


async def test_sort_keys_are_found_by_prefix() -> None:
    async with dynamodb() as ask:
        await ask.create_table("Menu", {"kind": "S", "dish": "S"})
        for name in ("pizza", "pizza#1", "pizzeria", "pasta", "pizz\U0001f355"):
            await ask("PutItem", TableName="Menu", Item={"kind": {"S": "k"}, "dish": {"S": name}})

        result = await ask(
            "Query",
            TableName="Menu",
            KeyConditionExpression="kind = :k AND begins_with(dish, :prefix)",
            ExpressionAttributeValues={":k": {"S": "k"}, ":prefix": {"S": "pizz"}},
        )

    assert [item["dish"]["S"] for item in result["Items"]] == ["pizza", "pizza#1", "pizzeria", "pizz\U0001f355"]


@pytest.mark.parametrize("forward", [True, False])
async def test_pages_follow_one_another(forward: bool) -> None:
    async with dynamodb() as ask:
        await ask.slices()
        await ask.put_slices("1", "2", "3", "4")
        found: list[str] = []
        pages = 0
        start: JSON = {}
        while True:
            result = await ask(
                "Query",
                TableName="Slices",
                KeyConditionExpression="pizza = :p",
                ExpressionAttributeValues=PIZZA,
                Limit=2,
                ScanIndexForward=forward,
                **start,
            )
            pages += 1
            found += [item["number"]["N"] for item in result["Items"]]
            if "LastEvaluatedKey" not in result:
                break
            start = {"ExclusiveStartKey": result["LastEvaluatedKey"]}

    assert found == sorted("1234", reverse=not forward)
    # A page that ended by its limit does not know that nothing is left.
    assert pages == 3


async def test_the_filter_comes_after_the_limit() -> None:
    async with dynamodb() as ask:
        await ask.slices()
        await ask.put_slices("1", "2")
        await ask.put_slices("3", topping={"S": "basil"})

        result = await ask(
            "Query",
            TableName="Slices",
            KeyConditionExpression="pizza = :p",
            FilterExpression="topping = :t",
            ExpressionAttributeValues={**PIZZA, ":t": {"S": "basil"}},
            Limit=2,
        )

    assert result == {
        "Items": [],
        "Count": 0,
        "ScannedCount": 2,
        "LastEvaluatedKey": {"pizza": {"S": "margherita"}, "number": {"N": "2"}},
    }


async def test_a_page_ends_with_the_item_that_goes_beyond_a_megabyte() -> None:
    async with dynamodb() as ask:
        await ask.slices()
        await ask.put_slices("1", "2", "3", "4", topping={"S": "x" * 400_000})

        result = await ask("Scan", TableName="Slices", Select="COUNT", ReturnConsumedCapacity="TOTAL")

    assert result["Count"] == 3
    assert result["LastEvaluatedKey"]["number"] == {"N": "3"}
    assert result["ConsumedCapacity"]["CapacityUnits"] == 146.5
    assert "Items" not in result


async def test_a_scan_gives_every_item_once() -> None:
    async with dynamodb() as ask:
        await ask.slices()
        for pizza in ("margherita", "marinara", "diavola", "bufala"):
            await ask.put_slices("2", "1", pizza=pizza)

        result = await ask("Scan", TableName="Slices", ProjectionExpression="pizza")
        found = []
        for segment in range(3):
            part = await ask("Scan", TableName="Slices", Segment=segment, TotalSegments=3)
            found += part["Items"]
        paged: list[JSON] = []
        start: JSON = {}
        while True:
            page = await ask("Scan", TableName="Slices", Limit=3, **start)
            paged += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    assert result["Count"] == result["ScannedCount"] == 8
    assert result["Items"][0] == {"pizza": {"S": "bufala"}}
    assert sorted(map(str, found)) == sorted(map(str, paged))
    assert len(paged) == 8


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
        ({"KeyConditionExpression": "pizza < :p"}, "Query key condition not supported"),
        ({"KeyConditionExpression": "topping = :p"}, "Query condition missed key schema element: pizza"),
        (
            {"KeyConditionExpression": "pizza = :p AND topping = :p"},
            "Query condition missed key schema element: number",
        ),
        (
            {"KeyConditionExpression": "pizza = :p OR pizza = :p"},
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            {"KeyConditionExpression": "pizza <> :p"},
            "Invalid operator used in KeyConditionExpression: <>",
        ),
        (
            {"KeyConditionExpression": "contains(pizza, :p)"},
            "Invalid operator used in KeyConditionExpression: contains",
        ),
        (
            {"KeyConditionExpression": "pizza = :p AND pizza = :p"},
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            {"KeyConditionExpression": "pizza = :p AND a = :p AND b = :p"},
            "Conditions can be of length 1 or 2 only",
        ),
        (
            {"KeyConditionExpression": "pizza.a = :p"},
            "KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        (
            {"KeyConditionExpression": "pizza = :n"},
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            {"KeyConditionExpression": "pizza = :empty"},
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: pizza",
        ),
        (
            {"KeyConditionExpression": "pizza = :p", "FilterExpression": "pizza = :p"},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: pizza",
        ),
        (
            {"KeyConditionExpression": "pizza = :p", "IndexName": "byTopping"},
            "The table does not have the specified index: byTopping",
        ),
        (
            {"KeyConditionExpression": "pizza = :p", "Limit": 0},
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1",
        ),
        (
            {"KeyConditionExpression": "pizza = :p", "Select": "SPECIFIC_ATTRIBUTES"},
            "One or more parameter values were invalid: Must specify the AttributesToGet or ProjectionExpression "
            "when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            {"KeyConditionExpression": "pizza = :p", "ExclusiveStartKey": {"pizza": {"S": "margherita"}}},
            "Exclusive Start Key must have same size as table's key schema",
        ),
        (
            {
                "KeyConditionExpression": "pizza = :p",
                "ExclusiveStartKey": {"pizza": {"S": "margherita"}, "number": {"S": "1"}},
            },
            "The provided starting key is invalid",
        ),
        (
            {
                "KeyConditionExpression": "pizza = :p",
                "ExclusiveStartKey": {"pizza": {"S": "marinara"}, "number": {"N": "1"}},
            },
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            {"KeyConditions": {}},
            "Conditions can be of length 1 or 2 only",
        ),
    ],
)
async def test_a_wrong_query_is_refused(parameters: JSON, error: str) -> None:
    values = {":p": {"S": "margherita"}, ":n": {"N": "1"}, ":empty": {"S": ""}}
    used = {
        key: value
        for key, value in values.items()
        if any(key in str(parameters.get(name)) for name in ("KeyConditionExpression", "FilterExpression"))
    }
    if used:
        parameters = {**parameters, "ExpressionAttributeValues": used}
    async with dynamodb() as ask:
        await ask.slices()

        assert await ask.fails("Query", TableName="Slices", **parameters) == f"ValidationException: {error}"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (
            {"Segment": 0},
            "The TotalSegments parameter is required but was not present in the request when parameter Segment is "
            "present",
        ),
        (
            {"TotalSegments": 1},
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present",
        ),
        (
            {"Segment": 2, "TotalSegments": 2},
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not "
            "less than TotalSegments: 2",
        ),
        (
            {"ExclusiveStartKey": {"x": {"S": "y"}}},
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
        (
            {"Select": "COUNT", "ProjectionExpression": "a"},
            "Cannot specify the ProjectionExpression when choosing to get only the Count",
        ),
    ],
)
async def test_a_wrong_scan_is_refused(parameters: JSON, error: str) -> None:
    async with dynamodb() as ask:
        await ask.slices()

        assert await ask.fails("Scan", TableName="Slices", **parameters) == f"ValidationException: {error}"
