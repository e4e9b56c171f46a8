"""
Streams of tables.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

import base64
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from tests.dynamodb.service import NOON, Service, dynamodb

MARGHERITA: JSON = {"orderId": {"S": "1"}, "pizza": {"S": "margherita"}}
DIAVOLA: JSON = {"orderId": {"S": "1"}, "pizza": {"S": "diavola"}}
KEY: JSON = {"orderId": {"S": "1"}}


async def streamed(ask: Service, view_type: str = "NEW_AND_OLD_IMAGES") -> str:
    """Make Orders with a stream, and give that one's ARN."""
    await ask.orders(StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type})
    return await latest(ask)


async def latest(ask: Service) -> str:
    arn: str = (await ask("DescribeTable", TableName="Orders"))["Table"]["LatestStreamArn"]
    return arn


async def put(ask: Service, item: JSON = MARGHERITA) -> None:
    await ask("PutItem", TableName="Orders", Item=item)


async def shard(ask: Service, arn: str) -> JSON:
    [shard] = (await ask("DescribeStream", StreamArn=arn))["StreamDescription"]["Shards"]
    return shard


async def iterator(ask: Service, arn: str, kind: str = "TRIM_HORIZON", **more: str) -> str:
    shard_id = (await shard(ask, arn))["ShardId"]
    asked = await ask("GetShardIterator", StreamArn=arn, ShardId=shard_id, ShardIteratorType=kind, **more)
    made: str = asked["ShardIterator"]
    return made


async def records(ask: Service, arn: str, kind: str = "TRIM_HORIZON", **more: str) -> list[JSON]:
    read: list[JSON] = (await ask("GetRecords", ShardIterator=await iterator(ask, arn, kind, **more)))["Records"]
    return read


async def changes(ask: Service) -> None:
    """Put an item, change it, put it again as it is, and delete it twice."""
    await put(ask)
    await put(ask, DIAVOLA)
    await put(ask, DIAVOLA)
    for _ in range(2):
        await ask("DeleteItem", TableName="Orders", Key=KEY)


async def test_a_stream_tells_of_each_change() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        await changes(ask)
        told = await records(ask, arn)
        assert [each["eventName"] for each in told] == ["INSERT", "MODIFY", "REMOVE"]
        inserted = told[0]
        assert len({each["eventID"] for each in told}) == 3
        assert len(inserted.pop("eventID")) == 32
        assert inserted == {
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": int(NOON.timestamp()),
                "Keys": KEY,
                "NewImage": MARGHERITA,
                "SequenceNumber": "100000000000000000001",
                "SizeBytes": 8 + 8 + 15,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
        assert told[1]["dynamodb"]["OldImage"] == MARGHERITA
        assert told[1]["dynamodb"]["NewImage"] == DIAVOLA


@pytest.mark.parametrize(
    ("view_type", "images"),
    [
        ("KEYS_ONLY", [(None, None)] * 3),
        ("NEW_IMAGE", [(None, MARGHERITA), (None, DIAVOLA), (None, None)]),
        ("OLD_IMAGE", [(None, None), (MARGHERITA, None), (DIAVOLA, None)]),
        ("NEW_AND_OLD_IMAGES", [(None, MARGHERITA), (MARGHERITA, DIAVOLA), (DIAVOLA, None)]),
    ],
)
async def test_a_view_type_says_what_is_told(view_type: str, images: list[tuple[JSON, JSON]]) -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask, view_type)
        await changes(ask)
        told = [each["dynamodb"] for each in await records(ask, arn)]
        assert [(each.get("OldImage"), each.get("NewImage")) for each in told] == images
        assert {each["StreamViewType"] for each in told} == {view_type}


async def test_every_way_to_write_is_told() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        await ask("BatchWriteItem", RequestItems={"Orders": [{"PutRequest": {"Item": MARGHERITA}}]})
        await ask(
            "UpdateItem",
            TableName="Orders",
            Key=KEY,
            UpdateExpression="SET pizza = :pizza",
            ExpressionAttributeValues={":pizza": {"S": "diavola"}},
        )
        other = {"orderId": {"S": "2"}}
        await ask(
            "TransactWriteItems",
            TransactItems=[
                {"Delete": {"TableName": "Orders", "Key": KEY}},
                {"Put": {"TableName": "Orders", "Item": other}},
            ],
        )
        told = [(each["eventName"], each["dynamodb"]["Keys"]) for each in await records(ask, arn)]
        assert told == [("INSERT", KEY), ("MODIFY", KEY), ("REMOVE", KEY), ("INSERT", other)]


