"""
Redriving executions.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from pizzabar.stepfunctions.redrive import not_redrivable
from tests.stepfunctions.service import StepFunctions, step_functions
from tests.stepfunctions.stories import FUNCTION, NOON, Story, machine, one, seconds

LOOK_UP: JSON = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "bake", "Payload.$": "$"},
    "ResultSelector": {"baked.$": "$.Payload"},
    "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}],
    "End": True,
}
STATES: JSON = {"Add": {"Type": "Pass", "Result": 5, "ResultPath": "$.more", "Next": "Bake"}, "Bake": LOOK_UP}


class Oven:
    """A function that fails so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def __call__(self, event: JSON, context: object) -> JSON:
        self.failures -= 1
        if self.failures >= 0:
            raise RuntimeError("cold")
        return event


async def failed(ask: StepFunctions, states: JSON = STATES, failures: int = 2, **more: JSON) -> str:
    """Run an execution that fails."""
    ask.emulator.functions.create("bake", Oven(failures))
    arn = await ask.start(await ask.machine("baker", states), {"pizza": "funghi"}, **more)
    await ask.settled()
    await ask.advance(seconds=5)
    assert (await ask.ended(arn))["status"] == "FAILED"
    return arn


def task(**fields: JSON) -> JSON:
    return {"Type": "Task", "Resource": FUNCTION, "End": True, **fields}


# What goes on, and what it follows from; as AWS was seen to do, where nothing else is said.


def test_a_task_is_scheduled_again_without_entering_its_state() -> None:
    story = Story(machine("P", P={"Type": "Pass", "Next": "A"}, A=task()))
    story.fail("Cold")
    assert story.status == "FAILED"

    story.now += seconds(9)
    assert story.redrive() == [
        ("ExecutionRedriven", 8),
        ("LambdaFunctionScheduled", 4),
        ("LambdaFunctionStarted", 10),
    ]
    assert story.history[8]["executionRedrivenEventDetails"] == {"redriveCount": 1}
    story.succeed("warm")
    assert story.output == "warm"


def test_the_context_tells_of_the_redrive_and_of_the_first_entering() -> None:
    context = {"execution.$": "$$.Execution", "state.$": "$$.State"}
    story = Story(one(task(Parameters=context, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}])))
    story.fail("Cold")
    story.fire_timer()
    [before] = story.tasks
    assert before.parameters["state"]["RetryCount"] == 1
    assert "RedriveTime" not in before.parameters["execution"]
    story.fail("Cold")

    story.now += seconds(59)
    story.redrive()
    [after] = story.tasks
    assert after.op != before.op
    assert after.parameters["state"] == {"Name": "A", "EnteredTime": "2026-01-01T12:00:00.000Z", "RetryCount": 0}
    told = after.parameters["execution"]
    assert (told["StartTime"], told["RedriveCount"]) == ("2026-01-01T12:00:00.000Z", 1)
    assert told["RedriveTime"] == "2026-01-01T12:01:00.000Z"


def test_a_parallel_state_goes_on_in_the_branches_that_have_not_succeeded() -> None:
    names = ("Succeeded", "Failed", "Aborted")
    story = Story(one({"Type": "Parallel", "Branches": [machine(name, **{name: task()}) for name in names]}))
    story.succeed("kept")
    story.fail("Cold", task=0)
    assert story.status == "FAILED"
    entered = {
        event["stateEnteredEventDetails"]["name"]: event["id"]
        for event in story.history
        if event["type"] == "TaskStateEntered"
    }

    told = story.redrive()
    assert [event for event in told if event[0] == "LambdaFunctionScheduled"] == [
        ("LambdaFunctionScheduled", entered["Failed"]),
        ("LambdaFunctionScheduled", entered["Aborted"]),
    ]
    assert not any("Entered" in type or "State" in type for type, _ in told)
    story.succeed("aborted", task=1)
    story.succeed("failed")
    assert story.output == ["kept", "failed", "aborted"]
    assert story.events[-3:] == ["ParallelStateSucceeded", "ParallelStateExited", "ExecutionSucceeded"]


