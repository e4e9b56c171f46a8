"""Worlds for tests."""

import asyncio
import gc
import json
import os
import textwrap
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pizzabar import Application
from pizzabar.errors import PizzabarError, ServiceError
from pizzabar.testing import AsyncWorld, ConnectionRefused, NotThere, World
from tests.flow.serving import FRAMES, ORDER, STATUSES


def status(frame: Any) -> str:
    return str(json.loads(frame["message"])["status"])


def test_an_order_in_a_world() -> None:
    with World() as world:
        guest = world.connect()
        guest.send({"type": "margherita", "size": "L"})
        guest.assert_received(FRAMES[0])

        world.advance(25)

        assert [status(frame) for frame in guest.received] == STATUSES
        assert guest.frames == FRAMES
        [order] = world.items("Orders", status="order delivered")
        assert order["type"] == "margherita"
        assert world.item("Orders", orderId=order["orderId"]) == order
        execution = world.assert_execution("OrderFlow")
        assert execution.input == {"data": {"type": "margherita", "size": "L"}, "connectionId": guest.connection_id}
        assert world.history(execution)[-1]["type"] == "ExecutionSucceeded"
        assert world.assert_event({"detail": {"status": ["order delivered"]}}, times=1)["source"] == "WebsocketEvent"
        assert len(world.events(bus="pizzabar-EventBus")) == 6
        assert [status(push.data) for push in world.pushes(guest.connection_id)] == STATUSES
        assert any(line.startswith("REPORT") for line in world.logs("StatusFunction"))
        assert world.assert_item("Sessions", {"connectionId": guest.connection_id}, stage="api")

        guest.close()
        assert world.items("Sessions") == []
        assert guest.closed == (1000, "")
        with pytest.raises(ConnectionError):
            guest.send("more")


async def test_an_order_in_a_world_for_coroutines() -> None:
    async with AsyncWorld() as world:
        guest = await world.connect()
        await guest.send(ORDER)
        await world.advance(25)
        assert guest.frames == FRAMES
        assert guest.take() == [json.loads(frame) for frame in FRAMES]
        assert guest.take() == []
        await world.assert_execution(status="SUCCEEDED")
        await guest.vanish()
        assert await world.items("Sessions") == []


def test_failures_explain_themselves() -> None:
    with World() as world:
        guest = world.connect()
        guest.send(ORDER)

        with pytest.raises(AssertionError) as raised:
            world.assert_event({"source": ["WebsocketEvent"], "detail": {"status": ["burnt"]}})
        told = str(raised.value).splitlines()
        assert told[0] == "an event that the pattern matches should have been put; there were 0"
        assert told[1].startswith("nearest: WebsocketEvent OrderStatusChangedEvent {")
        assert told[2] == '  detail.status wants ["burnt"], found "order accepted"'
        with pytest.raises(AssertionError, match=r"2 events that the pattern matches .* there was 1"):
            world.assert_event({"source": ["WebsocketEvent"]}, times=2)

        with pytest.raises(AssertionError) as raised:
            guest.assert_received(FRAMES[0], "more")
        assert str(raised.value).splitlines() == [
            "2 frames were expected, 1 came",
            f"  1: {FRAMES[0]}",
            "✗ 2: nothing",
            '   expected "more"',
        ]

        with pytest.raises(AssertionError, match=r"Orders has no item orderId='none'; it has 1\n  \{'connectionId'"):
            world.assert_item("Orders", {"orderId": "none"})
        session = {"connectionId": guest.connection_id}
        with pytest.raises(AssertionError, match="stage: 'api', expected 'prod'"):
            world.assert_item("Sessions", session, stage="prod")

        with pytest.raises(AssertionError, match=r"is RUNNING, not SUCCEEDED(\n  .*){5}\n  7 WaitStateEntered$"):
            world.assert_execution()


def test_what_is_not_there() -> None:
    with World() as world:
        with pytest.raises(NotThere, match="there is no AWS::DynamoDB::Table None: there are pizzabar-Orders"):
            world.items("None")
        with pytest.raises(NotThere, match="no stage is meant: there are api of pizzabar-PizzaApi"):
            world.connect("prod")
        with pytest.raises(AssertionError, match="there is no execution of any state machine"):
            world.assert_execution()
        with pytest.raises(ServiceError):
            world.call("dynamodb", "GetItem", TableName="None", Key={})
    with pytest.raises(PizzabarError, match="the world is not open"):
        world.hops()


