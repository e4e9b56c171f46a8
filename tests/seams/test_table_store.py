"""The contract of TableStore, which the store of every runtime fulfils."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON, encode, parse
from pizzabar.dynamodb.errors import (
    ConditionalCheckFailedException,
    ResourceInUseException,
    TransactionCanceledException,
)
from pizzabar.dynamodb.key_attributes import KeyAttribute
from pizzabar.dynamodb.keys import Key, KeyRange
from pizzabar.dynamodb.store import FIVE_YEARS, Change, Decide, Image, Page, Segment, TableStore
from pizzabar.dynamodb.stream import Stream
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tokens import Token
from pizzabar.local.database import Database
from pizzabar.local.tables import LocalTables
from pizzabar.work import Work

Open = Callable[[], AbstractAsyncContextManager[TableStore]]
"""Opens the same store each time."""

NOW = 1_772_366_400.0
SLICES = Table(
    name="Slices",
    arn="arn:aws:dynamodb:us-east-1:123456789012:table/Slices",
    id="0",
    created=datetime(2026, 3, 1, tzinfo=UTC),
    partition=KeyAttribute("pizza", "S"),
    sort=KeyAttribute("number", "S"),
)

STREAM = Stream("Slices", SLICES.arn, "2026-03-01T12:00:00.000", "NEW_IMAGE", SLICES.key_attributes, SLICES.created)


def local(directory: Path, *, cache_size: int = 1_000_000) -> Open:
    @asynccontextmanager
    async def open_store() -> AsyncIterator[TableStore]:
        work = Work()
        database = await Database.open(directory / "pizzabar.db", work)
        try:
            clock = VirtualClock(work, datetime.fromtimestamp(NOW, UTC))
            yield await LocalTables.open(database, clock, cache_size=cache_size)
        finally:
            await database.close()

    return open_store


def local_without_cache(directory: Path) -> Open:
    return local(directory, cache_size=0)


@pytest.fixture(params=[local, local_without_cache], ids=["local", "local without cache"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    opened: Open = request.param(tmp_path)
    return opened


def image(text: str, expires: float | None = None) -> Image:
    return Image(encode({"text": {"S": text}}), 100, expires)


def key(number: str, pizza: str = "margherita") -> Key:
    return pizza.encode(), number.encode()


def put(number: str, new: Image | None, pizza: str = "margherita") -> Change:
    return Change("Slices", key(number, pizza), lambda old: new, reads=False)


def refuse(old: Image | None) -> Image | None:
    raise ConditionalCheckFailedException


def texts(page: Page) -> list[str]:
    return [data.decode().split('"')[5] for data in page.items]


async def query(store: TableStore, keys: KeyRange = KeyRange(), *, limit: int | None = None, **more: bool) -> Page:  # noqa: B008
    return await store.query(
        "Slices", b"margherita", keys, forward=more.get("forward", True), limit=limit, max_size=1_000_000
    )


async def scan(store: TableStore, after: Key | None = None, *, limit: int | None = None) -> Page:
    return await store.scan("Slices", after, segment=None, limit=limit, max_size=1_000_000)


# Tables


async def test_a_table_is_kept_as_it_was_defined(store: Open) -> None:
    table = replace(SLICES, billing_mode="PAY_PER_REQUEST", ttl="ttl", stream=STREAM, read_capacity=3)
    async with store() as opened:
        await opened.create(table)
    async with store() as opened:
        assert list(await opened.tables()) == [table]


async def test_there_is_one_table_of_a_name(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)

        with pytest.raises(ResourceInUseException, match="Table already exists: Slices"):
            await opened.create(SLICES)
        await opened.create(replace(SLICES, name="slices"))

        assert [table.name for table in await opened.tables()] == ["Slices", "slices"]


async def test_a_dropped_table_is_gone_with_its_items(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        await opened.modify([put("1", image("a"))])
        await opened.get("Slices", key("1"))

        await opened.drop("Slices")
        assert list(await opened.tables()) == []
        await opened.create(SLICES)

        assert await opened.get("Slices", key("1")) is None
        assert await opened.statistics("Slices") == (0, 0)


# Items


async def test_what_was_written_is_read(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)

        assert await opened.get("Slices", key("1")) is None
        await opened.modify([put("1", image("a"))])
        assert await opened.get("Slices", key("1")) == image("a").data
        await opened.modify([put("1", image("b"))])
        assert await opened.get("Slices", key("1")) == image("b").data
        await opened.modify([put("1", None)])
        assert await opened.get("Slices", key("1")) is None
        await opened.modify([put("1", None)])


async def test_a_decision_sees_the_item_that_is_there(store: Open) -> None:
    seen: list[Image | None] = []

    def decide(old: Image | None) -> Image | None:
        seen.append(old)
        return image("b", expires=5.0)

    async with store() as opened:
        await opened.create(SLICES)
        change = Change("Slices", key("1"), decide)

        (first,) = await opened.modify([change])
        (second,) = await opened.modify([change])

    assert seen == [None, image("b", expires=5.0)]
    assert (first.old, first.new) == (None, image("b", expires=5.0))
    assert (second.old, second.new) == (image("b", expires=5.0), image("b", expires=5.0))


async def test_a_refused_change_leaves_the_item(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        await opened.modify([put("1", image("a"))])

        with pytest.raises(ConditionalCheckFailedException):
            await opened.modify([Change("Slices", key("1"), refuse)])

        assert await opened.get("Slices", key("1")) == image("a").data


async def test_changes_are_made_all_or_none(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        await opened.modify([put("1", image("a"))])

        with pytest.raises(TransactionCanceledException) as raised:
            await opened.modify([put("1", image("b")), Change("Slices", key("2"), refuse), put("3", image("c"))])
        assert [reason["Code"] for reason in raised.value.members["CancellationReasons"]] == [
            "None",
            "ConditionalCheckFailed",
            "None",
        ]
        assert texts(await scan(opened)) == ["a"]
        assert await opened.get("Slices", key("1")) == image("a").data

        written = await opened.modify([put("1", None), put("2", image("b"))])
        assert [result.new for result in written] == [None, image("b")]
        assert texts(await scan(opened)) == ["b"]
        assert await opened.get("Slices", key("1")) is None


async def test_a_fault_of_one_decision_is_its_own(store: Open) -> None:
    def fail(old: Image | None) -> Image | None:
        raise ZeroDivisionError

    async with store() as opened:
        await opened.create(SLICES)

        answers = await asyncio.gather(
            opened.modify([put("1", image("a"))]),
            opened.modify([Change("Slices", key("2"), fail)]),
            opened.modify([put("3", image("c"))]),
            return_exceptions=True,
        )

        assert isinstance(answers[1], ZeroDivisionError)
        assert texts(await scan(opened)) == ["a", "c"]


async def test_items_and_sizes_are_counted(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        await opened.modify([put("1", image("a")), put("2", image("b"))])

        assert await opened.statistics("Slices") == (2, 200)


async def test_a_store_opened_again_has_everything(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        await opened.modify([put("1", image("a", expires=NOW))])
    async with store() as opened:
        assert await opened.get("Slices", key("1")) == image("a").data
        assert await opened.next_expiry("Slices", NOW) == NOW


# Ranges and pages


async def filled(opened: TableStore) -> None:
    await opened.create(SLICES)
    # In bytes: "1" < "10" < "2" < "\xff…".
    for number in ("2", "10", "1", "é"):
        await opened.modify([put(number, image(number))])
    await opened.modify([put("1", image("other"), pizza="marinara")])


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (KeyRange(), ["1", "10", "2", "é"]),
        (KeyRange(b"10"), ["10", "2", "é"]),
        (KeyRange(b"10", b"2"), ["10"]),
        (KeyRange(b"", b"2"), ["1", "10"]),
        (KeyRange(b"2", b"1"), []),
    ],
)
async def test_sort_keys_are_ordered_by_their_bytes(store: Open, keys: KeyRange, found: list[str]) -> None:
    async with store() as opened:
        await filled(opened)

        assert texts(await query(opened, keys)) == found
        assert texts(await query(opened, keys, forward=False)) == found[::-1]


async def test_a_page_ends_at_its_limit(store: Open) -> None:
    async with store() as opened:
        await filled(opened)

        page = await query(opened, limit=4)
        assert (len(page.items), page.size, page.is_last) == (4, 400, False)
        page = await query(opened, limit=5)
        assert (len(page.items), page.is_last) == (4, True)


async def test_a_page_ends_with_the_item_that_makes_it_too_large(store: Open) -> None:
    async with store() as opened:
        await filled(opened)

        page = await opened.query("Slices", b"margherita", KeyRange(), forward=True, limit=None, max_size=200)
        assert (len(page.items), page.is_last) == (3, False)


async def test_a_scan_goes_on_behind_a_key(store: Open) -> None:
    async with store() as opened:
        await filled(opened)

        assert texts(await scan(opened)) == ["1", "10", "2", "é", "other"]
        assert texts(await scan(opened, key("2"), limit=2)) == ["é", "other"]
        assert texts(await scan(opened, key("15"))) == ["2", "é", "other"]


async def test_every_partition_is_in_one_segment(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        for pizza in "abcdefgh":
            await opened.modify([put("1", image(pizza), pizza=pizza), put("2", image(pizza), pizza=pizza)])

        pages = [
            await opened.scan("Slices", None, segment=Segment(number, 3), limit=None, max_size=1_000_000)
            for number in range(3)
        ]

        assert sorted(text for page in pages for text in texts(page)) == sorted("aabbccddeeffgghh")
        assert not set(texts(pages[0])) & set(texts(pages[1]))


# Expiry


async def test_items_expire_when_their_ttl_is_less_than_the_time(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        ancient = NOW - FIVE_YEARS - 1
        for number, expires in (("1", NOW - 1), ("2", NOW), ("3", None), ("4", ancient), ("5", 1e125)):
            await opened.modify([put(number, image(number, expires))])
            await opened.get("Slices", key(number))

        assert await opened.next_expiry("Slices", NOW) == NOW - 1
        assert list(await opened.expire("Slices", NOW)) == [image("1", NOW - 1)]
        assert list(await opened.expire("Slices", NOW)) == []
        assert await opened.next_expiry("Slices", NOW) == NOW

        assert await opened.get("Slices", key("1")) is None
        assert texts(await scan(opened)) == ["2", "3", "4", "5"]


async def test_a_table_defined_anew_finds_its_ttl_values(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        data = encode({"ttl": {"N": str(int(NOW))}})
        await opened.modify([put("1", Image(data, 10))])
        assert await opened.next_expiry("Slices", NOW) is None

        await opened.redefine(replace(SLICES, ttl="ttl"))
        assert await opened.next_expiry("Slices", NOW) == NOW
        await opened.redefine(SLICES)
        assert await opened.next_expiry("Slices", NOW) is None


# Reads and writes at once


def append(text: str) -> Decide:
    def decide(old: Image | None) -> Image | None:
        return Image((b"" if old is None else old.data) + text.encode(), 1)

    return decide


async def test_writes_of_one_key_follow_one_another(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)

        await asyncio.gather(*[opened.modify([Change("Slices", key("1"), append(text))]) for text in "abcdefgh"])

        assert await opened.get("Slices", key("1")) == b"abcdefgh"


async def test_a_reader_never_sees_an_item_grow_younger(store: Open) -> None:
    async with store() as opened:
        await opened.create(SLICES)
        lengths: list[int] = []
        acknowledged = 0

        async def write() -> None:
            nonlocal acknowledged
            for _ in range(40):
                await opened.modify([Change("Slices", key("1"), append("x"))])
                acknowledged += 1

        async def read(how: str) -> None:
            while acknowledged < 80:
                least = acknowledged
                if how == "get":
                    data = await opened.get("Slices", key("1"))
                else:
                    page = await query(opened)
                    data = page.items[0] if page.items else None
                seen = 0 if data is None else len(data)
                assert seen >= least
                assert seen >= max(lengths, default=0)
                lengths.append(seen)
                await asyncio.sleep(0)

        await asyncio.gather(write(), write(), read("get"), read("query"), read("get"))

        assert await opened.get("Slices", key("1")) == b"x" * 80


async def test_many_items_go_through_a_small_cache(tmp_path: Path) -> None:
    async with local(tmp_path, cache_size=5_000)() as opened:
        await opened.create(SLICES)
        for number in range(50):
            await opened.modify([put(str(number), image(str(number)))])

        for number in (49, 0, 25, 0):
            assert await opened.get("Slices", key(str(number))) == image(str(number)).data


# Tokens


async def test_a_token_is_kept_with_the_changes(store: Open) -> None:
    first, second, third = (
        Token(text, b"digest", datetime.fromtimestamp(NOW, UTC) + timedelta(minutes=minutes))
        for text, minutes in (("1", 10), ("2", 15), ("3", 20))
    )
    async with store() as opened:
        await opened.create(SLICES)
        await opened.modify([put("1", image("a"))], first)
        await opened.modify([put("2", image("a")), put("3", image("a"))], second)
        with pytest.raises(TransactionCanceledException):
            await opened.modify([Change("Slices", key("4"), refuse)], third)
        assert list(await opened.tokens()) == [first, second]
    async with store() as opened:
        assert list(await opened.tokens()) == [first, second]
        await opened.modify([put("1", image("b"))], third)
        assert list(await opened.tokens()) == [second, third]


# Streams


def slice_of(number: str, state: str = "whole") -> Image:
    item = {"pizza": {"S": "margherita"}, "number": {"S": number}, "state": {"S": state}}
    return Image(encode(item), 50)


async def told(store: TableStore, *, after: int = 0, since: float = NOW, limit: int = 100) -> list[JSON]:
    records = await store.stream_records(STREAM.arn, after=after, since=since, limit=limit)
    return [(each.sequence, parse(each.data)["eventName"]) for each in records]


async def test_what_a_stream_tells_is_kept_with_the_items(store: Open) -> None:
    async with store() as opened:
        await opened.create(replace(SLICES, stream=STREAM))
        heard: list[str] = []
        opened.follow_streams(heard.append)
        await opened.modify([put("1", slice_of("1"))])
        await opened.modify([put("1", slice_of("1"))])
        await opened.modify([put("1", slice_of("1", "eaten")), put("2", slice_of("2"))])
        await opened.modify([put("1", None)])
        await opened.modify([put("3", None)])
        assert heard == [STREAM.arn] * 4
    async with store() as opened:
        assert await told(opened) == [(1, "INSERT"), (2, "MODIFY"), (3, "INSERT"), (4, "REMOVE")]
        assert await told(opened, after=2, limit=1) == [(3, "INSERT")]
        assert await told(opened, since=NOW + 1) == []
        assert await opened.stream_bounds(STREAM.arn) == (1, 4)
        assert await opened.stream_bounds("another") == (5, 4)


async def test_a_stream_that_has_ended_is_kept_until_it_is_opened_again(store: Open) -> None:
    ended = replace(STREAM, closed=datetime.fromtimestamp(NOW, UTC))
    async with store() as opened:
        await opened.create(replace(SLICES, stream=STREAM))
        await opened.modify([put("1", slice_of("1"))])
        await opened.redefine(SLICES, ended)
        await opened.modify([put("2", slice_of("2"))])
        assert list(await opened.closed_streams()) == [ended]
        assert await told(opened) == [(1, "INSERT")]
    async with store() as opened:
        assert list(await opened.closed_streams()) == [ended]
        await opened.redefine(replace(SLICES, stream=STREAM))
        assert list(await opened.closed_streams()) == []
        await opened.drop("Slices", ended)
        assert list(await opened.closed_streams()) == [ended]
        assert await told(opened) == [(1, "INSERT")]
