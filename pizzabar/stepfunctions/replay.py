"""
Replays: a history, of this emulator or of AWS, gone through again with a definition.

The interpreter is told what the history says has happened, and gives the events that follow. Each recorded event is
matched with one of those; the first that cannot be is the difference. Branches may have interleaved in any order.
What is random, or tells the execution's name, is the same only for an execution of this emulator.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pizzabar.documents import JSON, NotJSON, parse
from pizzabar.errors import PizzabarError
from pizzabar.record import record
from pizzabar.stepfunctions.execution import (
    Branch,
    Execution,
    WaitingForMapRun,
    WaitingForTask,
    WaitingForTimer,
)
from pizzabar.stepfunctions.interpreter import (
    Occurrence,
    Redriven,
    Started,
    Stopped,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TaskTaken,
    TimerFired,
    advance,
    begin,
)
from pizzabar.stepfunctions.states import Map, StateMachine

_TEXTS = frozenset({"input", "output", "parameters"})
_IGNORED = frozenset(
    {
        *("inputDetails", "outputDetails", "assignedVariablesDetails", "roleArn", "region", "taskCredentials"),
        *("stateMachineAliasArn", "stateMachineVersionArn"),
    }
)
"""Members that say nothing of what a machine does."""

_TASK_FAILED = ("Failed", "ScheduleFailed", "StartFailed", "SubmitFailed")
_AFTER_RETRY = ("Scheduled", "StateStarted", "Started", "EvaluationFailed")


class NotAHistory(PizzabarError):
    """Raised when a document is not the history of an execution."""


@record
class Difference:
    """Where a replay goes another way: the event that was recorded, and what there is in its place.

    One of them may be missing: what was recorded does not happen, or something happens that was not recorded.
    """

    recorded: JSON
    replayed: JSON = None

    def members(self) -> Iterator[tuple[str, JSON, JSON]]:
        """Give the members that differ: name, as recorded, as replayed."""
        ours, theirs = (_plain(each) if each is not None else {} for each in (self.replayed, self.recorded))
        for name in sorted(ours.keys() | theirs.keys()):
            if ours.get(name) != theirs.get(name):
                yield name, theirs.get(name), ours.get(name)


@record
class StateFlow:
    """How data flowed through one visit of a state: what there was at each point (see ``interpreter.Note``)."""

    event: int
    state: str
    points: tuple[tuple[str, JSON], ...]


@dataclass(slots=True)
class Replay:
    """What a replay has come to."""

    execution: Execution
    difference: Difference | None = None
    matched: int = 0
    """How many events were as recorded."""
    flow: dict[int, StateFlow] = field(default_factory=dict)

    def note(self, event: int, state: str, point: str, value: JSON) -> None:
        """Keep how data flowed."""
        known = self.flow.get(event)
        points = () if known is None else known.points
        self.flow[event] = StateFlow(event, state, (*points, (point, value)))


def replay(machine: StateMachine, history: Sequence[JSON], like: Execution | None = None) -> Replay:
    """Go through a history again. ``like`` is the execution that it is of, where that is known.

    Raise ``NotAHistory``.
    """
    events = sorted(history, key=_id)
    if not events or events[0].get("type") != "ExecutionStarted":
        raise NotAHistory("a history begins with the event ExecutionStarted")
    started = events[0].get("executionStartedEventDetails") or {}
    try:
        given = parse(started.get("input", "{}"))
    except NotJSON as error:
        raise NotAHistory(f"the input of the execution is not JSON: {error}") from None
    now = _time(events[0])
    if like is None:
        execution = begin(
            machine,
            arn="arn:aws:states:us-east-1:123456789012:execution:replay:replay",
            name="replay",
            machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:replay",
            machine_name="replay",
            role_arn=str(started.get("roleArn", "")),
            input=given,
            seed="replay",
            now=now,
        )
    else:
        execution = begin(
            machine,
            arn=like.arn,
            name=like.name,
            machine_arn=like.machine_arn,
            machine_name=like.machine_name,
            role_arn=like.role_arn,
            region=like.region,
            input=like.input,
            seed=like.seed,
            now=now if like.is_express and like.redrives else like.started,
            map_run_arn=like.map_run_arn,
        )
    return _Replaying(machine, Replay(execution), events).go()


class _Replaying:
    """A replay at work."""

    def __init__(self, machine: StateMachine, replay: Replay, events: Sequence[JSON]) -> None:
        self.machine = machine
        self.replay = replay
        self.events = events
        self.made: list[JSON] = []
        """What the interpreter has given and was not recorded yet."""
        self.ids: dict[int, int] = {0: 0}
        """The ids that events have in the record, by those that they have here."""

    def go(self) -> Replay:
        self.step(Started(), self.replay.execution.started)
        for number, event in enumerate(self.events):
            match = self.match(event)
            while match is None:
                occurrence = self.occurrence(event, self.events[number + 1 :])
                if occurrence is None or not self.step(occurrence, _time(event)):
                    self.replay.difference = Difference(event, self.nearest(event))
                    return self.replay
                match = self.match(event)
            self.made.remove(match)
            self.ids[match["id"]] = event["id"]
            self.replay.matched += 1
        if self.made:
            self.replay.difference = Difference(None, self.made[0])
        return self.replay

    def step(self, occurrence: Occurrence, now: datetime) -> bool:
        """Tell the interpreter what has happened, and whether anything comes of it."""
        before = self.replay.execution
        step = advance(self.machine, before, occurrence, now, self.replay.note)
        self.replay.execution = step.execution
        self.made.extend(step.history)
        return step.execution is not before

    def match(self, event: JSON) -> JSON:
        """Find the event that was given for a recorded one."""
        wanted = _plain(event)
        alike = [each for each in self.made if each["type"] == event["type"] and _plain(each) == wanted]
        exact = [each for each in alike if self.ids.get(each["previousEventId"]) == event.get("previousEventId")]
        return next(iter(exact or alike), None)

    def nearest(self, event: JSON) -> JSON:
        """Find what was given in place of a recorded event."""
        previous = event.get("previousEventId")
        after = [each for each in self.made if self.ids.get(each["previousEventId"]) == previous]
        alike = [each for each in self.made if each["type"] == event["type"]]
        return next(iter([each for each in after if each in alike] or alike or after or self.made), None)

    # What a recorded event says has happened.

    def occurrence(self, event: JSON, later: Sequence[JSON]) -> Occurrence | None:
        type_ = str(event["type"])
        details = _details(event)
        match type_:
            case "ExecutionAborted":
                return Stopped(details.get("error"), details.get("cause"))
            case "ExecutionTimedOut":
                timeout = self.replay.execution.timeout
                return None if timeout is None else TimerFired(timeout.op)
            case "ExecutionRedriven" | "ExecutionStarted":
                # A child of Express that is redriven is started again.
                return Redriven()
        branch = self.branch(event)
        if branch is None:
            return None
        match branch.waits_for:
            case WaitingForTimer(timer, is_retry):
                fits = type_.endswith(_AFTER_RETRY) if is_retry else type_ in ("WaitStateExited", "EvaluationFailed")
                return TimerFired(timer.op) if fits else None
            case WaitingForTask() as task:
                return _of_task(task, type_, details)
            case WaitingForMapRun(op):
                if type_ == "MapRunFailed":
                    return TaskFailed(op, details.get("error"), details.get("cause"))
                if type_ == "MapRunSucceeded":
                    return TaskSucceeded(op, self.map_result(branch, later))
                return None
            case _:
                return None

    def branch(self, event: JSON) -> Branch | None:
        """Find the branch whose last event a recorded one follows from."""
        previous = event.get("previousEventId")
        waiting = [each for each in self.replay.execution.branches.values() if each.waits_for is not None]
        return next((each for each in waiting if self.ids.get(each.last_event) == previous), None)

    def map_result(self, branch: Branch, later: Sequence[JSON]) -> JSON:
        """Give the result of a map run: its events do not tell it, but the state's output does where it is that."""
        state = self.machine.states[branch.state]
        for event in later:
            details = _details(event)
            if event["type"] == "MapStateExited" and details.get("name") == branch.state:
                output = _value(details.get("output"))
                path = state.result_path if isinstance(state, Map) else None
                if path is not None and path.names and not state.is_jsonata:
                    try:
                        return path.read(output)
                    except PizzabarError:
                        return None
                return output
        return None


