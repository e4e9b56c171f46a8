"""Orders that the kitchen moves on by hand, and guests who come back to theirs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pizzabar.cli import main
from pizzabar.errors import ServiceError
from pizzabar.pizzeria.orders import status_frame
from pizzabar.settings import Settings
from tests.flow.serving import FRAMES, ORDER, STATUSES, PizzaBar, open_pizza_bar, receive, statuses

MANUAL = '{"type":"margherita","size":"L","kitchen":"manual"}'
NAMED = '{"type":"margherita","ref":"3f"}'
RESUME = '{"action":"resume","ref":"3f"}'
UNKNOWN = '{"type":"UNKNOWN_ORDER"}'


async def tickets(bar: PizzaBar) -> list[dict[str, str]]:
    """Read what waits for the kitchen."""
    await bar.emulator.settled()
    return [{name: value["S"] for name, value in item.items()} for item in await bar.items("Tickets")]


async def move_on(bar: PizzaBar, ticket: dict[str, str]) -> None:
    """Move an order on, as the kitchen does."""
    answer = {"taskToken": ticket["taskToken"], "output": "{}"}
    await bar.emulator.call("stepfunctions", "SendTaskSuccess", answer)
    await bar.emulator.settled()


async def refuse(bar: PizzaBar, ticket: dict[str, str], reason: str) -> None:
    """Refuse an order, as the kitchen does."""
    answer = {"taskToken": ticket["taskToken"], "error": "OrderRefused", "cause": reason}
    await bar.emulator.call("stepfunctions", "SendTaskFailure", answer)
    await bar.emulator.settled()


async def set_kitchen(bar: PizzaBar, kitchen: str) -> None:
    """Switch the kitchen, for the orders that do not say."""
    [api] = bar.emulator.apis
    stage = {"ApiId": api.id, "StageName": "api", "StageVariables": {"kitchen": kitchen}}
    await bar.emulator.call("apigatewayv2", "UpdateStage", stage)


async def told(guest: Any, count: int) -> list[tuple[str, str]]:
    """Take frames of orders with a ref."""
    frames = await receive(guest, count)
    return list(zip([json.loads(frame)["ref"] for frame in frames], statuses(frames), strict=True))


async def test_the_kitchen_moves_an_order_on_through_all_statuses() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(MANUAL)

        for status, following, frame in zip(STATUSES, STATUSES[1:], FRAMES, strict=False):
            assert await receive(guest, 1) == [frame]
            await bar.pass_time(300)
            [ticket] = await tickets(bar)
            assert (ticket["status"], ticket["next"]) == (status, following)
            assert json.loads(ticket["orderDetails"]) == {"type": "margherita", "size": "L", "kitchen": "manual"}
            await move_on(bar, ticket)

        assert await receive(guest, 1) == FRAMES[5:]
        assert await tickets(bar) == []
        [order] = await bar.items("Orders")
        assert order["status"] == {"S": "order delivered"}
        assert order["orderId"] == {"S": ticket["orderId"]}


async def test_the_kitchen_refuses_an_order_with_a_reason() -> None:
    reason = "the oven is \"out\": è fredda \\ 'sorry'"
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(MANUAL)
        await receive(guest, 1)
        await move_on(bar, (await tickets(bar))[0])
        await receive(guest, 1)

        await refuse(bar, (await tickets(bar))[0], reason)

        assert await receive(guest, 1) == [status_frame(f"order refused: {reason}")]
        assert await tickets(bar) == []
        [order] = await bar.items("Orders")
        assert order["status"] == {"S": f"order refused: {reason}"}


async def test_an_order_of_the_command_line_ends_when_it_is_refused() -> None:
    async with open_pizza_bar() as bar:
        pushed = asyncio.Event()
        stop = bar.emulator.journal.follow(lambda hop: pushed.set() if hop.operation == "PostToConnection" else None)
        command = ["order", "--port", str(bar.port), MANUAL]
        ordering = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, main, command))
        await pushed.wait()
        stop()

        await refuse(bar, (await tickets(bar))[0], "the oven is out")

        result = await ordering
        assert result.exit_code == 1
        assert result.output.splitlines()[1:] == ["order refused: the oven is out"]


async def test_a_ticket_that_was_moved_on_is_not_moved_twice() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(MANUAL)
        await receive(guest, 1)
        [ticket] = await tickets(bar)
        await move_on(bar, ticket)

        with pytest.raises(ServiceError) as error:
            await move_on(bar, ticket)

        assert error.value.code == "TaskTimedOut"
        assert statuses(await receive(guest, 1)) == STATUSES[1:2]
        assert [each["status"] for each in await tickets(bar)] == STATUSES[1:2]


async def test_the_kitchen_is_switched_for_orders_that_do_not_say() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await set_kitchen(bar, "manual")
        await guest.send(ORDER)
        await guest.send('{"type":"funghi","kitchen":"automatic"}')
        assert await receive(guest, 2) == FRAMES[:1] * 2
        await bar.pass_time(25)
        assert await receive(guest, 5) == FRAMES[1:]
        assert [json.loads(each["orderDetails"])["type"] for each in await tickets(bar)] == ["margherita"]

        await set_kitchen(bar, "automatic")
        await guest.send(ORDER)
        await receive(guest, 1)
        await bar.pass_time(25)

        assert await receive(guest, 5) == FRAMES[1:]


async def test_the_kitchen_needs_nothing_that_it_may_not() -> None:
    async with open_pizza_bar(Settings(state=None, clock="virtual", iam="enforce")) as bar, bar.connect() as guest:
        await guest.send('{"kitchen":"manual","ref":"3f"}')
        await receive(guest, 1)
        await guest.send(RESUME)
        await receive(guest, 1)
        for _ in STATUSES[1:]:
            await move_on(bar, (await tickets(bar))[0])
        await receive(guest, 5)

        assert bar.emulator.authorization.findings() == []
        assert bar.emulator.authorization.unknown == {}
        assert [hop for hop in bar.emulator.journal if hop.error is not None] == []


async def test_tickets_outlive_the_process(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state.db", clock="virtual")
    async with open_pizza_bar(settings) as bar, bar.connect() as guest:
        await guest.send('{"kitchen":"manual","ref":"3f"}')
        await receive(guest, 1)

    async with open_pizza_bar(settings) as bar, bar.connect() as guest:
        await guest.send(RESUME)
        assert await told(guest, 1) == [("3f", "order accepted")]
        await move_on(bar, (await tickets(bar))[0])

        assert await told(guest, 1) == [("3f", "order is now being prepared")]


async def test_the_frames_of_an_order_with_a_ref_name_it() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(NAMED)
        await guest.send('{"type":"funghi","ref":"ff"}')
        assert await told(guest, 2) == [("3f", "order accepted"), ("ff", "order accepted")]
        assert {order["orderId"]["S"] for order in await bar.items("Orders")} == {"3f", "ff"}

        await bar.pass_time(25)

        assert sorted(await told(guest, 10)) == sorted((ref, each) for ref in ("3f", "ff") for each in STATUSES[1:])


async def test_an_order_that_is_sent_twice_is_ordered_once() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest, bar.connect() as same:
        await guest.send(NAMED)
        await receive(guest, 1)

        await same.send(NAMED)

        assert json.loads(str(await same.recv()))["message"] == "Internal server error"
        assert len(await bar.executions()) == 1


@asynccontextmanager
async def returning(bar: PizzaBar, away: float) -> AsyncIterator[Any]:
    """A guest who orders, leaves after the first status, and is back after a time."""
    async with bar.connect() as guest:
        await guest.send(NAMED)
        assert await told(guest, 1) == [("3f", "order accepted")]
    await bar.pass_time(away)
    async with bar.connect() as guest:
        await guest.send(RESUME)
        yield guest


async def test_a_guest_who_comes_back_is_told_the_rest() -> None:
    async with open_pizza_bar() as bar, returning(bar, 12) as guest:
        assert await told(guest, 1) == [("3f", "order is undergoing the baking process")]

        await bar.pass_time(25)

        assert await told(guest, 3) == [("3f", status) for status in STATUSES[3:]]
        [order], [session] = await bar.items("Orders"), await bar.items("Sessions")
        assert order["status"] == {"S": "order delivered"}
        assert order["connectionId"] == session["connectionId"]


async def test_a_guest_who_comes_back_late_is_told_how_it_ended() -> None:
    async with open_pizza_bar() as bar, returning(bar, 3600) as guest:
        assert await told(guest, 1) == [("3f", "order delivered")]


async def test_a_guest_who_comes_back_is_told_in_the_same_words() -> None:
    reason = "the oven is \"out\": è fredda \\ 'sorry'"
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send('{"kitchen":"manual","ref":"3f"}')
        await receive(guest, 1)
        await refuse(bar, (await tickets(bar))[0], reason)
        [frame] = await receive(guest, 1)

        await guest.send(RESUME)

        assert frame == status_frame(f"order refused: {reason}", "3f")
        assert await told(guest, 1) == [("3f", f"order refused: {reason}")]


@pytest.mark.parametrize("message", ['{"action":"resume"}', '{"action":"resume","ref":"\\"\\\\"}', RESUME])
async def test_an_order_that_is_not_there_is_unknown(message: str) -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(message)

        assert await guest.recv() == UNKNOWN


async def test_an_order_without_a_ref_is_nobodys_to_come_back_to() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest, bar.connect() as stranger:
        await guest.send(ORDER)
        await receive(guest, 1)
        [order] = await bar.items("Orders")

        await stranger.send(json.dumps({"action": "resume", "ref": order["orderId"]["S"]}))

        assert await stranger.recv() == UNKNOWN


@pytest.mark.parametrize("ref", ['"no name"', '{"a":1}', '"' + "3" * 81 + '"', '"\\u0000"'])
async def test_a_ref_that_is_no_name_of_an_execution_is_refused(ref: str) -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(f'{{"ref":{ref}}}')

        assert json.loads(str(await guest.recv()))["message"] == "Internal server error"
        assert await bar.executions() == []
