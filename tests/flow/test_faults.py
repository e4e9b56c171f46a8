"""Orders under faults, and faults over HTTP."""

import asyncio
from datetime import timedelta

import pytest

from pizzabar.errors import ServiceError
from pizzabar.faults import FaultRule
from tests.flow.serving import ORDER, STATUSES, open_pizza_bar, receive, statuses
from tests.wire.control.asking import control


async def ordered(rule: FaultRule, seconds: float = 600) -> tuple[list[str], list[str]]:
    """Order under a rule; give the statuses that came, and those of the order in its table."""
    async with open_pizza_bar() as bar:
        bar.emulator.faults.add(rule)
        async with bar.connect() as guest:
            await guest.send(ORDER)
            came: list[str] = []

            async def listen() -> None:
                async for frame in guest:
                    came.append(str(frame))

            listening = asyncio.create_task(listen())
            await guest.ping()
            await bar.emulator.settled()
            await bar.emulator.advance(timedelta(seconds=seconds))
            await (await guest.ping())
            listening.cancel()
            items = await bar.items("Orders")
            return statuses(came), [item["status"]["S"] for item in items]


async def test_an_order_gets_over_a_service_that_is_throttled() -> None:
    came, stands = await ordered(FaultRule("throttle", "dynamodb", "UpdateItem", times=3))
    assert came == STATUSES
    assert stands == ["order delivered"]


async def test_an_order_gets_over_a_function_that_fails_twice() -> None:
    came, _ = await ordered(FaultRule("error", "lambda", "Invocation", times=2, code="Burnt"))
    # As on AWS, a function's retry holds up nothing that comes after it.
    assert came == [*STATUSES[2:], STATUSES[0], STATUSES[1]]


async def test_a_late_event_holds_up_those_after_it() -> None:
    came, _ = await ordered(FaultRule("latency", "lambda", "Invoke", seconds=12))
    assert came == STATUSES


async def test_a_status_that_is_pushed_twice_is_seen_twice() -> None:
    came, _ = await ordered(FaultRule("duplicate", "apigatewaymanagementapi", "PostToConnection"))
    assert came == [STATUSES[0], *STATUSES]


async def test_a_client_that_vanishes_leaves_no_session() -> None:
    async with open_pizza_bar() as bar:
        bar.emulator.faults.add(FaultRule("vanish", "events", "PutEvents", skip=2))
        async with bar.connect() as guest:
            await guest.send(ORDER)
            assert statuses(await receive(guest, 1)) == STATUSES[:1]
            await bar.pass_time(5)
            assert statuses(await receive(guest, 1)) == STATUSES[1:2]
            await bar.pass_time(25)
            await guest.wait_closed()
        await bar.emulator.settled()
        assert await bar.items("Sessions") == []
        [execution] = await bar.executions()
        assert execution["status"] == "SUCCEEDED"


@pytest.mark.parametrize(("state", "heard"), [("Notify User - Pizza is Baking", 2), ("Wait for 5 Seconds (4)", 4)])
async def test_a_client_vanishes_at_a_state(state: str, heard: int) -> None:
    """At a task, and at a Wait, which makes no hop: the status told just before that is still on its way."""
    async with open_pizza_bar() as bar:
        bar.emulator.faults.add(FaultRule("vanish", state=state))
        async with bar.connect() as guest:
            await guest.send(ORDER)
            came = await receive(guest, 1)
            await bar.pass_time(60)
            came += [str(frame) async for frame in guest]
            assert statuses(came) == STATUSES[:heard]
        await bar.emulator.settled()
        assert await bar.items("Sessions") == []
        [execution] = await bar.executions()
        assert execution["status"] == "SUCCEEDED"


async def test_faults_over_http() -> None:
    async with control() as (client, emulator):
        added = (await client.post("/faults", json={"kind": "throttle", "service": "dynamodb", "times": None})).json()
        assert (added["number"], added["kind"], added["broken"]) == (1, "throttle", 0)
        with pytest.raises(ServiceError, match="ThrottlingException"):
            await emulator.call("dynamodb", "ListTables", {})
        [listed] = (await client.get("/faults")).json()
        assert listed["broken"] == 1
        assert (await client.post("/faults/1/remove")).json() == []
        assert (await client.post("/faults/1/remove")).status_code == 404
        await client.post("/faults", json={"kind": "gone"})
        assert (await client.post("/faults/clear")).json() == []
        assert list(emulator.faults) == []
        assert (await client.post("/faults", json={"kind": "fire"})).status_code == 422


@pytest.mark.parametrize(
    "given",
    [
        '{"kind":"error","skip":1180591620717411303424}',
        '{"kind":"error","seed":1180591620717411303424}',
        '{"kind":"error","message":"\\ud800"}',
        '{"kind":"error","code":"a\\r\\nX-Evil: b"}',
        '{"kind":"error","code":""}',
        '{"kind":"error","code":"\\u00e9"}',
    ],
)
async def test_a_fault_that_cannot_be_told_is_refused(given: str) -> None:
    async with control() as (client, emulator):
        answer = await client.post("/faults", content=given, headers={"Content-Type": "application/json"})

        assert answer.status_code == 422
        assert list(emulator.faults) == []
