"""
States in JSONata, and variables in both languages.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

# ruff: noqa: E501

import pytest

from pizzabar.documents import JSON, parse, write
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import InvalidDefinition
from tests.stepfunctions.stories import FUNCTION, INVOKE, INVOKE_AND_WAIT, Story, machine, one

INPUT: JSON = {"n": 5, "name": "Ada", "items": [{"p": 2}, {"p": 3}], "none": None}
PREFIX = "An error occurred while executing the state 'A' (entered at the event id #2). "


def jsonata(definition: JSON) -> JSON:
    return {"QueryLanguage": "JSONata", **definition}


def story(state: JSON, given: JSON = None, **more: JSON) -> Story:
    return Story(jsonata(one(state, **more)), INPUT if given is None else given)


def output(state: JSON, given: JSON = None, **more: JSON) -> JSON:
    told = story(state, given, **more)
    assert told.execution.status == "SUCCEEDED", told.execution.cause
    return told.execution.output


@pytest.mark.parametrize(
    ("template", "given"),
    [
        ("{% $states.input.name %}", "Ada"),
        ({"a": {"b": ["{% $states.input.n + 1 %}", "as it is", 7]}}, {"a": {"b": [6, "as it is", 7]}}),
        ({"total": "{% $sum($states.input.items.p) %}"}, {"total": 5}),
        ("{% $states.input.items[p > 2].p %}", 3),
        ("{% [$states.input.items[p > 2].p] %}", [3]),
        ("{% {'a': $states.input.missing, 'b': 1} %}", {"b": 1}),
        ("{% $states.input.none %}", None),
        ("{% $type($states.input.none) %}", "null"),
        ("{%$states.input.n%}", 5),
        (" {% $states.input.n %}", " {% $states.input.n %}"),
        ("{% $states.input.n / 2 %}", 2.5),
        ("{% [$states.input.n / 0, -1/0] %}", ["Infinity", "-Infinity"]),
        ("{% {'k': 0/0} %}", {"k": "NaN"}),
        ("{% $range(-1.7, 2, 1) %}", [-1, 0, 1, 2]),
        ("{% $partition([1,2,3], 2.9) %}", [[1, 2], [3]]),
        ("{% " + "+".join(["1"] * 100) + " %}", 100),
        ("{% $states.context.State.Name %}", "A"),
        ("{% $states.context.Execution.Input.name %}", "Ada"),
        ("{% $partition([1,2,3,4,5], 2) %}", [[1, 2], [3, 4], [5]]),
        ("{% $range(0, 10, 5) %}", [0, 5, 10]),
        ("{% $range(7, 7, 1) %}", 7),
        ("{% $range(5, 1, -2) %}", [5, 3, 1]),
        ("{% $hash('a', 'MD5') %}", "0cc175b9c0f1b6a831c399e269772661"),
        ("{% $parse('{\"a\": [null]}') %}", {"a": [None]}),
        ("{% $now() %}", "2026-01-01T12:00:00.000Z"),
        ("{% $now('[Y]') %}", "2026"),
        ("{% $millis() %}", 1767268800000),
        ("{% $random(42) %}", 0.7275636800328681),
        ("{% $random(0.9) %}", 0.730967787376657),
        ("{% $random(7) %}", 0.7306990420600421),
        ("{% $partition([1,2,3]) %}", [[1, 2, 3]]),
        ("{% $range(5, 1, -1.5) %}", [5, 4, 3, 2, 1]),
        ("{% $random() >= 0 and $random() < 1 %}", True),
        ("{% $sort($shuffle([1,2,3])) %}", [1, 2, 3]),
        ("{% ($f := function($x){ $x * 2 }; $f($states.input.n)) %}", 10),
    ],
)
def test_the_output_of_a_state_is_what_its_expressions_give(template: JSON, given: JSON) -> None:
    assert output({"Type": "Pass", "Output": template}) == given


def test_what_is_random_is_the_same_when_it_is_told_again() -> None:
    state = {"Type": "Pass", "Output": "{% [$uuid(), $uuid(), $random()] %}"}
    first, second = output(state), output(state)
    assert first == second
    assert first[0] != first[1]
    assert len(first[0]) == 36


@pytest.mark.parametrize(
    ("template", "place", "expression", "how"),
    [
        ({"v": "{% $states.input.x %}"}, "Output/v", "$states.input.x", "returned nothing (undefined)."),
        (["{% $range(3,1,1) %}"], "Output[0]", "$range(3,1,1)", "returned nothing (undefined)."),
        ("{% $range(0,4) %}", "Output", "$range(0,4)", "returned nothing (undefined)."),
        (
            "{% $abs('x') %}",
            "Output",
            "$abs('x')",
            'threw an error during evaluation. T0410: Argument 1 of function "abs" does not match function signature',
        ),
        (
            "{% $range('0',4,1) %}",
            "Output",
            "$range('0',4,1)",
            'threw an error during evaluation. T0410: Argument 1 of function "range" does not match function signature',
        ),
        (
            "{% $sum(['a']) %}",
            "Output",
            "$sum(['a'])",
            'threw an error during evaluation. T0412: Argument 1 of function "sum" must be an array of "numbers"',
        ),
        (
            "{% $states.input.name + 1 %}",
            "Output",
            "$states.input.name + 1",
            'threw an error during evaluation. T2001: The left side of the "+" operator must evaluate to a number',
        ),
        (
            "{% $eval('1+1') %}",
            "Output",
            "$eval('1+1')",
            "threw an error during evaluation. T1006: Attempted to invoke a non-function",
        ),
        (
            "{% " + "+".join(["1"] * 101) + " %}",
            "Output",
            "+".join(["1"] * 101),
            "threw an error during evaluation: Stack overflow error: Check for non-terminating recursive function. "
            "Consider rewriting as tail-recursive. Depth=101 max=100",
        ),
        (
            "{% $range(1, 360146, 1) %}",
            "Output",
            "$range(1, 360146, 1)",
            "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage",
        ),
        ("{% $partition([1], 0) %}", "Output", "$partition([1], 0)", "returned nothing (undefined)."),
        (
            "{% $partition([1], -1) %}",
            "Output",
            "$partition([1], -1)",
            "threw an error during evaluation. D3137: Second argument must be zero or greater",
        ),
        (
            "{% $uuid('a') %}",
            "Output",
            "$uuid('a')",
            'threw an error during evaluation. T0410: Argument 1 of function "uuid" does not match function signature',
        ),
        ("{% $hash('a') %}", "Output", "$hash('a')", "returned nothing (undefined)."),
        ("{% $error('no') %}", "Output", "$error('no')", "threw an error during evaluation. D3137: no"),
    ],
)
def test_an_expression_that_has_no_value_fails_its_state(
    template: JSON, place: str, expression: str, how: str
) -> None:
    told = story({"Type": "Pass", "Output": template})
    cause = f"{PREFIX}The JSONata expression '{expression}' specified for the field '{place}' {how}"
    assert (told.execution.error, told.execution.cause) == ("States.QueryEvaluationError", cause)
    assert told.events == ["ExecutionStarted", "PassStateEntered", "EvaluationFailed", "ExecutionFailed"]
    assert told.history[2]["evaluationFailedEventDetails"] == {
        "error": "States.QueryEvaluationError",
        "cause": cause,
        "location": place,
        "state": "A",
    }


@pytest.mark.parametrize(
    ("state", "place", "wanted", "was"),
    [
        ({"Type": "Wait", "Seconds": "{% 'x' %}"}, "Seconds", "number", "string"),
        ({"Type": "Wait", "Timestamp": "{% 1 %}"}, "Timestamp", "string", "number"),
        ({"Type": "Task", "Resource": INVOKE, "TimeoutSeconds": "{% true %}"}, "TimeoutSeconds", "number", "boolean"),
        ({"Type": "Fail", "Error": "{% 1 %}"}, "Error", "string", "number"),
    ],
)
def test_a_value_of_another_type_fails_its_state(state: JSON, place: str, wanted: str, was: str) -> None:
    told = story(state)
    assert f"field '{place}' returned an unexpected result type. Expected '{wanted}', but was '{was}'" in str(
        told.execution.cause
    )


def test_a_task_gets_its_arguments_and_gives_its_output() -> None:
    told = story(
        {
            "Type": "Task",
            "Resource": INVOKE_AND_WAIT,
            "Arguments": {
                "FunctionName": "bake",
                "Payload": {"n": "{% $states.input.n %}", "token": "{% $states.context.Task.Token %}"},
            },
            "TimeoutSeconds": "{% $states.input.n * 2 %}",
            "HeartbeatSeconds": 3,
            "Output": {"was": "{% $states.result.Payload %}", "for": "{% $states.input.name %}"},
            "Assign": {"result": "{% $states.result %}"},
        }
    )
    [command] = told.tasks
    assert command.parameters["Payload"] == {"n": 5, "token": command.token}
    assert told.history[2]["taskScheduledEventDetails"]["timeoutInSeconds"] == 10
    told.succeed({"Payload": "baked"})
    assert told.execution.output == {"was": "baked", "for": "Ada"}


def test_without_fields_the_result_goes_on() -> None:
    told = story({"Type": "Task", "Resource": FUNCTION})
    [command] = told.tasks
    assert command.parameters == INPUT
    told.succeed({"a": 1})
    assert told.execution.output == {"a": 1}


def test_an_output_that_fails_is_retried_and_caught() -> None:
    told = story(
        {
            "Type": "Task",
            "Resource": FUNCTION,
            "Output": "{% $states.result.missing %}",
            "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": {"e": "{% $states.errorOutput.Error %}", "n": "{% $states.input.n %}"},
                    "Assign": {"cause": "{% $states.errorOutput.Cause %}"},
                    "Next": "B",
                }
            ],
        },
        B={"Type": "Pass", "Output": {"got": "{% $states.input %}", "c": "{% $length($cause) > 9 %}"}, "End": True},
    )
    told.succeed({})
    told.fire_timer()
    told.succeed({})
    assert told.execution.output == {"got": {"e": "States.QueryEvaluationError", "n": 5}, "c": True}
    assert told.events.count("EvaluationFailed") == 2


def test_a_choice_takes_the_first_condition_that_holds_and_its_fields() -> None:
    choices = [
        {"Condition": "{% $states.input.n > 10 %}", "Next": "B"},
        {"Condition": "{% $states.input.n > 2 %}", "Output": "{% 'more' %}", "Assign": {"v": 1}, "Next": "B"},
        {"Condition": True, "Next": "B"},
    ]
    state = {"Type": "Choice", "Choices": choices, "Default": "B", "Output": "default", "Assign": {"v": 2}}
    end = {"Type": "Pass", "Output": ["{% $states.input %}", "{% $v %}"], "End": True}
    assert output(state, B=end) == ["more", 1]
    assert output({**state, "Choices": choices[:1]}, B=end) == ["default", 2]

    told = story({"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "B"}]}, B=end)
    assert "for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean'" in str(
        told.execution.cause
    )


def test_a_map_goes_through_what_its_items_are() -> None:
    processor = machine("I", I={"Type": "Pass", "Output": "{% $states.input %}", "End": True})
    state = {"Type": "Map", "Items": "{% $states.input.items %}", "ItemProcessor": processor}
    assert output(state) == INPUT["items"]
    selector = {
        "at": "{% $states.context.Map.Item.Index %}",
        "p": "{% $states.context.Map.Item.Value.p * $states.input.n %}",
    }
    assert output({**state, "ItemSelector": selector, "Output": "{% $states.result.p %}"}) == [10, 15]
    assert output({**state, "Items": {"a": 1, "b": 2}}) == [{"Key": "a", "Value": 1}, {"Key": "b", "Value": 2}]
    keys = {"k": "{% $states.context.Map.Item.Key %}"}
    assert output({**state, "Items": {"a": 1}, "ItemSelector": keys}) == [{"k": "a"}]
    assert output({**state, "Items": "{% [] %}", "MaxConcurrency": "{% 1 %}"}) == []
    assert output({"Type": "Map", "ItemProcessor": processor}, [1, 2]) == [1, 2]


def test_a_parallel_gives_its_arguments_to_every_branch() -> None:
    branch = machine("I", I={"Type": "Pass", "Output": "{% $states.input.m %}", "End": True})
    other = machine("J", J={"Type": "Succeed", "Output": 2})
    state = {"Type": "Parallel", "Arguments": {"m": "{% $states.input.n %}"}, "Branches": [branch, other]}
    assert output({**state, "Output": "{% $sum($states.result) %}"}) == 7


def test_a_wait_takes_expressions() -> None:
    told = story({"Type": "Wait", "Seconds": "{% $states.input.n %}", "Output": "{% 'waited' %}"})
    told.fire_timer()
    assert told.execution.output == "waited"
    told = story({"Type": "Wait", "Timestamp": "{% '2020-01-01T00:00:00Z' %}"})
    assert told.execution.status == "SUCCEEDED"
    assert story({"Type": "Wait", "Seconds": "{% -1 %}"}).execution.error == "States.QueryEvaluationError"


def test_a_state_has_a_query_language_of_its_own() -> None:
    states = machine(
        "A",
        A={"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"},
        B={"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"x": "{% $x %}"}, "Assign": {"y": 2}, "Next": "C"},
        C={"Type": "Pass", "Parameters": {"y.$": "$y", "all.$": "States.Array($x, $y)"}, "End": True},
    )
    assert Story(states, INPUT).execution.output == {"y": 2, "all": [5, 2]}


# Variables


def test_values_are_swapped_in_one_assignment_and_seen_from_the_next_state_on() -> None:
    states = jsonata(
        machine(
            "A",
            A={"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "B"},
            B={"Type": "Pass", "Output": ["{% $a %}"], "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "C"},
            C={
                "Type": "Pass",
                "Output": {"then": "{% $states.input %}", "now": ["{% $a %}", "{% $b %}"]},
                "End": True,
            },
        )
    )
    told = Story(states)
    assert told.execution.output == {"then": [1], "now": [2, 1]}
    exited = [event["stateExitedEventDetails"] for event in told.history if event["type"] == "PassStateExited"]
    assert exited[1]["assignedVariables"] == {"a": "2", "b": "1"}
    assert exited[1]["assignedVariablesDetails"] == {"truncated": False}
    assert "assignedVariables" not in exited[2]


def test_in_json_path_a_dollar_is_the_result() -> None:
    states = machine(
        "A",
        A={
            "Type": "Task",
            "Resource": FUNCTION,
            "ResultPath": None,
            "ResultSelector": {"x": 1},
            "Assign": {"r.$": "$.deep.v", "c.$": "$$.State.Name", "w": [{"v.$": "$.deep"}]},
            "Next": "B",
        },
        B={
            "Type": "Choice",
            "Choices": [{"Variable": "$r", "NumericEquals": 7, "Assign": {"went": "b"}, "Next": "C"}],
        },
        C={"Type": "Pass", "Parameters": {"all.$": "States.Format('{} {} {}', $r, $c, $went)", "w.$": "$w[0].v"}, "End": True},
    )  # fmt: skip
    told = Story(states, INPUT)
    told.succeed({"deep": {"v": 7}})
    assert told.execution.output == {"all": "7 A b", "w": {"v": 7}}


def test_what_is_within_sees_the_variables_outside_and_not_the_other_way_round() -> None:
    inner = machine(
        "I",
        I={"Type": "Pass", "Assign": {"mine": "{% $outer + $states.input %}"}, "Next": "J"},
        J={"Type": "Pass", "Output": "{% $mine %}", "End": True},
    )
    states = jsonata(
        machine(
            "A",
            A={"Type": "Pass", "Assign": {"outer": 10}, "Output": [1, 2], "Next": "B"},
            B={"Type": "Map", "ItemProcessor": inner, "Next": "C"},
            C={"Type": "Pass", "Output": ["{% $states.input %}", "{% $exists($mine) %}"], "End": True},
        )
    )
    assert Story(states).execution.output == [[11, 12], False]


def test_a_variable_that_is_not_there_fails_its_state() -> None:
    told = story({"Type": "Pass", "Output": "{% $nothing %}"})
    assert "'$nothing' specified for the field 'Output' returned nothing (undefined)." in str(told.execution.cause)
    told = Story(one({"Type": "Pass", "Parameters": {"a.$": "$nothing.x"}}), INPUT)
    assert told.execution.error == "States.Runtime"


def test_variables_have_limits() -> None:
    large = "x" * 200_000
    told = story({"Type": "Pass", "Assign": {"a": large, "b": large}})
    assert told.execution.error == "States.DataLimitExceeded"
    assert story({"Type": "Pass", "Assign": {"a": large}}).execution.status == "SUCCEEDED"


# Definitions


def faults(state: JSON, **more: JSON) -> list[str]:
    try:
        read_definition(write(jsonata(one(state, **more))))
    except InvalidDefinition as error:
        return [str(each) for each in error.diagnostics]
    return []


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (
            {"Type": "Pass", "Output": {"v": "{% phone %}"}},
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output/v",
        ),
        (
            {"Type": "Pass", "Output": "{% $sum($) %}"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$' at the top level is not supported. at /States/A/Output",
        ),
        (
            {"Type": "Pass", "Output": "{% $$.a %}"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/A/Output",
        ),
        (
            {"Type": "Pass", "Output": "{% 1 + %}"},
            "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output",
        ),
        (
            {"Type": "Pass", "Output": "{% $states.input[1,2) %}"},
            'INVALID_JSONATA_EXPRESSION: Expected "]", got "," at /States/A/Output',
        ),
        (
            {"Type": "Pass", "Output": "{% $states.result %}"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/A/Output",
        ),
        (
            {"Type": "Task", "Resource": INVOKE, "Output": "{% $states.errorOutput %}"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/A/Output",
        ),
        (
            {"Type": "Pass", "Output": "{% $map($states.input, function($x){ b }) %}"},
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'b' at the top level is not supported. at /States/A/Output",
        ),
        ({"Type": "Pass", "Output": "{%%}"}, "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output"),
        ({"Type": "Pass", "ResultPath": "$"}, "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' QueryLanguage at /States/A"),
        ({"Type": "Pass", "Result": 1}, "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Result' is only supported for the 'JSONPath' QueryLanguage at /States/A"),
        ({"Type": "Pass", "Resource": "x"}, "SCHEMA_VALIDATION_FAILED: Field 'Resource' is not supported at /States/A"),
        (
            {"Type": "Pass", "QueryLanguage": "JSONPath"},
            "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A",
        ),
        ({"Type": "Pass", "Assign": {"states": 1}}, "SCHEMA_VALIDATION_FAILED: Invalid variable name 'states' at /States/A/Assign"),
        ({"Type": "Pass", "Assign": {"a.b": 1}}, "SCHEMA_VALIDATION_FAILED: Invalid variable name 'a.b' at /States/A/Assign"),
        ({"Type": "Pass", "Assign": {"1a": 1}}, "SCHEMA_VALIDATION_FAILED: Invalid variable name '1a' at /States/A/Assign"),
        ({"Type": "Succeed", "Assign": {"a": 1}}, "SCHEMA_VALIDATION_FAILED: Field 'Assign' is not supported at /States/A"),
        ({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a"}, "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'SecondsPath' is only supported for the 'JSONPath' QueryLanguage at /States/A"),
        (
            {"Type": "Choice", "Choices": [{"Next": "B"}]},
            "SCHEMA_VALIDATION_FAILED: These fields are required: [Condition] at /States/A/Choices[0]",
        ),
        (
            {"Type": "Map", "Items": 3, "ItemProcessor": machine("I", I={"Type": "Succeed"})},
            "SCHEMA_VALIDATION_FAILED: Expected value of type Array, Object or a JSONata expression at /States/A/Items",
        ),
        (
            {"Type": "Map", "Assign": {"v": 1}, "ItemProcessor": machine("I", I={"Type": "Pass", "Assign": {"v": 1}, "End": True})},
            "SCHEMA_VALIDATION_FAILED: The variable 'v' is assigned in an outer scope already at /States/A/ItemProcessor/States/I/Assign",
        ),
    ],
)  # fmt: skip
def test_a_definition_breaks_a_rule(state: JSON, fault: str) -> None:
    more = {"B": {"Type": "Succeed"}} if state["Type"] == "Choice" else {}
    assert faults(state, **more) == [fault]


@pytest.mark.parametrize(
    "expression",
    [
        "$states.input.a[b > 1].c",
        "$map($states.input, function($v){ $v.x })",
        "$states.input.items.(p * 2)",
        "$states.input.items^(>p)",
        "$states.input.items{name: p}",
        "$states.input ~> |a|{'b': 1}|",
        "($x := $states.input; $x.y)",
    ],
)
def test_names_that_are_nested_are_no_references_to_the_top_level(expression: str) -> None:
    assert faults({"Type": "Pass", "Output": f"{{% {expression} %}}"}) == []


def test_the_variables_that_states_look_at_are_known() -> None:
    states = machine(
        "A",
        A={"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$x, $sum($y.z), ($own := 1; $own)] %}", "Next": "B"},
        B={"Type": "Pass", "Parameters": {"a.$": "States.Array($q.r, $.s)", "b.$": "$x"}, "End": True},
    )  # fmt: skip
    assert read_definition(write(states)).references == {"A": ("x", "y"), "B": ("q", "x")}


def test_an_execution_with_variables_is_written_small() -> None:
    inner = machine("I", I={"Type": "Wait", "Seconds": 5, "End": True})
    states = jsonata(
        machine(
            "A",
            A={"Type": "Pass", "Assign": {"v": "x" * 1000}, "Output": [1] * 30, "Next": "B"},
            B={"Type": "Map", "ItemProcessor": inner, "End": True},
        )
    )
    told = Story(states)
    assert len(write(told.execution.to_json())) < 12_000
    assert parse(write(told.execution.to_json()))["status"] == "RUNNING"
