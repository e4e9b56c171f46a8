"""
Secondary indexes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
"""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.documents import JSON
from tests.dynamodb.service import Service, dynamodb


def schema(*keys: str) -> list[JSON]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def index(name: str, *keys: str, projection: str = "ALL", **included: JSON) -> JSON:
    return {"IndexName": name, "KeySchema": schema(*keys), "Projection": {"ProjectionType": projection, **included}}


def definition(**more: JSON) -> dict[str, JSON]:
    """Define a table of songs: by artist and title, by genre and price, and by artist and year."""
    types = {"artist": "S", "title": "S", "genre": "S", "price": "N", "year": "N"}
    given: dict[str, JSON] = {
        "TableName": "Music",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": schema("artist", "title"),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
        "GlobalSecondaryIndexes": [
            index("by-genre", "genre", "price", projection="INCLUDE", NonKeyAttributes=["label"])
        ],
        "LocalSecondaryIndexes": [index("by-year", "artist", "year", projection="KEYS_ONLY")],
    }
    return given | more


async def music(ask: Service, **more: JSON) -> None:
    """Make the table."""
    await ask("CreateTable", **definition(**more))


def song(artist: str, title: str, **more: str | int) -> JSON:
    values = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in more.items()}
    return {"artist": {"S": artist}, "title": {"S": title}, **values}


async def put(ask: Service, *songs: JSON) -> None:
    for each in songs:
        await ask("PutItem", TableName="Music", Item=each)


async def titles(ask: Service, operation: str = "Query", **more: Any) -> list[str]:
    answer = await ask(operation, TableName="Music", **more)
    return [item["title"]["S"] for item in answer["Items"]]


def genre(name: str, **more: Any) -> dict[str, Any]:
    """Ask for the songs of a genre."""
    given = {"KeyConditionExpression": "genre = :g", "ExpressionAttributeValues": {":g": {"S": name}}}
    return {"IndexName": "by-genre", **given, **more}


async def test_items_are_found_by_the_keys_of_an_index() -> None:
    async with dynamodb() as ask:
        await music(ask)
        await put(
            ask,
            song("a", "1", genre="rock", price=3),
            song("a", "2", genre="rock", price=-1),
            song("b", "3", genre="rock", price=10),
            song("b", "4", genre="jazz", price=2),
        )

        assert await titles(ask, **genre("rock")) == ["2", "1", "3"]
        assert await titles(ask, **genre("rock", ScanIndexForward=False)) == ["3", "1", "2"]
        more = genre("rock")
        more["KeyConditionExpression"] += " AND price > :p"
        more["ExpressionAttributeValues"][":p"] = {"N": "-1"}
        assert await titles(ask, **more) == ["1", "3"]
        assert sorted(await titles(ask, "Scan", IndexName="by-genre")) == ["1", "2", "3", "4"]


async def test_an_item_without_the_keys_is_not_in_the_index() -> None:
    async with dynamodb() as ask:
        await music(ask)
        await put(ask, song("a", "1", genre="rock"), song("a", "2", price=1), song("a", "3", genre="rock", price=1))

        assert await titles(ask, **genre("rock")) == ["3"]
        remove = {"TableName": "Music", "Key": song("a", "3"), "UpdateExpression": "REMOVE price"}
        await ask("UpdateItem", **remove)
        assert await titles(ask, **genre("rock")) == []
        value = {":p": {"N": "2"}}
        set_ = {"UpdateExpression": "SET price = :p", "ExpressionAttributeValues": value}
        await ask("UpdateItem", TableName="Music", Key=song("a", "1"), **set_)
        assert await titles(ask, **genre("rock")) == ["1"]
        await ask("DeleteItem", TableName="Music", Key=song("a", "1"))
        assert await titles(ask, **genre("rock")) == []


