"""
One step of an execution: what it consists of while it is taken, and what any state has in common with others.

A branch is moved on by entering a state, leaving it by its output and its variables, or failing it; an error then
finds who handles it. What each type of state does is the interpreter's.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import cast

from pizzabar.documents import JSON, write
from pizzabar.record import record
from pizzabar.stepfunctions.choice import ChoiceRule
from pizzabar.stepfunctions.commands import Command, Finish, StartTimer
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.execution import (
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
    unentered,
)
from pizzabar.stepfunctions.history import LARGEST_PAYLOAD, History, HistoryFull, write_payload
from pizzabar.stepfunctions.occurrences import (
    TimerFired,
)
from pizzabar.stepfunctions.paths import Path
from pizzabar.stepfunctions.payload import place
from pizzabar.stepfunctions.pending import (
    fits_timer,
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
    Parallel,
    Pass,
    State,
    StateMachine,
    Succeed,
    Task,
    Wait,
    WorkingState,
)
from pizzabar.stepfunctions.task_token import task_token
from pizzabar.stepfunctions.timestamp import write_timestamp

LONGEST_CAUSE = 32_768
MOST_VARIABLES_BYTES = 10 * 1024 * 1024

TYPES: tuple[type[State], ...] = (Task, Wait, Choice, Pass, Succeed, Fail, Map, Parallel)
_EXITED = {type_: f"{type_.__name__}StateExited" for type_ in TYPES}

_EXPLAINED = frozenset({QUERY_EVALUATION_ERROR, RUNTIME, RESULT_PATH_MATCH_FAILURE})
"""Errors of the interpreter, whose causes tell the state."""


@record
class Step:
    """What an occurrence leads to."""

    execution: Execution
    commands: tuple[Command, ...] = ()
    history: tuple[JSON, ...] = ()


Note = Callable[[int, str, str, JSON], None]
"""Is told how data flows: the id of the state's Entered event, the state's name, at what point, and the value.

