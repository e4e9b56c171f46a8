"""
The seam of sandboxes: the execution environments of functions that run in processes of their own.

What it promises: an invocation has a sandbox to itself from its start to its end; a sandbox that is still there is
used again; what takes longer than the function's time-out is killed.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from collections.abc import Callable, Iterable
from dataclasses import field
from pathlib import Path
from typing import Protocol

from pizzabar.errors import PizzabarError
from pizzabar.journal import Cause
from pizzabar.lambda_.function import Function
from pizzabar.principal import AccessKeys
from pizzabar.record import record

WriteLog = Callable[[str, list[str]], None]
"""Writes to a log stream of the function's group: the stream, and lines."""


class FunctionError(PizzabarError):
    """Raised when a handler failed, or there was none; ``payload`` is the text of the error object that tells of it.

    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
    """

    def __init__(self, payload: str) -> None:
        self.payload = payload
        super().__init__(payload)


@record
class Request:
    """What a sandbox is to handle; the event is JSON text. It follows from the hop that stands in ``CAUSE``."""

    request_id: str
    event: str


@record
class Debugging:
    """The function that is debugged, and the port that a debugger finds its process at; it has no time-out."""

    function: str
    port: int


@record
class Surroundings:
    """What all sandboxes have in common.

    AWS's services are at ``endpoint``; certificates of the ``authority`` (a PEM file) hold for this process's own
    addresses, and for those that APIs have on AWS, which are at ``tls_port``. Other names of AWS are resolved only
    where a sandbox ``reaches_aws``; the names of APIs are AWS's own as well then.
    """

    endpoint: str
    region: str
    authority: Path | None = None
    tls_port: int | None = None
    reaches_aws: bool = False
    debugging: Debugging | None = None
    access_keys: AccessKeys = field(default_factory=AccessKeys)
    """Where the keys of sandboxes are given out, in the names of their functions."""


class Sandboxes(Protocol):
    """The sandboxes of all functions."""

    async def prepare(self, functions: Iterable[Function], surroundings: Surroundings) -> None:
        """Have ready what functions need before their first invocation, their dependencies among it.

        Raise ``BuildError``.
        """

    async def run(self, function: Function, request: Request, write: WriteLog) -> str:
        """Handle an invocation, in a new sandbox if none is free, and give the result's text.

        Raise ``FunctionError``, or ``RuntimeFault`` when the handler's process ended or took too long.
        """

    def cause_of(self, access_key: str) -> Cause | None:
        """Give the invocation under way in the sandbox that has an access key; None if there is none."""

    async def refresh(self, function: Function) -> None:
        """Use a function's code as it is now from its next invocation on, and from those of its versions.

        Raise ``FunctionError`` or ``RuntimeFault`` when there is no handler in it: what ran before goes on.
        """

    async def close(self) -> None:
        """Stop every sandbox."""


class NoSandboxes:
    """Sandboxes where every function runs in process."""

    async def prepare(self, functions: Iterable[Function], surroundings: Surroundings) -> None:
        """Have nothing ready."""

    async def run(self, function: Function, request: Request, write: WriteLog) -> str:
        """Run nothing."""
        raise NotImplementedError(f"{function.name} has no handler in process")

    def cause_of(self, access_key: str) -> Cause | None:
        """Know nobody."""
        return None

    async def refresh(self, function: Function) -> None:
        """Have nothing to refresh."""

    async def close(self) -> None:
        """Have nothing to stop."""


class BuildError(PizzabarError):
    """Raised when what a function needs cannot be installed; tells what to do."""