async def test_a_write_that_is_refused_is_not_told() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        await ask.fails("PutItem", TableName="Orders", Item=KEY, ConditionExpression="attribute_exists(orderId)")
        assert await records(ask, arn) == []


async def test_what_ttl_deletes_is_marked() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        ttl = {"AttributeName": "ttl", "Enabled": True}
        await ask("UpdateTimeToLive", TableName="Orders", TimeToLiveSpecification=ttl)
        await put(ask, MARGHERITA | {"ttl": {"N": str(int(NOON.timestamp()) + 60)}})
        await ask.advance(minutes=2)
        inserted, removed = await records(ask, arn)
        assert "userIdentity" not in inserted
        assert removed["eventName"] == "REMOVE"
        assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


async def test_a_stream_is_read_from_any_place() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        await changes(ask)
        second = (await records(ask, arn))[1]["dynamodb"]["SequenceNumber"]

        async def names(kind: str, **more: str) -> list[str]:
            return [each["eventName"] for each in await records(ask, arn, kind, **more)]

        assert await names("AT_SEQUENCE_NUMBER", SequenceNumber=second) == ["MODIFY", "REMOVE"]
        assert await names("AFTER_SEQUENCE_NUMBER", SequenceNumber=second) == ["REMOVE"]
        assert await names("LATEST") == []


async def test_pages_follow_each_other() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        place = await iterator(ask, arn, "LATEST")
        await changes(ask)
        seen = []
        for _ in range(4):
            page = await ask("GetRecords", ShardIterator=place, Limit=1)
            seen.append([each["eventName"] for each in page["Records"]])
            place = page["NextShardIterator"]
        assert seen == [["INSERT"], ["MODIFY"], ["REMOVE"], []]


async def test_a_page_has_a_megabyte_at_most() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask, "NEW_IMAGE")
        for number in range(4):
            await put(ask, {"orderId": {"S": str(number)}, "text": {"S": "x" * 300_000}})
        page = await ask("GetRecords", ShardIterator=await iterator(ask, arn))
        assert len(page["Records"]) == 3
        rest = await ask("GetRecords", ShardIterator=page["NextShardIterator"])
        assert len(rest["Records"]) == 1


async def test_a_stream_that_is_disabled_ends_and_can_be_read_for_a_day() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        await put(ask)
        await ask("UpdateTable", TableName="Orders", StreamSpecification={"StreamEnabled": False})
        await put(ask, DIAVOLA)
        table = (await ask("DescribeTable", TableName="Orders"))["Table"]
        assert "StreamSpecification" not in table
        description = (await ask("DescribeStream", StreamArn=arn))["StreamDescription"]
        assert description["StreamStatus"] == "DISABLED"
        assert "EndingSequenceNumber" in description["Shards"][0]["SequenceNumberRange"]
        page = await ask("GetRecords", ShardIterator=await iterator(ask, arn))
        assert [each["eventName"] for each in page["Records"]] == ["INSERT"]
        assert "NextShardIterator" not in page
        await ask.advance(hours=25)
        assert await ask.fails("DescribeStream", StreamArn=arn) == (
            f"ResourceNotFoundException: Requested resource not found: Stream: {arn} not found"
        )


async def test_a_table_has_another_stream_each_time() -> None:
    async with dynamodb() as ask:
        first = await streamed(ask)
        await ask("UpdateTable", TableName="Orders", StreamSpecification={"StreamEnabled": False})
        on: JSON = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        await ask("UpdateTable", TableName="Orders", StreamSpecification=on)
        second = await latest(ask)
        await put(ask)
        assert first != second
        assert await records(ask, first) == []
        assert len(await records(ask, second)) == 1
        listed = await ask("ListStreams", TableName="Orders", Limit=1)
        assert [each["StreamArn"] for each in listed["Streams"]] == [first]
        listed = await ask("ListStreams", ExclusiveStartStreamArn=listed["LastEvaluatedStreamArn"])
        assert listed == {
            "Streams": [{"StreamArn": second, "TableName": "Orders", "StreamLabel": second.rpartition("/")[2]}]
        }


