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
                "afterResultSelector": '{"c":1}',
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
        assert told == (
            "InvalidDefinition: TestState API does not support Map or Parallel states. Supported state types include:"
            " [Task, Wait, Pass, Succeed, Fail, Choice]"
        )
        given = {"items": [1, 2]}
        found = await outcome(ask, state, given, mock={"result": "[3, 4]"}, inspectionLevel="DEBUG")
        assert found == {
            "status": "SUCCEEDED",
            "output": "[3,4]",
            "inspectionData": {
                "input": '{"items":[1,2]}',
                "afterInputPath": '{"items":[1,2]}',
                "afterItemsPath": "[1, 2]",
                "afterItemSelector": '[{"i":1}, {"i":2}]',
                "afterResultSelector": "[3,4]",
                "afterResultPath": "[3,4]",
                "maxConcurrency": 0,
            },
        }
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
        told = await ask.fails("TestState", definition=json.dumps(machine), stateName="None", roleArn=ROLE)
        assert told == "ValidationException: State not found in definition"


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


# What AWS was seen to answer.

DISTRIBUTED: JSON = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    },
    "ItemBatcher": {"MaxItemsPerBatch": 2},
    "MaxConcurrency": 2,
    "ToleratedFailureCount": 1,
    "End": True,
}
READER: JSON = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/items"},
    "Parameters": {"Bucket": "none", "Key": "none.json"},
}
FROM_BUCKET: JSON = {
    **{name: each for name, each in DISTRIBUTED.items() if name != "ItemsPath"},
    "ItemReader": READER,
}
PARALLEL: JSON = {
    "Type": "Parallel",
    "Branches": [{"StartAt": name, "States": {name: {"Type": "Succeed"}}} for name in "AB"],
    "End": True,
}


def service(name: str) -> JSON:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{name}", "Parameters": {}, "End": True}


