"""The order flow from end to end: real sockets, virtual time."""

import asyncio
import json
import time
from typing import cast

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pizzabar.apigateway.errors import LimitExceededException
from pizzabar.settings import Settings
from tests.flow.serving import FRAMES, ORDER, STATUSES, open_pizza_bar, receive, statuses


async def test_a_guest_orders_and_is_told_of_six_statuses_five_seconds_apart() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(ORDER)
        assert await receive(guest, 1) == FRAMES[:1]

        for frame in FRAMES[1:]:
            await bar.pass_time(4.999)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(guest.recv(), 0)
            await bar.pass_time(0.001)
            assert await receive(guest, 1) == [frame]


async def test_an_order_is_stored_with_its_last_status_and_its_session_names_it() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(ORDER)
        await receive(guest, 1)

        await bar.pass_time(25)

        [order], [session] = await bar.items("Orders"), await bar.items("Sessions")
        assert order == {
            "orderId": session["orderId"],
            "connectionId": session["connectionId"],
            "domainName": {"S": f"localhost:{bar.port}"},
            "stage": {"S": "api"},
            "type": {"S": "margherita"},
            "size": {"S": "L"},
            "status": {"S": "order delivered"},
        }


async def test_connect_writes_the_session_that_lives_for_a_day() -> None:
    async with open_pizza_bar() as bar, bar.connect("/api?table=7", user_agent_header='a "quoted" agent') as guest:
        [session] = await bar.items("Sessions")
        now = bar.emulator.clock.now().timestamp()

        assert set(session) == {"connectionId", "domainName", "stage", "headers", "querystring", "ttl", "orderId"}
        assert session["domainName"] == {"S": f"localhost:{bar.port}"}
        assert session["stage"] == {"S": "api"}
        assert session["orderId"] == {"S": ""}
        assert session["querystring"] == {"S": "{table=7}"}
        assert session["headers"]["S"].startswith(f"{{Host=localhost:{bar.port}, ")
        assert 'User-Agent=a "quoted" agent' in session["headers"]["S"]
        assert int(session["ttl"]["N"]) == int(now) + 86_400
        await guest.close()


async def test_disconnect_deletes_the_session() -> None:
    async with open_pizza_bar() as bar:
        async with bar.connect():
            assert len(await bar.items("Sessions")) == 1

        await bar.emulator.settled()
        assert await bar.items("Sessions") == []


async def test_a_session_expires_after_a_day() -> None:
    async with open_pizza_bar() as bar:
        async with bar.connect():
            [session] = await bar.items("Sessions")
        await bar.emulator.settled()
        # That of a guest who never said goodbye.
        await bar.emulator.call("dynamodb", "PutItem", {"TableName": "pizzabar-Sessions", "Item": session})
        await bar.pass_time(86_400)
        assert len(await bar.items("Sessions")) == 1

        await bar.pass_time(2)

        assert await bar.items("Sessions") == []


async def test_a_second_order_on_one_connection_is_a_second_order() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send('{"type":"margherita"}')
        await receive(guest, 1)
        await bar.pass_time(2)
        await guest.send('{"type":"funghi"}')
        await receive(guest, 1)

        await bar.pass_time(25)

        told = statuses(await receive(guest, 10))
        assert told == [status for status in STATUSES[1:] for _ in range(2)]
        orders = await bar.items("Orders")
        assert sorted(order["type"]["S"] for order in orders) == ["funghi", "margherita"]
        assert {order["status"]["S"] for order in orders} == {"order delivered"}
        [session] = await bar.items("Sessions")
        [second] = [order for order in orders if order["type"]["S"] == "funghi"]
        assert session["orderId"] == second["orderId"]


async def test_the_execution_is_recorded_as_on_aws() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(ORDER)
        await receive(guest, 1)
        await bar.pass_time(25)

        [execution] = await bar.executions()
        assert execution["status"] == "SUCCEEDED"
        history = await bar.emulator.call(
            "stepfunctions", "GetExecutionHistory", {"executionArn": execution["executionArn"]}
        )
        [session] = await bar.items("Sessions")
        described = await bar.emulator.call(
            "stepfunctions", "DescribeExecution", {"executionArn": execution["executionArn"]}
        )
        given = {"data": {"type": "margherita", "size": "L"}, "connectionId": session["connectionId"]["S"]}
        assert json.loads(described["input"]) == json.loads(described["output"]) == given

    types = [event["type"] for event in history["events"]]
    task = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
    wait = ["WaitStateEntered", "WaitStateExited"]
    assert types == ["ExecutionStarted", *(task + wait) * 5, *task, "ExecutionSucceeded"]
    assert [event["id"] for event in history["events"]] == list(range(1, len(types) + 1))


