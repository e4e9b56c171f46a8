"""Pieces of templates that the tests put together."""

from textwrap import dedent, indent

API = """
Api:
  Type: AWS::ApiGatewayV2::Api
  Properties: {Name: api, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
Stage:
  Type: AWS::ApiGatewayV2::Stage
  Properties: {ApiId: !Ref Api, StageName: api, AutoDeploy: true}
"""
CONNECTIONS = """
Connections:
  Type: AWS::DynamoDB::Table
  Properties:
    TableName: connections
    BillingMode: PAY_PER_REQUEST
    AttributeDefinitions: [{AttributeName: connectionId, AttributeType: S}]
    KeySchema: [{AttributeName: connectionId, KeyType: HASH}]
    TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
"""
ORDERS = """
Orders:
  Type: AWS::DynamoDB::Table
  Properties:
    TableName: orders
    BillingMode: PAY_PER_REQUEST
    AttributeDefinitions: [{AttributeName: orderId, AttributeType: S}]
    KeySchema: [{AttributeName: orderId, KeyType: HASH}]
"""

ROLE = """
Role:
  Type: AWS::IAM::Role
  Properties:%s
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
"""


def function(runtime: str, *, handler: str = "index.handler", more: str = "") -> str:
    """Write a function that is told of both tables."""
    return f"""
Handler:
  Type: AWS::Serverless::Function
  Properties:
    CodeUri: code
    Handler: {handler}
    Runtime: {runtime}
    Environment: {{Variables: {{CONNECTIONS: connections, ORDERS: orders}}}}
{indent(dedent(more), "    ")}
"""


def connect(template: str) -> str:
    """Write a $connect route whose mapping template puts an item into the table of connections."""
    return f"""
ConnectRoute:
  Type: AWS::ApiGatewayV2::Route
  Properties: {{ApiId: !Ref Api, RouteKey: $connect, Target: !Sub "integrations/${{Connect}}"}}
ConnectAnswer:
  Type: AWS::ApiGatewayV2::IntegrationResponse
  Properties: {{ApiId: !Ref Api, IntegrationId: !Ref Connect, IntegrationResponseKey: $default}}
Connect:
  Type: AWS::ApiGatewayV2::Integration
  Properties:
    ApiId: !Ref Api
    IntegrationType: AWS
    IntegrationMethod: POST
    IntegrationUri: !Sub arn:aws:apigateway:${{AWS::Region}}:dynamodb:action/PutItem
    TemplateSelectionExpression: \\$default
    RequestTemplates:
      $default: |
{indent(dedent(template), "        ")}
"""


def template(*resources: str, head: str = "") -> str:
    """Put resources together."""
    return f"Transform: AWS::Serverless-2016-10-31\n{head}Resources:\n" + indent("".join(resources), "  ")


def line_of(text: str, found: str) -> int:
    """Give the line in which a text first has another."""
    return text[: text.index(found)].count("\n") + 1
