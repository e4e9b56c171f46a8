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
- A redrive goes on in each branch where that stood: at a state that it has entered, with what is left of its work.

https://states-language.net/spec.html
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from pizzabar.documents import JSON, write
from pizzabar.stepfunctions.choice import ChoiceRule
from pizzabar.stepfunctions.commands import Command, Finish, ReadItems, RunMapRun, RunTask, StartTimer
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.execution import (
    ABORTED,
    RUNNING,
    TIMED_OUT,
    Branch,
    Execution,
    Item,
    Waiting,
    WaitingForBranches,
    WaitingForMapRun,
    WaitingForTask,
    WaitingForTimer,
    item_at,
)
from pizzabar.stepfunctions.history import write_payload
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
from pizzabar.stepfunctions.pending import (
    find_waiting,
    is_waiting,
    map_run_arn,
    pending,
    run_items,
    run_task,
)
from pizzabar.stepfunctions.redrive import MOST_REDRIVES, is_child_of_express, redriven
from pizzabar.stepfunctions.retry import (
    HEARTBEAT_TIMEOUT,
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    TIMEOUT,
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
from pizzabar.stepfunctions.step import LONGEST_CAUSE, TYPES, Note, Step, Stepping, Visit
from pizzabar.stepfunctions.task_token import read_task_token, task_token
from pizzabar.stepfunctions.timestamp import read_timestamp
from pizzabar.stepfunctions.values import (
    batches,
    read_count,
    read_limit,
    read_percentage,
    read_role,
    read_seconds,
    shown,
    source,
)
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
    map_run_arn: str | None = None,
    map_run_redrives: int = 0,
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
        map_run_arn=map_run_arn,
        map_run_redrives=map_run_redrives,
    )


def advance(
    machine: StateMachine, execution: Execution, occurrence: Occurrence, now: datetime, note: Note | None = None
) -> Step:
    """Go on from an occurrence, until every branch waits or the execution has ended.

    ``note`` is told how data flows through the states.
    """
    if execution.status != RUNNING:
        if not isinstance(occurrence, Redriven) or not (execution.resumes or is_child_of_express(execution)):
            return Step(execution)
        run = _Run(machine, redriven(execution, occurrence, now), now, note)
        if execution.is_express:
            run.start({})
        else:
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
            run.finish(ABORTED, 0, error, cause)
        case TimerFired(op) if execution.timeout is not None and execution.timeout.op == op:
            run = _Run(machine, execution, now, note)
            run.finish(TIMED_OUT, 0, TIMEOUT, None)
        case _:
            branch = find_waiting(execution, occurrence)
            if branch is None:
                return Step(execution)
            run = _Run(machine, execution, now, note)
            run.resume(branch, occurrence)
    return run.step()


