"""
Routes that send messages to queues, over real sockets: an order waits in a FIFO queue, a function is handed it, and
pushes to whoever sent it.

After https://github.com/aws-samples/serverless-patterns/tree/main/apigw-websocket-api-sqs-lambda
"""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.documents import JSON
from pizzabar.lambda_.function import Context
from pizzabar.loading import load_stack
from pizzabar.settings import Settings
from tests.flow.serving import PizzaBar, open_pizza_bar

TEMPLATE = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: orders, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: production, AutoDeploy: true}
  Orders:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, QueueName: orders.fifo}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: apigateway.amazonaws.com}}]
      Policies:
        - PolicyName: SendMessage
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Action: "sqs:SendMessage", Effect: Allow, Resource: !GetAtt Orders.Arn}]
  TellRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: lambda.amazonaws.com}}]
      Policies:
        - PolicyName: Tell
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
                Effect: Allow
                Resource: !GetAtt Orders.Arn
              - Action: ["execute-api:ManageConnections", "logs:*"]
                Effect: Allow
                Resource: "*"
  Tell:
    Type: AWS::Lambda::Function
    Metadata: {pizzabar: {InProcess: "tests.flow.test_queue_routes:tell"}}
    Properties: {Role: !GetAtt TellRole.Arn}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Orders.Arn, FunctionName: !Ref Tell}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS
      ConnectionType: INTERNET
      CredentialsArn: !GetAtt Role.Arn
      IntegrationMethod: POST
      IntegrationUri: !Join
        - ""
        - - "arn:aws:apigateway:"
          - !Ref AWS::Region
          - ":sqs:path/"
          - !Ref AWS::AccountId
          - /
          - !GetAtt Orders.QueueName
      PassthroughBehavior: NEVER
      RequestParameters:
        integration.request.header.Content-Type: "'application/x-www-form-urlencoded'"
      RequestTemplates:
        $default: FORM
      TemplateSelectionExpression: \\$default
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub "integrations/${Integration}"}
MORE
"""
ALLOWED = """Action: "sqs:SendMessage", Effect: Allow, Resource: !GetAtt Orders.Arn"""
FORM = (
    "Action=SendMessage&MessageGroupId=$input.path('$.MessageGroupId')&MessageDeduplicationId=$context.requestId"
    "&MessageAttribute.1.Name=connectionId&MessageAttribute.1.Value.StringValue=$context.connectionId"
    "&MessageAttribute.1.Value.DataType=String&MessageBody=$util.urlEncode($input.json('$'))"
)
ANSWERS = """
  RouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}
  Sent:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Integration
      IntegrationResponseKey: /2\\d\\d/
      ResponseTemplates:
        $default: |-
          {"sent": $input.json('$.SendMessageResponse.SendMessageResult.MD5OfMessageBody')}
  Refused:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Integration
      IntegrationResponseKey: $default
      ResponseTemplates:
        $default: '{"refused": $input.json("$.Error.Code"), "status": "$input.path(''$.Error.Type'')"}'
"""
KITCHEN = """
  Kitchen: {Type: AWS::SQS::Queue, Properties: {QueueName: kitchen}}
"""


async def tell(event: JSON, context: Context) -> None:
    """Push what a message says to whoever sent it."""
    for record in event["Records"]:
        connection = record["messageAttributes"]["connectionId"]["stringValue"]
        data = json.dumps({"from": record["attributes"]["MessageGroupId"], "message": json.loads(record["body"])})
        await context.call("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": connection, "Data": data})


@asynccontextmanager
async def opened(
    folder: Path, more: str = "", action: str = "sqs:SendMessage", on: str = "Orders"
) -> AsyncIterator[PizzaBar]:
    """Open the application; the routes' role allows an action on a queue."""
    template = folder / "template.yaml"
    text = TEMPLATE.replace(ALLOWED, ALLOWED.replace("Orders", on).replace("sqs:SendMessage", action))
    template.write_text(text.replace("FORM", FORM).replace("MORE", more))
    async with open_pizza_bar(Settings(state=None, clock="virtual", template=template, iam="enforce")) as bar:
        yield bar


