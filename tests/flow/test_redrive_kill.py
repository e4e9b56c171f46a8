"""
``kill -9`` of a process that redrives an execution with branches and a map run: it comes to its end all the same.

What fails until it was redriven fails in every process alike: it looks for the time of the redrive.
"""

import asyncio
import json
import multiprocessing
import os
import random
import shutil
import signal
from collections import Counter
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.local.runtime import LocalRuntime
from pizzabar.settings import Settings

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


def _live(state: Path, dies_at: int, pipe: Pipe) -> None:
    asyncio.run(_serve(state, dies_at, pipe))


async def _serve(state: Path, dies_at: int, pipe: Pipe) -> None:
    """Redrive, and die at a statement of SQL."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    assert isinstance(emulator.runtime, LocalRuntime)
    statements = 0

    def count(statement: str) -> None:
        nonlocal statements
        statements += 1
        if statements == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    emulator.runtime.database._raw.set_trace_callback(count)
    await redrive(emulator)
    pipe.send(statements)
    await emulator.close()


def run(state: Path, dies_at: int) -> int:
    """Let a process live on a state file; give how many statements it made if it came to its end, or 0."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(state, dies_at, theirs))
    process.start()
    theirs.close()
    try:
        statements = int(ours.recv())
    except EOFError:
        statements = 0
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return statements


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
    chance = random.Random(2023)
    prepared, whole = tmp_path / "prepared.db", tmp_path / "whole.db"
    await prepare(prepared)
    shutil.copy(prepared, whole)
    statements = run(whole, 0)
    await check(whole)

    for number in range(KILLS):
        state = tmp_path / f"{number}.db"
        shutil.copy(prepared, state)
        assert run(state, chance.randint(1, statements)) == 0
        if chance.random() < 0.3:
            run(state, chance.randint(1, statements))
        await check(state)
