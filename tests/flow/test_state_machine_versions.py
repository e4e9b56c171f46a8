"""
Aliases of state machines from end to end: events start the version that an alias leads to.

https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.serving import open_pizza_bar
from tests.flow.test_boto3 import Aws
from tests.flow.test_iam_hops import MACHINE, PUT, allow, role, rule, settings

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
SAM = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: kitchen}}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      AutoPublishAlias: live
      UseAliasAsEventTarget: true
      Definition: {StartAt: A, States: {A: {Type: Pass, Result: 1, End: true}}}
      Events: {Ordered: {Type: EventBridgeRule, Properties: {EventBusName: !Ref Bus, Pattern: {source: [oven]}}}}
"""


async def test_a_template_of_sam_publishes_to_an_alias_which_events_start(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(SAM)
    async with open_pizza_bar(Settings(state=None, clock="virtual", template=tmp_path / "template.yaml")) as bar:
        aws = Aws(bar)
        flow = "arn:aws:states:us-east-1:123456789012:stateMachine:pizzabar-Flow"
        changed = '{"StartAt":"A","States":{"A":{"Type":"Pass","Result":2,"End":true}}}'
        await aws("stepfunctions", "UpdateStateMachine", stateMachineArn=flow, definition=changed)
        entry = {"Source": "oven", "DetailType": "Baked", "Detail": "{}", "EventBusName": "kitchen"}
        await aws("events", "PutEvents", Entries=[entry])
        await bar.emulator.settled()

        alias = {"stateMachineArn": f"{flow}:live"}
        [started] = (await aws("stepfunctions", "ListExecutions", **alias))["executions"]
        assert started["stateMachineVersionArn"] == f"{flow}:1"
        ended = await aws("stepfunctions", "DescribeExecution", executionArn=started["executionArn"])
        assert json.loads(ended["output"]) == 1
        # AWS refuses it: https://github.com/aws/serverless-application-model/issues/3720
        [finding] = bar.emulator.authorization.findings()
        assert (finding.resource, finding.refusals[0].action) == (flow, "states:StartExecution")


VERSION = {
    "Type": "AWS::StepFunctions::StateMachineVersion",
    "Properties": {"StateMachineArn": {"Ref": "Machine"}},
}
LIVE = {
    "Type": "AWS::StepFunctions::StateMachineAlias",
    "Properties": {
        "Name": "live",
        "RoutingConfiguration": [{"StateMachineVersionArn": {"Ref": "Version"}, "Weight": 100}],
    },
}


def if_by(qualifier: str) -> dict[str, Any]:
    """Let only what is asked for by a qualifier be started."""
    condition = {"ForAnyValue:StringEquals": {"states:StateMachineQualifier": [qualifier]}}
    return {**allow("states:StartExecution", ARN), "Condition": condition}


@pytest.mark.parametrize(
    ("statement", "target", "is_let"),
    [
        (allow("states:StartExecution", ARN), {"Ref": "Live"}, True),
        (allow("states:StartExecution", ARN), {"Ref": "Version"}, True),
        (allow("states:StartExecution", f"{ARN}:live"), {"Ref": "Live"}, False),
        (if_by("live"), {"Ref": "Live"}, True),
        (if_by("live"), {"Ref": "Version"}, False),
        (if_by("live"), {"Ref": "Machine"}, False),
    ],
)
async def test_a_permission_is_on_the_state_machine(
    tmp_path: Path, statement: Any, target: Any, is_let: bool
) -> None:
    resources = {
        "Machine": MACHINE,
        "Flow": role("states.amazonaws.com"),
        "Version": VERSION,
        "Live": LIVE,
        "Sender": role("events.amazonaws.com", statement),
        "Rule": rule(Arn=target, RoleArn={"Fn::GetAtt": ["Sender", "Arn"]}),
    }
    emulator = await Emulator.open(settings(tmp_path, **resources))

    await emulator.call(*PUT)
    await emulator.settled()

    listed = await emulator.call("stepfunctions", "ListExecutions", {"stateMachineArn": ARN})
    assert (len(listed["executions"]) == 1) == is_let
    await emulator.close()
