"""The exact form of an execution as JSON, which durable executions are kept in."""

from datetime import timedelta

from pizzabar.documents import JSON, encode, parse
from pizzabar.stepfunctions.execution import (
    CHUNK,
    Branch,
    Execution,
    Outputs,
    Timer,
    Waiting,
    WaitingForBranches,
    WaitingForTask,
    WaitingForTimer,
)
from tests.stepfunctions.stories import NOON

WAITS: list[Waiting | None] = [
    None,
    WaitingForTimer(Timer(3, NOON + timedelta(microseconds=1))),
    WaitingForTimer(Timer(4, NOON), is_retry=True),
    WaitingForTask(5, {"a": [1.5, None]}),
    WaitingForTask(6, None, 60, 10, Timer(7, NOON), Timer(8, NOON), is_submitted=True),
    WaitingForBranches(3, 2, 1, 40, [1, 2, 3], Outputs([(1, {"b": 2})])),
    WaitingForBranches(2, 2, 0, 2),
]


def execution(**fields: JSON) -> Execution:
    return Execution("arn", "name", "machine arn", "machine", "role", "us-east-1", {"n": 1}, "seed", NOON, **fields)


def test_an_execution_comes_back_as_it_was() -> None:
    branches = {
        number: Branch(number, None, 0, "A", [1], 2, NOON, 3, (1, 0), {"x": 1}, waits)
        for number, waits in enumerate(WAITS)
    }
    running = execution(branches=branches, next_op=9, next_event=4, next_branch=7, timeout=Timer(1, NOON))
    ended = execution(status="FAILED", stopped=NOON, error="X", cause="c")

    for each in (running, ended):
        assert Execution.from_json(parse(encode(each.to_json()))) == each


def test_outputs_are_added_in_any_order_and_read_by_their_index() -> None:
    outputs = Outputs()
    for index in reversed(range(3 * CHUNK + 1)):
        outputs = outputs.add(index, str(index))

    assert outputs.in_order() == [str(index) for index in range(3 * CHUNK + 1)]
    assert Outputs(outputs) == outputs


def test_adding_leaves_the_outputs_before_as_they_were() -> None:
    first = Outputs([(0, "a")])

    first.add(1, "b")

    assert list(first) == [(0, "a")]
