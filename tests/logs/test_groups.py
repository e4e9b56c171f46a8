"""Log groups as a Python program uses them."""

from datetime import timedelta

import pytest

from pizzabar.logs.errors import ResourceNotFoundException
from tests.logs.rooms import NOON, NOON_MS, log_groups


async def test_messages_are_read_back_in_order_of_time() -> None:
    async with log_groups() as groups:
        groups.append("/aws/lambda/bake", "instance", ["START", "END"], NOON)
        groups.append("/aws/lambda/bake", "other", ["earlier"], NOON - timedelta(seconds=1))

        events = await groups.read("/aws/lambda/bake")

        assert [(event.stream, event.timestamp, event.message) for event in events] == [
            ("other", NOON_MS - 1000, "earlier"),
            ("instance", NOON_MS, "START"),
            ("instance", NOON_MS, "END"),
        ]


async def test_a_stream_knows_its_first_and_last_event() -> None:
    async with log_groups() as groups:
        groups.append("/aws/events/orders", "events", ['{"id":"1"}'], NOON)

        stream = groups.get_stream("/aws/events/orders", "events")
        assert (stream.first_event, stream.last_event) == (NOON_MS, NOON_MS)


async def test_no_messages_make_group_and_stream_all_the_same() -> None:
    async with log_groups() as groups:
        groups.append("pizza", "oven", [], NOON)

        assert groups.get_stream("pizza", "oven").last_event is None


async def test_events_older_than_the_retention_are_not_given() -> None:
    async with log_groups() as groups:
        await groups.create("pizza", retention_days=1)
        groups.append("pizza", "oven", ["old"], NOON - timedelta(days=1, seconds=1))
        groups.append("pizza", "oven", ["new"], NOON)

        assert [event.message for event in await groups.read("pizza")] == ["new"]


async def test_what_is_not_there_is_not_read() -> None:
    async with log_groups() as groups:
        with pytest.raises(ResourceNotFoundException, match="log group"):
            await groups.read("pizza")
        await groups.create("pizza")
        with pytest.raises(ResourceNotFoundException, match="log stream"):
            await groups.read("pizza", stream="oven")


async def test_who_follows_is_told_of_what_is_put_until_it_stops() -> None:
    async with log_groups() as groups:
        told: list[object] = []
        stop = groups.follow(lambda group, stream, events: told.append((group, stream, *events)))
        groups.append("/aws/lambda/bake", "instance", ["START", "END"], NOON)
        stop()
        groups.append("/aws/lambda/bake", "instance", ["more"], NOON)

        assert told == [("/aws/lambda/bake", "instance", (NOON_MS, "START"), (NOON_MS, "END"))]
