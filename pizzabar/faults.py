"""
Faults on purpose: what is to go wrong, and with which hops.

A rule looks at every hop that begins: an operation asked of a service, a frame received, a handler run. It breaks
those that it is for, after the first ``skip`` of them, ``times`` in all, each with the chance ``share``; the same
seed and the same hops give the same faults. What it did is noted at the hop.

- ``throttle``: the service refuses, as it does when too much is asked of it.
- ``error``: it refuses with ``code``, ``message`` and ``status``; a handler fails with an error of that name.
- ``gone``: a client has gone, as ``PostToConnection`` says it (410).
- ``time-out``: no answer comes for ``seconds``, and then an error.
- ``latency``: it is done ``seconds`` later; an event whose delivery is late is a late event.
- ``duplicate``: it is done twice.
- ``vanish``: the client whose frame the hop follows from goes without a goodbye, before it is done. A rule that
  names a ``state`` looks at executions instead: the client goes as one of them enters that state.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta

from pizzabar import documents
from pizzabar.clock import EmulatorClock, VirtualClock
from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError, ServiceError
from pizzabar.journal import CAUSE, Hop, Journal
from pizzabar.record import record

KINDS = ("duplicate", "error", "gone", "latency", "throttle", "time-out", "vanish")

Operation = Callable[[JSON], Awaitable[JSON]]
Vanish = Callable[[str], Awaitable[None]]
"""Has a client go without a goodbye, by its connection's id."""
Knows = Callable[[str, str], bool]
"""Whether there are hops of an operation of a service; either may be ``*``."""

_THROTTLED: Mapping[str, tuple[str, int, str]] = {
    "apigatewaymanagementapi": ("LimitExceededException", 429, "Rate exceeded"),
    "dynamodb": ("ThrottlingException", 400, "Rate of requests exceeds the allowed throughput."),
    "lambda": ("TooManyRequestsException", 429, "Rate Exceeded."),
    "scheduler": ("ThrottlingException", 429, "Rate exceeded"),
    "sqs": ("RequestThrottled", 403, "Request is throttled."),
}
"""How services refuse when too much is asked of them; the others say ``ThrottlingException``."""
_is_code = re.compile(r"[!-~]{1,256}").fullmatch
_GONE = ("GoneException", 410, "")
_LATE = ("RequestTimeout", 408, "The request timed out.")


class InvalidFault(PizzabarError):
    """Raised when a rule says what cannot be."""


@record
class FaultRule:
    """What goes wrong, and with which hops: see the module.

    ``service`` and ``operation`` are boto3's names, or ``*``; of frames ``apigateway`` and the route's key, of
    handlers ``lambda`` and ``Invocation``. ``about`` is text that the hop's parameters, written as JSON, must have: a
    table's or a function's name; of a ``state``, text that the execution's ARN must have. ``times`` is None for all.
    """

    kind: str
    service: str = "*"
    operation: str = "*"
    about: str = ""
    skip: int = 0
    times: int | None = 1
    share: float = 1.0
    seed: int = 0
    seconds: float = 30.0
    code: str = "InternalServerError"
    message: str = "It fails on purpose."
    status: int = 500
    state: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidFault(f"{self.kind} is no fault: there are {', '.join(KINDS)}")
        if self.state and (self.kind, self.service, self.operation) != ("vanish", "*", "*"):
            raise InvalidFault("at a state a client can vanish, and no hop is named: other faults are those of hops")
        if self.skip < 0 or (self.times is not None and self.times < 1):
            raise InvalidFault("skip is 0 or more, and times 1 or more")
        if not 0 <= self.share <= 1:
            raise InvalidFault("a share is between 0 and 1")
        if _is_code(self.code) is None:
            # It is written into headers.
            raise InvalidFault("a code is one word of letters, digits and punctuation")
        if not 0 <= self.seconds <= 86_400:
            raise InvalidFault("seconds are between 0 and 86400")

    def is_for(self, hop: Hop) -> bool:
        """Whether the rule is for a hop."""
        return (
            self.service in ("*", hop.service)
            and self.operation in ("*", hop.operation)
            and (not self.about or self.about in _written(hop.parameters))
        )

    def as_json(self) -> dict[str, JSON]:
        """Render the rule for a reader."""
        return asdict(self)


