"""Parameters of the time before expressions say what expressions say."""

from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.dynamodb.legacy import with_expressions
from pizzabar.errors import ServiceError
from tests.dynamodb.service import Service, dynamodb

A, ONE, TWO = {"S": "a"}, {"N": "1"}, {"N": "2"}
LETTERS = {"SS": ["a", "b"]}


def condition(operator: str, *values: JSON) -> JSON:
    return {"ComparisonOperator": operator} | ({"AttributeValueList": list(values)} if values else {})


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        (condition("EQ", A), "#0 = :0"),
        (condition("NE", LETTERS), "#0 <> :0"),
        (condition("LE", ONE), "#0 <= :0"),
        (condition("LT", ONE), "#0 < :0"),
        (condition("GE", ONE), "#0 >= :0"),
        (condition("GT", ONE), "#0 > :0"),
        (condition("BETWEEN", ONE, TWO), "#0 BETWEEN :0 AND :1"),
        (condition("IN", ONE), "#0 IN (:0)"),
        (condition("IN", ONE, TWO), "#0 IN (:0, :1)"),
        (condition("NULL"), "attribute_not_exists(#0)"),
        (condition("NOT_NULL"), "attribute_exists(#0)"),
        (condition("CONTAINS", A), "contains(#0, :0)"),
        (condition("NOT_CONTAINS", A), "NOT contains(#0, :0)"),
        (condition("BEGINS_WITH", A), "begins_with(#0, :0)"),
    ],
)
def test_a_filter_is_an_expression(given: JSON, expression: str) -> None:
    written = with_expressions({"TableName": "T", "ScanFilter": {"a": given}})

    assert written["FilterExpression"] == expression
    assert written["ExpressionAttributeNames"] == {"#0": "a"}
    assert list(written.get("ExpressionAttributeValues", {}).values()) == given.get("AttributeValueList", [])
    assert "ScanFilter" not in written


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        ({"Value": A}, "#0 = :0"),
        ({"Value": A, "Exists": True}, "#0 = :0"),
        ({"Exists": False}, "attribute_not_exists(#0)"),
        ({"Value": A, "ComparisonOperator": "NE"}, "#0 <> :0"),
        (condition("BETWEEN", ONE, TWO), "#0 BETWEEN :0 AND :1"),
        (condition("NULL"), "attribute_not_exists(#0)"),
    ],
)
def test_what_is_expected_is_a_condition(given: JSON, expression: str) -> None:
    assert with_expressions({"Expected": {"a": given}})["ConditionExpression"] == expression


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"ScanFilter": {"a": condition("EQ")}}, "Invalid number of argument(s) for the EQ ComparisonOperator"),
        (
            {"ScanFilter": {"a": condition("NULL", A)}},
            "Invalid number of argument(s) for the NULL Comparison",
        ),
        ({"ScanFilter": {"a": condition("IN")}}, "Invalid number of argument(s) for the IN ComparisonOperator"),
        ({"ScanFilter": {"a": condition("LT", LETTERS)}}, "ComparisonOperator LT is not valid for SS AttributeValue"),
        ({"ScanFilter": {"a": condition("BEGINS_WITH", ONE)}}, "BEGINS_WITH is not valid for N AttributeValue type"),
        ({"ScanFilter": {"a": condition("IS", A)}}, "'scanFilter.a.member.comparisonOperator' failed to satisfy"),
        ({"ScanFilter": {"a": {}}}, "Value null at 'scanFilter.a.member.comparisonOperator'"),
        ({"ScanFilter": {"a": 5}}, "Unexpected field type"),
        ({"ScanFilter": {"a": condition("EQ", {"N": "x"})}}, "cannot be converted to a numeric value"),
        ({"ConditionalOperator": "OR"}, "ConditionalOperator cannot be used without Filter or Expected"),
        (
            {"ConditionalOperator": "OR", "ScanFilter": {"a": condition("NULL")}},
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        ),
        ({"Expected": {"a": {}}}, "Value must be provided when Exists is null for Attribute: a"),
        ({"Expected": {"a": {"Exists": True}}}, "Value must be provided when Exists is true for Attribute: a"),
        ({"Expected": {"a": {"Exists": False, "Value": A}}}, "Value cannot be used when Exists is false"),
        ({"Expected": {"a": condition("EQ", A) | {"Exists": True}}}, "Exists and ComparisonOperator cannot be used"),
        ({"Expected": {"a": condition("EQ", A) | {"Value": A}}}, "Value and AttributeValueList cannot be used"),
        ({"Expected": {"a": {"AttributeValueList": [A]}}}, "AttributeValueList can only be used with a Comparison"),
        ({"AttributeUpdates": {"a": {"Action": "ADD"}}}, "Only DELETE action is allowed when no attribute value is"),
        ({"AttributeUpdates": {"a": {}}}, "Only DELETE action is allowed when no attribute value is"),
        ({"AttributeUpdates": {"a": {"Action": "ADD", "Value": A}}}, "Action ADD is not supported for the type S"),
        ({"AttributeUpdates": {"a": {"Action": "DELETE", "Value": ONE}}}, "Action DELETE is not supported for the"),
        ({"AttributeUpdates": {"a": {"Action": "SET", "Value": ONE}}}, "set: [ADD, DELETE, PUT]"),
        ({"AttributesToGet": ["a", "b", "a"]}, "Duplicate value in attribute name: a"),
        ({"KeyConditions": {}}, "Conditions can be of length 1 or 2 only"),
        ({"KeyConditions": {"a": condition("NE", A)}}, "constraint is not an indexable operation"),
        (
            {"Expected": {}, "ConditionExpression": "a = b"},
            "parameters: {Expected} Expression parameters: {C",
        ),
        ({"Expected": {}, "ExpressionAttributeNames": {}}, "ExpressionAttributeNames can only be specified when"),
    ],
)
def test_what_is_wrong_is_told(parameters: JSON, error: str) -> None:
    with pytest.raises(ServiceError) as raised:
        with_expressions(parameters)

    assert error in raised.value.message


