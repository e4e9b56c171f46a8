"""The journal and the logs, followed by server-sent events."""

import asyncio

import pytest

from pizzabar.documents import JSON
from pizzabar.wire.control.following import Position
from pizzabar.wire.feeds import MAX_BACKLOG, Feed, Feeds
from tests.wire.asgi import http, server
from tests.wire.control.asking import follower

LOGS = "/aws/lambda/bake"


async def test_each_hop_that_ends_is_told() -> None:
    async with server() as (app, emulator), follower(app, "/journal/follow") as following:
        await emulator.call("dynamodb", "ListTables", {})

        id, hop = await following.hears()
        assert (id, hop["operation"]) == (str(hop["id"]), "ListTables")


async def test_a_follower_of_the_journal_goes_on_where_it_was_cut_off() -> None:
    async with server() as (app, emulator):
        for service, operation in (
            ("dynamodb", "ListTables"),
            ("lambda", "ListFunctions"),
            ("dynamodb", "ListTables"),
        ):
            await emulator.call(service, operation, {})
        *_, first, _second, third = emulator.journal

        async with follower(app, "/journal/follow", "service=dynamodb", last_event_id=str(first.id)) as following:
            assert (await following.hears())[1]["id"] == third.id
            await emulator.call("lambda", "ListFunctions", {})
            await emulator.call("dynamodb", "ListTables", {})
            assert (await following.hears())[1]["id"] == third.id + 2
        async with follower(app, "/journal/follow", f"after={third.id}") as following:
            assert [(await following.hears())[1]["id"] for _ in range(2)] == [third.id + 1, third.id + 2]


async def test_a_hop_that_began_before_the_last_one_told_and_ended_after_it_is_not_missed() -> None:
    async with server() as (app, emulator):
        go_on = asyncio.Event()

        async def bake(event: JSON, context: JSON) -> JSON:
            await context.call("dynamodb", "ListTables", {})
            await go_on.wait()
            return None

        emulator.functions.create("bake", bake)
        async with follower(app, "/journal/follow", "operation=ListTables") as following:
            invoking = asyncio.ensure_future(emulator.call("lambda", "Invoke", {"FunctionName": "bake"}))
            id, told = await following.hears()
        go_on.set()
        await invoking

        async with follower(app, "/journal/follow", last_event_id=id) as following:
            missed = [(await following.hears())[1] for _ in range(2)]
            assert [hop["operation"] for hop in missed] == ["Invoke", "Invocation"]
            assert all(hop["id"] < told["id"] for hop in missed)


async def test_a_follower_of_a_server_that_was_started_anew_hears_all_of_it() -> None:
    async with server() as (app, emulator):
        await emulator.call("lambda", "ListFunctions", {})

        async with follower(app, "/journal/follow", "service=lambda", last_event_id="1000000") as following:
            assert (await following.hears())[1]["operation"] == "ListFunctions"


def test_a_position_is_written_and_read() -> None:
    position = Position(3)
    for id in (5, 7, 4):
        position.pass_by(id)

    assert str(position) == "7-6"
    assert [Position.read(str(position)).covers(id) for id in (3, 4, 5, 6, 7, 8)] == [
        True,
        True,
        True,
        False,
        True,
        False,
    ]
    position.pass_by(6)
    assert str(position) == "7"


@pytest.mark.parametrize("path", ["/journal/follow", f"/logs/follow?group={LOGS}"])
@pytest.mark.parametrize("id", ["soon", "1-x", "-1"])
async def test_a_last_event_that_never_was(path: str, id: str) -> None:
    async with server() as (app, emulator):
        await emulator.log_groups.create(LOGS)
        path, _, query = path.partition("?")
        answer = await http(app, "GET", f"/_pizzabar{path}", query=query, last_event_id=id)
        assert answer.status == 422
        assert b"Last-Event-ID is none that was told" in answer.body


async def test_lines_are_told_as_they_are_written() -> None:
    async with server() as (app, emulator):
        now = emulator.clock.now()
        emulator.log_groups.append(LOGS, "one", ["START", "kneaded"], now)
        async with follower(app, "/logs/follow", f"group={LOGS}&text=n&since=2020-01-01") as following:
            emulator.log_groups.append("/other", "one", ["not ours"], now)
            emulator.log_groups.append(LOGS, "two", ["risen", "done", "served"], now)

            told = [await following.hears() for _ in range(3)]
            assert [(line["stream"], line["message"]) for _, line in told] == [
                ("one", "kneaded"),
                ("two", "risen"),
                ("two", "done"),
            ]
            app.feeds.end()
            await following.hears_the_end()
        async with follower(app, "/logs/follow", f"group={LOGS}", last_event_id=told[-1][0]) as following:
            await following.hears_the_end()


async def test_a_feed_that_is_not_listened_to_ends() -> None:
    feed = Feed()
    for number in range(MAX_BACKLOG + 5):
        feed.tell(str(number), lambda: None)

    events = [event async for event in feed.events()]
    assert len(events) == 1 + MAX_BACKLOG
    assert events[-1] == b"id: %d\ndata: null\n\n" % (MAX_BACKLOG - 1)


async def test_who_comes_after_the_end_hears_nothing() -> None:
    feeds = Feeds()
    feeds.end()

    assert [event async for event in feeds.open().events()] == [b": following\n\n"]
