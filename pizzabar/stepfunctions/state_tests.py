"""
TestState: one state on its own, with what it waits for done, or mocked.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.http_client import HttpClient, HttpRequest, HttpResponse
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import Diagnostic, InvalidDefinition, InvalidExecutionInput, TaskFailure
from pizzabar.stepfunctions.execution import Execution, WaitingForTimer
from pizzabar.stepfunctions.interpreter import (
    Mocked,
    Occurrence,
    RunTask,
    Started,
    StartTimer,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
    advance,
    begin,
    pending,
)
from pizzabar.stepfunctions.parameters import text_of
from pizzabar.stepfunctions.state_machines import StateMachines
from pizzabar.stepfunctions.states import Map, Parallel, StateMachine, WorkingState
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.uuids import new_uuid

LEVELS = ("INFO", "DEBUG", "TRACE")
UNNAMED = "TestState"
"""What a state is called that comes without a name."""

_TEXTS = frozenset(
    {
        *("input", "afterInputPath", "afterParameters", "afterArguments", "result", "afterResultSelector"),
        *("afterResultPath", "afterItemsPath"),
    }
)
"""What the inspection data have as JSON texts."""


async def test_state(machines: StateMachines, parameters: JSON) -> JSON:
    """Test a state."""
    level = parameters.get("inspectionLevel") or "INFO"
    if level not in LEVELS:
        raise ValidationException(
            f"1 validation error detected: Value '{level}' at 'inspectionLevel' failed to satisfy constraint: Member"
            f" must satisfy enum value set: [{', '.join(LEVELS)}]"
        )
    name, definition = _alone(text_of(parameters, "definition"), parameters.get("stateName"))
    machine = read_definition(documents.write(definition), supports=machines.supports)
    mock = parameters.get("mock")
    state = machine.states[name]
    if mock is None and isinstance(state, (Map, Parallel)):
        raise ValidationException(f"A {type(state).__name__} state can only be tested with a mock")
    if mock is None and not parameters.get("roleArn") and isinstance(state, WorkingState):
        raise ValidationException("The roleArn is required unless the state is mocked")
    run = _Test(machine, name, machines.tasks, machines.now, parameters)
    await run.go(None if mock is None else _mocked(mock))
    return run.answer(level)


def _alone(text: str, wanted: str | None) -> tuple[str, JSON]:
    """Give the state's name, and a machine that has it and stubs of those that it leads to."""
    try:
        document = documents.parse(text)
    except NotJSON as error:
        diagnostic = Diagnostic("INVALID_JSON_DESCRIPTION", f"Invalid JSON: {error}")
        raise InvalidDefinition([diagnostic]) from None
    language: dict[str, JSON] = {}
    if wanted is not None:
        found = next((state for key, state in _states(document) if key == wanted), None)
        if found is None:
            raise ValidationException(f"The state '{wanted}' is not in the definition")
        if "QueryLanguage" in document:
            language = {"QueryLanguage": document["QueryLanguage"]}
        document = found
    name = wanted or UNNAMED
    targets = dict.fromkeys(_targets(document)) if isinstance(document, dict) else {}
    stubs = {target: {"Type": "Succeed"} for target in targets if target != name}
    return name, {**language, "StartAt": name, "States": {name: document, **stubs}}


