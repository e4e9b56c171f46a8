"""Back ends written in Python: hooks, rules, functions, tables and state machines, with a template or without."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from pizzabar import Application
from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.lambda_.function import Context
from pizzabar.wire.http import Server

MEMORY: dict[str, Any] = {"state": ":memory:", "clock": "virtual"}
Event = dict[str, Any]


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application, with its lifespan, on a port of its own; give the address without its scheme."""
    config = uvicorn.Config(app, port=0, log_level="warning", lifespan="on", ws="websockets-sansio")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield f"localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        await server.shutdown()


async def push(context: Context, connection: str, text: str) -> None:
    await context.call("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": connection, "Data": text})


def kitchen(**settings: Any) -> Application:
    """A whole flow in a few lines: connect, order, a state machine, an event, a rule, a push."""
    app = Application(**settings)
    app.table("Guests", key="connectionId", ttl="expires")
    app.bus("kitchen")
    entry = {
        "Source": "kitchen",
        "DetailType": "Baked",
        "EventBusName": "kitchen",
        "Detail": {"to.$": "$.to", "pizza.$": "$.pizza"},
    }
    bake = app.state_machine(
        "Bake",
        {
            "StartAt": "Wait",
            "States": {
                "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Tell"},
                "Tell": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::events:putEvents",
                    "Parameters": {"Entries": [entry]},
                    "End": True,
                },
            },
        },
    )

    @app.connect
    async def come(event: Event, context: Context) -> None:
        item = {"connectionId": {"S": event["requestContext"]["connectionId"]}}
        await context.call("dynamodb", "PutItem", {"TableName": "Guests", "Item": item})

    @app.default
    async def order(event: Event, context: Context) -> str:
        asked = {"to": event["requestContext"]["connectionId"], "pizza": event["body"]}
        started = {"stateMachineArn": bake, "input": json.dumps(asked)}
        await context.call("stepfunctions", "StartExecution", started)
        return "taken"

    @app.rule({"source": ["kitchen"]}, bus="kitchen")
    async def serve(event: Event, context: Context) -> None:
        await push(context, event["detail"]["to"], f"{event['detail']['pizza']} is ready")

    @app.disconnect
    async def go(event: Event, context: Context) -> None:
        key = {"connectionId": {"S": event["requestContext"]["connectionId"]}}
        await context.call("dynamodb", "DeleteItem", {"TableName": "Guests", "Key": key})

    return app


def emulator_of(app: Application) -> Any:
    assert app._server is not None
    assert app._server.emulator is not None
    return app._server.emulator


async def test_a_whole_flow_over_a_real_socket() -> None:
    app = kitchen(state=":memory:", clock="auto")
    async with served(app) as address:
        async with connect(f"ws://{address}/api") as guest:
            await guest.send("margherita")
            assert [await guest.recv() for _ in range(2)] == ["taken", "margherita is ready"]
            answer = await emulator_of(app).call("dynamodb", "Scan", {"TableName": "Guests"})
            assert answer["Count"] == 1
        await emulator_of(app).settled()
        answer = await emulator_of(app).call("dynamodb", "Scan", {"TableName": "Guests"})
        assert answer["Count"] == 0


async def test_an_emulator_of_it_is_driven_by_a_test() -> None:
    app = kitchen()

    async with app.emulator(**MEMORY) as emulator:
        bake = "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
        started = {"stateMachineArn": bake, "input": '{"to":"nobody","pizza":"funghi"}'}
        arn = (await emulator.call("stepfunctions", "StartExecution", started))["executionArn"]

        async def status() -> str:
            described = await emulator.call("stepfunctions", "DescribeExecution", {"executionArn": arn})
            return str(described["status"])

        assert await status() == "RUNNING"
        await emulator.advance(timedelta(seconds=5))
        assert await status() == "SUCCEEDED"


async def test_what_was_under_way_goes_on_at_the_next_start(tmp_path: Path) -> None:
    told: list[str] = []
    entry = {"Source": "kitchen", "DetailType": "Baked", "Detail.$": "$"}
    tell = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": [entry]}}
    states = {"Wait": {"Type": "Wait", "Seconds": 5, "Next": "Tell"}, "Tell": {**tell, "End": True}}

    def app() -> tuple[Application, str]:
        made = Application(state=tmp_path / "state.db", clock="virtual")

        @made.rule({"source": ["kitchen"]})
        async def hear(event: Event, context: Context) -> None:
            told.append(event["detail"]["pizza"])

        return made, made.state_machine("Bake", {"StartAt": "Wait", "States": states})

    made, bake = app()
    async with made.emulator() as emulator:
        started = {"stateMachineArn": bake, "input": '{"pizza":"funghi"}'}
        await emulator.call("stepfunctions", "StartExecution", started)
        await emulator.settled()
    assert told == []
    async with app()[0].emulator() as emulator:
        await emulator.advance(timedelta(seconds=5))
        await emulator.settled()

    assert told == ["funghi"]


