"""The journal of hops: read, filtered, and followed."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.journal import Hop
from pizzabar.wire.control.following import LAST_EVENT_ID, Wanted, follow_hops
from pizzabar.wire.feeds import Feeds

TRACE = Query(None, description="a trace: a frame of a client's, and all that follows from it")
SERVICE = Query(None, description="a service, by boto3's name; apigateway for frames, lambda for invocations")
OPERATION = Query(None, description="an operation of it")
CONNECTION = Query(None, description="a connection: the traces that its frames began, and what is pushed to it")
ERRORS = Query(False, description="only the hops that failed")


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
        return follow_hops(emulator, feeds, wants, Hop.as_json, last_event_id, after)

    @routes.get("/{hop}")
    async def get_hop(hop: int) -> Journalled:
        """Read a hop that is still kept."""
        found = emulator.journal.find(hop)
        if found is None:
            raise HTTPException(404, f"the hop {hop} is not kept, or has not been yet")
        return Journalled(**found.as_json())

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
