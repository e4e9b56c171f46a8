"""
Traces: the journal's sampled hops and what functions have sent, put together when they are read.

Nothing is kept beside the journal but the documents that were sent, as many as the journal keeps hops: a trace goes
as the ring turns.
"""

import copy
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.journal import Hop, Journal
from pizzabar.record import record
from pizzabar.xray.ending import Ending

if TYPE_CHECKING:
    from pizzabar.xray.nodes import Node


FindEnding = Callable[[str], Awaitable[Ending | None]]
"""Tells how an execution stands, by its ARN."""


@record
class Traced:
    """A trace: its segments, those that began first first, and its services."""

    id: str
    segments: Sequence[dict[str, JSON]]
    nodes: Sequence["Node"]

    @property
    def root(self) -> "Node":
        """The node that began first of those that nobody here has asked."""
        return min((node for node in self.nodes if node.parent is None), key=lambda node: node.start)

    @property
    def start(self) -> float:
        """When its first segment began."""
        return min(node.start for node in self.nodes)

    @property
    def end(self) -> float:
        """When its last segment ended, as far as is known."""
        return max(node.end for node in self.nodes)


class Traces:
    """The traces of one account and region."""

    def __init__(self, journal: Journal, clock: Clock, home: Home, find_ending: FindEnding, *, size: int) -> None:
        self._journal = journal
        self._clock = clock
        self._home = home
        self._find_ending = find_ending
        self._size = size
        self._sent: dict[tuple[str, str], dict[str, JSON]] = {}

    def now(self) -> float:
        """Tell the time, in seconds since 1970."""
        return self._clock.timestamp()

    def put(self, text: str) -> None:
        """Take a segment document; a later one of the same id takes its place. Raise ``BadDocument``."""
        from pizzabar.xray.document import read_document

        document = read_document(text)
        key = (str(document["trace_id"]).lower(), str(document["id"]))
        self._sent.pop(key, None)
        self._sent[key] = document
        while len(self._sent) > self._size:
            del self._sent[next(iter(self._sent))]

    async def find(self, ids: Iterable[str]) -> list[Traced]:
        """Give the traces of these ids, without those of which nothing is kept."""
        wanted = {id.lower() for id in ids}
        hops: dict[str, list[Hop]] = {}
        for hop in self._journal:
            if hop.trace_id in wanted and hop.sampled:
                hops.setdefault(hop.trace_id, []).append(hop)
        found = [await self._trace(id, hops.get(id, [])) for id in dict.fromkeys(id.lower() for id in ids)]
        return [trace for trace in found if trace is not None]

    async def all(self) -> list[Traced]:
        """Give every trace of which something is kept, those that began last first."""
        ids = {hop.trace_id for hop in self._journal if hop.sampled} | {id for id, _ in self._sent}
        return sorted(await self.find(ids), key=lambda trace: (-trace.start, trace.id))

    async def _trace(self, id: str, hops: Sequence[Hop]) -> Traced | None:
        from pizzabar.xray.nodes import nodes_of
        from pizzabar.xray.segments import execution_of, segments_of, walk

        endings: dict[str, Ending] = {}
        for arn in filter(None, map(execution_of, hops)):
            if (ending := await self._find_ending(arn)) is not None:
                endings[arn] = ending
        sent = [copy.deepcopy(document) for (trace_id, _), document in self._sent.items() if trace_id == id]
        known = {str(each["id"]) for document in sent for each in walk(document)}
        segments = _joined([*segments_of(hops, self._home, endings, known), *sent])
        return Traced(id, segments, nodes_of(segments)) if segments else None


def _joined(documents: Sequence[dict[str, JSON]]) -> list[dict[str, JSON]]:
    """Put subsegments that were sent by themselves where they belong; those that belong nowhere yet stay."""
    from pizzabar.xray.segments import walk

    places: dict[str, Any] = {str(each["id"]): each for document in documents for each in walk(document)}
    segments = []
    for document in documents:
        place = places.get(str(document.get("parent_id"))) if document.get("type") == "subsegment" else None
        if place is None or place is document:
            segments.append(document)
        else:
            place.setdefault("subsegments", []).append(document)
    return sorted(segments, key=lambda document: float(document["start_time"]))
