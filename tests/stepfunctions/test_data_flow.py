"""How data go through a state: paths, payload templates and the context object.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.stories import INVOKE, NOON, PUT_EVENTS, Story, failure, machine, one, run

ORDER: JSON = {"pizza": "funghi", "lines": [{"n": 1}, {"n": 2}], "customer": {"name": "Ada"}}


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, ORDER),
        ({"InputPath": "$.customer"}, {"name": "Ada"}),
        ({"InputPath": None}, {}),
        ({"OutputPath": None}, {}),
        ({"OutputPath": "$.pizza"}, "funghi"),
        ({"OutputPath": "$.lines[*].n"}, [1, 2]),
        ({"Result": [1], "ResultPath": "$.done"}, {**ORDER, "done": [1]}),
        ({"Result": {"a.$": "$.pizza"}}, {"a.$": "$.pizza"}),
        ({"Result": 1, "ResultPath": None}, ORDER),
        ({"Result": None}, None),
        ({"InputPath": "$.customer", "ResultPath": "$.pizza"}, {**ORDER, "pizza": {"name": "Ada"}}),
        ({"Parameters": {"p.$": "$.pizza", "q": 1}}, {"p": "funghi", "q": 1}),
        ({"Parameters": {"a": [{"b.$": "$.pizza"}, "$.pizza"]}}, {"a": [{"b": "funghi"}, "$.pizza"]}),
        ({"Parameters": {"a.$": "$$.Execution.Name", "b.$": "$$.State.Name"}}, {"a": "order-1", "b": "A"}),
        ({"Parameters": {"a.$": "States.Format('{}!', $.pizza)"}}, {"a": "funghi!"}),
        (
            {"InputPath": "$.customer", "Parameters": {"n.$": "$.name"}, "ResultPath": "$.x", "OutputPath": "$.x"},
            {"n": "Ada"},
        ),
        ({"InputPath": "$$.Execution.Input.pizza"}, "funghi"),
        ({"Parameters": 5}, 5),
    ],
)
def test_a_pass_state(fields: JSON, output: JSON) -> None:
    assert run(one({"Type": "Pass", **fields}), ORDER) == output


def test_the_order_of_keys_stays() -> None:
    output = run(one({"Type": "Pass", "Parameters": {"z": 1, "a.$": "$.pizza", "m": 2}}), ORDER)

    assert list(output) == ["z", "a", "m"]


def test_the_context_object_tells_of_execution_state_and_machine() -> None:
    assert run(one({"Type": "Pass", "Parameters": {"all.$": "$$"}}), ORDER)["all"] == {
        "Execution": {
            "Id": "arn:aws:states:us-east-1:123456789012:execution:Bake:order-1",
            "Input": ORDER,
            "Name": "order-1",
            "RoleArn": "arn:aws:iam::123456789012:role/baker",
            "StartTime": "2026-01-01T12:00:00.000Z",
            "RedriveCount": 0,
        },
        "State": {"EnteredTime": "2026-01-01T12:00:00.000Z", "Name": "A", "RetryCount": 0},
        "StateMachine": {"Id": "arn:aws:states:us-east-1:123456789012:stateMachine:Bake", "Name": "Bake"},
    }


def test_a_task_selects_from_its_result_and_writes_into_its_raw_input() -> None:
    story = Story(
        one(
            {
                "Type": "Task",
                "Resource": INVOKE,
                "InputPath": "$.customer",
                "Parameters": {"Payload.$": "$.name"},
                "ResultSelector": {"code.$": "$.StatusCode"},
                "ResultPath": "$.call",
            }
        ),
        ORDER,
    )
    assert story.tasks[0].parameters == {"Payload": "Ada"}

    story.succeed({"StatusCode": 200, "Payload": None})

    assert story.output == {**ORDER, "call": {"code": 200}}


def test_without_parameters_the_effective_input_is_handed_to_the_task() -> None:
    assert Story(one({"Type": "Task", "Resource": PUT_EVENTS}), ORDER).tasks[0].parameters == ORDER


@pytest.mark.parametrize(
    ("fields", "input", "error", "cause"),
    [
        (
            {"Parameters": {"a.$": "$.b"}},
            {"c": [1]},
            "States.Runtime",
            "The JSONPath '$.b' specified for the field 'a.$' could not be found in the input '{\"c\":[1]}'",
        ),
        (
            {"InputPath": "$.b.c"},
            {"b": 1},
            "States.Runtime",
            "The JSONPath '$.b.c' specified for the field 'InputPath' could not be found in the input '{\"b\":1}'",
        ),
        (
            {"OutputPath": "$.b"},
            {},
            "States.Runtime",
            "The JSONPath '$.b' specified for the field 'OutputPath' could not be found in the input '{}'",
        ),
        (
            {"ResultPath": "$.b.c"},
            {"b": 1},
            "States.ResultPathMatchFailure",
            'Unable to apply ReferencePath $.b.c to input {"b":1}',
        ),
    ],
)
def test_a_path_that_leads_nowhere_fails_the_execution(fields: JSON, input: JSON, error: str, cause: str) -> None:
    prefix = "An error occurred while executing the state 'A' (entered at the event id #2). "

    assert failure(one({"Type": "Pass", **fields}), input) == (error, prefix + cause)


def test_a_payload_has_its_limit() -> None:
    state = {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}}

    assert failure(one(state), "ü" * 70_000) == (
        "States.DataLimitExceeded",
        "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def test_values_go_from_state_to_state() -> None:
    states = {
        "A": {"Type": "Pass", "Result": 1, "ResultPath": "$.a", "Next": "B"},
        "B": {"Type": "Pass", "Result": 2, "ResultPath": "$.b", "Next": "C"},
        "C": {"Type": "Succeed", "OutputPath": "$.b"},
    }

    assert run(machine("A", **states)) == 2
    assert Story(machine("A", **states)).execution.stopped == NOON