class Faults:
    """The faults of one emulator; ``vanish`` has a client go."""

    def __init__(
        self,
        clock: EmulatorClock,
        journal: Journal,
        vanish: Vanish,
        knows: Knows = lambda service, operation: True,
        has_state: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._knows = knows
        self._has_state = has_state
        self._vanish = vanish
        self.rules: dict[int, _Active] = {}
        """What is heeded of hops, by number: nothing, mostly."""
        self.at_states: dict[int, _Active] = {}
        """What is heeded of executions."""
        self._last = 0

    def __iter__(self) -> Iterator[tuple[int, FaultRule, int]]:
        """Go through the rules: number, rule, and how many hops it has broken."""
        for number, active in sorted((self.rules | self.at_states).items()):
            yield number, active.rule, active.broken

    def add(self, rule: FaultRule) -> int:
        """Begin to heed a rule, and give its number. Raise ``InvalidFault`` for one that nothing could be for."""
        if rule.state and not self._has_state(rule.state):
            raise InvalidFault(f"no state machine has a state {rule.state}")
        if not self._knows(rule.service, rule.operation):
            raise InvalidFault(f"there is no {rule.service}:{rule.operation} that could go wrong")
        self._last += 1
        (self.at_states if rule.state else self.rules)[self._last] = _Active(rule)
        return self._last

    def remove(self, number: int) -> bool:
        """Heed a rule no more; tell whether it was there."""
        return self.rules.pop(number, None) is not None or self.at_states.pop(number, None) is not None

    def clear(self) -> None:
        """Heed no rule any more."""
        self.rules.clear()
        self.at_states.clear()

    def around(self, hop: Hop, act: Operation) -> Operation:
        """Give what is done at a hop in place of what would be."""
        for number, active in self.rules.items():
            if active.breaks(hop):
                hop.notes = {**(hop.notes or {}), "fault": f"{active.rule.kind}, by rule {number}"}
                act = self._broken(active.rule, hop, act)
        return act

    def entered(self, execution: str, states: Iterable[str]) -> list[str]:
        """Give the connections of those that are to vanish as an execution, by its ARN, enters states."""
        leaving = []
        for state in states:
            for active in self.at_states.values():
                rule = active.rule
                if rule.state == state and rule.about in execution and not active.is_spent and active.is_due():
                    hop = self._start_of(execution)
                    connection = None if hop is None else _connection_of(hop)
                    leaving += [] if connection is None else [connection]
        return leaving

    def _start_of(self, execution: str) -> Hop | None:
        """Find the hop that started an execution, which may be under way."""
        for hop in self._journal.after(0)[::-1]:
            if _starts(hop) and isinstance(hop.result, dict) and hop.result.get("executionArn") == execution:
                return hop
        cause = CAUSE.get()
        return cause if isinstance(cause, Hop) and _starts(cause) and cause.result is None else None

    def _broken(self, rule: FaultRule, hop: Hop, act: Operation) -> Operation:
        async def broken(parameters: JSON) -> JSON:
            match rule.kind:
                case "throttle":
                    raise _error(*_THROTTLED.get(hop.service, ("ThrottlingException", 400, "Rate exceeded")))
                case "error":
                    raise _error(rule.code, rule.status, rule.message)
                case "gone":
                    raise _error(*_GONE)
                case "time-out":
                    await self._wait(rule.seconds)
                    raise _error(*_LATE)
                case "latency":
                    await self._wait(rule.seconds)
                case "duplicate":
                    await act(parameters)
                case _:
                    connection = _connection_of(hop)
                    if connection is not None:
                        await self._vanish(connection)
            return await act(parameters)

        return broken

    async def _wait(self, seconds: float) -> None:
        """Let time pass at a hop. Virtual time passes for everybody: what a hop waits for moves it."""
        when = self._clock.now() + timedelta(seconds=seconds)
        passed = asyncio.Event()
        if isinstance(self._clock.current, VirtualClock):
            self._clock.current.move(when)
            asyncio.get_running_loop().call_soon(passed.set)
            await passed.wait()
            return
        timer = self._clock.wake_at(when, passed.set)
        try:
            await passed.wait()
        finally:
            timer.cancel()


class _Active:
    """A rule, and how far it has come."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.seen = 0
        self.broken = 0
        self._chance = random.Random(rule.seed)

    def breaks(self, hop: Hop) -> bool:
        """Whether a hop that begins is broken."""
        return not self.is_spent and self.rule.is_for(hop) and self.is_due()

    @property
    def is_spent(self) -> bool:
        """Whether it has broken as many as it may."""
        return self.rule.times is not None and self.broken >= self.rule.times

    def is_due(self) -> bool:
        """Whether one that the rule is for is broken, while it is not spent."""
        rule = self.rule
        self.seen += 1
        if self.seen <= rule.skip or (rule.share < 1 and self._chance.random() >= rule.share):
            return False
        self.broken += 1
        return True


def _error(code: str, status: int, message: str) -> ServiceError:
    kind = type(code, (ServiceError,), {"code": code, "status": status, "__doc__": "Raised on purpose."})
    error: ServiceError = kind(message)
    return error


def _written(parameters: JSON) -> str:
    try:
        return documents.write(parameters)
    except TypeError:
        return str(parameters)


def _starts(hop: Hop) -> bool:
    return hop.service == "stepfunctions" and hop.operation in ("StartExecution", "StartSyncExecution")


def _connection_of(hop: Hop) -> str | None:
    """Find the connection whose frame a hop follows from."""
    found: Hop | None = hop
    while found is not None:
        if found.service == "apigateway" and isinstance(found.parameters, dict):
            connection = found.parameters.get("ConnectionId")
            return None if connection is None else str(connection)
        found = found.journal.find(found.parent) if found.parent else None
    return None
