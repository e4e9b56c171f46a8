"""The contracts of ScheduleStore and ScheduledInvocations, which every runtime fulfils."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.clock import VirtualClock
from pizzabar.journal import CAUSE, Cause
from pizzabar.local.database import Database
from pizzabar.local.schedules import LocalScheduledInvocations, LocalScheduleStore
from pizzabar.scheduler.invocations import Invocation, ScheduledInvocations
from pizzabar.scheduler.store import ScheduleStore
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = Invocation("arn:tick", "tick", "arn:group", "r", {"Arn": "a"}, NOON, NOON, completes=False)


def tick(minute: int) -> Invocation:
    """The time of a minute."""
    moment = NOON + timedelta(minutes=minute)
    return replace(TICK, scheduled=moment, due=moment)


@dataclass
class Keeper:
    """A store and a queue; what is handled in ``later`` is put off by as many minutes as stand there."""

    clock: VirtualClock
    work: Work
    store: ScheduleStore
    invocations: ScheduledInvocations
    begun: list[tuple[int, int, str]] = field(default_factory=list)
    handled: list[Invocation] = field(default_factory=list)
    later: dict[int, list[float]] = field(default_factory=dict)

    async def handle(self, invocation: Invocation, attempts: int) -> datetime | None:
        cause = CAUSE.get()
        self.begun.append((invocation.scheduled.minute, attempts, "" if cause is None else cause.trace_id))
        if self.later.get(invocation.scheduled.minute):
            return self.clock.now() + timedelta(minutes=self.later[invocation.scheduled.minute].pop(0))
        self.handled.append(invocation)
        return None


Open = Callable[..., AbstractAsyncContextManager[Keeper]]
"""Opens both; with ``after_kill``, as the next process finds them when this one is killed with all durable."""


def local(directory: Path) -> Open:
    databases: list[Database] = []

    @asynccontextmanager
    async def open_both(*, after_kill: bool = False, now: datetime = NOON) -> AsyncIterator[Keeper]:
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
            invocations = LocalScheduledInvocations(database, clock, work)
            yield Keeper(clock, work, LocalScheduleStore(database), invocations)
        finally:
            await work.stop()
            await database.close()

    return open_both


@pytest.fixture(params=[local])
def open_both(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    opened: Open = request.param(tmp_path)
    return opened


async def test_what_is_kept_is_what_was_put_last(open_both: Open) -> None:
    async with open_both() as keeper:
        keeper.store.put("a", {"n": 1})
        keeper.store.put("a", {"n": 2})
        keeper.store.put("b", {"n": 3})
        keeper.store.delete("b")
        keeper.store.delete("nothing")
        assert await keeper.store.load() == {"a": {"n": 2}}

    async with open_both() as keeper:
        assert await keeper.store.load() == {"a": {"n": 2}}


async def test_each_is_handled_in_the_trace_that_it_was_set_off_in(open_both: Open) -> None:
    async with open_both() as keeper:
        await keeper.invocations.open(keeper.handle)
        token = CAUSE.set(Cause("1-66666666-aaaaaaaaaaaaaaaaaaaaaaaa"))
        keeper.invocations.accept(tick(1))
        CAUSE.reset(token)
        await keeper.work.settled()

        assert keeper.handled == [tick(1)]
        assert keeper.begun == [(1, 0, "1-66666666-aaaaaaaaaaaaaaaaaaaaaaaa")]


async def test_one_that_is_tried_again_holds_up_no_other(open_both: Open) -> None:
    async with open_both() as keeper:
        keeper.later = {1: [5, 10]}
        await keeper.invocations.open(keeper.handle)
        for minute in (1, 2):
            keeper.invocations.accept(tick(minute))
        await keeper.work.settled()
        assert keeper.handled == [tick(2)]

        await keeper.clock.advance(timedelta(minutes=15))
        assert keeper.handled == [tick(2), tick(1)]
        assert [attempts for minute, attempts, _ in keeper.begun if minute == 1] == [0, 1, 2]


async def test_what_was_not_handled_is_handled_after_a_kill(open_both: Open) -> None:
    async with open_both() as keeper:
        keeper.later = {1: [5, 5], 2: []}
        await keeper.invocations.open(keeper.handle)
        for minute in (1, 2):
            keeper.invocations.accept(tick(minute))
        keeper.store.put("a", {"next": 3})
        await keeper.work.settled()

        async with open_both(after_kill=True, now=NOON + timedelta(minutes=1)) as again:
            # Together with what was changed in the same turn.
            assert await again.store.load() == {"a": {"next": 3}}
            await again.invocations.open(again.handle)
            await again.work.settled()
            assert again.handled == []
            await again.clock.advance(timedelta(minutes=5))
            assert again.handled == [tick(1)]
            assert [attempts for _, attempts, _ in again.begun] == [1]
