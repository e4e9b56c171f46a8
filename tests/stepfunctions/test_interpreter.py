"""The interpreter, state by state. https://states-language.net/spec.html#state-types"""

from datetime import timedelta
from importlib.resources import files

import pytest

from pizzabar.documents import JSON, parse
from pizzabar.stepfunctions.interpreter import (
    RunTask,
    StartTimer,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    is_waiting,
    read_task_token,
    task_token,
)
from tests.stepfunctions.stories import (
    INVOKE,
    INVOKE_AND_WAIT,
    NOON,
    PUT_EVENTS,
    Story,
    failure,
    machine,
    one,
    run,
    seconds,
)

TASK: JSON = {"Type": "Task", "Resource": INVOKE}
CAUGHT: JSON = {"Type": "Pass", "End": True}


def caught(*errors: str, **fields: JSON) -> JSON:
    return [{"ErrorEquals": list(errors), "Next": "B", **fields}]


# Task, Wait.


def test_a_task_is_run_and_then_a_wait_begins() -> None:
    story = Story(machine("A", A={**TASK, "Next": "B"}, B={"Type": "Wait", "Seconds": 5, "End": True}), {"n": 1})
    assert list(story.commands) == [RunTask(1, INVOKE, {"n": 1})]

    story.succeed({"n": 2})

    assert list(story.commands) == [StartTimer(2, NOON + seconds(5), is_wait=True)]
    assert story.events[-3:] == ["TaskSucceeded", "TaskStateExited", "WaitStateEntered"]


@pytest.mark.parametrize(
    ("fields", "input", "wait"),
    [
        ({"Seconds": 5}, {}, 5),
        ({"SecondsPath": "$.s"}, {"s": 7}, 7),
        ({"SecondsPath": "$.a.s", "InputPath": "$.i"}, {"i": {"a": {"s": 3}}}, 3),
        ({"Timestamp": "2026-01-01T12:00:09Z"}, {}, 9),
        ({"TimestampPath": "$.t"}, {"t": "2026-01-01T14:00:01.5+02:00"}, 1.5),
    ],
)
def test_a_wait_ends_at_its_time(fields: JSON, input: JSON, wait: float) -> None:
    story = Story(one({"Type": "Wait", **fields}), input)
    assert story.next_timer == NOON + seconds(wait)

    story.fire_timer()

    assert story.output == input.get("i", input)


@pytest.mark.parametrize("fields", [{"Seconds": 0}, {"Timestamp": "2025-01-01T00:00:00Z"}])
def test_a_wait_that_is_over_already_does_not_wait(fields: JSON) -> None:
    assert Story(one({"Type": "Wait", **fields})).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"SecondsPath": "$.f"}, "The SecondsPath parameter cannot be parsed as a long value: $.f == 1.5"),
        ({"SecondsPath": "$.t"}, "The SecondsPath parameter cannot be parsed as a long value: $.t == soon"),
        ({"SecondsPath": "$.n"}, "The SecondsPath parameter references a negative value: $.n == -1"),
        (
            {"TimestampPath": "$.t"},
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
            "string: $.t == soon",
        ),
    ],
)
def test_a_wait_for_nothing_of_the_kind_fails(fields: JSON, cause: str) -> None:
    error, told = failure(one({"Type": "Wait", **fields}), {"f": 1.5, "t": "soon", "n": -1})

    assert error == "States.Runtime"
    assert told is not None
    assert told.endswith(cause)


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    story = Story(one(TASK))

    for occurrence in (TaskSucceeded(9, 1), TaskFailed(9), TimerFired(1), TaskHeartbeat(1), TaskSubmitted(9, 1)):
        before = story.execution
        step = story.tell(occurrence)
        assert step.execution is before
        assert (step.commands, step.history) == ((), ())


# Fail, Succeed.


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Error": "Oven.Cold", "Cause": "No wood"}, ("Oven.Cold", "No wood")),
        ({}, (None, None)),
        ({"ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}, ("E", "C!")),
    ],
)
def test_a_fail_state_tells_error_and_cause(fields: JSON, expected: JSON) -> None:
    assert failure(machine("A", A={"Type": "Fail", **fields}), {"e": "E", "c": "C"}) == expected