async def test_an_order_goes_through_a_queue_and_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as bar, bar.connect("/production") as guest:
        order = {"MessageGroupId": "kitchen", "data": "salt & pepper, 100 % + é"}

        await guest.send(json.dumps(order))

        assert json.loads(await guest.recv()) == {"from": "kitchen", "message": order}
        await bar.emulator.settled()
        assert bar.emulator.authorization.findings() == []
        [trace] = {hop.trace_id for hop in bar.emulator.journal if hop.operation == "$default"}
        hops = [f"{hop.service}:{hop.operation}" for hop in bar.emulator.journal if hop.trace_id == trace]
        assert [each for each in hops if each != "sqs:ReceiveMessage"] == [
            "apigateway:$default",
            "sqs:SendMessage",
            "lambda:Invocation",
            "apigatewaymanagementapi:PostToConnection",
            "sqs:DeleteMessageBatch",
        ]


async def test_the_route_may_answer_what_the_queue_does(tmp_path: Path) -> None:
    async with opened(tmp_path, ANSWERS) as bar, bar.connect("/production") as guest:
        order = '{"MessageGroupId":"kitchen"}'
        await guest.send(order)
        frames = [json.loads(await guest.recv()), json.loads(await guest.recv())]
        assert {"sent": hashlib.md5(order.encode()).hexdigest()} in frames

        # Without a group there is no message for a FIFO queue.
        await guest.send('{"other":"kitchen"}')

        assert json.loads(await guest.recv()) == {"refused": "MissingParameter", "status": "Sender"}


async def test_a_role_that_may_not_send(tmp_path: Path) -> None:
    async with opened(tmp_path, ANSWERS, action="sqs:ReceiveMessage") as bar, bar.connect("/production") as guest:
        await guest.send('{"MessageGroupId":"kitchen"}')

        assert json.loads(await guest.recv()) == {"refused": "AccessDenied", "status": "Sender"}
        [finding] = bar.emulator.authorization.findings()
        assert [(each.action, each.resource) for each in finding.refusals] == [
            ("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:orders.fifo")
        ]


async def test_the_integration_of_the_readme(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    [send] = re.findall(r"^  ```yaml\n(  Send:\n.*?)^  ```", readme, re.DOTALL | re.MULTILINE)
    more = f"""
  Pizzas:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: pizza, Target: !Sub "integrations/${{Send}}"}}
{send}"""
    async with opened(tmp_path, more.replace("Orders.", "Kitchen.") + KITCHEN, on="Kitchen") as bar:
        async with bar.connect("/production") as guest:
            await guest.send('{"action":"pizza","with":"salt & pepper"}')
        await bar.emulator.settled()

        asked = {"QueueUrl": "http://localhost/123456789012/kitchen"}
        [message] = (await bar.emulator.call("sqs", "ReceiveMessage", asked))["Messages"]
        assert message["Body"] == '{"action":"pizza","with":"salt & pepper"}'


async def test_a_one_way_route_tells_of_a_message_that_is_not_taken(tmp_path: Path) -> None:
    async with opened(tmp_path) as bar, bar.connect("/production") as guest:
        await guest.send('{"other":"kitchen"}')

        assert json.loads(await guest.recv())["message"] == "Internal server error"


def test_an_operation_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    text = TEMPLATE.replace("FORM", "Action=Fly&MessageBody=$input.body").replace("MORE", "")
    template.write_text(text)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "Action=Fly" in each)

    with pytest.raises(FaultyTemplate) as raised:
        load_stack(Settings(state=None, template=template))

    place = f"{template}:{line}:9"
    assert str(raised.value) == f"{place}: Integration: /RequestTemplates/$default: sqs:Fly is not supported"
