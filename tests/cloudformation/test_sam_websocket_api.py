"""What AWS::Serverless::WebSocketApi stands for.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-websocketapi.html
The resources are those that SAM's own transform (aws-sam-translator 1.115) makes of the same template.
"""

import pytest

from pizzabar.cloudformation.node import Node, Position, mapping, plain
from pizzabar.cloudformation.sam import expand
from pizzabar.cloudformation.template import read
from pizzabar.documents import JSON

CHAT = """
Globals:
  WebSocketApi: {StageVariables: {a: b}}
Resources:
  Chat:
    Type: AWS::Serverless::WebSocketApi
    DependsOn: Talk
    Condition: IsWanted
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: prod
      StageVariables: {c: d}
      Tags: {x: y}
      Auth:
        AuthType: CUSTOM
        AuthArn: !GetAtt Check.Arn
        IdentitySource: [route.request.header.Authorization]
      Routes:
        $connect: {FunctionArn: !GetAtt Talk.Arn, OperationName: Come, ApiKeyRequired: true}
        sendMessage: {FunctionArn: arn, IntegrationTimeout: 1000, RouteResponseSelectionExpression: $default}
"""
URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Arn}/invocations"
EXECUTE = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
TALK = {"Fn::GetAtt": "Talk.Arn"}
CHECK = {"Fn::GetAtt": "Check.Arn"}
API = {"Ref": "Chat"}


def expanded(text: str) -> tuple[dict[str, JSON], list[str]]:
    """Expand a template; give its resources and its faults."""
    faults: list[str] = []

    def report(position: Position, message: str) -> None:
        faults.append(f"{position.line}:{position.column}: {message}")

    root = read(text, "t.yaml", report)
    sections: dict[str, Node] = mapping(root)
    made = expand(mapping(sections["Resources"]), sections.get("Globals"), lambda path: "", report, report, {})[0]
    return {name: plain(node) for name, node in made.items()}, faults


