"""Tables, logs, resources and mapping templates, through the control plane."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.wire.asgi import guest, server
from tests.wire.control.asking import client_of, control


async def test_tables_and_their_items() -> None:
    async with server() as (app, emulator), client_of(app) as client, guest(app):
        tables = {each["name"]: each for each in (await client.get("/tables")).json()}
        assert tables["pizzabar-Sessions"]["key"] == {"connectionId": "S"}
        assert (tables["pizzabar-Sessions"]["items"], tables["pizzabar-Sessions"]["ttl"]) == (1, "ttl")

        [plain] = (await client.get("/tables/pizzabar-Sessions/items")).json()["items"]
        [typed] = (await client.get("/tables/pizzabar-Sessions/items", params={"plain": False})).json()["items"]
        [connection] = emulator.runtime.connections
        assert (plain["connectionId"], typed["connectionId"]) == (connection.id, {"S": connection.id})
        assert isinstance(plain["ttl"], int)


async def test_items_are_told_in_pages_and_plainly() -> None:
    async with control() as (client, emulator):
        values: dict[str, Any] = {
            "n": {"N": "1.5"},
            "big": {"N": "12345678901234567890"},
            "exact": {"N": "0.1000000000000000000001"},
            "nothing": {"NULL": True},
            "list": {"L": [{"N": "1"}, {"BOOL": True}]},
            "map": {"M": {"a": {"S": "b"}}},
            "set": {"NS": ["1", "2"]},
        }
        for number in range(3):
            item = {"connectionId": {"S": str(number)}, **values}
            await emulator.call("dynamodb", "PutItem", {"TableName": "pizzabar-Sessions", "Item": item})

        page = (await client.get("/tables/pizzabar-Sessions/items", params={"limit": 2})).json()
        after = json.dumps(page["next"])
        rest = (await client.get("/tables/pizzabar-Sessions/items", params={"limit": 2, "after": after})).json()
        assert (len(page["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
        item = page["items"][0]
        assert (item["n"], item["big"], item["nothing"]) == (1.5, "12345678901234567890", None)
        assert (item["exact"], item["list"], item["map"]) == ("0.1000000000000000000001", [1, True], {"a": "b"})
        assert sorted(item["set"]) == [1, 2]

        assert (await client.get("/tables/nobody/items")).status_code == 404
        wrong = await client.get("/tables/pizzabar-Sessions/items", params={"after": "{"})
        assert wrong.status_code == 422


async def test_logs_are_read() -> None:
    async with server(clock="auto") as (app, emulator), client_of(app) as client, guest(app) as customer:
        customer.says('{"type":"margherita"}')
        for _ in range(6):
            await customer.hears_text()
        await emulator.settled()

        groups = {each["name"]: each for each in (await client.get("/logs")).json()}
        name = next(name for name in groups if name.startswith("/aws/lambda/"))
        events = (await client.get("/logs/events", params={"group": name})).json()
        assert sum(event["message"].startswith("START RequestId") for event in events) == 6
        assert {event["stream"] for event in events} <= {stream["name"] for stream in groups[name]["streams"]}
        reports = (await client.get("/logs/events", params={"group": name, "text": "REPORT", "limit": 2})).json()
        assert len(reports) == 2
        since = emulator.clock.now().isoformat()
        assert len((await client.get("/logs/events", params={"group": name, "since": since})).json()) < len(events)
        until = {"group": name, "until": since}
        assert 0 < len((await client.get("/logs/events", params=until)).json()) < len(events)
        one = {"group": name, "stream": groups[name]["streams"][0]["name"]}
        assert (await client.get("/logs/events", params=one)).json() == events
        assert (await client.get("/logs/events", params={"group": "nobody"})).status_code == 404
        assert (await client.get("/logs/events")).status_code == 422


async def test_the_stack_and_its_apis() -> None:
    async with control() as (client, emulator):
        stack = (await client.get("/resources")).json()
        assert [each["logical_id"] for each in stack["resources"]] == [
            each.logical_id for each in emulator.stack.resources
        ]
        assert stack["outputs"]["SessionsTable"]["value"] == "pizzabar-Sessions"
        assert stack["without_effect"] == []

        [api] = (await client.get("/apis")).json()
        assert api["stages"] == {"api": "/api"}
        assert api["routes"] == ["$connect", "$default", "$disconnect", "resume"]


async def test_the_secrets_of_resources_are_not_told(tmp_path: Path) -> None:
    basic = {"BasicAuthParameters": {"Username": "ada", "Password": "basil"}}
    properties = {"AuthorizationType": "BASIC", "AuthParameters": basic}
    template = {"Resources": {"Kitchen": {"Type": "AWS::Events::Connection", "Properties": properties}}}
    (tmp_path / "template.json").write_text(json.dumps(template))

    async with control(template=tmp_path / "template.json") as (client, _):
        answer = await client.get("/resources")

    assert answer.json()["resources"][0]["properties"]["AuthParameters"] == {
        "BasicAuthParameters": {"Username": "ada", "Password": "***"}
    }
    assert "basil" not in answer.text


async def render(**trial: Any) -> tuple[int, Any]:
    async with control() as (client, _emulator):
        answer = await client.post("/mapping-templates/render", json=trial)
        return answer.status_code, answer.json()


async def test_a_template_is_rendered_with_its_trace() -> None:
    status, rendered = await render(
        template='#set($n = $input.path("$.n"))\n{"double": #foreach($i in [1, 2])$n#end, "to": "$context.stage"}',
        body='{"n": 4}',
        context={"stage": "prod"},
    )

    assert (status, rendered["output"]) == (200, '{"double": 44, "to": "prod"}')
    assert "".join(piece["text"] for piece in rendered["pieces"]) == rendered["output"]
    assert [step["kind"] for step in rendered["steps"]][:2] == ["set", "foreach"]
    last = [piece for piece in rendered["pieces"] if piece["kind"] == "reference"][-1]
    assert (last["text"], last["template"]["line"]) == ("prod", 2)
    assert last["values"][0]["value"] == "prod"
    assert rendered["faults"] == []


@pytest.mark.parametrize(
    ("trial", "output"),
    [
        ({"template": "$context.eventType $context.routeKey"}, "MESSAGE $default"),
        ({"template": "$context.eventType", "event_type": "CONNECT"}, "CONNECT"),
        ({"template": "$input.params('x')", "headers": {"x": "1"}, "event_type": "CONNECT"}, "1"),
        ({"template": "$input.params().querystring.q", "querystring": {"q": "2"}}, "2"),
        ({"template": "$stageVariables.v", "stage_variables": {"v": "3"}}, "3"),
        ({"template": "$context.domainName"}, "localhost:8000"),
        ({"template": "$context.stage$stageVariables.none"}, "api"),
    ],
)
async def test_what_is_left_out_is_as_in_a_real_message(trial: dict[str, Any], output: str) -> None:
    status, rendered = await render(**trial)

    assert (status, rendered["output"]) == (200, output)


OWN = """
Resources:
  Other:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: a, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  OtherStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Other, StageName: test}}
  Kitchen:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: b, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  KitchenStage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Kitchen, StageName: prod, StageVariables: {oven: "1", heat: "220"}}
  Bake:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Kitchen
      IntegrationType: MOCK
      RequestTemplates: {$default: "$context.stage $context.apiId $stageVariables.oven $stageVariables.heat"}
