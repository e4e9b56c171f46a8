"""
A function, a handler in process, and the context that it is handed.

A handler is ``async def handler(event, context)``, or a plain function of the same parameters, which runs in a
thread. ``context.call`` asks any operation of any service; ``context.log`` writes a line to the function's log group.
"""

import asyncio
import importlib
import inspect
import json
import traceback
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import field
from datetime import datetime
from typing import Any, cast

from pizzabar import documents
from pizzabar.clock import Clock, within
from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.journal import CAUSE, Cause, trace_header
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.json_log import JsonLog
from pizzabar.operations import Call
from pizzabar.principal import Principal, role_session
from pizzabar.record import record

Handler = Callable[[Any, Any], Any]
SERVICE = "lambda.amazonaws.com"
"""What Lambda is called where it assumes a role."""
LATEST = "$LATEST"
"""The version that is not published."""


class RuntimeFault(PizzabarError):
    """Raised when not the handler failed but its run: it took too long, or ended its own runtime."""

    def __init__(self, type: str, message: str) -> None:
        self.type = type
        self.message = message
        super().__init__(message)


def timed_out(function: "Function") -> RuntimeFault:
    """Tell of a handler that took too long."""
    return RuntimeFault("Sandbox.Timedout", f"Task timed out after {function.timeout:.2f} seconds")


class MarshalError(PizzabarError):
    """Raised when what a handler gives cannot be written as JSON."""


@record
class Function:
    """A function as it was configured; ``timeout`` is in seconds, ``memory_size`` in MB.

    Its handler is one in process, or the code that a process of its own runs.
    """

    name: str
    arn: str
    handler: Handler | Code
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: int = 3
    memory_size: int = 128
    description: str = ""
    log_group: str = ""
    reserved_concurrency: int | None = None
    is_async: bool = True
    is_traced: bool = False
    role: str | None = None
    """The ARN of the execution role."""
    dead_letter_arn: str | None = None
    """The ARN of the queue that gets the events that nothing came of."""
    json_log: JsonLog | None = None
    """What of its log is written, where it is one in JSON; text otherwise."""
    version: str = LATEST
    qualifier: str | None = None
    """What it is asked for by, behind its ARN: a version, or an alias."""

    @property
    def invoked_arn(self) -> str:
        """The ARN that it is asked for by."""
        return self.arn if self.qualifier is None else f"{self.arn}:{self.qualifier}"

    @property
    def principal(self) -> Principal | None:
        """In whose name it asks: its execution role's; nobody's in particular without one."""
        return None if self.role is None else role_session(self.role, self.name, SERVICE, source_arn=self.arn)


def load_handler(name: str) -> Handler:
    """Find a handler by ``module:function``. Raise ``ImportError`` or ``AttributeError`` when it is not there."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ImportError("write it as module:function")
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        raise
    except Exception as error:
        # Whatever a module of the user's raises, it is not to be had.
        raise ImportError(f"{type(error).__name__}: {error}") from error
    handler = getattr(module, attribute)
    if not callable(handler):
        raise AttributeError(f"{name} is not a function")
    return cast(Handler, handler)


class Context:
    """What a handler knows of its invocation.

    The names are those of Python's context object on Lambda, beside ``environment``, ``call``, ``log`` and
    ``trace_header``. What
    ``call`` gives is awaited; in a plain handler it is the result.
    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    __slots__ = ("_clock", "aws_request_id", "call", "deadline", "environment", "function", "lines")

    def __init__(self, function: Function, request_id: str, deadline: datetime, call: Any, clock: Clock) -> None:
        self.function = function
        self.aws_request_id = request_id
        self.deadline = deadline
        self.lines: list[str] = []
        self.environment = function.environment
        """The function's own environment variables; the process's are not touched."""
        self.call = call
        """Asks an operation of a service, by boto3's names; raises ``ServiceError`` as the service does."""
        self._clock = clock

    @property
    def function_name(self) -> str:
        return self.function.name

    @property
    def function_version(self) -> str:
        return self.function.version

    @property
    def invoked_function_arn(self) -> str:
        return self.function.invoked_arn

    @property
    def memory_limit_in_mb(self) -> int:
        return self.function.memory_size

    @property
    def log_group_name(self) -> str:
        return self.function.log_group

    @property
    def trace_header(self) -> str:
        """The trace, and the invocation as the parent of what follows: on AWS the variable ``_X_AMZN_TRACE_ID``.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        """
        return trace_header()

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the invocation may still take."""
        return max(0, int((self.deadline - self._clock.now()).total_seconds() * 1000))

    def log(self, line: str) -> None:
        """Write a line to the function's log group."""
        self.lines.append(line)


def blocking(call: Call) -> Callable[[str, str, JSON], JSON]:
    """Make a ``call`` that blocks the thread of a plain handler, while the event loop goes on."""
    loop = asyncio.get_running_loop()

    async def ask(service: str, operation: str, parameters: JSON, cause: Cause | None) -> JSON:
        CAUSE.set(cause)
        return await call(service, operation, parameters)

    def call_and_wait(service: str, operation: str, parameters: JSON) -> JSON:
        return asyncio.run_coroutine_threadsafe(ask(service, operation, parameters, CAUSE.get()), loop).result()

    return call_and_wait


async def run_handler(function: Function, handler: Handler, event: JSON, context: Context, clock: Clock) -> JSON:
    """Run a handler and give its result. Raise what it raises, or ``TimeoutError``.

    A coroutine is cancelled at its time-out. A thread cannot be: its result is dropped.
    """
    if function.is_async:
        return await within(clock, context.deadline, handler(event, context))
    run = copy_context().run
    result = asyncio.get_running_loop().run_in_executor(None, run, handler, event, context)
    return await within(clock, context.deadline, result)


def error_payload(error: BaseException) -> dict[str, JSON]:
    """Write what a handler raised as Lambda does.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    if isinstance(error, MarshalError):
        return {"errorMessage": str(error), "errorType": "Runtime.MarshalError", "stackTrace": []}
    passed = error.__traceback__
    while passed is not None and _is_machinery(passed.tb_frame.f_code.co_filename):
        passed = passed.tb_next
    frames = [
        f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n'
        for frame in traceback.extract_tb(passed)
    ]
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": frames}


_MACHINERY = (
    "/pizzabar/lambda_/",
    "/pizzabar/clock.py",
    "/pizzabar/operations.py",
    "/pizzabar/work.py",
    "/concurrent/futures/",
)


def _is_machinery(file: str) -> bool:
    """Whether the code of a file belongs to what runs the handler."""
    file = file.replace("\\", "/")
    return any(part in file for part in _MACHINERY)


def exit_message(error: SystemExit) -> str:
    """Tell of a handler that ended its runtime, as Lambda does."""
    code = error.code if isinstance(error.code, int) else int(error.code is not None)
    return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"


def is_coroutine_handler(handler: Handler | Code) -> bool:
    """Whether calling a handler gives something to await."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004 - an object's own method is asked, not whether there is one
    )


def as_text(value: JSON) -> str:
    """Write a result as the Python runtime does; raise ``MarshalError`` when it has no JSON form."""
    try:
        return documents.write(value)
    except TypeError:
        # Beyond what the fast writer takes, integers of any size for one.
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise MarshalError(f"Unable to marshal response: {error}") from None
