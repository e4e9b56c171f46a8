"""What every queue store must do: messages that are kept, in their order, as far as they are to be received."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pizzabar.local.database import Database
from pizzabar.local.queues import LocalQueues
from pizzabar.sqs.queue import MoveTask, Queue
from pizzabar.sqs.store import Burial, Counts, Message, Moments, QueueStore, Sending, Taking
from pizzabar.work import Work

Open = Callable[[], AbstractAsyncContextManager[QueueStore]]


def local(folder: Path) -> Open:
    """The local runtime; what is opened again is there again."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[QueueStore]:
        database = await Database.open(folder / "state.db", Work())
        try:
            yield LocalQueues(database)
        finally:
            await database.close()

    return opened


@pytest.fixture(params=[local])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Give a way to open a store: on the state that the same way left behind."""
    opened: Open = request.param(tmp_path)
    return opened


def sending(body: str, sent: float = 0, *, visible: float | None = None, group: str | None = None) -> Sending:
    at = sent if visible is None else visible
    id = None if group is None else body
    return Sending(
        f"id-{body}", body, "me", sent, at, {"a": {"DataType": "String", "StringValue": "b"}}, {}, group, id
    )


def taking(now: float, most: int = 10, *, is_fifo: bool = False, attempt: str | None = None) -> Taking:
    return Taking(most, now, now + 30, now - 1000, 100, is_fifo, attempt=attempt)


async def bodies(store: QueueStore, queue: str, asked: Taking) -> list[str]:
    return [message.sending.body for message in (await store.receive(queue, asked)).messages]


async def test_what_is_sent_is_received_once(open_store: Open) -> None:
    async with open_store() as store:
        placed = await store.send("q", [sending("a"), sending("b")])
        [first] = (await store.receive("q", taking(1, 1))).messages
        assert first == Message(placed[0].number, sending("a"), 31, 1, 1, 1)
        assert placed[0].id == "id-a"
        assert await bodies(store, "q", taking(1)) == ["b"]
        assert await bodies(store, "q", taking(30)) == []
        assert await bodies(store, "other", taking(31)) == []
        assert await bodies(store, "q", taking(31)) == ["a", "b"]


async def test_what_is_in_flight_is_so_after_a_restart(open_store: Open) -> None:
    async with open_store() as store:
        store.put_queue(Queue("q", 1, 2, {"DelaySeconds": "5"}, {"team": "kitchen"}, 3, (MoveTask("t", 4, 5),)))
        store.put_queue(Queue("gone", 1, 2))
        store.delete_queue("gone")
        await store.send("q", [sending("a"), sending("late", visible=50)])
        await store.receive("q", taking(1))
    async with open_store() as store:
        queue = Queue("q", 1, 2, {"DelaySeconds": "5"}, {"team": "kitchen"}, 3, (MoveTask("t", 4, 5),))
        assert await store.load() == [queue]
        assert await store.count("q", 1, -1) == Counts(0, 1, 1)
        assert await store.moments("q", 1) == Moments(50, 31, 0)
        assert await bodies(store, "q", taking(30)) == []
        [again] = (await store.receive("q", taking(31))).messages
        assert (again.received, again.first_received, again.last_received) == (2, 1, 31)


async def test_a_number_is_never_given_twice(open_store: Open) -> None:
    async with open_store() as store:
        [first] = await store.send("q", [sending("a")])
        await store.purge("q")
    async with open_store() as store:
        [second] = await store.send("q", [sending("b")])
        assert second.number > first.number


async def test_a_message_is_changed_and_taken_out(open_store: Open) -> None:
    async with open_store() as store:
        [placed] = await store.send("q", [sending("a")])
        seen: list[Message | None] = []

        def later(message: Message | None) -> Message | None:
            seen.append(message)
            return None if message is None else replace(message, visible=70)

        await store.modify("q", placed.number, later)
        await store.modify("other", placed.number, later)
        assert [message is None for message in seen] == [False, True]
        assert await store.count("q", 69, -1) == Counts(0, 0, 1)
        await store.modify("q", placed.number, lambda message: None)
        assert await store.count("q", 70, -1) == Counts(0, 0, 0)


async def test_what_raises_changes_nothing(open_store: Open) -> None:
    def refuse(message: Message | None) -> Message | None:
        raise ValueError("no")

    async with open_store() as store:
        [placed] = await store.send("q", [sending("a")])
        with pytest.raises(ValueError, match="no"):
            await store.modify("q", placed.number, refuse)
        assert await bodies(store, "q", taking(1)) == ["a"]


async def test_old_messages_are_not_given(open_store: Open) -> None:
    async with open_store() as store:
        await store.send("q", [sending("old", 0), sending("young", 10)])
        assert await store.count("q", 1005, 5) == Counts(1, 0, 0)
        assert [each.sending.body for each in await store.visible("q", 1005, 5, 1)] == ["young"]
        assert await bodies(store, "q", taking(1005)) == ["young"]
        await store.send("q", [sending("new", 20)])
        await store.expire("q", 15)
        assert (await store.moments("q", 1005)).oldest == 20


async def test_no_more_than_asked_come_though_some_are_left_out(open_store: Open) -> None:
    async with open_store() as store:
        await store.send("q", [sending(str(number), number) for number in range(30)])
        asked = taking(1010, 5)
        assert await bodies(store, "q", asked) == ["11", "12", "13", "14", "15"]


async def test_dead_letters_are_buried(open_store: Open) -> None:
    async with open_store() as store:
        await store.send("q", [sending("a"), sending("b")])
        asked = replace(taking(1), burial=Burial("dead", 1, "arn"))
        assert len((await store.receive("q", asked)).messages) == 2
        taken = await store.receive("q", replace(asked, now=31, until=61))
        assert (list(taken.messages), taken.has_buried) == ([], True)
        dead = (await store.receive("dead", taking(31))).messages
        assert [(each.sending.body, each.sending.source_arn, each.received) for each in dead] == [
            ("a", "arn", 1),
            ("b", "arn", 1),
        ]


async def test_too_many_are_in_flight(open_store: Open) -> None:
    async with open_store() as store:
        await store.send("q", [sending("a"), sending("b")])
        limited = replace(taking(1, 1), limit=1)
        assert await bodies(store, "q", limited) == ["a"]
        assert (await store.receive("q", limited)).is_over_limit


async def test_groups_keep_their_order(open_store: Open) -> None:
    async with open_store() as store:
        await store.send("q", [sending(body, group=body[0]) for body in ("a1", "b1", "a2", "c1", "b2")])
        assert await bodies(store, "q", taking(1, 3, is_fifo=True)) == ["a1", "a2", "b1"]
        assert await bodies(store, "q", taking(1, is_fifo=True)) == ["c1"]
        assert await bodies(store, "q", taking(31, 4, is_fifo=True)) == ["a1", "a2", "b1", "b2"]


async def test_what_is_delayed_holds_up_its_group(open_store: Open) -> None:
    async with open_store() as store:
        await store.send("q", [sending("a1", visible=10, group="a"), sending("a2", visible=5, group="a")])
        assert await bodies(store, "q", taking(7, is_fifo=True)) == []
        await store.release("q", 10, 7)
        assert await bodies(store, "q", taking(7, is_fifo=True)) == ["a1", "a2"]


async def test_duplicates_are_known_after_a_restart(open_store: Open) -> None:
    async with open_store() as store:
        [first] = await store.send("q", [sending("a", group="a")])
    async with open_store() as store:
        [again, other] = await store.send(
            "q", [sending("a", 299, group="a"), replace(sending("a", 299, group="a"), scope="s")]
        )
        assert (again.number, again.id, again.is_new) == (first.number, first.id, False)
        assert other.is_new
        [later] = await store.send("q", [sending("a", 300, group="a")])
        assert later.is_new


async def test_an_attempt_is_known_after_a_restart(open_store: Open) -> None:
    async with open_store() as store:
        await store.send("q", [sending("a1", group="a"), sending("b1", group="b")])
        given = (await store.receive("q", taking(1, 1, is_fifo=True, attempt="try"))).messages
    async with open_store() as store:
        again = (await store.receive("q", taking(5, 1, is_fifo=True, attempt="try"))).messages
        assert [(each.number, each.received) for each in again] == [(each.number, each.received) for each in given]
        assert again[0].visible == 35
        assert await bodies(store, "q", taking(5, 1, is_fifo=True, attempt="other")) == ["b1"]


async def test_a_message_is_moved_once(open_store: Open) -> None:
    async with open_store() as store:
        [placed] = await store.send("q", [sending("a")])
        for _ in range(2):
            await store.move("q", placed.number, "other", sending("b", 7))
        assert await store.count("q", 7, -1) == Counts(0, 0, 0)
        assert await bodies(store, "other", taking(7)) == ["b"]


async def test_a_queue_is_forgotten_with_all_that_is_in_it(open_store: Open) -> None:
    async with open_store() as store:
        for queue in ("q", "other"):
            store.put_queue(Queue(queue, 1, 1))
            await store.send(queue, [sending("a", group="a")])
        store.delete_queue("q")
        assert [queue.name for queue in await store.load()] == ["other"]
        assert await store.count("q", 1, -1) == Counts(0, 0, 0)
        # What it has taken, another of its name takes again.
        [placed] = await store.send("q", [sending("a", 1, group="a")])
        assert placed.is_new
        assert await store.count("other", 1, -1) == Counts(1, 0, 0)