"""


async def test_a_template_of_the_stack_is_rendered_as_on_a_stage_of_its_own_api(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(OWN)
    async with control(template=tmp_path / "template.yaml") as (client, emulator):
        trial = {"integration": "Bake", "stage_variables": {"heat": "300"}}
        rendered = (await client.post("/mapping-templates/render", json=trial)).json()

        _, kitchen = emulator.apis
        assert rendered["output"] == f"prod {kitchen.id} 1 300"


async def test_a_faulty_template_tells_its_places() -> None:
    status, rendered = await render(template="a\n#if($b")

    assert (status, rendered["output"]) == (200, "")
    assert rendered["faults"][0]["line"] == 2


async def test_a_template_of_the_stack_is_named_by_its_integration() -> None:
    status, rendered = await render(integration="OrderIntegration", body='{"type":"funghi"}')

    assert status == 200
    assert re.search(r'"input": "\{\\"data\\": \{\\"type\\":\\"funghi\\"\}', rendered["output"])
    for trial, refused in (
        ({"integration": "Nobody"}, 404),
        ({"integration": "OrderIntegration", "key": "gold"}, 404),
        ({}, 422),
        ({"integration": "OrderIntegration", "template": "a"}, 422),
    ):
        assert (await render(**trial))[0] == refused


async def test_ready() -> None:
    async with control() as (client, _emulator):
        assert (await client.get("/ready")).json() == {"status": "ready"}


async def test_not_ready() -> None:
    """A state that cannot be written any more takes no requests."""
    async with control() as (client, emulator):
        await emulator.close()

        answer = await client.get("/ready")

        assert (answer.status_code, answer.json()) == (
            503,
            {"detail": "the state could not be written: it is closed"},
        )
        assert (await client.get("/health")).status_code == 200
