"""Functions by name, and their invocations, synchronous and asynchronous."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from pizzabar import documents
from pizzabar.arn import Home, parse_arn
from pizzabar.clock import Clock
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.journal import CAUSE, Attempt, Cause, Hop, new_trace_id
from pizzabar.kept import Changed
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.destinations import EXHAUSTED, NO_CONCURRENCY, SUCCESS, TOO_OLD, Ending, Telling, tellings
from pizzabar.lambda_.errors import (
    InvalidParameterValueException,
    InvalidRequestContentException,
    RequestTooLargeException,
    ResourceNotFoundException,
    TooManyRequestsException,
)
from pizzabar.lambda_.event_invoke_config import DEFAULT, EventInvokeConfig
from pizzabar.lambda_.function import (
    LATEST,
    Context,
    Function,
    Handler,
    RuntimeFault,
    as_text,
    blocking,
    error_payload,
    exit_message,
    is_coroutine_handler,
    run_handler,
    timed_out,
)
from pizzabar.lambda_.invocation_log import application_lines, end_lines, error_lines, start_lines
from pizzabar.lambda_.invocations import Invocation, Invocations
from pizzabar.lambda_.json_log import JsonLog
from pizzabar.lambda_.log_lines import log_stream_name, log_stream_of
from pizzabar.lambda_.resource_policies import ResourcePolicies
from pizzabar.lambda_.sandboxes import FunctionError, NoSandboxes, Request, Sandboxes
from pizzabar.lambda_.versions import Versions
from pizzabar.operations import Call, Trace
from pizzabar.principal import Principal
from pizzabar.record import record
from pizzabar.uuids import new_uuid, uuid_of

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_SYNCHRONOUS_BYTES = 6 << 20
MAX_RESPONSE_BYTES = MAX_SYNCHRONOUS_BYTES + 100
MAX_ASYNCHRONOUS_BYTES = 1 << 20

log = logging.getLogger("pizzabar")

AppendLog = Callable[[Principal | None, str, str, list[str], datetime], object]
"""Appends lines to a log stream, in a principal's name: log group, log stream, lines, time."""


@record
class Outcome:
    """How an invocation ended: the result's text, or the error object's, and which of the two it is."""

    payload: str
    is_error: bool
    lines: tuple[str, ...] = ()
    version: str = LATEST
    request_id: str = ""


