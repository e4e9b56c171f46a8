"""The contract of ArchiveStore, which every runtime fulfils."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from pizzabar.eventbridge.archive_store import Archived, ArchiveStore, Contents
from pizzabar.local.archives import LocalArchives
from pizzabar.local.database import Database
from pizzabar.work import Work

Open = Callable[[Path], AbstractAsyncContextManager[ArchiveStore]]


@asynccontextmanager
async def local(state: Path) -> AsyncIterator[ArchiveStore]:
    work = Work()
    database = await Database.open(state, work)
    try:
        yield LocalArchives(database)
    finally:
        await work.stop()
        await database.close()


@pytest.fixture(params=[local])
def opened(request: pytest.FixtureRequest) -> Open:
    given: Open = request.param
    return given


def event(id: str, occurred: float, archived: float = 0.0) -> Archived:
    return Archived(id, occurred, archived, "lane", f'"{id}ä"')


async def ids(store: ArchiveStore, start: float, end: float, archive: str = "a") -> list[str]:
    """Read all, two at a time."""
    found: list[str] = []
    after = None
    while batch := await store.read(archive, start, end, after, 2):
        found += [each.id for each in batch]
        after = batch[-1].position
    return found


async def test_events_are_read_by_when_they_occurred(tmp_path: Path, opened: Open) -> None:
    async with opened(tmp_path / "state.db") as store:
        for id, occurred in (("d", 3), ("a", 1), ("e", 3), ("b", 2), ("c", 2), ("f", 4)):
            store.put("a", event(id, occurred))
        store.put("other", event("a", 1))

        assert await ids(store, 0, 9) == ["a", "b", "c", "d", "e", "f"]
        assert await ids(store, 2, 3) == ["b", "c", "d", "e"]
        assert await ids(store, 0, 9, "other") == ["a"]
        assert await ids(store, 0, 9, "none") == []


async def test_what_was_put_is_there_later(tmp_path: Path, opened: Open) -> None:
    async with opened(tmp_path / "state.db") as store:
        store.put("a", event("a", 1.5, 2.5))
    async with opened(tmp_path / "state.db") as store:
        [read] = await store.read("a", 0, 9, None, 10)
        assert (read.id, read.occurred, read.archived, read.lane, read.text) == ("a", 1.5, 2.5, "lane", '"aä"')


async def test_an_event_is_in_an_archive_once(tmp_path: Path, opened: Open) -> None:
    async with opened(tmp_path / "state.db") as store:
        store.put("a", event("a", 1, 1))
        store.put("a", event("a", 2, 2))
        assert await store.contents("a") == Contents(1, 5, 1)


async def test_old_events_are_let_go(tmp_path: Path, opened: Open) -> None:
    async with opened(tmp_path / "state.db") as store:
        for number in range(4):
            store.put("a", event(str(number), 9 - number, number))
        store.put("b", event("0", 0, 0))
        store.expire("a", 2)
        assert await ids(store, 0, 9) == ["3", "2"]
        assert (await store.contents("a")).oldest == 2
        store.drop("a")
        assert await store.contents("a") == Contents(0, 0, None)
        assert (await store.contents("b")).count == 1
