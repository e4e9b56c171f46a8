"""
The CloudFormation types of EventBridge Scheduler, and SAM's ``ScheduleV2``.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.stack import Stack, read_template
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.loading import load_stack
from pizzabar.services import has_operation, resource_types
from pizzabar.settings import Settings
from tests.cloudformation.kitchen import NAMING

HERE = "us-east-1:123456789012"
FUNCTION = f"arn:aws:lambda:{HERE}:function:f"
ME = "tests.scheduler.test_scheduler_resources"


async def tell(event: Any, context: Any) -> None:
    """Log an event."""
    context.log(json.dumps(event))


def load(text: str) -> Stack:
    """Read a template with every type of pizzabar."""
    return read_template(
        text,
        file="t.yaml",
        read_file=lambda path: "",
        types=resource_types(),
        naming=NAMING,
        has_operation=has_operation,
    )


def faults_of(text: str) -> list[str]:
    with pytest.raises(FaultyTemplate) as faulty:
        load(text)
    return [str(fault).removeprefix("t.yaml:") for fault in faulty.value.faults]


def one(properties: str) -> str:
    return f"Resources:\n  Tick:\n    Type: AWS::Scheduler::Schedule\n    Properties: {{{properties}}}\n"


TARGET = f"Target: {{Arn: '{FUNCTION}', RoleArn: 'arn:aws:iam::123456789012:role/r'}}"
OFF = "FlexibleTimeWindow: {Mode: 'OFF'}"
WHOLE = f"ScheduleExpression: rate(1 hour), {OFF}, {TARGET}"


def test_how_they_are_called() -> None:
    stack = load(
        f"""
Resources:
  Kitchen: {{Type: AWS::Scheduler::ScheduleGroup, Properties: {{Tags: [{{Key: a, Value: b}}]}}}}
  Tick:
    Type: AWS::Scheduler::Schedule
    Properties: {{{WHOLE}, GroupName: !Ref Kitchen}}
  Tock:
    Type: AWS::Scheduler::Schedule
    Properties: {{{WHOLE}, Name: tock}}
"""
    )

    made = {each.logical_id: each.identity for each in stack.resources}
    home = NAMING.home
    assert made["Kitchen"].ref == f"{NAMING.stack}-Kitchen"
    assert made["Kitchen"].attributes["Arn"] == home.arn("scheduler", f"schedule-group/{NAMING.stack}-Kitchen")
    assert made["Tick"].ref == f"{NAMING.stack}-Tick"
    assert made["Tick"].attributes["Arn"] == home.arn(
        "scheduler", f"schedule/{NAMING.stack}-Kitchen/{NAMING.stack}-Tick"
    )
    assert made["Tock"].attributes["Arn"] == home.arn("scheduler", "schedule/default/tock")


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        (f"{OFF}, {TARGET}", "required key [ScheduleExpression] not found"),
        (
            f"ScheduleExpression: rate(1 year), {OFF}, {TARGET}",
            "Invalid Schedule Expression rate(1 year).",
        ),
        (f"{WHOLE}, EndDate: soon", "EndDate is not a date."),
        (f"{WHOLE}, GroupName: kitchen", "kitchen"),
        (
            f"{WHOLE}, ScheduleExpressionTimezone: Mars",
            "Invalid Schedule Expression Timezone Mars.",
        ),
        (WHOLE.replace("lambda:us-east-1", "lambda:eu-west-1"), "does not match the current region"),
        (WHOLE.replace(":lambda:", ":kinesis:"), "kinesis is not a supported service for a target."),
        (
            WHOLE.replace(FUNCTION, "arn:aws:scheduler:::aws-sdk:dynamodb:dance").replace(
                "RoleArn", "Input: '{}', RoleArn"
            ),
            "dynamodb:Dance is not supported",
        ),
        (
            WHOLE.replace("RoleArn", "EcsParameters: {TaskDefinitionArn: a}, RoleArn"),
            "EcsParameters is not supported",
        ),
    ],
)
def test_what_is_wrong_is_told(properties: str, fault: str) -> None:
    assert any(fault in each for each in faults_of(one(properties))), faults_of(one(properties))


def test_the_default_group_is_everybody_s() -> None:
    text = "Resources:\n  Own:\n    Type: AWS::Scheduler::ScheduleGroup\n    Properties: {Name: default}\n"

    assert faults_of(text) == ["4:18: Own: /Name: every account has a schedule group named default already"]


SAM = "Transform: AWS::Serverless-2016-10-31\n"
FUNCTION_WITH = (
    SAM
    + """
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Metadata: {pizzabar: {InProcess: 'tests.scheduler.test_scheduler_resources:tell'}}
    Properties:
      Events:
        Tick:
          Type: ScheduleV2
          Properties: {PROPERTIES}
