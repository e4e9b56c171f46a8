"""What a template names must be there: resources of its own, and operations of the services."""

from pathlib import Path

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.stack import Stack
from pizzabar.emulator import Emulator
from pizzabar.loading import load_stack
from pizzabar.settings import Settings

API = """
Resources:
  Chat:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Chat, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Other:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Other, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Chat, IntegrationType: MOCK}
"""
TABLE = (
    "AWS::DynamoDB::Table, Properties: {TableName: abc, BillingMode: PAY_PER_REQUEST, "
    "AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: [{AttributeName: id, KeyType: HASH}]}"
)


def stack_of(tmp_path: Path, text: str) -> Stack:
    (tmp_path / "template.yaml").write_text(text)
    return load_stack(Settings(state=None, template=tmp_path / "template.yaml"))


def faults_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(FaultyTemplate) as faulty:
        stack_of(tmp_path, text)
    return [str(fault).rpartition("template.yaml:")[2] for fault in faulty.value.faults]


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        (
            "Route, Properties: {ApiId: abc, RouteKey: a}",
            "12:53: It: /ApiId: abc is not the ID of an AWS::ApiGatewayV2::Api of this template",
        ),
        (
            "Route, Properties: {ApiId: !Ref Mock, RouteKey: a}",
            "12:53: It: /ApiId: {Mock} is not the ID of an AWS::ApiGatewayV2::Api of this template",
        ),
        (
            "Route, Properties: {ApiId: !Ref Chat, RouteKey: a, Target: integrations/abc}",
            "12:84: It: /Target: integrations/abc is not integrations/ID, where ID is that of an "
            "AWS::ApiGatewayV2::Integration of this template",
        ),
        (
            "Route, Properties: {ApiId: !Ref Chat, RouteKey: a, Target: !Ref Mock}",
            "12:84: It: /Target: {Mock} is not integrations/ID, where ID is that of an "
            "AWS::ApiGatewayV2::Integration of this template",
        ),
        (
            "Route, Properties: {ApiId: !Ref Other, RouteKey: a, Target: !Sub 'integrations/${Mock}'}",
            "12:85: It: /Target: Mock has another ApiId",
        ),
        (
            "RouteResponse, Properties: {ApiId: !Ref Chat, RouteId: abc, RouteResponseKey: $default}",
            "12:79: It: /RouteId: abc is not the ID of an AWS::ApiGatewayV2::Route of this template",
        ),
        (
            "IntegrationResponse, Properties: {ApiId: !Ref Chat, IntegrationId: a, IntegrationResponseKey: $default}",
            "12:85: It: /IntegrationId: a is not the ID of an AWS::ApiGatewayV2::Integration of this template",
        ),
        (
            "Stage, Properties: {ApiId: !Ref Chat, StageName: api, DeploymentId: abc}",
            "12:87: It: /DeploymentId: abc is not the ID of an AWS::ApiGatewayV2::Deployment of this template",
        ),
        (
            "Integration, Properties: {ApiId: !Ref Chat, IntegrationType: AWS, "
            "IntegrationUri: 'arn:aws:apigateway:us-east-1:dynamodb:action/PutItm'}",
            "12:99: It: /IntegrationUri: dynamodb:PutItm is not supported",
        ),
    ],
)
def test_a_name_of_nothing_is_a_fault_with_its_place(tmp_path: Path, resource: str, fault: str) -> None:
    text = API + "  It: {Type: AWS::ApiGatewayV2::" + resource + "}\n"
    references = {
        each.logical_id: each.identity.ref for each in stack_of(tmp_path, API).resources if each.logical_id == "Mock"
    }

    [told] = faults_of(tmp_path, text)

    assert told == fault.format(**references)


@pytest.mark.parametrize(
    ("bus", "fault"),
    [
        ("nobody", "/EventBusName: there is no AWS::Events::EventBus nobody in this template"),
        (
            "'arn:aws:events:us-east-1:123456789012:event-bus/nobody'",
            "/EventBusName: there is no AWS::Events::EventBus nobody in this template",
        ),
        ("default", None),
        ("'arn:aws:events:us-east-1:123456789012:event-bus/default'", None),
        ("kitchen", None),
        ("!Ref Bus", None),
        ("!GetAtt Bus.Arn", None),
    ],
)
def test_the_bus_of_a_rule_is_there(tmp_path: Path, bus: str, fault: str | None) -> None:
    text = f"""Resources:
  Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: kitchen}}}}
  Hear: {{Type: AWS::Events::Rule, Properties: {{EventPattern: {{source: [a]}}, EventBusName: {bus}}}}}
"""

    if fault is None:
        stack_of(tmp_path, text)
    else:
        [told] = faults_of(tmp_path, text)
        assert told.endswith(fault)


