"""The durable queue: lanes, further attempts, and what is left after a kill."""

import asyncio
import logging
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Cause
from pizzabar.local.database import Database
from pizzabar.local.deliveries import Again, Delivery, DeliveryQueue
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class Kitchen:
    """A queue and the handler of its items, which does as it is told for each."""

    def __init__(self, database: Database, work: Work, clock: VirtualClock) -> None:
        self.database = database
        self.work = work
        self.clock = clock
        self.queue = DeliveryQueue("orders", database, clock, work)
        self.begun: list[JSON] = []
        self.done: list[JSON] = []
        self.attempts: list[tuple[JSON, int, timedelta]] = []
        self.deliveries: list[Delivery] = []
        self.causes: list[Cause | None] = []
        self.again: dict[JSON, list[Again]] = {}
        self.ovens: dict[JSON, asyncio.Event] = {}
        self.broken: set[JSON] = set()

    @classmethod
    async def open(cls, path: Path | None = None, now: datetime = NOON) -> "Kitchen":
        work = Work()
        clock = VirtualClock(work, now)
        return cls(await Database.open(path, work), work, clock)

    async def close(self) -> None:
        await self.work.stop()
        await self.database.close()

    async def handle(self, delivery: Delivery) -> Again | None:
        item = delivery.item
        self.begun.append(item)
        self.attempts.append((item, delivery.attempts, self.clock.now() - NOON))
        self.deliveries.append(delivery)
        self.causes.append(CAUSE.get())
        if item in self.ovens:
            await self.ovens[item].wait()
        await asyncio.sleep(0)
        if item in self.broken:
            raise RuntimeError(f"{item} fell down")
        if self.again.get(item):
            return self.again[item].pop(0)
        self.done.append(item)
        return None

    async def rows(self) -> list[tuple[JSON, ...]]:
        """What is on disk."""
        await self.database.flush()
        return await self.database.read(
            lambda connection: connection.execute("SELECT item, attempts, due FROM deliveries ORDER BY id").fetchall()
        )


def kill(path: Path) -> Path:
    """Give the file as the next process finds it when this one is killed now."""
    left = path.with_name("left.db")
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
    return left