def test_things_may_be_named_by_logical_ids() -> None:
    with World() as world:
        [table] = [each for each in world.emulator.stack.resources if each.identity.ref == "pizzabar-Orders"]
        assert world.items(table.logical_id) == []


def test_boto3_without_sockets() -> None:
    with World() as world:
        table = world.session().resource("dynamodb").Table("pizzabar-Orders")
        table.put_item(Item={"orderId": "1", "price": Decimal("9.5"), "sizes": {"S", "L"}})
        assert world.item("Orders", orderId="1") == {"orderId": "1", "price": Decimal("9.5"), "sizes": {"S", "L"}}
        assert world.session().client("stepfunctions").list_state_machines()["stateMachines"]
        guest = world.connect()
        push = world.client("apigatewaymanagementapi")
        push.post_to_connection(ConnectionId=guest.connection_id, Data=b"hello")
        guest.assert_received("hello")
        guest.close()
        with pytest.raises(push.exceptions.GoneException):
            push.post_to_connection(ConnectionId=guest.connection_id, Data=b"hello")
        function = world.client("lambda").get_function(FunctionName="pizzabar-StatusFunction")
        assert function["Configuration"]["Timeout"]


def test_faults() -> None:
    with World() as world:
        world.break_hops("gone", "apigatewaymanagementapi", "PostToConnection", times=None)
        guest = world.connect()
        guest.send(ORDER)
        assert guest.frames == []
        assert [push.error for push in world.pushes()] == ["GoneException"]
        world.mend_hops()
        world.advance(5)
        assert [status(frame) for frame in guest.received] == STATUSES[1:2]


def test_a_back_end_of_its_own() -> None:
    app = Application()
    app.table("Guests", key="id")

    @app.connect
    def welcome(event: Any, context: Any) -> bool | None:
        return None if "name" in (event.get("queryStringParameters") or {}) else False

    @app.route("hello")
    async def hello(event: Any, context: Any) -> Any:
        return {"hello": json.loads(event["body"])["to"]}

    with World(app) as world:
        with pytest.raises(ConnectionRefused) as raised:
            world.connect()
        assert raised.value.status == 403
        guest = world.connect(query={"name": "Jo"}, headers={"X-Table": "7"})
        guest.send({"action": "hello", "to": "Jo"})
        guest.assert_received({"hello": "Jo"})


def test_queues() -> None:
    with World() as world:
        url = world.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
        world.call("sqs", "SendMessage", QueueUrl=url, MessageBody='{"a":1}')
        assert world.messages("q") == [{"a": 1}]
        assert world.messages("q") == []


def test_a_world_that_is_served() -> None:
    with World(is_served=True) as world:
        import httpx

        assert httpx.get(f"{world.url}/_pizzabar/clock").json()["mode"] == "virtual"
        assert world.url == f"http://localhost:{world.port}"


def test_a_template_with_faults_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {A: {Type: B}}")
    before = threading.active_count()
    with pytest.raises(PizzabarError, match="B"), World(template=tmp_path / "t.yaml"):
        pass
    assert threading.active_count() == before


def test_many_worlds_leave_nothing() -> None:
    def count() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    def live() -> None:
        with World() as world:
            world.connect().send(ORDER)

    live()
    gc.collect()
    before = count()
    for _ in range(20):
        live()
    gc.collect()
    assert count() == before


