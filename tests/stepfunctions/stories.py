"""What the stories of this folder are told with: an execution that is driven by hand."""

from datetime import UTC, datetime, timedelta

from pizzabar.documents import JSON, encode, parse, write
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.execution import Execution
from pizzabar.stepfunctions.interpreter import (
    Command,
    Finish,
    Occurrence,
    Redriven,
    RunTask,
    Started,
    StartTimer,
    Step,
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

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PUT_EVENTS = "arn:aws:states:::events:putEvents"
INVOKE = "arn:aws:states:::lambda:invoke"
INVOKE_AND_WAIT = f"{INVOKE}.waitForTaskToken"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:bake"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def machine(start_at: str, **states: JSON) -> JSON:
    return {"StartAt": start_at, "States": states}


def one(state: JSON, **more: JSON) -> JSON:
    """Give a machine that begins with the state ``A``, which ends it unless it says otherwise."""
    is_open = state["Type"] in {"Pass", "Task", "Wait", "Parallel", "Map"} and "Next" not in state
    return machine("A", A={**state, "End": True} if is_open else state, **more)


class Story:
    """An execution, the commands it still waits for, and its history."""

    def __init__(self, definition: JSON, input: JSON = None) -> None:
        self.machine = read_definition(write(definition))
        self.execution: Execution = begin(
            self.machine,
            arn="arn:aws:states:us-east-1:123456789012:execution:Bake:order-1",
            name="order-1",
            machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:Bake",
            machine_name="Bake",
            role_arn="arn:aws:iam::123456789012:role/baker",
            region="us-east-1",
            input={} if input is None else input,
            seed="a seed",
            now=NOON,
        )
        self.now = NOON
        self.history: list[JSON] = []
        self.commands: tuple[Command, ...] = ()
        self.tell(Started())

    def tell(self, occurrence: Occurrence) -> Step:
        step = advance(self.machine, self.execution, occurrence, self.now)
        self.execution = Execution.from_json(parse(encode(step.execution.to_json())))
        assert self.execution == step.execution
        self.history.extend(step.history)
        self.commands = step.commands
        return step

    # What is waited for.

    @property
    def tasks(self) -> list[RunTask]:
        return [command for command in pending(self.machine, self.execution) if isinstance(command, RunTask)]

    @property
    def timers(self) -> list[StartTimer]:
        return [command for command in pending(self.machine, self.execution) if isinstance(command, StartTimer)]

    @property
    def next_timer(self) -> datetime:
        return min(timer.when for timer in self.timers)

    # What happens.

    def succeed(self, result: JSON = None, *, task: int = 0) -> None:
        self.tell(TaskSucceeded(self.tasks[task].op, result))

    def submit(self, result: JSON = None) -> None:
        self.tell(TaskSubmitted(self.tasks[0].op, result))

    def fail(self, error: str | None = None, cause: str | None = None, *, task: int = 0) -> None:
        self.tell(TaskFailed(self.tasks[task].op, error, cause))

    def beat(self, op: int) -> None:
        self.tell(TaskHeartbeat(op))

    def redrive(self) -> list[tuple[str, int]]:
        """Have the execution go on; give what is told of that, with what each event follows from."""
        told = len(self.history)
        self.tell(Redriven())
        return [(event["type"], event["previousEventId"]) for event in self.history[told:]]

    def stop(self, error: str | None = None, cause: str | None = None) -> None:
        self.tell(Stopped(error, cause))

    def fire_timer(self) -> None:
        """Let time pass until the next timer, and that go off."""
        timer = min(self.timers, key=lambda timer: timer.when)
        self.now = timer.when
        self.tell(TimerFired(timer.op))

    # What has come of it.

    @property
    def status(self) -> str:
        return self.execution.status

    @property
    def output(self) -> JSON:
        assert self.status == "SUCCEEDED", (self.status, self.execution.error, self.execution.cause)
        return self.execution.output

    @property
    def failure(self) -> tuple[str | None, str | None]:
        assert self.status == "FAILED"
        return self.execution.error, self.execution.cause

    @property
    def events(self) -> list[str]:
        return [event["type"] for event in self.history]

    @property
    def finish(self) -> Finish:
        (finish,) = [command for command in self.commands if isinstance(command, Finish)]
        return finish


def run(definition: JSON, input: JSON = None) -> JSON:
    """Give the output of an execution that waits for nothing."""
    return Story(definition, input).output


def failure(definition: JSON, input: JSON = None) -> tuple[str | None, str | None]:
    """Give error and cause of an execution that waits for nothing."""
    return Story(definition, input).failure
