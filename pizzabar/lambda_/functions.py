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
from pizzabar.lambda_.destinations import EXHAUSTED, NO_CONCURRENCY, SUCCESS, TOO_OLD, Ending, tellings
from pizzabar.lambda_.errors import (
    InvalidRequestContentException,
    RequestTooLargeException,
    ResourceNotFoundException,
    TooManyRequestsException,
)
from pizzabar.lambda_.event_invoke_config import DEFAULT, LATEST, EventInvokeConfig
from pizzabar.lambda_.function import (
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
from pizzabar.lambda_.log_lines import log_stream_name
from pizzabar.lambda_.sandboxes import FunctionError, NoSandboxes, Request, Sandboxes
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
        self.policies: dict[str, JSON] = {}
        """Who may invoke functions, by these' ARNs."""
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
        self._functions[name] = self._by_arn[function.arn] = function
        return function

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock.now()

    def arn_of(self, name_or_arn: str) -> str:
        """Name a function, whether it is there or not, by name, ARN or partial ARN."""
        return self._home.arn("lambda", f"function:{function_name(name_or_arn)}")

    def permit(self, function_arn: str, statement: JSON) -> None:
        """Add a statement to the policy of a function, in place of one of the same ``Sid``."""
        known = self.policies.get(function_arn, {"Version": "2012-10-17", "Id": "default", "Statement": []})
        others = [each for each in known["Statement"] if each["Sid"] != statement["Sid"]]
        self.policies[function_arn] = {**known, "Statement": [*others, statement]}

    def forbid(self, function_arn: str, statement_id: str) -> None:
        """Take a statement out of the policy of a function, and with its last one the policy."""
        known = self.policies.get(function_arn)
        if known is None:
            return
        left = [each for each in known["Statement"] if each["Sid"] != statement_id]
        if left:
            self.policies[function_arn] = {**known, "Statement": left}
        else:
            del self.policies[function_arn]

    def to_keep(self) -> JSON:
        """Give the names of what API calls have changed."""
        return self.changed.to_keep()

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Tell of what the template has changed back."""
        return self.changed.restore(document, declared)

    def change(self, name_or_arn: str, **changes: Any) -> Function:
        """Give a function another environment, time-out and so on. Raise ``ResourceNotFoundException``."""
        if "handler" in changes:
            changes["is_async"] = is_coroutine_handler(changes["handler"])
        function = replace(self.get(name_or_arn), **changes)
        self._functions[function.name] = self._by_arn[function.arn] = function
        return function

    def remove(self, name: str) -> None:
        """Take a function out."""
        function = self._functions.pop(name, None)
        if function is not None:
            del self._by_arn[function.arn]

    def get(self, name_or_arn: str) -> Function:
        """Find a function by name, ARN or partial ARN, a qualifier aside. Raise ``ResourceNotFoundException``."""
        function = self._by_arn.get(name_or_arn) or self._functions.get(function_name(name_or_arn))
        if function is None:
            arn = (
                name_or_arn if name_or_arn.startswith("arn:") else self._home.arn("lambda", f"function:{name_or_arn}")
            )
            raise ResourceNotFoundException(f"Function not found: {arn}", Type="User")
        return function

    async def invoke(self, name_or_arn: str, payload: str | bytes) -> Outcome:
        """Invoke a function and wait for its result.

        Raise ``ResourceNotFoundException``, ``InvalidRequestContentException``, ``RequestTooLargeException`` or
        ``TooManyRequestsException``.
        """
        function = self.get(name_or_arn)
        event = _read_payload(payload, MAX_SYNCHRONOUS_BYTES)
        # A process of its own reads it as it was sent: integers of any size, say.
        text = payload.decode() if isinstance(payload, bytes) else payload
        return await self._run(function, event, new_uuid(), text)

    def accept(self, name_or_arn: str, payload: str | bytes) -> str:
        """Take an event for a function, and give its request id.

        It is handled in the lane of whatever caused it. Raise as ``invoke`` does.
        """
        function = self.get(name_or_arn)
        event = _read_payload(payload, MAX_ASYNCHRONOUS_BYTES)
        cause = CAUSE.get()
        request_id = _request_id(cause, function.name)
        lane = request_id if cause is None or cause.lane is None else cause.lane
        self._invocations.accept(lane, function.arn, request_id, event)
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
        config = self.event_invoke_configs.get(f"{function.arn}:{LATEST}", DEFAULT)
        # Throttled attempts do not count; those before a restart, which this does not remember, do.
        retries = invocation.attempts - throttled
        try:
            outcome = await self._run(function, invocation.payload, invocation.request_id)
        except TooManyRequestsException:
            if function.reserved_concurrency == 0:
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
                await self._tell(function, config, invocation, SUCCESS, retries + 1, outcome.payload)
            return None
        when = self._clock.now() + timedelta(minutes=1 if retries == 0 else 2)
        is_exhausted = retries >= config.retries
        if is_exhausted or when > _last_moment(config, invocation):
            condition = EXHAUSTED if is_exhausted else TOO_OLD
            await self._tell(function, config, invocation, condition, retries + 1, outcome.payload)
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
        response: str | None = None,
    ) -> None:
        """Tell destination and dead-letter queue in the name of the function's role; who refuses is not asked again.

        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        """
        ending = Ending(
            condition,
            invocation.request_id,
            f"{function.arn}:{LATEST}",
            LATEST,
            invocation.payload,
            attempts,
            self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            response,
        )
        cause = CAUSE.get() or Cause(new_trace_id(self._clock.timestamp()))
        for telling in tellings(ending, config, function.dead_letter_arn):
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
            self._append_log(function.principal, function.log_group, self._log_stream, list(outcome.lines), now)
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
        return Outcome(payload, fault is not None or error_type is not None, tuple(lines))

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
        return Outcome(payload, is_error, tuple(lines))


def function_name(name_or_arn: str) -> str:
    """Give the name of a function that is referred to by name, ARN or partial ARN, with or without a qualifier."""
    arn = parse_arn(name_or_arn)
    resource = name_or_arn if arn is None else arn.resource
    parts = resource.split(":")
    return parts[parts.index("function") + 1] if "function" in parts[:-1] else parts[0]


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
    return {"FunctionName": function.name, "RequestId": request_id, "Event": event}


def _let_go(error: BaseException) -> None:
    """Let go of the frames that an error has passed, and of all that they hold: the journal remembers the error."""
    error.__traceback__ = error.__context__ = None


def _fault_payload(fault: RuntimeFault, request_id: str) -> str:
    return documents.write(
        {"errorType": fault.type, "errorMessage": f"RequestId: {request_id} Error: {fault.message}"}
    )