class _Run(Stepping):
    """One step, with what each type of state does."""

    __slots__ = ()

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

    def redrive(self, branches: Sequence[Branch]) -> None:
        """Go on where the execution ended unsuccessfully: in each of its branches."""
        last = self.history.execution_redriven(self.before.next_event - 1, self.before.redrives)
        if self.machine.timeout is not None:
            self.timeout = self.start_timer(self.now + timedelta(seconds=self.machine.timeout), is_wait=False)
        for branch in branches:
            self.branches[branch.id] = branch = replace(branch, retries=())
            visit = Visit(branch)
            if not branch.entered_event:
                self.ready.append((visit, self.enter, None))
                continue
            # What follows seems to follow from the entering of the state, on AWS too; but a second failure does not.
            is_fail = isinstance(self.states[branch.state], Fail)
            visit.last_event = last if is_fail else branch.entered_event
            self.ready.append((visit, self.redo, branch.waits_for))
        self.work()

    def resume(self, branch: Branch, occurrence: Occurrence) -> None:
        """Let a branch go on with what it waited for."""
        self.ready.append((Visit(branch), self.occurred, occurrence))
        self.work()

    def prepared(self, visit: Visit, state: Pass | WorkingState, data: JSON, scope: Scope | None = None) -> JSON:
        """Give what Parameters or Arguments make of the data."""
        if state.parameters is None:
            return data
        made = state.parameters(scope or self.scope(visit, data))
        if self.told is not None:
            self.note(visit, "afterArguments" if state.is_jsonata else "afterParameters", made)
        return made

    def enter(self, visit: Visit, _: JSON) -> None:
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

    def do(self, visit: Visit, state: State) -> None:
        """Do the work of a state, for the first time or again."""
        _WORK[type(state)](self, visit, state)

    def redo(self, visit: Visit, waiting: Waiting | None) -> None:
        """Do the work of a state again, or what is left of it: branches that have not ended, a map run's children."""
        state = self.states[visit.state]
        match waiting:
            case WaitingForBranches(total, begun, ended, limit, _, outputs, since):
                visit.last_event = self.branches[visit.id].last_event
                if ended == total:
                    self.gather(visit, outputs)
                elif begun < total:
                    self.iterate(visit, (limit - (begun - ended), since))
            case WaitingForMapRun():
                self.redrive_map_run(visit, cast(Map, state), waiting)
            case _:
                self.do(visit, state)

    # What has happened to a branch that waited.

    def occurred(self, visit: Visit, occurrence: Occurrence) -> None:
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

    def task_occurred(self, visit: Visit, state: Task, task: WaitingForTask, occurrence: Occurrence) -> None:
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

    def pass_on(self, visit: Visit, state: State) -> None:
        """Go out of a state that changes nothing of its own."""
        if state.is_jsonata:
            self.conclude(visit, state, state, visit.data, state.next)
        else:
            data = self.effective(visit, state)
            self.leave(visit, state, data, state.next, data)

    def hand_on(self, visit: Visit, state: Pass) -> None:
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

    def choose(self, visit: Visit, state: Choice) -> None:
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

    def told_choice(self, visit: Visit, state: Choice, scope: Scope) -> ChoiceRule | None:
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

    def succeed(self, visit: Visit, state: Succeed) -> None:
        self.pass_on(visit, state)

    def start_wait(self, visit: Visit, state: Wait) -> None:
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
            seconds = read_seconds(state.seconds, scope, name, text, is_jsonata=state.is_jsonata)
            return self.now + timedelta(seconds=seconds)
        value = None if state.timestamp is None else state.timestamp(scope)
        when = read_timestamp(value)
        if when is None and state.is_jsonata:
            cause = f"The value of the field 'Timestamp' is not a valid ISO-8601 date-time: {shown(value)}"
            raise StateFailure(QUERY_EVALUATION_ERROR, cause, "Timestamp")
        if when is None:
            raise StateFailure(
                RUNTIME,
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
                f"string: {text} == {shown(value)}",
            )
        return when

    def give_up(self, visit: Visit, state: Fail) -> None:
        scope = self.scope(visit, visit.data)
        texts = []
        for name, expression in (("ErrorPath", state.error), ("CausePath", state.cause)):
            text = None if expression is None else expression(scope)
            if text is not None and not isinstance(text, str):
                raise StateFailure(RUNTIME, f"The {name} parameter does not reference a string value: {shown(text)}")
            texts.append(text)
        self.fail(visit, texts[0], texts[1])

    def start_task(self, visit: Visit, state: Task) -> None:
        resource = state.resource
        visit.op = op = self.next_op
        data = self.effective(visit, state)
        scope = self.scope(visit, data)
        timeout = heartbeat = None
        if state.timeout is not None:
            timeout = read_limit(state.timeout, scope, "TimeoutSeconds", is_jsonata=state.is_jsonata)
        if state.heartbeat is not None:
            heartbeat = read_limit(state.heartbeat, scope, "HeartbeatSeconds", is_jsonata=state.is_jsonata)
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
            role=None if state.role is None else read_role(state.role(scope)),
        )
        self.commands.insert(at, run_task(self.before, state, task))
        self.wait(visit, task)

    def start_parallel(self, visit: Visit, state: Parallel) -> None:
        data = self.prepared(visit, state, self.effective(visit, state))
        write_payload(data, visit.state)
        visit.last_event = self.history.add("ParallelStateStarted", visit.last_event)
        total = len(state.starts)
        self.wait(visit, WaitingForBranches(total, total, 0, total, since=visit.last_event))
        if self.is_mocked:
            return
        for index, start in enumerate(state.starts):
            child = self.add_branch(visit.id, index, start, data, visit.last_event)
            self.ready.append((child, self.enter, None))

    def start_map(self, visit: Visit, state: Map) -> None:
        data = self.effective(visit, state)
        scope = self.scope(visit, data)
        if state.distributed is not None:
            self.start_map_run(visit, state, state.distributed, scope)
            return
        items = self.map_items(visit, state, scope)
        limit = read_limit(state.concurrency, scope, "MaxConcurrency", least=0, is_jsonata=state.is_jsonata)
        self.note(visit, "maxConcurrency", limit or 0)
        limit = limit or MOST_ITERATIONS
        visit.last_event = self.history.map_started(visit.last_event, len(items))
        limit = min(limit, MOST_ITERATIONS, len(items))
        waiting = WaitingForBranches(len(items), 0, 0, limit, items, since=visit.last_event)
        self.wait(visit, waiting)
        if self.is_mocked:
            for index in range(len(items)) if state.parameters is not None else ():
                self.given(visit, state, data, item_at(items, index), None)
            return
        if items:
            self.iterate(visit, (limit, visit.last_event))
        else:
            self.gather(visit, waiting.outputs)

    def map_items(self, visit: Visit, state: Map, scope: Scope) -> JSON:
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

    def start_map_run(self, visit: Visit, state: Map, plan: MapRunPlan, scope: Scope) -> None:
        """Begin a distributed Map state: its items are read first, where they lie in a bucket."""
        limit = read_limit(state.concurrency, scope, "MaxConcurrency", least=0, is_jsonata=state.is_jsonata)
        count, percentage = plan.tolerated_count, plan.tolerated_percentage
        limits = (
            min(limit or MOST_CHILDREN, MOST_CHILDREN),
            None if count is None else read_count(count(scope), "ToleratedFailureCount", 0),
            None if percentage is None else read_percentage(percentage(scope), "ToleratedFailurePercentage"),
        )
        if self.told is not None:
            self.note(visit, "maxConcurrency", limit or 0)
            for point, value in zip(("toleratedFailureCount", "toleratedFailurePercentage"), limits[1:], strict=True):
                if value is not None:
                    self.note(visit, point, value)
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
        items = None if reader is not None else self.map_items(visit, state, scope)
        visit.last_event = self.history.map_started(visit.last_event, 0 if items is None else len(items))
        run = uuid_of(f"{self.before.seed}/mapRun/{op}")
        waiting = WaitingForMapRun(op, run, limits, reader, writer, since=visit.last_event)
        arn = map_run_arn(self.before, state, waiting.run)
        visit.last_event = self.history.add(
            "MapRunStarted", visit.last_event, "mapRunStartedEventDetails", {"mapRunArn": arn}
        )
        if items is None:
            self.wait(visit, waiting)
            self.commands.append(run_items(self.before, state, waiting))
        else:
            self.run_map(visit, state, waiting, items, "STATE_DATA")

    def run_map(self, visit: Visit, state: Map, waiting: WaitingForMapRun, items: JSON, source: str) -> None:
        """Have an execution run for each item, or batch of items."""
        data = self.effective(visit, state)
        inputs = []
        for index in range(len(items)) if isinstance(items, list) else range(len(items := [*items.items()])):
            item = items[index]
            entry = Item(index, item, None, source)
            if isinstance(item, tuple):
                entry = Item(index, item[1], item[0], source)
                item = {"Key": item[0], "Value": item[1]}
            inputs.append(self.given(visit, state, data, entry, item))
        plan = state.run
        if plan.has_batches:
            scope = self.scope(visit, data)
            most, size = (
                None if limit is None else read_count(limit(scope), name, 1)
                for limit, name in (
                    (plan.batch_items, "MaxItemsPerBatch"),
                    (plan.batch_bytes, "MaxInputBytesPerBatch"),
                )
            )
            shared = {} if plan.batch_input is None else {"BatchInput": plan.batch_input(scope)}
            inputs = [shared | {"Items": batch} for batch in batches(inputs, most or None, size or None, shared)]
            self.note(visit, "afterItemBatcher", inputs)
        waiting = replace(waiting, op=self.take_op(), inputs=inputs, reader=None)
        self.wait(visit, waiting)
        self.commands.append(run_items(self.before, state, waiting))

    def redrive_map_run(self, visit: Visit, state: Map, waiting: WaitingForMapRun) -> None:
        """Have what is left of a map run done: its items read, or children that have not succeeded run.

        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
        """
        if waiting.redrives >= MOST_REDRIVES:
            raise StateFailure(RUNTIME, f"The map run has been redriven {MOST_REDRIVES} times, and may not be again.")
        waiting = replace(waiting, op=self.take_op(), redrives=waiting.redrives + 1)
        arn = map_run_arn(self.before, state, waiting.run)
        visit.last_event = self.history.map_run_redriven(waiting.since, arn, waiting.redrives)
        self.wait(visit, waiting)
        self.commands.append(run_items(self.before, state, waiting))

    def map_run_occurred(self, visit: Visit, state: Map, waiting: WaitingForMapRun, occurrence: Occurrence) -> None:
        match occurrence:
            case TaskSucceeded(_, result) if waiting.inputs is None:
                self.run_map(visit, state, waiting, result, source(waiting.reader["parameters"]))
            case TaskSucceeded(_, result):
                succeeded = self.history.add("MapRunSucceeded", visit.last_event)
                self.history.add("MapStateSucceeded", succeeded)
                # Should the state fail now, a redrive begins another map run.
                self.branches[visit.id] = visit.branch(None)
                write_payload(result, visit.state)
                self.complete(visit, state, result)
            case TaskFailed(_, error, cause):
                cause = None if cause is None else cause[:LONGEST_CAUSE]
                details = {name: text for name, text in (("error", error), ("cause", cause)) if text is not None}
                visit.last_event = self.history.add(
                    "MapRunFailed", visit.last_event, "mapRunFailedEventDetails", details
                )
                self.fail(visit, error, cause)
            case _:
                raise AssertionError(f"a map run does not wait for {occurrence}")

    def iterate(self, visit: Visit, count_and_previous: tuple[int, int]) -> None:
        """Begin so many of the next iterations of a Map state, which follow from an event."""
        count, previous = count_and_previous
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
                given = self.given(visit, state, data, item, given)
            started = self.history.iteration("Started", previous, visit.state, index)
            child = self.add_branch(visit.id, index, state.start, given, started)
            self.ready.append((child, self.enter, None))

    def given(self, visit: Visit, state: Map, data: JSON, item: Item, plain: JSON) -> JSON:
        """Give what the ItemSelector of a Map state makes of an item."""
        if state.parameters is None:
            return plain
        given = state.parameters(self.scope(visit, data, item))
        self.note(visit, f"afterItemSelector[{item.index}]", given)
        return given

    def gather(self, visit: Visit, outputs: JSON) -> None:
        """Go on when every branch or iteration has ended."""
        state = cast(WorkingState, self.states[visit.state])
        succeeded = self.history.add(f"{type(state).__name__}StateSucceeded", visit.last_event)
        result = outputs.in_order()
        try:
            write_payload(result, visit.state)
            self.complete(visit, state, result)
        except StateFailure:
            # On AWS only a failure follows from this event; what else comes, from what it follows from.
            visit.last_event = succeeded
            raise

    def complete(self, visit: Visit, state: WorkingState, result: JSON) -> None:
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


_ENTERED = {type_: f"{type_.__name__}StateEntered" for type_ in TYPES}

_WORK: dict[type[State], Callable[[_Run, Visit, Any], None]] = {
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
