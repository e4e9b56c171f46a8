"""
The operations of the management API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import botocore.session
import pytest

from pizzabar.apigateway.connections import is_connection_id
from pizzabar.apigateway.operations import OPERATIONS
from pizzabar.apigateway.quotas import Quotas
from pizzabar.errors import ServiceError
from pizzabar.journal import CAUSE, Attempt, Cause
from tests.apigateway.service import ApiGateway, api_gateway

NOBODY = "R1kmxc2VNjMCFIA="


async def ask(gateway: ApiGateway, operation: str, connection_id: str | None, **more: object) -> object:
    return await gateway.world.call("apigatewaymanagementapi", operation, {"ConnectionId": connection_id, **more})


def test_the_operations_have_boto3s_names() -> None:
    model = botocore.session.get_session().get_service_model("apigatewaymanagementapi")

    assert set(OPERATIONS) == set(model.operation_names)


@pytest.mark.parametrize(
    ("data", "frame"),
    [(b"hello", "hello"), ("hello", "hello"), ("é".encode(), "é"), (b"", ""), (bytearray(b"x"), "x")],
)
async def test_data_is_pushed_as_a_text_frame(data: object, frame: str) -> None:
    async with api_gateway() as gateway:
        connection, guest = await gateway.guest()

        assert await ask(gateway, "PostToConnection", connection.id, Data=data) == {}

        assert guest.frames == [frame]


@pytest.mark.parametrize("character", ["x", "é", "🍕"])
async def test_data_has_a_bound(character: str) -> None:
    """131072 bytes: https://docs.aws.amazon.com/apigatewaymanagementapi/"""
    count = Quotas().message_bytes // len(character.encode())
    async with api_gateway() as gateway:
        connection, guest = await gateway.guest()

        await ask(gateway, "PostToConnection", connection.id, Data=character * count)
        with pytest.raises(ServiceError) as raised:
            await ask(gateway, "PostToConnection", connection.id, Data=(character * count + "x").encode())

        assert (raised.value.code, raised.value.status) == ("PayloadTooLargeException", 413)
        assert len(guest.frames) == 1


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
async def test_a_connection_that_is_not_there_is_gone(operation: str) -> None:
    async with api_gateway() as gateway:
        with pytest.raises(ServiceError) as raised:
            await ask(gateway, operation, NOBODY, Data=b"")

        assert (raised.value.code, raised.value.status) == ("GoneException", 410)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize(
    "id_", ["abc", "", None, NOBODY + "x", NOBODY[:-1], "R1kmxc2VNjMCFI/=", "R1kmxc2VNjMCFIA=\n"]
)
async def test_an_id_of_another_form_is_a_bad_request(operation: str, id_: str | None) -> None:
    """Observed on AWS: https://github.com/localstack/localstack/issues/4694"""
    async with api_gateway() as gateway:
        with pytest.raises(ServiceError) as raised:
            await ask(gateway, operation, id_)

        assert (raised.value.code, raised.value.status) == ("BadRequestException", 400)


@pytest.mark.parametrize(
    ("text", "is_id"),
    [("e_d2EewNLPECIGw=", True), ("eHrdFcnvvHcCE-w=", True), ("eHrdFcnvvHcCE-w", False), ("=" * 16, False)],
)
def test_the_form_of_an_id(text: str, is_id: bool) -> None:
    assert is_connection_id(text) is is_id


async def test_a_client_that_has_gone_without_a_word_is_gone_once_a_frame_did_not_reach_it() -> None:
    """A frame is sent once what it tells of is durable, so the first finds out, and the next is told."""
    async with api_gateway() as gateway:
        connection, guest = await gateway.guest()
        guest.has_gone = True
        await ask(gateway, "PostToConnection", connection.id, Data=b"hello?")
        await gateway.world.settled()

        with pytest.raises(ServiceError) as raised:
            await ask(gateway, "PostToConnection", connection.id, Data=b"hello")

        assert raised.value.code == "GoneException"


async def test_a_connection_is_told_about() -> None:
    async with api_gateway() as gateway:
        connection, _guest = await gateway.guest()
        await gateway.world.advance(seconds=1.5)
        await ask(gateway, "PostToConnection", connection.id, Data=b"hello")

        assert await ask(gateway, "GetConnection", connection.id) == {
            "connectedAt": "2026-03-01T12:00:00.000Z",
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "wscat"},
            "lastActiveAt": "2026-03-01T12:00:01.500Z",
        }


async def test_a_message_of_the_client_is_activity() -> None:
    async with api_gateway() as gateway:
        gateway.route("$default", None)
        connection, _guest = await gateway.guest()
        await gateway.world.advance(seconds=2)

        await gateway.apis.receive(connection, "{}")

        answer = await gateway.world.call("apigatewaymanagementapi", "GetConnection", {"ConnectionId": connection.id})
        assert answer["lastActiveAt"] == "2026-03-01T12:00:02.000Z"


async def test_a_connection_is_closed() -> None:
    """Observed on AWS: https://github.com/boto/boto3/issues/3789"""
    async with api_gateway() as gateway:
        connection, guest = await gateway.guest()

        assert await ask(gateway, "DeleteConnection", connection.id) == {}

        assert guest.closed == [(1000, "Connection Closed Normally")]


async def test_a_repeated_piece_of_work_pushes_once() -> None:
    async with api_gateway() as gateway:
        connection, guest = await gateway.guest()

        for attempt in (1, 2):
            token = CAUSE.set(Cause("1-0-0", attempt, attempt=Attempt("an invocation")))
            await ask(gateway, "PostToConnection", connection.id, Data=b"one")
            await ask(gateway, "PostToConnection", connection.id, Data=b"two")
            CAUSE.reset(token)

        assert guest.frames == ["one", "two"]


async def test_a_piece_of_work_may_push_the_same_twice() -> None:
    async with api_gateway() as gateway:
        connection, guest = await gateway.guest()
        token = CAUSE.set(Cause("1-0-0", 1, attempt=Attempt("an invocation")))

        await ask(gateway, "PostToConnection", connection.id, Data=b"knock")
        await ask(gateway, "PostToConnection", connection.id, Data=b"knock")

        CAUSE.reset(token)
        assert guest.frames == ["knock", "knock"]
