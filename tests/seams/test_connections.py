"""The contract of Connections, which every runtime fulfils."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.apigateway.connections import Connection, Connections, PushKey, is_connection_id
from pizzabar.apigateway.errors import GoneException, LimitExceededException
from pizzabar.clock import VirtualClock
from pizzabar.local.connections import LocalConnections
from pizzabar.local.database import Database
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def customer(id: str = "L0SM9cOFvHcCIhw=") -> Connection:
    return Connection(
        id,
        "a1b2c3d4e5",
        "Prod",
        "localhost:8443",
        NOON + timedelta(microseconds=1),
        "127.0.0.1",
        "wscat",
        {"principalId": "ada", "tables": 3},
    )


class Screen:
    """A client's socket: it takes frames at once, or, while it is ``stuck``, not at all."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.ready = asyncio.Event()
        self.ready.set()
        self.has_gone = False

    def stick(self) -> None:
        self.ready.clear()

    async def send(self, text: str) -> None:
        if not self.ready.is_set():
            await self.ready.wait()
        if self.has_gone:
            raise ConnectionResetError
        self.frames.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


@dataclass
class Restaurant:
    """Connections, and what stands behind them."""

    connections: Connections
    clock: VirtualClock
    write: Callable[[], Awaitable[None]]
    """Writes something durably."""
    flush: Callable[[], Awaitable[None]]
    durable: Callable[[], Awaitable[None]]
    screens: dict[str, Screen] = field(default_factory=dict)

    async def push(self, id: str, text: str, key: PushKey | None = None) -> None:
        """Push a frame, and wait until what was written before is durable: then it is sent."""
        await self.connections.push(id, text, key)
        await self.durable()

    def seat(self, connection: Connection) -> Screen:
        """Let a customer in."""
        self.connections.admit(connection)
        self.connections.attach(connection, screen := Screen())
        return screen


Open = Callable[..., AbstractAsyncContextManager[Restaurant]]
"""Opens the connections; with ``after_kill``, as the next process finds them when this one is killed now."""


def local(directory: Path) -> Open:
    @asynccontextmanager
    async def open_connections(*, after_kill: bool = False) -> AsyncIterator[Restaurant]:
        path = directory / "state.db"
        if after_kill:
            left = directory / "left.db"
            for suffix in ("", "-wal"):
                shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
            path = left
        work = Work()
        clock = VirtualClock(work, NOON)
        database = await Database.open(path, work)

        async def write() -> None:
            await database.write(lambda connection: None)

        try:
            yield Restaurant(LocalConnections(database, clock), clock, write, database.flush, database.durable)
        finally:
            await work.stop()
            await database.close()

    return open_connections


@pytest.fixture(params=[local], ids=["local"])
def open_connections(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    opened: Open = request.param(tmp_path)
    return opened


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        ("L0SM9cOFvHcCIhw=", True),  # as in https://docs.aws.amazon.com/apigateway/latest/developerguide/…
        ("_-aaaaaaaaaaaaa=", True),
        ("L0SM9cOFvHcCIhw", False),
        ("L0SM9cOFvHcCIhw%3D", False),
        ("", False),
    ],
)
def test_connection_ids_have_a_form(text: str, is_id: bool) -> None:
    assert is_connection_id(text) is is_id


async def test_frames_arrive_in_the_order_they_were_pushed(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())

        for number in range(5):
            await restaurant.push(customer().id, str(number))

        assert screen.frames == ["0", "1", "2", "3", "4"]