class Functions:
    """The functions of one account and region."""

    def __init__(
        self,
        invocations: Invocations,
        call: Call,
        trace: Trace,
        clock: Clock,
        home: Home,
        append_log: AppendLog,
        sandboxes: Sandboxes | None = None,
    ) -> None:
        self._invocations = invocations
        self._call = call
        self._trace = trace
        self._clock = clock
        self._home = home
        self._append_log = append_log
        self.sandboxes = NoSandboxes() if sandboxes is None else sandboxes
        self._functions: dict[str, Function] = {}
        self._by_arn: dict[str, Function] = {}
        self._running: dict[str, int] = {}
        self._throttled: dict[str, int] = {}
        """How often an event was throttled, by request id."""
        self._log_stream = ""
        self.event_invoke_configs: dict[str, EventInvokeConfig] = {}
        """How functions take events, by these' ARNs with the qualifier, where it was configured."""
        self.versions = Versions()
        self.policies = ResourcePolicies()
        self.changed = Changed("function")
        self.folder = Path()
        """What the paths of code in a template are relative to."""
        self.layers: dict[str, Path] = {}
        """The folders of layers, by their ARNs."""

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    async def open(self) -> None:
        """Begin to handle asynchronous invocations, those first that an earlier process left unhandled."""
        now = self._clock.now()
        # Handlers in process have one execution environment.
        self._log_stream = log_stream_name(now, uuid.uuid4().hex)
        await self._invocations.open(self._handle)

    def create(
        self,
        name: str,
        handler: Handler | Code,
        *,
        environment: Mapping[str, str] | None = None,
        timeout: int = 3,
        memory_size: int = 128,
        description: str = "",
        log_group: str | None = None,
        reserved_concurrency: int | None = None,
        is_traced: bool = False,
        role: str | None = None,
        dead_letter_arn: str | None = None,
        json_log: JsonLog | None = None,
    ) -> Function:
        """Make a function of a handler, or give the function of that name another."""
        function = Function(
            name,
            self._home.arn("lambda", f"function:{name}"),
            handler,
            dict(environment or {}),
            timeout,
            memory_size,
            description,
            f"/aws/lambda/{name}" if log_group is None else log_group,
            reserved_concurrency,
            is_coroutine_handler(handler),
            is_traced,
            role,
            dead_letter_arn,
            json_log,
        )
        if (before := self._functions.get(name)) is not None:
            self.versions.follow(before, function)
        self._functions[name] = self._by_arn[function.arn] = function
        return function

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock.now()

    def arn_of(self, name_or_arn: str) -> str:
        """Name a function, a version or an alias, whether it is there or not, by name, ARN or partial ARN."""
        name, qualifier = split_name(name_or_arn)
        return self._home.arn("lambda", f"function:{name}" if qualifier is None else f"function:{name}:{qualifier}")

    def numbers(self) -> dict[str, tuple[Mapping[str, int], int]]:
        """Give the numbers of versions by what templates call them, and the last of all, by functions' ARNs."""
        return {self._functions[name].arn: each for name, each in self.versions.numbers().items()}

    def to_keep(self) -> JSON:
        """Give what API calls have made, and the names of what they have changed."""
        return {
            "changed": self.changed.to_keep(),
            "versions": self.versions.to_keep(),
            "policies": self.policies.to_keep(),
        }

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what API calls have made; tell of what the template has changed back."""
        if isinstance(document, list):
            # An older version kept the names alone.
            return self.changed.restore(document, declared)
        return [
            *self.changed.restore(document["changed"], declared),
            *self.versions.restore(document["versions"], self._functions.get),
            *self.policies.restore(document["policies"], self.has),
        ]

    def has(self, arn: str) -> bool:
        """Whether there is what an ARN means, with or without a qualifier."""
        try:
            self.get(arn)
        except ResourceNotFoundException:
            return False
        return True

    def change(self, name_or_arn: str, **changes: Any) -> Function:
        """Give a function another environment, time-out and so on. Raise ``ResourceNotFoundException``."""
        if "handler" in changes:
            changes["is_async"] = is_coroutine_handler(changes["handler"])
        function = replace(self.latest(name_or_arn), **changes)
        self._functions[function.name] = self._by_arn[function.arn] = function
        return function

    def remove(self, name: str) -> None:
        """Take a function out."""
        function = self._functions.pop(name, None)
        if function is not None:
            del self._by_arn[function.arn]
            self.versions.forget(name)
            for arn in [each for each in self.event_invoke_configs if each.startswith(f"{function.arn}:")]:
                del self.event_invoke_configs[arn]

    def get(self, name_or_arn: str, qualifier: str | None = None) -> Function:
        """Find a function by name, ARN or partial ARN: as it is now, or what a qualifier means.

        The qualifier is given apart or behind the name. Raise ``ResourceNotFoundException`` or
        ``InvalidParameterValueException``.
        """
        if qualifier is None and (function := self._by_arn.get(name_or_arn)) is not None:
            return function
        name, own = split_name(name_or_arn)
        if own is not None and qualifier is not None and own != qualifier:
            raise InvalidParameterValueException(
                "The derived qualifier from the function name does not match the specified qualifier.", Type="User"
            )
        qualifier = own if qualifier is None else qualifier
        found = function = self._functions.get(name)
        if function is not None and qualifier is not None:
            found = self.versions.find(function, qualifier)
        if found is not None:
            return found
        arn = name_or_arn if name_or_arn.startswith("arn:") else self._home.arn("lambda", f"function:{name_or_arn}")
        if qualifier is not None and own is None:
            arn += f":{qualifier}"
        raise ResourceNotFoundException(f"Function not found: {arn}", Type="User")

    def latest(self, name_or_arn: str) -> Function:
        """Find a function as it is now, whatever qualifier is behind its name. Raise as ``get`` does."""
        return self.get(split_name(name_or_arn)[0])

    async def invoke(self, name_or_arn: str, payload: str | bytes, qualifier: str | None = None) -> Outcome:
        """Invoke a function and wait for its result.

        Raise as ``get`` does, or ``InvalidRequestContentException``, ``RequestTooLargeException`` or
        ``TooManyRequestsException``.
        """
        function = self.get(name_or_arn, qualifier)
        event = _read_payload(payload, MAX_SYNCHRONOUS_BYTES)
        # A process of its own reads it as it was sent: integers of any size, say.
        text = payload.decode() if isinstance(payload, bytes) else payload
        return await self._run(function, event, new_uuid(), text)

    def accept(self, name_or_arn: str, payload: str | bytes, qualifier: str | None = None) -> str:
        """Take an event for a function, and give its request id.

        It is handled in the lane of whatever caused it. Raise as ``invoke`` does.
        """
        function = self.get(name_or_arn, qualifier)
        event = _read_payload(payload, MAX_ASYNCHRONOUS_BYTES)
        cause = CAUSE.get()
        request_id = _request_id(cause, function.name)
        lane = request_id if cause is None or cause.lane is None else cause.lane
        self._invocations.accept(lane, function.invoked_arn, request_id, event)
        return request_id

    async def _handle(self, invocation: Invocation) -> datetime | None:
        """Handle an event, and tell when to try again.

        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        try:
            function = self.get(invocation.function_arn)
        except ResourceNotFoundException:
            # The function went away after it had accepted the event.
            return None
        throttled = self._throttled.pop(invocation.request_id, 0) if self._throttled else 0
        config = self.event_invoke_configs.get(f"{function.arn}:{function.qualifier or LATEST}", DEFAULT)
        # Throttled attempts do not count; those before a restart, which this does not remember, do.
        retries = invocation.attempts - throttled
        try:
            outcome = await self._run(function, invocation.payload, invocation.request_id)
        except TooManyRequestsException:
            if self.latest(function.name).reserved_concurrency == 0:
                await self._tell(function, config, invocation, NO_CONCURRENCY, retries)
                return None
            # Back-off from 1 s to 5 min, for as long as the event may grow old.
            when = self._clock.now() + timedelta(seconds=min(2.0 ** min(throttled, 9), 300.0))
            if when > _last_moment(config, invocation):
                await self._tell(function, config, invocation, TOO_OLD, retries)
                return None
            self._throttled[invocation.request_id] = throttled + 1
            return when
        if not outcome.is_error:
            if config.on_success is not None:
                await self._tell(function, config, invocation, SUCCESS, retries + 1, outcome)
            return None
        when = self._clock.now() + timedelta(minutes=1 if retries == 0 else 2)
        is_exhausted = retries >= config.retries
        if is_exhausted or when > _last_moment(config, invocation):
            condition = EXHAUSTED if is_exhausted else TOO_OLD
            await self._tell(function, config, invocation, condition, retries + 1, outcome)
            return None
        if throttled:
            self._throttled[invocation.request_id] = throttled
        return when

    async def _tell(
        self,
        function: Function,
        config: EventInvokeConfig,
        invocation: Invocation,
        condition: str,
        attempts: int,
        outcome: Outcome | None = None,
    ) -> None:
        """Tell destination and dead-letter queue in the name of the function's role; who refuses is not asked again.

        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        """
        ending = Ending(
            condition,
            invocation.request_id,
            f"{function.arn}:{function.qualifier or LATEST}",
            LATEST if outcome is None else outcome.version,
            invocation.payload,
            attempts,
            self._clock.now(),
            None if outcome is None else outcome.payload,
        )
        for telling in tellings(ending, config, function.dead_letter_arn):
            await self.tell(telling, function)

    async def tell(self, telling: Telling, function: Function) -> None:
        """Tell somebody something, in the name of a function's role; who refuses is not asked again."""
        cause = CAUSE.get() or Cause(new_trace_id(self._clock.timestamp()))
        token = CAUSE.set(cause.within(cause.lane, Attempt(telling.key), function.principal))
        try:
            answer = await self._call(telling.service, telling.operation, telling.parameters)
            why = answer["Entries"][0].get("ErrorMessage") if telling.operation == "PutEvents" else None
        except ServiceError as error:
            why = str(error)
        finally:
            CAUSE.reset(token)
        if why is not None:
            # As on AWS it is lost then; the journal has it.
            log.warning("nobody is told how an event for the function %s ended: %s", function.name, why)

    async def _run(self, function: Function, event: JSON, request_id: str, text: str = "") -> Outcome:
        """Run a function on an event; ``text`` is the event as it was sent, where it was."""
        limit = function.reserved_concurrency
        if function.qualifier is not None:
            function = self.versions.route(function, request_id)
            # It is the function's as it is now, whatever it was.
            limit = self._functions.get(function.name, function).reserved_concurrency
        running = self._running.get(function.name, 0)
        if limit is not None and running >= limit:
            raise TooManyRequestsException(
                "Rate Exceeded.", Reason="ReservedFunctionConcurrentInvocationLimitExceeded", Type="User"
            )
        self._running[function.name] = running + 1
        cause = CAUSE.get()
        if cause is None:
            cause = Cause(new_trace_id(self._clock.timestamp()))
        invoking = cause.within(cause.lane, Attempt(request_id), function.principal)
        if function.is_traced:
            invoking.origin = cause.sampled_origin()
        token = CAUSE.set(invoking)
        now = self._clock.now()
        try:
            if isinstance(function.handler, Code):
                return await self._run_apart(function, event, request_id, text or documents.write(event))
            outcome = await self._run_in_process(function, function.handler, event, request_id, now)
        finally:
            CAUSE.reset(token)
            self._running[function.name] -= 1
        if outcome.lines:
            stream = log_stream_of(self._log_stream, function.version)
            self._append_log(function.principal, function.log_group, stream, list(outcome.lines), now)
        return outcome

    async def _run_in_process(
        self, function: Function, handler: Handler, event: JSON, request_id: str, now: datetime
    ) -> Outcome:
        deadline = now + _seconds(function.timeout)
        call = self._call if function.is_async else blocking(self._call)
        context = Context(function, request_id, deadline, call, self._clock)

        async def handle(parameters: JSON) -> JSON:
            try:
                with _UnderWay():
                    result = await run_handler(function, handler, event, context, self._clock)
            except TimeoutError:
                # The handler may raise one of its own: that is an error like any other.
                if self._clock.now() < deadline:
                    raise
                raise timed_out(function) from None
            except SystemExit as error:
                raise RuntimeFault("Runtime.ExitError", exit_message(error)) from None
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                # Nobody has cancelled this task: something that the handler waited for was.
                raise RuntimeFault("Runtime.Cancelled", "What the handler waited for was cancelled") from None
            return _fitting(as_text(result))

        began = time.perf_counter()
        fault: RuntimeFault | None = None
        error_type: str | None = None
        try:
            payload = await self._trace("lambda", "Invocation", _described(function, event, request_id), handle)
        except RuntimeFault as told:
            fault = told
            payload = _fault_payload(fault, request_id)
            _let_go(fault)
        except Exception as error:
            document = error_payload(error) | {"requestId": request_id}
            error_type = document["errorType"]
            context.lines.extend(error_lines(function, document, now))
            payload = documents.write(document)
            _let_go(error)
        milliseconds = (time.perf_counter() - began) * 1000
        lines = [
            *start_lines(function, request_id, now),
            *application_lines(function, request_id, context.lines, now),
            *end_lines(function, request_id, now, milliseconds, fault=fault, error_type=error_type),
        ]
        is_error = fault is not None or error_type is not None
        return Outcome(payload, is_error, tuple(lines), function.version, request_id)

    async def _run_apart(self, function: Function, event: JSON, request_id: str, text: str) -> Outcome:
        """Run a function in a process of its own; its lines come into the log as they are written."""
        lines: list[str] = []

        def write(stream: str, new: list[str]) -> None:
            if new:
                lines.extend(new)
                self._append_log(function.principal, function.log_group, stream, new, self._clock.now())

        async def handle(parameters: JSON) -> JSON:
            request = Request(request_id, text)
            with _UnderWay():
                return _fitting(await self.sandboxes.run(function, request, write))

        is_error = True
        try:
            payload = await self._trace("lambda", "Invocation", _described(function, event, request_id), handle)
            is_error = False
        except RuntimeFault as fault:
            payload = _fault_payload(fault, request_id)
        except FunctionError as error:
            payload = error.payload
        return Outcome(payload, is_error, tuple(lines), function.version, request_id)