@pytest.mark.parametrize("prefix", ["", "/aws"])
async def test_it_is_mounted_in_an_application_of_fastapi(prefix: str) -> None:
    app = kitchen(state=":memory:", clock="auto")
    outer = FastAPI(lifespan=app.lifespan)

    @outer.get("/menu")
    async def menu() -> list[str]:
        return ["margherita"]

    outer.mount(prefix or "/", app)

    async with served(outer) as address:
        import httpx

        async with httpx.AsyncClient(trust_env=False) as client, connect(f"ws://{address}{prefix}/api") as guest:
            assert (await client.get(f"http://{address}/menu")).json() == ["margherita"]
            health = await client.get(f"http://{address}{prefix}/_pizzabar/health")
            assert health.json()["connections"] == 1
            told = (await client.get(f"http://{address}{prefix}/")).text
            assert f"wscat -c ws://{address}{prefix}/api\n" in told
            [connection] = emulator_of(app).runtime.connections
            path = f"http://{address}{prefix}/api/@connections/{connection.id}"
            assert (await client.post(path, content="hello")).status_code == 200
            assert await guest.recv() == "hello"


# Hooks


@pytest.mark.parametrize(
    ("returned", "frame"),
    [
        ("text", "text"),
        ({"pizza": "funghi"}, '{"pizza":"funghi"}'),
        ([1, 2], "[1,2]"),
        (5, "5"),
        ({"statusCode": 200, "body": "whole"}, "whole"),
        ({"statusCode": 200, "pizza": 1}, '{"statusCode":200,"pizza":1}'),
        ("", None),
        (None, None),
        (True, None),
        ({"statusCode": 200}, None),
    ],
)
@pytest.mark.parametrize("is_async", [True, False])
async def test_what_a_hook_returns_is_answered(returned: Any, frame: str | None, is_async: bool) -> None:
    app = Application(**MEMORY)

    if is_async:

        @app.default
        async def answer(event: Event, context: Context) -> Any:
            return returned

    else:

        @app.default
        def answer_plainly(event: Event, context: Context) -> Any:
            return returned

    @app.route("last")
    def last(event: Event, context: Context) -> str:
        return "last"

    async with served(app) as address, connect(f"ws://{address}/api") as guest:
        await guest.send("hello")
        await emulator_of(app).settled()
        await guest.send('{"action":"last"}')
        first = await guest.recv()

    assert first == (frame or "last")


@pytest.mark.parametrize(
    ("returned", "status"),
    [(False, 403), ({"statusCode": 401}, 401), (None, 101), (True, 101), ({"statusCode": 200}, 101)],
)
async def test_a_connect_hook_lets_in_or_not(returned: Any, status: int) -> None:
    app = Application(**MEMORY)

    @app.connect
    async def come(event: Event, context: Context) -> Any:
        return returned

    async with served(app) as address:
        try:
            async with connect(f"ws://{address}/api"):
                seen = 101
        except InvalidStatus as refused:
            seen = refused.response.status_code
    assert seen == status


async def test_a_hook_that_fails_is_told_as_on_aws() -> None:
    app = Application(**MEMORY)

    @app.default
    async def fail(event: Event, context: Context) -> None:
        raise ValueError("no oven")

    async with served(app) as address, connect(f"ws://{address}/api") as guest:
        await guest.send("hello")
        assert json.loads(await guest.recv())["message"] == "Internal server error"
        lines = await emulator_of(app).call(
            "logs", "FilterLogEvents", {"logGroupName": "/aws/lambda/pizzabar-DefaultHook"}
        )
        assert any("no oven" in event["message"] for event in lines["events"])


async def test_routes_stages_and_expressions_of_ones_own() -> None:
    app = Application(stage="prod", route_selection_expression="${request.body.do}-now", **MEMORY)

    @app.route("bake-now")
    async def bake(event: Event, context: Context) -> str:
        return str(event["requestContext"]["routeKey"])

    async with served(app) as address, connect(f"ws://{address}/prod") as guest:
        await guest.send('{"do":"bake"}')
        assert await guest.recv() == "bake-now"