async def test_a_connection_is_found_while_it_is_attached(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        restaurant.connections.admit(customer())
        with pytest.raises(GoneException):
            restaurant.connections.get(customer().id)

        restaurant.connections.attach(customer(), Screen())

        assert restaurant.connections.get(customer().id) == customer()
        assert len(restaurant.connections) == 1
        assert list(restaurant.connections) == [customer()]


async def test_nobody_can_be_pushed_to_before_the_handshake_is_answered(open_connections: Open) -> None:
    """410 from inside the $connect handler; https://repost.aws/knowledge-center/410-gone-api-gateway."""
    async with open_connections() as restaurant:
        restaurant.connections.admit(customer())

        with pytest.raises(GoneException) as raised:
            await restaurant.push(customer().id, "too early")

        assert raised.value.status == 410


async def test_after_detach_a_connection_is_gone(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())

        restaurant.connections.detach(customer().id)
        restaurant.connections.detach(customer().id)

        with pytest.raises(GoneException):
            await restaurant.push(customer().id, "too late")
        with pytest.raises(GoneException):
            restaurant.connections.get(customer().id)
        with pytest.raises(GoneException):
            restaurant.connections.last_active(customer().id)
        with pytest.raises(GoneException):
            await restaurant.connections.close(customer().id, 1000, "")
        restaurant.connections.touch(customer().id)
        assert screen.frames == []
        assert len(restaurant.connections) == 0


async def test_a_connection_may_go_while_a_push_waits_for_the_disk(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        await restaurant.connections.push(customer().id, "late")

        restaurant.connections.detach(customer().id)
        await restaurant.durable()

        assert screen.frames == []


async def test_a_client_that_has_gone_without_a_word_is_gone_once_a_frame_did_not_reach_it(
    open_connections: Open,
) -> None:
    """A frame is sent once what it tells of is durable, so the first finds out, and the next is told."""
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        screen.has_gone = True

        await restaurant.push(customer().id, "hello?")

        assert screen.frames == []
        with pytest.raises(GoneException):
            await restaurant.push(customer().id, "hello?")


async def test_a_push_never_precedes_what_was_written_before(open_connections: Open, tmp_path: Path) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        await restaurant.write()
        await restaurant.connections.push(customer().id, "baked")

        assert screen.frames == []
        async with open_connections(after_kill=True) as later:
            # Killed here, neither is there: the frame was not sent, and the connection is not known yet.
            assert await later.connections.open() == []
        await restaurant.durable()

        assert screen.frames == ["baked"]
        async with open_connections(after_kill=True) as later:
            assert await later.connections.open() == [customer()]


@pytest.mark.parametrize("turns", range(1, 10))
async def test_no_push_overtakes_one_that_waits_for_the_disk(open_connections: Open, turns: int) -> None:
    """Whenever the second comes, before the commit, at it, or after."""
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        await restaurant.flush()

        async def second() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await restaurant.push(customer().id, "second")

        pushing = asyncio.create_task(second())
        await restaurant.write()
        await asyncio.gather(restaurant.push(customer().id, "first"), pushing)
        assert screen.frames == ["first", "second"]


# A client that does not read.


async def test_a_slow_client_holds_up_nobody(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        slow, quick = restaurant.seat(customer("slow___________=")), restaurant.seat(customer())
        slow.stick()

        for number in range(3):
            await asyncio.wait_for(restaurant.push("slow___________=", str(number)), 2)
            await restaurant.push(customer().id, str(number))
        assert slow.frames == []
        assert quick.frames == ["0", "1", "2"]

        slow.ready.set()
        await turns_of_the_loop(20)
        await restaurant.push("slow___________=", "3")
        assert slow.frames == ["0", "1", "2", "3"]


async def test_a_client_that_never_reads_costs_bounded_memory(open_connections: Open) -> None:
    """429 when the client's buffer is full: API_PostToConnection of the @connections API."""
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        screen.stick()

        accepted, refusal = await push_until_refused(restaurant, customer().id, "x" * 32_768)

        assert refusal.status == 429
        assert 1 <= accepted <= 64
        await restaurant.connections.close(customer().id, 1008, "")

        screen.ready.set()
        await turns_of_the_loop(200)
        await restaurant.push(customer().id, "again")
        assert len(screen.frames) == accepted + 1
        assert screen.frames[-1] == "again"


async def test_bytes_are_counted_and_not_characters(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        accepted: list[int] = []
        for id, character in (("narrow_________=", "x"), ("wide___________=", "🍕")):
            screen = restaurant.seat(customer(id))
            screen.stick()
            accepted.append((await push_until_refused(restaurant, id, character * 8192))[0])

        assert accepted[1] < accepted[0] / 2


async def test_a_client_that_goes_while_frames_wait_takes_them_along(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        screen.stick()
        for number in range(3):
            await restaurant.push(customer().id, str(number))

        screen.has_gone = True
        screen.ready.set()
        await turns_of_the_loop(20)

        assert screen.frames == []
        with pytest.raises(GoneException):
            await restaurant.push(customer().id, "hello?")


async def test_frames_that_wait_are_let_go_with_their_connection(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        screen.stick()
        for number in range(3):
            await restaurant.push(customer().id, str(number))

        restaurant.connections.detach(customer().id)
        screen.ready.set()
        await turns_of_the_loop(20)

        assert screen.frames == []


# Repeated work.


async def test_what_an_earlier_attempt_has_pushed_is_not_pushed_again(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())

        await push_all(restaurant, ["order 1", "order 1", "cooking"], attempt=0)
        await push_all(restaurant, ["order 1", "order 1", "cooking", "done"], attempt=1)
        await push_all(restaurant, ["order 1", "order 1", "cooking", "done"], attempt=2)

        assert screen.frames == ["order 1", "order 1", "cooking", "done"]


async def test_what_differs_from_the_earlier_attempt_is_pushed(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())

        await push_all(restaurant, ["order 1", "cooking"], attempt=0)
        await push_all(restaurant, ["order 1", "burnt", "cooking"], attempt=1)

        assert screen.frames == ["order 1", "cooking", "burnt", "cooking"]


async def test_the_same_frame_of_other_work_or_without_a_key_is_pushed(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())

        await restaurant.push(customer().id, "x", PushKey("order-1/3", 0))
        await restaurant.push(customer().id, "x", PushKey("order-1/4", 0))
        await restaurant.push(customer().id, "x")
        await restaurant.push(customer().id, "x")

        assert screen.frames == ["x"] * 4


async def test_each_connection_has_its_own_memory_of_what_was_pushed(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screens = [restaurant.seat(customer(id)) for id in ("first__________=", "second_________=")]
        for id in ("first__________=", "second_________="):
            await restaurant.push(id, "x", PushKey("order-1/3", 0))

        assert [screen.frames for screen in screens] == [["x"], ["x"]]


async def test_a_frame_that_was_refused_is_pushed_by_the_next_attempt(open_connections: Open) -> None:
    """What was not sent does not count as sent."""
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        screen.stick()
        large = "x" * 500_000
        await push_all(restaurant, ["first"], attempt=0)
        await restaurant.push(customer().id, large)
        with pytest.raises(LimitExceededException):
            await push_all(restaurant, ["first", large], attempt=1)
        screen.ready.set()
        await turns_of_the_loop(20)

        await push_all(restaurant, ["first", large, "last"], attempt=2)

        assert screen.frames == ["first", large, large, "last"]


async def test_much_work_is_remembered_in_bounded_memory(open_connections: Open) -> None:
    """The latest is still known."""
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())
        for number in range(1000):
            await restaurant.push(customer().id, str(number), PushKey(f"order-{number}/1", 0))

        await restaurant.push(customer().id, "999", PushKey("order-999/1", 1))

        assert len(screen.frames) == 1000


# Life.


async def test_activity_is_what_goes_either_way(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        restaurant.seat(customer())
        times = [restaurant.connections.last_active(customer().id)]
        await restaurant.clock.advance(timedelta(minutes=1))
        restaurant.connections.touch(customer().id)
        times.append(restaurant.connections.last_active(customer().id))
        await restaurant.clock.advance(timedelta(minutes=1))
        await restaurant.push(customer().id, "x")
        times.append(restaurant.connections.last_active(customer().id))

        assert times == [NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)]


async def test_close_goes_to_the_socket(open_connections: Open) -> None:
    async with open_connections() as restaurant:
        screen = restaurant.seat(customer())

        await restaurant.connections.close(customer().id, 1001, "Idle timeout")

        assert screen.closed == (1001, "Idle timeout")


async def test_the_connections_of_a_killed_process_are_told_to_the_next(open_connections: Open) -> None:
    """Each without a goodbye: one attached, one still at its handshake; not one that was dismissed."""
    async with open_connections() as restaurant:
        assert await restaurant.connections.open() == []
        restaurant.seat(customer())
        restaurant.connections.admit(customer("handshake______="))
        restaurant.seat(customer("leaving________="))
        restaurant.connections.detach("leaving________=")
        restaurant.seat(customer("left___________="))
        restaurant.connections.detach("left___________=")
        restaurant.connections.dismiss("left___________=")
        await restaurant.flush()

        async with open_connections(after_kill=True) as later:
            left = await later.connections.open()

            assert sorted(left, key=lambda each: each.id) == [
                customer(),
                customer("handshake______="),
                customer("leaving________="),
            ]
            assert len(later.connections) == 0
            with pytest.raises(GoneException):
                await later.push(customer().id, "too late")


async def test_a_connection_is_noted_before_anything_is_pushed_to_it(open_connections: Open) -> None:
    """Otherwise a kill could leave a client that was served and never gets its goodbye."""
    async with open_connections() as restaurant:
        restaurant.seat(customer())
        await restaurant.push(customer().id, "welcome")

        async with open_connections(after_kill=True) as later:
            assert await later.connections.open() == [customer()]


async def push_all(restaurant: Restaurant, frames: list[str], *, attempt: int) -> None:
    for frame in frames:
        await restaurant.push(customer().id, frame, PushKey("order-1/3", attempt))


async def push_until_refused(restaurant: Restaurant, id: str, frame: str) -> tuple[int, LimitExceededException]:
    """Tell how many frames a client that does not read is sent before one is refused."""
    for accepted in range(1000):
        try:
            await restaurant.push(id, frame)
        except LimitExceededException as refusal:
            return accepted, refusal
    raise AssertionError("nothing is refused")


async def turns_of_the_loop(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