def _of_task(task: WaitingForTask, type_: str, details: Mapping[str, JSON]) -> Occurrence | None:
    if type_.endswith("Succeeded"):
        return TaskSucceeded(task.op, _value(details.get("output")))
    if type_ == "TaskSubmitted":
        return TaskSubmitted(task.op, _value(details.get("output")))
    if type_ == "ActivityStarted":
        return TaskTaken(task.op, details.get("workerName"))
    if type_.endswith("TimedOut"):
        timer = task.timeout or task.heartbeat
        return TaskFailed(task.op, "States.Timeout", details.get("cause")) if timer is None else TimerFired(timer.op)
    if type_.endswith(_TASK_FAILED):
        return TaskFailed(task.op, details.get("error"), details.get("cause"))
    return None


def _details(event: Mapping[str, JSON]) -> dict[str, JSON]:
    """Give what an event says beside its type, time and numbers."""
    return next((each for name, each in event.items() if name.endswith("EventDetails") and each is not None), {})


def _plain(event: Mapping[str, JSON]) -> dict[str, JSON]:
    """Give what is compared of an event: its type, and its details with texts of JSON as values."""
    found = {
        name: _value(each) if name in _TEXTS else each
        for name, each in _details(event).items()
        if name not in _IGNORED
    }
    return {**found, "type": event["type"]}


def _value(text: JSON) -> JSON:
    if not isinstance(text, str):
        return text
    try:
        return parse(text)
    except NotJSON:
        return text


def _id(event: JSON) -> int:
    if not isinstance(event, dict) or not isinstance(event.get("id"), int) or "type" not in event:
        raise NotAHistory("each event of a history is an object with an id and a type")
    number: int = event["id"]
    return number


def _time(event: Mapping[str, JSON]) -> datetime:
    """Read when an event was: seconds, as the API has it, or a text, as the AWS CLI writes it."""
    when = event.get("timestamp", 0)
    if isinstance(when, str):
        try:
            read = datetime.fromisoformat(when)
        except ValueError:
            raise NotAHistory(f"{when} is not a time") from None
        return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(when), UTC)