@lru_cache(4096)
def split_name(name_or_arn: str) -> tuple[str, str | None]:
    """Give the name of a function that is referred to by name, ARN or partial ARN, and the qualifier behind it."""
    arn = parse_arn(name_or_arn)
    resource = name_or_arn if arn is None else arn.resource
    parts = resource.split(":")
    name, *rest = parts[parts.index("function") + 1 :] if "function" in parts[:-1] else parts
    return name, rest[0] if rest else None


def function_name(name_or_arn: str) -> str:
    """Give the name of a function that is referred to by name, ARN or partial ARN, with or without a qualifier."""
    return split_name(name_or_arn)[0]


def _fitting(result: str) -> str:
    """Give a result that is not too large. Raise ``RuntimeFault``."""
    if len(result) > MAX_RESPONSE_BYTES // 4 and len(result.encode()) > MAX_RESPONSE_BYTES:
        raise RuntimeFault(
            "Function.ResponseSizeTooLarge",
            f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
        )
    return result


def _read_payload(payload: str | bytes, limit: int) -> JSON:
    size = len(payload) if isinstance(payload, bytes) else len(payload.encode())
    if size > limit:
        raise RequestTooLargeException(
            f"{size} byte payload is too large for the Invoke operation (limit {limit} bytes)"
        )
    if not payload:
        return {}
    try:
        return documents.parse(payload)
    except NotJSON as error:
        raise InvalidRequestContentException(
            f"Could not parse request body into json: {error}", Type="User"
        ) from None


