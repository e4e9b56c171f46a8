"""Mocked tasks. https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html"""

import asyncio
import json

import pytest

from pizzabar.documents import JSON
from pizzabar.stepfunctions.mocks import FaultyMocks, Response, read_mocks
from tests.stepfunctions.service import step_functions
from tests.stepfunctions.stories import FUNCTION, INVOKE_AND_WAIT

CONFIGURATION: JSON = {
    "StateMachines": {"Pizza": {"TestCases": {"Hot": {"Bake": "Baked", "Ask": "Asked"}, "Cold": {"Bake": "Failed"}}}},
    "MockedResponses": {
        "Baked": {"0": {"Throw": {"Error": "Burnt", "Cause": "too hot"}}, "1-2": {"Return": {"pizza": "hot"}}},
        "Asked": {"0": {"Return": "yes"}},
        "Failed": {"0": {"Throw": {"Error": "Cold"}}},
    },
}
STATES: JSON = {
    "Bake": {
        "Type": "Task",
        "Resource": FUNCTION,
        "Retry": [{"ErrorEquals": ["Burnt"]}],
        "ResultPath": "$.baked",
        "Next": "Ask",
    },
    "Ask": {"Type": "Task", "Resource": INVOKE_AND_WAIT, "Parameters": {"FunctionName": "f"}, "End": True},
}


def test_a_call_is_answered_by_its_number() -> None:
    mocks = read_mocks(CONFIGURATION)
    assert mocks.response("Pizza", "Hot", "Bake", 0) == Response(None, "Burnt", "too hot", is_error=True)
    for number in (1, 2):
        assert mocks.response("Pizza", "Hot", "Bake", number) == Response({"pizza": "hot"})
    assert mocks.response("Pizza", "Cold", "Ask", 0) is None
    missing = mocks.response("Pizza", "Hot", "Bake", 9)
    assert missing is not None
    assert missing.error == "States.Runtime"
    assert mocks.machines_with("Cold") == ["Pizza"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "/StateMachines: an object is expected"),
        ({"StateMachines": {}}, "/MockedResponses: an object is expected"),
        ({**CONFIGURATION, "MockedResponses": {}}, "/TestCases/Hot/Bake: there is no mocked response Baked"),
        ({"StateMachines": {}, "MockedResponses": {"R": 1}}, "/MockedResponses/R: an object with an answer"),
        ({"StateMachines": {}, "MockedResponses": {"R": {"x": {}}}}, "/MockedResponses/R/x: the number of a call"),
        ({"StateMachines": {}, "MockedResponses": {"R": {"0": {}}}}, "/MockedResponses/R/0: either Return, or Throw"),
        ({"StateMachines": {"M": {"TestCases": {"C": 1}}}, "MockedResponses": {}}, "/TestCases/C: an object"),
    ],
)
def test_another_configuration_is_refused(document: JSON, told: str) -> None:
    with pytest.raises(FaultyMocks, match=r"expected|mocked response") as refused:
        read_mocks(document)
    assert told in str(refused.value)


async def test_a_test_case_is_named_with_the_state_machine() -> None:
    async with step_functions(mocks=read_mocks(CONFIGURATION)) as ask:
        machine = await ask.machine("Pizza", STATES)
        arn = await ask.start(f"{machine}#Hot")
        await ask.advance(seconds=2)
        described = await ask.ended(arn)
        assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", "yes")
        assert described["stateMachineArn"] == machine
        types = await ask.types(arn)
        assert (types.count("LambdaFunctionFailed"), types.count("LambdaFunctionSucceeded")) == (1, 1)

        cold = await ask.ended(await ask.start(f"{machine}#Cold"))
        assert (cold["status"], cold["error"]) == ("FAILED", "Cold")
        refused = await ask.fails("StartExecution", stateMachineArn=f"{machine}#Warm", input="{}")
        assert "the mocks have no test case Warm of Pizza" in refused


async def test_a_test_case_is_named_for_whoever_waits_for_it() -> None:
    async with step_functions(mocks=read_mocks(CONFIGURATION)) as ask:
        machine = await ask.machine(
            "Pizza", {"Bake": {**STATES["Bake"], "Next": "End"}, "End": {"Type": "Succeed"}}, type="EXPRESS"
        )
        waiting = asyncio.create_task(ask("StartSyncExecution", stateMachineArn=f"{machine}#Hot"))
        await ask.settled()
        await ask.advance(seconds=2)
        answer = await waiting
        assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"baked": {"pizza": "hot"}})
        assert answer["stateMachineArn"] == machine
        refused = await ask.fails("StartSyncExecution", stateMachineArn=f"{machine}#Warm")
        assert "the mocks have no test case Warm of Pizza" in refused


async def test_tasks_of_services_that_are_not_here_are_answered_for() -> None:
    document = {
        "StateMachines": {"Pizza": {"TestCases": {"Told": {"Tell": "Told"}}}},
        "MockedResponses": {"Told": {"0": {"Return": {"MessageId": "1"}}}},
    }
    tell = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, "End": True}
    async with step_functions(mocks=read_mocks(document)) as ask:
        machine = await ask.machine("Pizza", {"Tell": tell})
        told = await ask.ended(await ask.start(f"{machine}#Told"))
        assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"MessageId": "1"})
        # Nobody answers for it otherwise.
        failed = await ask.ended(await ask.start(machine))
        assert (failed["status"], failed["error"]) == ("FAILED", "States.Runtime")
        assert "The resource 'arn:aws:states:::sns:publish' is not supported" in failed["cause"]


async def test_a_task_of_a_service_that_is_not_here_is_tested_with_a_mock() -> None:
    definition = json.dumps({"Type": "Task", "Resource": "arn:aws:states:::bedrock:invokeModel", "End": True})
    async with step_functions() as ask:
        tested = await ask("TestState", definition=definition, mock={"result": '{"Body":{"text":"yes"}}'})
        assert (tested["status"], json.loads(tested["output"])) == ("SUCCEEDED", {"Body": {"text": "yes"}})
        refused = await ask.fails("TestState", definition=definition, roleArn="arn:aws:iam::123456789012:role/r")
        assert "The resource arn:aws:states:::bedrock:invokeModel is not supported by pizzabar" in refused