def test_a_map_state_goes_on_in_the_iterations_that_have_not_succeeded() -> None:
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": machine("I", I=task())}
    story = Story(one(each), [0, 1, 2])
    story.succeed("kept")
    story.fail("Cold")
    last = len(story.history)
    [entered] = [
        event["id"] for event in story.history if event.get("stateEnteredEventDetails", {}).get("input") == "1"
    ]

    assert story.redrive()[:2] == [("ExecutionRedriven", last), ("LambdaFunctionScheduled", entered)]
    told = len(story.history)
    story.succeed("failed")
    exited, succeeded, started, *_ = story.history[told + 1 :]
    assert [event["type"] for event in (exited, succeeded, started)] == [
        *("TaskStateExited", "MapIterationSucceeded", "MapIterationStarted")
    ]
    assert started["previousEventId"] == exited["id"]
    story.succeed("begun")
    assert story.output == ["kept", "failed", "begun"]
    assert story.events.count("MapStateStarted") == 1


def test_what_is_nested_goes_on_where_it_stood_with_its_variables() -> None:
    """Not seen on AWS, but what its words say."""
    inner = machine(
        "B",
        B={"Type": "Pass", "Assign": {"b": "{% $states.input %}"}, "Next": "I"},
        I=task(Arguments="{% [$a, $b] %}"),
    )
    each = {"Type": "Map", "Items": "{% $states.input %}", "ItemProcessor": inner, "End": True}
    branches = [machine("M", M=each), machine("W", W={"Type": "Wait", "Seconds": 60, "End": True})]
    states = machine(
        "S",
        S={"Type": "Pass", "Assign": {"a": 7}, "Next": "P"},
        P={"Type": "Parallel", "Branches": branches, "End": True},
    )
    story = Story({"QueryLanguage": "JSONata", **states}, [1, 2])
    story.succeed("one")
    story.fail("Cold")
    assert story.status == "FAILED"

    story.redrive()
    [left] = story.tasks
    assert left.parameters == [7, 2]
    story.succeed("two")
    assert story.status == "RUNNING"
    story.fire_timer()
    assert story.output == [["one", "two"], [1, 2]]


def test_a_branch_that_was_still_to_enter_a_state_enters_it() -> None:
    """A failure may come before a branch beside it has got to work; not seen on AWS."""
    only_then = {"Type": "Pass", "Parameters": {"at.$": "$$.Execution.RedriveTime"}, "End": True}
    story = Story(one({"Type": "Parallel", "Branches": [machine("F", F=only_then), machine("T", T=task())]}))
    assert story.failure[0] == "States.Runtime"
    assert "TaskStateEntered" not in story.events

    assert ("TaskStateEntered", 3) in story.redrive()
    story.succeed("done")
    assert story.output == [{"at": "2026-01-01T12:00:00.000Z"}, "done"]


def test_a_fail_state_fails_again() -> None:
    story = Story(one({"Type": "Fail", "Error": "Cold", "Cause": "snow"}))
    assert story.redrive() == [("ExecutionRedriven", 3), ("ExecutionFailed", 4)]
    assert story.failure == ("Cold", "snow")


def test_a_wait_begins_anew() -> None:
    story = Story(one({"Type": "Wait", "Seconds": 30}))
    story.now += seconds(20)
    story.stop()
    story.redrive()
    assert story.next_timer == story.now + seconds(30)
    story.fire_timer()
    assert (story.history[-2]["type"], story.history[-2]["previousEventId"]) == ("WaitStateExited", 2)


def test_a_wait_for_an_instant_that_has_passed_is_left() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states"""
    story = Story(one({"Type": "Wait", "Timestamp": "2026-01-01T12:00:30Z"}))
    story.stop()
    story.now += seconds(60)
    story.redrive()
    assert story.status == "SUCCEEDED"


def test_the_time_of_the_machine_begins_anew() -> None:
    story = Story({**one(task()), "TimeoutSeconds": 8})
    story.fire_timer()
    assert story.status == "TIMED_OUT"
    story.now += seconds(60)
    story.redrive()
    assert story.next_timer == story.now + seconds(8)


def test_what_was_too_much_is_done_again_as_a_whole() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states"""
    branches = [machine(name, **{name: task()}) for name in ("B", "C")]
    story = Story(one({"Type": "Parallel", "Branches": branches}))
    story.succeed("x" * 200_000)
    story.succeed("x" * 200_000)
    assert story.failure[0] == "States.DataLimitExceeded"
    story.redrive()
    assert len(story.tasks) == 2


