"""
The seam of executions: start one, feed it, read it.

The seam stands above the loop that runs an execution, so that an engine of its own may own that loop. What a driver
promises: each step (state, history, commands) is durable before anything that follows from it leaves the process; an
execution goes on from its last step after the process was killed; a task may then be run again, under the same key.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.stepfunctions.definition import StateMachine
from pizzabar.stepfunctions.execution import Execution
from pizzabar.stepfunctions.interpreter import Occurrence


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


@record
class ExecutionRecord:
    """An execution as of its last step; ``input`` is the caller's own text."""

    execution: Execution
    machine_arn: str
    input: str
    trace_id: str


class Executions(Protocol):
    """The executions of every state machine."""

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

    async def describe(self, arn: str) -> ExecutionRecord:
        """Read an execution. Raise ``ExecutionDoesNotExist``."""

    async def history(self, arn: str) -> Sequence[JSON]:
        """Read the history of an execution, oldest event first. Raise ``ExecutionDoesNotExist``."""

    async def list(self, machine_arn: str) -> Sequence[ExecutionRecord]:
        """Read the executions of a state machine, those started last first."""