async def test_functions_have_names_environments_and_timeouts() -> None:
    app = Application(**MEMORY)

    @app.function
    def double(event: Any, context: Context) -> Any:
        return event * 2

    @app.function("Greet", timeout=1, environment={"WORD": "Hello"})
    async def greet(event: Any, context: Context) -> str:
        return f"{context.environment['WORD']}, {event}"

    async with app.emulator() as emulator:

        async def invoke(name: str, payload: bytes) -> Any:
            answer = await emulator.call("lambda", "Invoke", {"FunctionName": name, "Payload": payload})
            return json.loads(answer["Payload"])

        assert await invoke("double", b"21") == 42
        assert await invoke("Greet", b'"Ada"') == "Hello, Ada"
        assert emulator.functions.get("Greet").timeout == 1
    assert double(4, None) == 8  # type: ignore[arg-type]


async def test_a_handler_may_have_several_rules() -> None:
    app = Application(**MEMORY)
    heard: list[str] = []

    @app.rule({"source": ["a"]})
    @app.rule({"source": ["b"]})
    async def hear(event: Event, context: Context) -> None:
        heard.append(event["source"])

    async with app.emulator() as emulator:
        for source in ("a", "b", "c"):
            entry = {"Source": source, "DetailType": "x", "Detail": "{}"}
            await emulator.call("events", "PutEvents", {"Entries": [entry]})
        await emulator.settled()

    assert sorted(heard) == ["a", "b"]


def test_a_table_has_the_key_it_is_given() -> None:
    app = Application()
    app.table("Rooms", key={"room": "S", "at": "N"})

    async def story() -> Any:
        async with app.emulator(**MEMORY) as emulator:
            item = {"room": {"S": "a"}, "at": {"N": "1"}}
            await emulator.call("dynamodb", "PutItem", {"TableName": "Rooms", "Item": item})
            return await emulator.call("dynamodb", "GetItem", {"TableName": "Rooms", "Key": item})

    assert asyncio.run(story())["Item"]["at"] == {"N": "1"}
    with pytest.raises(ValueError, match="at most two attributes"):
        app.table("Other", key={"a": "S", "b": "S", "c": "S"})


# Beside a template

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Chat:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Chat, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.do}
  Live:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Chat, StageName: live, DeploymentId: !Ref Deployment}
  Deployment: {Type: AWS::ApiGatewayV2::Deployment, Properties: {ApiId: !Ref Chat}}
  News: {Type: AWS::Events::EventBus, Properties: {Name: !Sub "${AWS::StackName}-news"}}
  Write: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, CodeUri: .}}
