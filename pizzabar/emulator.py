"""
The emulator, and the one place where it is put together: a runtime and a template become rooms wired to the call
table.
"""

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from pizzabar.apigateway.apis import WebSocketApis
from pizzabar.apigateway.configuration import Configuration
from pizzabar.arn import Home
from pizzabar.clock import SystemClock, VirtualClock
from pizzabar.cloudformation.stack import Stack
from pizzabar.cloudformation.stacks import Stacks
from pizzabar.documents import JSON
from pizzabar.dynamodb.tables import Tables
from pizzabar.errors import PizzabarError, ServiceError
from pizzabar.eventbridge.access_tokens import AccessTokens
from pizzabar.eventbridge.api_destinations import ApiDestinations
from pizzabar.eventbridge.archives import Archives
from pizzabar.eventbridge.buses import EventBuses
from pizzabar.eventbridge.destination_sender import DestinationSender
from pizzabar.faults import Faults
from pizzabar.iam.authorization import Authorization
from pizzabar.iam.roles import Roles
from pizzabar.journal import CAUSE, Hop, Journal
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.event_sources import EventSources
from pizzabar.lambda_.function import Function
from pizzabar.lambda_.functions import Functions
from pizzabar.lambda_.resources import in_process_handler
from pizzabar.lambda_.sandboxes import Debugging, Surroundings
from pizzabar.loading import FUNCTION, Program, folder_of, load_stack
from pizzabar.logs.groups import LogGroups
from pizzabar.operations import Operations
from pizzabar.principal import AccessKeys, Principal
from pizzabar.resource import Numbers, Resource
from pizzabar.runtime import Runtime
from pizzabar.scheduler.schedules import Schedules
from pizzabar.services import CHANGES, MASKS, ROOMS, SERVICES, TRACED, resource_types, typed_operations
from pizzabar.settings import Settings
from pizzabar.sqs.move_tasks import go_on
from pizzabar.sqs.queues import Queues
from pizzabar.stepfunctions.activities import Activities
from pizzabar.stepfunctions.errors import ExecutionDoesNotExist
from pizzabar.stepfunctions.state_machines import StateMachines
from pizzabar.stepfunctions.task_token import read_task_token
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.xray.ending import Ending
from pizzabar.xray.traces import Traces

log = logging.getLogger("pizzabar")
GOING_AWAY = 1001
"""The code of a connection whose client was made to go."""
LOCAL_RUNTIME = "pizzabar.local.runtime:open_runtime"
ENDPOINTS = "pizzabar.wire.endpoints:open_endpoints"
"""What opens the addresses that functions in processes of their own call; it is a skin over the emulator."""


class Endpoints(Protocol):
    """Addresses of the emulator that its own functions call.

    ``address`` is the one for every service, as in ``AWS_ENDPOINT_URL``. ``https://{domainName}/{stage}`` is at
    ``tls_port``, where the certificate ``authority``, in PEM, holds; both are None without TLS.
    """

    @property
    def address(self) -> str: ...

    @property
    def tls_port(self) -> int | None: ...

    @property
    def authority(self) -> Path | None: ...

    async def close(self) -> None:
        """Let nobody in any more."""


class ClockStandsStill(PizzabarError):
    """Raised when real time is asked to move."""


class DebuggedFunctionMissing(PizzabarError):
    """Raised when the function that is to be debugged is not there."""


class NoTelemetry(PizzabarError):
    """Raised when spans are to be exported and what exports them is not installed."""


