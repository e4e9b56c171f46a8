"""
Tasks that are the executions they start, to their end.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

import json
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.service import ROLE, StepFunctions, step_functions

START = "arn:aws:states:::states:startExecution"
CHILD = "arn:aws:states:us-east-1:123456789012:stateMachine:Child"


def parent(pattern: str, **fields: JSON) -> JSON:
    parameters = {"StateMachineArn": CHILD, "Input": {"n.$": "$.n"}}
    return {"A": {"Type": "Task", "Resource": START + pattern, "Parameters": parameters, "End": True, **fields}}


async def child(ask: StepFunctions, **states: JSON) -> None:
    await ask.machine("Child", states or {"C": {"Type": "Pass", "Result": {"done": True}, "End": True}})


@pytest.mark.parametrize(
    ("pattern", "given", "output"),
    [(".sync", '{"n":1}', '{"done":true}'), (".sync:2", {"n": 1}, {"done": True})],
)
async def test_the_result_is_the_execution_that_has_ended(pattern: str, given: JSON, output: JSON) -> None:
    async with step_functions() as ask:
        await child(ask)
        arn = await ask.start(await ask.machine("Parent", parent(pattern)), {"n": 1})
        found = json.loads((await ask.ended(arn))["output"])
        assert (found["Status"], found["Input"], found["Output"]) == ("SUCCEEDED", given, output)
        assert list(found) == sorted(found)
        assert await ask.types(arn) == [
            *("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted"),
            *("TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"),
        ]
        [_, _, scheduled, *_] = await ask.events(arn)
        assert scheduled["taskScheduledEventDetails"]["resource"] == f"startExecution{pattern}"


async def test_a_child_that_fails_fails_the_task() -> None:
    async with step_functions() as ask:
        await child(ask, F={"Type": "Fail", "Error": "Burnt", "Cause": "too hot"})
        caught = [{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}]
        states = {**parent(".sync:2", Catch=caught), "B": {"Type": "Succeed"}}
        arn = await ask.start(await ask.machine("Parent", states), {"n": 1})
        found = json.loads((await ask.ended(arn))["output"])
        cause = json.loads(found["Cause"])
        assert (found["Error"], cause["Error"], cause["Status"]) == ("States.TaskFailed", "Burnt", "FAILED")


async def test_time_goes_on_while_a_child_waits_and_it_is_stopped_with_its_parent() -> None:
    async with step_functions() as ask:
        await child(ask, W={"Type": "Wait", "Seconds": 60, "End": True})
        machine = await ask.machine("Parent", parent(".sync:2"))
        first, second = await ask.start(machine, {"n": 1}), await ask.start(machine, {"n": 2})
        await ask.settled()
        await ask("StopExecution", executionArn=first)
        await ask.advance(seconds=61)
        assert (await ask.ended(second))["status"] == "SUCCEEDED"
        children = (await ask("ListExecutions", stateMachineArn=CHILD))["executions"]
        assert sorted(each["status"] for each in children) == ["ABORTED", "SUCCEEDED"]


async def test_a_time_out_stops_the_child() -> None:
    async with step_functions() as ask:
        await child(ask, W={"Type": "Wait", "Seconds": 60, "End": True})
        arn = await ask.start(await ask.machine("Parent", parent(".sync", TimeoutSeconds=5)), {"n": 1})
        await ask.advance(seconds=6)
        assert (await ask.ended(arn))["error"] == "States.Timeout"
        [only] = (await ask("ListExecutions", stateMachineArn=CHILD))["executions"]
        assert only["status"] == "ABORTED"


async def test_a_parent_goes_on_waiting_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with step_functions(state) as ask:
        await child(ask, W={"Type": "Wait", "Seconds": 60, "End": True})
        arn = await ask.start(await ask.machine("Parent", parent(".sync:2")), {"n": 1})
        await ask.settled()
    async with step_functions(state) as ask:
        await ask.advance(seconds=61)
        assert (await ask.ended(arn))["status"] == "SUCCEEDED"
        assert len((await ask("ListExecutions", stateMachineArn=CHILD))["executions"]) == 1
        assert (await ask.types(arn)).count("TaskSubmitted") == 1


async def test_a_map_run_goes_on_after_a_restart(tmp_path: Path) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "W",
        "States": {"W": {"Type": "Wait", "SecondsPath": "$", "End": True}},
    }
    state = tmp_path / "state.db"
    states = {"A": {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 2, "End": True}}
    async with step_functions(state) as ask:
        arn = await ask.start(await ask.machine("Parent", states), [5, 20, 30])
        await ask.advance(seconds=6)
    async with step_functions(state) as ask:
        await ask.advance(seconds=60)
        assert json.loads((await ask.ended(arn))["output"]) == [5, 20, 30]
        [run] = (await ask("ListMapRuns", executionArn=arn))["mapRuns"]
        assert (await ask("DescribeMapRun", mapRunArn=run["mapRunArn"]))["itemCounts"]["succeeded"] == 3
        assert len((await ask("ListExecutions", mapRunArn=run["mapRunArn"]))["executions"]) == 3


async def test_express_waits_for_nothing() -> None:
    async with step_functions() as ask:
        definition = json.dumps({"StartAt": "A", "States": parent(".sync:2")})
        told = await ask.fails("CreateStateMachine", name="E", definition=definition, roleArn=ROLE, type="EXPRESS")
        assert "Express state machine does not support '.sync' service integration at /States/A/Resource" in told
