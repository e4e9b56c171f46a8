"""What holds for every machine and whatever happens to its executions."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.documents import JSON, encode, parse, write
from pizzabar.stepfunctions.definition import StateMachine, read_definition
from pizzabar.stepfunctions.execution import Execution
from pizzabar.stepfunctions.interpreter import (
    Command,
    Finish,
    Occurrence,
    Redriven,
    RunTask,
    Started,
    StartTimer,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    advance,
    begin,
    pending,
)
from pizzabar.stepfunctions.replay import replay
from tests.stepfunctions.stories import FUNCTION, INVOKE, INVOKE_AND_WAIT, NOON

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "2026-01-01T12:00:05Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(["$", "$.a", "$.b", "$.a.b", "$.c[0]", "$$.Execution.Input"])
QUERIES = st.sampled_from(
    [
        {"a": "{% $states.input %}"},
        ["{% $v2 %}", 1],
        "{% $states.input.a.b %}",
        "{% $sum($states.input.c) %}",
        "{% [$uuid(), $random()] %}",
        "{% {'b': $states.context.State.Name, 'c': [$w2]} %}",
    ]
)
ERRORS = st.sampled_from(["X", "States.ALL", "States.Timeout", "States.TaskFailed", "States.Runtime"])


@st.composite
def machines(draw: Any, depth: int = 2, prefix: str = "S") -> JSON:
    """Give a machine whose states lead forward only, so that it comes to an end."""
    count = draw(st.integers(1, 4))
    names = [f"{prefix}{number}" for number in range(count)]
    states = {}
    for number, name in enumerate(names):
        later = names[number + 1 :]
        kinds = ["Pass", "Task", "Wait", "Task"] + (["Map", "Parallel"] if depth else [])
        if not later:
            kinds += ["Succeed", "Fail"]
        state: dict[str, Any] = {"Type": draw(st.sampled_from(kinds))}
        if state["Type"] not in {"Succeed", "Fail"}:
            state |= {"Next": later[0]} if later else {"End": True}
        match state["Type"]:
            case "Pass" if draw(st.integers(0, 2)) == 0:
                state["QueryLanguage"] = "JSONata"
                state |= draw(st.fixed_dictionaries({}, optional={"Output": QUERIES}))
                # What is outside has names that nothing within may set.
                state |= draw(st.sampled_from([{}, {"Assign": {f"v{depth}": "{% $exists($w2) ? $w2 : [1] %}"}}]))
            case "Pass":
                state |= draw(st.sampled_from([{}, {"Assign": {f"v{depth}.$": "$", f"w{depth}": 2}}]))
                state |= draw(st.fixed_dictionaries({}, optional={"Result": VALUES, "InputPath": PATHS}))
                state |= draw(st.sampled_from([{}, {"ResultPath": "$.a"}, {"Parameters": {"a.$": "$", "b": 1}}]))
            case "Wait":
                state |= draw(st.sampled_from([{"Seconds": 3}, {"SecondsPath": "$.a"}, {"TimestampPath": "$.b"}]))
            case "Task":
                state["Resource"] = draw(st.sampled_from([INVOKE, INVOKE_AND_WAIT, FUNCTION]))
                state |= draw(
                    st.sampled_from([{}, {"TimeoutSeconds": 9}, {"TimeoutSeconds": 9, "HeartbeatSeconds": 4}])
                )
            case "Map":
                state["ItemProcessor"] = draw(machines(depth=depth - 1, prefix=f"{name}I"))
                state |= draw(st.sampled_from([{}, {"ItemsPath": "$.a"}, {"MaxConcurrency": 1}]))
            case "Parallel":
                state["Branches"] = [draw(machines(depth=depth - 1, prefix=f"{name}B{n}")) for n in range(2)]
        if state["Type"] in {"Task", "Map", "Parallel"}:
            if draw(st.booleans()):
                state["Retry"] = [{"ErrorEquals": [draw(ERRORS)], "MaxAttempts": draw(st.integers(0, 2))}]
            if later and draw(st.booleans()):
                state["Catch"] = [{"ErrorEquals": [draw(ERRORS)], "Next": draw(st.sampled_from(later))}]
        states[name] = state
    return {"StartAt": names[0], "States": states}


OPS = st.integers(0, 12)
OCCURRENCES: st.SearchStrategy[Occurrence] = st.one_of(
    st.builds(TimerFired, OPS),
    st.builds(TaskSubmitted, OPS, VALUES),
    st.builds(TaskSucceeded, OPS, VALUES),
    st.builds(TaskFailed, OPS, st.sampled_from(["X", "States.Timeout", None]), st.sampled_from(["c", None])),
    st.builds(TaskHeartbeat, OPS),
    st.builds(Stopped, st.sampled_from(["X", None])),
    st.just(Started()),
    st.builds(Redriven),
)


def read(definition: JSON) -> StateMachine:
    """Read a definition."""
    return read_definition(write(definition))


def start(machine: StateMachine, input: JSON) -> Execution:
    return begin(
        machine,
        arn="arn:aws:states:us-east-1:123456789012:execution:Bake:x",
        name="x",
        machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:Bake",
        machine_name="Bake",
        role_arn="arn:aws:iam::123456789012:role/baker",
        region="us-east-1",
        input=input,
        seed="seed",
        now=NOON,
    )


@settings(max_examples=150, deadline=None)
@given(machines(), VALUES, st.lists(OCCURRENCES, max_size=25))
def test_whatever_happens_leaves_a_whole_execution(
    definition: JSON, input: JSON, occurrences: list[Occurrence]
) -> None:
    machine = read(definition)
    execution, now = start(machine, input), NOON
    last_id = 0
    given_commands: dict[int, Command] = {}
    for occurrence in [Started(), *occurrences]:
        before = write(execution.to_json())
        step = advance(machine, execution, occurrence, now)
        again = advance(machine, Execution.from_json(parse(encode(execution.to_json()))), occurrence, now)

        assert write(execution.to_json()) == before
        assert (again.execution, again.commands, again.history) == (step.execution, step.commands, step.history)
        assert Execution.from_json(json.loads(write(step.execution.to_json()))) == step.execution
        for event in step.history:
            last_id += 1
            assert event["id"] == last_id
        for command in step.commands:
            match command:
                case RunTask(op) | StartTimer(op):
                    assert op not in given_commands
                    given_commands[op] = command
                case Finish(status):
                    assert status == step.execution.status != "RUNNING"
        outstanding = pending(machine, step.execution)
        assert all(
            given_commands[command.op] == command for command in outstanding if not isinstance(command, Finish)
        )
        if step.execution.status == "RUNNING":
            assert outstanding or any(branch.waits_for for branch in step.execution.branches.values())
        else:
            assert outstanding == ()
        execution = step.execution
        now += timedelta(seconds=1)


@settings(max_examples=150, deadline=None)
@given(machines(), VALUES, st.randoms(use_true_random=False))
def test_an_execution_whose_tasks_are_answered_comes_to_an_end_and_is_replayed(
    definition: JSON, input: JSON, random: Any
) -> None:
    machine = read(definition)
    step = advance(machine, start(machine, input), Started(), NOON)
    history = list(step.history)
    for _ in range(2000):
        if step.execution.status != "RUNNING":
            break
        match random.choice(pending(machine, step.execution)):
            case RunTask(op):
                answers: list[Occurrence] = [TaskSucceeded(op, {"a": [1], "b": 2}), TaskFailed(op, "X", "c")]
                step = advance(machine, step.execution, random.choice(answers), NOON)
            case StartTimer(op):
                step = advance(machine, step.execution, TimerFired(op), NOON)
        history += step.history
    assert step.execution.status in {"SUCCEEDED", "FAILED"}
    assert step.execution.branches == {}

    again = replay(machine, history, step.execution)
    assert again.difference is None
    assert again.matched == len(history)
    assert (again.execution.status, again.execution.output, again.execution.error, again.execution.cause) == (
        step.execution.status,
        step.execution.output,
        step.execution.error,
        step.execution.cause,
    )


@st.composite
def lines(draw: Any, depth: int = 2, prefix: str = "S") -> JSON:
    """Give a machine whose tasks may fail and be done again, in branches and iterations too."""
    names = [f"{prefix}{number}" for number in range(draw(st.integers(1, 3)))]
    states: dict[str, JSON] = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        kind = draw(st.sampled_from(["Pass", "Once", "Task", "Wait"] + (["Map", "Parallel"] if depth else [])))
        type_ = "Pass" if kind == "Once" else kind
        state: dict[str, Any] = {"Type": type_, **({"Next": following} if following else {"End": True})}
        match kind:
            case "Once":
                # It fails until the execution was redriven.
                state |= {"Parameters": {"at.$": "$$.Execution.RedriveTime"}, "ResultPath": None}
            case "Pass":
                state |= draw(st.sampled_from([{}, {"Assign": {f"v{depth}": name}, "ResultPath": "$.p"}]))
            case "Wait":
                state["Seconds"] = 3
            case "Task":
                state |= {"Resource": FUNCTION, "Parameters": {"by": name, "of.$": "$"}}
                state |= draw(st.sampled_from([{}, {"ResultPath": "$.t"}, {"OutputPath": "$.by"}]))
                state |= draw(st.sampled_from([{}, {"Retry": [{"ErrorEquals": ["X"], "MaxAttempts": 1}]}]))
            case "Map":
                state |= {"ItemsPath": "$$.Execution.Input.items", "MaxConcurrency": draw(st.integers(0, 2))}
                state["ItemProcessor"] = draw(lines(depth=depth - 1, prefix=f"{name}I"))
                state["ItemSelector"] = {"item.$": "$$.Map.Item.Value"}
            case "Parallel":
                state["Branches"] = [draw(lines(depth=depth - 1, prefix=f"{name}B{n}")) for n in range(2)]
        if kind in {"Map", "Parallel"}:
            state |= {"ResultSelector": {"all.$": "$"}}
        if kind == "Task" and state.get("OutputPath"):
            state["ResultSelector"] = {"by": {"name": name}}
        states[name] = state
    return {"StartAt": names[0], "States": states}


@settings(max_examples=200, deadline=None)
@given(lines(), st.randoms(use_true_random=False))
def test_what_is_redriven_until_nothing_fails_comes_to_what_never_failed(definition: JSON, random: Any) -> None:
    input = {"items": [1, 2, 3]}

    def finished(machine: StateMachine, chance: float) -> tuple[Execution, list[str]]:
        step = advance(machine, start(machine, input), Started(), NOON)
        history = list(step.history)
        for number in range(5000):
            execution = Execution.from_json(parse(encode(step.execution.to_json())))
            if number == 200:
                chance = 0
            if execution.status == "SUCCEEDED":
                break
            occurrence: Occurrence = Redriven()
            if execution.status == "RUNNING":
                match random.choice(pending(machine, execution)):
                    case _ if random.random() < chance / 4:
                        occurrence = Stopped()
                    case RunTask(op, _, parameters) if random.random() >= chance:
                        occurrence = TaskSucceeded(op, parameters)
                    case RunTask(op):
                        occurrence = TaskFailed(op, "X", "c")
                    case StartTimer(op):
                        occurrence = TimerFired(op)
            step = advance(machine, execution, occurrence, NOON)
            history += step.history
        again = replay(machine, history, step.execution)
        assert (again.difference, again.matched) == (None, len(history))
        left = [write(event["stateExitedEventDetails"]) for event in history if "StateExited" in event["type"]]
        return step.execution, sorted(left)

    repaired = read_definition(write(definition).replace("RedriveTime", "StartTime"))
    (never, left_once), (redriven, left) = finished(repaired, 0), finished(read(definition), 0.3)
    assert never.redrives == 0
    assert (redriven.status, redriven.output) == ("SUCCEEDED", never.output)
    # What was left is never done again.
    assert left == left_once
