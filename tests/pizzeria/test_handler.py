"""The handler of status changes, on the pizza bar's own tables and connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pizzabar import documents
from pizzabar.apigateway.apis import Admission, Handshake
from pizzabar.documents import JSON
from pizzabar.dynamodb.operations import OPERATIONS
from pizzabar.dynamodb.tables import Tables
from pizzabar.emulator import Emulator
from pizzabar.pizzeria.attribute_values import from_item
from pizzabar.pizzeria.orders import status_frame
from pizzabar.settings import Settings
from tests.apigateway.service import Guest

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Bake:order-1"


@asynccontextmanager
async def pizzeria() -> AsyncIterator[tuple[Emulator, str, Guest]]:
    """Open the pizza bar with one guest; give the id of the connection too."""
    emulator = await Emulator.open(Settings(state=None, clock="virtual"))
    try:
        [api] = emulator.apis
        admission = await emulator.apis.connect(api, "api", Handshake("localhost:8000", "127.0.0.1"))
        assert isinstance(admission, Admission)
        guest = Guest()
        emulator.apis.attach(admission.connection, guest)
        yield emulator, admission.connection.id, guest
    finally:
        await emulator.close()


def event(connection_id: str, status: str = "order accepted", details: JSON = None) -> JSON:
    """The event of a status."""
    detail = {"connectionId": connection_id, "status": status, "orderDetails": details or {"size": "L"}}
    return {"resources": ["a state machine", EXECUTION], "detail": detail}


async def handle(emulator: Emulator, given: JSON) -> Any:
    """Invoke the handler with an event."""
    parameters = {"FunctionName": "pizzabar-StatusFunction", "Payload": documents.encode(given)}
    answer = await emulator.call("lambda", "Invoke", parameters)
    assert "FunctionError" not in answer, answer
    return documents.parse(answer["Payload"])


async def items(emulator: Emulator, table: str) -> list[dict[str, Any]]:
    """Read a table."""
    answer = await emulator.call("dynamodb", "Scan", {"TableName": f"pizzabar-{table}"})
    return [from_item(item) for item in answer["Items"]]


async def lines(emulator: Emulator) -> list[str]:
    """Read what the handler logged."""
    await emulator.settled()
    group = "/aws/lambda/pizzabar-StatusFunction"
    answer = await emulator.call("logs", "FilterLogEvents", {"logGroupName": group})
    return [each["message"] for each in answer["events"]]


async def test_the_first_status_makes_the_order_and_tells_the_guest() -> None:
    async with pizzeria() as (emulator, connection_id, guest):
        answer = await handle(emulator, event(connection_id))

        assert answer == {"statusCode": 200, "body": status_frame("order accepted")}
        assert guest.frames == [status_frame("order accepted")]
        assert await items(emulator, "Orders") == [
            {
                "connectionId": connection_id,
                "orderId": "order-1",
                "domainName": "localhost:8000",
                "stage": "api",
                "size": "L",
                "status": "order accepted",
            }
        ]
        [session] = await items(emulator, "Sessions")
        assert session["orderId"] == "order-1"
        assert "order-1: order accepted" in await lines(emulator)


async def test_a_later_status_changes_the_order() -> None:
    async with pizzeria() as (emulator, connection_id, guest):
        await handle(emulator, event(connection_id))
        await handle(emulator, event(connection_id, "order is packed"))

        [order] = await items(emulator, "Orders")
        assert order["status"] == "order is packed"
        assert guest.frames == [status_frame("order accepted"), status_frame("order is packed")]


async def test_a_guest_without_a_session_is_answered_not_raised() -> None:
    async with pizzeria() as (emulator, _connection_id, _guest):
        answer = await handle(emulator, event("R1kmxc2VNjMCFIA="))

        assert answer == {"statusCode": 404, "body": "invalid order"}
        assert await items(emulator, "Orders") == []
        assert "invalid order: connection R1kmxc2VNjMCFIA= has no session" in await lines(emulator)


@pytest.mark.parametrize("given", [{}, {"detail": {"connectionId": 5}}, []])
async def test_an_event_that_tells_of_no_order_is_answered(given: JSON) -> None:
    async with pizzeria() as (emulator, _connection_id, _guest):
        assert await handle(emulator, given) == {"statusCode": 404, "body": "invalid order"}


async def test_a_guest_who_has_gone_is_answered_not_raised() -> None:
    async with pizzeria() as (emulator, connection_id, _guest):
        emulator.runtime.connections.detach(connection_id)

        answer = await handle(emulator, event(connection_id))

        assert answer == {"statusCode": 404, "body": "invalid order"}
        # As on AWS the order is written before the push.
        assert len(await items(emulator, "Orders")) == 1
        assert f"invalid order: connection {connection_id}: GoneException" in await lines(emulator)


async def test_a_session_that_has_gone_does_not_come_back() -> None:
    """Its guest leaves between the handler's reading and its writing."""
    async with pizzeria() as (emulator, connection_id, guest):
        key = {"TableName": "pizzabar-Sessions", "Key": {"connectionId": {"S": connection_id}}}

        async def leave_then_put(tables: Tables, parameters: JSON) -> JSON:
            await OPERATIONS["DeleteItem"](tables, key)
            return await OPERATIONS["PutItem"](tables, parameters)

        emulator.call.add("dynamodb", {"PutItem": leave_then_put}, emulator.tables)

        answer = await handle(emulator, event(connection_id))

        assert answer == {"statusCode": 404, "body": "invalid order"}
        assert await items(emulator, "Sessions") == []
        assert guest.frames == []


async def test_keys_of_an_order_do_not_lead_elsewhere() -> None:
    async with pizzeria() as (emulator, connection_id, _guest):
        details = {"orderId": "other", "connectionId": "other", "stage": "other", "status": "eaten", "size": "L"}

        await handle(emulator, event(connection_id, details=details))

        [order] = await items(emulator, "Orders")
        assert (order["orderId"], order["connectionId"], order["stage"]) == ("order-1", connection_id, "api")
        assert order["status"] == "order accepted"


async def test_a_guest_who_comes_back_while_an_order_is_written_is_told() -> None:
    """The order was read with the connection that it had before."""
    async with pizzeria() as (emulator, connection_id, guest):
        details = {"ref": "order-1"}
        await handle(emulator, event(connection_id, details=details))
        [old] = await items(emulator, "Orders")
        stale = {"orderId": {"S": "order-1"}, "connectionId": {"S": "R1kmxc2VNjMCFIA="}, "ref": {"S": "order-1"}}
        reads = [{"Item": stale}]

        async def read_stale(tables: Tables, parameters: JSON) -> JSON:
            if parameters["TableName"] == "pizzabar-Orders" and reads:
                return reads.pop()
            return await OPERATIONS["GetItem"](tables, parameters)

        emulator.call.add("dynamodb", {"GetItem": read_stale}, emulator.tables)

        answer = await handle(emulator, event(connection_id, "order is packed", details))

        assert answer["statusCode"] == 200
        assert await items(emulator, "Orders") == [old | {"status": "order is packed"}]
        assert guest.frames[1:] == [status_frame("order is packed", "order-1")]
