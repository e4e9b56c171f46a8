"""Route responses, and deployments."""

from collections.abc import Callable

import pytest

from tests.lint.stacks import API, line_of, template

Codes = Callable[..., list[str]]


def route(key: str, more: str = "") -> str:
    return f"""
Route:
  Type: AWS::ApiGatewayV2::Route
  Properties: {{ApiId: !Ref Api, RouteKey: {key}{more}}}
Response:
  Type: AWS::ApiGatewayV2::RouteResponse
  Properties: {{ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}}
"""


def test_a_route_response_without_a_selection_expression(codes: Codes) -> None:
    text = template(API, route("$default"))

    assert codes(text) == [f"template.yaml:{line_of(text, 'Response:')} PB201"]


def test_a_route_response_with_one(codes: Codes) -> None:
    assert codes(template(API, route("order", ", RouteResponseSelectionExpression: $default"))) == []


@pytest.mark.parametrize("key", ["$connect", "$disconnect"])
def test_the_handshake_has_no_frame_to_answer_with(codes: Codes, key: str) -> None:
    assert codes(template(API, route(key))) == []


DEPLOYED = """
Api:
  Type: AWS::ApiGatewayV2::Api
  Properties: {Name: api, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
One:
  Type: AWS::ApiGatewayV2::Route
  Properties: {ApiId: !Ref Api, RouteKey: one}
Two:
  Type: AWS::ApiGatewayV2::Route
  DependsOn: One
  Properties: {ApiId: !Ref Api, RouteKey: two}
Deployment:
  Type: AWS::ApiGatewayV2::Deployment
  DependsOn: %s
  Properties: {ApiId: !Ref Api}
Stage:
  Type: AWS::ApiGatewayV2::Stage
  Properties: {ApiId: !Ref Api, StageName: api, DeploymentId: !Ref Deployment}
"""


def test_a_deployment_that_leaves_a_route_out(codes: Codes) -> None:
    text = template(DEPLOYED % "One")

    assert codes(text) == [f"template.yaml:{line_of(text, 'Deployment:')} PB202"]


@pytest.mark.parametrize("on", ["[One, Two]", "Two"])
def test_a_deployment_that_waits_for_all_itself_or_through_another(codes: Codes, on: str) -> None:
    assert codes(template(DEPLOYED % on)) == []


def test_a_route_is_missing_in_the_message_by_name(look: Callable[..., list[object]]) -> None:
    assert "Deployment does not depend on Two: " in str(look(template(DEPLOYED % "One"))[0])