async def test_an_index_gives_what_it_projects() -> None:
    async with dynamodb() as ask:
        await music(ask)
        whole = song("a", "1", genre="rock", price=1, label="x", text="long", year=1999)
        await put(ask, whole)

        def only(*names: str) -> list[JSON]:
            return [{name: whole[name] for name in ("artist", "title", *names)}]

        assert (await ask("Query", TableName="Music", **genre("rock")))["Items"] == only("genre", "price", "label")
        specific = await ask("Query", TableName="Music", **genre("rock", ProjectionExpression="label"))
        assert specific["Items"] == [{"label": {"S": "x"}}]
        counted = await ask("Query", TableName="Music", **genre("rock", Select="COUNT"))
        assert (counted["Count"], "Items" in counted) == (1, False)

        by_year = {
            "IndexName": "by-year",
            "KeyConditionExpression": "artist = :a",
            "ExpressionAttributeValues": {":a": {"S": "a"}},
            "ConsistentRead": True,
        }
        assert (await ask("Query", TableName="Music", **by_year))["Items"] == only("year")
        # A local index fetches from its table what it does not have.
        assert (await ask("Query", TableName="Music", **by_year, Select="ALL_ATTRIBUTES"))["Items"] == [whole]
        fetched = await ask("Query", TableName="Music", **by_year, ProjectionExpression="label")
        assert fetched["Items"] == [{"label": {"S": "x"}}]


async def test_pages_of_an_index_go_on_by_both_keys() -> None:
    async with dynamodb() as ask:
        await music(ask)
        await put(ask, *(song(artist, title, genre="rock", price=1) for artist in "ab" for title in "123"))
        for operation, forward in (("Query", True), ("Query", False), ("Scan", True)):
            found: list[str] = []
            start: JSON = {}
            while True:
                given = genre("rock", ScanIndexForward=forward) if operation == "Query" else {"IndexName": "by-genre"}
                answer = await ask(operation, TableName="Music", Limit=2, **given, **start)
                found += [item["artist"]["S"] + item["title"]["S"] for item in answer["Items"]]
                if "LastEvaluatedKey" not in answer:
                    break
                assert answer["LastEvaluatedKey"].keys() == {"artist", "title", "genre", "price"}
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            assert found == sorted(found, reverse=not forward)
            assert len(found) == 6


async def test_an_index_that_is_added_has_the_items_and_one_that_is_deleted_is_gone() -> None:
    async with dynamodb() as ask:
        await music(ask)
        await put(ask, song("a", "1", label="x"), song("a", "2"), {**song("a", "3"), "label": {"N": "5"}})
        await put(ask, song("a", "4", label="x" * 2049))
        create = {"Create": index("by-label", "label")}
        definitions = [{"AttributeName": "label", "AttributeType": "S"}]

        await ask(
            "UpdateTable", TableName="Music", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[create]
        )

        # Items that were there before, and whose attribute cannot be a key, are left out.
        assert await titles(ask, "Scan", IndexName="by-label") == ["1"]
        table = (await ask("DescribeTable", TableName="Music"))["Table"]
        described = {each["IndexName"]: each for each in table["GlobalSecondaryIndexes"]}
        assert described["by-label"]["ItemCount"] == 1
        assert described["by-label"]["IndexStatus"] == "ACTIVE"
        assert {each["AttributeName"] for each in table["AttributeDefinitions"]} >= {"label", "genre"}

        delete = [{"Delete": {"IndexName": "by-label"}}]
        await ask("UpdateTable", TableName="Music", GlobalSecondaryIndexUpdates=delete)
        missing = await ask.fails("Scan", TableName="Music", IndexName="by-label")
        assert missing == "ValidationException: The table does not have the specified index: by-label"
        assert await titles(ask, "Scan") == ["1", "2", "3", "4"]


