"""Histories that are gone through again."""

from copy import deepcopy
from datetime import datetime

import pytest

from pizzabar.documents import JSON, parse, write
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.replay import NotAHistory, Replay, replay
from tests.stepfunctions.stories import FUNCTION, INVOKE_AND_WAIT, Story, machine, one

RETRIED: JSON = {
    "Type": "Task",
    "Resource": FUNCTION,
    "Retry": [{"ErrorEquals": ["Burnt"], "MaxAttempts": 1}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
    "Next": "B",
}
DEFINITION = machine(
    "A",
    A=RETRIED,
    B={"Type": "Wait", "Seconds": 5, "Next": "D"},
    C={"Type": "Fail", "Error": "Sorry"},
    D={
        "Type": "Parallel",
        "Branches": [
            machine("L", L={"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": True}),
            machine(
                "R",
                R={
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "S"}],
                    "Default": "T",
                },
                S={"Type": "Succeed"},
                T={"Type": "Pass", "End": True},
            ),
        ],
        "End": True,
    },
)


def recorded() -> list[JSON]:
    story = Story(DEFINITION, {"n": 7})
    story.fail("Burnt")
    story.fire_timer()
    story.succeed({"n": 9})
    story.fire_timer()
    assert story.status == "SUCCEEDED"
    return story.history


def again(history: list[JSON], definition: JSON = None) -> Replay:
    return replay(read_definition(write(definition or DEFINITION)), history)


def test_a_history_is_gone_through_again() -> None:
    history = recorded()
    found = again(history)
    assert found.difference is None
    assert found.matched == len(history)
    assert found.execution.output == [{"n": 9}, {"n": 9}]


def test_it_may_be_as_the_aws_cli_writes_it_and_its_branches_in_another_order() -> None:
    history = deepcopy(recorded())
    for event in history:
        event["timestamp"] = datetime.fromtimestamp(event["timestamp"]).astimezone().isoformat()
        for name, details in event.items():
            if name.endswith("EventDetails") and "input" in details:
                # AWS keeps the caller's spaces.
                details["input"] = write(parse(details["input"])).replace(":", ": ")
    within = [each for each in history if each["type"].startswith(("Pass", "Choice", "Succeed"))]
    first = within[0]["id"]
    left = [each for each in within if each["type"].startswith("Pass")]
    right = [each for each in within if each not in left]
    numbers = {each["id"]: first + at for at, each in enumerate([*right, *left])}
    for event in history:
        event["id"] = numbers.get(event["id"], event["id"])
        event["previousEventId"] = numbers.get(event["previousEventId"], event["previousEventId"])
    assert again(history).difference is None


@pytest.mark.parametrize(
    ("change", "event", "members"),
    [
        (
            {"A": {**RETRIED, "ResultPath": "$.other"}},
            "TaskStateExited",
            [("output", {"n": 9}, {"n": 7, "other": {"n": 9}})],
        ),
        ({"A": {**RETRIED, "Next": "D"}}, "WaitStateEntered", None),
        ({"A": {key: each for key, each in RETRIED.items() if key != "Retry"}}, "LambdaFunctionScheduled", None),
    ],
)
def test_the_first_difference_is_told(change: JSON, event: str, members: list[JSON] | None) -> None:
    states = {**DEFINITION["States"], **change}
    if event == "WaitStateEntered":
        del states["B"]
    found = again(recorded(), {**DEFINITION, "States": states})
    assert found.difference is not None
    assert found.difference.recorded["type"] == event
    if members is not None:
        assert list(found.difference.members()) == members


def test_more_than_was_recorded_is_a_difference() -> None:
    history = recorded()
    found = again(history[:-1])
    assert found.difference is not None
    assert found.difference.recorded is None
    assert found.difference.replayed["type"] == "ExecutionSucceeded"


def test_how_data_flowed_is_told() -> None:
    found = again(recorded())
    visits = {each.state: dict(each.points) for each in found.flow.values()}
    assert visits["L"] == {
        "input": {"n": 9},
        "afterInputPath": {"n": 9},
        "afterParameters": {"n": 9},
        "afterResultPath": {"n": 9},
        "output": {"n": 9},
    }
    assert visits["R"]["choices"] == [True]


def test_an_execution_that_was_stopped_and_tokens() -> None:
    story = Story(one({"Type": "Task", "Resource": INVOKE_AND_WAIT, "Parameters": {"FunctionName": "f"}}))
    story.submit({"sent": True})
    story.stop("Enough", "of this")
    found = replay(story.machine, story.history)
    assert found.difference is None
    assert (found.execution.status, found.execution.error) == ("ABORTED", "Enough")


@pytest.mark.parametrize("history", [[], [{}], [{"id": 1, "type": "PassStateEntered"}], ["x"]])
def test_what_is_no_history_is_refused(history: list[JSON]) -> None:
    with pytest.raises(NotAHistory):
        again(history)