async def test_a_deleted_table_leaves_its_stream() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        await put(ask)
        await ask("DeleteTable", TableName="Orders")
        assert [each["eventName"] for each in await records(ask, arn)] == ["INSERT"]


async def test_records_are_kept_for_a_day() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        await put(ask)
        number = (await records(ask, arn))[0]["dynamodb"]["SequenceNumber"]
        await ask.advance(hours=25)
        assert await records(ask, arn) == []
        await put(ask, DIAVOLA)
        assert [each["eventName"] for each in await records(ask, arn)] == ["MODIFY"]
        shard_id = (await shard(ask, arn))["ShardId"]
        past = {"StreamArn": arn, "ShardId": shard_id, "ShardIteratorType": "AT_SEQUENCE_NUMBER"}
        assert (await ask.fails("GetShardIterator", **past, SequenceNumber=number)).startswith(
            "TrimmedDataAccessException: "
        )


async def test_streams_are_there_after_a_restart(tmp_path: Path) -> None:
    async with dynamodb(tmp_path / "state.db") as ask:
        closed = await streamed(ask)
        await put(ask)
        await ask("UpdateTable", TableName="Orders", StreamSpecification={"StreamEnabled": False})
        on: JSON = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        await ask("UpdateTable", TableName="Orders", StreamSpecification=on)
        await put(ask, DIAVOLA)
        opened = await latest(ask)
        before = [await records(ask, arn) for arn in (closed, opened)]
    async with dynamodb(tmp_path / "state.db") as ask:
        assert await latest(ask) == opened
        assert [await records(ask, arn) for arn in (closed, opened)] == before
        await ask("DeleteItem", TableName="Orders", Key=KEY)
        assert [each["eventName"] for each in await records(ask, opened)] == ["MODIFY", "REMOVE"]


async def test_faults_are_told() -> None:
    async with dynamodb() as ask:
        arn = await streamed(ask)
        on: JSON = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        assert "already has an enabled stream" in await ask.fails(
            "UpdateTable", TableName="Orders", StreamSpecification=on
        )
        await ask.create_table("Plain", {"id": "S"})
        assert "already disabled" in await ask.fails(
            "UpdateTable", TableName="Plain", StreamSpecification={"StreamEnabled": False}
        )
        shard_id = (await shard(ask, arn))["ShardId"]
        place: JSON = {"StreamArn": arn, "ShardId": shard_id}
        for parameters, error in (
            (place | {"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "ValidationException: Missing"),
            (
                place | {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "x" * 21},
                "ValidationException: Invalid SequenceNumber",
            ),
            (
                place | {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "4421584500000000017450439092"},
                "ValidationException: Invalid SequenceNumber: 4421584500000000017450439092",
            ),
            (
                place | {"ShardIteratorType": "LATEST", "SequenceNumber": "1" * 21},
                "ValidationException: Invalid combination",
            ),
            (
                place | {"ShardIteratorType": "LATEST", "ShardId": "shardId-0000000000000000000000"},
                "ResourceNotFoundException: Requested resource not found: Shard",
            ),
            (place | {"ShardIteratorType": "LAST"}, "ValidationException: 1 validation error detected"),
        ):
            assert (await ask.fails("GetShardIterator", **parameters)).startswith(error)
        after = base64.b64encode(b"[1e30,0]").decode()
        for wrong in ("x", f"{arn}|1|", f"{arn}|1|AAAA", f"{arn}|1|{after}", f"{arn}|1|bnVsbA=="):
            assert await ask.fails("GetRecords", ShardIterator=wrong) == "ValidationException: Invalid ShardIterator"
        old = await iterator(ask, arn)
        await ask.advance(minutes=16)
        assert (await ask.fails("GetRecords", ShardIterator=old)).startswith("ExpiredIteratorException: ")