The points are the members of https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html,
and ``output``, ``choices`` (the verdict on each rule up to the one that is taken) and ``assigned``.
"""


class Visit:
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


Work = Callable[[Visit, JSON], None]
"""Something that a branch can do at once, and what it is done with."""


class Stepping:
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
        self.history = History(execution.next_event, now, is_limited=not execution.is_express)
        self.commands: list[Command] = []
        self.branches = dict(execution.branches)
        self.next_op = execution.next_op
        self.next_branch = execution.next_branch
        self.timeout = execution.timeout
        self.end: Finish | None = None
        self.resumes: tuple[Branch, ...] = ()
        self.ready: deque[tuple[Visit, Work, JSON]] = deque()
        self.has_aborted = False
        self.is_mocked = False

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
            before.redrives,
            before.redriven,
            before.case,
            before.tokens,
            before.map_run_arn,
            before.map_run_redrives,
            before.context,
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
            self.resumes = self.resumes or self.standing(self.branches, self.ready)
        if status == TIMED_OUT:
            # The event alone tells of the error.
            error = None
        self.end = Finish(status, output, error, cause)
        self.commands.append(self.end)
        self.branches = {}
        self.timeout = None
        self.ready.clear()
        self.has_aborted = True

    def standing(
        self,
        branches: Mapping[int, Branch],
        ready: Iterable[tuple[Visit, Work, JSON]],
        failed: Branch | None = None,
    ) -> tuple[Branch, ...]:
        """Give where branches stand, for a redrive to go on from; one of them may be at a state that has failed.

        What is waited for is let go, but for the branches of a Parallel or Map state, and a map run.
        """
        if self.before.is_express:
            return ()
        moved = {visit.id: unentered(visit.branch(None)) for visit, work, _ in ready if work == self.enter}
        if failed is not None:
            moved[failed.id] = failed
        return tuple(_let_go(moved.get(branch.id, branch), branch) for branch in branches.values())

    # Branches and timers.

    def add_branch(self, parent: int | None, index: int, state: str, data: JSON, previous: int) -> Visit:
        variables = {} if parent is None else self.branches[parent].variables
        branch = Branch(self.next_branch, parent, index, state, data, 0, self.now, previous, (), variables)
        self.next_branch += 1
        self.branches[branch.id] = branch
        return Visit(branch)

    def take_op(self) -> int:
        op = self.next_op
        self.next_op = op + 1
        return op

    def start_timer(self, when: datetime, *, is_wait: bool) -> Timer:
        timer = Timer(self.take_op(), when)
        self.commands.append(StartTimer(timer.op, when, is_wait))
        return timer

    def wait(self, visit: Visit, waits_for: Waiting) -> None:
        self.branches[visit.id] = visit.branch(waits_for)

    # What expressions look at.

    def scope(
        self, visit: Visit, data: JSON, item: Item | None = None, more: Mapping[str, JSON] | None = None
    ) -> Scope:
        # The number of the next event tells the scopes of an execution apart, so each draws its own numbers.
        seed = (self.before.seed, self.history.next_id)
        return Scope(data, lambda: self.context(visit, item), visit.variables, seed, self.now, more)

    def context(self, visit: Visit, item: Item | None) -> JSON:
        """Give the context object.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
        """
        execution = self.before
        if execution.context is not None:
            return execution.context if item is None else {**execution.context, "Map": {"Item": item.in_context()}}
        context: dict[str, JSON] = {
            "Execution": {
                "Id": execution.arn,
                "Input": execution.input,
                "Name": execution.name,
                "RoleArn": execution.role_arn,
                "StartTime": write_timestamp(execution.started),
                "RedriveCount": execution.redrives,
            },
            "State": {
                "EnteredTime": write_timestamp(visit.entered),
                "Name": visit.state,
                "RetryCount": sum(visit.retries),
            },
            "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
        }
        if execution.redriven is not None:
            context["Execution"]["RedriveTime"] = write_timestamp(execution.redriven)
        state = self.states[visit.state]
        if isinstance(state, Task) and state.resource.has_token:
            context["Task"] = {"Token": task_token(execution, visit.op)}
        item = item or self.item(visit)
        if item is not None:
            context["Map"] = {"Item": item.in_context()}
        return context

    def item(self, visit: Visit) -> Item | None:
        """Give the item that a branch was made for."""
        parent, index = visit.parent, visit.index
        while parent is not None:
            branch = self.branches[parent]
            if isinstance(branch.waits_for, WaitingForBranches) and branch.waits_for.items is not None:
                return item_at(branch.waits_for.items, index)
            parent, index = branch.parent, branch.index
        return None

    def note(self, visit: Visit, point: str, value: JSON) -> None:
        """Tell how data flows, where somebody wants to know."""
        if self.told is not None:
            self.told(visit.entered_event, visit.state, point, value)

    def effective(self, visit: Visit, state: State) -> JSON:
        """Give what InputPath leaves of the raw input."""
        data = visit.data if state.input_path is None else state.input_path(self.scope(visit, visit.data))
        if self.told is not None and not state.is_jsonata:
            self.note(visit, "afterInputPath", data)
        return data

    # Out of a state.

    def leave(self, visit: Visit, state: State, output: JSON, next_: str | None, seen: JSON) -> None:
        """Go out of a JSONPath state; ``seen`` is what ``$`` is in its Assign."""
        if state.output_path is not None:
            output = state.output_path(self.scope(visit, output))
        assigned = None if state.assign is None else state.assign(self.scope(visit, seen))
        self.move(visit, state, output, next_, assigned)

    def conclude(
        self,
        visit: Visit,
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
        self, visit: Visit, state: State, output: JSON, next_: str | None, assigned: Mapping[str, JSON] | None
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

    def end_branch(self, visit: Visit, output: JSON, text: str) -> None:
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
            waiting.since,
        )
        above = Visit(parent)
        above.last_event = last
        self.wait(above, waiting)
        if waiting.ended == waiting.total:
            self.ready.append((above, self.gather, waiting.outputs))
        elif waiting.begun < waiting.total:
            # After an iteration that has waited, AWS was seen to let the next one follow from that.
            has_waited = visit.entered_event < self.before.next_event
            self.ready.append((above, self.iterate, (1, visit.last_event if has_waited else waiting.since)))

    # Failure.

    def explain(self, visit: Visit, failure: StateFailure) -> str:
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

    def fail(self, visit: Visit, error: str | None, cause: str | None) -> None:
        """Let an error find who handles it: the state, the states around it, or nobody."""
        if self.told is not None:
            self.note(visit, "failure", {"error": error, "cause": cause})
        # Where all stood before anything is aborted.
        branches, ready, failed = dict(self.branches), [*self.ready], visit.branch(None)
        if error == RUNTIME and not self.is_caught(visit, RUNTIME):
            # The states around it are not told.
            self.resumes = self.standing(branches, ready, failed)
            self.finish(FAILED, visit.last_event, error, cause)
            return
        while True:
            state = self.states[visit.state]
            if isinstance(state, WorkingState):
                self.abort_branches(visit.id)
                if self.retry(visit, state, error):
                    return
                before = visit.last_event
                self.state_failed(visit, state)
                try:
                    if self.catch(visit, state, error, cause):
                        return
                except StateFailure as failure:
                    # A catcher whose output cannot be is none: the state fails a second time.
                    visit.last_event = before
                    error, cause = failure.error, self.explain(visit, failure)
                    self.state_failed(visit, state)
            if visit.parent is None:
                if error == DATA_LIMIT_EXCEEDED:
                    # The state is done again as a whole, its branches that have succeeded too.
                    branches, ready, failed = {visit.id: visit.branch(None)}, [], visit.branch(None)
                self.resumes = self.standing(branches, ready, failed)
                self.finish(FAILED, visit.last_event, _reported(error), cause)
                return
            visit = self.fail_branch(visit)

    def state_failed(self, visit: Visit, state: WorkingState) -> None:
        """Tell that a state with branches has failed for good."""
        if isinstance(state, (Map, Parallel)):
            visit.last_event = self.history.add(f"{type(state).__name__}StateFailed", visit.last_event)

    def is_caught(self, visit: Visit, error: str) -> bool:
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

    def retry(self, visit: Visit, state: WorkingState, error: str | None) -> bool:
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

    def catch(self, visit: Visit, state: WorkingState, error: str | None, cause: str | None) -> bool:
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

    def placed(self, visit: Visit, path: Path | None, result: JSON) -> JSON:
        """Put a result where ResultPath says."""
        data = place(path, visit.data, result)
        if self.told is not None:
            self.note(visit, "afterResultPath", data)
        return data

    def fail_branch(self, visit: Visit) -> Visit:
        """End a branch that failed, and those beside it; give the one whose state has failed by that."""
        parent = self.branches[cast(int, visit.parent)]
        del self.branches[visit.id]
        above = Visit(parent)
        above.last_event = visit.last_event
        # What comes next follows from what these follow from.
        if isinstance(self.states[visit.state], Task):
            self.history.add("TaskStateAborted", visit.last_event)
        if isinstance(self.states[parent.state], Map):
            self.history.iteration("Failed", visit.last_event, parent.state, visit.index)
        self.abort_branches(parent.id)
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

    # What the types of states do.

    def enter(self, visit: Visit, _: JSON) -> None:
        """Enter the state that a branch is at."""
        raise NotImplementedError

    def iterate(self, visit: Visit, count_and_previous: tuple[int, int]) -> None:
        """Begin so many of the next iterations of a Map state, which follow from an event."""
        raise NotImplementedError

    def gather(self, visit: Visit, outputs: JSON) -> None:
        """Go on when every branch or iteration has ended."""
        raise NotImplementedError


def _let_go(branch: Branch, known: Branch) -> Branch:
    """Give a branch that waits for nothing but what a redrive goes on with: its branches, or its map run.

    ``known`` is the branch when it waited last, which may have been at another state.
    """
    waiting = known.waits_for
    if not isinstance(waiting, (WaitingForBranches, WaitingForMapRun)) or known.entered_event != branch.entered_event:
        waiting = None
    return branch if branch.waits_for is waiting else replace(branch, waits_for=waiting)


def _reported(error: str | None) -> str | None:
    return TIMEOUT if error == HEARTBEAT_TIMEOUT else error


def _write_variables(assigned: Mapping[str, JSON], visit: Visit) -> dict[str, str]:
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
