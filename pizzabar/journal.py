"""
The journal of hops: what crossed from one service to another, why, and how long it took.

A hop belongs to a trace (one frame of a client and all that follows from it) and has a parent, the hop that
caused it. The journal is a bounded ring in memory: it holds values by reference and renders them when read.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from pizzabar.documents import JSON
from pizzabar.principal import Principal
from pizzabar.trace_header import TraceHeader, read_trace_header


class Cause:
    """What the work at hand follows from: a trace, and the hop of that ``id`` (0 for none).

    ``lane`` names the sequence whose asynchronous work keeps its order: an execution's ARN, or an event's id.
    ``attempt`` is the one at hand of a piece of work that may be repeated. ``origin`` is what upstream said of the
    trace, or what was decided here; what follows has the very same, until something else is said. ``principal`` is in
    whose name operations are asked; None is pizzabar itself, or the root of the account.
    """

    principal: Principal | None = None

    def __init__(
        self,
        trace_id: str,
        id: int = 0,
        lane: str | None = None,
        attempt: "Attempt | None" = None,
        origin: TraceHeader | None = None,
        principal: Principal | None = None,
    ) -> None:
        self.trace_id = trace_id
        self.id = id
        self.lane = lane
        self.attempt = attempt
        self.origin = origin
        if principal is not None:
            self.principal = principal

    def within(
        self,
        lane: str | None = None,
        attempt: "Attempt | None" = None,
        principal: Principal | None = None,
    ) -> "Cause":
        """Give the same cause for work of another lane, another attempt, or in another name."""
        return Cause(self.trace_id, self.id, lane, attempt, self.origin, principal)

    @property
    def sampled(self) -> bool | None:
        """Whether segments of what happens here are kept, if that is decided."""
        return None if self.origin is None else self.origin.sampled

    @property
    def segment_id(self) -> str | None:
        """The segment that stands for the cause, if one does."""
        return None if self.origin is None else self.origin.parent

    def header(self) -> TraceHeader:
        """Give the header by which the trace goes on elsewhere."""
        others = () if self.origin is None else self.origin.others
        return TraceHeader(self.trace_id, self.segment_id, self.sampled, others)

    def sampled_origin(self) -> TraceHeader:
        """Give what is to be said of the trace from here on: it is sampled, unless upstream has decided."""
        origin = self.origin
        if origin is not None and origin.sampled is not None:
            return origin
        return TraceHeader(self.trace_id, None, True, () if origin is None else origin.others)


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
    began: float = 0.0
    """When it began by the process's own counter of seconds, which goes on where the clock stands still."""
    duration: float | None = None
    """Seconds, or None while it is under way."""
    notes: dict[str, JSON] | None = None
    """What the service itself has to say: which rules matched an event, say."""
    asked_by: Principal | None = None
    """In whose name it was asked."""
    is_relayed: bool = False
    """Whether a service did it for itself, and nobody asked."""

    def __init__(
        self, journal: "Journal", cause: Cause, service: str, operation: str, parameters: JSON, timestamp: float
    ) -> None:
        """Begin a hop at a time, in seconds since 1970, and enter it in a journal."""
        self.trace_id = cause.trace_id
        self.lane = cause.lane
        self.attempt = cause.attempt
        self.origin = cause.origin
        self.parent = cause.id
        self.journal = journal
        self.service = service
        self.operation = operation
        self.parameters = parameters
        self.timestamp = timestamp
        journal.last_id = self.id = journal.last_id + 1
        journal.enter(self)

    @property
    def started(self) -> datetime:
        """When it began, by the clock."""
        return datetime.fromtimestamp(self.timestamp, UTC)

    @property
    def segment_id(self) -> str:
        """The hop's number in the form of X-Ray's: see ``Journal.id_of``."""
        return self.segment_of(self.id)

    def segment_of(self, id: int) -> str:
        """Give the segment of another hop of the same journal."""
        return f"{self.journal.mark:08x}{id & 0xFFFF_FFFF:08x}"

    def as_json(self) -> dict[str, JSON]:
        """Render the hop for a reader."""
        return {
            "id": self.id,
            "trace": self.trace_id,
            "parent": self.parent or None,
            "service": self.service,
            "operation": self.operation,
            "time": self.started.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "milliseconds": None if self.duration is None else round(self.duration * 1000, 3),
            "parameters": plain(self.parameters),
            "result": plain(self.result),
            "error": None if self.error is None else _text(str(self.error)),
            "notes": plain(self.notes),
        }


CAUSE: ContextVar[Cause | None] = ContextVar("cause", default=None)
"""The cause of whatever runs at present; a task inherits it from whoever started it."""


def act_as(principal: Principal | None) -> None:
    """Let what is done from here on, in the hop or piece of work at hand, be done in the name of a principal."""
    cause = CAUSE.get()
    if cause is not None:
        cause.principal = principal


def new_trace_id(timestamp: float) -> str:
    """Make a trace id of X-Ray's form, of a time in seconds since 1970.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids
    """
    return f"1-{int(timestamp):08x}-{secrets.token_hex(12)}"


def cause_of_text(text: str) -> Cause:
    """Give the cause that was written as a header, or, by an older version, as the id of its trace alone."""
    header = read_trace_header(text)
    return Cause(text) if header is None else Cause(header.root, origin=header)


