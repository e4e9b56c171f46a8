"""What a definition may say, and how each of its faults is reported.

https://states-language.net/spec.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
"""

# The tables of faults have a line a case, however long.
# ruff: noqa: E501

import pytest

from pizzabar.documents import JSON, write
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import InvalidDefinition
from tests.stepfunctions.service import step_functions
from tests.stepfunctions.stories import FUNCTION, INVOKE, machine, one

TASK: JSON = {"Type": "Task", "Resource": INVOKE}
PROCESSOR: JSON = machine("I", I={"Type": "Succeed"})


def faults(definition: JSON, **options: JSON) -> list[str]:
    """Give the faults of a definition, in AWS's words."""
    text = definition if isinstance(definition, str) else write(definition)
    try:
        read_definition(text, **options)
    except InvalidDefinition as error:
        return [str(diagnostic) for diagnostic in error.diagnostics]
    return []


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::events:putEvents",
        "arn:aws:states:::events:putEvents.waitForTaskToken",
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::states:startExecution",
        "arn:aws:states:::dynamodb:getItem",
        "arn:aws:states:::aws-sdk:dynamodb:query",
        "arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken",
        FUNCTION,
        f"{FUNCTION}:$LATEST",
    ],
)
def test_a_task_names_an_integration_or_a_function(resource: str) -> None:
    assert faults(one({"Type": "Task", "Resource": resource})) == []


NOT_RECOGNIZED = (
    "SCHEMA_VALIDATION_FAILED: The resource provided {} is not recognized. The value is not a valid resource ARN, "
    "or the resource is not available in this region. at /States/A/Resource"
)


@pytest.mark.parametrize(
    "resource",
    ["bake", "arn:aws:states:::oven:bake", "arn:aws:states:::dynamodb:getItem.waitForTaskToken", "arn:aws:s3:::x"],
)
def test_another_resource_is_not_recognized(resource: str) -> None:
    assert faults(one({"Type": "Task", "Resource": resource})) == [NOT_RECOGNIZED.format(resource)]


def distributed(**fields: JSON) -> JSON:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return {"Type": "Map", "ItemProcessor": {**PROCESSOR, "ProcessorConfig": config}, **fields}


READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (
            distributed(ItemReader={**READER, "ReaderConfig": {"InputType": "PARQUET"}}),
            "SCHEMA_VALIDATION_FAILED: The input type PARQUET is not supported by pizzabar "
            "at /States/A/ItemReader/ReaderConfig/InputType",
        ),
        (
            {"Type": "Map", "ItemProcessor": PROCESSOR, "ItemReader": READER},
            "SCHEMA_VALIDATION_FAILED: Field 'ItemReader' is not supported at /States/A",
        ),
        (
            {"Type": "Map", "ItemProcessor": {**PROCESSOR, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}},
            "SCHEMA_VALIDATION_FAILED: These fields are required: [ExecutionType] "
            "at /States/A/ItemProcessor/ProcessorConfig",
        ),
        (distributed(Label="a b"), "INVALID_LABEL_NAME: Invalid label name 'a b' at /States/A/Label"),
        (
            distributed(ToleratedFailurePercentage=101),
            "SCHEMA_VALIDATION_FAILED: The value for the field 'ToleratedFailurePercentage' must be between 0 and 100 "
            "at /States/A/ToleratedFailurePercentage",
        ),
        (
            distributed(ItemBatcher={}),
            "SCHEMA_VALIDATION_FAILED: One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch] "
            "at /States/A/ItemBatcher",
        ),
        (
            distributed(ItemReader={**READER, "ReaderConfig": {"InputType": "CSV"}}),
            "SCHEMA_VALIDATION_FAILED: These fields are required: [CSVHeaderLocation] "
            "at /States/A/ItemReader/ReaderConfig",
        ),
        (
            distributed(ItemReader={**READER, "ReaderConfig": {"Transformation": "LOAD_AND_FLATTEN"}}),
            "SCHEMA_VALIDATION_FAILED: These fields are required: [InputType] at /States/A/ItemReader/ReaderConfig",
        ),
        (
            {**TASK, "Credentials": 1},
            "SCHEMA_VALIDATION_FAILED: Expected value of type Object at /States/A/Credentials",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(state: JSON, fault: str) -> None:
    assert faults(one(state)) == [fault]


def test_a_resource_that_nobody_answers_for_is_refused() -> None:
    assert faults(one(TASK), supports=lambda resource: resource != INVOKE) == [
        f"SCHEMA_VALIDATION_FAILED: The resource {INVOKE} is not supported by pizzabar at /States/A/Resource"
    ]


def rule(**fields: JSON) -> JSON:
    return {"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "B", **fields}]}


SCHEMA_FAULTS = [
    ({"Type": "Bake"}, "The value for the field 'Type' must be one of these values: [Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map]", "/Type"),
    ({"Type": "Task"}, "These fields are required: [Resource]", ""),
    ({"Type": "Pass", "Resource": "x"}, "Field 'Resource' is not supported", ""),
    ({"Type": "Pass", "ResultSelector": {}}, "Field 'ResultSelector' is not supported", ""),
    ({"Type": "Wait", "Seconds": 1, "ResultPath": "$"}, "Field 'ResultPath' is not supported", ""),
    ({"Type": "Pass", "Next": "B"}, "Only one of these fields is allowed: [Next, End]", ""),
    ({"Type": "Pass", "InputPath": 1}, "Expected value of type String", "/InputPath"),
    ({"Type": "Pass", "InputPath": "a"}, "The value for the field 'InputPath' must be a valid JSONPath", "/InputPath"),
    ({"Type": "Pass", "ResultPath": "$.a[*]"}, "The value for the field 'ResultPath' must be a valid Reference Path", "/ResultPath"),
    ({"Type": "Pass", "ResultPath": "$$.a"}, "The value for the field 'ResultPath' must be a valid Reference Path", "/ResultPath"),
    ({"Type": "Pass", "Parameters": {"a.$": "b"}}, "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call", "/Parameters"),
    ({"Type": "Pass", "Parameters": {"a": [{"b.$": 1}]}}, "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call", "/Parameters/a[0]"),
    ({"Type": "Pass", "Parameters": {"a": 1, "a.$": "$"}}, "The field 'a' is defined twice: as 'a' and as 'a.$'", "/Parameters"),
    ({"Type": "Pass", "Parameters": {"a.$": "States.Bake()"}}, "The intrinsic function 'States.Bake' is not supported", "/Parameters/a.$"),
    ({"Type": "Wait"}, "Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]", ""),
    ({"Type": "Wait", "Seconds": -1}, "The value for the field 'Seconds' must be between 0 and 99999999", "/Seconds"),
    ({"Type": "Wait", "Seconds": 1.5}, "Expected value of type Integer", "/Seconds"),
    ({"Type": "Wait", "Seconds": True}, "Expected value of type Integer", "/Seconds"),
    ({"Type": "Wait", "Timestamp": "noon"}, "The value for the field 'Timestamp' must be a valid RFC 3339 timestamp with an upper-case T and Z or an offset", "/Timestamp"),
    ({**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}, "The value for the field 'HeartbeatSeconds' must be smaller than that of 'TimeoutSeconds'", "/HeartbeatSeconds"),
    ({**TASK, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"}, "Only one of these fields is allowed: [TimeoutSeconds, TimeoutSecondsPath]", ""),
    ({**TASK, "Retry": {}}, "Expected value of type Array", "/Retry"),
    ({**TASK, "Retry": [{}]}, "These fields are required: [ErrorEquals]", "/Retry[0]"),
    ({**TASK, "Retry": [{"ErrorEquals": []}]}, "Value must not be empty", "/Retry[0]/ErrorEquals"),
    ({**TASK, "Retry": [{"ErrorEquals": ["X"], "BackoffRate": 0.5}]}, "The value for the field 'BackoffRate' must be a number of at least 1.0", "/Retry[0]/BackoffRate"),
    ({**TASK, "Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 0}]}, "The value for the field 'IntervalSeconds' must be between 1 and 99999999", "/Retry[0]/IntervalSeconds"),
    ({**TASK, "Retry": [{"ErrorEquals": ["X"], "JitterStrategy": "half"}]}, "The value for the field 'JitterStrategy' must be one of these values: [FULL, NONE]", "/Retry[0]/JitterStrategy"),
    ({**TASK, "Retry": [{"ErrorEquals": ["States.ALL", "X"]}]}, "States.ALL must appear alone in its ErrorEquals array and in the last element of Retry", "/Retry[0]/ErrorEquals"),
    ({**TASK, "Catch": [{"ErrorEquals": ["X"]}]}, "These fields are required: [Next]", "/Catch[0]"),
    ({"Type": "Parallel"}, "These fields are required: [Branches]", ""),
    ({"Type": "Parallel", "Branches": []}, "Value must not be empty", "/Branches"),
    ({"Type": "Map"}, "One of these fields is required: [ItemProcessor, Iterator]", ""),
    ({"Type": "Map", "ItemProcessor": PROCESSOR, "MaxConcurrency": -1}, "The value for the field 'MaxConcurrency' must be at least 0", "/MaxConcurrency"),
    ({"Type": "Map", "ItemProcessor": {"StartAt": "I"}}, "These fields are required: [States]", "/ItemProcessor"),
    (rule(), "Exactly one comparison operator, And, Or or Not is required", "/Choices[0]"),
    (rule(IsNull="x"), "The value for the field 'IsNull' must be a Boolean", "/Choices[0]/IsNull"),
    (rule(StringEquals=1), "The value for the field 'StringEquals' must be a String", "/Choices[0]/StringEquals"),
    (rule(TimestampEquals="noon"), "The value for the field 'TimestampEquals' must be a valid Timestamp", "/Choices[0]/TimestampEquals"),
    (rule(NumericEqualsPath="$..a"), "The value for the field 'NumericEqualsPath' must be a valid Reference Path", "/Choices[0]/NumericEqualsPath"),
    (rule(StringMatchesPath="$.a"), "Exactly one comparison operator, And, Or or Not is required", "/Choices[0]"),
    ({"Type": "Fail", "Error": "X", "ErrorPath": "$.e"}, "Only one of these fields is allowed: [Error, ErrorPath]", ""),
]  # fmt: skip


@pytest.mark.parametrize(("state", "message", "place"), SCHEMA_FAULTS)
def test_a_state_breaks_a_rule(state: JSON, message: str, place: str) -> None:
    definition = one(state)
    if state["Type"] == "Pass" and "Next" in state:
        definition["States"]["A"]["End"] = True
    if state["Type"] in {"Choice", "Pass"} and "Next" in write(state):
        definition["States"]["B"] = {"Type": "Succeed"}

    assert f"SCHEMA_VALIDATION_FAILED: {message} at /States/A{place}" in faults(definition)


END: JSON = {"Type": "Succeed"}
TARGETS = [
    (machine("X", A=END), ["MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt", 'MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A']),
    (machine("A", A={"Type": "Pass", "Next": "X"}, B=END), ["MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next", 'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B']),
    (machine("A", A={**TASK, "End": True, "Catch": [{"ErrorEquals": ["X"], "Next": "Y"}]}), ["MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Catch[0]/Next"]),
    (machine("A", A={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "X"}], "Default": "B"}, B=END), ["MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Choices[0]/Next"]),
    (machine("A", A={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "B"}], "Default": "X"}, B=END), ["MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Default"]),
    (machine("A", A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}, C={"Type": "Pass", "Next": "A"}), ["MISSING_END_STATE: Workflow has no terminal state at null"]),
    (machine("A", A={"Type": "Map", "ItemProcessor": machine("A", A=END), "End": True}), ["DUPLICATE_STATE_NAME: State name 'A' is not unique at /States/A/ItemProcessor/States/A"]),
    (machine("A", A={"Type": "Parallel", "Branches": [machine("I", I={"Type": "Pass", "Next": "A"}, J=END)], "End": True}), ["MISSING_TRANSITION_TARGET: Missing 'Next' target: A at /States/A/Branches[0]/States/I/Next", 'MISSING_TRANSITION_TARGET: State "J" is not reachable. at /States/A/Branches[0]/States/J']),
    (machine("A" * 81, **{"A" * 81: END}), [f"INVALID_STATE_NAME: The name of a state must have 1 to 80 characters at /States/{'A' * 81}"]),
    ([], ["SCHEMA_VALIDATION_FAILED: A definition must be a JSON object at /"]),
    ({}, ["SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt, States] at /"]),
    ({**machine("A", A=END), "Version": "2.0"}, ["SCHEMA_VALIDATION_FAILED: The value for the field 'Version' must be one of these values: [1.0] at /Version"]),
    ({**machine("A", A=END), "Oven": 1}, ["SCHEMA_VALIDATION_FAILED: Field 'Oven' is not supported at /"]),
    (machine("A", A=3), ["SCHEMA_VALIDATION_FAILED: Expected value of type Object at /States/A"]),
    (machine("A", A={"Type": "Fail"}), []),
    ({**machine("A", A=END), "Comment": "c", "Version": "1.0", "TimeoutSeconds": 5, "QueryLanguage": "JSONPath"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "expected"), TARGETS)
def test_the_states_of_a_machine_hang_together(definition: JSON, expected: list[str]) -> None:
    assert faults(definition) == expected


def test_every_fault_is_told_in_one_message() -> None:
    definition = machine("A", A={"Type": "Task", "Next": "X"}, B={"Type": "Wait", "Seconds": "5", "End": True})

    with pytest.raises(InvalidDefinition) as error:
        read_definition(write(definition))

    assert error.value.message == (
        "Invalid State Machine Definition: '"
        "SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/A, "
        "SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/B/Seconds, "
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next, "
        'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B'
        "'"
    )


@pytest.mark.parametrize("text", ["", "{", "nonsense"])
def test_what_is_not_json_is_no_definition(text: str) -> None:
    assert faults(text)[0].startswith("INVALID_JSON_DESCRIPTION: ")


def test_a_definition_must_not_be_too_deep() -> None:
    deep = '{"a":' * 120 + "1" + "}" * 120

    assert faults('{"StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Result":' + deep + "}}}") == [
        "TOO_DEEPLY_NESTED: A definition must not be more than 100 levels deep at null"
    ]


def warnings(state: JSON) -> list[str]:
    return [str(each) for each in read_definition(write(one(state))).warnings]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (
            {"Type": "Pass", "Parameters": {"a": {"b": "$.c"}}},
            [
                "NO_DOLLAR: No .$ on a field that appears to be a JSONPath or an intrinsic function at /States/A/Parameters/a/b"
            ],
        ),
        (
            {"Type": "Pass", "Parameters": {"a": ["States.UUID()"]}},
            [
                "NO_DOLLAR: No .$ on a field that appears to be a JSONPath or an intrinsic function at /States/A/Parameters/a[0]"
            ],
        ),
        (
            {"Type": "Pass", "Result": {"a.$": "x", "b": "$.c"}},
            [
                "PASS_RESULT_IS_STATIC: The result of a Pass state is static: a path in it is not evaluated at /States/A/Result/b"
            ],
        ),
        (
            {"Type": "Fail", "Cause": "$.c"},
            [
                "NO_PATH: The value looks like a path, but the field name 'Cause' does not end with 'Path' at /States/A/Cause"
            ],
        ),
        ({"Type": "Pass", "Parameters": {"a.$": "$.c", "b": "$5"}}, []),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"a": "$.c"}}, []),
    ],
)
def test_what_is_hardly_meant_is_warned_of(state: JSON, found: list[str]) -> None:
    assert warnings(state) == found


async def test_a_validation_tells_errors_and_on_request_warnings() -> None:
    async with step_functions() as ask:
        state = {"Type": "Pass", "Result": "$.a", "End": True}
        definition = write(one(state))
        assert await ask("ValidateStateMachineDefinition", definition=definition) == {
            "result": "OK",
            "diagnostics": [],
            "truncated": False,
        }
        found = await ask("ValidateStateMachineDefinition", definition=definition, severity="WARNING")
        [warning] = found["diagnostics"]
        assert (found["result"], warning["severity"], warning["location"]) == ("OK", "WARNING", "/States/A/Result")
        faulty = write(one({**state, "Resource": "x", "Next": "B"}))
        found = await ask("ValidateStateMachineDefinition", definition=faulty, severity="WARNING", maxResults=2)
        assert (found["result"], len(found["diagnostics"]), found["truncated"]) == ("FAIL", 2, True)
        waits = write(one({"Type": "Task", "Resource": f"{INVOKE}.waitForTaskToken"}))
        express = await ask("ValidateStateMachineDefinition", definition=waits, type="EXPRESS")
        assert express["result"] == "FAIL"
