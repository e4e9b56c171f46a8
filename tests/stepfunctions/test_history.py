"""The history of an execution.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from typing import Any

import botocore.loaders
import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.stories import FUNCTION, INVOKE, INVOKE_AND_WAIT, PUT_EVENTS, Story, machine, one

UNTRUNCATED = {"truncated": False}


def test_a_task_in_all_its_events() -> None:
    story = Story(one({"Type": "Task", "Resource": PUT_EVENTS, "TimeoutSeconds": 9, "HeartbeatSeconds": 3}), {"n": 1})
    story.succeed({"ok": True})

    named = {"resourceType": "events", "resource": "putEvents"}
    expected: list[tuple[str, int, str | None, JSON]] = [
        (
            "ExecutionStarted",
            0,
            "executionStartedEventDetails",
            {
                "input": '{"n":1}',
                "inputDetails": UNTRUNCATED,
                "roleArn": "arn:aws:iam::123456789012:role/baker",
            },
        ),
        (
            "TaskStateEntered",
            0,
            "stateEnteredEventDetails",
            {"name": "A", "input": '{"n":1}', "inputDetails": UNTRUNCATED},
        ),
        (
            "TaskScheduled",
            2,
            "taskScheduledEventDetails",
            {
                **named,
                "region": "us-east-1",
                "parameters": '{"n":1}',
                "timeoutInSeconds": 9,
                "heartbeatInSeconds": 3,
            },
        ),
        ("TaskStarted", 3, "taskStartedEventDetails", named),
        (
            "TaskSucceeded",
            4,
            "taskSucceededEventDetails",
            {**named, "output": '{"ok":true}', "outputDetails": UNTRUNCATED},
        ),
        (
            "TaskStateExited",
            5,
            "stateExitedEventDetails",
            {"name": "A", "output": '{"ok":true}', "outputDetails": UNTRUNCATED},
        ),
        (
            "ExecutionSucceeded",
            6,
            "executionSucceededEventDetails",
            {"output": '{"ok":true}', "outputDetails": UNTRUNCATED},
        ),
    ]
    assert story.history == [
        {"timestamp": 1767268800.0, "type": type_, "id": id_, "previousEventId": previous, field: details}
        for id_, (type_, previous, field, details) in enumerate(expected, 1)
    ]


def test_a_function_has_events_of_its_own() -> None:
    story = Story(
        one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 9, "Retry": [{"ErrorEquals": ["X"]}]}), [1]
    )
    story.fail("X", "c")
    story.fire_timer()
    story.succeed("baked")

    assert story.events[2:] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert story.history[2]["lambdaFunctionScheduledEventDetails"] == {
        "resource": FUNCTION,
        "input": "[1]",
        "inputDetails": UNTRUNCATED,
        "timeoutInSeconds": 9,
    }


PASS: JSON = {"Type": "Pass", "End": True}
RULES: JSON = [{"Variable": "$.x", "IsPresent": True, "Next": "B"}]


@pytest.mark.parametrize(
    ("definition", "events"),
    [
        (one({"Type": "Pass"}), ["PassStateEntered", "PassStateExited", "ExecutionSucceeded"]),
        (
            machine("A", A={"Type": "Choice", "Choices": RULES, "Default": "B"}, B={"Type": "Fail"}),
            ["ChoiceStateEntered", "ChoiceStateExited", "FailStateEntered", "ExecutionFailed"],
        ),
        (one({"Type": "Wait", "Seconds": 0}), ["WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]),
        (one({"Type": "Succeed"}), ["SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]),
        (
            one({"Type": "Parallel", "Branches": [machine("P", P=PASS)]}),
            [
                "ParallelStateEntered",
                "ParallelStateStarted",
                "PassStateEntered",
                "PassStateExited",
                "ParallelStateSucceeded",
                "ParallelStateExited",
                "ExecutionSucceeded",
            ],
        ),
        (
            one({"Type": "Map", "ItemsPath": "$.i", "ItemProcessor": machine("P", P=PASS)}),
            [
                "MapStateEntered",
                "MapStateStarted",
                "MapIterationStarted",
                "PassStateEntered",
                "PassStateExited",
                "MapIterationSucceeded",
                "MapStateSucceeded",
                "MapStateExited",
                "ExecutionSucceeded",
            ],
        ),
    ],
)
def test_each_type_of_state_has_its_events(definition: JSON, events: list[str]) -> None:
    assert Story(definition, {"i": [1]}).events == ["ExecutionStarted", *events]


def history_of_everything() -> list[JSON]:
    """Give a history with most types of events."""
    retried = {"Type": "Task", "Resource": INVOKE_AND_WAIT, "TimeoutSeconds": 5, "End": True}
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "M"}]
    function = {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 5, "End": True}
    parallel = {"Type": "Parallel", "Branches": [machine("P", P=retried), machine("Q", Q=function)], "Catch": caught}
    invoke = {"Type": "Task", "Resource": INVOKE, "End": True}
    story = Story(
        machine(
            "A",
            A={**parallel, "End": True},
            M={
                "Type": "Map",
                "ItemsPath": "$$.Execution.Input",
                "ItemProcessor": machine("I", I=invoke),
                "End": True,
            },
        ),
        [1, 2, 3],
    )
    story.submit({})
    story.fire_timer()
    story.succeed(1)
    story.fail("X", "c")
    return story.history


def test_events_have_the_members_that_the_model_of_the_api_names() -> None:
    """The model is botocore's, which AWS publishes."""
    model: Any = botocore.loaders.Loader().load_service_model("stepfunctions", "service-2")
    shapes = model["shapes"]
    for event in history_of_everything():
        assert event["type"] in shapes["HistoryEventType"]["enum"]
        for member, value in event.items():
            shape = shapes[shapes["HistoryEvent"]["members"][member]["shape"]]
            if shape["type"] == "structure":
                assert set(value) <= set(shape["members"])
                assert set(shape.get("required", ())) <= set(value)


