"""A world, as what runs in its own event loop sees it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import httpx

from pizzabar.apigateway.apis import Handshake, Refusal
from pizzabar.apigateway.connections import Connection
from pizzabar.application import Application
from pizzabar.cloudformation.stack import Stack
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.errors import PizzabarError
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.eventbridge.buses import bus_name
from pizzabar.eventbridge.put_entry import entries_of
from pizzabar.faults import FaultRule
from pizzabar.journal import Hop
from pizzabar.loading import load_stack
from pizzabar.record import record
from pizzabar.settings import Settings, with_paths
from pizzabar.testing.expectations import explain_events, explain_frames, explain_item
from pizzabar.testing.values import attribute, parsed, plain_item, written

DEFAULTS: Mapping[str, Any] = {"tls_port": "0", "state": None, "clock": "virtual", "journal_size": 1_000_000}
"""In memory, on virtual time, with all that happens in the journal, at whatever port for TLS is free."""


class ConnectionRefused(PizzabarError):
    """Raised when ``$connect`` lets a client not in; ``status`` is that of the answer to its handshake."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{status} {message}")


class NotThere(PizzabarError):
    """Raised when a test names what the world has not."""


@record
class Execution:
    """How an execution stands: its input and output as values."""

    name: str
    arn: str
    status: str
    input: Any
    output: Any = None
    error: str | None = None
    cause: str | None = None


@record
class Push:
    """A frame that was pushed, or that was to be: ``error`` is why it was not."""

    connection_id: str
    data: Any
    time: datetime
    error: str | None = None


class InsideGuest:
    """A client of a WebSocket API, without a socket."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.connection: Connection | None = None
        self.frames: list[str] = []
        self.closed: tuple[int, str] | None = None

    async def send(self, message: Any) -> None:
        """Send a message: a text as it is, anything else as JSON. Return when nothing more follows from it now.

        Raise ``ConnectionError`` when the connection has ended.
        """
        if self.connection is None or self.closed is not None:
            raise ConnectionError("the connection has ended")
        self._emulator.work.start(self._emulator.apis.receive(self.connection, written(message)))
        await self._emulator.settled()

    async def leave(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; what ``$disconnect`` does has been done then."""
        if self.connection is not None and self.closed is None:
            self.closed = code, reason
            await self._emulator.apis.disconnect(self.connection, code, reason)
            await self._emulator.settled()

    # What the emulator sees of it.

    def take(self, text: str) -> None:
        """Take a frame. Raise ``OSError`` when the connection has ended."""
        if self.closed is not None:
            raise OSError("the connection has ended")
        self.frames.append(text)

    def end(self, code: int, reason: str) -> None:
        """Be told that the other side closes the connection."""
        if self.closed is None and self.connection is not None:
            self.closed = code, reason
            self._emulator.work.start(self._emulator.apis.disconnect(self.connection, code, reason))


class _Socket:
    """The way to a guest."""

    def __init__(self, guest: InsideGuest) -> None:
        self._guest = guest

    async def send(self, text: str) -> None:
        """Send a text frame. Raise ``OSError`` when the client has gone."""
        self._guest.take(text)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        self._guest.end(code, reason)


