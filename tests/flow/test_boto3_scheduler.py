"""
EventBridge Scheduler over a socket, by boto3, with targets that are really there.

https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.flow.test_boto3 import BUS, FUNCTION, ROLE, Aws, open_aws

HERE = "us-east-1:123456789012"
OFF = {"Mode": "OFF"}
SDK = "arn:aws:scheduler:::aws-sdk:"


def target(arn: str, input: Any = None, **more: Any) -> dict[str, Any]:
    given = {} if input is None else {"Input": json.dumps(input)}
    return {"Arn": arn, "RoleArn": ROLE, **given, **more}


def soon(aws: Aws, **after: float) -> str:
    """Give an expression for a time that is not far."""
    return f"at({aws.bar.emulator.clock.now() + timedelta(**after):%Y-%m-%dT%H:%M:%S})"


async def create(aws: Aws, name: str, expression: str, asked: dict[str, Any], **more: Any) -> Any:
    given = {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF, "Target": asked}
    return await aws("scheduler", "CreateSchedule", **{**given, **more})


async def test_every_operation() -> None:
    async with open_aws() as aws:
        group = (await aws("scheduler", "CreateScheduleGroup", Name="kitchen"))["ScheduleGroupArn"]
        tags = [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}, {"Key": "e", "Value": "f"}]
        await aws("scheduler", "TagResource", ResourceArn=group, Tags=tags)
        await aws("scheduler", "UntagResource", ResourceArn=group, TagKeys=["a", "c"])
        assert (await aws("scheduler", "ListTagsForResource", ResourceArn=group))["Tags"] == tags[2:]
        assert (await aws("scheduler", "GetScheduleGroup", Name="kitchen"))["Arn"] == group

        starts = datetime(2090, 1, 1, tzinfo=UTC)
        asked = target(f"arn:aws:lambda:{HERE}:function:{FUNCTION}", {"a": 1})
        for name in ("a.1", "a-2", "b_3"):
            await create(aws, name, "rate(1 hours)", asked, GroupName="kitchen", StartDate=starts)
        found = await aws("scheduler", "GetSchedule", Name="a.1", GroupName="kitchen")
        assert (found["StartDate"], found["Target"]["Input"]) == (starts, '{"a": 1}')
        changed = {"ScheduleExpression": "cron(0 8 * * ? *)", "ScheduleExpressionTimezone": "Asia/Kolkata"}
        await aws(
            "scheduler",
            "UpdateSchedule",
            Name="a.1",
            GroupName="kitchen",
            Target=asked,
            FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
            State="DISABLED",
            **changed,
        )
        found = await aws("scheduler", "GetSchedule", Name="a.1", GroupName="kitchen")
        assert found["ScheduleExpressionTimezone"] == "Asia/Kolkata"
        assert "StartDate" not in found

        listed = await aws("scheduler", "ListSchedules", GroupName="kitchen", NamePrefix="a", MaxResults=1)
        assert [each["Name"] for each in listed["Schedules"]] == ["a-2"]
        listed = await aws("scheduler", "ListSchedules", NextToken=listed["NextToken"], State="ENABLED")
        assert [each["Name"] for each in listed["Schedules"]] == ["b_3"]
        groups = (await aws("scheduler", "ListScheduleGroups", MaxResults=5))["ScheduleGroups"]
        assert [each["Name"] for each in groups] == ["default", "kitchen"]

        await aws("scheduler", "DeleteSchedule", Name="a.1", GroupName="kitchen")
        await aws("scheduler", "DeleteScheduleGroup", Name="kitchen")
        assert (await aws("scheduler", "ListSchedules"))["Schedules"] == []


async def test_errors_are_classes_with_their_messages() -> None:
    async with open_aws() as aws:
        asked = target(f"arn:aws:lambda:{HERE}:function:{FUNCTION}")
        await create(aws, "tick", "rate(1 hour)", asked)
        with pytest.raises(ClientError) as raised:
            await create(aws, "tick", "rate(1 hour)", asked)
        assert type(raised.value).__name__ == "ConflictException"
        response: Any = raised.value.response
        assert response["Message"] == response["Error"]["Message"] == "Schedule tick already exists."
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 409

        assert await aws.fails("scheduler", "GetSchedule", Name="tock") == "ResourceNotFoundException"
        assert await aws.fails("scheduler", "GetSchedule", Name="a b") == "ValidationException"
        wrong = {"Name": "b", "FlexibleTimeWindow": OFF, "ScheduleExpression": "rate(1 year)", "Target": asked}
        assert await aws.fails("scheduler", "CreateSchedule", **wrong) == "ValidationException"


async def test_a_function_a_machine_a_bus_and_any_api_are_asked() -> None:
    async with open_aws() as aws:
        lambda_, machine = f"arn:aws:lambda:{HERE}:function:{FUNCTION}", f"arn:aws:states:{HERE}:stateMachine:Own"
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        await aws("stepfunctions", "CreateStateMachine", name="Own", definition=definition, roleArn=ROLE)
        await aws("logs", "CreateLogGroup", logGroupName="/bus")
        await aws("events", "PutRule", Name="clock", EventBusName=BUS, EventPattern='{"source":["clock"]}')
        log_group = f"arn:aws:logs:{HERE}:log-group:/bus"
        await aws("events", "PutTargets", Rule="clock", EventBusName=BUS, Targets=[{"Id": "l", "Arn": log_group}])

        when = soon(aws, minutes=5)
        await create(aws, "function", when, target(lambda_, {"when": "<aws.scheduler.scheduled-time>"}))
        await create(aws, "machine", when, target(machine, {"attempt": "<aws.scheduler.attempt-number>"}))
        event = {"EventBridgeParameters": {"DetailType": "Tick", "Source": "clock"}}
        await create(aws, "bus", when, target(f"arn:aws:events:{HERE}:event-bus/{BUS}", {"a": 1}, **event))
        item = {"TableName": "pizzabar-Orders", "Item": {"orderId": {"S": "<aws.scheduler.schedule-arn>"}}}
        await create(aws, "item", when, target(f"{SDK}dynamodb:putItem", item))
        await aws.bar.emulator.advance(timedelta(minutes=6))

        lines = await aws.bar.log_lines(f"/aws/lambda/{FUNCTION}")
        assert sum(line.startswith("START") for line in lines) >= 1
        [execution] = (await aws("stepfunctions", "ListExecutions", stateMachineArn=machine))["executions"]
        described = await aws("stepfunctions", "DescribeExecution", executionArn=execution["executionArn"])
        assert json.loads(described["input"]) == {"attempt": "1"}
        [line] = await aws.bar.log_lines("/bus")
        told = json.loads(line)
        assert (told["source"], told["detail"], told["resources"]) == (
            "clock",
            {"a": 1},
            [f"arn:aws:scheduler:{HERE}:schedule/default/bus"],
        )
        arn = f"arn:aws:scheduler:{HERE}:schedule/default/item"
        assert [each["orderId"]["S"] for each in await aws.bar.items("Orders")] == [arn]


async def test_a_schedule_may_make_another_and_delete_it() -> None:
    """Scheduler is one of the services that it can ask."""
    async with open_aws() as aws:
        name = {"Name": "tick"}
        await create(aws, "tick", "rate(1 day)", target(f"{SDK}scheduler:deleteSchedule", name))
        await aws.bar.emulator.settled()

        assert (await aws("scheduler", "ListSchedules"))["Schedules"] == []


async def test_queues_are_not_here_and_that_is_told() -> None:
    async with open_aws() as aws:
        if aws.bar.emulator.call.serves("sqs"):
            pytest.skip("they are here")
        for arn in (f"arn:aws:sqs:{HERE}:orders", f"{SDK}sqs:sendMessage"):
            with pytest.raises(ClientError, match="sqs is not a supported service for a target"):
                await create(aws, "a", "rate(1 day)", target(arn, {}))
        dead = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{HERE}:dead"}}
        await create(aws, "b", soon(aws, minutes=1), target(f"arn:aws:lambda:{HERE}:function:nobody", **dead))
        await aws.bar.emulator.advance(timedelta(minutes=2))

        [hop] = [each for each in aws.bar.emulator.journal if each.operation == "InvokeTarget"]
        assert hop.notes == {
            "given up": f"ResourceNotFoundException: Function not found: arn:aws:lambda:{HERE}:function:nobody",
            "dead letter lost": "UnknownOperationException: sqs:SendMessage is not supported",
        }