def test_events_are_numbered_and_follow_from_earlier_ones() -> None:
    history = history_of_everything()

    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert all(event["previousEventId"] < event["id"] for event in history)
    assert [event["id"] for event in history if event["previousEventId"] == 0] == [1, 2]


def test_what_each_event_of_branches_and_iterations_follows_from() -> None:
    # As AWS was seen to number them.
    branch = machine("A1", A1={"Type": "Pass", "End": True})
    each = {"Type": "Map", "ItemsPath": "$[0].items", "MaxConcurrency": 1, "End": True}
    story = Story(
        machine(
            "P",
            P={"Type": "Parallel", "Branches": [branch], "Next": "M"},
            M={**each, "ItemProcessor": machine("I1", I1={"Type": "Pass", "End": True})},
        ),
        {"items": [1, 2]},
    )
    previous = [event["previousEventId"] for event in story.history]
    assert previous == [0, 0, 2, 3, 4, 5, 5, 7, 8, 9, 10, 11, 12, 9, 14, 15, 16, 17, 17, 19]


def test_a_failure_that_nobody_may_catch_ends_the_execution_at_once() -> None:
    branch = machine("Fast", Fast={"Type": "Pass", "Parameters": {"m.$": "$.nope"}, "End": True})
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    story = Story(
        one({"Type": "Parallel", "Branches": [branch], "Catch": caught, "End": True}, B={"Type": "Succeed"}),
        {"x": "a"},
    )
    assert story.events[2:] == ["ParallelStateStarted", "PassStateEntered", "ExecutionFailed"]
    assert story.history[-1]["previousEventId"] == 4
    assert story.execution.cause == (
        "An error occurred while executing the state 'Fast' (entered at the event id #4). The JSONPath '$.nope' "
        """specified for the field 'm.$' could not be found in the input '{"x":"a"}'"""
    )


BOOM = machine("Boom", Boom={"Type": "Fail", "Error": "MyError", "Cause": "my cause"})
UNDEFINED: JSON = {"Type": "Pass", "Output": {"v": "{% $states.input.missing %}"}, "End": True}