class Emulator:
    """Every service of one account and region, in one process.

    ``call`` asks any operation of any service by boto3's names; the services themselves are attributes.
    """

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self.settings = settings
        self.runtime = runtime
        self.work = runtime.work
        self.clock = runtime.clock
        self.home = Home(settings.account, settings.region)
        self.journal = Journal(settings.journal_size)
        self.call = call = Operations(self.journal, self.clock, runtime.durable)
        activities = Activities(self.clock, self.home)
        tasks = Tasks(call, call.has, activities, runtime.http, settings.connections)
        self.executions = runtime.executions(tasks)
        self.tables = Tables(runtime.tables, self.clock, self.work, self.home)
        self.log_groups = LogGroups(runtime.logs, self.clock, self.home)
        self.queues = Queues(
            runtime.queues, self.clock, self.work, self.home, address=f"http://localhost:{settings.port}"
        )
        self.state_machines = StateMachines(self.executions, tasks, self.clock, self.home)
        self.state_machines.log_to(self.log_groups.has, self.log_groups.append)
        self.destinations = ApiDestinations(
            AccessTokens(runtime.http, self.clock, self.work, call.trace),
            self.clock,
            self.work,
            self.home,
            keep=partial(runtime.kept.put, "destinations"),
        )
        self.buses = EventBuses(
            runtime.transport,
            call,
            call.relay,
            self.clock,
            self.work,
            self.home,
            invoke=DestinationSender(self.destinations, runtime.http, self.clock, call.relay).send,
        )
        self.archives = Archives(
            runtime.archives, self.buses, self.clock, self.work, keep=partial(runtime.kept.put, "archives")
        )
        tasks.eventbridge = self.destinations
        self.state_machines.mocks = settings.mocks
        self.state_machines.takes_any_task = settings.lenient or settings.mocks is not None
        self.state_machines.announce_to(self.buses.announce, self.buses.is_listening)
        self.roles = Roles(self.clock, self.home)
        self.functions = Functions(runtime.invocations, call, call.trace, self.clock, self.home, self._append_log)
        self.event_sources = EventSources(
            self.functions,
            call,
            self.clock,
            self.work,
            self.home,
            keep=partial(runtime.kept.put, "event_sources"),
        )
        self.tables.follow_streams(self.event_sources.wake)
        self.schedules = Schedules(
            runtime.schedules,
            runtime.scheduled,
            call,
            call.trace,
            self.clock,
            self.home,
            has=call.has,
            serves=call.serves,
        )
        self.queues.messages.follow(self.event_sources.wake)
        self.apis = WebSocketApis(
            runtime.connections,
            runtime.http,
            call,
            call.trace,
            self.clock,
            home=self.home,
            work=self.work,
            quotas=settings.quotas,
        )
        self.apis.has_log_group, self.apis.append_log = self.log_groups.has, self.log_groups.append
        self.api_configuration = Configuration(self.apis, self.clock, call.has)
        self.traces = Traces(self.journal, self.clock, self.home, self._ending, size=settings.journal_size)
        self.authorization = Authorization(
            settings.iam, self.roles, self._resource_policies, _Surroundings(self), self.clock.now
        )
        self.faults = Faults(self.clock, self.journal, self._vanish, self._has_hops, self.state_machines.has_state)
        call.break_by(self.faults.rules, self.faults.around)
        self.state_machines.break_by(self.faults.at_states, self._entering)
        self.access_keys = AccessKeys()
        """Whom requests are made as that are signed with these keys."""
        if settings.iam != "off":
            call.guard = self.authorization.check
        if settings.iam == "enforce":
            self.schedules.may_assume = self.authorization.lets_assume
        self.stack = Stack(settings.stack_name, (), {}, {})
        self.program: Program | None = None
        self.stacks = Stacks(self.home)
        for service, operations, room in SERVICES:
            call.add(service, typed_operations(service, self._keeping(room, operations)), getattr(self, room))
        call.mask(MASKS)
        self.endpoints: Endpoints | None = None
        """Where functions in processes of their own reach this emulator; None where there are none."""
        self._stop_export: Callable[[], None] | None = None
        self.changed_back: list[str] = []
        """What API calls had changed and the template has changed back."""

    @classmethod
    async def open(
        cls,
        settings: Settings | None = None,
        *,
        program: Program | None = None,
        runtime: str = LOCAL_RUNTIME,
        stack: Stack | None = None,
    ) -> "Emulator":
        """Start an emulator on its state, with the resources of its template, and go on where it was stopped.

        ``program`` adds resources of its own; with one, and without a template, there are no others. ``runtime``
        names a function ``module:name`` that opens a ``Runtime`` for settings. ``stack`` is what was read of the
        template already. Raise ``FaultyTemplate`` before anything is touched, or ``StateFileError``.
        """
        settings = settings or Settings()
        stack = load_stack(settings, program) if stack is None else stack
        for fault in stack.ignored:
            log.warning("ignored: %s", fault)
        module, _, name = runtime.partition(":")
        open_runtime = cast(Callable[[Settings], Awaitable[Runtime]], getattr(importlib.import_module(module), name))
        opened = await open_runtime(settings)
        try:
            emulator = cls(settings, opened)
        except BaseException:
            await opened.close()
            raise
        emulator.program = program
        try:
            if settings.otlp is not None:
                emulator._export_spans(settings.otlp)
            await emulator._begin(stack)
        except BaseException:
            await emulator.close()
            raise
        return emulator

    def _export_spans(self, address: str) -> None:
        """Begin to export each hop as a span. Raise ``NoTelemetry``."""
        # Only who asks for it pays for the import.
        try:
            from pizzabar.telemetry.export import SpanExport, exporter_of
        except ImportError as error:
            raise NoTelemetry(f"--otlp needs OpenTelemetry ({error}): pip install 'pizzabar[otel]'") from None
        export = SpanExport(self.journal, exporter_of(address), address, self.home, self.settings.stack_name)
        self._stop_export = export.close

    async def _begin(self, stack: Stack) -> None:
        await self.tables.open()
        await self.log_groups.open()
        await self.schedules.open()
        await self.queues.load()
        self.stack = stack
        self.stacks.deploy(stack, self.clock.now())
        self.functions.folder = folder_of(self.settings)
        types = resource_types()
        for resource in stack.resources:
            create = types[resource.type].create
            if create is not None:
                await create(self._room_of(resource), resource)
        for room, document in (await self.runtime.kept.load()).items():
            declared = {each.identity.ref for each in stack.resources}
            told = getattr(self, room).restore(document, declared)
            if told:
                # It is told once.
                self.changed_back += told
                self.runtime.kept.put(room, getattr(self, room).to_keep())
        self._check_debugging(stack)
        await self._prepare((*self.functions, *self.functions.versions))
        # What an earlier process left undone needs the resources.
        await self.queues.open()
        go_on(self.queues)
        self.destinations.open()
        await self.buses.open()
        await self.archives.open()
        await self.functions.open()
        await self.event_sources.open()
        await self.executions.open()
        await self.apis.open()
        # What is overdue may ask any of them.
        self.changed_back += await self.schedules.begin()

    def _room_of(self, resource: Resource) -> Any:
        """Give the service that makes resources of a type."""
        return next((getattr(self, room) for room, types in ROOMS.items() if resource.type in types), None)

    async def redeploy(self, stack: Stack, *, has_new_modules: bool = False) -> None:
        """Make what another stack, of the template as it is now, has otherwise; take out what it has no more.

        Connections stay open, and executions go on as they began. ``has_new_modules`` tells that handlers in process
        are to be imported again. Raise ``BuildError``, ``OSError`` or ``ServiceError``.
        """
        types = resource_types()
        before = {each.logical_id: each for each in self.stack.resources}
        now = {each.logical_id: each for each in stack.resources}
        changed = [
            each
            for each in stack.resources
            if before.get(each.logical_id) != each
            or (has_new_modules and each.type == FUNCTION and in_process_handler(each.metadata) is not None)
        ]
        gone = [each for each in before.values() if _is_gone(each, now.get(each.logical_id))]
        gone += [
            before[each.logical_id] for each in changed if each.logical_id in before and types[each.type].is_replaced
        ]
        for resource in reversed(gone):
            remove = types[resource.type].remove
            if remove is not None:
                await remove(self._room_of(resource), resource)
        for resource in changed:
            create = types[resource.type].create
            if create is not None:
                await create(self._room_of(resource), resource)
        if any(each.type in ROOMS["api_configuration"] for each in (*gone, *changed)):
            self.api_configuration.renew()
        self.authorization.forget()
        self.stack = stack
        self.stacks.deploy(stack, self.clock.now())
        names = {each.identity.ref for each in changed}
        await self._prepare(each for each in self.functions if each.name in names)

    def numbers(self) -> Numbers:
        """Give the numbers of what the template has published, for when it is read again."""
        return Numbers({**self.functions.numbers(), **self.state_machines.versions.numbers()})

    def _check_debugging(self, stack: Stack) -> None:
        """Raise ``DebuggedFunctionMissing`` unless the function to debug, if any, has a process of its own."""
        debugging = _debugging(self.settings.debug, stack)
        if debugging is not None and not isinstance(self.functions.get(debugging.function).handler, Code):
            raise DebuggedFunctionMissing(f"{debugging.function} runs in this process: no debugger can listen there")

    async def _prepare(self, functions: Iterable[Function]) -> None:
        """Have ready what functions in processes of their own need. Raise ``BuildError`` or ``OSError``."""
        apart = [function for function in functions if isinstance(function.handler, Code)]
        if not apart:
            return
        settings = self.settings
        self.functions.sandboxes = sandboxes = self.runtime.sandboxes()
        if self.endpoints is None:
            module, _, name = ENDPOINTS.partition(":")
            open_endpoints = cast(
                Callable[[Emulator], Awaitable[Endpoints]], getattr(importlib.import_module(module), name)
            )
            self.endpoints = await open_endpoints(self)
        surroundings = Surroundings(
            self.endpoints.address,
            settings.region,
            self.endpoints.authority,
            self.endpoints.tls_port,
            settings.reach_aws,
            _debugging(settings.debug, self.stack),
            self.access_keys,
        )
        await sandboxes.prepare(apart, surroundings)

    def _keeping(
        self, room: str, operations: Mapping[str, Callable[[Any, JSON], Awaitable[JSON]]]
    ) -> Mapping[str, Callable[[Any, JSON], Awaitable[JSON]]]:
        """Let what operations make be kept, in the same commit."""
        changes = CHANGES.get(room, frozenset())

        def keep(operation: Callable[[Any, JSON], Awaitable[JSON]]) -> Callable[[Any, JSON], Awaitable[JSON]]:
            async def change(owner: Any, parameters: JSON) -> JSON:
                result = await operation(owner, parameters)
                self.runtime.kept.put(room, owner.to_keep())
                self.authorization.forget()
                return result

            return change

        return {name: keep(each) if name in changes else each for name, each in operations.items()}

    async def _ending(self, execution_arn: str) -> Ending | None:
        """Tell how an execution stands, for its segment."""
        try:
            execution = (await self.executions.describe(execution_arn)).execution
        except ExecutionDoesNotExist:
            return None
        return Ending(execution.stopped, execution.error, execution.cause)

    def _has_hops(self, service: str, operation: str) -> bool:
        """Whether there are hops of an operation of a service; either may be ``*``."""
        names = (*self.call, *TRACED)
        return service == "apigateway" or any(
            service in ("*", one) and operation in ("*", other) for one, other in names
        )

    async def _vanish(self, connection_id: str) -> None:
        """Have a client go: whoever pushes to it is told that it has gone. What is not open has gone already."""
        with suppress(ServiceError):
            await self.apis.connections.close(connection_id, GOING_AWAY, "", at_once=True)
        self.apis.connections.detach(connection_id)

    def _entering(self, execution: str, states: Sequence[str]) -> None:
        for connection in self.faults.entered(execution, states):
            self.work.start_now(self._vanish(connection))

    def _resource_policies(self, principal: Principal, arn: str) -> Iterator[tuple[str, JSON]]:
        """Give the policies of a resource that are about a principal."""
        service, name = arn.split(":", 3)[2] if arn.startswith("arn:") else "", arn.rpartition(":")[2]
        if service == "lambda" and (policy := self.functions.policies.of(self.functions.arn_of(arn))) is not None:
            yield f"the policy of the function {name}", policy
        if service == "events" and (policy := self.buses.policy_of(arn)) is not None:
            yield f"the policy of the {name}", policy
        if service == "sqs" and (policy := self.queues.policy_of(arn)) is not None:
            yield f"the policy of the queue {name}", policy
        if service == "logs" and principal.role_arn is None:
            # Those of log groups are about services alone.
            # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
            for each, policy in self.log_groups.policies.items():
                yield f"the log resource policy {each}", policy

    def _append_log(
        self, principal: Principal | None, group: str, stream: str, lines: list[str], when: datetime
    ) -> None:
        """Write the log of a function, if its role may."""
        if principal is not None and self.call.guard is not None:
            hop = CAUSE.get()
            noted_at = hop if isinstance(hop, Hop) else None
            if not self.authorization.may_log(principal, group, stream, self.log_groups.has, noted_at):
                return
        self.log_groups.append(group, stream, lines, when)

    async def settled(self) -> None:
        """Return when nothing is left to happen at the present time: no frame, delivery, invocation or commit."""
        while True:
            await self.work.settled()
            await self.runtime.flush()
            if not self.work.is_busy:
                return

    async def advance(self, duration: timedelta) -> None:
        """Let virtual time pass; what is due on the way happens at its own time. Raise ``ClockStandsStill``."""
        clock = self.clock.current
        if not isinstance(clock, VirtualClock):
            raise ClockStandsStill("only a virtual clock can be advanced: start with PIZZABAR_CLOCK=virtual")
        await clock.advance(duration)
        await self.runtime.flush()

    def set_clock(self, mode: str, *, speed: float = 1.0) -> None:
        """Go on in real time at a speed, or in virtual time (``virtual`` or ``auto``) from the present on.

        Raise ``ValueError``.
        """
        if mode == "real":
            self.clock.switch(SystemClock(speed))
        elif mode in ("virtual", "auto"):
            self.clock.switch(VirtualClock(self.work, self.clock.now(), auto=mode == "auto"))
        else:
            raise ValueError(f"the clock is real, virtual or auto, not {mode}")

    async def close(self) -> None:
        """Stop; what is under way goes on at the next start."""
        if self.endpoints is not None:
            # Whom nobody asks any more holds no connection open.
            await self.work.stop()
            await self.functions.sandboxes.close()
            await self.endpoints.close()
        await self.runtime.close()
        if self._stop_export is not None:
            # In a thread: a collector may take its time for the last spans.
            await asyncio.to_thread(self._stop_export)