def test_an_endless_loop_ends_when_the_history_is_full() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "B"}], "Default": "A"}

    story = Story(machine("A", A=choice, B={"Type": "Succeed"}))

    assert len(story.history) == 25_000
    assert story.history[-1]["type"] == "ExecutionFailed"
    assert story.failure == (
        "States.Runtime",
        "The execution reached the maximum number of history events (25000).",
    )


# Retry and Catch.


def test_a_second_failure_waits_twice_as_long() -> None:
    story = Story(one({**TASK, "Retry": [{"ErrorEquals": ["Oven.Cold"], "IntervalSeconds": 2}]}))
    story.fail("Oven.Cold")
    assert story.timers == [StartTimer(2, NOON + seconds(2), is_wait=True)]
    story.fire_timer()

    story.fail("Oven.Cold")

    assert story.next_timer == NOON + seconds(6)


def test_each_retrier_counts_for_itself_and_then_the_catchers_are_asked() -> None:
    retriers = [{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    story = Story(
        one({**TASK, "Retry": retriers, "Catch": caught("States.ALL", ResultPath="$.error")}, B=CAUGHT), {"n": 1}
    )

    for error in ("A", "X"):
        story.fail(error)
        story.fire_timer()
    story.fail("A", "again")

    assert story.output == {"n": 1, "error": {"Error": "A", "Cause": "again"}}


def test_the_context_object_counts_the_retries() -> None:
    state = {**TASK, "Parameters": {"Payload.$": "$$.State.RetryCount"}, "Retry": [{"ErrorEquals": ["States.ALL"]}]}
    story = Story(one(state))

    story.fail("X")
    story.fire_timer()

    assert story.tasks[0].parameters == {"Payload": 1}


def test_a_state_entered_again_counts_anew() -> None:
    retry = [{"ErrorEquals": ["X"], "MaxAttempts": 1}]
    back = [{"ErrorEquals": ["X"], "Next": "A"}]
    story = Story(machine("A", A={**TASK, "Retry": retry, "Catch": back, "Next": "B"}, B={"Type": "Succeed"}))
    story.fail("X")
    story.fire_timer()
    story.fail("X")

    story.fail("X")

    assert len(story.timers) == 1


def test_jitter_shortens_a_delay_and_is_the_same_each_time() -> None:
    definition = one({**TASK, "Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 100, "JitterStrategy": "FULL"}]})
    stories = Story(definition), Story(definition)
    for story in stories:
        story.fail("X")

    assert stories[0].next_timer == stories[1].next_timer
    assert NOON < stories[0].next_timer < NOON + seconds(100)


def test_an_error_that_nobody_handles_fails_the_execution() -> None:
    story = Story(one({**TASK, "Catch": caught("Y")}, B=CAUGHT))

    story.fail("X", "because")

    assert story.failure == ("X", "because")
    assert story.events[-2:] == ["TaskFailed", "ExecutionFailed"]


def test_a_runtime_error_passes_a_catcher_of_all() -> None:
    state = {**TASK, "Parameters": {"Payload.$": "$.a"}, "Catch": caught("States.ALL")}

    assert failure(one(state, B=CAUGHT))[0] == "States.Runtime"


def test_a_catcher_may_name_a_runtime_error() -> None:
    state = {**TASK, "Parameters": {"Payload.$": "$.a"}, "Catch": caught("States.Runtime", ResultPath="$.e")}

    assert run(one(state, B=CAUGHT))["e"]["Error"] == "States.Runtime"


def test_a_result_that_has_no_place_is_caught() -> None:
    story = Story(one({**TASK, "ResultPath": "$.a.b", "Catch": caught("States.ALL")}, B=CAUGHT), {"a": 1})

    story.succeed()

    assert story.output["Error"] == "States.ResultPathMatchFailure"


def test_a_result_that_is_too_large_is_not_taken() -> None:
    story = Story(one({**TASK, "Catch": caught("States.ALL")}, B=CAUGHT))

    story.succeed("x" * 262_143)

    assert story.failure[0] == "States.DataLimitExceeded"


def test_what_cannot_be_caught_in_its_place_goes_further() -> None:
    state = {**TASK, "Catch": caught("States.ALL", ResultPath="$.a.b")}
    story = Story(one(state, B=CAUGHT), {"a": 1})

    story.fail("X")

    assert story.failure[0] == "States.ResultPathMatchFailure"


# Time-outs, heartbeats, tokens.


def test_a_task_that_takes_too_long_times_out() -> None:
    story = Story(one({**TASK, "TimeoutSeconds": 60}))
    assert story.commands == (
        RunTask(1, INVOKE, {}, timeout_seconds=60),
        StartTimer(2, NOON + seconds(60), is_wait=False),
    )

    story.fire_timer()

    assert story.failure == ("States.Timeout", None)
    assert story.events[-2:] == ["TaskTimedOut", "ExecutionFailed"]


def test_a_time_out_may_come_from_the_input() -> None:
    story = Story(one({**TASK, "TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h"}), {"t": 9, "h": 4})

    assert [timer.when for timer in story.timers] == [NOON + seconds(9), NOON + seconds(4)]


@pytest.mark.parametrize("input", [{"t": 0}, {"t": "5"}, {"t": 1.5}, {}])
def test_a_time_out_from_the_input_must_be_one(input: JSON) -> None:
    assert failure(one({**TASK, "TimeoutSecondsPath": "$.t"}), input)[0] == "States.Runtime"


def test_a_heartbeat_gives_more_time() -> None:
    story = Story(one({"Type": "Task", "Resource": INVOKE_AND_WAIT, "HeartbeatSeconds": 10}))
    first = story.timers[0]
    story.now += seconds(8)

    story.beat(story.tasks[0].op)

    assert [timer.when for timer in story.timers] == [NOON + seconds(18)]
    assert story.tell(TimerFired(first.op)).history == ()


@pytest.mark.parametrize("named", ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"])
def test_a_missed_heartbeat_answers_to_both_names_and_reads_as_a_time_out(named: str) -> None:
    state = {"Type": "Task", "Resource": INVOKE_AND_WAIT, "HeartbeatSeconds": 10, "Catch": caught(named)}
    story = Story(one(state, B=CAUGHT))

    story.fire_timer()

    assert story.output == {"Error": "States.Timeout"}


def test_an_execution_that_takes_too_long_is_timed_out() -> None:
    story = Story({**one(TASK), "TimeoutSeconds": 30})
    assert story.timers == [StartTimer(1, NOON + seconds(30), is_wait=False)]

    story.fire_timer()

    assert story.status == "TIMED_OUT"
    assert story.events[-1] == "ExecutionTimedOut"
    assert story.execution.stopped == NOON + seconds(30)


def test_a_task_with_a_token_waits_beyond_its_call() -> None:
    state = {
        "Type": "Task",
        "Resource": INVOKE_AND_WAIT,
        "Parameters": {"Payload.$": "$$.Task.Token"},
    }
    story = Story(one(state))
    (task,) = story.tasks
    assert task.token == task.parameters["Payload"] == task_token(story.execution, task.op)
    assert read_task_token(task.token) == (story.execution.arn, task.op)

    story.submit({"StatusCode": 200})
    assert story.tasks == []
    assert is_waiting(story.execution, task.op)
    story.tell(TaskSucceeded(task.op, "baked"))

    assert story.output == "baked"
    assert story.events[3:7] == ["TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited"]
    assert not is_waiting(story.execution, task.op)


def test_a_token_may_be_answered_before_its_call_returns() -> None:
    story = Story(one({"Type": "Task", "Resource": INVOKE_AND_WAIT}))
    op = story.tasks[0].op

    story.tell(TaskSucceeded(op, "baked"))

    assert story.tell(TaskSubmitted(op, {})).history == ()
    assert story.output == "baked"


@pytest.mark.parametrize("token", ["", "x", "äöü", "AAAA", "A" * 80, "!" * 60])
def test_what_is_no_token_names_no_task(token: str) -> None:
    assert read_task_token(token) is None


def test_a_stopped_execution_is_aborted() -> None:
    story = Story(one(TASK))

    story.stop("Closed", "Monday")

    assert (story.status, story.execution.error, story.execution.cause) == ("ABORTED", "Closed", "Monday")
    assert story.history[-1]["executionAbortedEventDetails"] == {"error": "Closed", "cause": "Monday"}
    assert story.tasks == []
    before = story.execution
    assert story.tell(TaskSucceeded(1, 1)).execution is before


# Parallel.


def branch(state: JSON, name: str) -> JSON:
    return machine(name, **{name: {**state, "End": True}})


PARALLEL: JSON = {"Type": "Parallel", "Branches": [branch(TASK, "Oven"), branch(TASK, "Till")]}


def test_the_outputs_of_branches_stand_in_the_order_of_the_branches() -> None:
    story = Story(one({**PARALLEL, "Parameters": {"n.$": "$.n"}, "ResultPath": "$.all"}), {"n": 1})
    assert [task.parameters for task in story.tasks] == [{"n": 1}, {"n": 1}]

    story.succeed("paid", task=1)
    story.succeed("baked")

    assert story.output == {"n": 1, "all": ["baked", "paid"]}


def test_the_first_branch_that_fails_ends_the_others() -> None:
    story = Story(one({**PARALLEL, "Catch": caught("States.ALL")}, B=CAUGHT))
    late = story.tasks[1].op

    story.fail("Oven.Cold", "No wood")

    assert story.output == {"Error": "Oven.Cold", "Cause": "No wood"}
    assert story.tell(TaskSucceeded(late, "paid")).history == ()
    assert [event for event in story.events if "Abort" in event or "Failed" in event] == [
        "TaskFailed",
        "TaskStateAborted",
        "TaskStateAborted",
        "ParallelStateFailed",
    ]


def test_a_parallel_state_is_retried_as_a_whole() -> None:
    story = Story(one({**PARALLEL, "Retry": [{"ErrorEquals": ["States.ALL"]}]}))
    story.succeed("baked")
    story.fail("Till.Shut")
    assert story.tasks == []

    story.fire_timer()

    assert len(story.tasks) == 2
    story.succeed("baked")
    story.succeed("paid")
    assert story.output == ["baked", "paid"]


def test_a_branch_may_hold_branches() -> None:
    inner = {"Type": "Parallel", "Branches": [branch(TASK, "Oven"), branch({"Type": "Pass", "Result": 1}, "P")]}
    story = Story(one({"Type": "Parallel", "Branches": [branch(inner, "Inner"), branch(TASK, "Till")]}))

    story.fail("Till.Shut", task=1)

    assert story.failure == ("Till.Shut", None)
    assert story.execution.branches == {}


# Map.


def map_state(state: JSON, **fields: JSON) -> JSON:
    return {"Type": "Map", "ItemProcessor": branch(state, "Each"), **fields}


def test_a_map_state_goes_through_its_items() -> None:
    state = map_state(
        TASK, ItemsPath="$.items", ItemSelector={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "n.$": "$.n"}
    )
    story = Story(one(state), {"items": ["a", "b"], "n": 7})
    assert [task.parameters for task in story.tasks] == [{"i": 0, "v": "a", "n": 7}, {"i": 1, "v": "b", "n": 7}]

    story.succeed("B", task=1)
    story.succeed("A")

    assert story.output == ["A", "B"]


def test_the_states_of_an_iteration_see_its_item() -> None:
    state = map_state({"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}})

    assert run(one(state), ["a", "b"]) == [{"i": 0, "v": "a"}, {"i": 1, "v": "b"}]


def test_the_old_names_of_a_map_state_are_understood() -> None:
    state = {"Type": "Map", "Iterator": branch({"Type": "Pass"}, "Each"), "Parameters": {"v.$": "$$.Map.Item.Value"}}

    assert run(one(state), [1, 2]) == [{"v": 1}, {"v": 2}]


def test_a_map_state_without_items_gives_an_empty_array() -> None:
    story = Story(one(map_state(TASK)), [])

    assert story.output == []
    assert story.events[2:4] == ["MapStateStarted", "MapStateSucceeded"]


@pytest.mark.parametrize(
    ("limit", "at_work"), [({"MaxConcurrency": 2}, 2), ({"MaxConcurrencyPath": "$.m"}, 3), ({}, 40)]
)
def test_only_so_many_iterations_are_at_work(limit: JSON, at_work: int) -> None:
    story = Story(one(map_state(TASK, ItemsPath="$.items", **limit)), {"items": list(range(50)), "m": 3})
    most = 0

    while story.status == "RUNNING":
        most = max(most, len(story.tasks))
        story.succeed(story.tasks[-1].parameters, task=-1)

    assert most == at_work
    assert story.output == list(range(50))


def test_an_iteration_that_fails_aborts_the_others() -> None:
    story = Story(one(map_state(TASK)), [1, 2])

    story.fail("X", task=1)

    assert story.failure == ("X", None)
    assert story.events[-7:] == [
        "TaskFailed",
        "TaskStateAborted",
        "MapIterationFailed",
        "TaskStateAborted",
        "MapIterationAborted",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_items_must_be_an_array() -> None:
    error, cause = failure(one(map_state(TASK, ItemsPath="$.items")), {"items": 3})

    assert error == "States.Runtime"
    assert cause is not None
    assert cause.endswith('Reference path "$.items" must point to array.')


def test_maps_within_maps_see_the_nearest_item() -> None:
    inner = {
        "Type": "Map",
        "ItemProcessor": branch({"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value"}}, "Inner"),
    }

    assert run(one(map_state(inner)), [[1, 2], [3]]) == [[{"v": 1}, {"v": 2}], [{"v": 3}]]


def test_a_long_way_is_gone_without_going_deep() -> None:
    states = {f"P{n}": {"Type": "Pass", "Next": f"P{n + 1}"} for n in range(3000)}

    assert run(machine("P0", **states, P3000={"Type": "Succeed"}), 5) == 5


def test_the_pizzeria_takes_an_order_from_oven_to_door() -> None:
    definition = parse(files("pizzabar.pizzeria").joinpath("order-flow.asl.json").read_text())
    story = Story(definition, {"connectionId": "L0SM9cOFvHcCIhw=", "data": {"pizza": "margherita"}})
    told = []

    while story.status == "RUNNING":
        if story.tasks:
            assert story.tasks[0].resource == PUT_EVENTS
            told.append(story.tasks[0].parameters["Entries"][0]["Detail"]["status"])
            story.succeed({"Entries": [{"EventId": "1"}], "FailedEntryCount": 0})
        else:
            story.fire_timer()

    assert told == [
        "order accepted",
        "order is now being prepared",
        "order is undergoing the baking process",
        "order is packed",
        "order is sent for delivery",
        "order delivered",
    ]
    assert story.now == NOON + timedelta(seconds=25)
    assert story.output == {"connectionId": "L0SM9cOFvHcCIhw=", "data": {"pizza": "margherita"}}


def test_thousands_of_items_are_gone_through() -> None:
    items = list(range(6000))

    assert run(one({"Type": "Map", "ItemProcessor": machine("I", I={"Type": "Succeed"})}), items) == items


def test_more_items_than_the_history_has_room_for_fail_the_execution() -> None:
    state = {"Type": "Map", "ItemProcessor": machine("I", I={"Type": "Succeed"})}

    assert failure(one(state), list(range(10_000)))[0] == "States.Runtime"


@pytest.mark.parametrize("count", [1, 39, 40, 41, 79, 81, 500])
def test_a_map_comes_to_its_end_whatever_the_number_of_its_items(count: int) -> None:
    processor = machine("I", I={"Type": "Pass", "End": True})
    items = list(range(count))
    assert run(one({"Type": "Map", "ItemProcessor": processor}), items) == items
