"""
The interpreter: how an execution goes on when something happens to it.

Pure: an execution and an occurrence in; the execution afterwards, commands to the world and history events out.

- A step goes on until every branch waits for something, or the execution has ended. Whatever can be done at once
  stands in a queue, first in, first out; nothing recurs, so neither long chains nor many items go deep.
- An occurrence that no longer fits (its task or timer is not waited for) changes nothing: the same execution comes
  back. So nothing ever needs cancelling, and telling a thing twice does no harm.
- Commands are numbered by ``op``. A branch waits for one thing; ``pending`` gives the commands of all that is
  waited for again, just as they were first given.
- A state that fails raises ``StateFailure``. Its retriers are asked, then its catchers; then the state that its
  branch belongs to has failed, or the execution.
- When a branch or iteration fails, its siblings are gone with it: aborted, their answers fit no longer.
- Parameters are computed anew for each attempt. ResultPath and Catch write into the raw input of the state.
- An inline Map has at most 40 iterations at work, however many it may have.
- The 25,000th event ends an execution: an endless loop fails.

https://states-language.net/spec.html
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from pizzabar.documents import JSON, encode, write
from pizzabar.record import record
from pizzabar.stepfunctions.choice import ChoiceRule
from pizzabar.stepfunctions.commands import Command, Finish, ReadItems, RunMapRun, RunTask, StartTimer
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.execution import (
    ABORTED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    Branch,
    Execution,
    Item,
    Timer,
    Waiting,
    WaitingForBranches,
    WaitingForMapRun,
    WaitingForTask,
    WaitingForTimer,
    item_at,
)
from pizzabar.stepfunctions.history import LARGEST_PAYLOAD, History, HistoryFull, write_payload
from pizzabar.stepfunctions.jsonata import type_name
from pizzabar.stepfunctions.occurrences import (
    Mocked,
    Occurrence,
    Redriven,
    Started,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TaskTaken,
    TimerFired,
)
from pizzabar.stepfunctions.paths import Path
from pizzabar.stepfunctions.payload import Expression, place
from pizzabar.stepfunctions.pending import (
    find_waiting,
    fits_timer,
    is_waiting,
    map_run_arn,
    pending,
    run_items,
    run_task,
)
from pizzabar.stepfunctions.retry import (
    DATA_LIMIT_EXCEEDED,
    HEARTBEAT_TIMEOUT,
    QUERY_EVALUATION_ERROR,
    RESULT_PATH_MATCH_FAILURE,
    RUNTIME,
    TIMEOUT,
    Catcher,
    find_catcher,
    find_retrier,
)
from pizzabar.stepfunctions.scope import Scope
from pizzabar.stepfunctions.states import (
    Choice,
    Fail,
    Map,
    MapRunPlan,
    Parallel,
    Pass,
    State,
    StateMachine,
    Succeed,
    Task,
    Wait,
    WorkingState,
)
from pizzabar.stepfunctions.task_token import read_task_token, task_token
from pizzabar.stepfunctions.timestamp import read_timestamp, write_timestamp
from pizzabar.uuids import uuid_of

__all__ = [
    "Command",
    "Finish",
    "Mocked",
    "Occurrence",
    "ReadItems",
    "Redriven",
    "RunMapRun",
    "RunTask",
    "StartTimer",
    "Started",
    "Step",
    "Stopped",
    "TaskFailed",
    "TaskHeartbeat",
    "TaskSubmitted",
    "TaskSucceeded",
    "TaskTaken",
    "TimerFired",
    "advance",
    "begin",
    "is_waiting",
    "pending",
    "read_task_token",
    "task_token",
]

MOST_CHILDREN = 10_000
"""Executions of a distributed Map at work at once."""

MOST_ITERATIONS = 40
"""Iterations of an inline Map at work at once."""

LONGEST_CAUSE = 32_768
MOST_VARIABLES_BYTES = 10 * 1024 * 1024
LONGEST_WAIT = 99_999_999
"""Seconds that a Wait state may wait."""


@record
class Step:
    """What an occurrence leads to."""

    execution: Execution
    commands: tuple[Command, ...] = ()
    history: tuple[JSON, ...] = ()


def begin(
    machine: StateMachine,
    *,
    arn: str,
    name: str,
    machine_arn: str,
    machine_name: str,
    role_arn: str,
    region: str = "us-east-1",
    input: JSON,
    seed: str,
    now: datetime,
    version_arn: str | None = None,
    alias_arn: str | None = None,
    case: str | None = None,
) -> Execution:
    """Give a new execution, which ``Started`` sets going. ``seed`` must be hard to guess: tokens come from it."""
    return Execution(
        arn,
        name,
        machine_arn,
        machine_name,
        role_arn,
        region,
        input,
        seed,
        now,
        version_arn=version_arn,
        alias_arn=alias_arn,
        case=case,
    )


Note = Callable[[int, str, str, JSON], None]
"""Is told how data flows: the id of the state's Entered event, the state's name, at what point, and the value.

