"""The contract of Invocations, which every runtime fulfils."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.clock import VirtualClock
from pizzabar.lambda_.invocations import Invocation, Invocations
from pizzabar.local.database import Database
from pizzabar.local.invocations import LocalInvocations
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BAKE = "arn:aws:lambda:us-east-1:123456789012:function:bake"
WASH = "arn:aws:lambda:us-east-1:123456789012:function:wash"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@dataclass
class Cook:
    """Handles invocations; an event in ``later`` is put off by as many seconds as stand there, one after another."""

    clock: VirtualClock
    work: Work
    invocations: Invocations
    begun: list[tuple[str, int, timedelta]] = field(default_factory=list)
    handled: list[Invocation] = field(default_factory=list)
    later: dict[str, list[float]] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)

    async def handle(self, invocation: Invocation) -> datetime | None:
        name = invocation.request_id
        self.begun.append((name, invocation.attempts, self.clock.now() - NOON))
        if name in self.gates:
            await self.gates[name].wait()
        await asyncio.sleep(0)
        if self.later.get(name):
            return self.clock.now() + seconds(self.later[name].pop(0))
        self.handled.append(invocation)
        return None

    async def accept(self, *names: str, lane: str = "order-1", function: str = BAKE) -> None:
        for name in names:
            self.invocations.accept(lane, function, name, {"id": name})

    @property
    def names(self) -> list[str]:
        return [invocation.request_id for invocation in self.handled]


Open = Callable[..., AbstractAsyncContextManager[Cook]]
"""Opens the queue; with ``after_kill``, as the next process finds it when this one is killed with all durable."""


def local(directory: Path) -> Open:
    databases: list[Database] = []

    @asynccontextmanager
    async def open_invocations(*, after_kill: bool = False, now: datetime = NOON) -> AsyncIterator[Cook]:
        path = directory / "state.db"
        if after_kill:
            await databases[-1].durable()
            left = directory / "left.db"
            for suffix in ("", "-wal"):
                shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
            path = left
        work = Work()
        clock = VirtualClock(work, now)
        database = await Database.open(path, work)
        databases.append(database)
        try:
            yield Cook(clock, work, LocalInvocations(database, clock, work))
        finally:
            await work.stop()
            await database.close()

    return open_invocations


@pytest.fixture(params=[local], ids=["local"])
def open_invocations(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    opened: Open = request.param(tmp_path)
    return opened


async def test_an_event_is_handled_as_it_was_accepted(open_invocations: Open) -> None:
    async with open_invocations() as cook:
        await cook.invocations.open(cook.handle)

        cook.invocations.accept("order-1", BAKE, "request-1", {"pizza": ["margherita", None, 1.5]})
        await cook.clock.advance(seconds(5))

        assert cook.handled == [
            Invocation(BAKE, "request-1", {"pizza": ["margherita", None, 1.5]}, 0, NOON.timestamp())
        ]


async def test_events_of_a_lane_are_handled_in_order(open_invocations: Open) -> None:
    async with open_invocations() as cook:
        await cook.invocations.open(cook.handle)
        cook.gates["a"] = asyncio.Event()
        await cook.accept("a", "b", "c")
        await turns(20)
        assert [name for name, _, _ in cook.begun] == ["a"]

        cook.gates["a"].set()
        await cook.work.settled()

        assert cook.names == ["a", "b", "c"]


async def test_a_lane_is_one_of_its_function(open_invocations: Open) -> None:
    """Two functions that one execution invokes do not wait for each other, nor do two executions."""
    async with open_invocations() as cook:
        await cook.invocations.open(cook.handle)
        cook.gates["slow"] = asyncio.Event()
        await cook.accept("slow")
        await cook.accept("other function", function=WASH)
        await cook.accept("other lane", lane="order-2")
        await turns(20)

        assert sorted(cook.names) == ["other function", "other lane"]
        cook.gates["slow"].set()


async def test_an_event_that_is_tried_again_holds_up_no_other(open_invocations: Open) -> None:
    """One minute after the first attempt, two after the second.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    async with open_invocations() as cook:
        await cook.invocations.open(cook.handle)
        cook.later["a"] = [60, 120]
        await cook.accept("a", "b")

        await cook.clock.advance(seconds(600))

        assert cook.begun == [
            ("a", 0, seconds(0)),
            ("b", 0, seconds(0)),
            ("a", 1, seconds(60)),
            ("a", 2, seconds(180)),
        ]
        accepted = NOON.timestamp()
        assert [(each.request_id, each.accepted) for each in cook.handled] == [("b", accepted), ("a", accepted)]


async def test_after_a_kill_what_was_accepted_is_handled(open_invocations: Open) -> None:
    """In order, and what was under way again."""
    async with open_invocations() as cook:
        await cook.invocations.open(cook.handle)
        cook.gates["a"] = asyncio.Event()
        await cook.accept("a", "b")

        async with open_invocations(after_kill=True, now=NOON + seconds(60)) as later:
            await later.invocations.open(later.handle)
            await later.accept("c")
            await later.work.settled()

            assert later.names == ["a", "b", "c"]
            assert [each.accepted for each in later.handled] == [
                each.timestamp() for each in (NOON, NOON, NOON + seconds(60))
            ]


async def test_after_a_kill_attempts_go_on(open_invocations: Open) -> None:
    """An attempt that is overdue is made at once, one that is ahead at its time."""
    async with open_invocations() as cook:
        await cook.invocations.open(cook.handle)
        cook.later = {"overdue": [60], "ahead": [180]}
        await cook.accept("overdue", "ahead")
        await cook.work.settled()

        async with open_invocations(after_kill=True, now=NOON + seconds(120)) as later:
            await later.invocations.open(later.handle)
            await later.clock.advance(seconds(600))

            assert later.begun == [("overdue", 1, seconds(120)), ("ahead", 1, seconds(180))]


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