def test_a_state_whose_branches_have_all_succeeded_is_left_again() -> None:
    """Not seen on AWS."""
    branches = [machine(name, **{name: task()}) for name in ("B", "C")]
    story = Story(one({"Type": "Parallel", "Branches": branches, "ResultSelector": {"x.$": "$.nope"}}))
    story.succeed(1)
    story.succeed(2)
    assert story.failure[0] == "States.Runtime"
    before = story.failure
    assert [type for type, _ in story.redrive()] == [
        *("ExecutionRedriven", "ParallelStateSucceeded", "ExecutionFailed")
    ]
    assert story.failure == before


def test_a_state_file_of_an_earlier_version_goes_on_with_the_main_line() -> None:
    story = Story(one(task()))
    story.fail("Cold")
    document = story.execution.to_json()
    [root] = document["resumes"]
    assert story.execution == type(story.execution).from_json({**document, "resumes": root})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"status": "RUNNING"}, "Execution is RUNNING and cannot be redriven"),
        ({"status": "SUCCEEDED"}, "Execution is SUCCEEDED and cannot be redriven"),
        ({"next_event": 24_999}, None),
        ({"next_event": 25_000}, "Execution history event limit exceeded"),
        ({"stopped": NOON - timedelta(days=14)}, None),
        ({"stopped": NOON - timedelta(days=15)}, "Execution redrivable period exceeded"),
        ({"started": NOON - timedelta(days=366)}, "Execution has exceeded the max execution time"),
        ({"redrives": 1000}, "Execution redrive limit exceeded"),
        ({"resumes": ()}, "Execution was started before the launch of RedriveExecution"),
    ],
)
def test_why_an_execution_cannot_be_redriven(changes: JSON, reason: str | None) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html"""
    story = Story(one(task()))
    story.fail("Cold")
    assert not_redrivable(replace(story.execution, **changes), NOON) == reason


# Through the API.


async def test_an_execution_goes_on_where_it_failed() -> None:
    async with step_functions() as ask:
        arn = await failed(ask)
        before = await ask.types(arn)
        assert (await ask.ended(arn))["redriveStatus"] == "REDRIVABLE"
        asked = await ask("RedriveExecution", executionArn=arn)
        ended = await ask.ended(arn)
        assert ended["status"] == "SUCCEEDED"
        assert json.loads(ended["output"]) == {"baked": {"pizza": "funghi", "more": 5}}
        assert (ended["redriveCount"], ended["redriveDate"]) == (1, asked["redriveDate"])
        assert (ended["redriveStatus"], "redriveStatusReason" in ended) == ("NOT_REDRIVABLE", True)
        types = await ask.types(arn)
        assert types[: len(before)] == before
        assert types[len(before) :] == [
            *("ExecutionRedriven", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"),
            "ExecutionSucceeded",
        ]
        ids = [event["id"] for event in await ask.events(arn)]
        assert ids == list(range(1, len(ids) + 1))


async def test_retries_are_counted_anew() -> None:
    async with step_functions() as ask:
        arn = await failed(ask, failures=3)
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=2)
        assert (await ask.ended(arn))["status"] == "SUCCEEDED"


async def test_an_execution_may_fail_again() -> None:
    async with step_functions() as ask:
        arn = await failed(ask, failures=100)
        for count in (1, 2):
            await ask("RedriveExecution", executionArn=arn)
            await ask.settled()
            await ask.advance(seconds=2)
            ended = await ask.ended(arn)
            assert (ended["status"], ended["redriveCount"]) == ("FAILED", count)


async def test_what_was_stopped_or_was_too_long_goes_on_too() -> None:
    async with step_functions() as ask:
        waits: JSON = {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}
        arn = await ask.start(await ask.machine("waiter", waits))
        await ask("StopExecution", executionArn=arn)
        await ask("RedriveExecution", executionArn=arn)
        await ask.advance(seconds=31)
        assert (await ask.ended(arn))["status"] == "SUCCEEDED"


async def test_it_keeps_its_own_definition_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with step_functions(state) as ask:
        arn = await failed(ask)
        other = json.dumps({"StartAt": "No", "States": {"No": {"Type": "Fail"}}})
        machine = (await ask.ended(arn))["stateMachineArn"]
        before = await ask("DescribeStateMachineForExecution", executionArn=arn)
        assert json.loads(before["definition"])["States"] == STATES
        await ask("UpdateStateMachine", stateMachineArn=machine, definition=other)
        assert await ask("DescribeStateMachineForExecution", executionArn=arn) == before
    async with step_functions(state) as ask:
        ask.emulator.functions.create("bake", Oven(1))
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
    async with step_functions(state) as ask:
        ask.emulator.functions.create("bake", Oven(0))
        await ask.advance(seconds=5)
        ended = await ask.ended(arn)
        assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 1)


async def test_a_token_redrives_once(tmp_path: Path) -> None:
    """As AWS was seen to do: whatever has become of the execution since, and with no other token in between."""
    state = tmp_path / "state.db"
    async with step_functions(state) as ask:
        arn = await failed(ask, failures=100)
        first = await ask("RedriveExecution", executionArn=arn, clientToken="one")
        assert await ask("RedriveExecution", executionArn=arn, clientToken="one") == first
        running = await ask.fails("RedriveExecution", executionArn=arn, clientToken="two")
        assert running == (
            f"ExecutionNotRedrivable: Execution {arn} invalid for redrive as: Execution is RUNNING and cannot be"
            " redriven"
        )
        await ask.advance(seconds=5)
    async with step_functions(state) as ask:
        ask.emulator.functions.create("bake", Oven(1))
        assert await ask("RedriveExecution", executionArn=arn, clientToken="one") == first
        assert (await ask.ended(arn))["redriveCount"] == 1
        second = await ask("RedriveExecution", executionArn=arn, clientToken="two")
        assert second != first
        await ask.settled()
        await ask.advance(seconds=5)
        assert await ask("RedriveExecution", executionArn=arn, clientToken="one") == first
        ended = await ask.ended(arn)
        assert (ended["status"], ended["redriveCount"]) == ("SUCCEEDED", 2)


async def test_a_token_is_forgotten_after_a_quarter_of_an_hour() -> None:
    async with step_functions() as ask:
        arn = await failed(ask, failures=100)
        first = await ask("RedriveExecution", executionArn=arn, clientToken="one")
        await ask.settled()
        await ask.advance(minutes=16)
        assert await ask("RedriveExecution", executionArn=arn, clientToken="one") != first
        assert (await ask.ended(arn))["redriveCount"] == 2


async def test_what_cannot_be_redriven() -> None:
    async with step_functions() as ask:
        arn = await failed(ask)
        await ask.advance(days=15)
        assert (await ask.fails("RedriveExecution", executionArn=arn)).endswith(
            "Execution redrivable period exceeded"
        )
        done = await ask.start(await ask.machine("done", {"Yes": {"Type": "Succeed"}}))
        assert (await ask.fails("RedriveExecution", executionArn=done)).startswith("ExecutionNotRedrivable: ")
        fault = await ask.fails("RedriveExecution", executionArn=f"{done}0")
        assert fault.startswith("ExecutionDoesNotExist: ")


async def test_the_executions_of_a_machine_are_not_listed_by_whether_they_were_redriven() -> None:
    """As AWS was seen to answer; those of a map run are."""
    async with step_functions() as ask:
        machine = (await ask.ended(await failed(ask)))["stateMachineArn"]
        fault = await ask.fails("ListExecutions", stateMachineArn=machine, redriveFilter="REDRIVEN")
        assert fault == (
            "ValidationException: RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN"
        )


async def test_an_execution_is_told_without_its_data() -> None:
    async with step_functions() as ask:
        arn = await ask.start(await ask.machine("done", {"Yes": {"Type": "Succeed"}}), {"a": 1})
        await ask.settled()
        described = await ask("DescribeExecution", executionArn=arn, includedData="METADATA_ONLY")
        assert described["inputDetails"] == described["outputDetails"] == {"included": False}
        assert described.keys().isdisjoint({"input", "output"})
        told = await ask("GetExecutionHistory", executionArn=arn, includeExecutionData=False)
        assert '"a"' not in json.dumps(told)
        assert '\\"a\\"' in json.dumps(await ask.events(arn))