def test_an_api_with_routes_and_an_authorizer() -> None:
    made, faults = expanded(CHAT)

    assert faults == []
    assert {name: resource["Type"].rpartition("::")[2] for name, resource in made.items()} == {
        "Chat": "Api",
        "ChatprodStage": "Stage",
        "ChatConnectRoute": "Route",
        "ChatConnectIntegration": "Integration",
        "ChatConnectPermission": "Permission",
        "ChatSendmessageRoute": "Route",
        "ChatSendmessageIntegration": "Integration",
        "ChatSendmessagePermission": "Permission",
        "ChatConnectAuthorizer": "Authorizer",
        "ChatAuthorizerPermission": "Permission",
    }
    assert all(resource["Condition"] == "IsWanted" for resource in made.values())
    assert made["Chat"]["DependsOn"] == "Talk"
    assert {name: resource["Properties"] for name, resource in made.items()} == {
        "Chat": {
            "Name": "Chat",
            "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": "$request.body.action",
            "Tags": {"x": "y"},
        },
        "ChatprodStage": {
            "ApiId": API,
            "StageName": "prod",
            "AutoDeploy": True,
            "StageVariables": {"a": "b", "c": "d"},
        },
        "ChatConnectRoute": {
            "ApiId": API,
            "ApiKeyRequired": True,
            "AuthorizationType": "CUSTOM",
            "AuthorizerId": {"Ref": "ChatConnectAuthorizer"},
            "OperationName": "Come",
            "RouteKey": "$connect",
            "Target": {"Fn::Sub": "integrations/${ChatConnectIntegration}"},
        },
        "ChatConnectIntegration": {
            "ApiId": API,
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": {"Fn::Sub": [URI, {"Arn": TALK}]},
        },
        "ChatConnectPermission": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": TALK,
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": [EXECUTE + ":${Chat.ApiId}/${Stage}/$connect", {"Stage": "prod"}]},
        },
        "ChatSendmessageRoute": {
            "ApiId": API,
            "RouteKey": "sendMessage",
            "RouteResponseSelectionExpression": "$default",
            "Target": {"Fn::Sub": "integrations/${ChatSendmessageIntegration}"},
        },
        "ChatSendmessageIntegration": {
            "ApiId": API,
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": {"Fn::Sub": [URI, {"Arn": "arn"}]},
            "TimeoutInMillis": 1000,
        },
        "ChatSendmessagePermission": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": "arn",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": [EXECUTE + ":${Chat.ApiId}/${Stage}/sendMessage", {"Stage": "prod"}]},
        },
        "ChatConnectAuthorizer": {
            "ApiId": API,
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": {"Fn::Sub": [URI, {"Arn": CHECK}]},
            "IdentitySource": ["route.request.header.Authorization"],
            "Name": "ChatConnectAuthorizer",
        },
        "ChatAuthorizerPermission": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": CHECK,
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": EXECUTE + ":${Chat}/authorizers/*"},
        },
    }


BARE = """
Resources:
  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
"""
CONNECT = "      Routes: {$connect: {FunctionArn: arn}}\n"


def test_without_a_stage_name_the_stage_is_default() -> None:
    made, _ = expanded(BARE + CONNECT)

    assert made["ChatdefaultStage"]["Properties"]["StageName"] == "default"
    assert "AuthorizationType" not in made["ChatConnectRoute"]["Properties"]


def test_a_stage_name_from_a_parameter() -> None:
    made, _ = expanded(BARE + CONNECT + "      StageName: !Ref Name\n")

    assert made["ChatStage"]["Properties"]["StageName"] == {"Ref": "Name"}


def test_tags_reach_the_stage_when_they_are_to() -> None:
    made, _ = expanded(BARE + CONNECT + "      Tags: {a: b}\n      PropagateTags: true\n")

    assert made["ChatdefaultStage"]["Properties"]["Tags"] == {"a": "b"}


@pytest.mark.parametrize("kind", ["AWS_IAM", "NONE", "none"])
def test_other_authorization_needs_no_function(kind: str) -> None:
    made, faults = expanded(BARE + CONNECT + f"      Auth: {{AuthType: {kind}}}\n")

    assert faults == []
    assert made["ChatConnectRoute"]["Properties"]["AuthorizationType"] == kind.upper()
    assert "ChatConnectAuthorizer" not in made


def test_a_role_stands_in_for_the_permission() -> None:
    made, _ = expanded(BARE + CONNECT + "      Auth: {AuthType: CUSTOM, AuthArn: a, InvokeRole: role}\n")

    assert made["ChatConnectAuthorizer"]["Properties"]["AuthorizerCredentialsArn"] == "role"
    assert "ChatAuthorizerPermission" not in made


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "3:3: Chat: WebSocket API must have at least one route."),
        ("      Routes: {}\n", "7:7: Chat: WebSocket API must have at least one route."),
        ("      Routes: [a]\n", "7:7: Chat: 'Routes' must be an object of routes by their route keys."),
        ("      Routes: {$connect: {}}\n", "7:16: Chat: Route must have associated function."),
        (
            "      Routes: {send-it: {FunctionArn: a}}\n",
            "7:16: Chat: Route key 'send-it' must be alphanumeric. Only $connect, $disconnect, and $default special "
            "routes are supported.",
        ),
        (
            "      Routes: {$default: {FunctionArn: a, Timeout: 5}}\n",
            "7:43: Chat: property Timeout not defined for route $default",
        ),
        (
            "      Routes: {$default: {FunctionArn: a, RequestParameters: {}}}\n",
            "7:43: Chat: Request parameters are only supported for the $connect route in WebSocket APIs.",
        ),
        (
            "      Routes: {$default: {FunctionArn: a}}\n      Auth: {AuthType: NONE}\n",
            "8:7: Chat: Authorization is only available if there is a $connect route.",
        ),
        (
            CONNECT + "      Auth: {AuthArn: a}\n",
            "8:7: Chat: AuthType must be specified for additional auth configurations.",
        ),
        (
            CONNECT + "      Auth: {AuthType: JWT}\n",
            "8:14: Chat: AuthType is not one of AWS_IAM, CUSTOM or NONE.",
        ),
        (
            CONNECT + "      Auth: {AuthType: CUSTOM}\n",
            "8:7: Chat: AuthArn must be specified if AuthType is CUSTOM.",
        ),
        (
            CONNECT + "      Auth: {AuthType: AWS_IAM, AuthArn: a}\n",
            "8:7: Chat: No additional configurations supported for AuthType AWS_IAM.",
        ),
        (
            CONNECT + "      Auth: {AuthType: NONE, Authorizer: a}\n",
            "8:30: Chat: property Authorizer not defined for Auth",
        ),
        (
            CONNECT + "      Domain: {DomainName: a}\n",
            "8:7: Chat: property Domain of AWS::Serverless::WebSocketApi is not supported",
        ),
        (
            CONNECT + "      Protocol: a\n",
            "8:7: Chat: property Protocol not defined for resource of type AWS::Serverless::WebSocketApi",
        ),
    ],
)
def test_what_is_wrong_in_an_api(text: str, fault: str) -> None:
    assert any(told.startswith(fault) for told in expanded(BARE + text)[1])


def test_an_api_selects_routes_by_something() -> None:
    text = BARE.replace("      RouteSelectionExpression: $request.body.action\n", CONNECT)

    assert expanded(text)[1] == ["3:3: Chat: Missing required property 'RouteSelectionExpression'."]
