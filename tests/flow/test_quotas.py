"""
Quotas over real sockets: frames, messages, idle connections.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from pizzabar.apigateway.quotas import Rate
from pizzabar.settings import Settings, Throttle
from tests.flow.serving import PizzaBar, open_pizza_bar

TEMPLATE = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Echo, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: MOCK, RequestTemplates: {$default: '{"statusCode":200}'}}
  Answer:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Mock
      IntegrationResponseKey: $default
      ResponseTemplates: {$default: 'heard'}
  Default:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub "integrations/${Mock}"}
  Response:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Default, RouteResponseKey: $default}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: api, AutoDeploy: true}
"""


@asynccontextmanager
async def open_echo(tmp_path: Path, **settings: Any) -> AsyncIterator[PizzaBar]:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    given = Settings(state=None, clock="virtual", template=tmp_path / "template.yaml", **settings)
    async with open_pizza_bar(given) as bar:
        yield bar


async def end_of(guest: ClientConnection) -> tuple[int, str]:
    """Wait for the end of a connection."""
    try:
        while True:
            await guest.recv()
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else (1006, "")


async def test_the_largest_frame(tmp_path: Path) -> None:
    async with open_echo(tmp_path) as bar:
        async with bar.connect() as guest:
            await guest.send("x" * 32_768)
            assert await guest.recv() == "heard"
            await guest.send("x" * 32_769)
            assert (await end_of(guest))[0] == 1009
        async with bar.connect() as guest:
            await guest.send("é" * 16_384)
            assert await guest.recv() == "heard"
            await guest.send("é" * 16_385)
            assert (await end_of(guest))[0] == 1009


async def test_the_largest_message_has_several_frames(tmp_path: Path) -> None:
    async with open_echo(tmp_path) as bar:
        async with bar.connect() as guest:
            await guest.send(["x" * 32_768] * 4)
            assert await guest.recv() == "heard"
            await guest.send(["x" * 32_768, "x" * 32_769, "x"])
            assert (await end_of(guest))[0] == 1009
        async with bar.connect() as guest:
            await guest.send(["x" * 32_768] * 4 + ["x"])
            assert (await end_of(guest))[0] == 1009


async def test_quotas_can_be_set(tmp_path: Path) -> None:
    async with open_echo(tmp_path, frame_bytes=10, message_bytes=15) as bar:
        async with bar.connect() as guest:
            await guest.send(["x" * 10, "x" * 5])
            assert await guest.recv() == "heard"
            await guest.send("x" * 11)
            assert (await end_of(guest))[0] == 1009
        async with bar.connect() as guest:
            await guest.send(["x" * 10, "x" * 6])
            assert (await end_of(guest))[0] == 1009


async def test_binary_messages_end_a_connection(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html"""
    async with open_echo(tmp_path) as bar, bar.connect() as guest:
        await guest.send(b"hello")
        assert (await end_of(guest))[0] == 1003


async def test_a_ping_is_answered(tmp_path: Path) -> None:
    async with open_echo(tmp_path) as bar, bar.connect() as guest:
        await (await guest.ping())
        await guest.send("hello")
        assert await guest.recv() == "heard"


async def test_an_idle_connection_ends_and_its_session_with_it() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        assert len(await bar.items("Sessions")) == 1

        await bar.pass_time(600)

        assert await end_of(guest) == (1001, "Going away")
        await bar.emulator.settled()
        assert await bar.items("Sessions") == []
        [hop] = [hop for hop in bar.emulator.journal if hop.operation == "$disconnect"]
        assert hop.error is None


async def test_what_is_throttled_is_told_as_on_aws(tmp_path: Path) -> None:
    async with open_echo(tmp_path, throttle=Throttle(Rate(0, 2))) as bar, bar.connect() as guest:
        await guest.send("1")
        assert await guest.recv() == "heard"

        [connection] = bar.emulator.runtime.connections
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"http://localhost:{bar.port}/api",
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"max_attempts": 0}),
        )

        def post() -> str:
            try:
                client.post_to_connection(ConnectionId=connection.id, Data=b"pushed")
            except client.exceptions.LimitExceededException as error:
                return str(error.response["ResponseMetadata"]["HTTPStatusCode"])
            return "taken"

        assert await asyncio.to_thread(post) == "taken"
        assert await guest.recv() == "pushed"
        assert await asyncio.to_thread(post) == "429"
        await guest.send("2")
        assert str(await guest.recv()).startswith('{"message": "Too Many Requests", "connectionId":"')