The points are the members of https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html,
and ``output``, ``choices`` (the verdict on each rule up to the one that is taken) and ``assigned``.
"""


def advance(
    machine: StateMachine, execution: Execution, occurrence: Occurrence, now: datetime, note: Note | None = None
) -> Step:
    """Go on from an occurrence, until every branch waits or the execution has ended.

    ``note`` is told how data flows through the states.
    """
    if execution.status != RUNNING:
        if not isinstance(occurrence, Redriven) or execution.resumes is None:
            return Step(execution)
        run = _Run(machine, execution, now, note)
        run.redrive(execution.resumes)
        return run.step()
    match occurrence:
        case Started(variables, is_mocked):
            if execution.next_event > 1:
                return Step(execution)
            run = _Run(machine, execution, now, note)
            run.is_mocked = is_mocked
            run.start(variables)
        case Mocked():
            run = _Run(machine, execution, now, note)
            run.resume(execution.branches[0], occurrence)
        case Stopped(error, cause):
            run = _Run(machine, execution, now, note)
            run.finish(ABORTED, execution.next_event - 1, error, cause)
        case TimerFired(op) if execution.timeout is not None and execution.timeout.op == op:
            run = _Run(machine, execution, now, note)
            run.finish(TIMED_OUT, execution.next_event - 1, TIMEOUT, None)
        case _:
            branch = find_waiting(execution, occurrence)
            if branch is None:
                return Step(execution)
            run = _Run(machine, execution, now, note)
            run.resume(branch, occurrence)
    return run.step()


class _Visit:
    """A branch at work within one step: what a ``Branch`` holds, free to move from state to state.

    ``text`` is the data as JSON text, where it was written already; ``op`` is that of the task at hand.
    """

    __slots__ = (
        "data",
        "entered",
        "entered_event",
        "id",
        "index",
        "last_event",
        "op",
        "parent",
        "retries",
        "state",
        "text",
        "variables",
    )

    def __init__(self, branch: Branch) -> None:
        self.id = branch.id
        self.parent = branch.parent
        self.index = branch.index
        self.state = branch.state
        self.data = branch.data
        self.entered_event = branch.entered_event
        self.entered = branch.entered
        self.last_event = branch.last_event
        self.retries = branch.retries
        self.variables = branch.variables
        self.text: str | None = None
        self.op = branch.waits_for.op if isinstance(branch.waits_for, WaitingForTask) else 0

    def branch(self, waits_for: Waiting | None) -> Branch:
        return Branch(
            self.id,
            self.parent,
            self.index,
            self.state,
            self.data,
            self.entered_event,
            self.entered,
            self.last_event,
            self.retries,
            self.variables,
            waits_for,
        )


Work = Callable[[_Visit, JSON], None]
"""Something that a branch can do at once, and what it is done with."""


class _Run:
    """One step: the execution as it changes, and what comes of it."""

    __slots__ = (
        "before",
        "branches",
        "commands",
        "end",
        "has_aborted",
        "history",
        "is_mocked",
        "machine",
        "next_branch",
        "next_op",
        "now",
        "ready",
        "redriven",
        "redrives",
        "resumes",
        "states",
        "timeout",
        "told",
    )

    def __init__(self, machine: StateMachine, execution: Execution, now: datetime, note: Note | None) -> None:
        self.told = note
        self.machine = machine
        self.states: Mapping[str, State] = machine.states
        self.before = execution
        self.now = now
        # That of Express executions is not kept on AWS, and has no end.
        self.history = History(execution.next_event, now, is_limited=":express:" not in execution.arn)
        self.commands: list[Command] = []
        self.branches = dict(execution.branches)
        self.next_op = execution.next_op
        self.next_branch = execution.next_branch
        self.timeout = execution.timeout
        self.end: Finish | None = None
        self.resumes: Branch | None = None
        self.redrives = execution.redrives
        self.redriven = execution.redriven
        self.ready: deque[tuple[_Visit, Work, JSON]] = deque()
        self.has_aborted = False
        self.is_mocked = False

    # The step as a whole.

    def start(self, variables: Mapping[str, JSON]) -> None:
        """Set the execution going."""
        self.history.execution_started(write(self.before.input), self.before.role_arn)
        if self.machine.timeout is not None:
            self.timeout = self.start_timer(self.now + timedelta(seconds=self.machine.timeout), is_wait=False)
        visit = self.add_branch(None, 0, self.machine.start_at, self.before.input, 0)
        visit.variables = variables
        self.ready.append((visit, self.enter, None))
        self.work()

    def redrive(self, branch: Branch) -> None:
        """Go on where the execution failed: at the state of its main line, which is done again from the start."""
        self.redrives += 1
        self.redriven = self.now
        details = {"redriveCount": self.redrives}
        last = self.before.next_event - 1
        last = self.history.add("ExecutionRedriven", last, "executionRedrivenEventDetails", details)
        if self.machine.timeout is not None:
            self.timeout = self.start_timer(self.now + timedelta(seconds=self.machine.timeout), is_wait=False)
        branch = replace(branch, retries=(), last_event=last)
        self.branches[branch.id] = branch
        self.ready.append((_Visit(branch), self.redo, None))
        self.work()

    def resume(self, branch: Branch, occurrence: Occurrence) -> None:
        """Let a branch go on with what it waited for."""
        self.ready.append((_Visit(branch), self.occurred, occurrence))
        self.work()

    def work(self) -> None:
        """Do all that can be done at once."""
        ready = self.ready
        try:
            while ready:
                visit, work, argument = ready.popleft()
                try:
                    work(visit, argument)
                except StateFailure as failure:
                    self.fail(visit, failure.error, self.explain(visit, failure))
        except HistoryFull:
            # https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html
            self.finish(
                FAILED,
                self.history.next_id - 1,
                RUNTIME,
                "The execution reached the maximum number of history events (25000).",
            )

    def step(self) -> Step:
        """Give what the step has come to."""
        before, end = self.before, self.end
        if self.has_aborted:
            self.commands = [command for command in self.commands if self.is_wanted(command)]
        execution = Execution(
            before.arn,
            before.name,
            before.machine_arn,
            before.machine_name,
            before.role_arn,
            before.region,
            before.input,
            before.seed,
            before.started,
            RUNNING if end is None else end.status,
            self.branches,
            self.next_op,
            self.history.next_id,
            self.next_branch,
            self.timeout,
            None if end is None else self.now,
            None if end is None else end.output,
            None if end is None else end.error,
            None if end is None else end.cause,
            before.version,
            before.version_arn,
            before.alias_arn,
            self.resumes,
            self.redrives,
            self.redriven,
            before.case,
        )
        return Step(execution, tuple(self.commands), tuple(self.history.events))

    def is_wanted(self, command: Command) -> bool:
        """Whether a command of this step still has a meaning. A task was started: it is run in any case."""
        if not isinstance(command, StartTimer):
            return True
        if self.timeout is not None and self.timeout.op == command.op:
            return True
        occurrence = TimerFired(command.op)
        return any(fits_timer(branch.waits_for, occurrence) for branch in self.branches.values())

    def finish(
        self, status: str, previous: int, error: str | None, cause: str | None, output: JSON = None, text: str = ""
    ) -> None:
        """End the execution."""
        if status == SUCCEEDED:
            self.history.execution_succeeded(previous, text)
        else:
            self.history.execution_ended(status, previous, error, cause)
            self.resumes = self.resumes or next(
                (replace(branch, waits_for=None) for branch in self.branches.values() if branch.parent is None), None
            )
        self.end = Finish(status, output, error, cause)
        self.commands.append(self.end)
        self.branches = {}
        self.timeout = None
        self.ready.clear()
        self.has_aborted = True

    # Branches and timers.

    def add_branch(self, parent: int | None, index: int, state: str, data: JSON, previous: int) -> _Visit:
        variables = {} if parent is None else self.branches[parent].variables
        branch = Branch(self.next_branch, parent, index, state, data, 0, self.now, previous, (), variables)
        self.next_branch += 1
        self.branches[branch.id] = branch
        return _Visit(branch)

    def take_op(self) -> int:
        op = self.next_op
        self.next_op = op + 1
        return op

    def start_timer(self, when: datetime, *, is_wait: bool) -> Timer:
        timer = Timer(self.take_op(), when)
        self.commands.append(StartTimer(timer.op, when, is_wait))
        return timer

    def wait(self, visit: _Visit, waits_for: Waiting) -> None:
        self.branches[visit.id] = visit.branch(waits_for)

    # What expressions look at.

    def scope(
        self, visit: _Visit, data: JSON, item: Item | None = None, more: Mapping[str, JSON] | None = None
    ) -> Scope:
        # The number of the next event tells the scopes of an execution apart, so each draws its own numbers.
        seed = (self.before.seed, self.history.next_id)
        return Scope(data, lambda: self.context(visit, item), visit.variables, seed, self.now, more)

    def context(self, visit: _Visit, item: Item | None) -> JSON:
        """Give the context object.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
        """
        execution = self.before
        context: dict[str, JSON] = {
            "Execution": {
                "Id": execution.arn,
                "Input": execution.input,
                "Name": execution.name,
                "RoleArn": execution.role_arn,
                "StartTime": write_timestamp(execution.started),
                "RedriveCount": self.redrives,
            },
            "State": {
                "EnteredTime": write_timestamp(visit.entered),
                "Name": visit.state,
                "RetryCount": sum(visit.retries),
            },
            "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
        }
        state = self.states[visit.state]
        if isinstance(state, Task) and state.resource.has_token:
            context["Task"] = {"Token": task_token(execution, visit.op)}
        item = item or self.item(visit)
        if item is not None:
            context["Map"] = {"Item": item.in_context()}
        return context

    def item(self, visit: _Visit) -> Item | None:
        """Give the item that a branch was made for."""
        parent, index = visit.parent, visit.index
        while parent is not None:
            branch = self.branches[parent]
            if isinstance(branch.waits_for, WaitingForBranches) and branch.waits_for.items is not None:
                return item_at(branch.waits_for.items, index)
            parent, index = branch.parent, branch.index
        return None

    def effective(self, visit: _Visit, state: State) -> JSON:
        """Give what InputPath leaves of the raw input."""
        data = visit.data if state.input_path is None else state.input_path(self.scope(visit, visit.data))
        if self.told is not None and not state.is_jsonata:
            self.note(visit, "afterInputPath", data)
        return data

    def note(self, visit: _Visit, point: str, value: JSON) -> None:
        """Tell how data flows, where somebody wants to know."""
        if self.told is not None:
            self.told(visit.entered_event, visit.state, point, value)

    def prepared(self, visit: _Visit, state: Pass | WorkingState, data: JSON, scope: Scope | None = None) -> JSON:
        """Give what Parameters or Arguments make of the data."""
        if state.parameters is None:
            return data
        made = state.parameters(scope or self.scope(visit, data))
        if self.told is not None:
            self.note(visit, "afterArguments" if state.is_jsonata else "afterParameters", made)
        return made

    # Into a state and out of it.

    def enter(self, visit: _Visit, _: JSON) -> None:
        state = self.states[visit.state]
        text = visit.text
        if text is None:
            text = visit.text = write_payload(visit.data, visit.state)
        visit.entered = self.now
        visit.retries = ()
        visit.entered_event = visit.last_event = self.history.add(
            _ENTERED[type(state)],
            visit.last_event,
            "stateEnteredEventDetails",
            {"name": visit.state, "input": text, "inputDetails": {"truncated": False}},
        )
        if self.told is not None:
            self.note(visit, "input", visit.data)
        _WORK[type(state)](self, visit, state)

    def do(self, visit: _Visit, state: State) -> None:
        """Do the work of a state, for the first time or again."""
        _WORK[type(state)](self, visit, state)

    def redo(self, visit: _Visit, _: JSON) -> None:
        self.do(visit, self.states[visit.state])

    def leave(self, visit: _Visit, state: State, output: JSON, next_: str | None, seen: JSON) -> None:
        """Go out of a JSONPath state; ``seen`` is what ``$`` is in its Assign."""
        if state.output_path is not None:
            output = state.output_path(self.scope(visit, output))
        assigned = None if state.assign is None else state.assign(self.scope(visit, seen))
        self.move(visit, state, output, next_, assigned)

    def conclude(
        self,
        visit: _Visit,
        state: State,
        gives: State | ChoiceRule | Catcher,
        default: JSON,
        next_: str | None,
        more: Mapping[str, JSON] | None = None,
    ) -> None:
        """Go out of a JSONata state by what ``gives`` has as Output and Assign."""
        output, assigned = default, None
        if gives.output is not None:
            output = gives.output(self.scope(visit, visit.data, more=more))
        if gives.assign is not None:
            assigned = gives.assign(self.scope(visit, visit.data, more=more))
        self.move(visit, state, output, next_, assigned)

    def move(
        self, visit: _Visit, state: State, output: JSON, next_: str | None, assigned: Mapping[str, JSON] | None
    ) -> None:
        # What goes through a state as it came was written when it came in.
        text = visit.text if visit.text is not None and output is visit.data else write_payload(output, visit.state)
        details: dict[str, JSON] = {"name": visit.state, "output": text, "outputDetails": {"truncated": False}}
        if assigned is not None:
            details["assignedVariables"] = _write_variables(assigned, visit)
            details["assignedVariablesDetails"] = {"truncated": False}
            visit.variables = {**visit.variables, **assigned}
            self.note(visit, "assigned", assigned)
        if self.told is not None:
            self.note(visit, "output", output)
        visit.last_event = self.history.add(
            _EXITED[type(state)], visit.last_event, "stateExitedEventDetails", details
        )
        if next_ is None:
            self.end_branch(visit, output, text)
            return
        visit.state = next_
        visit.data = output
        visit.text = text
        self.ready.append((visit, self.enter, None))

    def end_branch(self, visit: _Visit, output: JSON, text: str) -> None:
        if visit.parent is None:
            self.finish(SUCCEEDED, visit.last_event, None, None, output, text)
            return
        del self.branches[visit.id]
        parent = self.branches[visit.parent]
        waiting = cast(WaitingForBranches, parent.waits_for)
        last = visit.last_event
        if waiting.items is not None:
            last = self.history.iteration("Succeeded", last, parent.state, visit.index)
        waiting = WaitingForBranches(
            waiting.total,
            waiting.begun,
            waiting.ended + 1,
            waiting.limit,
            waiting.items,
            waiting.outputs.add(visit.index, output),
        )
        above = _Visit(parent)
        above.last_event = last
        self.wait(above, waiting)
        if waiting.ended == waiting.total:
            self.ready.append((above, self.gather, waiting.outputs))
        elif waiting.begun < waiting.total:
            self.ready.append((above, self.iterate, 1))

    # What has happened to a branch that waited.

    def occurred(self, visit: _Visit, occurrence: Occurrence) -> None:
        waiting = self.branches[visit.id].waits_for
        state = self.states[visit.state]
        if isinstance(occurrence, Mocked):
            if occurrence.is_error:
                self.fail(visit, occurrence.error, occurrence.cause)
            else:
                self.complete(visit, cast(WorkingState, state), occurrence.result)
            return
        match waiting, occurrence:
            case WaitingForTimer(_, True), TimerFired():
                self.do(visit, state)
            case WaitingForTimer(), TimerFired():
                self.pass_on(visit, state)
            case WaitingForMapRun(), _:
                self.map_run_occurred(visit, cast(Map, state), waiting, occurrence)
            case WaitingForTask(), _:
                self.task_occurred(visit, state, waiting, occurrence)  # type: ignore[arg-type]
            case _:
                raise AssertionError(f"{waiting} does not wait for {occurrence}")

    def task_occurred(self, visit: _Visit, state: Task, task: WaitingForTask, occurrence: Occurrence) -> None:
        match occurrence:
            case TaskSucceeded(_, result):
                text = write_payload(result, visit.state)
                visit.last_event = self.history.task_succeeded(state.resource, visit.last_event, text)
                self.complete(visit, state, result)
            case TaskFailed(_, error, cause):
                cause = None if cause is None else cause[:LONGEST_CAUSE]
                visit.last_event = self.history.task_failed(state.resource, visit.last_event, error, cause)
                self.fail(visit, error, cause)
            case TaskSubmitted(_, result):
                text = write_payload(result, visit.state)
                visit.last_event = self.history.task_submitted(state.resource, visit.last_event, text)
                job = result["ExecutionArn"] if state.resource.is_job else None
                submitted = replace(task, is_submitted=True, job=job)
                self.wait(visit, submitted)
                if job is not None:
                    self.commands.append(run_task(self.before, state, submitted))
            case TaskTaken(_, worker):
                visit.last_event = self.history.activity_started(visit.last_event, worker)
                self.wait(visit, replace(task, is_submitted=True))
            case TaskHeartbeat():
                when = self.now + timedelta(seconds=task.heartbeat_seconds or 0)
                self.wait(visit, replace(task, heartbeat=self.start_timer(when, is_wait=False)))
            case TimerFired(op):
                # A missed heartbeat has its own name for Retry and Catch only; elsewhere it reads as a time-out.
                missed = task.heartbeat is not None and task.heartbeat.op == op
                visit.last_event = self.history.task_timed_out(state.resource, visit.last_event, TIMEOUT, None)
                self.fail(visit, HEARTBEAT_TIMEOUT if missed else TIMEOUT, None)
            case _:
                raise AssertionError(f"a task does not wait for {occurrence}")

    # The work of each type of state.

    def pass_on(self, visit: _Visit, state: State) -> None:
        """Go out of a state that changes nothing of its own."""
        if state.is_jsonata:
            self.conclude(visit, state, state, visit.data, state.next)
        else:
            data = self.effective(visit, state)
            self.leave(visit, state, data, state.next, data)

    def hand_on(self, visit: _Visit, state: Pass) -> None:
        if state.is_jsonata:
            self.conclude(visit, state, state, visit.data, state.next)
            return
        data = self.effective(visit, state)
        if state.result is not None:
            data = state.result(self.scope(visit, data))
            self.note(visit, "result", data)
        else:
            data = self.prepared(visit, state, data)
        self.leave(visit, state, self.placed(visit, state.result_path, data), state.next, data)

    def choose(self, visit: _Visit, state: Choice) -> None:
        data = self.effective(visit, state)
        scope = self.scope(visit, data)
        if self.told is None:
            rule = next((rule for rule in state.rules if rule.holds(scope)), None)
        else:
            rule = self.told_choice(visit, state, scope)
        next_ = state.next if rule is None else rule.next
        if next_ is None:
            raise StateFailure(
                RUNTIME, "Failed to transition out of the state. The state does not point to a next state."
            )
        # The fields of the rule that is taken stand for the state's own, which are the Default's.
        if state.is_jsonata:
            self.conclude(visit, state, rule or state, data, next_)
            return
        assign = state.assign if rule is None else rule.assign
        output = data if state.output_path is None else state.output_path(self.scope(visit, data))
        self.move(visit, state, output, next_, None if assign is None else assign(scope))

    def told_choice(self, visit: _Visit, state: Choice, scope: Scope) -> ChoiceRule | None:
        """Choose, and tell the verdict on each rule."""
        verdicts: list[JSON] = []
        try:
            for rule in state.rules:
                verdicts.append(rule.holds(scope))
                if verdicts[-1]:
                    return rule
            return None
        finally:
            self.note(visit, "choices", verdicts)

    def succeed(self, visit: _Visit, state: Succeed) -> None:
        self.pass_on(visit, state)

    def start_wait(self, visit: _Visit, state: Wait) -> None:
        when = self.wait_until(state, self.scope(visit, self.effective(visit, state)))
        if when > self.now:
            timer = self.start_timer(when, is_wait=True)
            self.wait(visit, WaitingForTimer(timer))
        else:
            self.pass_on(visit, state)

    def wait_until(self, state: Wait, scope: Scope) -> datetime:
        text = "" if state.path is None else state.path.text
        if state.seconds is not None:
            name = "Seconds" if state.is_jsonata else "SecondsPath"
            seconds = _read_seconds(state.seconds, scope, name, text, is_jsonata=state.is_jsonata)
            return self.now + timedelta(seconds=seconds)
        value = None if state.timestamp is None else state.timestamp(scope)
        when = read_timestamp(value)
        if when is None and state.is_jsonata:
            cause = f"The value of the field 'Timestamp' is not a valid ISO-8601 date-time: {_shown(value)}"
            raise StateFailure(QUERY_EVALUATION_ERROR, cause, "Timestamp")
        if when is None:
            raise StateFailure(
                RUNTIME,
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
                f"string: {text} == {_shown(value)}",
            )
        return when

    def give_up(self, visit: _Visit, state: Fail) -> None:
        scope = self.scope(visit, visit.data)
        texts = []
        for name, expression in (("ErrorPath", state.error), ("CausePath", state.cause)):
            text = None if expression is None else expression(scope)
            if text is not None and not isinstance(text, str):
                raise StateFailure(RUNTIME, f"The {name} parameter does not reference a string value: {_shown(text)}")
            texts.append(text)
        self.fail(visit, texts[0], texts[1])

    def start_task(self, visit: _Visit, state: Task) -> None:
        resource = state.resource
        visit.op = op = self.next_op
        data = self.effective(visit, state)
        scope = self.scope(visit, data)
        timeout, heartbeat = (
            None if limit is None else _read_limit(limit, scope, name, is_jsonata=state.is_jsonata)
            for limit, name in ((state.timeout, "TimeoutSeconds"), (state.heartbeat, "HeartbeatSeconds"))
        )
        if timeout is not None and heartbeat is not None and heartbeat >= timeout:
            raise StateFailure(
                RUNTIME, f"HeartbeatSeconds ({heartbeat}) must be smaller than TimeoutSeconds ({timeout})"
            )
        parameters = self.prepared(visit, state, data, scope)
        text = write_payload(parameters, visit.state)
        self.next_op = op + 1
        scheduled = self.history.task_scheduled(
            resource, visit.last_event, text, self.before.region, timeout, heartbeat
        )
        visit.last_event = scheduled if resource.is_activity else self.history.task_started(resource, scheduled)
        at = len(self.commands)
        task = WaitingForTask(
            op,
            parameters,
            timeout,
            heartbeat,
            None if timeout is None else self.start_timer(self.now + timedelta(seconds=timeout), is_wait=False),
            None if heartbeat is None else self.start_timer(self.now + timedelta(seconds=heartbeat), is_wait=False),
            role=None if state.role is None else _read_role(state.role(scope)),
        )
        self.commands.insert(at, run_task(self.before, state, task))
        self.wait(visit, task)

    def start_parallel(self, visit: _Visit, state: Parallel) -> None:
        data = self.prepared(visit, state, self.effective(visit, state))
        write_payload(data, visit.state)
        visit.last_event = self.history.add("ParallelStateStarted", visit.last_event)
        total = len(state.starts)
        self.wait(visit, WaitingForBranches(total, total, 0, total))
        if self.is_mocked:
            return
        for index, start in enumerate(state.starts):
            child = self.add_branch(visit.id, index, start, data, visit.last_event)
            self.ready.append((child, self.enter, None))

    def start_map(self, visit: _Visit, state: Map) -> None:
        data = self.effective(visit, state)
        scope = self.scope(visit, data)
        if state.distributed is not None:
            self.start_map_run(visit, state, state.distributed, scope)
            return
        items = self.map_items(visit, state, scope)
        limit = (
            _read_limit(state.concurrency, scope, "MaxConcurrency", least=0, is_jsonata=state.is_jsonata)
            or MOST_ITERATIONS
        )
        visit.last_event = self.history.map_started(visit.last_event, len(items))
        limit = min(limit, MOST_ITERATIONS, len(items))
        waiting = WaitingForBranches(len(items), 0, 0, limit, items)
        self.wait(visit, waiting)
        if self.is_mocked:
            return
        if items:
            self.iterate(visit, limit)
        else:
            self.gather(visit, waiting.outputs)

    def map_items(self, visit: _Visit, state: Map, scope: Scope) -> JSON:
        """Give what a Map state goes through."""
        items = scope.data if state.items is None else state.items(scope)
        may_be_object = state.distributed is not None or (state.is_jsonata and state.items is not None)
        if not isinstance(items, (list, dict) if may_be_object else list):
            if state.is_jsonata:
                cause = f"The items of a Map state must be an array, but were of the type '{type_name(items)}'."
                raise StateFailure(QUERY_EVALUATION_ERROR, cause, "Items")
            raise StateFailure(RUNTIME, f'Reference path "{state.items_path}" must point to array.')
        self.note(visit, "afterItemsPath", items)
        return items

    def start_map_run(self, visit: _Visit, state: Map, plan: MapRunPlan, scope: Scope) -> None:
        """Begin a distributed Map state: its items are read first, where they lie in a bucket."""
        limit = _read_limit(state.concurrency, scope, "MaxConcurrency", least=0, is_jsonata=state.is_jsonata)
        limits = (
            min(limit or MOST_CHILDREN, MOST_CHILDREN),
            None if plan.tolerated_count is None else int(_read_number(plan.tolerated_count(scope), "Count")),
            None if plan.tolerated_percentage is None else _read_number(plan.tolerated_percentage(scope), "%"),
        )
        writer = None
        if plan.writer is not None:
            writer = {**plan.writer(scope), "Config": plan.writer_config}
        elif plan.writer_config:
            writer = {"Config": plan.writer_config}
        reader = None
        if plan.reader is not None:
            config = dict(plan.reader_config)
            if plan.most_items is not None:
                config["MaxItems"] = plan.most_items(scope)
            reader = {"parameters": plan.reader(scope), "config": config}
        op = self.take_op()
        waiting = WaitingForMapRun(op, uuid_of(f"{self.before.seed}/mapRun/{op}"), limits, reader, writer)
        items = None if reader is not None else self.map_items(visit, state, scope)
        visit.last_event = self.history.map_started(visit.last_event, 0 if items is None else len(items))
        arn = map_run_arn(self.before, state, waiting.run)
        visit.last_event = self.history.add(
            "MapRunStarted", visit.last_event, "mapRunStartedEventDetails", {"mapRunArn": arn}
        )
        if items is None:
            self.wait(visit, waiting)
            self.commands.append(run_items(self.before, state, waiting))
        else:
            self.run_map(visit, state, waiting, items, "STATE_DATA")

    def run_map(self, visit: _Visit, state: Map, waiting: WaitingForMapRun, items: JSON, source: str) -> None:
        """Have an execution run for each item, or batch of items."""
        data = self.effective(visit, state)
        inputs = []
        for index in range(len(items)) if isinstance(items, list) else range(len(items := [*items.items()])):
            item = items[index]
            entry = Item(index, item, None, source)
            if isinstance(item, tuple):
                entry = Item(index, item[1], item[0], source)
                item = {"Key": item[0], "Value": item[1]}
            if state.parameters is not None:
                item = state.parameters(self.scope(visit, data, entry))
            inputs.append(item)
        plan = state.run
        if plan.has_batches:
            scope = self.scope(visit, data)
            most, size = (
                None if limit is None else int(_read_number(limit(scope), "PerBatch"))
                for limit in (plan.batch_items, plan.batch_bytes)
            )
            shared = {} if plan.batch_input is None else {"BatchInput": plan.batch_input(scope)}
            inputs = [shared | {"Items": batch} for batch in batches(inputs, most or None, size or None, shared)]
        waiting = replace(waiting, op=self.take_op(), inputs=inputs, reader=None)
        self.wait(visit, waiting)
        self.commands.append(run_items(self.before, state, waiting))

    def map_run_occurred(self, visit: _Visit, state: Map, waiting: WaitingForMapRun, occurrence: Occurrence) -> None:
        match occurrence:
            case TaskSucceeded(_, result) if waiting.inputs is None:
                self.run_map(visit, state, waiting, result, _source(waiting.reader["parameters"]))
            case TaskSucceeded(_, result):
                self.history.add("MapRunSucceeded", visit.last_event)
                self.history.add("MapStateSucceeded", visit.last_event)
                write_payload(result, visit.state)
                self.complete(visit, state, result)
            case TaskFailed(_, error, cause):
                cause = None if cause is None else cause[:LONGEST_CAUSE]
                details = {name: text for name, text in (("error", error), ("cause", cause)) if text is not None}
                visit.last_event = self.history.add(
                    "MapRunFailed", visit.last_event, "mapRunFailedEventDetails", details
                )
                self.history.add("MapStateFailed", visit.last_event)
                self.fail(visit, error, cause)
            case _:
                raise AssertionError(f"a map run does not wait for {occurrence}")

    def iterate(self, visit: _Visit, count: int) -> None:
        """Begin the next iterations of a Map state."""
        state = cast(Map, self.states[visit.state])
        waiting = cast(WaitingForBranches, self.branches[visit.id].waits_for)
        items = waiting.items
        begun = waiting.begun
        # More may have asked for the next one than there are left.
        count = min(count, waiting.total - begun)
        if not count:
            return
        self.wait(visit, replace(waiting, begun=begun + count))
        data = None if state.parameters is None else self.effective(visit, state)
        for index in range(begun, begun + count):
            item = item_at(items, index)
            given = item.value if item.key is None else {"Key": item.key, "Value": item.value}
            if state.parameters is not None:
                given = state.parameters(self.scope(visit, data, item))
                self.note(visit, f"afterItemSelector[{index}]", given)
            started = self.history.iteration("Started", visit.last_event, visit.state, index)
            child = self.add_branch(visit.id, index, state.start, given, started)
            self.ready.append((child, self.enter, None))

    def gather(self, visit: _Visit, outputs: JSON) -> None:
        """Go on when every branch or iteration has ended."""
        state = cast(WorkingState, self.states[visit.state])
        # On AWS what comes next follows from what this one follows from.
        self.history.add(f"{type(state).__name__}StateSucceeded", visit.last_event)
        result = outputs.in_order()
        write_payload(result, visit.state)
        self.complete(visit, state, result)

    def complete(self, visit: _Visit, state: WorkingState, result: JSON) -> None:
        """Go on with what a Task, Parallel or Map state has done."""
        if self.told is not None:
            self.note(visit, "result", result)
        if state.is_jsonata:
            self.conclude(visit, state, state, result, state.next, {"result": result})
            return
        seen = result
        if state.result_selector is not None:
            result = state.result_selector(self.scope(visit, result))
            self.note(visit, "afterResultSelector", result)
        self.leave(visit, state, self.placed(visit, state.result_path, result), state.next, seen)

    def placed(self, visit: _Visit, path: Path | None, result: JSON) -> JSON:
        """Put a result where ResultPath says."""
        data = place(path, visit.data, result)
        if self.told is not None:
            self.note(visit, "afterResultPath", data)
        return data

    # Failure.

    def explain(self, visit: _Visit, failure: StateFailure) -> str:
        """Say where a failure was, as AWS does for the interpreter's own; enter an event for one of an expression."""
        cause = failure.cause
        if failure.error in _EXPLAINED:
            cause = (
                f"An error occurred while executing the state '{visit.state}' "
                f"(entered at the event id #{visit.entered_event}). {cause}"
            )
        cause = cause[:LONGEST_CAUSE]
        if failure.location is not None:
            details = {"error": failure.error, "cause": cause, "location": failure.location, "state": visit.state}
            visit.last_event = self.history.add(
                "EvaluationFailed", visit.last_event, "evaluationFailedEventDetails", details
            )
        return cause

    def fail(self, visit: _Visit, error: str | None, cause: str | None) -> None:
        """Let an error find who handles it: the state, the states around it, or nobody."""
        if self.told is not None:
            self.note(visit, "failure", {"error": error, "cause": cause})
        if error == RUNTIME and not self.is_caught(visit, RUNTIME):
            # The states around it are not told.
            self.finish(FAILED, visit.last_event, error, cause)
            return
        while True:
            state = self.states[visit.state]
            if isinstance(state, WorkingState):
                self.abort_branches(visit.id)
                try:
                    if self.retry(visit, state, error) or self.catch(visit, state, error, cause):
                        return
                except StateFailure as failure:
                    # A catcher whose output cannot be is none.
                    error, cause = failure.error, self.explain(visit, failure)
            if visit.parent is None:
                self.resumes = visit.branch(None)
                self.finish(FAILED, visit.last_event, _reported(error), cause)
                return
            visit = self.fail_branch(visit)

    def is_caught(self, visit: _Visit, error: str) -> bool:
        """Whether a catcher of the state, or of one around it, names an error."""
        name, parent = visit.state, visit.parent
        while True:
            state = self.states[name]
            if isinstance(state, WorkingState) and find_catcher(state.catchers, error) is not None:
                return True
            if parent is None:
                return False
            branch = self.branches[parent]
            name, parent = branch.state, branch.parent

    def retry(self, visit: _Visit, state: WorkingState, error: str | None) -> bool:
        index = find_retrier(state.retriers, error or "")
        if index is None:
            return False
        retrier = state.retriers[index]
        counts = list(visit.retries) or [0] * len(state.retriers)
        if counts[index] >= retrier.max_attempts:
            return False
        delay = retrier.delay(counts[index], self.jitter())
        if self.told is not None:
            details = {"retryIndex": index, "retryBackoffIntervalSeconds": round(delay.total_seconds())}
            self.note(visit, "errorDetails", details)
        counts[index] += 1
        visit.retries = tuple(counts)
        timer = self.start_timer(self.now + delay, is_wait=True)
        self.wait(visit, WaitingForTimer(timer, is_retry=True))
        return True

    def jitter(self) -> float:
        """Give a number from 0 to 1 that is the same for the same retry of the same execution."""
        drawn = sha256(f"{self.before.seed}/jitter/{self.next_op}".encode()).digest()
        return int.from_bytes(drawn[:6]) / float(1 << 48)

    def catch(self, visit: _Visit, state: WorkingState, error: str | None, cause: str | None) -> bool:
        catcher = find_catcher(state.catchers, error or "")
        if catcher is None:
            return False
        self.note(visit, "errorDetails", {"catchIndex": state.catchers.index(catcher)})
        output = {"Error": _reported(error), "Cause": cause}
        present = {name: text for name, text in output.items() if text is not None}
        if state.is_jsonata:
            self.conclude(visit, state, catcher, present, catcher.next, {"errorOutput": present})
            return True
        assigned = None if catcher.assign is None else catcher.assign(self.scope(visit, present))
        self.move(visit, state, self.placed(visit, catcher.result_path, present), catcher.next, assigned)
        return True

    def fail_branch(self, visit: _Visit) -> _Visit:
        """End a branch that failed, and those beside it; give the one whose state has failed by that."""
        parent = self.branches[cast(int, visit.parent)]
        del self.branches[visit.id]
        above = _Visit(parent)
        above.last_event = visit.last_event
        state = self.states[parent.state]
        if isinstance(state, Map):
            self.history.iteration("Failed", visit.last_event, parent.state, visit.index)
        self.abort_branches(parent.id)
        above.last_event = self.history.add(f"{type(state).__name__}StateFailed", above.last_event)
        return above

    def abort_branches(self, parent: int) -> None:
        """Abort the branches of a Parallel or Map state and all below them."""
        if not isinstance(self.branches[parent].waits_for, WaitingForBranches):
            return
        below = list(self.descendants(parent))
        states = {branch.id: branch.state for branch in (*below, self.branches[parent])}
        for branch in below:
            del self.branches[branch.id]
        self.has_aborted = True
        gone = {branch.id for branch in below} | {parent}
        kept = [entry for entry in self.ready if entry[0].id not in gone]
        self.ready.clear()
        self.ready.extend(kept)
        for branch in below:
            self.abort(branch, states[cast(int, branch.parent)])

    def descendants(self, parent: int) -> Iterator[Branch]:
        """Give the branches below a branch, the lower ones first."""
        children: dict[int | None, list[Branch]] = {}
        for branch in self.branches.values():
            children.setdefault(branch.parent, []).append(branch)
        found: list[Branch] = []
        ahead = [parent]
        while ahead:
            under = children.get(ahead.pop(), [])
            found.extend(under)
            ahead.extend(branch.id for branch in under)
        return reversed(found)

    def abort(self, branch: Branch, around: str) -> None:
        """Tell that a branch is aborted, which belonged to a state around it."""
        last = branch.last_event
        if branch.waits_for is not None:
            last = self.history.add(f"{type(self.states[branch.state]).__name__}StateAborted", last)
        if isinstance(self.states[around], Map):
            self.history.iteration("Aborted", last, around, branch.index)


