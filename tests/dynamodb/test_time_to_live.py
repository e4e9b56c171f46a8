"""
TTL.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
"""

from pathlib import Path

import pytest

from pizzabar.documents import JSON
from tests.dynamodb.service import NOON, Service, dynamodb

NOW = int(NOON.timestamp())
YEAR = 365 * 86_400


async def sessions(ask: Service) -> None:
    await ask.create_table("Sessions", {"id": "S"})
    await enable(ask)


async def enable(ask: Service, attribute: str = "ttl", *, enabled: bool = True) -> JSON:
    specification = {"AttributeName": attribute, "Enabled": enabled}
    return await ask("UpdateTimeToLive", TableName="Sessions", TimeToLiveSpecification=specification)


async def put(ask: Service, ttl: JSON, session: str = "1") -> None:
    await ask("PutItem", TableName="Sessions", Item={"id": {"S": session}, "ttl": ttl})


async def is_there(ask: Service, session: str = "1") -> bool:
    return "Item" in await ask("GetItem", TableName="Sessions", Key={"id": {"S": session}})


async def test_an_item_is_there_until_its_ttl_has_passed() -> None:
    async with dynamodb() as ask:
        await sessions(ask)
        await put(ask, {"N": str(NOW + 60)})

        await ask.advance(seconds=60)
        assert await is_there(ask)
        await ask.advance(seconds=1)
        assert not await is_there(ask)
        assert (await ask("Scan", TableName="Sessions"))["Count"] == 0


@pytest.mark.parametrize(
    "ttl",
    [
        {"S": str(NOW + 1)},
        {"N": str((NOW + 1) * 1000)},  # milliseconds: the year 58158
        {"N": "1E100"},
        {"N": str(NOW - 5 * YEAR - 1)},
    ],
)
async def test_what_is_no_ttl_never_expires(ttl: JSON) -> None:
    async with dynamodb() as ask:
        await sessions(ask)
        await put(ask, ttl)

        await ask.advance(days=30)

        assert await is_there(ask)
        assert ask.clock.next_call() is None


async def test_an_item_put_after_its_ttl_goes_within_a_second() -> None:
    async with dynamodb() as ask:
        await sessions(ask)
        await put(ask, {"N": str(NOW - YEAR)})

        assert await is_there(ask)
        await ask.advance(seconds=1)
        assert not await is_there(ask)


async def test_a_ttl_put_off_keeps_the_item() -> None:
    async with dynamodb() as ask:
        await sessions(ask)
        await put(ask, {"N": str(NOW + 10)})
        await ask(
            "UpdateItem",
            TableName="Sessions",
            Key={"id": {"S": "1"}},
            UpdateExpression="SET #ttl = #ttl + :more",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":more": {"N": "100"}},
        )

        await ask.advance(seconds=60)
        assert await is_there(ask)
        await ask.advance(seconds=60)
        assert not await is_there(ask)


async def test_items_expire_each_in_its_time() -> None:
    async with dynamodb() as ask:
        await sessions(ask)
        for second in (30, 10, 20):
            await put(ask, {"N": str(NOW + second)}, session=str(second))

        await ask.advance(seconds=21)

        assert [await is_there(ask, session) for session in ("10", "20", "30")] == [False, False, True]


async def test_enabling_ttl_counts_for_the_items_that_are_there() -> None:
    async with dynamodb() as ask:
        await ask.create_table("Sessions", {"id": "S"})
        await put(ask, {"N": str(NOW + 5)})
        await ask.advance(seconds=10)
        assert await is_there(ask)

        await enable(ask)
        await ask.advance(seconds=1)

        assert not await is_there(ask)


async def test_disabling_ttl_keeps_the_items() -> None:
    async with dynamodb() as ask:
        await sessions(ask)
        await put(ask, {"N": str(NOW + 5)})

        await enable(ask, enabled=False)
        await ask.advance(seconds=10)

        assert await is_there(ask)


async def test_ttl_outlives_a_restart(tmp_path: Path) -> None:
    async with dynamodb(tmp_path / "pizzabar.db") as ask:
        await sessions(ask)
        await put(ask, {"N": str(NOW + 5)})
    async with dynamodb(tmp_path / "pizzabar.db") as ask:
        assert await is_there(ask)

        await ask.advance(seconds=6)

        assert not await is_there(ask)


async def test_ttl_is_described() -> None:
    async with dynamodb() as ask:
        await ask.create_table("Sessions", {"id": "S"})
        before = await ask("DescribeTimeToLive", TableName="Sessions")
        enabled = await enable(ask)
        after = await ask("DescribeTimeToLive", TableName="Sessions")

    assert before == {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    assert enabled == {"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True}}
    assert after == {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}}


@pytest.mark.parametrize(
    ("attribute", "enabled", "error"),
    [
        ("ttl", True, "TimeToLive is already enabled"),
        ("expires", True, "TimeToLive is active on a different AttributeName: current AttributeName is ttl"),
        ("expires", False, "TimeToLive is active on a different AttributeName: current AttributeName is ttl"),
    ],
)
async def test_ttl_has_one_attribute(attribute: str, enabled: bool, error: str) -> None:
    async with dynamodb() as ask:
        await sessions(ask)

        specification = {"AttributeName": attribute, "Enabled": enabled}
        failed = await ask.fails("UpdateTimeToLive", TableName="Sessions", TimeToLiveSpecification=specification)

    assert failed == f"ValidationException: {error}"


async def test_ttl_is_not_disabled_twice() -> None:
    async with dynamodb() as ask:
        await ask.create_table("Sessions", {"id": "S"})

        specification = {"AttributeName": "ttl", "Enabled": False}
        failed = await ask.fails("UpdateTimeToLive", TableName="Sessions", TimeToLiveSpecification=specification)

    assert failed == "ValidationException: TimeToLive is already disabled"


async def test_nothing_is_asked_of_the_clock_without_ttl() -> None:
    async with dynamodb() as ask:
        await ask.create_table("Sessions", {"id": "S"})
        await put(ask, {"N": str(NOW + 5)})

        assert ask.clock.next_call() is None
