"""
The skin of WebSocket, without sockets.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

import asyncio
import re
from dataclasses import replace

import pytest

from pizzabar import documents
from pizzabar.apigateway.api import Route
from pizzabar.apigateway.integration import FunctionTarget, Integration
from pizzabar.apigateway.quotas import Quotas
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.lambda_.function import Context
from pizzabar.settings import Settings
from pizzabar.wire.header_names import as_written
from pizzabar.wire.http import Server
from pizzabar.wire.websocket import MAX_UNDER_WAY
from tests.wire.asgi import Client, guest, scope_of, server, websocket
from tests.world import turns, until


async def sessions(emulator: Emulator) -> list[JSON]:
    """The sessions that the pizza bar has."""
    await emulator.settled()
    answer = await emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Sessions"})
    return list(answer["Items"])


async def refused(client: Client) -> tuple[int, JSON]:
    """Give the status and the body of a refusal."""
    start, body = await client.hears(), await client.hears()
    assert start["type"] == "websocket.http.response.start"
    assert (b"content-length", str(len(body["body"])).encode()) in start["headers"]
    return start["status"], documents.parse(body["body"])


class Handler:
    """A function for a route: it remembers its events, and may hold them back."""

    def __init__(self, result: JSON = None) -> None:
        self.result: JSON = {"statusCode": 200} if result is None else result
        self.events: list[JSON] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, event: JSON, context: Context) -> JSON:
        self.events.append(event)
        await self.gate.wait()
        return self.result

    @property
    def contexts(self) -> list[JSON]:
        return [event["requestContext"] for event in self.events]


def give_route(emulator: Emulator, key: str, handler: Handler) -> None:
    """Let a route of the pizza bar's API go to a function."""
    [api] = emulator.apis
    function = emulator.functions.create(f"On{key.strip('$')}", handler, timeout=900)
    api.integrations[key] = Integration(key, "AWS_PROXY", FunctionTarget(function.arn))
    api.routes[key] = Route(key, key)
    api.stages["api"] = replace(api.stages["api"], deployed=api)


async def test_an_order_is_told_of_its_statuses() -> None:
    async with server(clock="auto") as (app, _emulator), guest(app) as client:
        client.says('{"type":"margherita"}')
        frames = [documents.parse(await client.hears_text()) for _ in range(6)]

        statuses = [documents.parse(frame["message"])["status"] for frame in frames]
        assert statuses == [
            "order accepted",
            "order is now being prepared",
            "order is undergoing the baking process",
            "order is packed",
            "order is sent for delivery",
            "order delivered",
        ]


async def test_who_connects_has_a_session_until_it_goes() -> None:
    async with server() as (app, emulator):
        async with guest(app, "/api", "table=7", user_agent="wscat", x_kind='a "quoted" one') as client:
            [session] = await sessions(emulator)
            [connection] = emulator.runtime.connections
            assert session["connectionId"] == {"S": connection.id}
            assert session["querystring"] == {"S": "{table=7}"}
            assert session["domainName"] == {"S": "localhost:8000"}
            assert 'x-kind=a "quoted" one' in session["headers"]["S"]
            client.goes()
        assert await sessions(emulator) == []
        assert len(emulator.runtime.connections) == 0


@pytest.mark.parametrize("path", ["/", "/prod", "/api/more", "/@connections", "//", "/API"])
async def test_a_stage_that_is_not_there_is_forbidden(path: str) -> None:
    async with server() as (app, emulator):
        async with websocket(app, path) as client:
            assert await refused(client) == (403, {"message": "Forbidden"})
        assert await sessions(emulator) == []


async def test_an_api_may_be_named_by_the_host() -> None:
    async with server() as (app, emulator):
        [api] = emulator.apis
        async with guest(app, host=f"{api.id}.execute-api.localhost:8000"):
            pass
        async with websocket(app, host="other.execute-api.localhost:8000") as client:
            assert await refused(client) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"host": "evil.example"},
            "Host evil.example is not this server's: allow it with PIZZABAR_ALLOWED_HOSTS",
        ),
        (
            {"origin": "https://evil.example"},
            "Origin https://evil.example may not use this server: allow it with PIZZABAR_ALLOWED_ORIGINS",
        ),
    ],
)
async def test_strangers_are_refused(headers: dict[str, str], message: str) -> None:
    async with server() as (app, emulator):
        async with websocket(app, **headers) as client:
            assert await refused(client) == (403, {"message": message})
        assert await sessions(emulator) == []