async def slices(ask: Service) -> None:
    await ask.slices()
    for number in range(1, 6):
        item = {"pizza": {"S": "margherita"}, "number": {"N": str(number)}, "size": {"S": "SML"[number % 3]}}
        await ask("PutItem", TableName="Slices", Item=item)


async def test_queries_and_scans() -> None:
    key = {"pizza": condition("EQ", {"S": "margherita"}), "number": condition("GT", TWO)}

    async with dynamodb() as ask:
        await slices(ask)

        async def numbers(operation: str, **parameters: Any) -> list[str]:
            answer = await ask(operation, TableName="Slices", **parameters)
            return [item["number"]["N"] for item in answer["Items"]]

        assert await numbers("Query", KeyConditions=key) == ["3", "4", "5"]
        small = {"size": condition("EQ", {"S": "S"})}
        assert await numbers("Query", KeyConditions=key, QueryFilter=small) == ["3"]
        either = small | {"number": condition("EQ", {"N": "5"})}
        assert await numbers("Scan", ScanFilter=either, ConditionalOperator="OR") == ["3", "5"]
        names = await ask("Scan", TableName="Slices", AttributesToGet=["size"], Limit=1)
        assert names["Items"] == [{"size": {"S": "M"}}]
        wrong = {"TableName": "Slices", "KeyConditions": key, "QueryFilter": {"number": condition("NULL")}}
        assert "QueryFilter can only contain non-primary key attributes" in await ask.fails("Query", **wrong)


async def test_writes_and_reads_of_items() -> None:
    one = {"TableName": "Orders", "Key": {"orderId": {"S": "1"}}}

    async with dynamodb() as ask:
        await ask.orders()
        new = {"orderId": {"Exists": False}}
        item = {"orderId": {"S": "1"}, "count": ONE, "letters": LETTERS, "list": {"L": [A]}, "status": A, "gone": A}
        await ask("PutItem", TableName="Orders", Item=item, Expected=new)
        again = await ask.fails("PutItem", TableName="Orders", Item=item, Expected=new)
        updates = {
            "count": {"Action": "ADD", "Value": TWO},
            "letters": {"Action": "DELETE", "Value": {"SS": ["a"]}},
            "list": {"Action": "ADD", "Value": {"L": [ONE]}},
            "status": {"Value": {"S": "done"}},
            "gone": {"Action": "DELETE"},
        }
        updated = await ask("UpdateItem", **one, AttributeUpdates=updates, ReturnValues="ALL_NEW")
        read = await ask("GetItem", **one, AttributesToGet=["status", "nothing"])
        several = await ask(
            "BatchGetItem",
            RequestItems={"Orders": {"Keys": [one["Key"]], "AttributesToGet": ["count"], "ConsistentRead": None}},
        )
        kept = await ask.fails("DeleteItem", **one, Expected={"status": {"Value": A}})
        await ask("DeleteItem", **one, Expected={"status": {"Value": {"S": "done"}}})

    assert "ConditionalCheckFailedException" in again
    assert updated["Attributes"] == {
        "orderId": {"S": "1"},
        "count": {"N": "3"},
        "letters": {"SS": ["b"]},
        "list": {"L": [A, ONE]},
        "status": {"S": "done"},
    }
    assert read["Item"] == {"status": {"S": "done"}}
    assert several["Responses"] == {"Orders": [{"count": {"N": "3"}}]}
    assert "ConditionalCheckFailedException" in kept
