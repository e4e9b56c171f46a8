"""The contract of Transport, which every runtime fulfils."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pizzabar.clock import VirtualClock
from pizzabar.eventbridge.transport import DeadLetter, DeliveryFailure, EventDelivery, Postponed, Transport
from pizzabar.local.bus import LocalTransport
from pizzabar.local.database import Database
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILED = DeliveryFailure("ERROR_FROM_TARGET", "the oven is cold", is_final=False)
MISSING = DeliveryFailure("NO_RESOURCE", "there is no oven", is_final=True)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def delivery(
    name: str,
    *,
    lane: str = "order-1",
    target: str = "Oven",
    takes_durably: bool = True,
    maximum_attempts: int = 185,
    maximum_age_seconds: int = 86_400,
) -> EventDelivery:
    return EventDelivery(
        lane,
        name,
        "arn:aws:events:us-east-1:123456789012:rule/PizzaBus/Baked",
        target,
        "arn:aws:lambda:us-east-1:123456789012:function:bake",
        f'{{"id":"{name}"}}',
        takes_durably,
        maximum_attempts,
        maximum_age_seconds,
    )


@dataclass
class Targets:
    """Targets that take what they are sent, late or not at all as they are told."""

    clock: VirtualClock
    work: Work
    begun: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    attempts: list[tuple[str, timedelta]] = field(default_factory=list)
    failures: dict[str, list[DeliveryFailure]] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    buried: list[DeadLetter] = field(default_factory=list)
    transport: Transport = field(init=False)

    async def send(self, delivery: EventDelivery) -> None:
        name = delivery.event_id
        self.begun.append(name)
        self.attempts.append((name, self.clock.now() - NOON))
        if name in self.gates:
            await self.gates[name].wait()
        await asyncio.sleep(0)
        if self.failures.get(name):
            raise self.failures[name].pop(0)
        self.taken.append(name)

    async def bury(self, letter: DeadLetter) -> None:
        self.buried.append(letter)

    async def dead(self) -> list[tuple[str, str, int, str]]:
        return [
            (letter.delivery.event_id, letter.error_code, letter.attempts, letter.exhausted)
            for letter in await self.transport.dead_letters()
        ]


Open = Callable[..., AbstractAsyncContextManager[Targets]]
"""Opens the transport; with ``after_kill``, as the next process finds it when this one is killed with all durable."""


def local(directory: Path) -> Open:
    databases: list[Database] = []

    @asynccontextmanager
    async def open_transport(*, after_kill: bool = False, now: datetime = NOON) -> AsyncIterator[Targets]:
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
        targets = Targets(clock, work)
        targets.transport = LocalTransport(database, clock, work)
        try:
            yield targets
        finally:
            await work.stop()
            await database.close()

    return open_transport


@pytest.fixture(params=[local], ids=["local"])
def open_transport(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    opened: Open = request.param(tmp_path)
    return opened


takes = pytest.mark.parametrize("takes_durably", [True, False], ids=["takes durably", "does not"])


@takes
async def test_a_delivery_is_brought_to_its_target(open_transport: Open, takes_durably: bool) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)

        await targets.transport.deliver([delivery("baked", takes_durably=takes_durably)])
        await targets.work.settled()

        assert targets.taken == ["baked"]
        assert await targets.dead() == []


async def test_a_target_that_takes_durably_has_it_when_deliver_returns(open_transport: Open) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)

        await targets.transport.deliver([delivery("baked")])

        assert targets.taken == ["baked"]


async def test_no_deliveries_are_no_trouble(open_transport: Open) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)

        await targets.transport.deliver([])


@takes
async def test_deliveries_of_a_lane_are_sent_in_order(open_transport: Open, takes_durably: bool) -> None:
    """Those of one call too: two entries of one PutEvents."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)

        await targets.transport.deliver([delivery(name, takes_durably=takes_durably) for name in "abc"])
        await targets.transport.deliver([delivery("d", takes_durably=takes_durably)])
        await targets.work.settled()

        assert targets.taken == ["a", "b", "c", "d"]


@takes
async def test_a_delivery_waits_for_the_one_before_it_in_its_lane(open_transport: Open, takes_durably: bool) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.gates["a"] = asyncio.Event()
        waiting = [
            asyncio.create_task(targets.transport.deliver([delivery(name, takes_durably=takes_durably)]))
            for name in "abcd"
        ]
        await turns(30)
        assert targets.begun == ["a"]

        targets.gates["a"].set()
        await asyncio.gather(*waiting)
        await targets.work.settled()

        assert targets.taken == ["a", "b", "c", "d"]


