"""What invokes functions in processes of their own, in both languages: each event source of SAM, and each route."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from pizzabar.settings import Settings
from tests.flow.serving import PizzaBar, open_pizza_bar

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {{CodeUri: ./src, Runtime: {runtime}, Timeout: 20}}
Resources:
  Told:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: told
      Handler: app.told
      Events:
        Ordered: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [pizza]}}}}}}
        Older: {{Type: CloudWatchEvent, Properties: {{Pattern: {{source: [older]}}}}}}
        Tick: {{Type: Schedule, Properties: {{Schedule: rate(1 hour)}}}}
        Written:
          Type: DynamoDB
          Properties: {{Stream: !GetAtt Orders.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 10}}
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      StreamSpecification: {{StreamViewType: NEW_IMAGE}}
  Door:
    Type: AWS::Serverless::Function
    Properties: {{Handler: app.door}}
  Talk:
    Type: AWS::Serverless::Function
    Properties: {{Handler: app.talk}}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{Name: api, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: api, AutoDeploy: true}}
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: door
      AuthorizerType: REQUEST
      IdentitySource: [route.request.querystring.key]
      AuthorizerUri: !Sub "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${{Door.Arn}}/invocations"
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${{Talk.Arn}}/invocations"
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Authorizer
      Target: !Sub integrations/${{Integration}}
  Say:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: say, Target: !Sub "integrations/${{Integration}}",
                  RouteResponseSelectionExpression: $default}}
  Said:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref Say, RouteResponseKey: $default}}
  Disconnect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $disconnect, Target: !Sub "integrations/${{Integration}}"}}
"""
PYTHON = """
import json

def told(event, context):
    print(json.dumps(event))

def door(event, context):
    effect = "Allow" if event["queryStringParameters"]["key"] == "open" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": "guest",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"name": "Ada"},
    }

def talk(event, context):
    asked = event["requestContext"]
    print(asked["routeKey"])
    said = {"route": asked["routeKey"], "name": asked["authorizer"]["name"], "body": event.get("body")}
    return {"statusCode": 200, "body": json.dumps(said)}
"""
NODE = """
export const told = async (event) => { console.log(JSON.stringify(event)); };

export const door = async (event) => ({
  principalId: 'guest',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{
      Action: 'execute-api:Invoke',
      Effect: event.queryStringParameters.key === 'open' ? 'Allow' : 'Deny',
      Resource: event.methodArn,
    }],
  },
  context: { name: 'Ada' },
});

export const talk = async (event) => {
  const { routeKey, authorizer } = event.requestContext;
  console.log(routeKey);
  return { statusCode: 200, body: JSON.stringify({ route: routeKey, name: authorizer.name, body: event.body }) };
};
"""
LANGUAGES = {
    "python": (f"python{sys.version_info.major}.{sys.version_info.minor}", "app.py", PYTHON),
    "node": ("nodejs20.x", "app.mjs", NODE),
}


@asynccontextmanager
async def serving_in(language: str, folder: Path) -> AsyncIterator[PizzaBar]:
    """Open the stack with functions of a language."""
    runtime, file, app = LANGUAGES[language]
    (folder / "src").mkdir()
    (folder / "src" / file).write_text(app)
    (folder / "template.yaml").write_text(TEMPLATE.format(runtime=runtime))
    settings = Settings(
        state=None, clock="virtual", port=0, template=folder / "template.yaml", cache=folder / "cache"
    )
    async with open_pizza_bar(settings) as bar:
        yield bar


async def told(bar: PizzaBar) -> list[Any]:
    """Give the events that the function was told, in order."""
    await bar.emulator.settled()
    lines = await bar.log_lines("/aws/lambda/told")
    return [json.loads(line[line.index("{") :]) for line in lines if "{" in line]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_rules_schedules_and_streams(tmp_path: Path, language: str) -> None:
    async with serving_in(language, tmp_path) as bar:
        call = bar.emulator.call
        for source in ("pizza", "older", "other"):
            entry = {"Source": source, "DetailType": "Order", "Detail": '{"size":"L"}'}
            await call("events", "PutEvents", {"Entries": [entry]})
            await bar.emulator.settled()
        await call("dynamodb", "PutItem", {"TableName": "Orders", "Item": {"id": {"S": "1"}}})
        await bar.emulator.settled()
        now = bar.emulator.clock.now()
        await bar.pass_time(3600)

        first, second, written, tick = await told(bar)
        assert [each["source"] for each in (first, second)] == ["pizza", "older"]
        assert first["detail"] == {"size": "L"}
        [record] = written["Records"]
        assert record["eventName"] == "INSERT"
        assert record["dynamodb"]["NewImage"] == {"id": {"S": "1"}}
        assert (tick["detail-type"], tick["source"]) == ("Scheduled Event", "aws.events")
        assert tick["time"] > f"{now:%Y-%m-%dT%H:%M:%SZ}"
        assert tick["time"].endswith(":00:00Z")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_routes_and_authorizers(tmp_path: Path, language: str) -> None:
    async with serving_in(language, tmp_path) as bar:
        with pytest.raises(InvalidStatus) as refused:
            await bar.connect("/api?key=shut")
        assert refused.value.response.status_code == 403

        async with bar.connect("/api?key=open") as guest:
            await guest.send('{"action":"say","what":"hello"}')
            assert json.loads(await guest.recv()) == {
                "route": "say",
                "name": "Ada",
                "body": '{"action":"say","what":"hello"}',
            }
        await bar.emulator.settled()
        lines = await bar.log_lines("/aws/lambda/pizzabar-Talk")
        assert [line.rpartition("\t")[2] for line in lines if line.endswith(("connect", "say"))] == [
            "$connect",
            "say",
            "$disconnect",
        ]