def test_there_is_one_default_bus(tmp_path: Path) -> None:
    [told] = faults_of(tmp_path, "Resources:\n  Bus: {Type: AWS::Events::EventBus, Properties: {Name: default}}\n")

    assert told.endswith("/Name: every account has an event bus named default already")


def test_every_task_that_asks_for_what_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "flow.asl.json").write_text(
        """{"StartAt": "Both", "States": {
  "Both": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "Put", "States": {
    "Put": {"Type": "Task", "End": true,
      "Resource": "arn:aws:states:::aws-sdk:dynamodb:putItm"}}}]},
  "Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Send", "States": {
    "Send": {"Type": "Task", "End": true,
      "Resource": "arn:aws:states:::aws-sdk:sns:publish"}}}}
}}"""
    )
    text = """Transform: AWS::Serverless-2016-10-31
Resources:
  Flow: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: flow.asl.json, Role: arn}}
"""

    faults = sorted(fault.rpartition("flow.asl.json:")[2] for fault in faults_of(tmp_path, text))

    assert any(fault.startswith("4:") and "dynamodb:PutItm is not supported" in fault for fault in faults)
    assert any(fault.startswith("7:") and "aws-sdk:sns:publish" in fault for fault in faults)


@pytest.mark.parametrize("depends", ["", ", DependsOn: [Mock]"])
async def test_a_deployment_has_all_that_does_not_wait_for_it(tmp_path: Path, depends: str) -> None:
    (tmp_path / "template.yaml").write_text(
        API
        + "  Deployment: {Type: AWS::ApiGatewayV2::Deployment, Properties: {ApiId: !Ref Chat}"
        + depends
        + "}\n"
        + "  Stage: {Type: AWS::ApiGatewayV2::Stage, "
        + "Properties: {ApiId: !Ref Chat, StageName: api, DeploymentId: !Ref Deployment}}\n"
        + "  Late: {Type: AWS::ApiGatewayV2::Route, DependsOn: Stage, "
        + "Properties: {ApiId: !Ref Chat, RouteKey: late}}\n"
        + "  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Chat, RouteKey: order, "
        + "Target: !Sub 'integrations/${Mock}'}}\n"
    )
    emulator = await Emulator.open(Settings(state=None, template=tmp_path / "template.yaml"))

    [chat, _other] = emulator.apis
    deployed = chat.stages["api"].deployed
    assert deployed is not None
    assert list(deployed.routes) == ["order"]
    assert sorted(chat.routes) == ["late", "order"]
    await emulator.close()


async def test_a_deployment_may_bring_its_stage(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        API
        + "  Deployment: {Type: AWS::ApiGatewayV2::Deployment, Properties: {ApiId: !Ref Chat, StageName: api}}\n"
        + "  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Other, StageName: bare}}\n"
    )
    emulator = await Emulator.open(Settings(state=None, template=tmp_path / "template.yaml"))

    [chat, other] = emulator.apis
    assert emulator.apis.find_stage("api") is chat
    assert other.stages["bare"].deployed is None
    assert emulator.apis.find_stage("bare") is None
    await emulator.close()


@pytest.mark.parametrize(
    ("one", "other", "fault"),
    [
        (
            "AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Chat, RouteKey: a}",
            "AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Chat, RouteKey: a}",
            "RouteKey: a already exists: One has it",
        ),
        (
            "AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Chat, StageName: a}",
            "AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Chat, StageName: a}",
            "StageName: a already exists: One has it",
        ),
        (
            "AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Chat, StageName: a}",
            "AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Other, StageName: a}",
            None,
        ),
        (
            "AWS::Events::Rule, Properties: {Name: a, EventPattern: {source: [x]}}",
            "AWS::Events::Rule, Properties: {Name: a, EventBusName: default, EventPattern: {source: [x]}}",
            "Name: a already exists: One has it",
        ),
        (
            "AWS::Events::EventBus, Properties: {Name: a}",
            "AWS::Events::Rule, Properties: {Name: a, EventBusName: a, EventPattern: {source: [x]}}",
            None,
        ),
        (
            "AWS::Events::EventBus, Properties: {Name: a}",
            "AWS::Events::EventBus, Properties: {Name: a}",
            "Name: a already exists: One has it",
        ),
        (
            "AWS::Logs::LogGroup, Properties: {LogGroupName: a}",
            "AWS::Logs::LogGroup, Properties: {LogGroupName: a}",
            "LogGroupName: a already exists: One has it",
        ),
        (TABLE, TABLE, "TableName: abc already exists: One has it"),
    ],
)
def test_what_is_named_twice_is_a_fault(tmp_path: Path, one: str, other: str, fault: str | None) -> None:
    text = API + f"  One: {{Type: {one}}}\n  Two: {{Type: {other}}}\n"

    if fault is None:
        stack_of(tmp_path, text)
    else:
        [told] = faults_of(tmp_path, text)
        assert told.endswith(f"Two: /{fault}")