_TYPES: tuple[type[State], ...] = (Task, Wait, Choice, Pass, Succeed, Fail, Map, Parallel)
_ENTERED = {type_: f"{type_.__name__}StateEntered" for type_ in _TYPES}
_EXITED = {type_: f"{type_.__name__}StateExited" for type_ in _TYPES}

_WORK: dict[type[State], Callable[[_Run, _Visit, Any], None]] = {
    Task: _Run.start_task,
    Wait: _Run.start_wait,
    Choice: _Run.choose,
    Pass: _Run.hand_on,
    Succeed: _Run.succeed,
    Fail: _Run.give_up,
    Map: _Run.start_map,
    Parallel: _Run.start_parallel,
}
"""What each type of state does."""

_EXPLAINED = frozenset({QUERY_EVALUATION_ERROR, RUNTIME, RESULT_PATH_MATCH_FAILURE})
"""Errors of the interpreter, whose causes tell the state."""


def _reported(error: str | None) -> str | None:
    return TIMEOUT if error == HEARTBEAT_TIMEOUT else error


def _shown(value: JSON) -> str:
    return value if isinstance(value, str) else write(value)


def _write_variables(assigned: Mapping[str, JSON], visit: _Visit) -> dict[str, str]:
    """Write the variables that a state sets, as events hold them. Fail the state when there is too much of them."""
    texts = {name: write_payload(value, visit.state) for name, value in assigned.items()}
    size = sum(map(len, texts.values()))
    if size > LARGEST_PAYLOAD or (
        size + len(visit.variables) and _size(visit.variables) + size > MOST_VARIABLES_BYTES
    ):
        raise StateFailure(
            DATA_LIMIT_EXCEEDED, f"The size of the variables assigned in the state '{visit.state}' exceeds the limit."
        )
    return texts


