"""
Access logs and execution logs of a stage.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.loading import load_stack
from pizzabar.settings import Settings
from tests.flow.serving import PizzaBar, open_pizza_bar

FORMAT = (
    '{"id":"$context.requestId","type":"$context.eventType","route":"$context.routeKey","status":"$context.status",'
    '"connection":"$context.connectionId","error":$context.error.messageString,'
    '"ip":"$context.identity.sourceIp","integration":"$context.integration.status","none":"$context.nowhere.at.all"}'
    " $context.integrationErrorMessage"
)
TEMPLATE = """
Resources:
  Log: {{Type: AWS::Logs::LogGroup, Properties: {{LogGroupName: /access}}}}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{Name: api, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: api
      AutoDeploy: true
      AccessLogSettings: {{DestinationArn: !GetAtt Log.Arn, Format: '{format}'}}
      DefaultRouteSettings: {{LoggingLevel: {level}, DataTraceEnabled: true}}
      RouteSettings: {{quiet: {{LoggingLevel: 'OFF'}}}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${{Talk.Arn}}/invocations"
  Talk:
    Type: AWS::Lambda::Function
    Properties: {{FunctionName: talk}}
    Metadata: {{pizzabar: {{InProcess: 'tests.flow.test_stage_logs:talk'}}}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {{FunctionName: !Ref Talk, Action: 'lambda:InvokeFunction', Principal: apigateway.amazonaws.com}}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $connect, Target: !Sub 'integrations/${{Integration}}'}}
  Say:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: say, Target: !Sub 'integrations/${{Integration}}'}}
  Quiet:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: quiet, Target: !Sub 'integrations/${{Integration}}'}}
"""


async def talk(event: Any, context: Any) -> Any:
    """Let everybody in but strangers, and choke on some words."""
    if event["requestContext"]["routeKey"] == "$connect":
        return {"statusCode": 401 if event.get("queryStringParameters") else 200}
    if "choke" in event["body"]:
        raise ValueError("choked")
    return {"statusCode": 200, "body": "said"}


def settings(folder: Path, level: str = "INFO", format: str = FORMAT) -> Settings:
    """Give the settings of the stack."""
    (folder / "template.yaml").write_text(TEMPLATE.format(level=level, format=format))
    return Settings(state=None, clock="virtual", template=folder / "template.yaml")


@asynccontextmanager
async def serving(folder: Path, level: str = "INFO") -> AsyncIterator[PizzaBar]:
    """Open the stack."""
    async with open_pizza_bar(settings(folder, level)) as bar:
        yield bar


async def converse(bar: PizzaBar, *messages: str) -> None:
    """Connect, say something, and leave."""
    async with bar.connect() as guest:
        for message in messages:
            await guest.send(message)
            await bar.emulator.settled()
    await bar.emulator.settled()


async def executed(bar: PizzaBar) -> list[str]:
    """Read the execution log, without the request ids."""
    [api] = bar.emulator.apis
    group = f"/aws/apigateway/{api.id}/api"
    if not bar.emulator.log_groups.has(group):
        return []
    return [line.partition(") ")[2] for line in await bar.log_lines(group)]


async def test_each_request_is_a_line_of_the_access_log(tmp_path: Path) -> None:
    async with serving(tmp_path) as bar:
        with pytest.raises(InvalidStatus):
            await bar.connect("/api?stranger=1")
        await converse(bar, '{"action":"say"}', '{"action":"say","what":"choke"}', "not for any route")

        written = [line.partition("} ") for line in await bar.log_lines("/access")]
        lines = [json.loads(head.replace(":-,", ":null,") + "}") for head, _, _ in written]
        assert [(each["type"], each["route"], each["status"], each["error"]) for each in lines] == [
            ("CONNECT", "$connect", "401", "Internal server error"),
            ("CONNECT", "$connect", "200", None),
            ("MESSAGE", "say", "200", None),
            ("MESSAGE", "say", "502", "Internal server error"),
            ("MESSAGE", "$default", "403", "Forbidden"),
            ("DISCONNECT", "$disconnect", "200", None),
        ]
        assert len({each["id"] for each in lines}) == len(lines)
        assert len({each["connection"] for each in lines[1:]}) == 1
        assert {each["ip"] for each in lines} == {"127.0.0.1"}
        assert {each["none"] for each in lines} == {"-"}
        assert lines[2]["integration"] == "200"
        assert ["choked" in why for _, _, why in written] == [False] * 3 + [True] + [False] * 2


async def test_the_execution_log_tells_what_was_done(tmp_path: Path) -> None:
    async with serving(tmp_path) as bar:
        await converse(bar, '{"action":"say"}', '{"action":"quiet"}')

        lines = await executed(bar)
        [connecting] = [line for line in lines if "is connecting to WebSocket API" in line]
        assert connecting.startswith("Client [UserAgent: Python/")
        assert [line for line in lines if line.startswith("WebSocket Request Route: ")] == [
            "WebSocket Request Route: [$connect]",
            "WebSocket Request Route: [say]",
            "WebSocket Request Route: [$disconnect]",
        ]
        assert 'Request body before transformations: {"action":"say"}' in lines
        assert "Endpoint response body before transformations: said" in lines
        assert lines.count("Method completed with status: 200") == 3


async def test_at_the_level_of_errors_it_tells_of_these_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, "ERROR") as bar:
        await converse(bar, '{"action":"say"}', '{"action":"say","what":"choke"}')

        failed, completed = await executed(bar)
        assert failed.startswith("Execution failed due to configuration error: ")
        assert "choked" in failed
        assert completed.startswith("Method completed with status: ")


async def test_switched_off_there_is_none(tmp_path: Path) -> None:
    async with serving(tmp_path, "'OFF'") as bar:
        await converse(bar, '{"action":"say"}')

        assert await executed(bar) == []
        assert len(await bar.log_lines("/access")) == 3


async def test_calls_change_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as bar:
        [api] = bar.emulator.apis
        where = {"ApiId": api.id, "StageName": "api"}
        call = bar.emulator.call
        stage = await call("apigatewayv2", "GetStage", where)
        assert stage["AccessLogSettings"]["Format"] == FORMAT
        assert stage["DefaultRouteSettings"] == {"DataTraceEnabled": True, "LoggingLevel": "INFO"}

        await call("apigatewayv2", "DeleteAccessLogSettings", where)
        await call("apigatewayv2", "UpdateStage", {**where, "DefaultRouteSettings": {"LoggingLevel": "OFF"}})
        await converse(bar, '{"action":"say"}')

        assert await bar.log_lines("/access") == []
        assert await executed(bar) == []


@pytest.mark.parametrize(
    ("format", "fault"),
    [
        ("$context.connectionId", "must contain at least $context.requestId or $context.extendedRequestId"),
        ("plain", "must contain at least $context.requestId"),
    ],
)
def test_a_format_that_is_none(tmp_path: Path, format: str, fault: str) -> None:
    with pytest.raises(FaultyTemplate) as faulty:
        load_stack(settings(tmp_path, format=format))

    [told] = faulty.value.faults
    assert told.message.startswith("Stage: /AccessLogSettings/Format: Access log format ")
    assert fault in told.message