async def test_every_event_goes_to_the_log_group() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(ORDER)
        await receive(guest, 1)
        await bar.pass_time(25)

        events = [json.loads(line) for line in await bar.log_lines("/aws/events/pizzabar")]
        [execution] = await bar.executions()

    assert [event["detail"]["status"] for event in events] == STATUSES
    assert list(events[0]) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    ]  # fmt: skip
    assert events[0]["resources"] == [execution["stateMachineArn"], execution["executionArn"]]
    assert events[0]["detail"]["orderDetails"] == {"type": "margherita", "size": "L"}


async def test_one_trace_follows_an_order_from_its_frame_to_its_pushes() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(ORDER)
        await receive(guest, 1)
        await bar.pass_time(25)

        [frame] = [hop for hop in bar.emulator.journal if hop.operation == "$default"]
        trace = [hop for hop in bar.emulator.journal if hop.trace_id == frame.trace_id]

    names = [f"{hop.service}:{hop.operation}" for hop in trace]
    assert names.count("stepfunctions:StartExecution") == 1
    assert names.count("events:PutEvents") == 6
    assert names.count("lambda:Invocation") == 6
    assert names.count("apigatewaymanagementapi:PostToConnection") == 6
    ids = {hop.id for hop in trace}
    assert all(hop.parent in ids for hop in trace if hop is not frame)


async def test_several_guests_are_each_told_of_their_own_order() -> None:
    async with open_pizza_bar() as bar:
        guests = [await bar.connect() for _ in range(20)]
        for number, guest in enumerate(guests):
            await guest.send(json.dumps({"type": f"pizza {number}"}))
        assert [await receive(guest, 1) for guest in guests] == [FRAMES[:1]] * 20

        await bar.pass_time(25)

        assert [await receive(guest, 5) for guest in guests] == [FRAMES[1:]] * 20
        assert len(await bar.items("Orders")) == 20
        for guest in guests:
            await guest.close()


async def test_a_guest_leaves_in_the_middle_and_the_order_goes_on() -> None:
    async with open_pizza_bar() as bar:
        async with bar.connect() as guest:
            await guest.send(ORDER)
            await receive(guest, 1)
            await bar.pass_time(5)
        await bar.emulator.settled()
        assert await bar.items("Sessions") == []

        await bar.pass_time(20)

        [execution] = await bar.executions()
        assert execution["status"] == "SUCCEEDED"
        [order] = await bar.items("Orders")
        assert order["status"] == {"S": "order is now being prepared"}
        answers = [hop.result for hop in bar.emulator.journal if hop.operation == "Invocation"]
        assert [json.loads(answer)["statusCode"] for answer in answers] == [200, 200, 404, 404, 404, 404]
        assert json.loads(answers[-1])["body"] == "invalid order"


async def test_a_push_to_a_guest_who_has_gone_is_410_and_the_order_is_invalid() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        [session] = await bar.items("Sessions")
        await guest.close()
        await bar.emulator.settled()
        # As if the goodbye had not been written yet.
        await bar.emulator.call("dynamodb", "PutItem", {"TableName": "pizzabar-Sessions", "Item": session})
        machine, _manual = bar.emulator.state_machines
        order = json.dumps({"data": {}, "connectionId": session["connectionId"]["S"]})

        await bar.emulator.state_machines.start_execution(machine.arn, order)
        await bar.pass_time(0)

        [push] = [hop for hop in bar.emulator.journal if hop.operation == "PostToConnection"]
        assert str(push.error) == "GoneException"
        [answer] = [hop.result for hop in bar.emulator.journal if hop.operation == "Invocation"]
        assert json.loads(answer) == {"statusCode": 404, "body": "invalid order"}


