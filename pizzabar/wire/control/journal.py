"""The journal of hops: read, filtered, and followed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from pizzabar import documents
from pizzabar.emulator import Emulator
from pizzabar.journal import Hop

MAX_BACKLOG = 10_000

Wanted = Callable[[Hop], bool]
TRACE = Query(None, description="a trace: a frame of a client's, and all that follows from it")
SERVICE = Query(None, description="a service, by boto3's name; apigateway for frames, lambda for invocations")
OPERATION = Query(None, description="an operation of it")
CONNECTION = Query(None, description="a connection: the traces that its frames began, and what is pushed to it")
ERRORS = Query(False, description="only the hops that failed")
AFTER = Query(0, description="a hop: only what came after it")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/journal", tags=["journal"])

    @routes.get("")
    async def journal(
        trace: str | None = TRACE,
        service: str | None = SERVICE,
        operation: str | None = OPERATION,
        connection: str | None = CONNECTION,
        errors: bool = ERRORS,
        after: int = AFTER,
        limit: int = Query(10_000, ge=1, description="the last so many"),
    ) -> list[dict[str, Any]]:
        """Read the journal of hops, oldest first, or what is wanted of it."""
        wants = _filter(emulator, trace, service, operation, connection, errors)
        return [hop.as_json() for hop in emulator.journal if hop.id > after and wants(hop)][-limit:]

    @routes.get("/follow")
    async def follow(
        trace: str | None = TRACE,
        service: str | None = SERVICE,
        operation: str | None = OPERATION,
        connection: str | None = CONNECTION,
        errors: bool = ERRORS,
        last_event_id: int | None = Header(None, description="the last hop that was seen: it goes on after that"),
    ) -> StreamingResponse:
        """Follow the journal: a server-sent event for each hop that ends.

        A follower that was cut off tells the last event that it has seen, as browsers do by themselves.
        """
        wants = _filter(emulator, trace, service, operation, connection, errors)
        return StreamingResponse(_follow(emulator, wants, last_event_id), media_type="text/event-stream")

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


async def _follow(emulator: Emulator, wants: Wanted, last_seen: int | None) -> AsyncIterator[bytes]:
    """Give each hop as a server-sent event; a follower that falls too far behind is cut off."""
    hops: asyncio.Queue[Hop | None] = asyncio.Queue()

    def enter(hop: Hop) -> None:
        if not wants(hop):
            return
        if hops.qsize() < MAX_BACKLOG:
            hops.put_nowait(hop)
        elif hops.qsize() == MAX_BACKLOG:
            hops.put_nowait(None)

    if last_seen is not None:
        for hop in emulator.journal:
            # What is under way is told when it ends.
            if hop.id > last_seen and hop.duration is not None and wants(hop):
                hops.put_nowait(hop)
    stop = emulator.journal.follow(enter, lambda: hops.put_nowait(None))
    try:
        yield b": following\n\n"
        while (ended := await hops.get()) is not None:
            yield b"id: %d\ndata: %b\n\n" % (ended.id, documents.encode(ended.as_json()))
    finally:
        stop()