def _states(document: JSON) -> Iterator[tuple[str, JSON]]:
    """Give every state of a definition, those within others too."""
    states = document.get("States") if isinstance(document, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        yield name, state
        if isinstance(state, dict):
            for each in (*(state.get("Branches") or ()), state.get("ItemProcessor"), state.get("Iterator")):
                yield from _states(each)


def _targets(state: Mapping[str, JSON]) -> Iterator[str]:
    for owner in (state, *(state.get("Choices") or ()), *(state.get("Catch") or ())):
        if isinstance(owner, dict):
            yield from (owner[key] for key in ("Next", "Default") if isinstance(owner.get(key), str))


@dataclass(slots=True)
class _Recorder:
    """An HTTP client that keeps what was sent and answered."""

    client: HttpClient
    request: HttpRequest | None = None
    response: HttpResponse | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.request = request
        self.response = await self.client.send(request)
        return self.response


@dataclass
class _Test:
    """One test of a state."""

    machine: StateMachine
    name: str
    tasks: Tasks
    now: Callable[[], datetime]
    parameters: JSON
    seen: dict[str, JSON] = field(default_factory=dict)
    history: list[JSON] = field(default_factory=list)
    recorder: _Recorder | None = None

    def __post_init__(self) -> None:
        given = self.parameters
        context = _parsed(given, "context", {})
        of_execution, of_machine = context.get("Execution") or {}, context.get("StateMachine") or {}
        self.execution: Execution = begin(
            self.machine,
            arn=of_execution.get("Id", "arn:aws:states:us-east-1:123456789012:express:test:test:test"),
            name=of_execution.get("Name", "test"),
            machine_arn=of_machine.get("Id", "arn:aws:states:us-east-1:123456789012:stateMachine:test"),
            machine_name=of_machine.get("Name", "test"),
            role_arn=of_execution.get("RoleArn") or given.get("roleArn") or "",
            input=_parsed(given, "input", {}),
            seed=new_uuid(),
            now=self.now(),
        )

    def note(self, event: int, state: str, point: str, value: JSON) -> None:
        if state == self.name and point not in self.seen:
            self.seen[point] = value

    def step(self, occurrence: Occurrence) -> None:
        step = advance(self.machine, self.execution, occurrence, self.now(), self.note)
        self.execution = step.execution
        self.history.extend(step.history)

    async def go(self, mock: Mocked | None) -> None:
        """Do the state until it is left, is to be retried, or has failed."""
        self.step(Started(_parsed(self.parameters, "variables", {}), is_mocked=mock is not None))
        if mock is not None and self.execution.status == "RUNNING":
            self.count_retries()
            self.step(mock)
            return
        while self.execution.status == "RUNNING" and not self.is_to_be_retried:
            command = next(iter(pending(self.machine, self.execution)))
            if isinstance(command, RunTask):
                self.step(await self.done(command))
            elif isinstance(command, StartTimer):
                self.step(TimerFired(command.op))

    def count_retries(self) -> None:
        """Have the state's retriers used as often as the test says."""
        count = (self.parameters.get("stateConfiguration") or {}).get("retrierRetryCount")
        state = self.machine.states[self.name]
        if count and isinstance(state, WorkingState):
            branches = {
                key: replace(branch, retries=(count,) * len(state.retriers))
                for key, branch in self.execution.branches.items()
            }
            self.execution = replace(self.execution, branches=branches)

    async def done(self, command: RunTask) -> Occurrence:
        try:
            if command.is_activity or command.token is not None:
                raise TaskFailure("States.Runtime", "A task that waits for its token can only be tested with a mock")
            if self.tasks.http is not None:
                self.recorder = _Recorder(self.tasks.http)
            result = await self.tasks.run(
                command.resource, command.parameters, self.execution, command.role, http=self.recorder
            )
        except TaskFailure as failure:
            return TaskFailed(command.op, failure.error, failure.cause)
        return TaskSucceeded(command.op, result)

    @property
    def is_to_be_retried(self) -> bool:
        return any(
            isinstance(branch.waits_for, WaitingForTimer) and branch.waits_for.is_retry
            for branch in self.execution.branches.values()
        )

    def answer(self, level: str) -> JSON:
        """Say what has come of it."""
        details = self.seen.get("errorDetails") or {}
        entered = [event["stateEnteredEventDetails"]["name"] for event in self.history if "Entered" in event["type"]]
        answer: dict[str, JSON] = {}
        if self.is_to_be_retried:
            answer["status"] = "RETRIABLE"
        elif "catchIndex" in details:
            answer["status"] = "CAUGHT_ERROR"
        else:
            answer["status"] = "SUCCEEDED" if "output" in self.seen else "FAILED"
        if "output" in self.seen:
            answer["output"] = documents.write(self.seen["output"])
        if answer["status"] != "SUCCEEDED":
            answer |= self.failure()
        if len(entered) > 1:
            answer["nextState"] = entered[1]
        if level != "INFO":
            answer["inspectionData"] = self.inspected(level)
        return answer

    def failure(self) -> dict[str, str]:
        """Tell the error that the state has failed with."""
        for event in reversed(self.history):
            for key, member in event.items():
                if key.endswith(("FailedEventDetails", "TimedOutEventDetails")):
                    return {name: member[name] for name in ("error", "cause") if name in member}
        failed = self.seen.get("failure") or {}
        return {name: failed[name] for name in ("error", "cause") if failed.get(name) is not None}

    def inspected(self, level: str) -> JSON:
        """Give the inspection data."""
        data: dict[str, JSON] = {}
        for point, value in self.seen.items():
            if point in _TEXTS:
                data[point] = documents.write(value)
            elif point == "errorDetails":
                data[point] = value
        selected = [value for point, value in self.seen.items() if point.startswith("afterItemSelector")]
        if selected:
            data["afterItemSelector"] = documents.write(selected)
        variables = _parsed(self.parameters, "variables", {}) | (self.seen.get("assigned") or {})
        if variables:
            data["variables"] = documents.write(variables)
        if level == "TRACE" and self.recorder is not None:
            data |= self.exchanged()
        return data

    def exchanged(self) -> dict[str, JSON]:
        """Give the request and the answer of an HTTP task."""
        assert self.recorder is not None
        found: dict[str, JSON] = {}
        if (request := self.recorder.request) is not None:
            secret = not self.parameters.get("revealSecrets")
            if secret and request.shown is not None:
                request = request.shown
            scheme, _, rest = request.url.partition("://")
            host, slash, path = rest.partition("/")
            headers = {
                name: "***" if secret and name.lower() == "authorization" else value
                for name, value in request.headers
            }
            found["request"] = {
                "protocol": scheme,
                "method": request.method,
                "url": f"{scheme}://{host}{slash}{path}",
                "headers": documents.write(headers),
                "body": request.body,
            }
        if (response := self.recorder.response) is not None:
            found["response"] = {
                "protocol": "HTTP/1.1",
                "statusCode": str(response.status),
                "headers": documents.write(dict(response.headers)),
                "body": response.body,
            }
        return found


def _parsed(parameters: JSON, name: str, default: JSON) -> JSON:
    text = parameters.get(name)
    if text is None:
        return default
    try:
        return documents.parse(text)
    except NotJSON as error:
        raise InvalidExecutionInput(f"Invalid {name}: '{error}'") from None


def _mocked(mock: JSON) -> Mocked:
    error = mock.get("errorOutput")
    if (error is None) == (mock.get("result") is None):
        raise ValidationException("A mock must have either a result or an errorOutput")
    if error is not None:
        return Mocked(None, error.get("error"), error.get("cause"), is_error=True)
    return Mocked(_parsed(mock, "result", None))


OPERATIONS: dict[str, Callable[[StateMachines, JSON], Awaitable[JSON]]] = {"TestState": test_state}
