"""The rules of a Choice state. https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html"""

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.stories import failure, machine, run

ORDER: JSON = {
    "text": "basil",
    "other": "olive",
    "number": 5,
    "float": 5.0,
    "yes": True,
    "none": None,
    "time": "2026-01-01T12:00:00Z",
    "later": "2026-01-01T14:00:00.5+01:00",
}


def holds(rule: JSON) -> bool:
    states = {
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    return bool(run(machine("A", A=choice, **states), ORDER))


@pytest.mark.parametrize(
    ("variable", "operator", "wanted", "expected"),
    [
        ("$.text", "StringEquals", "basil", True),
        ("$.text", "StringEquals", "Basil", False),
        ("$.text", "StringLessThan", "c", True),
        ("$.text", "StringGreaterThan", "Z", True),
        ("$.text", "StringLessThanEquals", "basil", True),
        ("$.text", "StringGreaterThanEquals", "basim", False),
        ("$.number", "StringEquals", "5", False),
        ("$.text", "StringEqualsPath", "$.other", False),
        ("$.text", "StringLessThanPath", "$.other", True),
        ("$.text", "StringEqualsPath", "$.number", False),
        ("$.text", "StringMatches", "b*l", True),
        ("$.text", "StringMatches", "b*", True),
        ("$.text", "StringMatches", "b?sil", False),
        ("$.text", "StringMatches", "asil", False),
        ("$.text", "StringMatches", "b\\*l", False),
        ("$.number", "NumericEquals", 5.0, True),
        ("$.float", "NumericEquals", 5, True),
        ("$.number", "NumericLessThan", 5.1, True),
        ("$.number", "NumericGreaterThan", 5, False),
        ("$.number", "NumericGreaterThanEqualsPath", "$.float", True),
        ("$.yes", "NumericEquals", 1, False),
        ("$.text", "NumericEquals", 5, False),
        ("$.yes", "BooleanEquals", True, True),
        ("$.yes", "BooleanEquals", False, False),
        ("$.number", "BooleanEquals", True, False),
        ("$.yes", "BooleanEqualsPath", "$.yes", True),
        ("$.time", "TimestampEquals", "2026-01-01T13:00:00+01:00", True),
        ("$.time", "TimestampLessThanPath", "$.later", True),
        ("$.later", "TimestampGreaterThan", "2026-01-01T13:00:00Z", True),
        ("$.text", "TimestampEquals", "2026-01-01T13:00:00Z", False),
        ("$.none", "IsNull", True, True),
        ("$.text", "IsNull", False, True),
        ("$.none", "IsPresent", True, True),
        ("$.missing", "IsPresent", False, True),
        ("$.missing", "IsPresent", True, False),
        ("$.text", "IsString", True, True),
        ("$.yes", "IsNumeric", False, True),
        ("$.yes", "IsBoolean", True, True),
        ("$.time", "IsTimestamp", True, True),
        ("$.text", "IsTimestamp", True, False),
        ("$$.Execution.Name", "StringEquals", "order-1", True),
    ],
)
def test_a_comparison(variable: str, operator: str, wanted: JSON, expected: bool) -> None:
    assert holds({"Variable": variable, operator: wanted}) is expected


PRESENT: JSON = {"Variable": "$.missing", "IsPresent": True}
MISSING: JSON = {"Variable": "$.missing", "StringEquals": "a"}
TRUE: JSON = {"Variable": "$.yes", "BooleanEquals": True}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"Not": TRUE}, False),
        ({"And": [TRUE, TRUE]}, True),
        ({"And": [TRUE, {"Not": TRUE}]}, False),
        ({"Or": [{"Not": TRUE}, TRUE]}, True),
        ({"And": [PRESENT, MISSING]}, False),
        ({"Or": [TRUE, MISSING]}, True),
        ({"Not": {"Or": [{"And": [PRESENT, TRUE]}, PRESENT]}}, True),
    ],
)
def test_a_combination_stops_at_the_rule_that_decides(rule: JSON, expected: bool) -> None:
    assert holds(rule) is expected


def test_the_first_rule_that_holds_is_taken() -> None:
    rules = [{**TRUE, "Next": "First"}, {**TRUE, "Next": "Second"}]
    ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in ("First", "Second")}

    assert run(machine("A", A={"Type": "Choice", "Choices": rules}, **ends), ORDER) == "First"


def test_a_variable_that_is_missing_fails_the_execution() -> None:
    choice = {"Type": "Choice", "Choices": [{**MISSING, "Next": "B"}], "Default": "B"}

    assert failure(machine("A", A=choice, B={"Type": "Succeed"})) == (
        "States.Runtime",
        "An error occurred while executing the state 'A' (entered at the event id #2). "
        "Invalid path '$.missing': The choice state's condition path references an invalid value.",
    )


def test_without_a_default_something_must_hold() -> None:
    choice = {"Type": "Choice", "Choices": [{"Not": TRUE, "Next": "B"}]}

    assert failure(machine("A", A=choice, B={"Type": "Succeed"}), ORDER) == (
        "States.Runtime",
        "An error occurred while executing the state 'A' (entered at the event id #2). "
        "Failed to transition out of the state. The state does not point to a next state.",
    )