def _size(variables: Mapping[str, JSON]) -> int:
    return sum(len(write(value)) for value in variables.values())


def _read_number(value: JSON, name: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return value
    raise StateFailure(RUNTIME, f"The value of the field '{name}' must be a number of at least 0: {_shown(value)}")


def _read_role(credentials: JSON) -> str:
    role = credentials.get("RoleArn")
    if not isinstance(role, str):
        raise StateFailure(RUNTIME, f"The RoleArn of the field 'Credentials' must be a string: {_shown(role)}")
    return role


def _source(parameters: JSON) -> str:
    """Tell where items come from, as the context object does."""
    return f"s3://{parameters.get('Bucket', '')}/{parameters.get('Key', parameters.get('Prefix', ''))}"


def batches(items: Sequence[JSON], most: int | None, size: int | None, shared: JSON) -> Iterator[list[JSON]]:
    """Put items into batches of so many items, and so many bytes as JSON together with what they share."""
    base = len(encode({**shared, "Items": []}))
    batch: list[JSON] = []
    taken = base
    for item in items:
        length = len(encode(item)) + 1 if size is not None else 0
        if batch and (len(batch) == most or (size is not None and taken + length > size)):
            yield batch
            batch, taken = [], base
        batch.append(item)
        taken += length
    if batch:
        yield batch


def _read_limit(
    expression: Expression | None, scope: Scope, name: str, least: int = 1, *, is_jsonata: bool = False
) -> int | None:
    if expression is None:
        return None
    return _read_seconds(expression, scope, name if is_jsonata else f"{name}Path", "", least, is_jsonata=is_jsonata)


def _read_seconds(
    expression: Expression, scope: Scope, name: str, path: str, least: int = 0, *, is_jsonata: bool = False
) -> int:
    value = expression(scope)
    if is_jsonata and not (type(value) is int and least <= value <= LONGEST_WAIT):
        # The words of AWS for this are not known.
        raise StateFailure(
            QUERY_EVALUATION_ERROR,
            f"The value of the field '{name}' must be an integer between {least} and {LONGEST_WAIT}: {_shown(value)}",
            name,
        )
    if type(value) is int and least <= value <= LONGEST_WAIT:
        return value
    shown = f"{path} == {_shown(value)}" if path else _shown(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise StateFailure(RUNTIME, f"The {name} parameter cannot be parsed as a long value: {shown}")
    if value < least:
        what = "a negative value" if value < 0 else f"a value less than {least}"
        raise StateFailure(RUNTIME, f"The {name} parameter references {what}: {shown}")
    raise StateFailure(RUNTIME, f"The {name} parameter references a value greater than {LONGEST_WAIT}: {shown}")
