"""
What executions write to CloudWatch Logs.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.settings import Settings
from pizzabar.stepfunctions.errors import InvalidLoggingConfiguration
from pizzabar.stepfunctions.execution_log import lines_of, read_logging

GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/flows:*"
FLOW = {
    "StartAt": "Say",
    "States": {
        "Say": {"Type": "Pass", "Result": {"said": "hello"}, "Next": "End"},
        "End": {"Type": "Fail", "Error": "Burnt", "Cause": "too hot"},
    },
}
ROLE = "arn:aws:iam::123456789012:role/r"


def to(group: str = GROUP, level: str = "ALL", **more: Any) -> dict[str, Any]:
    """Give a logging configuration."""
    return {"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}], **more}


async def opened(**settings: Any) -> Emulator:
    """Open an emulator with the log group."""
    emulator = await Emulator.open(Settings(**{"state": None, "clock": "virtual", **settings}))
    if not emulator.log_groups.has("/flows"):
        await emulator.call("logs", "CreateLogGroup", {"logGroupName": "/flows"})
    return emulator


async def create(emulator: Emulator, configuration: dict[str, Any], **more: Any) -> str:
    """Make the state machine."""
    given = {"name": "flow", "definition": json.dumps(FLOW), "roleArn": ROLE, "loggingConfiguration": configuration}
    answer = await emulator.call("stepfunctions", "CreateStateMachine", given | more)
    return str(answer["stateMachineArn"])


async def run(emulator: Emulator, arn: str) -> list[Any]:
    """Run an execution to its end, and give the lines that came into the log group since."""
    before = len(await lines(emulator))
    await emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": arn, "input": '{"secret":1}'})
    await emulator.settled()
    return (await lines(emulator))[before:]


async def lines(emulator: Emulator) -> list[Any]:
    """Read the log group."""
    answer = await emulator.call("logs", "FilterLogEvents", {"logGroupName": "/flows"})
    return [json.loads(event["message"]) for event in answer["events"]]


async def test_every_event_is_a_line() -> None:
    emulator = await opened()
    written = await run(emulator, await create(emulator, to(includeExecutionData=True)))

    assert [line["type"] for line in written] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "FailStateEntered",
        "ExecutionFailed",
    ]
    [execution] = {line["execution_arn"] for line in written}
    told = await emulator.call("stepfunctions", "GetExecutionHistory", {"executionArn": execution})
    assert written[0] == {
        "id": "1",
        "type": "ExecutionStarted",
        "details": {"input": '{"secret":1}', "inputDetails": {"truncated": False}, "roleArn": ROLE},
        "previous_event_id": "0",
        "event_timestamp": str(round(told["events"][0]["timestamp"] * 1000)),
        "execution_arn": execution,
        "redrive_count": "0",
    }
    assert written[2]["details"] == {
        "name": "Say",
        "output": '{"said":"hello"}',
        "outputDetails": {"truncated": False},
    }
    [stream] = (await emulator.call("logs", "DescribeLogStreams", {"logGroupName": "/flows"}))["logStreams"]
    assert stream["logStreamName"].startswith("states/flow/")
    await emulator.close()


@pytest.mark.parametrize(
    ("level", "types"),
    [("ERROR", ["FailStateEntered", "ExecutionFailed"]), ("FATAL", ["ExecutionFailed"]), ("OFF", [])],
)
async def test_a_level_takes_what_is_grave_enough(level: str, types: list[str]) -> None:
    emulator = await opened()
    written = await run(emulator, await create(emulator, to(level=level)))

    assert [line["type"] for line in written] == types
    await emulator.close()


async def test_without_execution_data_nothing_that_went_in_or_came_out_is_written() -> None:
    emulator = await opened()
    written = await run(emulator, await create(emulator, to()))

    assert "secret" not in json.dumps(written)
    assert written[0]["details"] == {"roleArn": ROLE}
    assert written[-1]["details"] == {"error": "Burnt", "cause": "too hot"}
    await emulator.close()


async def test_it_is_described_changed_and_kept(tmp_path: Path) -> None:
    emulator = await opened(state=tmp_path / "state.db")
    arn = await create(emulator, to(level="OFF"))
    described = await emulator.call("stepfunctions", "DescribeStateMachine", {"stateMachineArn": arn})
    assert described["loggingConfiguration"] == to(level="OFF", includeExecutionData=False)
    assert await run(emulator, arn) == []

    change = {"stateMachineArn": arn, "loggingConfiguration": to(level="FATAL", includeExecutionData=True)}
    await emulator.call("stepfunctions", "UpdateStateMachine", change)
    assert len(await run(emulator, arn)) == 1
    await emulator.close()

    emulator = await opened(state=tmp_path / "state.db")
    described = await emulator.call("stepfunctions", "DescribeStateMachine", {"stateMachineArn": arn})
    assert described["loggingConfiguration"] == to(level="FATAL", includeExecutionData=True)
    assert len(await run(emulator, arn)) == 1
    await emulator.close()


async def test_express_executions_write_as_well() -> None:
    emulator = await opened()
    arn = await create(emulator, to(), type="EXPRESS")
    await emulator.call("stepfunctions", "StartSyncExecution", {"stateMachineArn": arn})

    assert [line["type"] for line in await lines(emulator)][-1] == "ExecutionFailed"
    assert all(":express:" in line["execution_arn"] for line in await lines(emulator))
    await emulator.close()


async def test_a_group_that_has_gone_takes_nothing_more() -> None:
    emulator = await opened()
    arn = await create(emulator, to())
    await emulator.call("logs", "DeleteLogGroup", {"logGroupName": "/flows"})
    await emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": arn})
    await emulator.settled()

    assert not emulator.log_groups.has("/flows")
    await emulator.close()


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"level": "ALL"}, "Must specify exactly one Log Destination."),
        ({"level": "OFF", "destinations": to()["destinations"] * 2}, "Must specify exactly one Log Destination."),
        (to("arn:aws:logs:us-east-1:123456789012:log-group:/flows"), "Invalid log destination: arn:aws:logs:"),
        (to("arn:aws:logs:us-east-1:123456789012:log-group::*"), "Invalid log destination: arn:aws:logs:"),
        (to("/flows"), "Invalid log destination: /flows"),
        ({"level": "DEBUG"}, "Log level DEBUG is not one of"),
    ],
)
async def test_what_is_no_configuration(configuration: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidLoggingConfiguration, match="Invalid Logging Configuration: ") as raised:
        read_logging(configuration)
    assert message in str(raised.value)

    emulator = await opened()
    with pytest.raises(ServiceError, match="InvalidLoggingConfiguration"):
        await create(emulator, configuration)
    await emulator.close()


async def test_a_template_says_it(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        """
Transform: AWS::Serverless-2016-10-31
Resources:
  Flows: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /flows}}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: flow
      Definition: {StartAt: Say, States: {Say: {Type: Pass, End: true}}}
      Logging:
        Level: ALL
        IncludeExecutionData: true
        Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt Flows.Arn}}]
"""
    )
    emulator = await opened(template=tmp_path / "template.yaml")
    [machine] = emulator.state_machines

    assert len(await run(emulator, machine.arn)) == 4
    assert machine.logging.document == to(includeExecutionData=True)
    await emulator.close()


def test_an_event_without_details() -> None:
    event = {"id": 3, "type": "LambdaFunctionStarted", "previousEventId": 2, "timestamp": 1.5}
    [line] = lines_of(read_logging(to()), "arn", 2, [event])

    assert json.loads(line) == {
        "id": "3",
        "type": "LambdaFunctionStarted",
        "details": {},
        "previous_event_id": "2",
        "event_timestamp": "1500",
        "execution_arn": "arn",
        "redrive_count": "2",
    }
