"""A WebSocket API of SAM, whose routes go to functions, over a real socket."""

import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from pizzabar.lambda_.function import Context
from pizzabar.settings import Settings
from tests.flow.serving import open_pizza_bar

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: nodejs22.x, Handler: index.handler, CodeUri: .}
Resources:
  Echo:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: prod
      Routes:
        $connect: {FunctionArn: !GetAtt Come.Arn}
        shout: {FunctionArn: !GetAtt Shout.Arn}
        $default: {FunctionArn: !GetAtt Shout.Arn}
  Come: {Type: AWS::Serverless::Function}
  Shout: {Type: AWS::Serverless::Function}
Outputs:
  Endpoint: {Value: !Sub "wss://${Echo}.execute-api.${AWS::Region}.amazonaws.com/prod"}
"""


async def come(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Let in whoever says so."""
    return {"statusCode": 200 if event.get("queryStringParameters") else 403}


async def shout(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Push back what was said, and along which route."""
    said = json.dumps([event["requestContext"]["routeKey"], event["body"].upper()])
    connection = event["requestContext"]["connectionId"]
    await context.call("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": connection, "Data": said})
    return {"statusCode": 200}


async def test_routes_of_an_api_of_sam_go_to_their_functions(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    functions = {"Come": f"{__name__}:come", "Shout": f"{__name__}:shout"}
    settings = Settings(state=None, clock="virtual", template=tmp_path / "template.yaml", functions=functions)

    async with open_pizza_bar(settings) as bar, bar.connect("/prod?hello=1") as guest:
        await guest.send('{"action":"shout"}')
        await guest.send("hello")

        assert json.loads(await guest.recv()) == ["shout", '{"ACTION":"SHOUT"}']
        assert json.loads(await guest.recv()) == ["$default", "HELLO"]


async def check(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Say who may come in."""
    effect = "Allow" if event["headers"]["Token"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "jo", "policyDocument": {"Statement": [statement]}, "context": {"name": "Jo"}}


async def tell_name(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Push back what the authorizer said of a guest."""
    data = event["requestContext"]["authorizer"]["name"]
    connection = event["requestContext"]["connectionId"]
    await context.call("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": connection, "Data": data})
    return {"statusCode": 200}


async def test_an_authorizer_of_sam_lets_in_whom_it_knows(tmp_path: Path) -> None:
    auth = """      Auth:
        AuthType: CUSTOM
        AuthArn: !GetAtt Check.Arn
        IdentitySource: [route.request.header.Token]
"""
    template = TEMPLATE.replace("      Routes:\n", f"{auth}      Routes:\n")
    template = template.replace("  Come: {", "  Check: {Type: AWS::Serverless::Function}\n  Come: {")
    (tmp_path / "template.yaml").write_text(template)
    functions = {"Come": f"{__name__}:come", "Shout": f"{__name__}:tell_name", "Check": f"{__name__}:check"}
    settings = Settings(state=None, clock="virtual", template=tmp_path / "template.yaml", functions=functions)

    async with open_pizza_bar(settings) as bar:
        for headers, status in (({}, 401), ({"Token": "bad"}, 403)):
            with pytest.raises(InvalidStatus) as refused:
                await bar.connect("/prod?hello=1", additional_headers=headers)
            assert refused.value.response.status_code == status
        async with bar.connect("/prod?hello=1", additional_headers={"Token": "good"}) as guest:
            await guest.send("who am I?")
            assert await guest.recv() == "Jo"