def test_paths_may_be_texts(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {Things: {Type: AWS::Events::EventBus, Properties: {Name: own}}}")
    with World(template=str(tmp_path / "t.yaml"), state=str(tmp_path / "s.db")) as world:
        assert world.call("events", "DescribeEventBus", Name="own")["Name"] == "own"
    assert (tmp_path / "s.db").exists()


def test_a_handler_that_waits_for_its_world_is_told_so() -> None:
    app = Application()
    told: list[str] = []

    def ask(world: World) -> None:
        try:
            world.items("Guests")
        except PizzabarError as error:
            told.append(str(error))

    @app.default
    def plain(event: Any, context: Any) -> None:
        ask(world)
        table = world.session().resource("dynamodb", endpoint_url="http://localhost").Table("Guests")
        table.put_item(Item={"id": "1"})

    @app.route("coroutine")
    async def coroutine(event: Any, context: Any) -> None:
        ask(world)

    app.table("Guests", key="id")
    with World(app) as world:
        guest = world.connect()
        guest.send("{}")
        guest.send({"action": "coroutine"})
        assert world.items("Guests") == [{"id": "1"}]
    assert told == ["a handler cannot wait for the world that it runs in: it has context.call(…)"] * 2


def test_a_world_that_is_not_open_is_told_so() -> None:
    world = World()
    for ask in (lambda: world.items("Orders"), lambda: world.hops(), lambda: world.client("dynamodb")):
        with pytest.raises(PizzabarError, match="the world is not open"):
            ask()
    world.open()
    client = world.client("dynamodb")
    with pytest.raises(PizzabarError, match="the world is not served"):
        _ = world.url
    world.close()
    world.close()
    before = threading.active_count()
    with pytest.raises(PizzabarError, match="the world is not open"):
        client.list_tables()
    with pytest.raises(PizzabarError, match="the world is not open"):
        world.items("Orders")
    assert threading.active_count() == before


async def test_a_world_whose_opening_is_cancelled_leaves_nothing() -> None:
    before = {thread.name for thread in threading.enumerate()}
    for _ in range(5):
        world = AsyncWorld()
        opening = asyncio.ensure_future(world.open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await world.close()
    left = {thread.name for thread in threading.enumerate()} - before
    # Those of the test's own loop stay.
    assert all(name.startswith("asyncio_") for name in left)


def test_a_fault_that_could_never_be_is_refused() -> None:
    with World() as world:
        with pytest.raises(PizzabarError, match="there is no dynamo:PutItem that could go wrong"):
            world.break_hops("error", "dynamo", "PutItem")
        number = world.break_hops("throttle", "dynamodb", "GetItem")
        world.break_hops("error", "lambda", "Invocation", skip=9)
        world.connect().send(ORDER)
        assert world.broken(number) == 1


def test_what_was_refused_is_no_event() -> None:
    with World() as world:
        with pytest.raises(ServiceError):
            world.call("events", "PutEvents")
        with pytest.raises(ServiceError):
            world.call("apigatewaymanagementapi", "PostToConnection", ConnectionId="x", Data="y")
        assert world.events() == []
        assert [push.error for push in world.pushes()] == ["BadRequestException: Invalid connectionId: x"]


CHILD = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: api, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Tell.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub "integrations/${Integration}"}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: prod, AutoDeploy: true}
  Tell:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: RUNTIME
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/tell
      Environment: {Variables: {API: !Sub "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/prod"}}
      Code:
        ZipFile: |
CODE
"""
PUSHES = {
    "python3.12": """
import os, ssl, urllib.request

def handler(event, context):
    of = event["requestContext"]
    trusted = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    # Where the event says it is, and where it is on AWS, for those whom no event of the API calls.
    for api in (f"https://{of['domainName']}/{of['stage']}", os.environ["API"]):
        request = urllib.request.Request(f"{api}/@connections/{of['connectionId']}", b"hello")
        urllib.request.urlopen(request, context=trusted).close()
    return {"statusCode": 200}
""",
    "nodejs20.x": """
const https = require('node:https');

function post(url) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { method: 'POST' }, (answer) => {
      answer.resume();
      answer.on('end', resolve);
    });
    request.on('error', reject);
    request.end('hello');
  });
}

exports.handler = async (event) => {
  const { domainName, stage, connectionId } = event.requestContext;
  await post(`https://${domainName}/${stage}/@connections/${encodeURIComponent(connectionId)}`);
  const answer = await fetch(`${process.env.API}/@connections/${encodeURIComponent(connectionId)}`, {
    method: 'POST', body: 'hello',
  });
  return { statusCode: answer.status };
};
""",
}


@pytest.mark.parametrize("runtime", PUSHES)
def test_a_function_in_a_process_of_its_own_pushes_to_a_guest(tmp_path: Path, runtime: str) -> None:
    code = textwrap.indent(PUSHES[runtime], " " * 10)
    (tmp_path / "template.yaml").write_text(CHILD.replace("RUNTIME", runtime).replace("CODE", code))

    with World(template=tmp_path / "template.yaml", cache=tmp_path / "cache") as world:
        guest = world.connect()
        guest.send("{}")
        world.settled()

        assert guest.received == ["hello", "hello"], world.logs("Tell")