async def test_the_description_of_indexes() -> None:
    async with dynamodb() as ask:
        await music(ask)
        await put(ask, song("a", "1", genre="rock", price=1))
        table = (await ask("DescribeTable", TableName="Music"))["Table"]

        [by_genre], [by_year] = table["GlobalSecondaryIndexes"], table["LocalSecondaryIndexes"]
        assert by_genre["KeySchema"] == schema("genre", "price")
        assert by_genre["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["label"]}
        assert by_genre["IndexArn"] == f"{table['TableArn']}/index/by-genre"
        assert (by_genre["ItemCount"], by_genre["IndexSizeBytes"] > 0) == (1, True)
        assert (by_year["ItemCount"], "IndexStatus" in by_year) == (0, False)


async def test_items_that_expire_leave_the_index() -> None:
    async with dynamodb() as ask:
        await music(ask)
        ttl = {"AttributeName": "ends", "Enabled": True}
        await ask("UpdateTimeToLive", TableName="Music", TimeToLiveSpecification=ttl)
        ends = int(ask.clock.now().timestamp()) + 5
        await put(ask, song("a", "1", genre="rock", price=1, ends=ends), song("a", "2", genre="rock", price=2))

        await ask.advance(seconds=10)

        assert await titles(ask, **genre("rock")) == ["2"]


@pytest.mark.parametrize(
    ("operation", "given", "message"),
    [
        (
            "Query",
            genre("rock", ConsistentRead=True),
            "Consistent reads are not supported on global",
        ),
        ("Query", genre("rock", IndexName="nothing"), "The table does not have the specified index: nothing"),
        ("Query", genre("rock", Select="ALL_ATTRIBUTES"), "because its projection type is not ALL"),
        (
            "Query",
            genre("rock", ProjectionExpression="lyrics"),
            "Global secondary index by-genre does not project [lyrics]",
        ),
        ("Query", genre("rock", ExclusiveStartKey=song("a", "1")), "The provided starting key is invalid"),
        (
            "Query",
            genre("rock", ExclusiveStartKey=song("a", "1", genre="jazz", price=1)),
            "The provided starting key is outside query boundaries",
        ),
        (
            "Query",
            genre("rock", FilterExpression="price = :g"),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: price",
        ),
        ("PutItem", {"Item": song("a", "1", genre=5)}, "Type mismatch for Index Key genre Expected: S Actual: N"),
        ("PutItem", {"Item": song("a", "1", genre="")}, "IndexName: by-genre, IndexKey: genre"),
        (
            "PutItem",
            {"Item": song("a", "1", genre="x" * 2049)},
            "Size limit exceeded for Index Key genre Actual Size: 2049 bytes Max Size: 2048 bytes IndexName: by-",
        ),
        (
            "UpdateItem",
            {
                "Key": song("a", "1"),
                "UpdateExpression": "SET price = :p",
                "ExpressionAttributeValues": {":p": {"S": "x"}},
            },
            "Type mismatch for Index Key price Expected: N Actual: S IndexName: by-genre",
        ),
        ("UpdateTable", {}, "At least one of ProvisionedThroughput, BillingMode"),
        (
            "UpdateTable",
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "nothing"}}]},
            "ResourceNotFoundException: Requested resource not found",
        ),
        (
            "UpdateTable",
            {"GlobalSecondaryIndexUpdates": [{"Create": index("by-mood", "mood")}]},
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [mood]",
        ),
        ("UpdateTable", {"GlobalSecondaryIndexUpdates": [{}]}, "must not be null"),
        (
            "UpdateTable",
            {"GlobalSecondaryIndexUpdates": [{"Create": index("one", "artist")}, {"Create": index("two", "artist")}]},
            "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted",
        ),
        (
            "UpdateTable",
            {"GlobalSecondaryIndexUpdates": [{"Create": index("by-genre", "artist")}]},
            "Duplicate index name",
        ),
    ],
)
async def test_what_is_refused(operation: str, given: Any, message: str) -> None:
    async with dynamodb() as ask:
        await music(ask)

        assert message in await ask.fails(operation, TableName="Music", **given)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"GlobalSecondaryIndexes": []}, "List of GlobalSecondaryIndexes is empty"),
        ({"GlobalSecondaryIndexes": [index("abc", "genre")] * 2}, "Duplicate index name: abc"),
        (
            {"GlobalSecondaryIndexes": [index("abc", "genre", projection="INCLUDE")]},
            "NonKeyAttributes is not specified",
        ),
        (
            {"GlobalSecondaryIndexes": [index("abc", "genre", NonKeyAttributes=["a"])]},
            "NonKeyAttributes is specified",
        ),
        ({"GlobalSecondaryIndexes": [index("abc", "nowhere")]}, "Some index key attributes are not defined"),
        ({"GlobalSecondaryIndexes": [{**index("abc", "genre"), "Projection": {}}]}, "Unknown ProjectionType: null"),
        ({"GlobalSecondaryIndexes": [{"IndexName": "ab"}]}, "Member must have length greater than or equal to 3"),
        ({"LocalSecondaryIndexes": [index("abc", "genre", "year")]}, "the same leading hash key as table KeySchema"),
        ({"LocalSecondaryIndexes": [index("abc", "artist")]}, "does not have a range key for index: abc"),
        ({"LocalSecondaryIndexes": [index(f"abc{n}", "artist", "year") for n in range(6)]}, "per-table limit of 5"),
        ({"KeySchema": schema("artist")}, "Table KeySchema does not have a range key"),
    ],
)
async def test_what_is_no_definition(more: Any, message: str) -> None:
    async with dynamodb() as ask:
        assert message in await ask.fails("CreateTable", **definition(**more))


