"""
What requests consume of tables and indexes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations
"""

import pytest

from pizzabar.documents import JSON
from tests.dynamodb.service import Service, dynamodb
from tests.dynamodb.test_indexes import music, song

ASKED = {"ReturnConsumedCapacity": "INDEXES"}
OF_MUSIC = {"TableName": "Music", **ASKED}
PLAIN = song("a", "t")
IN_GENRE = song("a", "t", genre="g", price=1)
IN_ALL = song("a", "t", genre="g", price=1, year=1)
LONG = "x" * 1500


def told(table: float, genre: float = 0, year: float = 0) -> JSON:
    """Give what is told of a request on the table of songs."""
    parts: dict[str, JSON] = {"Table": {"CapacityUnits": table}}
    if genre:
        parts["GlobalSecondaryIndexes"] = {"by-genre": {"CapacityUnits": genre}}
    if year:
        parts["LocalSecondaryIndexes"] = {"by-year": {"CapacityUnits": year}}
    return {"TableName": "Music", "CapacityUnits": table + genre + year, **parts}


async def put(ask: Service, item: JSON) -> JSON:
    return (await ask("PutItem", Item=item, **OF_MUSIC))["ConsumedCapacity"]


@pytest.mark.parametrize(
    ("before", "after", "consumed"),
    [
        (None, PLAIN, told(1)),
        (None, IN_GENRE, told(1, 1)),
        (None, IN_ALL, told(1, 1, 1)),
        # What an index does not have of an item is none of its business.
        (IN_GENRE, IN_GENRE | {"other": {"S": LONG}}, told(2)),
        (IN_GENRE, IN_GENRE | {"label": {"S": LONG}}, told(2, 2)),
        (IN_GENRE | {"label": {"S": LONG}}, IN_GENRE, told(2, 2)),
        # An entry with another key is deleted and put; one without a key is deleted.
        (IN_GENRE, song("a", "t", genre="g", price=2), told(1, 2)),
        (IN_GENRE | {"label": {"S": LONG}}, song("a", "t", genre="h", price=1), told(2, 3)),
        (IN_ALL, PLAIN, told(1, 1, 1)),
    ],
)
async def test_a_write_consumes_what_it_changes_in_each_index(before: JSON, after: JSON, consumed: JSON) -> None:
    async with dynamodb() as ask:
        await music(ask)
        if before is not None:
            await ask("PutItem", TableName="Music", Item=before)

        assert await put(ask, after) == consumed

        total = (await ask("PutItem", TableName="Music", Item=after, ReturnConsumedCapacity="TOTAL"))[
            "ConsumedCapacity"
        ]
        assert total.keys() == {"TableName", "CapacityUnits"}


async def test_updates_and_deletes_consume_of_indexes() -> None:
    async with dynamodb() as ask:
        await music(ask)
        await put(ask, IN_GENRE)
        change = {"UpdateExpression": "SET price = :n", "ExpressionAttributeValues": {":n": {"N": "3"}}}

        updated = await ask("UpdateItem", Key=PLAIN, **change, **OF_MUSIC)
        deleted = await ask("DeleteItem", Key=PLAIN, **OF_MUSIC)

        assert updated["ConsumedCapacity"] == told(1, 2)
        assert deleted["ConsumedCapacity"] == told(1, 1)


async def test_a_read_consumes_of_what_is_read() -> None:
    async with dynamodb() as ask:
        await music(ask)
        # By the index, neither of what it does not have of an item.
        await put(ask, IN_ALL | {"other": {"S": "x" * 9000}})
        by_genre = {
            "IndexName": "by-genre",
            "KeyConditionExpression": "genre = :v",
            "ExpressionAttributeValues": {":v": {"S": "g"}},
        }

        queried = await ask("Query", **by_genre, **OF_MUSIC)
        scanned = await ask("Scan", IndexName="by-year", ConsistentRead=True, **OF_MUSIC)
        whole = await ask("Scan", **OF_MUSIC)
        stated = await ask(
            "ExecuteStatement", Statement='SELECT * FROM "Music"."by-genre" WHERE genre = \'g\'', **ASKED
        )

        assert queried["ConsumedCapacity"] == told(0, 0.5)
        assert scanned["ConsumedCapacity"] == told(0, 0, 1)
        assert whole["ConsumedCapacity"] == told(1.5)
        assert stated["ConsumedCapacity"] == told(0, 0.5)


async def test_several_requests_consume_together() -> None:
    async with dynamodb() as ask:
        await music(ask)
        other = song("b", "t", genre="g", price=1)
        puts = [{"PutRequest": {"Item": each}} for each in (IN_ALL, other)]
        deletes = [{"DeleteRequest": {"Key": each}} for each in (PLAIN, song("b", "t"))]
        transacted = [{"Put": {"TableName": "Music", "Item": IN_ALL}}]

        written = await ask("BatchWriteItem", RequestItems={"Music": puts}, **ASKED)
        gone = await ask("BatchWriteItem", RequestItems={"Music": deletes}, **ASKED)
        at_once = await ask("TransactWriteItems", TransactItems=transacted, ClientRequestToken="t", **ASKED)
        again = await ask("TransactWriteItems", TransactItems=transacted, ClientRequestToken="t", **ASKED)

        assert written["ConsumedCapacity"] == [told(2, 2, 1)]
        assert gone["ConsumedCapacity"] == [told(2, 2, 1)]
        assert at_once["ConsumedCapacity"] == [told(2, 1, 2)]
        assert again["ConsumedCapacity"] == [told(0)]