@pytest.mark.parametrize(
    ("state", "mock", "told"),
    [
        (
            {"Type": "Pass", "End": True},
            {"result": "{}"},
            "State type 'Pass' is not supported when a mock is specified",
        ),
        ({"Type": "Fail"}, {"errorOutput": {}}, "State type 'Fail' is not supported when a mock is specified"),
        (TASK, {}, "One of the following fields is required for a test mock: [result, errorOutput]."),
        (
            TASK,
            {"result": "{}", "errorOutput": {"error": "X"}},
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (TASK, {"errorOutput": {}}, "An error was not specified in the mocked error output."),
        (service("lambda:invoke"), {"result": "null"}, "Mocked result must be a valid JSON object."),
        (DISTRIBUTED, {"result": "{}"}, "Mocked result must be an array."),
        (
            {**DISTRIBUTED, "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {}}},
            {"result": "[]"},
            "Mocked result must be a JSON object.",
        ),
        (PARALLEL, {"result": "{}"}, "Mocked result must be an array."),
        (
            PARALLEL,
            {"result": "[1]"},
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
        (DISTRIBUTED, {"result": "[1, 2, 3]"}, "Input array does not equal the mocked result array's size"),
        (
            FROM_BUCKET,
            {"result": "[1]"},
            "ItemReader data must be specified when testing a Map state with ItemReader specified.",
        ),
    ],
)
async def test_a_mock_goes_with_its_state(state: JSON, mock: JSON, told: str) -> None:
    async with step_functions() as ask:
        given = {"definition": json.dumps(state), "input": '{"items": [1, 2, 3], "n": 1}', "mock": mock}
        assert await ask.fails("TestState", **given) == f"ValidationException: {told}"


MISMATCH = "ValidationException: Mock result schema validation error: "


@pytest.mark.parametrize(
    ("name", "result", "strict", "present"),
    [
        ("events:putEvents", {}, None, None),
        ("events:putEvents", {"random": "json"}, None, None),
        ("events:putEvents", {"Entries": "x"}, "Field 'Entries' must be an array", "…"),
        (
            "events:putEvents",
            {"Entries": [{"EventId": "x"}, {"EventId": 1}]},
            "Field 'EventId' must be a string",
            "…",
        ),
        ("states:startExecution", {}, "Required field 'ExecutionArn' is missing", None),
        ("states:startExecution", {"executionArn": "x"}, "Required field 'ExecutionArn' is missing", None),
        ("states:startExecution", {"ExecutionArn": "x", "StartDate": 1}, "Field 'StartDate' must be a string", "…"),
        ("lambda:invoke", {"StatusCode": "x"}, "Field 'StatusCode' must be a number", "…"),
        ("lambda:invoke", {"Payload": {"k": 1}}, "Field 'Payload' must be a string", "…"),
        ("aws-sdk:lambda:invoke", {"Payload": {"k": 1}}, "Field 'Payload' must be a string", "…"),
        ("aws-sdk:sfn:startExecution", {}, "Required field 'ExecutionArn' is missing", None),
        (
            "dynamodb:putItem",
            {"ConsumedCapacity": {"CapacityUnits": "x"}},
            "Field 'CapacityUnits' must be a number",
            "…",
        ),
        ("sqs:sendMessage.waitForTaskToken", {"MessageId": 1}, None, None),
    ],
)
async def test_a_mocked_result_is_held_against_what_the_operation_answers_with(
    name: str, result: JSON, strict: str | None, present: str | None
) -> None:
    async with step_functions() as ask:
        for mode, told in (("STRICT", strict), ("PRESENT", strict if present == "…" else present), ("NONE", None)):
            mock = {"result": json.dumps(result), "fieldValidationMode": mode}
            if told is None:
                assert json.loads((await outcome(ask, service(name), mock=mock))["output"]) == result
            else:
                fault = await ask.fails("TestState", definition=json.dumps(service(name)), input="{}", mock=mock)
                assert fault == f"{MISMATCH}{told}"


async def test_a_distributed_map_tells_its_batches_and_limits() -> None:
    async with step_functions() as ask:
        given = {"items": [1, 2, 3]}
        found = await outcome(ask, DISTRIBUTED, given, mock={"result": "[10, 20]"}, inspectionLevel="DEBUG")
        seen = {
            "input": '{"items":[1,2,3]}',
            "afterInputPath": '{"items":[1,2,3]}',
            "afterItemsPath": "[1, 2, 3]",
            "afterItemSelector": '[{"i":0,"v":1}, {"i":1,"v":2}, {"i":2,"v":3}]',
            "afterItemBatcher": json.dumps(
                [{"Items": ['{"i":0,"v":1}', '{"i":1,"v":2}']}, {"Items": ['{"i":2,"v":3}']}]
            )
            .replace(": [", ":[")
            .replace('", "', '","'),
            "toleratedFailureCount": 1,
            "maxConcurrency": 2,
        }
        assert found["inspectionData"] == {**seen, "afterResultSelector": "[10,20]", "afterResultPath": "[10,20]"}
        exceeded = await outcome(
            ask,
            DISTRIBUTED,
            given,
            mock={"result": "[10, 20, 30]"},
            stateConfiguration={"mapIterationFailureCount": 2},
            inspectionLevel="DEBUG",
        )
        assert exceeded == {
            "status": "FAILED",
            "error": "States.ExceedToleratedFailureThreshold",
            "cause": "The specified tolerated failure threshold was exceeded",
            "inspectionData": seen,
        }
        mock = {"errorOutput": {"error": "X", "cause": "c"}}
        configuration = {"mapIterationFailureCount": 2, "errorCausedByState": "I"}
        failed = await outcome(ask, DISTRIBUTED, given, mock=mock, stateConfiguration=configuration)
        assert failed == {"status": "FAILED", "error": "X", "cause": "c"}
        too_many = {"stateConfiguration": {"mapIterationFailureCount": 4}, "mock": {"result": "[10, 20]"}}
        fault = await ask.fails("TestState", definition=json.dumps(DISTRIBUTED), input=json.dumps(given), **too_many)
        assert fault == (
            "ValidationException: Map iteration failure count must be less than or equal to the number of Map"
            " iterations"
        )
        fault = await ask.fails("TestState", definition=json.dumps(TASK), input='{"n": 1}', **too_many)
        assert fault == "ValidationException: MapIterationFailureCount is only supported when testing a Map state."


async def test_an_inline_map_tolerates_as_many_failures_as_it_has() -> None:
    async with step_functions() as ask:
        state = {"Type": "Map", "ItemProcessor": PARALLEL["Branches"][0], "End": True}
        configuration = {"mapIterationFailureCount": 2}
        found = await outcome(ask, state, [1, 2, 3], mock={"result": "[0, 0, 1]"}, stateConfiguration=configuration)
        assert found == {"status": "SUCCEEDED", "output": "[0,0,1]"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]}, {"status": "RETRIABLE"}),
        ({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}, {"status": "CAUGHT_ERROR", "nextState": "B"}),
    ],
)
async def test_too_many_failures_are_retried_and_caught(more: JSON, told: JSON) -> None:
    async with step_functions() as ask:
        found = await outcome(
            ask,
            {**DISTRIBUTED, **more},
            {"items": [1, 2, 3]},
            mock={"result": "[1, 2]"},
            stateConfiguration={"mapIterationFailureCount": 2},
        )
        assert told.items() <= found.items()
        assert found["error"] == "States.ExceedToleratedFailureThreshold"