"""
)


def made_of(properties: str) -> dict[str, Any]:
    stack = load(FUNCTION_WITH.replace("PROPERTIES", properties))
    return {each.logical_id: each for each in stack.resources}


def test_schedule_v2_is_a_schedule_and_a_role() -> None:
    made = made_of(
        "ScheduleExpression: rate(1 hour), Input: '1', State: DISABLED, Description: d, "
        "RetryPolicy: {MaximumRetryAttempts: 3}, DeadLetterConfig: {Arn: 'arn:aws:sqs:us-east-1:123456789012:dead'}"
    )

    assert made["BakeTick"].properties == {
        "Name": "BakeTick",
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "DISABLED",
        "Description": "d",
        "Target": {
            "Arn": made["Bake"].identity.attributes["Arn"],
            "RoleArn": made["BakeTickRole"].identity.attributes["Arn"],
            "Input": "1",
            "RetryPolicy": {"MaximumRetryAttempts": 3},
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        },
    }
    role = made["BakeTickRole"].properties
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": ["scheduler.amazonaws.com"]}
    allowed = [each["Action"] for each in role["Policies"][0]["PolicyDocument"]["Statement"]]
    assert allowed == ["lambda:InvokeFunction", "sqs:SendMessage"]
    assert "BakeTickPermission" not in made


def test_schedule_v2_with_a_role_and_no_name() -> None:
    made = made_of(
        "ScheduleExpression: rate(1 hour), OmitName: true, RoleArn: 'arn:aws:iam::123456789012:role/r', "
        "FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 5}, ScheduleExpressionTimezone: Asia/Tokyo"
    )

    assert made["BakeTick"].identity.ref == f"{NAMING.stack}-BakeTick"
    assert "BakeTickRole" not in made


def test_schedule_v2_needs_an_expression() -> None:
    told = faults_of(FUNCTION_WITH.replace("PROPERTIES", "Input: '1', DeadLetterConfig: {}, Colour: red"))

    assert any("Bake: an event source of this type needs a ScheduleExpression." in each for each in told)
    assert any("No 'Arn' or 'Type' property provided for DeadLetterConfig" in each for each in told)
    assert any("property Colour not defined for event Tick" in each for each in told)


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Metadata: {{pizzabar: {{InProcess: 'tests.scheduler.test_scheduler_resources:tell'}}}}
    Properties:
      FunctionName: bake
      Events:
        Tick:
          Type: ScheduleV2
          Properties: {{ScheduleExpression: {expression}, Input: '"<aws.scheduler.schedule-arn>"'}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: machine
      Definition: {{StartAt: A, States: {{A: {{Type: Pass, End: true}}}}}}
      Events:
        Tick:
          Type: ScheduleV2
          Properties: {{ScheduleExpression: rate(10 minutes), GroupName: !Ref Kitchen, Input: '{{}}'}}
  Kitchen: {{Type: AWS::Scheduler::ScheduleGroup, Properties: {{Name: kitchen}}}}
{more}
"""
DECLARED = """  Once:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: once
      ScheduleExpression: at(2090-01-01T00:00:00)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target:
        Arn: arn:aws:scheduler:::aws-sdk:lambda:invoke
        RoleArn: arn:aws:iam::123456789012:role/any
        Input: '{"FunctionName": "bake", "InvocationType": "Event", "Payload": "1"}'
"""


