"""
The seam of executions: start one, feed it, read it.

The seam stands above the loop that runs an execution, so that an engine of its own may own that loop. What a driver
promises: each step (state, history, commands) is durable before anything that follows from it leaves the process; an
execution goes on from its last step after the process was killed; a task may then be run again, under the same key.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from pizzabar.documents import JSON, write
from pizzabar.journal import cause_of_text
from pizzabar.record import record
from pizzabar.stepfunctions.errors import Diagnostic, InvalidDefinition
from pizzabar.stepfunctions.execution import SUCCEEDED, Execution
from pizzabar.stepfunctions.execution_log import OFF, Logging
from pizzabar.stepfunctions.interpreter import Occurrence
from pizzabar.stepfunctions.map_runs import MapRuns
from pizzabar.stepfunctions.redrive import redrive_status
from pizzabar.stepfunctions.states import Map, StateMachine, Task
from pizzabar.uuids import uuid_of

EXPRESS = "EXPRESS"
EXPRESS_SECONDS = 300
"""How long an Express execution may take.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""


def revision_of(arn: str, role_arn: str, definition: str) -> str:
    """Name the definition and role that a state machine has."""
    return uuid_of(f"{arn} {role_arn} {definition}")


@record
class DeployedStateMachine:
    """A state machine under its name; ``definition`` is the text it was made from."""

    arn: str
    name: str
    role_arn: str
    type: str
    definition: str
    machine: StateMachine
    created: datetime
    number: int | None = None
    """That of a version, which never changes."""
    description: str | None = None
    alias_arn: str | None = None
    """The alias by which it is asked for."""
    is_traced: bool = False
    """Whether segments of its executions are kept."""
    case: str | None = None
    """The test case whose mocks answer the tasks of its executions."""
    logging: Logging = OFF
    """What its executions write to a log group."""

    @property
    def version_arn(self) -> str | None:
        """What names a version."""
        return None if self.number is None else f"{self.arn}:{self.number}"

    @property
    def revision(self) -> str:
        """What names the definition and role that it has now."""
        return revision_of(self.arn, self.role_arn, self.definition)

    @property
    def is_express(self) -> bool:
        """Whether its executions are short, and answer whoever waits for them."""
        return self.type == EXPRESS


@record
class ExecutionRecord:
    """An execution as of its last step; ``input`` is the caller's own text.

    ``trace`` is the header that it was started with, or, written by an older version, the id of its trace.
    """

    execution: Execution
    machine_arn: str
    input: str
    trace: str

    @property
    def trace_id(self) -> str:
        """The trace that it belongs to."""
        return cause_of_text(self.trace).trace_id


Tell = Callable[[str, Execution, Sequence[JSON]], None]
"""Is told of what has happened in an execution: its state machine's ARN, the execution, and events of its history."""


class Executions(Protocol):
    """The executions of every state machine."""

    @property
    def map_runs(self) -> MapRuns:
        """The map runs of their distributed Map states."""

    def follow(self, tell: Tell) -> None:
        """Tell of each step, before it is durable: what is written then is durable with it."""

    async def open(self) -> int:
        """Go on with the executions that an earlier process left running, and tell how many."""

    async def start(self, machine: DeployedStateMachine, name: str | None, text: str, value: JSON) -> ExecutionRecord:
        """Start an execution on an input, given as text and as the value that it stands for.

        Without a name, it gets a new UUID. The same name and input give the execution
        that runs already; raise ``ExecutionAlreadyExists`` when the name is taken otherwise.
        """

    async def feed(self, arn: str, occurrence: Occurrence, *, token: str | None = None) -> None:
        """Tell a running execution what has happened.

        With a token, which the task in question must have been given. Raise ``ExecutionDoesNotExist``, or with a
        token ``TaskDoesNotExist``, ``TaskTimedOut`` or ``InvalidToken``.
        """

    async def ended(self, arn: str) -> ExecutionRecord:
        """Wait until an execution has ended, and read it. Raise ``ExecutionDoesNotExist``."""

    async def redrive(self, arn: str, token: str | None = None) -> datetime:
        """Have an execution that ended unsuccessfully go on from there, with its own definition.

        Tell when it did: for a client token that has redriven it already, when that was. Raise
        ``ExecutionDoesNotExist``, or ``ExecutionNotRedrivable``.
        """

    async def describe(self, arn: str) -> ExecutionRecord:
        """Read an execution. Raise ``ExecutionDoesNotExist``."""

    async def history(self, arn: str) -> Sequence[JSON]:
        """Read the history of an execution, oldest event first. Raise ``ExecutionDoesNotExist``."""

    async def definition(self, arn: str) -> str:
        """Read the definition that an execution goes by. Raise ``ExecutionDoesNotExist``."""

    async def machine(self, arn: str) -> StateMachine:
        """Give the state machine that an execution goes by. Raise ``ExecutionDoesNotExist``."""

    async def list(
        self, machine_arn: str, *, status: str | None = None, limit: int | None = None
    ) -> Sequence[ExecutionRecord]:
        """Read the executions of a state machine, those started last first: all, or the first so many of a status."""


def describe_in_export(record: ExecutionRecord) -> dict[str, JSON]:
    """Describe an execution as service integrations and exports do: members in PascalCase, times in milliseconds."""
    execution = record.execution
    described: dict[str, JSON] = {
        "ExecutionArn": execution.arn,
        "Input": record.input,
        "InputDetails": {"Included": True},
        "Name": execution.name,
        "RedriveCount": execution.redrives,
        "StartDate": milliseconds(execution.started),
        "StateMachineArn": record.machine_arn,
        "Status": execution.status,
    }
    if execution.stopped is not None:
        described["StopDate"] = milliseconds(execution.stopped)
    for name, told in redrive_status(execution, execution.stopped or execution.started).items():
        described[name[0].upper() + name[1:]] = told
    if execution.status == SUCCEEDED:
        described |= {"Output": write(execution.output), "OutputDetails": {"Included": True}}
    for name, text in (("Cause", execution.cause), ("Error", execution.error)):
        if text is not None:
            described[name] = text
    return dict(sorted(described.items()))


def milliseconds(when: datetime) -> int:
    """Give a time in milliseconds since 1970."""
    return round(when.timestamp() * 1000)


def as_express(machine: StateMachine) -> StateMachine:
    """Give a machine the limits of Express. Raise ``InvalidDefinition`` for what short executions cannot wait for."""
    diagnostics = [
        Diagnostic(
            "SCHEMA_VALIDATION_FAILED",
            "Express state machine does not support "
            + ("Activity ARN" if state.resource.is_activity else f"'{_pattern(state)}' service integration"),
            f"/States/{name}/Resource",
        )
        for name, state in machine.states.items()
        if isinstance(state, Task)
        and (state.resource.is_activity or state.resource.has_token or state.resource.is_job)
    ]
    diagnostics += [
        Diagnostic(
            "SCHEMA_VALIDATION_FAILED",
            "Express state machine does not support Map states in Distributed mode",
            f"/States/{name}",
        )
        for name, state in machine.states.items()
        if isinstance(state, Map) and state.distributed is not None
    ]
    if diagnostics:
        raise InvalidDefinition(diagnostics)
    return replace(machine, timeout=min(machine.timeout or EXPRESS_SECONDS, EXPRESS_SECONDS))


def _pattern(state: Task) -> str:
    """Give the pattern of a service integration: what its resource ends in."""
    return state.resource.name[state.resource.name.index(".") :].partition(":")[0]
