"""Executions: what runs, where it stands, and how it came there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.stepfunctions import states as definition
from pizzabar.stepfunctions.execution import (
    Branch,
    Execution,
    WaitingForBranches,
    WaitingForTask,
    WaitingForTimer,
)
from pizzabar.stepfunctions.executions import ExecutionRecord
from pizzabar.stepfunctions.replay import replay
from pizzabar.stepfunctions.task_token import task_token

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


class Summary(BaseModel):
    """An execution, in short."""

    arn: str
    name: str
    state_machine: str = Field(description="the name of its state machine")
    status: Status
    started: datetime
    stopped: datetime | None
    states: list[str] = Field(description="the states that it is in at present, one for each branch that runs")


class State(BaseModel):
    """Where one branch of an execution stands."""

    name: str
    type: str | None = Field(description="Task, Wait and so on; None if the state machine has no such state any more")
    within: str | None = Field(description="of a branch: the Parallel or Map state that it belongs to")
    index: int = Field(description="of a branch: which one it is")
    entered: datetime
    waits_for: Literal["timer", "retry", "task", "task token", "branches"] | None
    until: datetime | None = Field(default=None, description="when a timer, or the time-out of a task, is due")
    heartbeat: datetime | None = Field(default=None, description="until when a task has to give a sign of life")
    task_token: str | None = Field(default=None, description="what answers a task that waits for its token")
    branches: str | None = Field(default=None, description="of a Parallel or Map state: how many have ended")
    variables: dict[str, Any]
    input: Any


class Details(Summary):
    """An execution as of its last step."""

    current: list[State]
    input: Any
    output: Any
    error: str | None
    cause: str | None
    trace: str = Field(description="the trace in the journal that it belongs to")


class Page(BaseModel):
    """Executions, those started last first."""

    executions: list[Summary]
    next: int | None = Field(default=None, description="where the next page begins, if there is one")


class Stopping(BaseModel):
    """Why an execution is to be stopped."""

    error: str | None = None
    cause: str | None = None


class Point(BaseModel):
    """What there was at a point of a state: ``input``, ``afterInputPath``, ``result``, ``output``, …"""

    name: str
    value: Any = None


class StateVisit(BaseModel):
    """How data flowed through one visit of a state; ``event`` is the id of its Entered event."""

    event: int
    state: str
    points: list[Point]


class Flow(BaseModel):
    """How data flowed through an execution. It is whole where going through the history again gave the same."""

    states: list[StateVisit]
    is_whole: bool


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/executions", tags=["executions"])
    executions = emulator.executions

    @routes.get("")
    async def list_executions(
        state_machine: str | None = Query(None, description="the name or ARN of a state machine"),
        status: Status | None = None,
        start: int = Query(0, ge=0, le=1 << 31, description="where the page begins"),
        limit: int = Query(100, ge=1, le=1000),
    ) -> Page:
        """List executions, those started last first."""
        found: list[ExecutionRecord] = []
        for machine in emulator.state_machines:
            if state_machine in (None, machine.name, machine.arn):
                # One more tells whether there is another page.
                found += await executions.list(machine.arn, status=status, limit=start + limit + 1)
        found.sort(key=lambda record: record.execution.started, reverse=True)
        page = [_summary(record.execution) for record in found[start : start + limit]]
        return Page(executions=page, next=start + limit if start + limit < len(found) else None)

    @routes.get("/{arn}")
    async def get_execution(arn: str) -> Details:
        """Read an execution, with the states that it is in and what it waits for in each."""
        record = await executions.describe(arn)
        execution = record.execution
        states = next((each.machine.states for each in emulator.state_machines if each.arn == record.machine_arn), {})
        return Details(
            **_summary(execution).model_dump(),
            current=[_state(execution, branch, states) for branch in execution.branches.values()],
            input=execution.input,
            output=execution.output,
            error=execution.error,
            cause=execution.cause,
            trace=record.trace_id,
        )

    @routes.get("/{arn}/history")
    async def history(arn: str) -> list[dict[str, Any]]:
        """Read the history of an execution, oldest event first, as GetExecutionHistory tells it."""
        return list(await executions.history(arn))

    @routes.get("/{arn}/flow")
    async def flow(arn: str) -> Flow:
        """Tell how data flowed through an execution's states, and why each choice was made.

        It is found by going through the history again: nothing is kept for it.
        """
        record = await executions.describe(arn)
        found = replay(await executions.machine(arn), await executions.history(arn), record.execution)
        states = [
            StateVisit(
                event=each.event,
                state=each.state,
                points=[Point(name=name, value=value) for name, value in each.points],
            )
            for each in sorted(found.flow.values(), key=lambda each: each.event)
        ]
        return Flow(states=states, is_whole=found.difference is None)

    @routes.post("/{arn}/stop")
    async def stop(arn: str, stopping: Stopping) -> Summary:
        """Abort an execution."""
        given = {name: value for name, value in stopping.model_dump().items() if value is not None}
        await emulator.call("stepfunctions", "StopExecution", {"executionArn": arn, **given})
        return _summary((await executions.describe(arn)).execution)

    return routes


def _summary(execution: Execution) -> Summary:
    return Summary(
        arn=execution.arn,
        name=execution.name,
        state_machine=execution.machine_name,
        status=execution.status,  # type: ignore[arg-type]
        started=execution.started,
        stopped=execution.stopped,
        states=[branch.state for branch in execution.branches.values()],
    )


def _state(execution: Execution, branch: Branch, states: Mapping[str, definition.State]) -> State:
    parent = None if branch.parent is None else execution.branches.get(branch.parent)
    defined = states.get(branch.state)
    state = State(
        name=branch.state,
        type=None if defined is None else type(defined).__name__,
        within=None if parent is None else parent.state,
        index=branch.index,
        entered=branch.entered,
        waits_for=None,
        variables=dict(branch.variables),
        input=branch.data,
    )
    match branch.waits_for:
        case WaitingForTimer(timer, is_retry):
            state.waits_for, state.until = "retry" if is_retry else "timer", timer.when
        case WaitingForTask() as task:
            has_token = task.is_submitted or (isinstance(defined, definition.Task) and defined.resource.has_token)
            state.waits_for = "task token" if has_token else "task"
            state.until = None if task.timeout is None else task.timeout.when
            state.heartbeat = None if task.heartbeat is None else task.heartbeat.when
            if has_token:
                state.task_token = task_token(execution, task.op)
        case WaitingForBranches() as branches:
            state.waits_for, state.branches = "branches", f"{branches.ended} of {branches.total}"
    return state
