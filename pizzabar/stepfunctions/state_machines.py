"""State machines by name, and the executions started from them."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from pizzabar import documents
from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.journal import sample
from pizzabar.stepfunctions.activities import Activities, Activity
from pizzabar.stepfunctions.definition import StateMachine, read_definition
from pizzabar.stepfunctions.errors import (
    InvalidArn,
    InvalidExecutionInput,
    InvalidName,
    ResourceNotFound,
    StateMachineAlreadyExists,
    StateMachineDoesNotExist,
    TooManyTags,
)
from pizzabar.stepfunctions.execution import RUNNING, SUCCEEDED, Execution
from pizzabar.stepfunctions.execution_log import OFF, Logging, lines_of, read_logging, stream_name
from pizzabar.stepfunctions.executions import (
    EXPRESS,
    DeployedStateMachine,
    ExecutionRecord,
    Executions,
    as_express,
    milliseconds,
)
from pizzabar.stepfunctions.mocks import Mocks
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.stepfunctions.versions import Versions

MAX_TAGS = 50
MAX_INPUT_BYTES = 262_144
MAX_INPUT_DEPTH = 240
"""Ours: what is deeper could not be written again."""
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
_BAD_IN_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


_BEGINS = frozenset({"ExecutionStarted", "ExecutionRedriven"})
Announce = Callable[[str, str, JSON, str], None]
"""Puts an event of a service on the default bus: source, detail type, detail, resource."""

Entering = Callable[[str, Sequence[str]], None]
"""Is told of the states that an execution, by its ARN, enters."""

AppendLog = Callable[[str, str, Sequence[str], datetime], object]
"""Appends lines to a log stream: log group, log stream, lines, time."""


class StateMachines:
    """The state machines of one account and region."""

    def __init__(self, executions: Executions, tasks: Tasks, clock: Clock, home: Home) -> None:
        self.executions = executions
        self.tasks = tasks
        self.activities = tasks.activities or Activities(clock, home)
        self._clock = clock
        self._home = home
        self.versions = Versions(clock)
        self._has_log_group: Callable[[str], bool] = lambda group: False
        self._append_log: AppendLog | None = None
        self.mocks: Mocks | None = None
        self.takes_any_task = False
        """Whether definitions may have tasks of services that are not here, which fail unless a mock answers."""
        self._announce: Announce | None = None
        self._is_listening: Callable[[], bool] = lambda: False
        executions.follow(self._told)
        self._followers: tuple[Callable[[str], None], ...] = ()
        self._heeded: Mapping[int, object] = {}
        self._entering: Entering = lambda arn, states: None
        self._log_streams: dict[str, str] = {}
        """The log streams of state machines, by these' ARNs."""
        self._machines: dict[str, DeployedStateMachine] = {}
        self._asked: set[str] = set()
        """The ARNs of the state machines that API calls have made or changed."""
        self._tags: dict[str, dict[str, str]] = {}

    def __iter__(self) -> Iterator[DeployedStateMachine]:
        return iter(self._machines.values())

    def create(
        self,
        name: str,
        definition: str,
        *,
        role_arn: str = "",
        type: str = "STANDARD",
        is_traced: bool = False,
        logging: Logging = OFF,
        is_kept: bool = False,
    ) -> DeployedStateMachine:
        """Make a state machine of a definition in the States Language, or give it another definition.

        Executions that run keep the definition they started with; one that ``is_kept`` was taken before. Raise
        ``InvalidName`` or ``InvalidDefinition``.
        """
        check_name(name)
        if type not in ("STANDARD", EXPRESS):
            raise ValidationException(
                f"1 validation error detected: Value '{type}' at 'type' failed to satisfy constraint: Member must "
                "satisfy enum value set: [STANDARD, EXPRESS]"
            )
        arn = self._home.arn("states", f"stateMachine:{name}")
        machine = read_definition(definition, supports=None if is_kept else self.supports)
        if type == EXPRESS:
            machine = as_express(machine)
        known = self._machines.get(arn)
        created = self._clock.now() if known is None else known.created
        deployed = DeployedStateMachine(
            arn, name, role_arn, type, definition, machine, created, is_traced=is_traced, logging=logging
        )
        self._machines[arn] = deployed
        return deployed

    def log_to(self, has_group: Callable[[str], bool], append: AppendLog) -> None:
        """Let executions write to log groups."""
        self._has_log_group, self._append_log = has_group, append

    def announce_to(self, announce: Announce, is_listening: Callable[[], bool]) -> None:
        """Let executions tell the default bus how they are, while anything listens to it."""
        self._announce, self._is_listening = announce, is_listening

    def follow(self, follower: Callable[[str], None]) -> Callable[[], None]:
        """Call ``follower`` with the ARN of each execution that takes a step. The answer stops it."""
        self._followers = (*self._followers, follower)

        def stop() -> None:
            self._followers = tuple(each for each in self._followers if each is not follower)

        return stop

    def has_state(self, name: str) -> bool:
        """Whether a state machine has a state of a name, be it one of a distributed Map's children."""
        quoted = documents.write(name)
        return any(
            name in machine.machine.states or quoted in machine.definition for machine in self._machines.values()
        )

    def break_by(self, faults: Mapping[int, object], entering: Entering) -> None:
        """Tell of the states that executions enter, before anything is done there, while there are any faults."""
        self._heeded, self._entering = faults, entering

    def _told(self, machine_arn: str, execution: Execution, events: Sequence[JSON]) -> None:
        if self._heeded:
            entered = [
                each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each
            ]
            self._entering(execution.arn, entered)
        for follower in self._followers:
            follower(execution.arn)
        if events and events[0]["type"] in _BEGINS:
            # It may have ended in the same step.
            self._announce_status(machine_arn, execution, RUNNING)
        if execution.status != RUNNING:
            self._announce_status(machine_arn, execution, execution.status)
        machine = self._machines.get(machine_arn)
        if machine is not None and machine.logging.group is not None:
            self._log(machine_arn, execution, events)

    def _announce_status(self, machine_arn: str, execution: Execution, status: str) -> None:
        """Tell the default bus that an execution has begun, or ended; those of Express do not.

        https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
        """
        if self._announce is None or not self._is_listening() or ":express:" in execution.arn:
            return
        is_done, has_ended = status == SUCCEEDED, status != RUNNING
        stopped = execution.stopped if has_ended else None
        detail = {
            "executionArn": execution.arn,
            "stateMachineArn": machine_arn,
            "name": execution.name,
            "status": status,
            "startDate": milliseconds(execution.started),
            "stopDate": None if stopped is None else milliseconds(stopped),
            "input": documents.write(execution.input),
            "output": documents.write(execution.output) if is_done else None,
            "inputDetails": {"included": True},
            "outputDetails": {"included": True} if is_done else None,
            "error": execution.error if has_ended else None,
            "cause": execution.cause if has_ended else None,
        }
        self._announce("aws.states", "Step Functions Execution Status Change", detail, execution.arn)

    def _log(self, machine_arn: str, execution: Execution, events: Sequence[JSON]) -> None:
        """Write what has happened in an execution to its state machine's log group, if there is one.

        It counts how the state machine says it at present. A group that has gone takes nothing more, as on AWS.
        """
        machine = self._machines.get(machine_arn)
        group = None if machine is None else machine.logging.group
        if machine is None or group is None or self._append_log is None or not self._has_log_group(group):
            return
        lines = list(lines_of(machine.logging, execution.arn, execution.redrives, events))
        if lines:
            stream = self._log_streams.setdefault(
                machine_arn, stream_name(machine.name, self._clock.now(), uuid4().hex[:8])
            )
            self._append_log(group, stream, lines, self._clock.now())

    def supports(self, resource: str) -> bool:
        """Whether a Task state may have this Resource, which AWS has."""
        return self.takes_any_task or self.tasks.supports(resource)

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock.now()

    def check(self, definition: str) -> StateMachine:
        """Read a definition, and do nothing with it. Raise ``InvalidDefinition``."""
        return read_definition(definition, supports=self.supports)

    def create_anew(
        self,
        name: str,
        definition: str,
        *,
        role_arn: str,
        type: str,
        is_traced: bool = False,
        logging: Logging = OFF,
    ) -> DeployedStateMachine:
        """Make a state machine as an API call does: the same again is the same.

        Raise as ``create`` does, or ``StateMachineAlreadyExists``.
        https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
        """
        arn = self._home.arn("states", f"stateMachine:{name}")
        known = self._machines.get(arn)
        if known is not None:
            if (known.definition, known.type, known.is_traced, known.logging.document) != (
                definition,
                type,
                is_traced,
                logging.document,
            ):
                raise StateMachineAlreadyExists(f"State Machine Already Exists: '{arn}'")
            return known
        self._asked.add(arn)
        return self.create(name, definition, role_arn=role_arn, type=type, is_traced=is_traced, logging=logging)

    def update(
        self,
        arn: str,
        *,
        definition: str | None,
        role_arn: str | None,
        is_traced: bool | None = None,
        logging: Logging | None = None,
    ) -> DeployedStateMachine:
        """Give a state machine another definition, role, tracing or logging. Raise as ``create`` and ``get`` do."""
        known = self.get(arn)
        self._asked.add(known.arn)
        return self.create(
            known.name,
            known.definition if definition is None else definition,
            role_arn=known.role_arn if role_arn is None else role_arn,
            type=known.type,
            is_traced=known.is_traced if is_traced is None else is_traced,
            logging=known.logging if logging is None else logging,
        )

    def create_activity(self, name: str) -> Activity:
        """Make an activity as an API call does."""
        arn = self._home.arn("states", f"activity:{name}")
        if arn not in self.activities:
            self._asked.add(arn)
        return self.activities.create(name)

    def delete(self, arn: str) -> None:
        """Delete a state machine; its executions go on to their end. One that is not there is deleted already."""
        self._machines.pop(arn, None)
        self._tags.pop(arn, None)
        self.versions.forget(arn)

    def tags_of(self, arn: str) -> dict[str, str]:
        """Give the tags of a state machine. Raise ``ResourceNotFound``."""
        if arn not in self._machines and arn not in self.activities:
            raise ResourceNotFound(f"Resource not found: '{arn}'")
        return dict(self._tags.get(arn, {}))

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a state machine these tags and no others. Raise ``ResourceNotFound`` or ``TooManyTags``."""
        self.tags_of(arn)
        if len(tags) > MAX_TAGS:
            raise TooManyTags(f"A resource has at most {MAX_TAGS} tags: '{arn}'")
        self._tags[arn] = dict(tags)

    def to_keep(self) -> JSON:
        """Give the state machines that API calls have made or changed, and the tags of all."""
        made: list[JSON] = [
            {"name": each.name, "definition": each.definition, "role": each.role_arn, "type": each.type}
            | ({"traced": True} if each.is_traced else {})
            | ({"logging": each.logging.document} if each.logging.group is not None else {})
            for each in self
            if each.arn in self._asked
        ]
        made += [
            {"activity": each.name, "created": each.created.timestamp()}
            for each in self.activities
            if each.arn in self._asked
        ]
        made.append({"versions": self.versions.to_keep()})
        return [*made, *({"arn": arn, "tags": tags} for arn, tags in self._tags.items() if tags)]

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what API calls have made; tell of what the template has changed back."""
        told = []
        for each in document:
            if "tags" in each:
                if each["arn"] in self._machines or each["arn"] in self.activities:
                    self._tags[each["arn"]] = each["tags"]
                continue
            if "versions" in each:
                continue
            if "activity" in each:
                made = self.activities.create(each["activity"], datetime.fromtimestamp(each["created"], UTC))
                self._asked.add(made.arn)
                continue
            arn = self._home.arn("states", f"stateMachine:{each['name']}")
            if arn in self._machines:
                told.append(f"the state machine {each['name']} is the template's again")
            else:
                self.create(
                    each["name"],
                    each["definition"],
                    role_arn=each["role"],
                    type=each["type"],
                    is_traced=each.get("traced", False),
                    logging=read_logging(each.get("logging", {})),
                    is_kept=True,
                )
                self._asked.add(arn)
        for each in document:
            if "versions" in each:
                told += self.versions.restore(each["versions"], set(self._machines))
        return told

    def get(self, arn: str) -> DeployedStateMachine:
        """Find a state machine by its ARN. Raise ``InvalidArn`` or ``StateMachineDoesNotExist``."""
        machine = self._machines.get(arn)
        if machine is not None:
            return machine
        if not re.fullmatch(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[^:]+(:[^:]+)?", arn):
            raise InvalidArn(f"Invalid Arn: '{arn}'")
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")

    def describe(self, arn: str) -> DeployedStateMachine:
        """Find a state machine or a version of one. Raise as ``get`` does."""
        return self.versions.find(arn) or self.get(arn)

    async def start_execution(self, arn: str, text: str = "{}", *, name: str | None = None) -> ExecutionRecord:
        """Start an execution on an input, a JSON text.

        Raise ``InvalidExecutionInput``, ``InvalidName``, ``StateMachineDoesNotExist``, ``ExecutionAlreadyExists``.
        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        """
        arn, _, case = arn.partition("#")
        machine = self._machines.get(arn) or self.versions.choose(arn) or self.get(arn)
        if case:
            if self.mocks is None or not self.mocks.has(machine.name, case):
                raise InvalidArn(f"Invalid Arn: '{arn}#{case}': the mocks have no test case {case} of {machine.name}")
            machine = replace(machine, case=case)
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
        if machine.is_traced:
            sample()
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
