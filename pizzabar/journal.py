"""
The journal of hops: what crossed from one service to another, why, and how long it took.

A hop belongs to a trace (one frame of a client and all that follows from it) and has a parent, the hop that
caused it. The journal is a bounded ring in memory: it holds values by reference and renders them when read.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from pizzabar.documents import JSON
from pizzabar.principal import Principal


class Cause:
    """What the work at hand follows from: a trace, and the hop of that ``id`` (0 for none).

    ``lane`` names the sequence whose asynchronous work keeps its order: an execution's ARN, or an event's id.
    ``attempt`` is the one at hand of a piece of work that may be repeated. ``principal`` is in whose name operations
    are asked; None is pizzabar itself, or the root of the account.
    """

    is_outside = False
    """Whether it is a request of somebody who waits for the answer outside."""
    principal: Principal | None = None

    def __init__(
        self,
        trace_id: str,
        id: int = 0,
        lane: str | None = None,
        attempt: "Attempt | None" = None,
        principal: Principal | None = None,
    ) -> None:
        self.trace_id = trace_id
        self.id = id
        self.lane = lane
        self.attempt = attempt
        if principal is not None:
            self.principal = principal


class OutsideRequest(Cause):
    """A request from outside in the name of a principal: what its answer tells is durable, as everybody's is."""

    is_outside = True


@dataclass(slots=True)
class Attempt:
    """One attempt at a piece of work, which ``key`` names.

    What it sets off gets its names from it: an attempt that does the same in the same order gives the same names, so
    that what was set off twice is known to be one thing.
    """

    key: str
    count: int = 0

    def next_key(self) -> str:
        """Name the next thing that is set off."""
        self.count += 1
        return f"{self.key}/{self.count}"


class Hop(Cause):
    """One operation asked of a service: itself the cause of what is done meanwhile.

    An order makes some fifty of them: what most of them do not have stands with the class.
    """

    result: JSON = None
    error: BaseException | None = None
    duration: float | None = None
    """Seconds, or None while it is under way."""
    notes: dict[str, JSON] | None = None
    """What the service itself has to say: which rules matched an event, say."""
    asked_by: Principal | None = None
    """In whose name it was asked."""

    def __init__(
        self, journal: "Journal", cause: Cause, service: str, operation: str, parameters: JSON, started: datetime
    ) -> None:
        """Begin a hop, and enter it in a journal."""
        self.trace_id = cause.trace_id
        self.lane = cause.lane
        self.attempt = cause.attempt
        self.parent = cause.id
        self.service = service
        self.operation = operation
        self.parameters = parameters
        self.started = started
        journal.last_id = self.id = journal.last_id + 1
        journal.enter(self)

    def as_json(self) -> dict[str, JSON]:
        """Render the hop for a reader."""
        return {
            "id": self.id,
            "trace": self.trace_id,
            "parent": self.parent or None,
            "service": self.service,
            "operation": self.operation,
            "time": self.started.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "milliseconds": None if self.duration is None else round(self.duration * 1000, 3),
            "parameters": _plain(self.parameters),
            "result": _plain(self.result),
            "error": None if self.error is None else _text(str(self.error)),
            "notes": _plain(self.notes),
        }


CAUSE: ContextVar[Cause | None] = ContextVar("cause", default=None)
"""The cause of whatever runs at present; a task inherits it from whoever started it."""


def act_as(principal: Principal | None) -> None:
    """Let what is done from here on, in the hop or piece of work at hand, be done in the name of a principal."""
    cause = CAUSE.get()
    if cause is not None:
        cause.principal = principal


def new_trace_id(now: datetime) -> str:
    """Make a trace id of X-Ray's form.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids
    """
    return f"1-{int(now.timestamp()):08x}-{secrets.token_hex(12)}"


def note(name: str, value: JSON) -> None:
    """Add something to the hop at hand that its result does not tell."""
    hop = CAUSE.get()
    if isinstance(hop, Hop):
        if hop.notes is None:
            hop.notes = {}
        hop.notes[name] = value


class Journal:
    """The last hops, oldest first, and those who follow them."""

    def __init__(self, size: int = 4096) -> None:
        self._hops: deque[Hop] = deque(maxlen=size)
        self.last_id = 0
        self.enter = self._hops.append
        self.followers: tuple[Callable[[Hop], None], ...] = ()

    def __iter__(self) -> Iterator[Hop]:
        return iter(tuple(self._hops))

    def close(self, hop: Hop) -> None:
        """Tell the followers of a hop that has ended."""
        for follower in self.followers:
            follower(hop)

    def follow(self, follower: Callable[[Hop], None]) -> Callable[[], None]:
        """Call ``follower`` with each hop that ends. The answer stops it."""
        # A new tuple each time: followers come and go while others are being told.
        self.followers = (*self.followers, follower)

        def stop() -> None:
            self.followers = tuple(each for each in self.followers if each is not follower)

        return stop


DEEPEST_SHOWN = 100


def _plain(value: JSON, depth: int = 0) -> JSON:
    if depth > DEEPEST_SHOWN:
        return "…"
    match value:
        case bytes():
            return value.decode(errors="replace")
        case dict():
            return {_text(str(key)): _plain(member, depth + 1) for key, member in value.items()}
        case list() | tuple():
            return [_plain(member, depth + 1) for member in value]
        case str():
            return _text(value)
        case int() if not -(1 << 63) <= value < 1 << 64:
            return str(value)
        case int() | float() | bool() | None:
            return value
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """Put a question mark for half a pair of surrogates: a handler may hand one over, and JSON cannot hold it."""
    return text if text.isascii() else text.encode(errors="replace").decode()
