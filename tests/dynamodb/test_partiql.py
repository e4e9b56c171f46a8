"""
PartiQL.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.documents import JSON
from pizzabar.dynamodb.partiql import Select, parse_statement
from pizzabar.errors import ServiceError, ValidationException
from tests.dynamodb.service import Service, dynamodb

BAD = "ValidationException: Statement wasn't well formed, can't be processed: "


def text(value: str) -> JSON:
    return {"S": value}


def number(value: int | str) -> JSON:
    return {"N": str(value)}


async def run(ask: Service, statement: str, *parameters: JSON, **more: JSON) -> JSON:
    given = {"Parameters": list(parameters)} if parameters else {}
    return await ask("ExecuteStatement", Statement=statement, **given, **more)


async def items(ask: Service, statement: str, *parameters: JSON, **more: JSON) -> list[JSON]:
    found: list[JSON] = (await run(ask, statement, *parameters, **more))["Items"]
    return found


async def fails(ask: Service, statement: str, *parameters: JSON, **more: JSON) -> str:
    given = {"Parameters": list(parameters)} if parameters else {}
    return await ask.fails("ExecuteStatement", Statement=statement, **given, **more)


async def with_slices(ask: Service) -> None:
    """Make six slices of two pizzas; the even ones are hot."""
    await ask.slices()
    for pizza in ("diavola", "margherita"):
        for each in (1, 2, 3):
            item = f"{{'pizza': '{pizza}', 'number': {each}, 'hot': {str(each % 2 == 0).lower()}}}"
            await run(ask, f"INSERT INTO Slices VALUE {item}")


async def numbers(ask: Service, statement: str, *parameters: JSON, **more: JSON) -> list[str]:
    return [each["number"]["N"] for each in await items(ask, statement, *parameters, **more)]


# SELECT


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("pizza = 'diavola'", ["1", "2", "3"]),
        ("'diavola' = pizza AND number > 1", ["2", "3"]),
        ("pizza = 'diavola' AND 2 <= number", ["2", "3"]),
        ("pizza = 'diavola' AND number BETWEEN 1 AND 2", ["1", "2"]),
        ("pizza = 'diavola' AND number IN [1, 3, 5]", ["1", "3"]),
        ("pizza = 'diavola' AND (number = 1 OR hot = true)", ["1", "2"]),
        ("pizza = 'diavola' AND NOT hot = true", ["1", "3"]),
        ("pizza = 'diavola' ORDER BY number DESC", ["3", "2", "1"]),
        ("pizza = 'diavola' and hot <> true order by pizza asc, number asc", ["1", "3"]),
        ("pizza = 'diavola' AND hot != true", ["1", "3"]),
        ("pizza IN ('diavola', 'margherita', 'diavola') AND number = 2", ["2", "2"]),
        ("number = 3", ["3", "3"]),
        ("begins_with(pizza, 'marg') AND number < 2", ["1"]),
        ("contains(\"pizza\", 'avo') AND size(pizza) = 7 AND number >= 3", ["3"]),
        ("attribute_type(hot, 'BOOL') AND number = 1", ["1", "1"]),
        ("hot IS MISSING", []),
        ("hot IS NOT MISSING AND number = 1", ["1", "1"]),
        ("hot IS NULL", []),
        ("hot IS NOT NULL AND number = -1", []),
        ("pizza = 'it''s none'", []),
    ],
)
async def test_what_a_condition_selects(where: str, wanted: list[str]) -> None:
    async with dynamodb() as ask:
        await with_slices(ask)
        assert await numbers(ask, f"SELECT * FROM Slices WHERE {where}") == wanted


async def test_a_projection() -> None:
    async with dynamodb() as ask:
        await with_slices(ask)
        await run(ask, "UPDATE Slices SET top = {'a': [1, 2]} WHERE pizza = 'diavola' AND number = 1")
        found = await items(ask, 'SELECT number, top.a[1], "top"[\'a\'][0] FROM "Slices" WHERE top IS NOT MISSING;')
        assert found == [{"number": number(1), "top": {"M": {"a": {"L": [number(1), number(2)]}}}}]


async def test_parameters_stand_for_question_marks() -> None:
    async with dynamodb() as ask:
        await with_slices(ask)
        statement = "SELECT * FROM Slices WHERE pizza = ? AND number = ?"
        assert await numbers(ask, statement, text("diavola"), number("2.0")) == ["2"]
        told = "ValidationException: Number of parameters in request and statement don't match."
        assert await fails(ask, statement, text("diavola")) == told
        assert await fails(ask, statement, text("diavola"), number(1), number(2)) == told


async def test_pages() -> None:
    async with dynamodb() as ask:
        await with_slices(ask)
        for where in ("", " WHERE pizza IN ['margherita', 'diavola']", " WHERE hot = false"):
            token: dict[str, Any] = {}
            found, pages = [], 0
            while True:
                page = await run(ask, f"SELECT * FROM Slices{where}", Limit=2, **token)
                found += page["Items"]
                pages += 1
                if "NextToken" not in page:
                    break
                token = {"NextToken": page["NextToken"]}
            assert len(found) == (4 if "hot" in where else 6)
            assert pages <= 4
        assert await fails(ask, "SELECT * FROM Slices WHERE number = 1", **token) == (
            "ValidationException: Invalid NextToken"
        )
        assert await fails(ask, "SELECT * FROM Slices", NextToken="x") == "ValidationException: Invalid NextToken"


async def test_an_index_is_named_after_its_table() -> None:
    index = {
        "IndexName": "byState",
        "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    async with dynamodb() as ask:
        await ask(
            "CreateTable",
            TableName="Orders",
            KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "state")],
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[index],
        )
        for each in ("1", "2"):
            await run(ask, f"INSERT INTO Orders VALUE {{'orderId': '{each}', 'state': 's{each}', 'more': 1}}")
        wanted = [{"orderId": text("1"), "state": text("s1")}]
        assert await items(ask, 'SELECT * FROM "Orders"."byState" WHERE state = \'s1\'') == wanted
        assert len(await items(ask, "SELECT * FROM Orders.byState")) == 2
        assert "does not have the specified index" in await fails(ask, "SELECT * FROM Orders.other")
        assert "Consistent reads are not supported" in await fails(
            ask, "SELECT * FROM Orders.byState", ConsistentRead=True
        )


async def test_capacity_is_told() -> None:
    async with dynamodb() as ask:
        await with_slices(ask)
        read = await run(ask, "SELECT * FROM Slices", ReturnConsumedCapacity="TOTAL")
        assert read["ConsumedCapacity"] == {"TableName": "Slices", "CapacityUnits": 0.5}
        written = await run(
            ask, "DELETE FROM Slices WHERE pizza = 'diavola' AND number = 1", ReturnConsumedCapacity="TOTAL"
        )
        assert written["ConsumedCapacity"] == {"TableName": "Slices", "CapacityUnits": 1.0}


# INSERT, UPDATE, DELETE


async def test_an_item_of_every_type_is_inserted() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await run(
            ask,
            "INSERT INTO Orders VALUE {'orderId': '1', \"n\": -1.50, 'yes': TRUE, 'no': False, 'null': NULL, "
            "'l': [1, 'a', []], 'm': {'k': {}}, 'ss': <<'b', 'a'>>, 'ns': <<2, 1>>, 'raw': ?, 'e': 1e2}",
            {"B": "AP8="},
        )
        assert await items(ask, "SELECT * FROM Orders") == [
            {
                "orderId": text("1"),
                "n": number("-1.5"),
                "yes": {"BOOL": True},
                "no": {"BOOL": False},
                "null": {"NULL": True},
                "l": {"L": [number(1), text("a"), {"L": []}]},
                "m": {"M": {"k": {"M": {}}}},
                "ss": {"SS": ["a", "b"]},
                "ns": {"NS": ["1", "2"]},
                "raw": {"B": "AP8="},
                "e": number(100),
            }
        ]


async def test_an_item_is_inserted_once() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        statement = "INSERT INTO Orders VALUE {'orderId': '1'}"
        assert await run(ask, statement) == {"Items": []}
        assert await fails(ask, statement) == "DuplicateItemException: Duplicate primary key exists in table"
        assert "Missing the key orderId" in await fails(ask, "INSERT INTO Orders VALUE {'id': '1'}")


async def test_what_an_update_changes() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await run(ask, "INSERT INTO Orders VALUE {'orderId': '1', 'n': 1, 'l': [1], 's': <<'a'>>, 'old': 1}")
        [item] = await items(
            ask,
            "UPDATE Orders SET n = n + 2 - 1 SET l = list_append(l, [2]), s = set_add(s, <<'b'>>) "
            "SET m = if_not_exists(m, 'new') REMOVE old WHERE orderId = '1' RETURNING ALL NEW *",
        )
        assert item == {
            "orderId": text("1"),
            "n": number(2),
            "l": {"L": [number(1), number(2)]},
            "s": {"SS": ["a", "b"]},
            "m": text("new"),
        }
        assert await items(
            ask, "UPDATE Orders SET s = set_delete(s, <<'a', 'b'>>) WHERE orderId = '1' RETURNING MODIFIED OLD *"
        ) == [{"s": {"SS": ["a", "b"]}}]
        assert await items(ask, "UPDATE Orders SET n=5 WHERE orderId='1' RETURNING MODIFIED NEW *") == [
            {"n": number(5)}
        ]
        assert "s" not in (await items(ask, "SELECT * FROM Orders"))[0]


async def test_a_write_has_its_condition() -> None:
    failed = "ConditionalCheckFailedException: The conditional request failed"
    async with dynamodb() as ask:
        await ask.orders()
        assert await fails(ask, "UPDATE Orders SET a = 1 WHERE orderId = '1'") == failed
        await run(ask, "INSERT INTO Orders VALUE {'orderId': '1', 'n': 1}")
        assert await fails(ask, "UPDATE Orders SET a = 1 WHERE orderId = '1' AND n = 2") == failed
        assert await fails(ask, "DELETE FROM Orders WHERE orderId = '1' AND n = 2") == failed
        await run(ask, "DELETE FROM Orders WHERE orderId = '2' AND n = 2")
        assert await items(ask, "DELETE FROM Orders WHERE n < 2 AND orderId = '1' RETURNING ALL OLD *") == [
            {"orderId": text("1"), "n": number(1)}
        ]
        assert await run(ask, "DELETE FROM Orders WHERE orderId = '1' RETURNING ALL OLD *") == {"Items": []}


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("", "ValidationException: 1 validation error detected: Value '' at 'statement'"),
        ("DROP TABLE Orders", f"{BAD}Unexpected DROP"),
        ("SELECT * FROM", f"{BAD}Unexpected end of statement"),
        ("SELECT * FROM Orders WHERE", f"{BAD}Unexpected end of statement"),
        ("SELECT * FROM Orders WHERE orderId", f"{BAD}Unexpected end of statement"),
        ("SELECT * FROM Orders WHERE orderId = '1' x", f"{BAD}Unexpected x"),
        ("SELECT * FROM Orders WHERE orderId = 'x", f"{BAD}Unexpected '"),
        ("SELECT * FROM Orders WHERE size(a, b) = 1", f"{BAD}size takes 1 arguments"),
        ("SELECT * FROM Orders WHERE a IN 1", f"{BAD}Expected a list after IN"),
        ("SELECT a, a.b FROM Orders", "ValidationException: Two document paths overlap"),
        ("SELECT * FROM Nowhere", "ResourceNotFoundException: Requested resource not found"),
        ("SELECT * FROM Orders ORDER BY orderId", "ValidationException: Must have WHERE clause"),
        ("SELECT * FROM Orders WHERE orderId = 1", "ValidationException: One or more parameter values were invalid"),
        (
            "SELECT * FROM Orders WHERE orderId = '1' ORDER BY n",
            "ValidationException: Variable reference n in ORDER BY clause must be part of the primary key",
        ),
        (
            "UPDATE Orders SET a = 1 WHERE n = 1",
            "ValidationException: Where clause does not contain a mandatory equality on all key attributes",
        ),
        ("UPDATE Orders WHERE orderId = '1'", f"{BAD}Expected SET or REMOVE"),
        ("UPDATE Orders SET orderId = '2' WHERE orderId = '1'", "ValidationException: One or more"),
        ("UPDATE Orders SET a = set_add(b, <<1>>) WHERE orderId = '1'", f"{BAD}set_add takes the path"),
        ("DELETE FROM Orders", f"{BAD}Expected WHERE, but found end of statement"),
        ("DELETE FROM Orders WHERE orderId = '1' RETURNING ALL NEW *", f"{BAD}DELETE returns ALL OLD * alone"),
        ("INSERT INTO Orders VALUE 5", f"{BAD}VALUE takes an item"),
        ("INSERT INTO Orders VALUE {'orderId': <<1, 'a'>>}", f"{BAD}A set has one or more"),
        ("EXISTS(SELECT * FROM Orders WHERE orderId = '1')", "ValidationException: EXISTS can only be used"),
    ],
)
async def test_faults_are_told(statement: str, fault: str) -> None:
    async with dynamodb() as ask:
        await ask.orders()
        assert (await fails(ask, statement)).startswith(fault)


_WORDS = (
    "SELECT * FROM WHERE UPDATE SET INSERT INTO VALUE DELETE AND OR NOT IN BETWEEN IS MISSING NULL ORDER BY a b 'c' "
    "1 ( ) [ ] { } << >> , . : ? = <> < > - + size begins_with RETURNING ALL OLD \" '"
)


@given(st.lists(st.sampled_from(_WORDS.split(" ")), max_size=20).map(" ".join))
def test_any_text_is_read_or_refused(words: str) -> None:
    for statement in (words, f"SELECT * FROM a WHERE {words}"):
        with contextlib.suppress(ValidationException):
            parse_statement(statement, [number(1)])


_OPERANDS = st.sampled_from(["pizza", "number", "hot", "other", "'diavola'", "2", "true"])
_CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(_OPERANDS, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), _OPERANDS).map(" ".join),
        st.tuples(_OPERANDS, _OPERANDS).map(lambda pair: f"{pair[0]} BETWEEN 1 AND {pair[1]}"),
        st.tuples(_OPERANDS, _OPERANDS).map(lambda pair: f"{pair[0]} IN ('margherita', {pair[1]}, 1)"),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" AND ", " OR "]), inner).map(lambda each: f"({''.join(each)})"),
        inner.map(lambda each: f"NOT {each}"),
    ),
    max_leaves=5,
)


@given(_CONDITIONS)
def test_keys_only_make_a_selection_faster(condition: str) -> None:
    """What is selected by keys and conditions is what the conditions hold for, one by one."""
    parsed = parse_statement(f"SELECT * FROM Slices WHERE {condition}")
    statement = parsed.statement
    assert isinstance(statement, Select)
    assert statement.condition is not None
    holds = statement.condition.holds

    async def select() -> None:
        async with dynamodb() as ask:
            await with_slices(ask)
            everything = await items(ask, "SELECT * FROM Slices")
            try:
                found = await items(ask, f"SELECT * FROM Slices WHERE {condition}")
            except ServiceError as error:
                # A key is compared with a value that no key has.
                if not error.message.endswith("Condition parameter type does not match schema type"):
                    raise
                return
            wanted = [each for each in everything if holds(each, parsed.values)]
            assert sorted(map(str, found)) == sorted(map(str, wanted))

    asyncio.run(select())


# Several statements


async def test_a_batch_answers_each_statement() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await run(ask, "INSERT INTO Orders VALUE {'orderId': '1', 'n': 1}")
        written = await ask(
            "BatchExecuteStatement",
            Statements=[
                {"Statement": "INSERT INTO Orders VALUE {'orderId': ?}", "Parameters": [text("2")]},
                {"Statement": "INSERT INTO Orders VALUE {'orderId': '1'}"},
                {
                    "Statement": "UPDATE Orders SET a = 1 WHERE orderId = '1' AND n = 2",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                },
                {"Statement": "DELETE FROM Nowhere WHERE orderId = '1'"},
                {"Statement": "DELETE FROM Orders WHERE n = 1"},
                {"Statement": "UPDATE Orders SET n = 2 WHERE orderId = '1' RETURNING ALL NEW *"},
            ],
            ReturnConsumedCapacity="TOTAL",
        )
        assert [each.get("Error", {}).get("Code") for each in written["Responses"]] == [
            None,
            "DuplicateItem",
            "ConditionalCheckFailed",
            "ResourceNotFound",
            "ValidationError",
            None,
        ]
        assert written["Responses"][2]["Error"]["Item"] == {"orderId": text("1"), "n": number(1)}
        assert written["Responses"][5] == {"TableName": "Orders", "Item": {"orderId": text("1"), "n": number(2)}}
        assert written["ConsumedCapacity"] == [{"TableName": "Orders", "CapacityUnits": 2.0}]
        read = await ask(
            "BatchExecuteStatement",
            Statements=[
                {"Statement": "SELECT n FROM Orders WHERE orderId = '1'"},
                {"Statement": "SELECT * FROM Orders WHERE orderId = '2' AND n = 1"},
                {"Statement": "SELECT * FROM Orders WHERE n = 1"},
            ],
        )
        assert read["Responses"][0] == {"TableName": "Orders", "Item": {"n": number(2)}}
        assert read["Responses"][1] == {"TableName": "Orders"}
        assert read["Responses"][2]["Error"]["Code"] == "ValidationError"
        mixed = [{"Statement": "SELECT * FROM Orders"}, {"Statement": "DELETE FROM Orders WHERE orderId = '1'"}]
        assert "cannot be mixed" in await ask.fails("BatchExecuteStatement", Statements=mixed)
        assert "cannot be mixed" in await ask.fails("ExecuteTransaction", TransactStatements=mixed)


async def test_a_transaction_is_done_wholly_or_not_at_all() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        await run(ask, "INSERT INTO Orders VALUE {'orderId': '1', 'n': 1}")
        statements = [
            {"Statement": "INSERT INTO Orders VALUE {'orderId': '2'}"},
            {"Statement": "EXISTS(SELECT * FROM Orders WHERE orderId = '1' AND n = 1)"},
        ]
        again = [*statements, {"Statement": "UPDATE Orders SET n = 2 WHERE orderId = '3'"}]
        failed = await ask.fails("ExecuteTransaction", TransactStatements=again)
        assert failed.endswith("[None, None, ConditionalCheckFailed]")
        token = {"ClientRequestToken": "once"}
        for _ in range(2):
            await ask("ExecuteTransaction", TransactStatements=statements, **token)
        assert len(await items(ask, "SELECT * FROM Orders")) == 2
        failed = await ask.fails("ExecuteTransaction", TransactStatements=statements)
        assert failed.endswith("[DuplicateItem, None]")
        read = await ask(
            "ExecuteTransaction",
            TransactStatements=[
                {"Statement": "SELECT n FROM Orders WHERE orderId = '1'"},
                {"Statement": "SELECT * FROM Orders WHERE orderId = '9'"},
            ],
        )
        assert read == {"Responses": [{"Item": {"n": number(1)}}, {}]}
        twice = [{"Statement": "DELETE FROM Orders WHERE orderId = '1'"}] * 2
        assert "multiple operations on one item" in await ask.fails("ExecuteTransaction", TransactStatements=twice)
        alone = [{"Statement": "EXISTS(SELECT * FROM Orders WHERE orderId = '1')"}]
        assert "EXISTS needs a condition" in await ask.fails("ExecuteTransaction", TransactStatements=alone)