class Inside:
    """An emulator in memory, on a virtual clock unless settings say otherwise, and what a test asks of it."""

    def __init__(self, application: Application | None, *, is_served: bool, settings: Mapping[str, Any]) -> None:
        self._application = application
        self._is_served = is_served
        self._settings = {**DEFAULTS, **with_paths(settings)}
        self._closing = AsyncExitStack()
        self._http: httpx.AsyncClient | None = None
        self._emulator: Emulator | None = None
        self.port: int | None = None

    @property
    def emulator(self) -> Emulator:
        """The emulator itself."""
        if self._emulator is None:
            raise PizzabarError("the world is not open")
        return self._emulator

    async def open(self) -> None:
        """Open it. Raise ``FaultyTemplate``."""
        if self._application is None:
            settings = Settings(**self._settings)
            stack = _shipped() if self._settings.keys() == DEFAULTS.keys() else None
            emulator = await Emulator.open(settings, stack=stack)
            self._closing.push_async_callback(emulator.close)
        else:
            emulator = await self._closing.enter_async_context(self._application.emulator(**self._settings))
        self._emulator = emulator
        if self._is_served:
            from pizzabar.testing.serving import serving

            self.port = await self._closing.enter_async_context(serving(emulator))

    async def close(self) -> None:
        """Close it; nothing is left."""
        if self._http is not None:
            await self._http.aclose()
        await self._closing.aclose()
        self._emulator = None

    # What is done.

    async def connect(
        self,
        stage: str | None = None,
        *,
        api: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> InsideGuest:
        """Connect to a stage, the only one if none is named, of an API by its name or id.

        Raise ``ConnectionRefused`` or ``NotThere``.
        """
        apis = [each for each in self.emulator.apis if api in (None, each.id, each.name)]
        places = [(each, name) for each in apis for name in each.stages if stage in (None, name)]
        if len(places) != 1:
            known = ", ".join(f"{name} of {each.name}" for each in self.emulator.apis for name in each.stages)
            raise NotThere(f"{'no' if not places else 'more than one'} stage is meant: there are {known or 'none'}")
        [(of_api, name)] = places
        given = {"Host": "localhost", **(headers or {})}
        endpoints = self.emulator.endpoints
        # Where functions in processes of their own find https://{domainName}.
        tls_port = None if endpoints is None else endpoints.tls_port
        domain_name = "localhost" if tls_port is None else f"localhost:{tls_port}"
        handshake = Handshake(domain_name, "127.0.0.1", tuple(given.items()), tuple((query or {}).items()))
        admission = await self.emulator.apis.connect(of_api, name, handshake)
        if isinstance(admission, Refusal):
            raise ConnectionRefused(admission.status, admission.message)
        guest = InsideGuest(self.emulator)
        guest.connection = admission.connection
        self.emulator.apis.attach(admission.connection, _Socket(guest))
        await self.emulator.settled()
        return guest

    async def call(self, service: str, operation: str, parameters: JSON | None = None, /, **more: JSON) -> JSON:
        """Ask an operation of a service by boto3's names, and wait until nothing more follows from it now.

        Raise ``ServiceError``.
        """
        answer = await self.emulator.call(service, operation, {**(parameters or {}), **more})
        await self.emulator.settled()
        return answer

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """Answer an HTTP request as the server does, without a socket."""
        if self._http is None:
            from pizzabar.wire.http import Server

            server = Server(lambda: self.emulator.settings, self.emulator)
            self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=server))
        return await self._http.request(method, url, headers=dict(headers), content=body)

    async def settled(self) -> None:
        """Wait until nothing is left to happen now."""
        await self.emulator.settled()

    async def advance(self, seconds: float | timedelta) -> None:
        """Let time pass, with all that is due on the way."""
        await self.emulator.advance(seconds if isinstance(seconds, timedelta) else timedelta(seconds=seconds))

    async def break_hops(self, kind: str, service: str = "*", operation: str = "*", /, **more: Any) -> int:
        """Have hops go wrong: see ``pizzabar.faults``. Give the rule's number. Raise ``InvalidFault``."""
        return self.emulator.faults.add(FaultRule(kind, service, operation, **more))

    async def broken(self, number: int) -> int:
        """Tell how many hops a rule has broken; 0 of one that is not there."""
        return next((broken for each, _, broken in self.emulator.faults if each == number), 0)

    async def mend_hops(self) -> None:
        """Have nothing go wrong any more."""
        self.emulator.faults.clear()

    # What is seen.

    async def items(self, table: str, /, **where: Any) -> list[dict[str, Any]]:
        """Read the items of a table, by its name or logical ID, whose attributes are as given.

        Raise ``NotThere``.
        """
        name = self._name(table, "AWS::DynamoDB::Table", [each.name for each in self.emulator.tables.tables()])
        found: list[dict[str, Any]] = []
        start: dict[str, JSON] = {}
        while True:
            page = await self.emulator.call("dynamodb", "Scan", {"TableName": name, **start})
            found += [plain_item(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return [item for item in found if all(item.get(each) == value for each, value in where.items())]

    async def item(self, table: str, /, **key: Any) -> dict[str, Any] | None:
        """Read an item by its key; None if there is none. Raise ``NotThere`` or ``ServiceError``."""
        name = self._name(table, "AWS::DynamoDB::Table", [each.name for each in self.emulator.tables.tables()])
        asked = {"TableName": name, "Key": {each: attribute(value) for each, value in key.items()}}
        answer = await self.emulator.call("dynamodb", "GetItem", asked)
        return plain_item(answer["Item"]) if "Item" in answer else None

    async def executions(self, machine: str | None = None) -> list[Execution]:
        """Read the executions of a state machine, by its name or logical ID, or of all: those begun first, first."""
        machines = list(self.emulator.state_machines)
        if machine is not None:
            name = self._name(machine, "AWS::StepFunctions::StateMachine", [each.name for each in machines])
            machines = [each for each in machines if each.name == name]
        found = []
        for each in machines:
            asked: dict[str, JSON] = {"stateMachineArn": each.arn}
            while True:
                page = await self.emulator.call("stepfunctions", "ListExecutions", asked)
                found += [listed["executionArn"] for listed in page["executions"]]
                if "nextToken" not in page:
                    break
                asked["nextToken"] = page["nextToken"]
        told = [
            await self.emulator.call("stepfunctions", "DescribeExecution", {"executionArn": arn}) for arn in found
        ]
        told.sort(key=lambda each: each["startDate"])
        return [
            Execution(
                each["name"],
                each["executionArn"],
                each["status"],
                parsed(each.get("input", "{}")),
                parsed(each["output"]) if "output" in each else None,
                each.get("error"),
                each.get("cause"),
            )
            for each in told
        ]

    async def history(self, execution: Execution | str) -> list[JSON]:
        """Read the history of an execution, of its ARN, as ``GetExecutionHistory`` gives it."""
        asked: dict[str, JSON] = {"executionArn": execution if isinstance(execution, str) else execution.arn}
        found: list[JSON] = []
        while True:
            page = await self.emulator.call("stepfunctions", "GetExecutionHistory", asked)
            found += page["events"]
            if "nextToken" not in page:
                return found
            asked["nextToken"] = page["nextToken"]

    async def logs(self, group: str) -> list[str]:
        """Read the lines of a log group, or of a function by its name or logical ID."""
        groups = [each.name for each in self.emulator.log_groups]
        if group not in groups:
            functions = [each.name for each in self.emulator.functions]
            group = f"/aws/lambda/{self._name(group, 'AWS::Lambda::Function', functions)}"
        asked: dict[str, JSON] = {"logGroupName": group}
        found: list[str] = []
        while True:
            page = await self.emulator.call("logs", "FilterLogEvents", asked)
            found += [event["message"].rstrip("\n") for event in page["events"]]
            if "nextToken" not in page:
                return found
            asked["nextToken"] = page["nextToken"]

    async def messages(self, queue: str) -> list[Any]:
        """Take the messages that a queue has to give, by its name or logical ID, for good; give their bodies."""
        names = [each.name for each in self.emulator.queues]
        name = self._name(queue, "AWS::SQS::Queue", names)
        url = {"QueueUrl": f"http://localhost/{self.emulator.home.account}/{name}"}
        found: list[Any] = []
        while True:
            answer = await self.emulator.call("sqs", "ReceiveMessage", {**url, "MaxNumberOfMessages": 10})
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found.append(parsed(message["Body"]))
                deleted = {**url, "ReceiptHandle": message["ReceiptHandle"]}
                await self.emulator.call("sqs", "DeleteMessage", deleted)

    def hops(self, service: str | None = None, operation: str | None = None) -> list[Hop]:
        """Read the hops of the journal, in order: of a service, of an operation."""
        return [
            hop
            for hop in self.emulator.journal
            if service in (None, hop.service) and operation in (None, hop.operation)
        ]

    def events(self, pattern: JSON | None = None, *, bus: str | None = None) -> list[JSON]:
        """Read the events that were put, in order: on a bus, by name or ARN, and as a pattern wants them.

        Raise ``InvalidEventPatternException``.
        """
        wanted = None if pattern is None else read_pattern(pattern)
        name = None if bus is None else bus_name(bus)
        return [
            event
            for of_bus, event in self._events()
            if name in (None, of_bus) and (wanted is None or wanted.matches(event))
        ]

    def pushes(self, connection_id: str | None = None) -> list[Push]:
        """Read what was pushed with ``PostToConnection``, in order: all, or to one connection."""
        found = []
        for hop in self.hops("apigatewaymanagementapi", "PostToConnection"):
            to, data = hop.parameters.get("ConnectionId"), hop.parameters.get("Data", "")
            text = data.decode(errors="replace") if isinstance(data, bytes) else data
            if connection_id in (None, to):
                found.append(Push(to, parsed(text), hop.started, None if hop.error is None else str(hop.error)))
        return found

    # What is to be so.

    def assert_event(self, pattern: JSON, *, bus: str | None = None, times: int | None = None) -> JSON:
        """See that an event was put that a pattern wants, ``times`` times if that is given; give the last one.

        Raise ``AssertionError``, which tells of the events that came closest, or ``InvalidEventPatternException``.
        """
        found = self.events(pattern, bus=bus)
        if (times is None and found) or (times is not None and len(found) == times):
            return found[-1] if found else None
        raise AssertionError(explain_events(read_pattern(pattern), self.events(bus=bus), len(found), times))

    async def assert_item(self, table: str, key: Mapping[str, Any], /, **expected: Any) -> dict[str, Any]:
        """See that an item is there, with attributes as expected; give it.

        Raise ``AssertionError``, which tells what is there, or ``NotThere``.
        """
        found = await self.item(table, **key)
        if found is None or any(found.get(name) != value for name, value in expected.items()):
            raise AssertionError(explain_item(table, key, expected, found, await self.items(table)))
        return found

    async def assert_execution(self, machine: str | None = None, *, status: str = "SUCCEEDED") -> Execution:
        """See that the last execution of a state machine, or of any, has a status; give it.

        Raise ``AssertionError``, which tells how it went, or ``NotThere``.
        """
        found = await self.executions(machine)
        if not found:
            raise AssertionError(f"there is no execution of {machine or 'any state machine'}")
        last = found[-1]
        if last.status != status:
            last_events = [f"  {each['id']} {each['type']}" for each in (await self.history(last))[-6:]]
            why = "" if last.error is None else f": {last.error} {last.cause or ''}"
            told = "\n".join([f"the execution {last.name} is {last.status}, not {status}{why}", *last_events])
            raise AssertionError(told)
        return last

    def _events(self) -> Iterator[tuple[str, JSON]]:
        for hop in self.hops("events", "PutEvents"):
            for each in entries_of(hop, self.emulator.home):
                if each.event is not None:
                    yield each.bus, each.event.document

    def _name(self, given: str, type: str, names: Sequence[str]) -> str:
        """Give a resource's name, of its name, with or without the stack's, or its logical ID. Raise ``NotThere``."""
        for name in (given, f"{self.emulator.settings.stack_name}-{given}"):
            if name in names:
                return name
        for resource in self.emulator.stack.resources:
            if resource.logical_id == given:
                reference = resource.identity.ref
                name = reference.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
                if name in names:
                    return name
        raise NotThere(f"there is no {type} {given}: there are {', '.join(names) or 'none'}")


@cache
def _shipped() -> Stack:
    """Read the pizza bar's template, which is the same for every world."""
    return load_stack(Settings())


def assert_frames(frames: Sequence[str], expected: Sequence[Any]) -> None:
    """See that frames, and no others, are as expected: values, or texts as they are. Raise ``AssertionError``."""
    found = [parsed(frame) for frame in frames]
    wanted = [parsed(each) if isinstance(each, str) else each for each in expected]
    if found != wanted:
        raise AssertionError(explain_frames(found, wanted))