async def test_an_item_that_is_not_done_is_durable_with_the_next_commit(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    kitchen = await Kitchen.open(path)
    kitchen.ovens["pizza"] = asyncio.Event()
    await kitchen.queue.open(kitchen.handle)

    kitchen.queue.put("table 1", "pizza")
    await kitchen.database.durable()
    left = kill(path)

    next_kitchen = await Kitchen.open(left)
    await next_kitchen.queue.open(next_kitchen.handle)
    await next_kitchen.work.settled()
    assert next_kitchen.done == ["pizza"]
    await next_kitchen.close()
    await kitchen.close()


async def test_an_item_that_is_done_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    kitchen = await Kitchen.open(path)
    await kitchen.queue.open(kitchen.handle)
    kitchen.queue.put("table 1", "pizza")
    await kitchen.work.settled()

    assert await kitchen.rows() == []
    assert "table 1" not in kitchen.queue.lanes
    assert kitchen.queue.backlog == 0
    await kitchen.close()


async def test_items_of_a_lane_are_handled_one_after_another_in_order() -> None:
    kitchen = await Kitchen.open()
    kitchen.ovens["first"] = asyncio.Event()
    await kitchen.queue.open(kitchen.handle)
    for item in ("first", "second", "third"):
        kitchen.queue.put("table 1", item)
    await asyncio.sleep(0)

    assert kitchen.begun == ["first"]
    assert kitchen.queue.backlog == 3

    kitchen.ovens["first"].set()
    await kitchen.work.settled()
    assert kitchen.done == ["first", "second", "third"]
    await kitchen.close()


async def test_lanes_do_not_wait_for_each_other() -> None:
    kitchen = await Kitchen.open()
    kitchen.ovens["slow"] = asyncio.Event()
    await kitchen.queue.open(kitchen.handle)
    kitchen.queue.put("table 1", "slow")
    for number in range(5):
        kitchen.queue.put(f"table {number + 2}", number)
    for _ in range(20):
        await asyncio.sleep(0)

    assert sorted(kitchen.done) == [0, 1, 2, 3, 4]

    kitchen.ovens["slow"].set()
    await kitchen.work.settled()
    assert kitchen.done[-1] == "slow"
    await kitchen.close()


async def test_an_item_that_is_done_by_the_next_commit_never_reaches_the_disk() -> None:
    """What its handler has written is committed then, and there is nothing left to repeat."""
    kitchen = await Kitchen.open()
    statements: list[str] = []
    kitchen.database._raw.set_trace_callback(statements.append)

    async def handle(delivery: Delivery) -> None:
        kitchen.done.append(delivery.item)

    await kitchen.queue.open(handle)
    statements.clear()
    kitchen.queue.put("table 1", "pizza")
    await kitchen.work.settled()

    assert kitchen.done == ["pizza"]
    assert [statement for statement in statements if "deliveries" in statement] == []
    await kitchen.close()


async def test_a_further_attempt_that_holds_its_lane() -> None:
    kitchen = await Kitchen.open()
    kitchen.again["first"] = [Again(NOON + seconds(10), holds_lane=True), Again(NOON + seconds(30), holds_lane=True)]
    await kitchen.queue.open(kitchen.handle)
    kitchen.queue.put("table 1", "first")
    kitchen.queue.put("table 1", "second")

    await kitchen.clock.advance(seconds(9))
    assert kitchen.done == []
    assert "table 1" in kitchen.queue.lanes
    await kitchen.clock.advance(seconds(60))

    assert kitchen.attempts == [
        ("first", 0, seconds(0)),
        ("first", 1, seconds(10)),
        ("first", 2, seconds(30)),
        ("second", 0, seconds(30)),
    ]
    await kitchen.close()


async def test_a_further_attempt_that_leaves_its_lane() -> None:
    kitchen = await Kitchen.open()
    kitchen.again["first"] = [
        Again(NOON + seconds(60), holds_lane=False),
        Again(NOON + seconds(180), holds_lane=False),
    ]
    await kitchen.queue.open(kitchen.handle)
    kitchen.queue.put("table 1", "first")
    kitchen.queue.put("table 1", "second")

    await kitchen.clock.advance(seconds(600))

    assert kitchen.attempts == [
        ("first", 0, seconds(0)),
        ("second", 0, seconds(0)),
        ("first", 1, seconds(60)),
        ("first", 2, seconds(180)),
    ]
    assert "table 1" not in kitchen.queue.lanes
    assert kitchen.queue.backlog == 0
    await kitchen.close()


async def test_an_item_that_is_tried_again_and_again_keeps_its_size() -> None:
    kitchen = await Kitchen.open()
    kitchen.again["first"] = [Again(NOON + seconds(number), holds_lane=False) for number in range(1, 20)]
    await kitchen.queue.open(kitchen.handle)
    kitchen.queue.put("table 1", "first")

    await kitchen.clock.advance(seconds(60))

    assert kitchen.done == ["first"]
    assert {delivery.lane for delivery in kitchen.deliveries} == {"table 1#1"}
    await kitchen.close()


async def test_an_item_may_be_put_with_a_time_before_which_it_is_not_tried() -> None:
    kitchen = await Kitchen.open()
    await kitchen.queue.open(kitchen.handle)

    kitchen.queue.put("table 1", "first", attempts=1, due=NOON + seconds(5))
    kitchen.queue.put("table 1", "second")
    await kitchen.clock.advance(seconds(10))

    assert kitchen.attempts == [("first", 1, seconds(5)), ("second", 0, seconds(5))]
    await kitchen.close()


async def test_an_item_whose_handler_fails_stays_on_disk_and_holds_up_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.db"
    kitchen = await Kitchen.open(path)
    kitchen.broken.add("first")
    await kitchen.queue.open(kitchen.handle)
    with caplog.at_level(logging.ERROR, "pizzabar"):
        kitchen.queue.put("table 1", "first")
        kitchen.queue.put("table 1", "second")
        await kitchen.work.settled()

    assert kitchen.done == ["second"]
    assert "first fell down" in caplog.text
    assert await kitchen.rows() == [(b'"first"', 0, None)]
    await kitchen.close()

    kitchen = await Kitchen.open(path)
    await kitchen.queue.open(kitchen.handle)
    await kitchen.work.settled()
    assert kitchen.done == ["first"]
    await kitchen.close()


async def test_an_item_goes_on_with_the_trace_of_whoever_put_it() -> None:
    kitchen = await Kitchen.open()
    await kitchen.queue.open(kitchen.handle)
    token = CAUSE.set(Cause("1-69a42c40-000000000000000000000000", 7))
    try:
        kitchen.queue.put("table 1", "pizza")
    finally:
        CAUSE.reset(token)
    await kitchen.work.settled()

    [cause] = kitchen.causes
    assert cause is not None
    assert (cause.trace_id, cause.id, cause.lane) == ("1-69a42c40-000000000000000000000000", 7, "table 1")
    assert kitchen.deliveries[0].accepted == NOON.timestamp()
    await kitchen.close()


async def test_after_a_kill_everything_undone_is_handled_again_in_order(tmp_path: Path) -> None:
    """The item that was under way too: at least once."""
    path = tmp_path / "state.db"
    kitchen = await Kitchen.open(path)
    kitchen.ovens["a2"] = asyncio.Event()
    await kitchen.queue.open(kitchen.handle)
    for lane, item in (("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3"), ("a", "a4")):
        kitchen.queue.put(lane, item)
    for _ in range(20):
        await asyncio.sleep(0)
    await kitchen.database.flush()
    assert kitchen.done == ["a1", "b1"]

    left = kill(path)

    next_kitchen = await Kitchen.open(left, NOON + seconds(3600))
    await next_kitchen.queue.open(next_kitchen.handle)
    next_kitchen.queue.put("a", "a5")
    await next_kitchen.work.settled()
    assert next_kitchen.done == ["a2", "a3", "a4", "a5"]
    assert next_kitchen.deliveries[0].accepted == NOON.timestamp()
    await next_kitchen.close()
    await kitchen.close()


async def test_after_a_kill_attempts_go_on_where_they_were(tmp_path: Path) -> None:
    """Each at its time, an overdue one at once; with the count of those before."""
    path = tmp_path / "state.db"
    kitchen = await Kitchen.open(path)
    kitchen.again["overdue"] = [Again(NOON + seconds(10), holds_lane=True)]
    kitchen.again["ahead"] = [Again(NOON + seconds(100), holds_lane=False)]
    await kitchen.queue.open(kitchen.handle)
    for lane, item in (("a", "overdue"), ("a", "behind"), ("b", "ahead"), ("b", "free")):
        kitchen.queue.put(lane, item)
    await kitchen.work.settled()
    await kitchen.database.flush()
    left = kill(path)

    next_kitchen = await Kitchen.open(left, NOON + seconds(60))
    await next_kitchen.queue.open(next_kitchen.handle)
    await next_kitchen.clock.advance(seconds(60))

    assert next_kitchen.attempts == [
        ("overdue", 1, seconds(60)),
        ("behind", 0, seconds(60)),
        ("ahead", 1, seconds(100)),
    ]
    await next_kitchen.close()
    await kitchen.close()


async def test_queues_of_one_file_do_not_mix() -> None:
    kitchen = await Kitchen.open()
    other = DeliveryQueue("bills", kitchen.database, kitchen.clock, kitchen.work)
    bills: list[JSON] = []

    async def note(delivery: Delivery) -> None:
        bills.append(delivery.item)

    await kitchen.queue.open(kitchen.handle)
    await other.open(note)
    kitchen.queue.put("table 1", "pizza")
    other.put("table 1", "bill")
    await kitchen.work.settled()

    assert kitchen.done == ["pizza"]
    assert bills == ["bill"]
    await kitchen.close()


async def test_what_a_handler_writes_is_not_durable_before_its_item() -> None:
    """Both are one commit here: there is no state with the effect and without the cause."""
    kitchen = await Kitchen.open()
    gate = asyncio.Event()
    order: list[str] = []
    kitchen.database._raw.set_trace_callback(order.append)

    async def write(delivery: Delivery) -> None:
        await kitchen.database.write(lambda connection: connection.execute("SELECT 'effect'").fetchall())
        await gate.wait()

    await kitchen.queue.open(write)
    order.clear()
    kitchen.queue.put("table 1", "pizza")
    await kitchen.database.durable()

    statements = [statement.split(" ")[0] for statement in order]
    assert statements == ["BEGIN", "SELECT", "INSERT", "COMMIT"]
    gate.set()
    await kitchen.close()
