"""
Functions in Node.js with version 2 of the AWS SDK, which the older runtimes bring along.

It comes from the npm registry. https://docs.aws.amazon.com/AWSJavaScriptSDK/latest/AWS/Config.html
"""

import json
from pathlib import Path

import pytest

from pizzabar.settings import Settings
from tests.flow.serving import open_pizza_bar

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Guests:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: Guests}
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
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${Integration}'}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: live, AutoDeploy: true}
  Allowed:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Tell, Principal: apigateway.amazonaws.com}
  Tell:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: Tell, CodeUri: src, Handler: app.handler, Runtime: nodejs16.x, Timeout: 20}
"""
COMMON_JS = """
const AWS = require('aws-sdk');
const DynamoDB = require('aws-sdk/clients/dynamodb');
"""
MODULE = """
import AWS from 'aws-sdk';
import DynamoDB from 'aws-sdk/clients/dynamodb.js';
"""
HANDLER = """
AWS.config.update({ region: process.env.AWS_REGION });
const guests = new AWS.DynamoDB.DocumentClient();

HANDLES async (event) => {
  const { connectionId, domainName, stage } = event.requestContext;
  await guests.put({ TableName: 'Guests', Item: { id: connectionId } }).promise();
  const { Count } = await new DynamoDB().scan({ TableName: 'Guests' }).promise();
  const api = new AWS.ApiGatewayManagementApi({ endpoint: `${domainName}/${stage}` });
  await api.postToConnection({ ConnectionId: connectionId, Data: `${Count} guest` }).promise();
  const away = new AWS.SQS({ endpoint: 'https://sqs.us-east-1.amazonaws.com', maxRetries: 0 });
  const error = await away.listQueues().promise().catch((error) => error);
  return { statusCode: 200, body: error.code };
};
"""


@pytest.fixture(scope="module", name="cache")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize(
    ("file", "imports", "handles"),
    [("app.js", COMMON_JS, "exports.handler ="), ("app.mjs", MODULE, "export const handler =")],
)
async def test_clients_reach_this_emulator_unless_they_are_given_an_endpoint(
    tmp_path: Path, cache: Path, file: str, imports: str, handles: str
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / file).write_text(imports + HANDLER.replace("HANDLES", handles))
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)

    settings = Settings(state=None, clock="virtual", port=0, template=template, cache=cache)
    async with open_pizza_bar(settings) as bar, bar.connect("/live") as guest:
        await guest.send(json.dumps({"action": "greet"}))

        assert await guest.recv() == "1 guest"
        await bar.emulator.settled()
        lines = await bar.log_lines("/aws/lambda/Tell")
        assert not [line for line in lines if "circular" in line]
        told = [line for line in lines if "is AWS, which pizzabar's" in line]
        assert [line.split("\t")[2] for line in told] == ["WARN"]
        assert "sqs.us-east-1.amazonaws.com" in told[0]