class _Surroundings:
    """What the room of IAM is told of the others."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.home = emulator.home

    def stage_of(self, connection_id: str) -> tuple[str, str] | None:
        """Give the API and the stage of a connection, if it is open."""
        try:
            connection = self._emulator.apis.connections.get(connection_id)
        except ServiceError:
            return None
        return connection.api_id, connection.stage

    def partition_key_of(self, table: str) -> str | None:
        """Give the name of a table's partition key."""
        try:
            return self._emulator.tables.table(table).partition.name
        except ServiceError:
            return None

    def machine_of(self, task_token: str) -> str | None:
        """Give the ARN of the state machine that a task token is of."""
        read = read_task_token(task_token)
        if read is None:
            return None
        parts = read[0].split(":")
        return ":".join([*parts[:5], "stateMachine", parts[6]]) if len(parts) > 6 else None


def _is_gone(resource: Resource, now: Resource | None) -> bool:
    """Tell whether a resource is not there any more, or another in its place."""
    return now is None or (now.type, now.identity.ref) != (resource.type, resource.identity.ref)


def _debugging(text: str, stack: Stack) -> Debugging | None:
    """Read which function is debugged, and at what port. Raise ``DebuggedFunctionMissing``."""
    if not text:
        return None
    logical_id, _, port = text.partition(":")
    for each in stack.resources:
        if each.logical_id == logical_id and each.type == FUNCTION:
            usual = 9229 if str(each.properties.get("Runtime")).startswith("nodejs") else 5678
            return Debugging(each.identity.ref, int(port or usual))
    raise DebuggedFunctionMissing(f"there is no function {logical_id} to debug in the stack")
