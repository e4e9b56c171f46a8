"""Promises that hold across the rooms: what is set off twice, cancelled, refused or lost."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from pizzabar.emulator import Emulator
from pizzabar.errors import InternalFailure
from pizzabar.lambda_.event_invoke_config import EventInvokeConfig
from pizzabar.local.database import StateFileError
from pizzabar.local.runtime import LocalRuntime
from pizzabar.settings import Settings
from tests.flow.serving import ORDER, open_pizza_bar, receive

IN_MEMORY = Settings(state=None, clock="virtual")
ENTRY = {"Source": "kitchen", "DetailType": "Baked", "Detail": "{}"}


async def invoke(emulator: Emulator, function: str, event: Any = None) -> None:
    """Have a function handle an event."""
    request = {"FunctionName": function, "InvocationType": "Event", "Payload": json.dumps(event)}
    await emulator.call("lambda", "Invoke", request)
    await emulator.settled()


async def test_a_handler_that_puts_the_same_event_twice_puts_two_events() -> None:
    emulator = await Emulator.open(IN_MEMORY)
    ids = []

    async def bake(event: Any, context: Any) -> None:
        for _ in range(2):
            answer = await context.call("events", "PutEvents", {"Entries": [ENTRY]})
            ids.append(answer["Entries"][0]["EventId"])

    emulator.functions.create("bake", bake)
    await invoke(emulator, "bake")

    assert len(set(ids)) == 2
    await emulator.close()


async def test_a_handler_that_is_tried_again_puts_the_same_events() -> None:
    emulator = await Emulator.open(IN_MEMORY)
    ids: list[str] = []

    async def bake(event: Any, context: Any) -> None:
        for _ in range(2):
            answer = await context.call("events", "PutEvents", {"Entries": [ENTRY]})
            ids.append(answer["Entries"][0]["EventId"])
        if len(ids) == 2:
            raise ValueError("the oven went out")

    emulator.functions.create("bake", bake)
    await invoke(emulator, "bake")
    await emulator.advance(timedelta(minutes=1))

    assert len(ids) == 4
    assert ids[:2] == ids[2:]
    await emulator.close()


async def test_a_handler_whose_work_was_cancelled_fails_and_holds_up_nobody() -> None:
    emulator = await Emulator.open(IN_MEMORY)
    handled = []

    async def bake(event: Any, context: Any) -> None:
        handled.append(event)
        if event == 1:
            lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            lost.cancel()
            await lost

    bake_function = emulator.functions.create("bake", bake)
    emulator.functions.event_invoke_configs[f"{bake_function.arn}:$LATEST"] = EventInvokeConfig(0)
    await invoke(emulator, "bake", 1)
    await invoke(emulator, "bake", 2)

    assert handled == [1, 2]
    answer = await emulator.call("lambda", "Invoke", {"FunctionName": "bake", "Payload": b"1"})
    assert answer["FunctionError"] == "Unhandled"
    await emulator.close()


async def test_nothing_is_pushed_once_the_state_cannot_be_written() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        assert isinstance(bar.emulator.runtime, LocalRuntime)
        await bar.emulator.runtime.database.write(
            lambda connection: connection.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON executions BEGIN SELECT raise(ABORT, 'disk full'); END"
            )
        )
        await guest.send(ORDER)
        await receive(guest, 1)
        await bar.pass_time(5)

        with pytest.raises(StateFileError, match="disk full"):
            await bar.emulator.runtime.database.durable()
        [connection] = bar.emulator.apis.connections
        await bar.emulator.apis.connections.push(connection.id, "it is late")
        with pytest.raises(StateFileError):
            await bar.emulator.call("dynamodb", "ListTables", {})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(guest.recv(), 0.2)


async def test_a_fault_of_ours_is_an_internal_failure() -> None:
    async def break_down(owner: object, parameters: object) -> None:
        raise LookupError("ours")

    emulator = await Emulator.open(IN_MEMORY)
    emulator.call.add("events", {"BreakDown": break_down}, None)

    with pytest.raises(InternalFailure, match="BreakDown failed: LookupError: ours"):
        await emulator.call("events", "BreakDown", {})
    await emulator.close()


@pytest.mark.parametrize("order", ['{"size":1e200}', '{"":1}', "[" * 40 + "]" * 40])
async def test_an_order_that_no_table_holds_is_invalid_and_not_tried_again(order: str) -> None:
    async with open_pizza_bar() as bar, bar.connect():
        [session], (machine, _manual) = await bar.items("Sessions"), bar.emulator.state_machines
        given = f'{{"data": {order}, "connectionId": "{session["connectionId"]["S"]}"}}'

        await bar.emulator.state_machines.start_execution(machine.arn, given)
        await bar.pass_time(600)

        answers = [json.loads(hop.result) for hop in bar.emulator.journal if hop.operation == "Invocation"]
        assert [answer["body"] for answer in answers] == ["invalid order"] * 6
        assert await bar.items("Orders") == []


async def test_a_wait_is_as_long_when_time_becomes_real() -> None:
    emulator = await Emulator.open(IN_MEMORY)
    machine, _manual = emulator.state_machines
    await emulator.advance(timedelta(days=1))
    started = await emulator.state_machines.start_execution(machine.arn, '{"data":{},"connectionId":"nobody"}')
    await emulator.settled()

    emulator.set_clock("real", speed=1_000_000)
    due = emulator.clock.current.next_call()

    assert due is not None
    assert due - emulator.clock.now() <= timedelta(seconds=5)
    assert started.execution.status == "RUNNING"
    await emulator.close()