def parallel(branch: JSON, **fields: JSON) -> JSON:
    more = {"B": {"Type": "Pass", "End": True}} if "Catch" in fields else {}
    return one({"Type": "Parallel", "Branches": [branch], "End": True, **fields}, **more)


def told(story: Story) -> list[tuple[str, int]]:
    return [(event["type"], event["previousEventId"]) for event in story.history]


def test_how_failures_within_branches_are_told() -> None:
    # As AWS was seen to tell them.
    start = [("ExecutionStarted", 0), ("ParallelStateEntered", 0), ("ParallelStateStarted", 2)]
    assert told(Story(parallel(BOOM))) == [
        *start,
        ("FailStateEntered", 3),
        ("ParallelStateFailed", 4),
        ("ExecutionFailed", 5),
    ]
    retried = Story(parallel(BOOM, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]))
    retried.fire_timer()
    assert told(retried)[3:] == [
        ("FailStateEntered", 3),
        ("ParallelStateStarted", 4),
        ("FailStateEntered", 5),
        ("ParallelStateFailed", 6),
        ("ExecutionFailed", 7),
    ]
    task = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}, "End": True}
    send = machine("Send", Send=task)
    caught = Story(parallel(send, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B"}]))
    caught.fail("X", "why")
    assert told(caught)[6:] == [
        ("TaskFailed", 6),
        ("TaskStateAborted", 7),
        ("ParallelStateFailed", 7),
        ("ParallelStateExited", 9),
        ("PassStateEntered", 10),
        ("PassStateExited", 11),
        ("ExecutionSucceeded", 12),
    ]
    inner = machine("I", I={"Type": "Pass", "End": True})
    selected = Story(parallel(inner, ResultSelector={"m.$": "$.no"}))
    assert told(selected)[3:] == [
        ("PassStateEntered", 3),
        ("PassStateExited", 4),
        ("ParallelStateSucceeded", 5),
        ("ExecutionFailed", 6),
    ]


def test_how_failures_of_expressions_are_told() -> None:
    # As AWS was seen to tell them.
    each = {"Type": "Map", "Items": "{% $states.input %}", "MaxConcurrency": 1, "End": True}
    story = Story({"QueryLanguage": "JSONata", **one({**each, "ItemProcessor": machine("U", U=UNDEFINED)})}, [1, 2])
    assert told(story)[3:] == [
        ("MapIterationStarted", 3),
        ("PassStateEntered", 4),
        ("EvaluationFailed", 5),
        ("MapIterationFailed", 6),
        ("MapStateFailed", 6),
        ("ExecutionFailed", 8),
    ]
    fan = {**each, "Items": "{% $states.input.x %}", "ItemProcessor": machine("U", U=UNDEFINED)}
    assert told(Story({"QueryLanguage": "JSONata", **one(fan)}))[2:] == [
        ("EvaluationFailed", 2),
        ("MapStateFailed", 3),
        ("ExecutionFailed", 4),
    ]
    catch = [{"ErrorEquals": ["States.ALL"], "Output": {"v": "{% $states.input.missing %}"}, "Next": "B"}]
    story = Story({"QueryLanguage": "JSONata", **parallel(BOOM, Catch=catch)})
    assert told(story)[3:] == [
        ("FailStateEntered", 3),
        ("ParallelStateFailed", 4),
        ("EvaluationFailed", 4),
        ("ParallelStateFailed", 6),
        ("ExecutionFailed", 7),
    ]


def test_what_ends_an_execution_from_outside_follows_from_nothing() -> None:
    wait = {**one({"Type": "Wait", "Seconds": 60}), "TimeoutSeconds": 5}
    story = Story(wait)
    story.fire_timer()
    assert told(story)[-1] == ("ExecutionTimedOut", 0)
    assert story.history[-1]["executionTimedOutEventDetails"] == {"error": "States.Timeout"}
    assert (story.execution.status, story.execution.error) == ("TIMED_OUT", None)
    story = Story(wait)
    story.stop()
    assert told(story)[-1] == ("ExecutionAborted", 0)
    assert story.history[-1]["executionAbortedEventDetails"] == {}