def trace_header() -> str:
    """Write the header of the work at hand as a function is handed it, or nothing if there is no work.

    What is not decided is not sampled, as Lambda has it.
    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    cause = CAUSE.get()
    if cause is None:
        return ""
    header = cause.header()
    return str(header if header.sampled is not None else replace(header, sampled=False))


def sample() -> None:
    """Have segments be kept of the hop at hand and of what follows from it, unless upstream has decided."""
    hop = CAUSE.get()
    if isinstance(hop, Hop):
        # A request from elsewhere keeps its caller.
        caller = hop.origin.parent if hop.parent == 0 and hop.origin is not None else None
        hop.origin = replace(hop.sampled_origin(), parent=caller)


def adopt(text: str) -> None:
    """Take the hop at hand into the trace of a header that came with its parameters.

    Only what has no cause and came with no header of HTTP: that is preferred.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    hop = CAUSE.get()
    header = read_trace_header(text)
    if header is not None and isinstance(hop, Hop) and hop.parent == 0 and hop.origin is None:
        cause = hop.journal.cause_of(header)
        hop.trace_id, hop.parent, hop.origin = cause.trace_id, cause.id, cause.origin
        hop.lane, hop.attempt = cause.lane, cause.attempt


def note(name: str, value: JSON) -> None:
    """Add something to the hop at hand that its result does not tell."""
    hop = CAUSE.get()
    if isinstance(hop, Hop):
        if hop.notes is None:
            hop.notes = {}
        hop.notes[name] = value


HEAVY = 1 << 16
"""Bytes of a request and its answer from which on they are weighed."""
MOST = 1 << 27
"""Bytes of heavy requests and answers that the journal keeps: they take several times as much in memory."""


class Journal:
    """The last hops, oldest first, and those who follow them.

    It is bounded by their number, and by the bytes of the heavy requests among them: see ``weigh``.
    """

    def __init__(self, size: int = 4096) -> None:
        self._hops: deque[Hop] = deque(maxlen=size)
        self.last_id = 0
        self.mark = secrets.randbits(32)
        """What the segment ids of this process begin with: a trace may go on in another one, which counts anew."""
        self.invocations: dict[int, Hop] = {}
        """The invocations under way, by number: requests of their functions name them, however far the ring is."""
        self.enter = self._hops.append
        self._heavy: deque[tuple[int, int]] = deque()
        """The last hops of heavy requests, and how many bytes those were."""
        self._weight = 0
        self.followers: tuple[Callable[[Hop], None], ...] = ()

    def __iter__(self) -> Iterator[Hop]:
        return iter(tuple(self._hops))

    def weigh(self, bytes: int) -> None:
        """Note how heavy the request was that is answered now, and let go of the oldest hops if it is too much.

        Only who reads and writes texts knows their lengths: hops that are asked within the process are not weighed.
        """
        if bytes < HEAVY:
            return
        self._heavy.append((self.last_id, bytes))
        self._weight += bytes
        while self._heavy and (self._weight > MOST or self._heavy[0][0] <= self.last_id - len(self._hops)):
            last, bytes = self._heavy.popleft()
            self._weight -= bytes
            while self._hops and self._hops[0].id <= last:
                self._hops.popleft()

    def find(self, id: int) -> Hop | None:
        """Find a hop by its number, if it is still kept."""
        first = self.last_id - len(self._hops) + 1
        return self._hops[id - first] if self._hops and first <= id <= self.last_id else None

    def after(self, id: int) -> list[Hop]:
        """Give the hops that began after one, as far as they are kept, oldest first."""
        return [*islice(reversed(self._hops), self.last_id - id)][::-1]

    def id_of(self, segment_id: str) -> int | None:
        """Give the number of the hop that a segment id stands for; None if it is of another's making."""
        mark, number = int(segment_id[:8], 16), int(segment_id[8:], 16)
        return number if mark == self.mark and 0 < number <= self.last_id else None

    def cause_of(self, header: TraceHeader) -> Cause:
        """Give the cause that a request names by its header.

        If that is a hop of the same trace, the request is part of it: what the hop does not know to be sampled, the
        header may say. An invocation under way lends its lane and attempt, also to what names a subsegment of the
        function's own.
        """
        id = None if header.parent is None else self.id_of(header.parent)
        hop = None if id is None else self.invocations.get(id) or self.find(id)
        if hop is not None and hop.trace_id == header.root:
            origin = replace(header, parent=None) if header.sampled and not hop.sampled else hop.origin
            attempt = hop.attempt if hop.id in self.invocations else None
            return Cause(hop.trace_id, hop.id, hop.lane, attempt, origin)
        around = [each for each in self.invocations.values() if each.trace_id == header.root]
        if len(around) == 1:
            return Cause(header.root, around[0].id, around[0].lane, around[0].attempt, header)
        return Cause(header.root, origin=header)

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


def plain(value: JSON, depth: int = 0) -> JSON:
    """Give what a JSON text can hold of a value: numbers beyond 64 bits, and what is no JSON, as texts."""
    if depth > DEEPEST_SHOWN:
        return "…"
    match value:
        case bytes():
            return value.decode(errors="replace")
        case dict():
            return {_text(str(key)): plain(member, depth + 1) for key, member in value.items()}
        case list() | tuple():
            return [plain(member, depth + 1) for member in value]
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
