"""The tables under random operations, next to a model of them in a dict."""

import asyncio
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.documents import JSON
from tests.dynamodb.service import Service, dynamodb

Key = tuple[str, str]
Step = tuple[str, Key, str]

steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put_new", "delete", "count", "append", "get"]),
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["-1.5", "-1", "0", "2", "10"])),
        st.sampled_from(["x", "y"]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_tables_do_what_a_dict_does(steps: list[Step]) -> None:
    async def run() -> None:
        async with dynamodb() as ask:
            await ask.slices()
            model: dict[Key, JSON] = {}
            for operation, key, text in steps:
                wire = {"pizza": {"S": key[0]}, "number": {"N": key[1]}}
                await do(ask, model, operation, key, wire, text)
                found = await ask("GetItem", TableName="Slices", Key=wire)
                assert found.get("Item") == model.get(key)
            await compare_pages(ask, model)

    asyncio.run(run())


async def do(ask: Service, model: dict[Key, JSON], operation: str, key: Key, wire: JSON, text: str) -> None:
    old = model.get(key)
    item = {**wire, "text": {"S": text}}
    match operation:
        case "put":
            await ask("PutItem", TableName="Slices", Item=item)
            model[key] = item
        case "put_new":
            request = {"TableName": "Slices", "Item": item, "ConditionExpression": "attribute_not_exists(pizza)"}
            if old is None:
                await ask("PutItem", **request)
                model[key] = item
            else:
                assert "ConditionalCheckFailed" in await ask.fails("PutItem", **request)
        case "delete":
            result = await ask("DeleteItem", TableName="Slices", Key=wire, ReturnValues="ALL_OLD")
            assert result.get("Attributes") == old
            model.pop(key, None)
        case "count":
            result = await ask(
                "UpdateItem",
                TableName="Slices",
                Key=wire,
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="ALL_NEW",
            )
            count = int(old["n"]["N"]) if old and "n" in old else 0
            model[key] = {**(old or wire), "n": {"N": str(count + 1)}}
            assert result["Attributes"] == model[key]
        case "append":
            await ask(
                "UpdateItem",
                TableName="Slices",
                Key=wire,
                UpdateExpression="SET l = list_append(if_not_exists(l, :none), :more)",
                ExpressionAttributeValues={":none": {"L": []}, ":more": {"L": [{"S": text}]}},
            )
            elements = old["l"]["L"] if old and "l" in old else []
            model[key] = {**(old or wire), "l": {"L": [*elements, {"S": text}]}}
        case _:
            pass


async def compare_pages(ask: Service, model: dict[Key, JSON]) -> None:
    ordered = [model[key] for key in sorted(model, key=lambda key: (key[0], Decimal(key[1])))]
    assert (await ask("Scan", TableName="Slices"))["Items"] == ordered
    for pizza in ("a", "b"):
        result = await ask(
            "Query",
            TableName="Slices",
            KeyConditionExpression="pizza = :p",
            ExpressionAttributeValues={":p": {"S": pizza}},
            ScanIndexForward=False,
        )
        assert result["Items"] == [item for item in reversed(ordered) if item["pizza"] == {"S": pizza}]
