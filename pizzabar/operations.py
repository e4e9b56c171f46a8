"""
The call table: whatever crosses from one service to another goes through here.

AWS is a uniform interface: a service, an operation, JSON parameters, and a JSON result or a named error. Names are
boto3's. A room is handed ``call`` when it is built and never learns who answers.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from time import perf_counter
from typing import Any, Protocol

from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.errors import InternalFailure, PizzabarError, UnknownOperationException
from pizzabar.journal import CAUSE, Cause, Hop, Journal, new_trace_id
from pizzabar.principal import Principal

log = logging.getLogger("pizzabar")


class Call(Protocol):
    """Ask an operation of a service."""

    def __call__(self, service: str, operation: str, parameters: JSON, /) -> Awaitable[JSON]:
        """Give the operation's result. Raise ``ServiceError`` as the service does."""


Operation = Callable[[JSON], Awaitable[JSON]]
Trace = Callable[[str, str, JSON, Operation], Awaitable[JSON]]
"""Does something as a hop of the journal: service, name, parameters, and what is done with them."""
Around = Callable[[Hop, Operation], Operation]
"""Gives what is done at a hop in place of what would be."""
Guard = Callable[[Principal, Hop], None]
"""Sees whether a principal may do what a hop asks; raises ``ServiceError`` to keep it from being done."""


def _as_it_is(hop: Hop, act: Operation) -> Operation:
    return act


class Operations:
    """Every operation of every service, and the one hook of the journal."""

    def __init__(self, journal: Journal, clock: Clock, durable: Callable[[], Awaitable[None]] | None = None) -> None:
        self.journal = journal
        self._clock = clock
        self._durable = durable
        self._operations: dict[tuple[str, str], Operation] = {}
        self._masks: dict[tuple[str, str], Callable[[JSON], JSON]] = {}
        self.guard: Guard | None = None
        self._broken: Mapping[int, object] = {}
        self._around: Around = _as_it_is

    def mask(self, masks: Mapping[tuple[str, str], Callable[[JSON], JSON]]) -> None:
        """Have secrets be taken out of the parameters of operations, for the journal."""
        self._masks |= masks

    def break_by(self, faults: Mapping[int, object], around: Around) -> None:
        """Have hops be other than they would be, for as long as there are any faults."""
        self._broken, self._around = faults, around

    def add(
        self, service: str, operations: Mapping[str, Callable[[Any, JSON], Awaitable[JSON]]], owner: object
    ) -> None:
        """Enter the operations of a service, each of which is handed its owner before its parameters."""
        for name, operation in operations.items():
            self._operations[service, name] = partial(operation, owner)

    def has(self, service: str, operation: str) -> bool:
        """Whether an operation is there."""
        return (service, operation) in self._operations

    def serves(self, service: str) -> bool:
        """Whether any operation of a service is there."""
        return any(each == service for each, _ in self._operations)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._operations)

    async def __call__(self, service: str, operation: str, parameters: JSON, /) -> JSON:
        """Do an operation, and enter the hop in the journal.

        Who calls without a cause is outside: what they are told of is durable.
        """
        name = (service, operation)
        answer = self._operations.get(name)
        if answer is None:
            raise UnknownOperationException(f"{service}:{operation} is not supported")
        cause = CAUSE.get()
        now = self._clock.timestamp()
        shown = self._masks[name](parameters) if name in self._masks else parameters
        hop = Hop(self.journal, cause or Cause(new_trace_id(now)), service, operation, shown, now)
        token = CAUSE.set(hop)
        hop.began = perf_counter()
        try:
            if cause is not None and cause.principal is not None:
                hop.asked_by = cause.principal
                if self.guard is not None:
                    self.guard(cause.principal, hop)
            if self._broken:
                answer = self._around(hop, answer)
            hop.result = result = await answer(parameters)
        except PizzabarError as error:
            hop.error = error
            raise
        except Exception as error:
            hop.error = error
            log.exception("%s:%s failed on %r", service, operation, shown)
            raise InternalFailure(f"{operation} failed: {type(error).__name__}: {error}") from error
        except BaseException as error:
            hop.error = error
            raise
        else:
            return result
        finally:
            hop.duration = perf_counter() - hop.began
            CAUSE.reset(token)
            if self.journal.followers:
                self.journal.close(hop)
            if cause is None and self._durable is not None:
                await self._durable()

    async def relay(self, service: str, operation: str, parameters: JSON, act: Operation) -> JSON:
        """Do what a service does for itself, and may do only in a principal's name, as a hop that is judged."""

        async def judged(parameters: JSON) -> JSON:
            hop = CAUSE.get()
            if isinstance(hop, Hop):
                hop.is_relayed = True
            if isinstance(hop, Hop) and hop.principal is not None:
                if self.guard is not None:
                    self.guard(hop.principal, hop)
                # What follows from it is the service's own.
                hop.principal = None
            return await act(parameters)

        return await self.trace(service, operation, parameters, judged)

    async def trace(self, service: str, operation: str, parameters: JSON, act: Operation) -> JSON:
        """Do something that no service is asked for, a frame received or a handler run, as a hop of its own.

        It is done in the same name as what causes it.
        """
        now = self._clock.timestamp()
        cause = CAUSE.get() or Cause(new_trace_id(now))
        hop = Hop(self.journal, cause, service, operation, parameters, now)
        if cause.principal is not None:
            hop.principal = cause.principal
        token = CAUSE.set(hop)
        hop.began = perf_counter()
        try:
            if self._broken:
                act = self._around(hop, act)
            hop.result = result = await act(parameters)
        except BaseException as error:
            hop.error = error
            raise
        else:
            return result
        finally:
            hop.duration = perf_counter() - hop.began
            CAUSE.reset(token)
            if self.journal.followers:
                self.journal.close(hop)
