"""
The workshop's own template, byte for byte, over real sockets: with what its README calls peculiar.

Its handler is written for Node.js; a Python one stands in for it here, in process.
"""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection

from pizzabar.lambda_.function import Context
from pizzabar.loading import load_stack
from pizzabar.pizzeria.attribute_values import from_item, to_item
from pizzabar.settings import Settings
from tests.flow.serving import FRAMES, ORDER, STATUSES, PizzaBar, open_pizza_bar, receive, statuses

HANDLER = "tests.flow.test_workshop:handler"


async def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Do what the workshop's ``lambda-target-example.js`` does."""
    order, status, connection = (event["detail"][name] for name in ("orderDetails", "status", "connectionId"))
    sessions, orders = context.environment["SESSION_TABLE"], context.environment["ORDER_TABLE"]

    async def get(table: str, **key: str) -> dict[str, Any]:
        answer = await context.call("dynamodb", "GetItem", {"TableName": table, "Key": to_item(key)})
        return from_item(answer["Item"])

    async def put(table: str, item: dict[str, Any]) -> None:
        await context.call("dynamodb", "PutItem", {"TableName": table, "Item": to_item(item)})

    try:
        session = await get(sessions, connectionId=connection)
        if session["orderId"]:
            current = {**await get(orders, orderId=session["orderId"]), **order, "status": status}
        else:
            order_id = str(uuid4())
            await put(sessions, {**session, "orderId": order_id})
            kept = {name: session[name] for name in ("domainName", "stage")}
            current = {**order, "connectionId": connection, "orderId": order_id, **kept, "status": status}
        await put(orders, current)
        message = json.dumps({"name": "STATUS_CHANGED_EVENT", "status": status}, separators=(",", ":"))
        data = json.dumps({"type": "CHANGED_EVENT", "message": message}, separators=(",", ":")).encode()
        await context.call("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": connection, "Data": data})
    except Exception:
        return {"statusCode": 404, "body": '{"message":"{\\"message\\":\\"invalid order\\",\\"err\\":{}}"}'}
    return {"statusCode": 200, "body": json.dumps({"message": json.dumps(current, default=str)})}


def settings(workshop: Path, **others: Any) -> Settings:
    """Give the settings of ``pizzabar up template.yaml --function LambdaPizzaHandler=…``."""
    functions = {"LambdaPizzaHandler": HANDLER}
    return Settings(state=None, clock="virtual", template=workshop / "template.yaml", functions=functions, **others)


async def answer_of(guest: ClientConnection) -> dict[str, Any]:
    """Take the frame that answers an order."""
    answer: dict[str, Any] = json.loads(await guest.recv())
    return answer


async def sessions_of(bar: PizzaBar) -> dict[str, Any]:
    """Read the one session."""
    [session] = await bar.items("Sessions")
    return session


def test_the_template_loads_as_it_is(workshop: Path) -> None:
    stack = load_stack(settings(workshop))

    endpoint = stack.outputs["APIEndpoint"].value
    assert re.fullmatch(r"wss://[a-z0-9]{10}\.execute-api\.us-east-1\.amazonaws\.com/api", endpoint)
    assert stack.outputs["SessionsTable"].value == "pizzabar-Sessions"
    assert stack.ignored == ()


async def test_an_order_is_answered_with_its_execution_and_told_of_six_statuses(workshop: Path) -> None:
    async with open_pizza_bar(settings(workshop)) as bar, bar.connect() as guest:
        await guest.send(ORDER)

        # The date is in seconds since the epoch, written as Java writes a double of that size.
        frame, first = await receive(guest, 2)
        [execution] = await bar.executions()
        arn = re.escape(execution["executionArn"])
        assert re.fullmatch(rf'{{"executionArn":"{arn}","startDate":1\.[0-9]{{1,15}}E9}}', frame)
        assert json.loads(frame)["startDate"] == execution["startDate"]

        assert first == FRAMES[0]
        for status in FRAMES[1:]:
            await bar.pass_time(5)
            assert await receive(guest, 1) == [status]


async def test_the_session_never_expires(workshop: Path) -> None:
    async with open_pizza_bar(settings(workshop)) as bar, bar.connect():
        session = await sessions_of(bar)
        ttl = session["ttl"]["N"]
        # Milliseconds, and 86,400 of them: a date of some fifty thousand years ahead when read as seconds.
        assert len(ttl) == 13
        assert int(ttl) - bar.emulator.clock.now().timestamp() * 1000 == pytest.approx(86_400, abs=1_000)

        # That of a guest who never says goodbye.
        lasting = {**session, "connectionId": {"S": "O3b9tc0WIAMCKew="}}
        await bar.emulator.call("dynamodb", "PutItem", {"TableName": "pizzabar-Sessions", "Item": lasting})
        await bar.emulator.advance(timedelta(days=30))

        assert lasting in await bar.items("Sessions")


async def test_headers_and_query_are_the_text_of_a_java_map(workshop: Path) -> None:
    async with open_pizza_bar(settings(workshop)) as bar, bar.connect("/api?table=7&guest=Ada"):
        session = await sessions_of(bar)

        assert session["querystring"] == {"S": "{table=7, guest=Ada}"}
        assert session["headers"]["S"].startswith(f"{{Host=localhost:{bar.port}, ")
        assert session["headers"]["S"].endswith("}")
        assert session["domainName"] == {"S": f"localhost:{bar.port}"}
        assert session["orderId"] == {"S": ""}


async def test_a_second_order_overwrites_the_first(workshop: Path) -> None:
    async with open_pizza_bar(settings(workshop)) as bar, bar.connect() as guest:
        await guest.send('{"type":"margherita","size":"L"}')
        await receive(guest, 2)
        await bar.pass_time(2)
        await guest.send('{"type":"funghi"}')
        await receive(guest, 2)

        await bar.pass_time(25)

        assert statuses(await receive(guest, 10)) == [status for status in STATUSES[1:] for _ in range(2)]
        # One item for both orders: the guest's second pizza, in the size of the first.
        [order] = await bar.items("Orders")
        session = await sessions_of(bar)
        assert order["orderId"] == session["orderId"]
        assert order["type"] == {"S": "funghi"}
        assert order["size"] == {"S": "L"}
        assert order["status"] == {"S": "order delivered"}
        assert len(await bar.executions()) == 2


async def test_another_stage_name(workshop: Path) -> None:
    chosen = settings(workshop, parameters={"ApiStageName": "prod"})
    async with open_pizza_bar(chosen) as bar, bar.connect("/prod") as guest:
        await guest.send(ORDER)
        assert (await answer_of(guest)).keys() == {"executionArn", "startDate"}
