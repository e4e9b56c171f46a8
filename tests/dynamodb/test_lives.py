"""A table over several lives of its process, ended in order or by a kill, with one writer and with many at once."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.documents import JSON
from pizzabar.dynamodb.errors import ConditionalCheckFailedException
from tests.dynamodb.service import Service, dynamodb
from tests.dynamodb.test_model import Key, Step, compare_pages, do, steps

LETTERS = "abc"
Move = tuple[str, str, str]
"""What a writer does, and the two items it does it with."""

moves = st.tuples(st.sampled_from(["count", "claim", "transfer"]), st.sampled_from(LETTERS), st.sampled_from(LETTERS))
writers = st.lists(st.lists(moves, max_size=6), min_size=2, max_size=4)


class Lives:
    """The state file of one table, and the lives of the processes that have it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    @property
    def path(self) -> Path:
        """The file of the present life."""
        return self._folder / f"{self._count}.db"

    @asynccontextmanager
    async def live(self, *, is_killed: bool) -> AsyncIterator[Service]:
        """Live once. What a killed process leaves behind is what was in its files at the last durable write."""
        async with dynamodb(self.path) as ask:
            if not ask.tables.tables():
                await ask.slices()
            yield ask
            await ask.database.durable()
            if is_killed:
                origin = self.path
                self._count += 1
                for suffix in ("", "-wal"):
                    shutil.copy(f"{origin}{suffix}", f"{self.path}{suffix}")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(steps, st.booleans()), min_size=1, max_size=4))
def test_a_table_is_the_same_in_its_next_life(lives: list[tuple[list[Step], bool]]) -> None:
    async def run(folder: Path) -> None:
        table = Lives(folder)
        model: dict[Key, JSON] = {}
        for life, is_killed in lives:
            async with table.live(is_killed=is_killed) as ask:
                await compare_pages(ask, model)
                for operation, key, text in life:
                    await do(ask, model, operation, key, {"pizza": {"S": key[0]}, "number": {"N": key[1]}}, text)
        async with table.live(is_killed=False) as ask:
            await compare_pages(ask, model)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(writers, st.booleans()), min_size=1, max_size=3))
def test_writers_at_once_lose_nothing_and_have_nothing_twice(lives: list[tuple[list[list[Move]], bool]]) -> None:
    async def run(folder: Path) -> None:
        table = Lives(folder)
        counts: Counter[str] = Counter()
        owners: dict[str, str] = {}
        for number, (life, is_killed) in enumerate(lives):
            async with table.live(is_killed=is_killed) as ask:
                assert await counts_of(ask) == counts
                assert await owners_of(ask) == owners
                names = [f"{number}/{writer}" for writer in range(len(life))]
                writes = (write(ask, name, todo, counts, owners) for name, todo in zip(names, life, strict=True))
                await asyncio.gather(*writes)
        async with table.live(is_killed=False) as ask:
            assert await counts_of(ask) == counts
            assert await owners_of(ask) == owners

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def write(ask: Service, name: str, todo: list[Move], counts: Counter[str], owners: dict[str, str]) -> None:
    """Do what a writer does, each time letting others go on before the next."""
    for move, first, second in todo:
        match move:
            case "count":
                await ask("UpdateItem", **add(first, 1))
                counts[first] += 1
            case "claim":
                item = {"pizza": {"S": "owner"}, "number": {"N": str(ord(first))}, "name": {"S": name}}
                try:
                    await ask(
                        "PutItem",
                        TableName="Slices",
                        Item=item,
                        ConditionExpression="attribute_not_exists(pizza) OR #n = :me",
                        ExpressionAttributeNames={"#n": "name"},
                        ExpressionAttributeValues={":me": {"S": name}},
                    )
                except ConditionalCheckFailedException:
                    assert owners[first] != name
                else:
                    # Nobody has claimed it before, and nobody will.
                    assert owners.setdefault(first, name) == name
            case "transfer" if first != second:
                await ask(
                    "TransactWriteItems", TransactItems=[{"Update": add(first, -1)}, {"Update": add(second, 1)}]
                )
                counts[first] -= 1
                counts[second] += 1
        await ask.database.durable()


def add(letter: str, number: int) -> dict[str, JSON]:
    return {
        "TableName": "Slices",
        "Key": {"pizza": {"S": "count"}, "number": {"N": str(ord(letter))}},
        "UpdateExpression": "ADD n :number",
        "ExpressionAttributeValues": {":number": {"N": str(number)}},
    }


async def counts_of(ask: Service) -> Counter[str]:
    found = await partition(ask, "count")
    return Counter({letter: int(item["n"]["N"]) for letter, item in found.items()})


async def owners_of(ask: Service) -> dict[str, str]:
    return {letter: item["name"]["S"] for letter, item in (await partition(ask, "owner")).items()}


async def partition(ask: Service, pizza: str) -> dict[str, JSON]:
    """Give the items of a partition by the letters that they are numbered by."""
    result = await ask(
        "Query",
        TableName="Slices",
        KeyConditionExpression="pizza = :p",
        ExpressionAttributeValues={":p": {"S": pizza}},
    )
    return {chr(int(item["number"]["N"])): item for item in result["Items"]}