@pytest.mark.parametrize("message", ["hello", "", '{"type":', "\\", '"'])
async def test_an_order_that_is_not_json_is_answered_and_starts_nothing(message: str) -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        [session] = await bar.items("Sessions")

        await guest.send(message)
        answer = json.loads((await receive(guest, 1))[0])

        assert answer["message"] == "Internal server error"
        assert answer["connectionId"] == session["connectionId"]["S"]
        assert await bar.executions() == []
        # The connection stays open.
        await guest.send(ORDER)
        assert await receive(guest, 1) == FRAMES[:1]


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ('"just a text"', {"details": {"S": "just a text"}}),
        ("[1, 2.5]", {"details": {"L": [{"N": "1"}, {"N": "2.5"}]}}),
        ("null", {"details": {"NULL": True}}),
        ('{"status":"mine","orderId":"stolen","connectionId":"x"}', {}),
        ('{"note":"it\'s \\"hot\\" / ü 🍕 \\\\"}', {"note": {"S": 'it\'s "hot" / ü 🍕 \\'}}),
    ],
)
async def test_what_a_guest_may_order(message: str, stored: dict[str, object]) -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(message)
        assert await receive(guest, 1) == FRAMES[:1]

        [order], [session] = await bar.items("Orders"), await bar.items("Sessions")
        ours = {"orderId", "connectionId", "domainName", "stage", "status"}
        assert {name: value for name, value in order.items() if name not in ours} == stored
        assert order["connectionId"] == session["connectionId"]
        assert order["status"] == {"S": "order accepted"}


async def test_a_guest_who_floods_is_served_whole() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest, bar.connect() as other:
        flood = asyncio.gather(*(guest.send(json.dumps({"number": number})) for number in range(300)))
        await other.send(ORDER)
        assert await receive(other, 1) == FRAMES[:1]

        await flood
        assert await receive(guest, 300) == FRAMES[:1] * 300
        await bar.pass_time(25)

        assert await receive(guest, 1500) == [frame for frame in FRAMES[1:] for _ in range(300)]
        orders = await bar.items("Orders")
        assert {order["number"]["N"] for order in orders if "number" in order} == {str(n) for n in range(300)}


async def test_a_guest_who_never_reads_costs_bounded_memory_and_slows_nobody() -> None:
    async with open_pizza_bar() as bar, bar.connect() as other:
        reader, writer = await asyncio.open_connection("127.0.0.1", bar.port)
        writer.write(
            b"GET /api HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        cast(asyncio.Transport, writer.transport).pause_reading()
        [deaf] = [connection for connection in bar.emulator.apis.connections if connection.user_agent is None]
        push = {"ConnectionId": deaf.id, "Data": "x" * 32_000}

        refused = 0
        for _ in range(2000):
            try:
                await bar.emulator.call("apigatewaymanagementapi", "PostToConnection", push)
            except LimitExceededException:
                refused += 1

        # 64 MB were pushed; what was taken is what socket buffers and a bounded queue hold.
        assert refused > 1000
        await other.send(ORDER)
        assert await receive(other, 1) == FRAMES[:1]
        writer.transport.abort()


async def test_a_stage_that_is_not_there_is_refused() -> None:
    async with open_pizza_bar() as bar:
        for path in ("/", "/prod", "/api/more"):
            with pytest.raises(InvalidStatus) as refusal:
                await bar.connect(path)
            assert refusal.value.response.status_code == 403


async def test_a_handshake_is_refused_when_the_session_cannot_be_written() -> None:
    async with open_pizza_bar() as bar:
        await bar.emulator.call("dynamodb", "DeleteTable", {"TableName": "pizzabar-Sessions"})

        with pytest.raises(InvalidStatus) as refusal:
            await bar.connect()

        assert refusal.value.response.status_code == 500
        assert len(bar.emulator.apis.connections) == 0


async def test_a_binary_message_closes_the_connection() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(b"margherita")

        with pytest.raises(ConnectionClosed) as closed:
            await guest.recv()

        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003


async def test_a_message_beyond_the_quota_closes_the_connection() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send("x" * 131_073)

        with pytest.raises(ConnectionClosed) as closed:
            await guest.recv()

        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_speed_shortens_waits_and_nothing_else() -> None:
    settings = Settings(state=None, speed=1_000_000)
    async with open_pizza_bar(settings) as bar, bar.connect() as guest:
        await guest.send(ORDER)

        assert await receive(guest, 6) == FRAMES
        [session] = await bar.items("Sessions")
        assert abs(int(session["ttl"]["N"]) - time.time() - 86_400) < 60


async def test_on_automatic_time_an_order_is_delivered_at_once() -> None:
    async with open_pizza_bar(Settings(state=None, clock="auto")) as bar, bar.connect() as guest:
        began = bar.emulator.clock.now()

        await guest.send(ORDER)

        assert await receive(guest, 6) == FRAMES
        assert (bar.emulator.clock.now() - began).total_seconds() >= 25
