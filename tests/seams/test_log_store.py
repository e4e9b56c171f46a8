"""What every log store does."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from pizzabar.local.database import Database
from pizzabar.local.logs import LocalLogs
from pizzabar.logs.log_group import LogGroup, LogStream
from pizzabar.logs.store import LogStore
from pizzabar.work import Work

Open = Callable[[], AbstractAsyncContextManager[LogStore]]


@pytest.fixture(params=["file"])
def open_store(tmp_path: Path) -> Open:
    """Open one and the same store, as often as called."""

    @asynccontextmanager
    async def open_local() -> AsyncIterator[LogStore]:
        database = await Database.open(tmp_path / "state.db", Work())
        try:
            store = LocalLogs(database)
            yield store
        finally:
            await database.close()

    return open_local


async def test_events_are_read_by_stream_and_time(open_store: Open) -> None:
    async with open_store() as store:
        for group, stream in (("pizza", "oven"), ("pizza", "door"), ("pasta", "oven")):
            store.put_stream(group, stream, 1)
        store.put_events("pizza", "oven", [(10, "on"), (20, "hot")], 21)
        store.put_events("pizza", "door", [(30, "open")], 31)
        store.put_events("pasta", "oven", [(10, "off")], 11)

        everything = await store.read("pizza", None, 0, 100)
        assert [(batch.stream, batch.ingested, batch.events) for batch in everything] == [
            ("oven", 21, [(10, "on"), (20, "hot")]),
            ("door", 31, [(30, "open")]),
        ]
        assert everything[0].number < everything[1].number
        assert [batch.stream for batch in await store.read("pizza", "door", 0, 100)] == ["door"]
        assert [batch.stream for batch in await store.read("pizza", None, 20, 30)] == ["oven"]
        assert await store.read("pizza", None, 21, 30) == []
        assert await store.read("pizza", None, 0, 10) == []


async def test_a_read_sees_what_was_put_before(open_store: Open) -> None:
    async with open_store() as store:
        store.put_stream("pizza", "oven", 1)
        store.put_events("pizza", "oven", [(10, "on")], 10)

        assert len(await store.read("pizza", "oven", 0, 100)) == 1


async def test_groups_and_streams_are_there_after_a_restart(open_store: Open) -> None:
    async with open_store() as store:
        store.put_group(LogGroup("pizza", 1, 7))
        store.put_stream("pizza", "oven", 2)
        store.put_stream("pizza", "quiet", 3)
        store.put_events("pizza", "oven", [(10, "on"), (20, "hot")], 21)
        store.put_events("pizza", "oven", [(5, "late")], 22)

    async with open_store() as store:
        assert await store.load() == [
            LogGroup("pizza", 1, 7, {"oven": LogStream("oven", 2, 5, 20, 22), "quiet": LogStream("quiet", 3)})
        ]


async def test_a_group_that_is_put_again_keeps_its_streams(open_store: Open) -> None:
    async with open_store() as store:
        store.put_group(LogGroup("pizza", 1))
        store.put_stream("pizza", "oven", 2)

        store.put_group(LogGroup("pizza", 1, 30))

        assert await store.load() == [LogGroup("pizza", 1, 30, {"oven": LogStream("oven", 2)})]


async def test_a_group_is_deleted_with_all_that_is_in_it(open_store: Open) -> None:
    async with open_store() as store:
        for name in ("pizza", "pasta"):
            store.put_group(LogGroup(name, 1))
            store.put_stream(name, "oven", 2)
            store.put_events(name, "oven", [(10, "on")], 10)

        store.delete_group("pizza")

        assert [group.name for group in await store.load()] == ["pasta"]
        assert await store.read("pizza", None, 0, 100) == []
        assert len(await store.read("pasta", None, 0, 100)) == 1