async def test_a_delivery_whose_caller_gives_up_lets_no_other_one_overtake(open_transport: Open) -> None:
    """A function that puts events may be stopped by its time-out."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.gates["a"] = asyncio.Event()
        waiting = [asyncio.create_task(targets.transport.deliver([delivery(name)])) for name in "abc"]
        await turns(5)
        waiting.pop(1).cancel()
        await turns(30)
        assert targets.begun == ["a"]

        targets.gates["a"].set()
        await asyncio.gather(*waiting)

        assert targets.taken == ["a", "c"]


@takes
async def test_order_holds_behind_a_delivery_that_fails(open_transport: Open, takes_durably: bool) -> None:
    """Also behind one whose first attempt is still under way when the next one comes."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [FAILED, FAILED]
        targets.gates["a"] = asyncio.Event()
        first = asyncio.create_task(targets.transport.deliver([delivery("a", takes_durably=takes_durably)]))
        await turns(30)
        others = [
            asyncio.create_task(targets.transport.deliver([delivery(name, takes_durably=takes_durably)]))
            for name in "bc"
        ]
        await turns(30)
        targets.gates["a"].set()
        await asyncio.gather(first, *others)
        await targets.transport.deliver([delivery("d", takes_durably=takes_durably)])

        await targets.work.settled()
        assert targets.taken == []
        await targets.clock.advance(seconds(3600))

        assert targets.taken == ["a", "b", "c", "d"]
        assert targets.begun == ["a", "a", "a", "b", "c", "d"]


async def test_deliveries_of_other_lanes_and_to_other_targets_do_not_wait(open_transport: Open) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["failing"] = [FAILED]
        targets.gates["slow"] = asyncio.Event()
        slow = asyncio.create_task(targets.transport.deliver([delivery("slow", lane="order-2")]))
        await targets.transport.deliver([delivery("queued", lane="order-3", takes_durably=False)])
        await targets.transport.deliver([delivery("failing")])

        await targets.transport.deliver(
            [delivery("other lane", lane="order-4"), delivery("other target", target="Log")]
        )
        await turns(30)

        assert sorted(targets.taken) == ["other lane", "other target", "queued"]
        targets.gates["slow"].set()
        await slow


async def test_a_slow_target_that_does_not_take_durably_holds_up_nobody(open_transport: Open) -> None:
    """Not even whoever puts the event."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.gates["slow"] = asyncio.Event()

        await asyncio.wait_for(targets.transport.deliver([delivery("slow", takes_durably=False)]), 2)

        assert targets.taken == []
        targets.gates["slow"].set()


@takes
async def test_attempts_grow_rarer_within_bounds(open_transport: Open, takes_durably: bool) -> None:
    """Exponential back-off with jitter.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    """
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [FAILED] * 12
        await targets.transport.deliver([delivery("a", takes_durably=takes_durably)])

        await targets.clock.advance(timedelta(hours=6))

        times = [when.total_seconds() for _, when in targets.attempts]
        waits = [after - before for before, after in pairwise(times)]
        assert len(waits) == 12
        assert all(2**number / 2 <= wait <= 2**number for number, wait in enumerate(waits[:9]))
        assert all(300 <= wait <= 600 for wait in waits[10:])
        assert targets.taken == ["a"]


@takes
@pytest.mark.parametrize("maximum_attempts", [0, 1, 3])
async def test_retries_are_counted(open_transport: Open, takes_durably: bool, maximum_attempts: int) -> None:
    """MaximumRetryAttempts counts those after the first attempt."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [FAILED] * 10
        await targets.transport.deliver(
            [delivery("a", takes_durably=takes_durably, maximum_attempts=maximum_attempts)]
        )

        await targets.clock.advance(timedelta(days=2))

        assert len(targets.attempts) == maximum_attempts + 1
        assert await targets.dead() == [
            ("a", "ERROR_FROM_TARGET", maximum_attempts + 1, "MaximumRetryAttempts"),
        ]


@takes
async def test_an_event_grows_too_old(open_transport: Open, takes_durably: bool) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [FAILED] * 200
        await targets.transport.deliver([delivery("a", takes_durably=takes_durably, maximum_age_seconds=60)])

        await targets.clock.advance(timedelta(hours=1))

        assert all(when <= seconds(60) for _, when in targets.attempts)
        assert await targets.dead() == [
            ("a", "ERROR_FROM_TARGET", len(targets.attempts), "MaximumEventAgeInSeconds"),
        ]


