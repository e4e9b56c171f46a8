"""
The CloudFormation types of API destinations and connections.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html
"""

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.stack import Stack, read_template
from pizzabar.eventbridge.destination_resources import RESOURCES
from pizzabar.resource import Resource
from pizzabar.services import resource_types
from tests.cloudformation.kitchen import NAMING
from tests.eventbridge.service import EventBridge, eventbridge

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Kitchen:
    Type: AWS::Events::Connection
    Properties:
      AuthorizationType: OAUTH_CLIENT_CREDENTIALS
      Description: hot
      AuthParameters:
        OAuthParameters:
          AuthorizationEndpoint: https://auth.example/token
          HttpMethod: POST
          ClientParameters: {ClientID: ada, ClientSecret: thyme}
          OAuthHttpParameters:
            BodyParameters: [{Key: scope, Value: orders, IsValueSecret: false}]
        InvocationHttpParameters:
          HeaderParameters: [{Key: X-A, Value: a}]
  Orders:
    Type: AWS::Events::ApiDestination
    Properties:
      Name: orders
      ConnectionArn: !GetAtt Kitchen.Arn
      InvocationEndpoint: https://pizza.example/orders/*
      HttpMethod: POST
      InvocationRateLimitPerSecond: 10
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [pizza]}
      Targets:
        - Id: t
          Arn: !GetAtt Orders.Arn
          RoleArn: arn:aws:iam::123456789012:role/any
          HttpParameters: {PathParameterValues: [$.detail.id], HeaderParameters: {X-B: b}}
Outputs:
  Connection: {Value: !Ref Kitchen}
  Destination: {Value: !Ref Orders}
  Policy: {Value: !GetAtt Orders.ArnForPolicy}
  OfConnection: {Value: !GetAtt Kitchen.ArnForPolicy}
"""


def load(text: str) -> Stack:
    """Read a template with every type of pizzabar."""
    return read_template(text, file="t.yaml", read_file=lambda path: "", types=resource_types(), naming=NAMING)


async def deploy(ask: EventBridge, stack: Stack) -> dict[str, Resource]:
    """Make what a template has, and give its resources."""
    types = resource_types()
    for resource in stack.resources:
        create = types[resource.type].create
        assert create is not None
        await create(ask.destinations if resource.type in RESOURCES else ask.buses, resource)
    return {each.logical_id: each for each in stack.resources}


async def test_a_template_sends_events_over_http() -> None:
    stack = load(TEMPLATE)
    here, name = "arn:aws:events:us-east-1:123456789012", f"{NAMING.stack}-Kitchen"
    assert {name: each.value for name, each in stack.outputs.items()} == {
        "Connection": name,
        "Destination": "orders",
        "Policy": f"{here}:api-destination/orders",
        "OfConnection": f"{here}:connection/{name}",
    }
    async with eventbridge() as ask:
        resources = await deploy(ask, stack)
        found = await ask("DescribeConnection", Name=name)
        assert (found["ConnectionArn"], found["SecretArn"], found["ConnectionState"]) == (
            resources["Kitchen"].identity.attributes["Arn"],
            resources["Kitchen"].identity.attributes["SecretArn"],
            "AUTHORIZED",
        )
        assert (await ask("DescribeApiDestination", Name="orders"))["ApiDestinationState"] == "ACTIVE"

        # Its token is asked for when it is needed.
        assert ask.endpoints.sent == []
        await ask.put('{"id":7}')
        assert [each.url for each in ask.endpoints.sent] == ["https://auth.example/token"]

        for logical_id in ("Orders", "Kitchen"):
            remove = RESOURCES[resources[logical_id].type].remove
            assert remove is not None
            await remove(ask.destinations, resources[logical_id])
        assert (await ask("ListConnections"))["Connections"] == []
        assert (await ask("ListApiDestinations"))["ApiDestinations"] == []


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        (
            "      AuthorizationType: OAUTH_CLIENT_CREDENTIALS\n",
            "",
            "Kitchen: a connection needs an AuthorizationType and AuthParameters",
        ),
        (
            "OAUTH_CLIENT_CREDENTIALS",
            "BASIC",
            "Kitchen: /AuthParameters: BasicAuthParameters must be specified for the authorization type BASIC.",
        ),
        (
            "        InvocationHttpParameters:",
            "        ConnectivityParameters: {}\n        InvocationHttpParameters:",
            "Kitchen.AuthParameters.ConnectivityParameters is not supported",
        ),
        (
            "Description: hot",
            "InvocationConnectivityParameters: {}",
            "Kitchen.InvocationConnectivityParameters is not supported",
        ),
        (
            "https://pizza.example/orders/*",
            "pizza.example",
            "Orders: /InvocationEndpoint: Parameter InvocationEndpoint is not valid. Reason: it must be an HTTPS",
        ),
        (
            "          RoleArn: arn:aws:iam::123456789012:role/any\n",
            "",
            "Rule: /Targets[0]: RoleArn is required for target arn:aws:events:us-east-1:123456789012:api-dest",
        ),
        ("X-B: b", "X B: b", "Value 'X B' at 'targets.1.member.httpParameters.headerParameters.key' failed"),
    ],
)
def test_what_is_wrong_in_a_template(was: str, now: str, fault: str) -> None:
    assert TEMPLATE.count(was) == 1
    with pytest.raises(FaultyTemplate) as faulty:
        load(TEMPLATE.replace(was, now))
    assert any(fault in str(each) for each in faulty.value.faults), faulty.value.faults


def test_http_parameters_are_for_api_destinations() -> None:
    text = TEMPLATE.replace("!GetAtt Orders.Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
    with pytest.raises(FaultyTemplate) as faulty:
        load(text)
    assert [each.message for each in faulty.value.faults] == [
        "Rule: /Targets[0]: HttpParameters of target t is not supported"
    ]
