"""
Express state machines.

https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""

import asyncio
import json

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.service import ROLE, step_functions

PASS: JSON = {"Bake": {"Type": "Pass", "End": True}}
WRONG_TYPE = "StateMachineTypeNotSupported: This operation is not supported by this type of state machine"


async def test_an_execution_answers_whoever_waits_for_it() -> None:
    async with step_functions() as ask:
        waits: JSON = {"Wait": {"Type": "Wait", "Seconds": 2, "Next": "Bake"}, **PASS}
        machine = await ask.machine("quick", waits, type="EXPRESS")
        asked = ask("StartSyncExecution", stateMachineArn=machine, input='{"a": 1}', name="one")
        waiting = asyncio.ensure_future(asked)
        await ask.advance(seconds=3)
        answer = await waiting
        assert answer["executionArn"].startswith("arn:aws:states:us-east-1:123456789012:express:quick:one:")
        assert (answer["status"], answer["output"], answer["input"]) == ("SUCCEEDED", '{"a":1}', '{"a": 1}')
        assert answer["stopDate"] - answer["startDate"] == 2
        assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 2000}


async def test_an_execution_that_fails_answers_as_well() -> None:
    async with step_functions() as ask:
        machine = await ask.machine("quick", {"No": {"Type": "Fail", "Error": "E", "Cause": "c"}}, type="EXPRESS")
        answer = await ask("StartSyncExecution", stateMachineArn=machine)
        assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "E", "c")
        assert "output" not in answer


async def test_executions_may_have_the_same_name() -> None:
    async with step_functions() as ask:
        machine = await ask.machine("quick", PASS, type="EXPRESS")
        arns = {await ask.start(machine, name="one") for _ in range(2)}
        assert len(arns) == 2
        described = await ask("DescribeStateMachine", stateMachineArn=machine)
        assert described["type"] == "EXPRESS"


async def test_an_execution_takes_five_minutes_at_most() -> None:
    async with step_functions() as ask:
        waits: JSON = {"Wait": {"Type": "Wait", "Seconds": 400, "End": True}}
        machine = await ask.machine("quick", waits, type="EXPRESS")
        waiting = asyncio.ensure_future(ask("StartSyncExecution", stateMachineArn=machine))
        await ask.advance(seconds=301)
        assert (await waiting)["status"] == "TIMED_OUT"


async def test_what_does_not_serve_express() -> None:
    async with step_functions() as ask:
        machine = await ask.machine("quick", PASS, type="EXPRESS")
        arn = await ask.start(machine)
        for operation in ("DescribeExecution", "GetExecutionHistory", "RedriveExecution"):
            fault = await ask.fails(operation, executionArn=arn)
            assert fault == "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
        assert await ask.fails("StopExecution", executionArn=arn) == WRONG_TYPE
        assert await ask.fails("ListExecutions", stateMachineArn=machine) == WRONG_TYPE
        standard = await ask.machine("slow", PASS)
        assert await ask.fails("StartSyncExecution", stateMachineArn=standard) == WRONG_TYPE


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        ("arn:aws:states:us-east-1:123456789012:activity:bake", "Activity ARN"),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", "'.waitForTaskToken' service integration"),
    ],
)
async def test_what_express_cannot_wait_for(resource: str, fault: str) -> None:
    async with step_functions() as ask:
        task = {"Type": "Task", "Resource": resource, "Parameters": {"FunctionName": "a"}, "End": True}
        definition = json.dumps({"StartAt": "Bake", "States": {"Bake": task}})
        told = await ask.fails("CreateStateMachine", name="q", definition=definition, roleArn=ROLE, type="EXPRESS")
        assert told == (
            "InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine "
            f"does not support {fault} at /States/Bake/Resource'"
        )
        told = await ask.fails("CreateStateMachine", name="q", definition=definition, roleArn=ROLE, type="FAST")
        assert told.startswith("ValidationException: 1 validation error detected: Value 'FAST' at 'type'")


async def test_express_has_no_end_of_its_history() -> None:
    async with step_functions() as ask:
        processor = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
        states = {"A": {"Type": "Map", "ItemProcessor": processor, "End": True}}
        given = json.dumps(list(range(10_000)))
        express = await ask.machine("Express", states, type="EXPRESS")
        done = await ask("StartSyncExecution", stateMachineArn=express, input=given)
        assert json.loads(done["output"]) == list(range(10_000))
        # Others go on being told apart.
        arn = await ask.start(await ask.machine("Standard", {"A": {"Type": "Pass", "End": True}}))
        assert len(await ask.types(arn)) == 4
        long = await ask.ended(await ask.start(await ask.machine("Long", states), list(range(10_000))))
        assert "maximum number of history events" in long["cause"]