async def test_a_local_page_is_let_in() -> None:
    async with server() as (app, emulator), guest(app, origin="http://localhost:3000"):
        assert len(await sessions(emulator)) == 1


@pytest.mark.parametrize(("result", "status"), [({"statusCode": 401}, 401), ({"nonsense": 1}, 502)])
async def test_what_connect_refuses_is_refused(result: JSON, status: int) -> None:
    async with server() as (app, emulator):
        handler = Handler(result)
        give_route(emulator, "$connect", handler)
        async with websocket(app) as client:
            assert (await refused(client))[0] == status
        await emulator.settled()
        assert len(emulator.runtime.connections) == 0
        assert await emulator.runtime.connections.open() == []


async def test_a_session_that_cannot_be_written_is_no_connection() -> None:
    async with server() as (app, emulator):
        await emulator.call("dynamodb", "DeleteTable", {"TableName": "pizzabar-Sessions"})
        async with websocket(app) as client:
            status, _body = await refused(client)
        await emulator.settled()
        assert 500 <= status < 600
        assert len(emulator.runtime.connections) == 0
        assert await emulator.runtime.connections.open() == []


async def test_the_handshake_waits_for_connect() -> None:
    async with server() as (app, emulator):
        handler = Handler()
        handler.gate.clear()
        give_route(emulator, "$connect", handler)
        async with websocket(app) as client:
            await until(lambda: handler.events)
            assert client.said.empty()
            handler.gate.set()
            assert (await client.hears())["type"] == "websocket.accept"


async def test_a_client_that_goes_during_its_handshake_gets_its_goodbye() -> None:
    async with server() as (app, emulator):
        handler = Handler()
        give_route(emulator, "$disconnect", handler)
        client = Client(is_gone=True)
        client.handed.put_nowait({"type": "websocket.connect"})

        await app(scope_of("/api"), client.handed.get, client.send)

        [context] = handler.contexts
        assert (context["eventType"], context["disconnectStatusCode"]) == ("DISCONNECT", 1006)
        await emulator.settled()
        assert len(emulator.runtime.connections) == 0
        assert await emulator.runtime.connections.open() == []


async def test_what_connect_is_told() -> None:
    async with server() as (app, emulator):
        handler = Handler()
        give_route(emulator, "$connect", handler)
        headers = {
            "user_agent": "wscat",
            "x_forwarded_for": "1.2.3.4",
            "sec_websocket_key": "k",
            "token": "t",
            "upgrade": "websocket",
        }
        async with guest(app, "/api", "a=1&a=2&b=&c=%C3%A9", connection="Upgrade", **headers):
            pass

        [event] = handler.events
        assert event["headers"].pop("X-Amzn-Trace-Id").startswith("Root=1-")
        assert event["headers"] == {
            "Host": "localhost:8000",
            "User-Agent": "wscat",
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Proto": "http",
            "Sec-WebSocket-Key": "k",
            "token": "t",
        }
        assert event["queryStringParameters"] == {"a": "2", "b": "", "c": "é"}
        assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""], "c": ["é"]}
        assert event["requestContext"]["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "wscat"}
        assert "body" not in event


def test_the_names_of_headers_are_as_they_were_written() -> None:
    assert as_written([b"Host", b"token", b"HeaderAuth1"]) == ["Host", "token", "HeaderAuth1"]
    # By a server that gives them in lower case, those that clients send by themselves are written as these do.
    assert as_written([b"host", b"sec-websocket-key", b"token"]) == ["Host", "Sec-WebSocket-Key", "token"]


async def test_a_subprotocol_that_connect_chose() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html"""
    async with server() as (app, emulator):
        give_route(emulator, "$connect", Handler({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "pizza"}}))
        async with websocket(app) as client:
            assert await client.hears() == {"type": "websocket.accept", "subprotocol": "pizza"}
    async with server() as (app, emulator), websocket(app, sec_websocket_protocol="pizza") as client:
        assert (await client.hears())["subprotocol"] is None


async def test_a_binary_frame_closes_the_connection() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html"""
    async with server() as (app, emulator):
        handler = Handler()
        give_route(emulator, "$default", handler)
        async with guest(app) as client:
            client.says_bytes(b"\x00")
            client.says_bytes(b"\x00")
            client.says("after the end")
            message = await client.hears()
            assert (message["type"], message["code"]) == ("websocket.close", 1003)
            client.goes()
        assert client.said.empty()
        assert handler.events == []
        assert await sessions(emulator) == []


@pytest.mark.parametrize("character", ["x", "é", "🍕"])
async def test_a_message_over_128_kb_closes_the_connection(character: str) -> None:
    async with server() as (app, emulator):
        handler = Handler()
        give_route(emulator, "$default", handler)
        async with guest(app) as client:
            largest = character * (Quotas().message_bytes // len(character.encode()))
            client.says(largest)
            client.says(largest + "x")
            message = await client.hears()
            assert (message["type"], message["code"]) == ("websocket.close", 1009)
        assert [event["body"] for event in handler.events] == [largest]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((1000, ""), (1000, "")),
        ((1001, "Going away"), (1001, "Going away")),
        ((4000, "my reason"), (4000, "my reason")),
        ((1005, ""), (1005, "Client-side close frame status not set")),  # recorded on AWS
        ((1005, None), (1006, "")),  # the connection was cut
        ((1006, ""), (1006, "")),
    ],
)
async def test_how_a_connection_ended_as_aws_tells_it(said: tuple[int, str | None], told: tuple[int, str]) -> None:
    async with server() as (app, emulator):
        handler = Handler()
        give_route(emulator, "$disconnect", handler)
        async with guest(app) as client:
            client.goes(*said)

        [context] = handler.contexts
        assert (context["disconnectStatusCode"], context["disconnectReason"]) == told


