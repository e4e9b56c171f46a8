"""The console's feed: all that happens, in short."""

import asyncio

from pizzabar.documents import JSON
from pizzabar.wire.control import live
from tests.wire.asgi import guest, http, server
from tests.wire.control.asking import client_of, follower


async def test_what_happens_is_told_in_short() -> None:
    async with server() as (app, emulator), follower(app, "/live") as following:
        _, first = await following.hears()
        assert (first["hops"], first["connections"], first["clock"]["mode"]) == ([], 0, "virtual")

        async with guest(app) as customer:
            customer.says('{"type":"funghi"}')
            await emulator.settled()
            _, event = await following.hears()

            assert (event["connections"], event["left_out"], event["server"]) == (1, 0, first["server"])
            machine, *_ = emulator.state_machines
            [execution] = await emulator.executions.list(machine.arn)
            assert event["executions"] == [execution.execution.arn]
            [started] = [row for row in event["hops"] if row[4] == "StartExecution"]
            hop = emulator.journal.find(started[0])
            assert hop is not None
            assert started[1:5] == [hop.trace_id, hop.parent, "stepfunctions", "StartExecution"]
            assert (started[7], started[8]) == (f"pizzabar-OrderFlow:{execution.execution.name}", None)


async def test_it_goes_on_where_it_was_cut_off() -> None:
    async with server() as (app, emulator):
        await emulator.call("dynamodb", "ListTables", {})
        async with follower(app, "/live", "after=0") as following:
            id, event = await following.hears()
            assert [row[4] for row in event["hops"]] == ["ListTables"]
        await emulator.call("lambda", "ListFunctions", {})

        async with follower(app, "/live", last_event_id=id) as following:
            _, event = await following.hears()
        assert [row[4] for row in event["hops"]] == ["ListFunctions"]
        # A server that was started anew has another journal, and tells all of it.
        async with follower(app, "/live", last_event_id="4000-12") as following:
            _, event = await following.hears()
        assert [row[4] for row in event["hops"]] == ["ListTables", "ListFunctions"]


async def test_a_hop_is_told_when_it_has_ended() -> None:
    async with server() as (app, emulator), follower(app, "/live") as following:
        await following.hears()
        go_on = asyncio.Event()

        async def bake(event: JSON, context: JSON) -> JSON:
            await context.call("dynamodb", "ListTables", {})
            await go_on.wait()
            raise ValueError("it is burnt")

        emulator.functions.create("bake", bake)
        invoking = asyncio.ensure_future(emulator.call("lambda", "Invoke", {"FunctionName": "bake"}))
        _, event = await following.hears()
        assert [row[4] for row in event["hops"]] == ["ListTables"]

        go_on.set()
        await invoking
        _, event = await following.hears()
        assert [row[4] for row in event["hops"]] == ["Invoke", "Invocation"]
        assert event["hops"][1][8] is not None


async def test_the_last_of_very_much_is_told() -> None:
    async with server() as (app, emulator), follower(app, "/live") as following:
        await following.hears()
        for _ in range(live.MOST_ROWS + 3):
            await emulator.call("dynamodb", "ListTables", {})

        rows, left_out = 0, 0
        while rows + left_out < live.MOST_ROWS + 3:
            _, event = await following.hears()
            rows, left_out = rows + len(event["hops"]), left_out + event["left_out"]
        assert rows >= live.MOST_ROWS
        assert event["hops"][-1][0] == emulator.journal.last_id


async def test_nobody_looking_costs_nothing() -> None:
    async with server() as (app, emulator):
        async with follower(app, "/live"):
            assert emulator.state_machines._followers
        assert not emulator.state_machines._followers
        assert not emulator.journal.followers


async def test_a_position_that_was_never_told_is_refused() -> None:
    async with server() as (app, _emulator):
        assert (await http(app, "GET", "/_pizzabar/live", last_event_id="soon")).status == 422


async def test_one_hop_is_read() -> None:
    async with server() as (app, emulator), client_of(app) as client:
        await emulator.call("dynamodb", "ListTables", {})

        assert (await client.get(f"/journal/{emulator.journal.last_id}")).json()["operation"] == "ListTables"
        assert (await client.get("/journal/99")).status_code == 404