@takes
async def test_by_default_an_event_is_tried_185_times_more_or_for_a_day(
    open_transport: Open, takes_durably: bool
) -> None:
    """Whichever ends first; https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [FAILED] * 1000
        await targets.transport.deliver([delivery("a", takes_durably=takes_durably)])

        await targets.clock.advance(timedelta(days=3))

        assert len(targets.attempts) <= 186
        assert targets.attempts[-1][1] <= timedelta(days=1)
        ((_, _, _, exhausted),) = await targets.dead()
        assert exhausted in {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}


@takes
async def test_what_can_never_be_delivered_is_not_tried_again(open_transport: Open, takes_durably: bool) -> None:
    """A target that is missing; https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [MISSING]

        await targets.transport.deliver([delivery("a", takes_durably=takes_durably)])
        await targets.transport.deliver([delivery("b", takes_durably=takes_durably)])
        await targets.work.settled()

        assert targets.begun == ["a", "b"]
        assert await targets.dead() == [("a", "NO_RESOURCE", 1, "NotRetryable")]


@takes
async def test_a_target_that_asks_to_be_left_alone_is(open_transport: Open, takes_durably: bool) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        busy = DeliveryFailure("ERROR_FROM_TARGET", "busy", is_final=False, retry_after=seconds(90))
        targets.failures["a"] = [busy, FAILED]
        await targets.transport.deliver([delivery("a", takes_durably=takes_durably)])

        await targets.clock.advance(timedelta(hours=1))

        (_, first), (_, second), (_, third) = targets.attempts
        assert (first, second) == (seconds(0), seconds(90))
        assert third < seconds(93)


@takes
async def test_waiting_for_a_turn_is_no_attempt(open_transport: Open, takes_durably: bool) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        later = Postponed("THROTTLING", "not yet", NOON + seconds(30))
        targets.failures["a"] = [later, FAILED]
        targets.failures["b"] = [Postponed("THROTTLING", "not yet", NOON + seconds(90))]
        await targets.transport.deliver([delivery("a", takes_durably=takes_durably, maximum_attempts=0)])
        await targets.transport.deliver(
            [delivery("b", lane="order-2", takes_durably=takes_durably, maximum_age_seconds=60)]
        )

        await targets.clock.advance(seconds(100))

        assert targets.attempts == [("a", seconds(0)), ("b", seconds(0)), ("a", seconds(30))]
        assert await targets.dead() == [
            ("b", "THROTTLING", 0, "MaximumEventAgeInSeconds"),
            ("a", "ERROR_FROM_TARGET", 1, "MaximumRetryAttempts"),
        ]


async def test_a_dead_letter_tells_everything_and_lasts(open_transport: Open) -> None:
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [MISSING]
        targets.failures["b"] = [MISSING]
        await targets.transport.deliver([delivery("a")])
        await targets.clock.advance(seconds(1.5))
        await targets.transport.deliver([delivery("b", lane="order-2")])

        async with open_transport(after_kill=True) as later:
            letters = await later.transport.dead_letters()

        # Whoever keeps dead letters elsewhere was told of them.
        assert targets.buried == letters

    assert letters == [
        DeadLetter(delivery("a"), "NO_RESOURCE", "there is no oven", 1, "NotRetryable", NOON),
        DeadLetter(
            delivery("b", lane="order-2"), "NO_RESOURCE", "there is no oven", 1, "NotRetryable", NOON + seconds(1.5)
        ),
    ]


async def test_after_a_kill_what_was_not_taken_is_sent(open_transport: Open) -> None:
    """In order; the one under way too, at least once."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.gates["a"] = asyncio.Event()
        await targets.transport.deliver([delivery("a", takes_durably=False)])
        await targets.transport.deliver([delivery("b", takes_durably=False)])

        async with open_transport(after_kill=True) as later:
            await later.transport.open(later.send, later.bury)
            await later.transport.deliver([delivery("c")])
            await later.work.settled()

            assert later.taken == ["a", "b", "c"]


async def test_after_a_kill_the_retry_policy_goes_on(open_transport: Open) -> None:
    """Attempts and age are those of the event, not of the process; an overdue attempt is made at once."""
    async with open_transport() as targets:
        await targets.transport.open(targets.send, targets.bury)
        targets.failures["a"] = [FAILED]
        await targets.transport.deliver([delivery("a", maximum_attempts=2)])

        async with open_transport(after_kill=True, now=NOON + seconds(3600)) as later:
            later.failures["a"] = [FAILED] * 9
            await later.transport.open(later.send, later.bury)
            await later.work.settled()
            assert later.attempts == [("a", seconds(3600))]
            await later.clock.advance(seconds(3600))

            assert len(later.attempts) == 2
            assert await later.dead() == [("a", "ERROR_FROM_TARGET", 3, "MaximumRetryAttempts")]


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
