"""
Roles and policies, judged hop by hop: the shipped pizzeria needs nothing that it has not, and the workshop's template
has the one gap that its README tells of.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.serving import FRAMES, ORDER, PizzaBar, open_pizza_bar, receive
from tests.flow.test_workshop import settings as workshop_settings

HOME = "us-east-1:123456789012"
LOG_RULE = (
    "events.amazonaws.com for arn:aws:events:us-east-1:123456789012:rule/pizzabar-EventBus/pizzabar-EventBusLogRule"
)


async def order(bar: PizzaBar, *, answers: int = 0) -> None:
    """Order a pizza, hear of all six statuses, and go."""
    async with bar.connect() as guest:
        await guest.send(ORDER)
        frames = await receive(guest, 1 + answers)
        for _ in FRAMES[1:]:
            await bar.pass_time(5)
            frames += await receive(guest, 1)
        assert frames[answers:] == FRAMES
    await bar.emulator.settled()


def used(emulator: Emulator, role: str) -> dict[str, int]:
    """What a role has used, by actions and the ends of resources."""
    uses = emulator.authorization.uses[f"arn:aws:iam::123456789012:role/pizzabar-{role}"]
    return {f"{action} {resource.rpartition(':')[2]}": use.count for (action, resource), use in uses.items()}


async def test_the_pizzeria_asks_for_nothing_that_it_may_not() -> None:
    async with open_pizza_bar(Settings(state=None, clock="virtual", iam="enforce")) as bar:
        await order(bar)

        assert bar.emulator.authorization.findings() == []
        assert bar.emulator.authorization.unknown == {}
        assert [hop for hop in bar.emulator.journal if hop.error is not None] == []
        assert used(bar.emulator, "OrderRole") == {"states:StartExecution pizzabar-OrderFlow": 1}
        assert used(bar.emulator, "OrderFlowRole") == {"events:PutEvents event-bus/pizzabar-EventBus": 6}
        assert used(bar.emulator, "SessionsRole") == {
            "dynamodb:PutItem table/pizzabar-Sessions": 1,
            "dynamodb:DeleteItem table/pizzabar-Sessions": 1,
        }
        [api] = bar.emulator.apis
        assert used(bar.emulator, "StatusFunctionRole") == {
            "dynamodb:GetItem table/pizzabar-Sessions": 6,
            "dynamodb:GetItem table/pizzabar-Orders": 6,
            "dynamodb:PutItem table/pizzabar-Sessions": 1,
            "dynamodb:PutItem table/pizzabar-Orders": 6,
            f"execute-api:ManageConnections {api.id}/api/POST/@connections/*": 6,
            "logs:CreateLogGroup *": 1,
            "logs:CreateLogStream *": 1,
            "logs:PutLogEvents *": 6,
        }


async def test_the_workshop_lacks_the_policy_of_its_log_group(
    workshop: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "pizzabar"):
        async with open_pizza_bar(workshop_settings(workshop)) as bar:
            await order(bar, answers=1)

            [finding] = bar.emulator.authorization.findings()
            assert finding.principal == LOG_RULE
            assert finding.resource == f"arn:aws:logs:{HOME}:log-group:/aws/events/pizzabar:*"
            assert [each.action for each in finding.refusals] == ["logs:CreateLogStream", "logs:PutLogEvents"]
            assert finding.refusals[0].why == "no resource-based policy allows it"
            # It is only noted: the events are there.
            assert len(await bar.log_lines("/aws/events/pizzabar")) == 6
            noted = [hop for hop in bar.emulator.journal if hop.notes and "iam" in hop.notes]
            assert {(hop.service, hop.operation) for hop in noted} == {
                ("logs", "CreateLogStream"),
                ("logs", "PutLogEvents"),
            }
    # And told once, not at each event.
    assert [record.getMessage().partition(" on ")[0] for record in caplog.records] == [
        "AWS would refuse logs:CreateLogStream",
        "AWS would refuse logs:PutLogEvents",
    ]


async def test_the_workshop_has_the_name_of_its_stage_in_a_policy(workshop: Path) -> None:
    async with open_pizza_bar(workshop_settings(workshop, parameters={"ApiStageName": "prod"})) as bar:
        async with bar.connect("/prod") as guest:
            await guest.send(ORDER)
            await receive(guest, 2)

        _, finding = sorted(
            bar.emulator.authorization.findings(), key=lambda finding: finding.principal, reverse=True
        )
        [api] = bar.emulator.apis
        assert finding.resource == f"arn:aws:execute-api:{HOME}:{api.id}/prod/POST/@connections/*"
        [refusal] = finding.refusals
        assert refusal.action == "execute-api:ManageConnections"
        assert refusal.why == (
            "no identity-based policy allows it; the nearest is LambdaPizzaHandlerRolePolicy2, "
            "statement ManageWebSocketConnectionsPolicy, whose Resource does not cover it"
        )


async def test_enforced_the_workshop_runs_without_its_log(workshop: Path) -> None:
    async with open_pizza_bar(workshop_settings(workshop, iam="enforce")) as bar:
        await order(bar, answers=1)

        assert await bar.log_lines("/aws/events/pizzabar") == []
        letters = await bar.emulator.runtime.transport.dead_letters()
        assert [(each.error_code, each.exhausted, each.attempts) for each in letters] == [
            ("NO_PERMISSIONS", "NotRetryable", 1)
        ] * 6


TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": "a",
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": "$request.body.action",
            },
        },
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "api", "AutoDeploy": True},
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "RouteKey": "$default",
                "Target": {"Fn::Sub": "integrations/${Integration}"},
            },
        },
        "Response": {
            "Type": "AWS::ApiGatewayV2::RouteResponse",
            "Properties": {"ApiId": {"Ref": "Api"}, "RouteId": {"Ref": "Route"}, "RouteResponseKey": "$default"},
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "IntegrationType": "AWS",
                "IntegrationMethod": "POST",
                "IntegrationUri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
                "CredentialsArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "RequestTemplates": {
                    "$default": '{"TableName": "Words", "Item": {"k": {"S": "$context.requestId"}}}'
                },
            },
        },
        "Answer": {
            "Type": "AWS::ApiGatewayV2::IntegrationResponse",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "IntegrationId": {"Ref": "Integration"},
                "IntegrationResponseKey": "$default",
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "Words",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "Writer",
                "AssumeRolePolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"Service": "apigateway.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                },
                "Policies": [
                    {
                        "PolicyName": "Read",
                        "PolicyDocument": {
                            "Statement": {
                                "Effect": "Allow",
                                "Action": "dynamodb:GetItem",
                                "Resource": {"Fn::GetAtt": ["Table", "Arn"]},
                            }
                        },
                    }
                ],
            },
        },
    }
}
SESSION = "arn:aws:sts::123456789012:assumed-role/Writer/BackplaneAssumeRoleSession"


def template(folder: Path, **role: Any) -> Settings:
    """Settings for the template, its role with other properties, enforced."""
    document = json.loads(json.dumps(TEMPLATE))
    document["Resources"]["Role"]["Properties"] |= role
    (folder / "template.json").write_text(json.dumps(document))
    return Settings(state=None, clock="virtual", template=folder / "template.json", iam="enforce")


async def answer(settings: Settings) -> dict[str, Any]:
    """Send a message, and take what is answered."""
    async with open_pizza_bar(settings) as bar, bar.connect() as guest:
        await guest.send("{}")
        answered: dict[str, Any] = json.loads(await guest.recv())
        return answered


async def test_an_integration_is_answered_as_its_service_refuses(tmp_path: Path) -> None:
    refused = await answer(template(tmp_path))
    assert refused["__type"] == "AccessDeniedException"
    assert refused["message"] == (
        f"User: {SESSION} is not authorized to perform: dynamodb:PutItem on resource: "
        f"arn:aws:dynamodb:{HOME}:table/Words because no identity-based policy allows the dynamodb:PutItem action"
    )


async def test_a_role_must_be_one_that_the_service_may_assume(tmp_path: Path) -> None:
    trust = TEMPLATE["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    other = {**trust, "Principal": {"Service": "lambda.amazonaws.com"}}
    refused = await answer(template(tmp_path, AssumeRolePolicyDocument={"Statement": other}))
    assert refused["message"] == (
        "User: apigateway.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::123456789012:role/Writer because no role trust policy allows the sts:AssumeRole action"
    )


@pytest.mark.parametrize(
    "role",
    [
        {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]},
        # What nobody here knows is not held against it.
        {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/SomethingNew"]},
    ],
)
async def test_managed_policies_count(tmp_path: Path, role: Any) -> None:
    assert await answer(template(tmp_path, **role)) == {}


async def test_a_boundary_limits_a_role(tmp_path: Path) -> None:
    full = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"
    boundary = "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"
    refused = await answer(template(tmp_path, ManagedPolicyArns=[full], PermissionsBoundary=boundary))
    assert refused["message"].endswith("because no permissions boundary allows the dynamodb:PutItem action")


async def test_off_nobody_looks(tmp_path: Path) -> None:
    settings = template(tmp_path)
    settings.iam = "off"  # type: ignore[misc]
    async with open_pizza_bar(settings) as bar, bar.connect() as guest:
        await guest.send("{}")
        assert await guest.recv() == "{}"
        assert bar.emulator.authorization.uses == {}
