"""
``kill -9`` of a process that redrives an execution with branches and a map run: it comes to its end all the same.

What fails until it was redriven fails in every process alike: it looks for the time of the redrive.
"""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.dying import survives

KILLS = 25
ROLE = "arn:aws:iam::123456789012:role/any"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Own"
ARN = "arn:aws:states:us-east-1:123456789012:execution:Own:one"


def waits_and_fails(seconds: int, name: str) -> JSON:
    """Give states that wait, and fail until they were redriven."""
    once = {"Type": "Pass", "Parameters": {"at.$": "$$.Execution.RedriveTime"}, "ResultPath": None, "End": True}
    return {
        "StartAt": f"Wait{name}",
        "States": {f"Wait{name}": {"Type": "Wait", "Seconds": seconds, "Next": name}, name: once},
    }


MAP: JSON = {
    "Type": "Map",
    "Label": "each",
    "MaxConcurrency": 2,
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **waits_and_fails(1, "Child"),
    },
    "End": True,
}
BRANCHES: JSON = [waits_and_fails(3, "Branch"), {"StartAt": "Map", "States": {"Map": MAP}}]
OWN = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": BRANCHES, "End": True}}})


async def call(emulator: Emulator, operation: str, **parameters: JSON) -> JSON:
    return await emulator.call("stepfunctions", operation, parameters)


async def prepare(state: Path) -> None:
    """Have the execution fail for the first time."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    try:
        await call(emulator, "CreateStateMachine", name="Own", definition=OWN, roleArn=ROLE)
        await call(emulator, "StartExecution", stateMachineArn=MACHINE, name="one", input="[0, 1, 2]")
        await emulator.advance(timedelta(seconds=2))
        assert (await call(emulator, "DescribeExecution", executionArn=ARN))["status"] == "FAILED"
    finally:
        await emulator.close()


async def redrive(emulator: Emulator) -> None:
    """Have it go on until it has succeeded; tell how often that took."""
    for _ in range(5):
        described = await call(emulator, "DescribeExecution", executionArn=ARN)
        if described["status"] == "SUCCEEDED":
            return
        if described["status"] != "RUNNING":
            await call(emulator, "RedriveExecution", executionArn=ARN)
        await emulator.advance(timedelta(seconds=60))


async def check(state: Path) -> None:
    """Go on from what is left, and see that each state was left once, and that all was counted."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    try:
        await redrive(emulator)
        described = await call(emulator, "DescribeExecution", executionArn=ARN)
        assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 2)
        assert json.loads(described["output"]) == [[0, 1, 2], [0, 1, 2]]
        [run] = (await call(emulator, "ListMapRuns", executionArn=ARN))["mapRuns"]
        told = await call(emulator, "DescribeMapRun", mapRunArn=run["mapRunArn"])
        assert (told["status"], told["redriveCount"], told["executionCounts"]["succeeded"]) == ("SUCCEEDED", 2, 3)
        children = (await call(emulator, "ListExecutions", mapRunArn=run["mapRunArn"]))["executions"]
        assert [child["redriveCount"] for child in children] == [1, 1, 1]
        for arn in (ARN, *(child["executionArn"] for child in children)):
            events = (await call(emulator, "GetExecutionHistory", executionArn=arn))["events"]
            assert [event["id"] for event in events] == [*range(1, len(events) + 1)]
            left = Counter(event["stateExitedEventDetails"]["name"] for event in events if "Exited" in event["type"])
            assert set(left.values()) == {1}
    finally:
        await emulator.close()


async def test_killed_at_random_points(tmp_path: Path) -> None:
    statements = await survives(tmp_path, prepare, redrive, check, kills=KILLS, seed=2023)
    assert statements > 0
