"""State machines by name, and the executions started from them."""

import re
from collections.abc import Iterator

from pizzabar import documents
from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON, NotJSON
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import (
    InvalidArn,
    InvalidExecutionInput,
    InvalidName,
    StateMachineDoesNotExist,
    StateMachineTypeNotSupported,
)
from pizzabar.stepfunctions.executions import DeployedStateMachine, ExecutionRecord, Executions
from pizzabar.stepfunctions.tasks import Tasks

MAX_INPUT_BYTES = 262_144
MAX_INPUT_DEPTH = 240
"""Ours: what is deeper could not be written again."""
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
_BAD_IN_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


class StateMachines:
    """The state machines of one account and region."""

    def __init__(self, executions: Executions, tasks: Tasks, clock: Clock, home: Home) -> None:
        self.executions = executions
        self._tasks = tasks
        self._clock = clock
        self._home = home
        self._machines: dict[str, DeployedStateMachine] = {}

    def __iter__(self) -> Iterator[DeployedStateMachine]:
        return iter(self._machines.values())

    def create(
        self, name: str, definition: str, *, role_arn: str = "", type: str = "STANDARD"
    ) -> DeployedStateMachine:
        """Make a state machine of a definition in the States Language, or give it another definition.

        Executions that run keep the definition they started with. Raise ``InvalidName`` or ``InvalidDefinition``.
        """
        check_name(name)
        if type != "STANDARD":
            raise StateMachineTypeNotSupported(f"State machines of type {type} are not supported")
        arn = self._home.arn("states", f"stateMachine:{name}")
        machine = read_definition(definition, supports=self._tasks.supports)
        known = self._machines.get(arn)
        created = self._clock.now() if known is None else known.created
        deployed = DeployedStateMachine(arn, name, role_arn, type, definition, machine, created)
        self._machines[arn] = deployed
        return deployed

    def get(self, arn: str) -> DeployedStateMachine:
        """Find a state machine by its ARN. Raise ``InvalidArn`` or ``StateMachineDoesNotExist``."""
        machine = self._machines.get(arn)
        if machine is not None:
            return machine
        if not re.fullmatch(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[^:]+(:[^:]+)?", arn):
            raise InvalidArn(f"Invalid Arn: '{arn}'")
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")

    async def start_execution(self, arn: str, text: str = "{}", *, name: str | None = None) -> ExecutionRecord:
        """Start an execution on an input, a JSON text.

        Raise ``InvalidExecutionInput``, ``InvalidName``, ``StateMachineDoesNotExist``, ``ExecutionAlreadyExists``.
        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        """
        machine = self.get(arn)
        if name is not None:
            check_name(name)
        if len(text) > MAX_INPUT_BYTES or len(text.encode()) > MAX_INPUT_BYTES:
            raise InvalidExecutionInput("Invalid State Machine Execution Input: 'Input is too long'")
        try:
            value = documents.parse(text)
        except NotJSON as error:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from None
        # The count is an upper bound; only where that is high is it worth to look closely.
        if text.count("[") + text.count("{") > MAX_INPUT_DEPTH and _depth(value) > MAX_INPUT_DEPTH:
            raise InvalidExecutionInput("Invalid State Machine Execution Input: 'Input is nested too deeply'")
        return await self.executions.start(machine, name, text, value)


def _depth(value: JSON) -> int:
    """Count how deeply a value is nested."""
    depth = 0
    level = [value]
    while level:
        depth += 1
        level = [
            member
            for outer in level
            if isinstance(outer, dict | list)
            for member in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def check_name(name: str) -> None:
    """Raise ``InvalidName`` unless a text may name a state machine or an execution."""
    if not 1 <= len(name) <= 80 or _BAD_IN_NAME.search(name):
        raise InvalidName(f"Invalid Name: '{name}'")