"""


async def test_hooks_and_handlers_beside_a_template(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    app = Application(template=str(tmp_path / "template.yaml"), **MEMORY)

    @app.route("publish")
    async def publish(event: Event, context: Context) -> None:
        connection = event["requestContext"]["connectionId"]
        entry = {
            "Source": "chat",
            "DetailType": "x",
            "EventBusName": "pizzabar-news",
            "Detail": json.dumps({"to": connection}),
        }
        await context.call("events", "PutEvents", {"Entries": [entry]})

    @app.rule({"source": ["chat"]}, bus="News")
    async def hear(event: Event, context: Context) -> None:
        written = await context.call("lambda", "Invoke", {"FunctionName": "pizzabar-Write", "Payload": b"1"})
        await push(context, event["detail"]["to"], written["Payload"].decode())

    @app.function("Write")
    async def write(event: Any, context: Context) -> Any:
        return event + 1

    async with served(app) as address, connect(f"ws://{address}/live") as guest:
        await guest.send('{"do":"publish"}')
        assert await guest.recv() == "2"


# What is wrong


def line_of(text: str) -> int:
    """Find the line of this file on which a text stands first."""
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


async def test_everything_wrong_is_told_with_its_place() -> None:
    app = Application(**MEMORY)

    @app.rule({"sorce": "text"})  # a pattern that is none
    async def hear(event: Event, context: Context) -> None: ...

    app.state_machine("Flow", {"StartAt": "Nowhere", "States": {}})  # a definition that is none
    app.table("Orders", key={"id": "X"})  # a key that is none

    with pytest.raises(FaultyTemplate) as faulty:
        async with app.emulator():
            pass

    told = {(fault.position.file, fault.position.line) for fault in faulty.value.faults}
    names = ("# a pattern that is none", "# a definition that is none", "# a key that is none")
    assert told == {(__file__, line_of(name)) for name in names}


def test_two_of_one_name_are_an_error_that_names_both() -> None:
    app = Application()

    @app.default
    async def first(event: Event, context: Context) -> None: ...

    with pytest.raises(ValueError, match=r"test_application\.py:\d+: the route \$default has a handler already"):

        @app.default
        async def second(event: Event, context: Context) -> None: ...

    app.table("Orders", key="id")
    with pytest.raises(ValueError, match="there is OrdersTable already"):
        app.table("Orders", key="id")

    @app.function
    def bake(event: Any, context: Context) -> None: ...

    with pytest.raises(ValueError, match="there is bake already"):

        @app.function("bake")
        def other(event: Any, context: Context) -> None: ...


async def test_a_name_that_the_template_has_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    app = Application(template=tmp_path / "template.yaml", **MEMORY)
    app.function("Write")(lambda event, context: None)
    app.function("Live")(lambda event, context: None)

    with pytest.raises(FaultyTemplate, match="Live: the template has a resource of that name, too"):
        async with app.emulator():
            pass


def test_a_setting_of_an_unknown_name_is_an_error() -> None:
    with pytest.raises(TypeError, match="sped"):
        Application(sped=60)


def test_the_environment_counts_more_than_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIZZABAR_SPEED", "60")
    app = Application(speed=2.0, region="eu-west-1")

    assert (app.settings().speed, app.settings().region) == (60, "eu-west-1")
    assert app.settings(speed=5.0).speed == 5


async def test_an_application_without_anything_opens() -> None:
    async with Application(**MEMORY).emulator() as emulator:
        assert emulator.stack.resources == ()


def test_a_server_of_the_pizza_bar_is_none_of_a_program() -> None:
    assert Server(Application().settings)._program is None


async def test_things_of_several_kinds_may_have_one_name() -> None:
    app = Application(**MEMORY)
    app.table("Orders", key="id")
    app.bus("Orders")
    app.state_machine("Orders", {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    for name in ("Orders", "Api", "ApiStage", "DefaultHookRoute"):
        app.function(name)(lambda event, context: None)
    heard = []

    @app.rule({"source": ["a"]}, bus="Orders")
    async def hear(event: Event, context: Context) -> None:
        heard.append(event["source"])

    for key in ("connect", "default", "disconnect"):
        app.route(key)(lambda event, context: event["requestContext"]["routeKey"])
        app.route(f"${key}")(lambda event, context: event["requestContext"]["routeKey"])

    async with served(app) as address, connect(f"ws://{address}/api") as guest:
        emulator = emulator_of(app)
        for sent, key in (("x", "$default"), ('{"action":"connect"}', "connect")):
            await guest.send(sent)
            assert await guest.recv() == key
        entry = {"Source": "a", "DetailType": "x", "EventBusName": "Orders", "Detail": "{}"}
        await emulator.call("events", "PutEvents", {"Entries": [entry]})
        await emulator.settled()
        assert heard == ["a"]
        assert (await emulator.call("dynamodb", "ListTables", {}))["TableNames"] == ["Orders"]
        names = {each["FunctionName"] for each in (await emulator.call("lambda", "ListFunctions", {}))["Functions"]}
        assert names >= {"Orders", "Api", "ApiStage", "DefaultHookRoute", "pizzabar-ConnectHook"}


async def test_the_arn_of_a_state_machine_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIZZABAR_REGION", "eu-west-1")
    app = Application(region="us-west-2", **MEMORY)
    arn = app.state_machine("Flow", {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})

    async with app.emulator() as emulator:
        started = await emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": arn})
        assert started["executionArn"].startswith("arn:aws:states:eu-west-1:123456789012:execution:Flow:")
    with pytest.raises(ValueError, match=r"ARNs of \('eu-west-1', '123456789012'\)"):
        app.settings(region="us-east-1")


async def test_a_bus_that_is_not_there_is_told_with_its_place() -> None:
    app = Application(**MEMORY)

    @app.rule({"source": ["a"]}, bus="nobody")  # a bus that is not there
    async def hear(event: Event, context: Context) -> None: ...

    with pytest.raises(FaultyTemplate, match="no AWS::Events::EventBus nobody") as faulty:
        async with app.emulator():
            pass
    [fault] = faulty.value.faults
    assert (fault.position.file, fault.position.line) == (__file__, line_of("# a bus that is not there"))


async def test_what_is_registered_may_be_invoked_by_its_routes_and_rules() -> None:
    app = kitchen(iam="enforce", **MEMORY)
    async with app.emulator() as emulator, served(Server(lambda: emulator.settings, emulator)) as address:
        async with connect(f"ws://{address}/api") as guest:
            await guest.send('{"action":"order","pizza":"funghi"}')
            await guest.recv()
            await emulator.advance(timedelta(seconds=5))
        await emulator.settled()
        assert emulator.authorization.findings() == []
        assert {name.partition(" ")[0] for name in emulator.authorization.uses} == {
            "apigateway.amazonaws.com",
            "events.amazonaws.com",
        }
