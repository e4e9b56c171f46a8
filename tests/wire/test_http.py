"""The server as a whole: its lifespan, and who answers which request."""

import asyncio
import json
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from pizzabar import documents, journal
from pizzabar.emulator import Emulator
from pizzabar.settings import Settings, SettingsError
from pizzabar.wire.http import Server
from pizzabar.wire.websocket import Message
from tests.running import running
from tests.wire.asgi import SECONDS, http, server


class Lifespan:
    """What a server does about an application's life."""

    def __init__(self, app: Server) -> None:
        self._handed: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._living = asyncio.create_task(app({"type": "lifespan"}, self._handed.get, self._said.put))

    async def tells(self, event: str) -> Message:
        """Tell the application of the startup or shutdown, and give what it says to that."""
        self._handed.put_nowait({"type": f"lifespan.{event}"})
        async with asyncio.timeout(SECONDS):
            said = await self._said.get()
            if event == "shutdown" or said["type"].endswith("failed"):
                await self._living
        return said


async def test_the_emulator_lives_as_long_as_the_server(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    app = Server(lambda: Settings(state=state, clock="virtual"))
    life = Lifespan(app)

    assert await life.tells("startup") == {"type": "lifespan.startup.complete"}
    assert app.emulator is not None
    assert (await http(app, "GET", "/")).status == 200
    assert await life.tells("shutdown") == {"type": "lifespan.shutdown.complete"}
    with pytest.raises(RuntimeError, match="the server has not been started"):
        await http(app, "GET", "/")
    # The state file is free again.
    await (await Emulator.open(Settings(state=state, clock="virtual"))).close()


async def test_an_emulator_that_was_handed_in_is_left_running() -> None:
    async with server() as (app, emulator):
        life = Lifespan(app)
        await life.tells("startup")
        await life.tells("shutdown")

        assert app.emulator is emulator
        await emulator.settled()


async def test_faulty_settings_fail_the_startup() -> None:
    def settings() -> Settings:
        raise SettingsError("PIZZABAR_SPEED is 'fast'")

    assert await Lifespan(Server(settings)).tells("startup") == {
        "type": "lifespan.startup.failed",
        "message": "PIZZABAR_SPEED is 'fast'",
    }


async def test_a_faulty_template_fails_the_startup_with_every_fault(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources:\n  Bus: {Type: AWS::Events::EventBus}\n  Topic: {Type: AWS::SNS::Topic}\n")

    said = await Lifespan(Server(lambda: Settings(template=template, state=None))).tells("startup")

    assert said["type"] == "lifespan.startup.failed"
    first, second = said["message"].splitlines()
    assert first.startswith(f"{template}:2")
    assert second.startswith(f"{template}:3")


async def test_a_template_that_is_not_there_fails_the_startup(tmp_path: Path) -> None:
    said = await Lifespan(Server(lambda: Settings(template=tmp_path / "nowhere.yaml", state=None))).tells("startup")

    assert said["type"] == "lifespan.startup.failed"
    assert "nowhere.yaml" in said["message"]


async def test_the_root_says_how_to_connect() -> None:
    async with server() as (app, _emulator):
        answer = await http(app, "GET", "/")

        assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert b"ws://localhost:8000/api" in answer.body


async def test_a_websocket_address_wants_an_upgrade() -> None:
    async with server() as (app, _emulator):
        answer = await http(app, "GET", "/api")

        assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PUT", "/"), ("GET", "/api/more")])
async def test_what_is_not_there(method: str, path: str) -> None:
    async with server() as (app, _emulator):
        answer = await http(app, method, path)

        assert (answer.status, answer.body) == (404, b'{"message":"Not Found"}')
        assert answer.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/@connections/R1kmxc2VNjMCFIA=", "/_pizzabar/health", "/_pizzabar/clock/advance"]
)
async def test_strangers_are_refused_everywhere(path: str, headers: dict[str, str]) -> None:
    async with server() as (app, _emulator):
        assert (await http(app, "POST", path, b"{}", **headers)).status == 403


async def test_hosts_are_allowed_by_a_setting() -> None:
    async with server(allowed_hosts=("pizza.test",)) as (app, _named):
        assert (await http(app, "GET", "/", host="pizza.test:8000")).status == 200
    async with server(host="10.0.0.7") as (app, _other):
        assert (await http(app, "GET", "/", host="10.0.0.7:8000")).status == 200
    async with server(host="0.0.0.0") as (app, _emulator):
        assert (await http(app, "GET", "/", host="0.0.0.0:8000")).status == 403


async def test_the_control_plane_is_beneath_its_path() -> None:
    async with server() as (app, _emulator):
        answer = await http(app, "GET", "/_pizzabar/health")

        assert answer.status == 200
        assert documents.parse(answer.body)["stack"] == "pizzabar"
        assert (await http(app, "GET", "/_pizzabarx")).status == 404
        assert (await http(app, "GET", "/_pizzabar/nowhere")).status == 404


def test_boto3_knows_a_connection_that_is_gone() -> None:
    with running() as port:
        client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"http://localhost:{port}/api",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 0}),
        )

        with pytest.raises(client.exceptions.GoneException) as raised:
            client.post_to_connection(ConnectionId="R1kmxc2VNjMCFIA=", Data=b"hello")
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
        with pytest.raises(client.exceptions.PayloadTooLargeException):
            client.post_to_connection(ConnectionId="R1kmxc2VNjMCFIA=", Data=b"x" * 131_073)
        with pytest.raises(client.exceptions.GoneException):
            client.get_connection(ConnectionId="R1kmxc2VNjMCFIA=")
        with pytest.raises(client.exceptions.GoneException):
            client.delete_connection(ConnectionId="R1kmxc2VNjMCFIA=")
        client.close()


@pytest.mark.parametrize(
    ("service", "path", "code", "message"),
    [
        ("s3", "/", "UnknownOperationException", "s3:GET / is not supported"),
        ("pipes", "/v1/pipes", "UnknownOperationException", "pipes:GET /v1/pipes is not supported"),
        ("apigateway", "/restapis", "UnknownOperationException", "apigateway:GET /restapis is not supported"),
    ],
)
async def test_what_a_service_that_is_not_here_is_asked_is_refused_by_name(
    service: str, path: str, code: str, message: str
) -> None:
    scope = f"AKIA/20260101/us-east-1/{service}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    async with server() as (app, _emulator):
        answer = await http(app, "GET", path, authorization=signed)

    assert answer.status == 400
    if service == "s3":
        assert answer.body == f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    else:
        assert (answer.headers["x-amzn-errortype"], json.loads(answer.body)) == (code, {"message": message})


async def test_heavy_requests_leave_the_journal_before_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST", 2 * journal.HEAVY)
    put = documents.write({"TableName": "none", "Item": {"a": {"S": "b" * journal.HEAVY}}})
    asked = {"content_type": "application/x-amz-json-1.0", "x_amz_target": "DynamoDB_20120810.PutItem"}
    async with server() as (app, emulator):
        for _ in range(3):
            await http(app, "POST", "/", put.encode(), content_length=str(len(put)), **asked)

        kept = [hop for hop in emulator.journal if hop.operation == "PutItem"]

    assert len(kept) == 1