async def test_tags_and_settings_of_a_table_are_kept() -> None:
    async with dynamodb() as ask:
        await music(ask, Tags=[{"Key": "a", "Value": "1"}])
        arn = (await ask("DescribeTable", TableName="Music"))["Table"]["TableArn"]
        await ask("TagResource", ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}])
        await ask("UntagResource", ResourceArn=arn, TagKeys=["b"])
        assert await ask("ListTagsOfResource", ResourceArn=arn) == {"Tags": [{"Key": "a", "Value": "3"}]}
        assert "ResourceNotFoundException" in await ask.fails("ListTagsOfResource", ResourceArn=f"{arn}x")

        throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
        updated = await ask(
            "UpdateTable",
            TableName="Music",
            BillingMode="PROVISIONED",
            ProvisionedThroughput=throughput,
            DeletionProtectionEnabled=True,
        )
        described = updated["TableDescription"]
        assert described["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
        assert "protected against deletion" in await ask.fails("DeleteTable", TableName="Music")
        assert (await ask("DescribeLimits"))["TableMaxReadCapacityUnits"] == 40_000


writes = st.lists(
    st.tuples(
        st.sampled_from(["put", "update", "delete", "transact"]),
        st.sampled_from("ab"),
        st.sampled_from("12"),
        st.sampled_from(["rock", "jazz", None]),
        st.sampled_from([1, 2, None]),
    ),
    max_size=15,
)


@settings(max_examples=60, deadline=None)
@given(writes)
def test_an_index_says_what_the_table_does(writes: list[tuple[str, str, str, str | None, int | None]]) -> None:
    async def story() -> None:
        async with dynamodb() as ask:
            await music(ask)
            for operation, artist, title, kind, price in writes:
                more = {name: value for name, value in (("genre", kind), ("price", price)) if value is not None}
                key = song(artist, title)
                match operation:
                    case "put":
                        await put(ask, song(artist, title, **more))
                    case "update":
                        if more:
                            names = {f"#{name}": name for name in more}
                            values = {f":{name}": song("", "", **{name: value})[name] for name, value in more.items()}
                            text = "SET " + ", ".join(f"#{name} = :{name}" for name in more)
                            await ask(
                                "UpdateItem",
                                TableName="Music",
                                Key=key,
                                UpdateExpression=text,
                                ExpressionAttributeNames=names,
                                ExpressionAttributeValues=values,
                            )
                    case "delete":
                        await ask("DeleteItem", TableName="Music", Key=key)
                    case _:
                        item = {"TableName": "Music", "Item": song(artist, title, **more)}
                        other = {"TableName": "Music", "Key": song("c", "c")}
                        await ask("TransactWriteItems", TransactItems=[{"Put": item}, {"Delete": other}])
            items = (await ask("Scan", TableName="Music"))["Items"]
            wanted = [item for item in items if "genre" in item and "price" in item]
            found = (await ask("Scan", TableName="Music", IndexName="by-genre"))["Items"]
            assert sorted(map(str, found)) == sorted(map(str, wanted))

    asyncio.run(story())


# Item collections


def collection(artist: str) -> JSON:
    return {"ItemCollectionKey": {"artist": {"S": artist}}, "SizeEstimateRangeGB": [0.0, 1.0]}


async def test_writes_tell_of_the_collections_that_they_are_to() -> None:
    size = {"ReturnItemCollectionMetrics": "SIZE"}
    async with dynamodb() as ask:
        await music(ask)
        one = {"TableName": "Music", "Key": song("a", "1")}
        told = [
            await ask("PutItem", TableName="Music", Item=song("a", "1"), **size),
            await ask("UpdateItem", **one, **size),
            await ask("DeleteItem", **one, **size),
        ]
        puts = [{"PutRequest": {"Item": song(artist, title)}} for artist, title in ("a1", "a2", "b1")]
        batch = await ask("BatchWriteItem", RequestItems={"Music": puts}, **size)
        check = {**one, "Key": song("b", "1"), "ConditionExpression": "attribute_exists(artist)"}
        actions = [{"ConditionCheck": check}, {"Delete": {**one, "Key": song("a", "2")}}]
        transaction = await ask("TransactWriteItems", TransactItems=actions, **size)
        unasked = await ask("PutItem", TableName="Music", Item=song("a", "1"), ReturnItemCollectionMetrics="NONE")

    assert [each["ItemCollectionMetrics"] for each in told] == [collection("a")] * 3
    assert batch["ItemCollectionMetrics"] == {"Music": [collection("a"), collection("b")]}
    assert transaction["ItemCollectionMetrics"] == {"Music": [collection("a")]}
    assert unasked == {}


async def test_a_table_without_local_indexes_has_no_collections() -> None:
    size = {"ReturnItemCollectionMetrics": "SIZE"}
    async with dynamodb() as ask:
        await ask.orders()

        assert await ask("PutItem", TableName="Orders", Item={"orderId": {"S": "1"}}, **size) == {}
        batch = [{"DeleteRequest": {"Key": {"orderId": {"S": "1"}}}}]
        answer = await ask("BatchWriteItem", RequestItems={"Orders": batch}, **size)
        assert answer["ItemCollectionMetrics"] == {}


async def test_an_update_that_changes_nothing() -> None:
    async with dynamodb() as ask:
        await ask.orders()
        before = (await ask("DescribeTable", TableName="Orders"))["Table"]
        same = await ask("UpdateTable", TableName="Orders", BillingMode=before["BillingModeSummary"]["BillingMode"])
        assert same["TableDescription"] == before
        assert (await ask.fails("UpdateTable", TableName="Nowhere")).startswith(
            "ValidationException: At least one of"
        )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"MultiRegionConsistency": "STRONG"}, "MultiRegionConsistency is not supported"),
        ({"GlobalTableWitnessUpdates": [{}], "BillingMode": "PAY_PER_REQUEST"}, "GlobalTableWitnessUpdates is not"),
        ({"SSESpecification": {"SSEType": "DES"}}, "satisfy enum value set"),
        ({"SSESpecification": {"Enabled": "yes"}}, "SerializationException"),
    ],
)
async def test_what_an_update_does_not_have_is_refused(given: JSON, told: str) -> None:
    async with dynamodb() as ask:
        await ask.orders()

        assert told in await ask.fails("UpdateTable", TableName="Orders", **given)


async def test_an_index_has_at_most_twenty_attributes_besides_its_keys() -> None:
    async with dynamodb() as ask:
        included = [f"a{number}" for number in range(21)]
        told = await ask.fails(
            "CreateTable",
            TableName="Orders",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "all",
                    "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": included},
                }
            ],
        )

        assert "Member must have length less than or equal to 20" in told
