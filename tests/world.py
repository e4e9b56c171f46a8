"""What a room stands on, for one test: a state file in memory, a clock that stands still, and a call table."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pizzabar.arn import Home
from pizzabar.clock import EmulatorClock, VirtualClock
from pizzabar.documents import JSON
from pizzabar.journal import Hop, Journal
from pizzabar.local.database import Database
from pizzabar.operations import Operations
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class World:
    """The world of one room."""

    work: Work
    virtual: VirtualClock
    clock: EmulatorClock
    database: Database
    call: Operations
    home: Home

    def answer(self, service: str, operation: str, answer: Callable[[JSON], JSON] = lambda asked: {}) -> list[JSON]:
        """Have a service answer an operation, and give the list of what it will have been asked."""
        asked: list[JSON] = []

        async def act(owner: Any, parameters: JSON) -> JSON:
            asked.append(parameters)
            return answer(parameters)

        self.call.add(service, {operation: act}, self)
        return asked

    def hops(self, service: str, operation: str) -> list[Hop]:
        """Find hops in the journal."""
        return [hop for hop in self.call.journal if (hop.service, hop.operation) == (service, operation)]

    async def advance(self, **duration: float) -> None:
        """Let time pass, and what is due on the way happen."""
        await self.virtual.advance(timedelta(**duration))

    async def settled(self) -> None:
        """Wait until nothing is left to happen now."""
        await self.work.settled()


async def until(is_so: Callable[[], object]) -> None:
    """Let the event loop turn until something is so; that takes some turns, and no time."""
    for _ in range(10_000):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it was never so")


async def turns(count: int = 2000) -> None:
    """Let the event loop turn, for what should not happen to have its chance."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def world(state: Path | None = None, begins: datetime = NOON) -> AsyncIterator[World]:
    """Make a world, at noon, or go on with one that has a state file."""
    work = Work()
    virtual = VirtualClock(work, begins)
    clock = EmulatorClock(virtual)
    database = await Database.open(state, work)
    try:
        yield World(work, virtual, clock, database, Operations(Journal(), clock), Home())
    finally:
        clock.stop()
        await work.stop()
        await database.close()