async def test_the_items_of_a_reader_are_the_tests_own() -> None:
    async with step_functions() as ask:
        configuration = {"mapItemReaderData": '{"items": [4, 5]}'}
        more = {"stateConfiguration": configuration, "inspectionLevel": "DEBUG"}
        found = await outcome(ask, FROM_BUCKET, {"n": 1}, mock={"result": "[10]"}, **more)
        assert found["output"] == "[10]"
        data = found["inspectionData"]
        assert (data["afterItemsPointer"], "afterItemsPath" in data) == ("[4,5]", False)
        assert data["afterItemSelector"] == '[{"i":0,"v":4}, {"i":1,"v":5}]'
        configuration["mapItemReaderData"] = "{"
        failed = await outcome(ask, FROM_BUCKET, {"n": 1}, mock={"result": "[10]"}, **more)
        assert (failed["status"], failed["error"]) == ("FAILED", "States.ItemReaderFailed")


LOOKS: JSON = {**service("lambda:invoke"), "Parameters": {"FunctionName": "f", "Payload.$": "$$"}}


async def test_the_context_object_is_the_tests_own() -> None:
    async with step_functions() as ask:

        async def seen(state: JSON, context: JSON) -> JSON:
            more = {} if context is None else {"context": json.dumps(context)}
            found = await outcome(ask, state, {"n": 1}, mock={"result": "{}"}, inspectionLevel="DEBUG", **more)
            return json.loads(found["inspectionData"]["afterParameters"])["Payload"]

        contexts: list[JSON] = [{}, {"State": {"Name": "Mine"}}, {"Execution": {}, "State": {}, "StateMachine": {}}]
        for context in contexts:
            assert await seen(LOOKS, context) == context
        waits = {**LOOKS, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}
        assert await seen(waits, {"Task": {"Token": "abcd123"}}) == {"Task": {"Token": "abcd123"}}
        default = await seen(LOOKS, None)
        assert (default["State"]["Name"], default["State"]["RetryCount"]) == ("StateName", 0)
        assert default["Execution"].keys() == {"Id", "Input", "Name", "RoleArn", "StartTime"}
        assert default["Execution"]["Input"] == {"n": 1}


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"Execution": {"Id": 1}}, "Execution.Id must be a string"),
        ({"Map": {}}, "'Map' field is not supported when mocking a Context object"),
        ({"Execution": {"pokemon": "x"}}, "Field 'pokemon' is not allowed"),
        ({"Pokedex": {}}, "Field 'Pokedex' is not allowed"),
        (
            {"Task": {"Token": "x"}},
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken'"
            " service integration pattern",
        ),
    ],
)
async def test_a_context_object_has_what_it_may_have(context: JSON, told: str) -> None:
    async with step_functions() as ask:
        given = {"definition": json.dumps(LOOKS), "mock": {"result": "{}"}, "context": json.dumps(context)}
        assert (
            await ask.fails("TestState", **given) == f"ValidationException: Invalid Context object provided: {told}"
        )


async def test_secrets_are_not_revealed_of_a_mock() -> None:
    async with step_functions() as ask:
        given = {"definition": json.dumps(TASK), "mock": {"result": "{}"}, "revealSecrets": True}
        fault = await ask.fails("TestState", **given)
        assert fault == "ValidationException: TestState does not support RevealSecrets when a mock is specified."


async def test_a_failure_of_the_state_itself_does_not_say_where() -> None:
    async with step_functions() as ask:
        state = {"Type": "Map", "ItemProcessor": PARALLEL["Branches"][0], "End": True}
        found = await outcome(ask, state, {"n": 1}, mock={"result": "[]"})
        assert (found["error"], found["cause"]) == ("States.Runtime", 'Reference path "$" must point to array.')


async def test_a_state_may_lead_to_one_of_any_name() -> None:
    async with step_functions() as ask:
        assert (await outcome(ask, {"Type": "Pass", "Next": "StateName"}))["nextState"] == "StateName"


@pytest.mark.parametrize("level", ["INFO", "DEBUG", "TRACE"])
@pytest.mark.parametrize("variables", ["[]", "5", '"a"', "null"])
async def test_variables_are_an_object(level: str, variables: str) -> None:
    async with step_functions() as ask:
        given = {"definition": '{"Type":"Pass","End":true}', "inspectionLevel": level, "variables": variables}
        told = await ask.fails("TestState", **given)

        assert told == "ValidationException: Invalid variables provided: The variables must be a JSON object"