async def test_messages_are_begun_in_their_order() -> None:
    async with server() as (app, emulator):
        handler = Handler()
        give_route(emulator, "$default", handler)
        async with guest(app) as client:
            for number in range(100):
                client.says(str(number))
        await emulator.settled()
        assert [event["body"] for event in handler.events] == [str(number) for number in range(100)]


async def test_a_flood_is_held_back() -> None:
    async with server() as (app, emulator):
        handler = Handler()
        handler.gate.clear()
        give_route(emulator, "$default", handler)
        async with guest(app) as client:
            for number in range(3 * MAX_UNDER_WAY):
                client.says(str(number))
            await turns()
            assert len(handler.events) == MAX_UNDER_WAY
            assert client.handed.qsize() == 2 * MAX_UNDER_WAY

            handler.gate.set()
            await emulator.settled()
            await until(client.handed.empty)
        await emulator.settled()
        assert len(handler.events) == 3 * MAX_UNDER_WAY


async def test_a_flooding_client_does_not_hold_up_another() -> None:
    async with server() as (app, emulator):
        handler = Handler()
        handler.gate.clear()
        give_route(emulator, "$default", handler)
        async with guest(app) as flooding, guest(app) as other:
            for _ in range(2 * MAX_UNDER_WAY):
                flooding.says("flood")
            other.says("hello")
            await turns()
            assert sum(event["body"] == "hello" for event in handler.events) == 1
            handler.gate.set()


async def test_an_error_frame_reaches_the_client() -> None:
    async with server() as (app, emulator):
        give_route(emulator, "$default", Handler({"nonsense": 1}))
        async with guest(app) as client:
            client.says("hello")
            frame = await client.hears_text()

        assert re.fullmatch(
            r'\{"message": "Internal server error", "connectionId":"[\w-]{15}=", "requestId":"[\w-]{15}="\}', frame
        )


async def test_a_client_without_an_address() -> None:
    async with server() as (app, _emulator):
        client = Client()
        client.handed.put_nowait({"type": "websocket.connect"})
        client.goes()

        await app({**scope_of("/api"), "client": None}, client.handed.get, client.send)

        assert (await client.hears())["type"] == "websocket.accept"


def test_the_server_tells_when_it_was_not_started() -> None:
    app = Server(Settings)
    client = Client()

    with pytest.raises(RuntimeError, match="run it with its lifespan on"):
        asyncio.run(app(scope_of("/api"), client.handed.get, client.send))
