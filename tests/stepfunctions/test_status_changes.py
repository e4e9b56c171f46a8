"""
What executions tell the default bus.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

import json

from pizzabar.documents import JSON
from tests.stepfunctions.service import StepFunctions, step_functions

PATTERN = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}


async def listen(ask: StepFunctions, pattern: JSON) -> None:
    call = ask.emulator.call
    await call("logs", "CreateLogGroup", {"logGroupName": "/told"})
    await call("events", "PutRule", {"Name": "told", "EventPattern": json.dumps(pattern)})
    target = {"Id": "log", "Arn": "arn:aws:logs:us-east-1:123456789012:log-group:/told"}
    await call("events", "PutTargets", {"Rule": "told", "Targets": [target]})


async def told(ask: StepFunctions) -> list[JSON]:
    await ask.settled()
    found = await ask.emulator.call("logs", "FilterLogEvents", {"logGroupName": "/told"})
    return [json.loads(each["message"]) for each in found["events"]]


async def test_an_execution_tells_how_it_is() -> None:
    async with step_functions() as ask:
        await listen(ask, PATTERN)
        machine = await ask.machine("M", {"A": {"Type": "Pass", "Result": {"b": 1}, "End": True}})
        arn = await ask.start(machine, {"a": 1})
        began, ended = await told(ask)
        assert began["resources"] == [arn]
        assert (began["source"], began["account"]) == ("aws.states", "123456789012")
        assert began["detail"]["status"] == "RUNNING"
        assert (began["detail"]["input"], began["detail"]["output"], began["detail"]["stopDate"]) == (
            '{"a":1}',
            None,
            None,
        )
        detail = ended["detail"]
        assert (detail["status"], detail["output"], detail["stateMachineArn"]) == ("SUCCEEDED", '{"b":1}', machine)
        assert isinstance(detail["startDate"], int)
        assert detail["outputDetails"] == {"included": True}


async def test_failures_are_told_and_express_tells_nothing() -> None:
    async with step_functions() as ask:
        await listen(ask, PATTERN | {"detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}})
        fails = {"A": {"Type": "Fail", "Error": "Burnt", "Cause": "too hot"}}
        await ask.start(await ask.machine("F", fails))
        await ask.start(await ask.machine("E", fails, type="EXPRESS"))
        waits = await ask.start(await ask.machine("W", {"A": {"Type": "Wait", "Seconds": 9, "End": True}}))
        await ask("StopExecution", executionArn=waits)
        first, second = await told(ask)
        assert (first["detail"]["error"], first["detail"]["cause"]) == ("Burnt", "too hot")
        assert (second["detail"]["status"], second["detail"]["executionArn"]) == ("ABORTED", waits)


async def test_a_state_machine_tells_which_variables_its_states_look_at() -> None:
    async with step_functions() as ask:
        states = {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Parameters": {"y.$": "$x"}, "End": True},
        }
        machine = await ask.machine("M", states)
        described = await ask("DescribeStateMachine", stateMachineArn=machine)
        assert described["variableReferences"] == {"B": ["x"]}
        arn = await ask.start(machine)
        assert (await ask("DescribeStateMachineForExecution", executionArn=arn))["variableReferences"] == {"B": ["x"]}
