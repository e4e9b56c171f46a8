"""
TestState: one state on its own, with what it waits for done, or mocked.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.http_client import HttpClient, HttpRequest, HttpResponse
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import Diagnostic, InvalidDefinition, TaskFailure, UntestableState
from pizzabar.stepfunctions.execution import (
    Execution,
    Waiting,
    WaitingForMapRun,
    WaitingForTimer,
)
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
from pizzabar.stepfunctions.item_reader import CannotRead, items_in
from pizzabar.stepfunctions.map_runs import EXCEEDED, EXCEEDED_CAUSE, MapRun
from pizzabar.stepfunctions.parameters import check_role, text_of
from pizzabar.stepfunctions.state_machines import StateMachines
from pizzabar.stepfunctions.state_mocks import parsed, read_context, read_mock, read_variables
from pizzabar.stepfunctions.states import Map, Parallel, Pass, State, StateMachine, Task, WorkingState
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.stepfunctions.timestamp import write_timestamp
from pizzabar.uuids import new_uuid

LEVELS = ("INFO", "DEBUG", "TRACE")
NAME = "StateName"
"""What the state is called in a test, whatever its name: the context object and faults tell so on AWS."""

_TEXTS = frozenset(
    {
        *("input", "afterInputPath", "afterParameters", "afterArguments", "result", "afterResultSelector"),
        *("afterResultPath", "afterItemsPointer"),
    }
)
"""What the inspection data have as JSON texts."""
_PLAIN = frozenset({"errorDetails", "maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"})
"""What they have as it is."""


async def test_state(machines: StateMachines, parameters: JSON) -> JSON:
    """Test a state."""
    level = parameters.get("inspectionLevel") or "INFO"
    if level not in LEVELS:
        raise ValidationException(
            f"1 validation error detected: Value '{level}' at 'inspectionLevel' failed to satisfy constraint: Member"
            f" must satisfy enum value set: [{', '.join(LEVELS)}]"
        )
    check_role(parameters)
    definition = _alone(text_of(parameters, "definition"), parameters.get("stateName"))
    supports = machines.supports if parameters.get("mock") is None else lambda resource: True
    machine = read_definition(documents.write(definition), supports=supports)
    mock, state = parameters.get("mock"), machine.states[machine.start_at]
    if mock is None and isinstance(state, (Map, Parallel)):
        raise UntestableState
    if mock is None and not parameters.get("roleArn") and isinstance(state, WorkingState):
        raise ValidationException("The roleArn is required unless the state is mocked")
    if mock is not None and parameters.get("revealSecrets"):
        raise ValidationException("TestState does not support RevealSecrets when a mock is specified.")
    mocked = None if mock is None else read_mock(mock, state)
    run = _Test(machine, state, machines.tasks, machines.now, parameters)
    run.check_configuration()
    await run.go(mocked)
    return run.answer(level)


def _alone(text: str, wanted: str | None) -> JSON:
    """Give a machine that starts at the state, which is ``NAME`` there, and has stubs of those that it leads to."""
    try:
        document = documents.parse(text)
    except NotJSON as error:
        diagnostic = Diagnostic("INVALID_JSON_DESCRIPTION", f"Invalid JSON: {error}")
        raise InvalidDefinition([diagnostic]) from None
    language: dict[str, JSON] = {}
    if wanted is not None:
        found = next((state for key, state in _states(document) if key == wanted), None)
        if found is None:
            raise ValidationException("State not found in definition")
        if "QueryLanguage" in document:
            language = {"QueryLanguage": document["QueryLanguage"]}
        document = found
    targets = dict.fromkeys(_targets(document)) if isinstance(document, dict) else {}
    name = NAME
    while name in targets:
        name += "_"
    stubs = {target: {"Type": "Succeed"} for target in targets}
    return {**language, "StartAt": name, "States": {name: document, **stubs}}


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
    state: State
    tasks: Tasks
    now: Callable[[], datetime]
    parameters: JSON
    seen: dict[str, JSON] = field(default_factory=dict)
    history: list[JSON] = field(default_factory=list)
    recorder: _Recorder | None = None

    def __post_init__(self) -> None:
        given, now = self.parameters, self.now()
        context, input = read_context(given, self.state), parsed(given, "input", {})
        self.variables = read_variables(given)
        name, machine = new_uuid(), new_uuid()
        if context is None:
            context = self.default_context(name, machine, input, now)
        of_execution, of_machine = context.get("Execution") or {}, context.get("StateMachine") or {}
        self.execution: Execution = begin(
            self.machine,
            arn=of_execution.get("Id", f"arn:aws:states:us-east-1:123456789012:express:{machine}:{name}"),
            name=of_execution.get("Name", name),
            machine_arn=of_machine.get("Id", f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}"),
            machine_name=of_machine.get("Name", machine),
            role_arn=of_execution.get("RoleArn") or given.get("roleArn") or "",
            input=input,
            seed=new_uuid(),
            now=now,
        )
        self.execution = replace(self.execution, context=context)

    def default_context(self, name: str, machine: str, input: JSON, now: datetime) -> JSON:
        """Give the context object of a test that says nothing of it."""
        context: JSON = {
            "Execution": {
                "Id": f"arn:aws:states:us-east-1:123456789012:express:{machine}:{name}",
                "Input": input,
                "Name": name,
                "RoleArn": self.parameters.get("roleArn"),
                "StartTime": write_timestamp(now),
            },
            "StateMachine": {
                "Id": f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}",
                "Name": machine,
            },
            "State": {"Name": NAME, "EnteredTime": write_timestamp(now), "RetryCount": self.retry_count},
        }
        if isinstance(self.state, Task) and self.state.resource.has_token:
            context["Task"] = {"Token": new_uuid()}
        return context

    # What the test says of the state.

    @property
    def configuration(self) -> JSON:
        """What is said of how far the state has come."""
        return self.parameters.get("stateConfiguration") or {}

    @property
    def retry_count(self) -> int:
        """How often the state was retried."""
        return self.configuration.get("retrierRetryCount") or 0

    def check_configuration(self) -> None:
        """Refuse what does not go with the state.

        The name of the state that an error comes from changes nothing here: it is not looked for.
        """
        if self.configuration.get("mapIterationFailureCount") is not None and not isinstance(self.state, Map):
            raise ValidationException("MapIterationFailureCount is only supported when testing a Map state.")
        has_reader = isinstance(self.state, Map) and self.state.distributed is not None and self.state.run.reader
        if has_reader and self.configuration.get("mapItemReaderData") is None:
            raise ValidationException(
                "ItemReader data must be specified when testing a Map state with ItemReader specified."
            )

    def note(self, event: int, state: str, point: str, value: JSON) -> None:
        if state == self.machine.start_at and point not in self.seen:
            self.seen[point] = value

    def step(self, occurrence: Occurrence) -> None:
        step = advance(self.machine, self.execution, occurrence, self.now(), self.note)
        self.execution = step.execution
        self.history.extend(step.history)

    async def go(self, mock: Mocked | None) -> None:
        """Do the state until it is left, is to be retried, or has failed."""
        self.step(Started(self.variables, is_mocked=mock is not None))
        if mock is not None:
            if self.is_at_work and isinstance(self.waiting, WaitingForMapRun) and self.waiting.reader is not None:
                self.read_items(self.waiting)
            if self.is_at_work:
                self.count_retries()
                self.step(self.failed_beyond_threshold(mock) or mock)
            return
        while self.is_at_work:
            command = next(iter(pending(self.machine, self.execution)))
            if isinstance(command, RunTask):
                self.step(await self.done(command))
            elif isinstance(command, StartTimer):
                self.step(TimerFired(command.op))

    @property
    def is_at_work(self) -> bool:
        """Whether the state is neither left, nor to be retried, nor has it failed."""
        return self.execution.status == "RUNNING" and not self.is_to_be_retried

    @property
    def waiting(self) -> Waiting | None:
        """What the state waits for."""
        [branch] = self.execution.branches.values()
        return branch.waits_for

    def read_items(self, waiting: WaitingForMapRun) -> None:
        """Read the items of a distributed Map state from what the test says that there is."""
        try:
            data = self.configuration["mapItemReaderData"]
            items = items_in(data.encode(), "mapItemReaderData", waiting.reader["config"])
        except CannotRead as error:
            self.step(TaskFailed(waiting.op, "States.ItemReaderFailed", str(error)))
            return
        if waiting.reader["config"].get("ItemsPointer"):
            self.seen["afterItemsPointer"] = items
        self.step(TaskSucceeded(waiting.op, items))

    def failed_beyond_threshold(self, mock: Mocked) -> Mocked | None:
        """Give what a Map state fails with if more iterations have failed than it tolerates.

        Raise ``ValidationException`` for a mock that does not go with the number of iterations.
        """
        waiting = self.waiting
        if not isinstance(waiting, WaitingForMapRun) and not isinstance(self.state, Map):
            return None
        count = len(waiting.inputs) if isinstance(waiting, WaitingForMapRun) else waiting.total  # type: ignore[union-attr]
        failures = self.configuration.get("mapIterationFailureCount") or 0
        if failures > count:
            raise ValidationException(
                "Map iteration failure count must be less than or equal to the number of Map iterations"
            )
        if isinstance(waiting, WaitingForMapRun) and not mock.is_error:
            run = MapRun("", "", self.now(), count, 1, waiting.limits[1] or 0, waiting.limits[2] or 0.0)
            run.ended_items = {"FAILED": failures}
            if run.is_beyond:
                return Mocked(None, EXCEEDED, EXCEEDED_CAUSE, is_error=True)
        if isinstance(mock.result, list) and not mock.is_error and len(mock.result) != count:
            raise ValidationException("Input array does not equal the mocked result array's size")
        return None

    def count_retries(self) -> None:
        """Have the state's retriers used as often as the test says."""
        if self.retry_count and isinstance(self.state, WorkingState):
            branches = {
                key: replace(branch, retries=(self.retry_count,) * len(self.state.retriers))
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
                    return _as_told(member)
        return _as_told(self.seen.get("failure") or {})

    def inspected(self, level: str) -> JSON:
        """Give the inspection data.

        AWS tells of a JSONPath state also what its fields would give that it does not have.
        """
        seen, state = dict(self.seen), self.state
        if not state.is_jsonata:
            if isinstance(state, Pass) and "afterResultPath" in seen:
                if state.result is not None:
                    seen.pop("afterInputPath", None)
                seen.setdefault(
                    "result" if state.result is not None else "afterParameters", seen.get("afterInputPath")
                )
                seen["afterResultSelector"] = seen.get("result", seen.get("afterParameters"))
            elif isinstance(state, Task) and "afterInputPath" in seen:
                seen.setdefault("afterParameters", seen["afterInputPath"])
            if "result" in seen:
                seen.setdefault("afterResultSelector", seen["result"])
        if isinstance(state, (Map, Parallel)):
            seen.pop("result", None)
        data: dict[str, JSON] = {}
        for point, value in seen.items():
            if point in _TEXTS:
                data[point] = documents.write(value)
            elif point in _PLAIN:
                data[point] = value
            elif point == "afterItemsPath" and not state.is_jsonata:
                data[point] = _listed(value)
        selected = [value for point, value in seen.items() if point.startswith("afterItemSelector")]
        if selected:
            data["afterItemSelector"] = _listed(selected)
        if "afterItemBatcher" in seen:
            data["afterItemBatcher"] = _listed(
                [
                    {**batch, "Items": [documents.write(item) for item in batch["Items"]]}
                    for batch in seen["afterItemBatcher"]
                ]
            )
        variables = parsed(self.parameters, "variables", {}) | (self.seen.get("assigned") or {})
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


def _as_told(failure: Mapping[str, JSON]) -> dict[str, str]:
    """Give error and cause of a failure; a test does not say in which state it was."""
    found = {name: failure[name] for name in ("error", "cause") if failure.get(name) is not None}
    if "cause" in found:
        found["cause"] = _is_explained.sub("", found["cause"])
    return found


_is_explained = re.compile(
    rf"\AAn error occurred while executing the state '{NAME}_*' \(entered at the event id #\d+\)\. "
)


def _listed(values: JSON) -> str:
    """Write items as AWS does: with a blank between them."""
    return f"[{', '.join(map(documents.write, values))}]" if isinstance(values, list) else documents.write(values)


OPERATIONS: dict[str, Callable[[StateMachines, JSON], Awaitable[JSON]]] = {"TestState": test_state}
