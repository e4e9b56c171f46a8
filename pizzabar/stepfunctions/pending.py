"""What an execution waits for: the commands that stand for it, and the branch that something which happens is for."""

from typing import cast

from pizzabar.stepfunctions.commands import Command, ReadItems, RunMapRun, RunTask, StartTimer
from pizzabar.stepfunctions.execution import (
    RUNNING,
    Branch,
    Execution,
    Waiting,
    WaitingForBranches,
    WaitingForMapRun,
    WaitingForTask,
    WaitingForTimer,
)
from pizzabar.stepfunctions.occurrences import (
    Occurrence,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TaskTaken,
    TimerFired,
)
from pizzabar.stepfunctions.states import Map, StateMachine, Task
from pizzabar.stepfunctions.task_token import task_token


def pending(machine: StateMachine, execution: Execution) -> tuple[Command, ...]:
    """Give the commands of all that is still waited for, by their numbers."""
    commands: list[RunTask | ReadItems | RunMapRun | StartTimer] = []
    if execution.timeout is not None and execution.status == RUNNING:
        commands.append(StartTimer(execution.timeout.op, execution.timeout.when, is_wait=False))
    for branch in execution.branches.values():
        match branch.waits_for:
            case WaitingForTimer(timer):
                commands.append(StartTimer(timer.op, timer.when, is_wait=True))
            case WaitingForTask() as task:
                state = cast(Task, machine.states[branch.state])
                if not task.is_submitted or task.job is not None:
                    commands.append(run_task(execution, state, task))
                commands.extend(
                    StartTimer(timer.op, timer.when, is_wait=False)
                    for timer in (task.timeout, task.heartbeat)
                    if timer is not None
                )
            case WaitingForMapRun() as waiting:
                commands.append(run_items(execution, cast(Map, machine.states[branch.state]), waiting))
            case WaitingForBranches() | None:
                pass
    return tuple(sorted(commands, key=lambda command: command.op))


def is_waiting(execution: Execution, op: int) -> bool:
    """Whether a task still waits for its answer, be it called already or not."""
    return any(
        isinstance(branch.waits_for, WaitingForTask) and branch.waits_for.op == op
        for branch in execution.branches.values()
    )


def find_waiting(execution: Execution, occurrence: Occurrence) -> Branch | None:
    """Give the branch that waits for what has happened."""
    fits = fits_timer if isinstance(occurrence, TimerFired) else _fits_task
    for branch in execution.branches.values():
        if fits(branch.waits_for, occurrence):
            return branch
    return None


def fits_timer(waiting: Waiting | None, occurrence: Occurrence) -> bool:
    """Whether a timer that has fired is one that a branch waits for."""
    op = cast(TimerFired, occurrence).op
    match waiting:
        case WaitingForTimer(timer):
            return timer.op == op
        case WaitingForTask(timeout=timeout, heartbeat=heartbeat):
            return (timeout is not None and timeout.op == op) or (heartbeat is not None and heartbeat.op == op)
        case _:
            return False


def _fits_task(waiting: Waiting | None, occurrence: Occurrence) -> bool:
    if isinstance(waiting, WaitingForMapRun):
        return isinstance(occurrence, (TaskSucceeded, TaskFailed)) and waiting.op == occurrence.op
    if not isinstance(waiting, WaitingForTask):
        return False
    match occurrence:
        case TaskSucceeded(op) | TaskFailed(op):
            return waiting.op == op
        case TaskSubmitted(op) | TaskTaken(op):
            return waiting.op == op and not waiting.is_submitted
        case TaskHeartbeat(op):
            return waiting.op == op and waiting.heartbeat is not None
        case _:
            return False


def run_task(execution: Execution, state: Task, task: WaitingForTask) -> RunTask:
    """Give the command of a task."""
    return RunTask(
        task.op,
        state.resource.arn,
        task.parameters,
        task_token(execution, task.op) if state.resource.has_token or state.resource.is_activity else None,
        task.timeout_seconds,
        task.heartbeat_seconds,
        state.resource.is_activity,
        task.role,
        task.job,
    )


def map_run_arn(execution: Execution, state: Map, run: str) -> str:
    """Name the map run of a state."""
    return f"{execution.machine_arn.replace(':stateMachine:', ':mapRun:', 1)}/{state.run.label}:{run}"


def run_items(execution: Execution, state: Map, waiting: WaitingForMapRun) -> ReadItems | RunMapRun:
    """Give the command of a distributed Map state."""
    run = state.run
    if waiting.inputs is None:
        return ReadItems(waiting.op, run.reader_resource, waiting.reader["parameters"], waiting.reader["config"])
    concurrency, count, percentage = waiting.limits
    return RunMapRun(
        waiting.op,
        map_run_arn(execution, state, waiting.run),
        f"{execution.machine_arn}/{run.label}",
        run.definition,
        run.is_express,
        waiting.inputs,
        concurrency,
        count,
        percentage,
        run.has_batches,
        waiting.writer,
        waiting.redrives,
    )