@pytest.mark.parametrize("iam", ["off", "enforce"])
async def test_a_stack_s_schedules_run_and_follow_its_edits(tmp_path: Path, iam: Any) -> None:
    """The roles that SAM makes let Scheduler ask, where policies are enforced."""
    template = tmp_path / "template.yaml"
    settings = Settings(template=template, state=tmp_path / "state.db", clock="virtual", iam=iam)

    def write(expression: str, more: str = "") -> Stack:
        template.write_text(TEMPLATE.format(expression=expression, more=more))
        return load_stack(settings, None)

    async def told(emulator: Emulator) -> list[str]:
        lines = await emulator.call("logs", "FilterLogEvents", {"logGroupName": "/aws/lambda/bake"})
        return [each["message"] for each in lines["events"] if each["message"].startswith('"arn')]

    async def names(emulator: Emulator) -> list[str]:
        return sorted(each["Name"] for each in (await emulator.call("scheduler", "ListSchedules", {}))["Schedules"])

    write("rate(1 hour)", DECLARED)
    emulator = await Emulator.open(settings)
    try:
        assert await names(emulator) == ["BakeTick", "MachineTick", "once"]
        await emulator.advance(timedelta(minutes=61))
        assert await told(emulator) == [f'"arn:aws:scheduler:{HERE}:schedule/default/BakeTick"'] * 2
        machine = {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:machine"}
        assert len((await emulator.call("stepfunctions", "ListExecutions", machine))["executions"]) == 7

        # What an edit leaves as it was goes on as it was.
        await emulator.redeploy(write("rate(1 hour)"))
        assert await names(emulator) == ["BakeTick", "MachineTick"]
        await emulator.advance(timedelta(minutes=58))
        assert len(await told(emulator)) == 2
        await emulator.redeploy(write("rate(3 hours)"))
        await emulator.settled()
        assert len(await told(emulator)) == 3
    finally:
        await emulator.close()

    emulator = await Emulator.open(settings)
    try:
        assert await names(emulator) == ["BakeTick", "MachineTick"]
        assert emulator.changed_back == []
        await emulator.settled()
        assert len(await told(emulator)) == 3
    finally:
        await emulator.close()


async def test_a_role_that_may_not_is_refused_and_that_is_told(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Metadata: {{pizzabar: {{InProcess: '{ME}:tell'}}}}
    Properties: {{FunctionName: bake}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          Effect: Allow
          Principal: {{Service: scheduler.amazonaws.com}}
          Action: sts:AssumeRole
          Condition: {{ArnEquals: {{'aws:SourceArn': 'arn:aws:scheduler:{HERE}:schedule-group/default'}}}}
  Tick:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: tick
      ScheduleExpression: rate(1 hour)
      FlexibleTimeWindow: {{Mode: 'OFF'}}
      Target: {{Arn: !GetAtt Bake.Arn, RoleArn: !GetAtt Role.Arn}}
"""
    )
    emulator = await Emulator.open(Settings(template=template, state=None, clock="virtual", iam="enforce"))
    try:
        await emulator.settled()
        [hop] = [each for each in emulator.journal if each.operation == "InvokeTarget"]
        assert hop.notes is not None
        target = emulator.schedules.get("tick").target
        # It may assume the role, which may nothing.
        assert "is not authorized to perform: lambda:InvokeFunction" in hop.notes["given up"]
        assert "assumed-role/" in hop.notes["given up"]
        # In another group, it may not even that; nor may another service's role be assumed.
        await emulator.call("scheduler", "CreateScheduleGroup", {"Name": "kitchen"})
        with pytest.raises(ServiceError, match="The execution role you provide must allow AWS EventBridge Scheduler"):
            await emulator.call(
                "scheduler",
                "CreateSchedule",
                {
                    "Name": "tock",
                    "GroupName": "kitchen",
                    "ScheduleExpression": "rate(1 hour)",
                    "FlexibleTimeWindow": {"Mode": "OFF"},
                    "Target": target,
                },
            )
    finally:
        await emulator.close()