def _request_id(cause: Cause | None, function: str) -> str:
    """Make a request id; the same one again when the piece of work that invokes is repeated."""
    if cause is None or cause.attempt is None:
        return new_uuid()
    return uuid_of(f"{cause.attempt.next_key()}/{function}")


class _UnderWay:
    """Has the invocation at hand be known to the requests that name it.

    A class, for it is on the way of every order: a generator would cost ten times as much.
    """

    __slots__ = ("_invocation",)

    def __enter__(self) -> None:
        invocation = CAUSE.get()
        assert isinstance(invocation, Hop)
        self._invocation = invocation
        invocation.journal.invocations[invocation.id] = invocation

    def __exit__(self, *error: object) -> None:
        del self._invocation.journal.invocations[self._invocation.id]


def _last_moment(config: EventInvokeConfig, invocation: Invocation) -> datetime:
    """Tell until when an event may be tried again."""
    return datetime.fromtimestamp(invocation.accepted, UTC) + timedelta(seconds=config.age)


@lru_cache(256)
def _seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


def _described(function: Function, event: JSON, request_id: str) -> JSON:
    """Tell of an invocation in the journal."""
    described = {"FunctionName": function.name, "RequestId": request_id, "Event": event}
    if function.qualifier is not None:
        described |= {"Qualifier": function.qualifier, "Version": function.version}
    return described


def _let_go(error: BaseException) -> None:
    """Let go of the frames that an error has passed, and of all that they hold: the journal remembers the error."""
    error.__traceback__ = error.__context__ = None


def _fault_payload(fault: RuntimeFault, request_id: str) -> str:
    return documents.write(
        {"errorType": fault.type, "errorMessage": f"RequestId: {request_id} Error: {fault.message}"}
    )
