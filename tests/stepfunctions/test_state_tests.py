"""TestState. https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html"""

import json

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.service import ROLE, StepFunctions, step_functions
from tests.stepfunctions.stories import FUNCTION, INVOKE


async def outcome(ask: StepFunctions, state: JSON, given: JSON = None, **more: JSON) -> JSON:
    return await ask("TestState", definition=json.dumps(state), input=json.dumps(given or {}), roleArn=ROLE, **more)


async def test_a_state_is_tested_alone() -> None:
    async with step_functions() as ask:
        state = {
            "Type": "Pass",
            "InputPath": "$.a",
            "Parameters": {"c.$": "$.b"},
            "ResultPath": "$.r",
            "OutputPath": "$.r",
            "Next": "Other",
        }
        assert await outcome(ask, state, {"a": {"b": 1}}, inspectionLevel="DEBUG") == {
            "status": "SUCCEEDED",
            "output": '{"c":1}',
            "nextState": "Other",
            "inspectionData": {
                "input": '{"a":{"b":1}}',
                "afterInputPath": '{"b":1}',
                "afterParameters": '{"c":1}',
                "afterResultPath": '{"a":{"b":1},"r":{"c":1}}',
            },
        }
        assert await outcome(ask, {"Type": "Pass", "End": True}) == {"status": "SUCCEEDED", "output": "{}"}


async def test_a_choice_says_where_it_goes() -> None:
    async with step_functions() as ask:
        rules = [{"Variable": "$.n", "NumericGreaterThan": 3, "Next": "Large"}]
        state = {"Type": "Choice", "Choices": rules, "Default": "Small"}
        assert (await outcome(ask, state, {"n": 5}))["nextState"] == "Large"
        assert (await outcome(ask, state, {"n": 1}))["nextState"] == "Small"
        failed = await outcome(ask, {"Type": "Choice", "Choices": rules}, {"n": 1})
        assert (failed["status"], failed["error"]) == ("FAILED", "States.Runtime")


TASK: JSON = {
    "Type": "Task",
    "Resource": FUNCTION,
    "Parameters": {"n.$": "$.n"},
    "ResultSelector": {"baked.$": "$.pizza"},
    "ResultPath": "$.got",
    "Retry": [{"ErrorEquals": ["Burnt"], "IntervalSeconds": 3, "BackoffRate": 2.0, "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["Cold"], "Next": "Warm"}, {"ErrorEquals": ["States.ALL"], "Next": "Other"}],
    "Next": "Then",
}


async def test_a_task_is_mocked() -> None:
    async with step_functions() as ask:
        mock = {"result": '{"pizza": "hot"}'}
        assert await outcome(ask, TASK, {"n": 1}, mock=mock, inspectionLevel="DEBUG") == {
            "status": "SUCCEEDED",
            "output": '{"n":1,"got":{"baked":"hot"}}',
            "nextState": "Then",
            "inspectionData": {
                "input": '{"n":1}',
                "afterInputPath": '{"n":1}',
                "afterParameters": '{"n":1}',
                "result": '{"pizza":"hot"}',
                "afterResultSelector": '{"baked":"hot"}',
                "afterResultPath": '{"n":1,"got":{"baked":"hot"}}',
            },
        }


@pytest.mark.parametrize(
    ("error", "count", "status", "next_state", "details"),
    [
        ("Burnt", 0, "RETRIABLE", None, {"retryIndex": 0, "retryBackoffIntervalSeconds": 3}),
        ("Burnt", 1, "RETRIABLE", None, {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}),
        ("Burnt", 2, "CAUGHT_ERROR", "Other", {"catchIndex": 1}),
        ("Cold", 0, "CAUGHT_ERROR", "Warm", {"catchIndex": 0}),
        ("States.Runtime", 0, "FAILED", None, None),
    ],
)
async def test_an_error_is_mocked(error: str, count: int, status: str, next_state: str | None, details: JSON) -> None:
    async with step_functions() as ask:
        mock = {"errorOutput": {"error": error, "cause": "why"}}
        configuration = {"retrierRetryCount": count}
        found = await outcome(
            ask, TASK, {"n": 1}, mock=mock, inspectionLevel="DEBUG", stateConfiguration=configuration
        )
        assert (found["status"], found["error"], found["cause"]) == (status, error, "why")
        assert found.get("nextState") == next_state
        assert found["inspectionData"].get("errorDetails") == details


async def test_map_and_parallel_want_a_mock() -> None:
    async with step_functions() as ask:
        processor = {"StartAt": "I", "States": {"I": {"Type": "Fail"}}}
        state = {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {"i.$": "$$.Map.Item.Value"},
            "ItemProcessor": processor,
            "End": True,
        }
        told = await ask.fails("TestState", definition=json.dumps(state), roleArn=ROLE)
        assert "A Map state can only be tested with a mock" in told
        given = {"items": [1, 2]}
        found = await outcome(ask, state, given, mock={"result": "[3, 4]"}, inspectionLevel="DEBUG")
        assert (found["output"], found["inspectionData"]["afterItemsPath"]) == ("[3,4]", "[1,2]")
        parallel = {"Type": "Parallel", "Branches": [processor], "End": True}
        assert (await outcome(ask, parallel, mock={"result": "[1]"}))["output"] == "[1]"


async def test_a_state_of_a_machine_with_variables_in_jsonata() -> None:
    async with step_functions() as ask:
        inner = {"Type": "Pass", "Output": "{% $x + $states.input.n %}", "Assign": {"y": "{% $x %}"}, "Next": "J"}
        processor = {"StartAt": "I", "States": {"I": inner, "J": {"Type": "Succeed"}}}
        machine = {
            "QueryLanguage": "JSONata",
            "StartAt": "M",
            "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}},
        }
        found = await outcome(ask, machine, {"n": 1}, stateName="I", variables='{"x": 41}', inspectionLevel="DEBUG")
        assert (found["output"], found["nextState"]) == ("42", "J")
        assert found["inspectionData"]["variables"] == '{"x":41,"y":41}'
        failed = await outcome(ask, machine, stateName="I")
        assert (failed["status"], failed["error"]) == ("FAILED", "States.QueryEvaluationError")
        assert "in the definition" in await ask.fails(
            "TestState", definition=json.dumps(machine), stateName="None", roleArn=ROLE
        )


async def test_a_task_is_done_when_it_is_not_mocked() -> None:
    async with step_functions() as ask:
        listing = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:listTables", "End": True}
        assert "TableNames" in json.loads((await outcome(ask, listing))["output"])
        missing = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "none"}, "End": True}
        found = await outcome(ask, missing)
        assert (found["status"], found["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")
        assert (await outcome(ask, {"Type": "Wait", "Seconds": 999, "End": True}))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"inspectionLevel": "ALL"}, "Member must satisfy enum value set: [INFO, DEBUG, TRACE]"),
        ({"mock": {}}, "A mock must have either a result or an errorOutput"),
        ({"mock": {"result": "{"}}, "Invalid result"),
        ({"input": "{"}, "Invalid input"),
        ({"definition": "{"}, "INVALID_JSON_DESCRIPTION"),
        ({"definition": '{"Type": "Bake"}'}, "SCHEMA_VALIDATION_FAILED"),
        ({"definition": json.dumps(TASK)}, "The roleArn is required unless the state is mocked"),
    ],
)
async def test_what_cannot_be_tested_is_refused(more: JSON, told: str) -> None:
    async with step_functions() as ask:
        given = {"definition": '{"Type": "Pass", "End": true}', "input": "{}", **more}
        assert told in await ask.fails("TestState", **given)
