"""The journal of hops: read, filtered, and followed."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.journal import Hop
from pizzabar.wire.feeds import Feeds

Wanted = Callable[[Hop], bool]
TRACE = Query(None, description="a trace: a frame of a client's, and all that follows from it")
SERVICE = Query(None, description="a service, by boto3's name; apigateway for frames, lambda for invocations")
OPERATION = Query(None, description="an operation of it")
CONNECTION = Query(None, description="a connection: the traces that its frames began, and what is pushed to it")
ERRORS = Query(False, description="only the hops that failed")
LAST_EVENT_ID = Header(None, description="the id of the last event that was seen: it goes on after that")


class Journalled(BaseModel):
    """A hop: something that one service asked of another."""

    id: int = Field(description="hops are numbered as they begin")
    trace: str
    parent: int | None = Field(description="the hop that caused it")
    service: str
    operation: str
    time: datetime = Field(description="when it began, by the clock of the emulator")
    milliseconds: float | None = Field(description="how long it took in real time; None while it is under way")
    parameters: Any
    result: Any
    error: str | None
    notes: dict[str, Any] | None = Field(description="what the service itself has to say of it")


class Position:
    """How far a follower has come: it knows of the hops up to ``last``, but for those that were still under way.

    Hops end in another order than they begin, so the number of the last one would say too little.
    """

    def __init__(self, last: int, under_way: Iterable[int] = ()) -> None:
        self.last = last
        self.under_way = set(under_way)

    @classmethod
    def read(cls, text: str) -> "Position":
        """Read what ``str`` gave. Raise ``ValueError``."""
        last, _, rest = text.partition("-")
        return cls(int(last), map(int, rest.split(",")) if rest else ())

    def __str__(self) -> str:
        under_way = ",".join(map(str, sorted(self.under_way)))
        return f"{self.last}-{under_way}" if under_way else str(self.last)

    def covers(self, id: int) -> bool:
        """Whether a hop was told of, or passed over."""
        return id <= self.last and id not in self.under_way

    def pass_by(self, id: int) -> None:
        """Take note of a hop that has ended."""
        if id > self.last:
            self.under_way.update(range(self.last + 1, id))
            self.last = id
        else:
            self.under_way.discard(id)


def router(emulator: Emulator, feeds: Feeds) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/journal", tags=["journal"])

    @routes.get("", response_model=list[Journalled])
    async def journal(
        trace: str | None = TRACE,
        service: str | None = SERVICE,
        operation: str | None = OPERATION,
        connection: str | None = CONNECTION,
        errors: bool = ERRORS,
        after: int = Query(0, description="a hop: only what began after it"),
        limit: int = Query(10_000, ge=1, description="the last so many"),
    ) -> list[dict[str, Any]]:
        """Read the journal of hops, oldest first, or what is wanted of it."""
        wants = _filter(emulator, trace, service, operation, connection, errors)
        found = [hop for hop in emulator.journal if hop.id > after and wants(hop)]
        return [hop.as_json() for hop in found[-limit:]]

    @routes.get("/follow", response_class=StreamingResponse)
    async def follow(
        trace: str | None = TRACE,
        service: str | None = SERVICE,
        operation: str | None = OPERATION,
        connection: str | None = CONNECTION,
        errors: bool = ERRORS,
        after: int | None = Query(None, description="a hop: those that began after it are told first"),
        last_event_id: str | None = LAST_EVENT_ID,
    ) -> StreamingResponse:
        """Follow the journal: a server-sent event for each hop that ends.

        A follower that was cut off tells the id of the last event that it has seen, as browsers do by themselves, and
        is told what it has missed.
        """
        wants = _filter(emulator, trace, service, operation, connection, errors)
        try:
            seen = None if last_event_id is None else Position.read(last_event_id)
        except ValueError:
            raise HTTPException(422, f"Last-Event-ID is none that was told: {last_event_id}") from None
        if seen is None and after is not None:
            seen = Position(after)
        return StreamingResponse(_follow(emulator, feeds, wants, seen), media_type="text/event-stream")

    return routes


def _filter(
    emulator: Emulator,
    trace: str | None,
    service: str | None,
    operation: str | None,
    connection: str | None,
    errors: bool,
) -> Wanted:
    traces: set[str] = set()
    if connection is not None:
        traces |= {hop.trace_id for hop in emulator.journal if _is_of(hop, connection)}

    def wants(hop: Hop) -> bool:
        if connection is not None and _is_of(hop, connection):
            traces.add(hop.trace_id)
        return (
            trace in (None, hop.trace_id)
            and service in (None, hop.service)
            and operation in (None, hop.operation)
            and (connection is None or hop.trace_id in traces)
            and (not errors or hop.error is not None)
        )

    return wants


def _is_of(hop: Hop, connection: str) -> bool:
    """Whether a hop is a frame of a connection's, or a push to it."""
    return isinstance(hop.parameters, dict) and hop.parameters.get("ConnectionId") == connection


async def _follow(emulator: Emulator, feeds: Feeds, wants: Wanted, seen: Position | None) -> AsyncIterator[bytes]:
    """Tell of the hops that end, first of those that have ended since the follower was there last."""
    journal = emulator.journal
    kept = list(journal)
    feed = feeds.open()
    if seen is None:
        position = Position(journal.last_id, (hop.id for hop in kept if hop.duration is None))
    else:
        if seen.last > journal.last_id:
            # That was the journal of a server which has been started anew since.
            seen = Position(0)
        # What the journal has dropped meanwhile is lost.
        position = Position(max(seen.last, kept[0].id - 1 if kept else 0), seen.under_way)

    def enter(hop: Hop) -> None:
        position.pass_by(hop.id)
        if wants(hop):
            feed.tell(str(position), hop.as_json)

    for hop in kept:
        if hop.duration is not None and not position.covers(hop.id):
            enter(hop)
    stop = journal.follow(enter)
    try:
        async for event in feed.events():
            yield event
    finally:
        stop()
        feeds.close(feed)
