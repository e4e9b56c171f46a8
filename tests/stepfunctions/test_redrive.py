"""
Redriving executions.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import json
from pathlib import Path

from pizzabar.documents import JSON
from tests.stepfunctions.service import StepFunctions, step_functions

LOOK_UP: JSON = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "bake", "Payload.$": "$"},
    "ResultSelector": {"baked.$": "$.Payload"},
    "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}],
    "End": True,
}
STATES: JSON = {"Add": {"Type": "Pass", "Result": 5, "ResultPath": "$.more", "Next": "Bake"}, "Bake": LOOK_UP}


class Oven:
    """A function that fails so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def __call__(self, event: JSON, context: object) -> JSON:
        self.failures -= 1
        if self.failures >= 0:
            raise RuntimeError("cold")
        return event


async def failed(ask: StepFunctions, states: JSON = STATES, failures: int = 2, **more: JSON) -> str:
    """Run an execution that fails."""
    ask.emulator.functions.create("bake", Oven(failures))
    arn = await ask.start(await ask.machine("baker", states), {"pizza": "funghi"}, **more)
    await ask.settled()
    await ask.advance(seconds=5)
    assert (await ask.ended(arn))["status"] == "FAILED"
    return arn


async def test_an_execution_goes_on_where_it_failed() -> None:
    async with step_functions() as ask:
        arn = await failed(ask)
        before = await ask.types(arn)
        assert (await ask.ended(arn))["redriveStatus"] == "REDRIVABLE"
        asked = await ask("RedriveExecution", executionArn=arn)
        ended = await ask.ended(arn)
        assert ended["status"] == "SUCCEEDED"
        assert json.loads(ended["output"]) == {"baked": {"pizza": "funghi", "more": 5}}
        assert (ended["redriveCount"], ended["redriveDate"]) == (1, asked["redriveDate"])
        assert (ended["redriveStatus"], "redriveStatusReason" in ended) == ("NOT_REDRIVABLE", True)
        types = await ask.types(arn)
        assert types[: len(before)] == before
        assert types[len(before) :] == [
            *("ExecutionRedriven", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"),
            "ExecutionSucceeded",
        ]
        ids = [event["id"] for event in await ask.events(arn)]
        assert ids == list(range(1, len(ids) + 1))


async def test_retries_are_counted_anew() -> None:
    async with step_functions() as ask:
        arn = await failed(ask, failures=3)
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=2)
        assert (await ask.ended(arn))["status"] == "SUCCEEDED"


async def test_an_execution_may_fail_again() -> None:
    async with step_functions() as ask:
        arn = await failed(ask, failures=100)
        for count in (1, 2):
            await ask("RedriveExecution", executionArn=arn)
            await ask.settled()
            await ask.advance(seconds=2)
            ended = await ask.ended(arn)
            assert (ended["status"], ended["redriveCount"]) == ("FAILED", count)


async def test_a_branch_that_failed_is_done_again_with_its_state() -> None:
    async with step_functions() as ask:
        both: JSON = {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "Bake", "States": {"Bake": {**LOOK_UP, "Retry": []}}},
                    {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3, "End": True}}},
                ],
                "End": True,
            }
        }
        arn = await failed(ask, both, failures=1)
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=4)
        ended = await ask.ended(arn)
        assert json.loads(ended["output"]) == [{"baked": {"pizza": "funghi"}}, {"pizza": "funghi"}]


async def test_what_was_stopped_or_was_too_long_goes_on_too() -> None:
    async with step_functions() as ask:
        waits: JSON = {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}
        arn = await ask.start(await ask.machine("waiter", waits))
        await ask("StopExecution", executionArn=arn)
        await ask("RedriveExecution", executionArn=arn)
        await ask.advance(seconds=31)
        assert (await ask.ended(arn))["status"] == "SUCCEEDED"


async def test_it_keeps_its_own_definition_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with step_functions(state) as ask:
        arn = await failed(ask)
        other = json.dumps({"StartAt": "No", "States": {"No": {"Type": "Fail"}}})
        machine = (await ask.ended(arn))["stateMachineArn"]
        await ask("UpdateStateMachine", stateMachineArn=machine, definition=other)
    async with step_functions(state) as ask:
        ask.emulator.functions.create("bake", Oven(1))
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
    async with step_functions(state) as ask:
        ask.emulator.functions.create("bake", Oven(0))
        await ask.advance(seconds=5)
        ended = await ask.ended(arn)
        assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1)


async def test_a_token_redrives_once() -> None:
    async with step_functions() as ask:
        arn = await failed(ask, failures=100)
        first = await ask("RedriveExecution", executionArn=arn, clientToken="one")
        await ask.settled()
        await ask.advance(seconds=5)
        assert await ask("RedriveExecution", executionArn=arn, clientToken="one") == first
        assert (await ask.ended(arn))["redriveCount"] == 1


async def test_what_cannot_be_redriven() -> None:
    async with step_functions() as ask:
        arn = await failed(ask)
        await ask.advance(days=15)
        assert "redrive period exceeded" in await ask.fails("RedriveExecution", executionArn=arn)
        done = await ask.start(await ask.machine("done", {"Yes": {"Type": "Succeed"}}))
        assert (await ask.fails("RedriveExecution", executionArn=done)).startswith("ExecutionNotRedrivable: ")
        fault = await ask.fails("RedriveExecution", executionArn=f"{done}0")
        assert fault.startswith("ExecutionDoesNotExist: ")


async def test_executions_are_listed_by_whether_they_were_redriven() -> None:
    async with step_functions() as ask:
        arn = await failed(ask)
        machine = (await ask.ended(arn))["stateMachineArn"]

        async def listed(which: str) -> list[str]:
            found = (await ask("ListExecutions", stateMachineArn=machine, redriveFilter=which))["executions"]
            return [each["executionArn"] for each in found]

        assert (await listed("REDRIVEN"), await listed("NOT_REDRIVEN")) == ([], [arn])
        await ask("RedriveExecution", executionArn=arn)
        assert (await listed("REDRIVEN"), await listed("NOT_REDRIVEN")) == ([arn], [])


async def test_an_execution_is_told_without_its_data() -> None:
    async with step_functions() as ask:
        arn = await ask.start(await ask.machine("done", {"Yes": {"Type": "Succeed"}}), {"a": 1})
        await ask.settled()
        described = await ask("DescribeExecution", executionArn=arn, includedData="METADATA_ONLY")
        assert described["inputDetails"] == described["outputDetails"] == {"included": False}
        assert described.keys().isdisjoint({"input", "output"})
        told = await ask("GetExecutionHistory", executionArn=arn, includeExecutionData=False)
        assert '"a"' not in json.dumps(told)
        assert '\\"a\\"' in json.dumps(await ask.events(arn))
