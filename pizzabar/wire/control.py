"""
The control plane: what a person or a test asks of the emulator itself, under ``/_pizzabar/``.

Its own OpenAPI description is at ``/_pizzabar/docs``. It is imported on first use: the library that makes it takes
longer to import than the rest of the server.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field

from pizzabar import __version__, documents
from pizzabar.clock import SystemClock, VirtualClock
from pizzabar.emulator import ClockStandsStill, Emulator
from pizzabar.journal import Hop

MAX_BACKLOG = 10_000


class Health(BaseModel):
    """That the emulator runs, and how much of what it holds."""

    status: Literal["ok"] = "ok"
    version: str = __version__
    stack: str
    connections: int


class Clock(BaseModel):
    """What the clock shows."""

    mode: Literal["real", "virtual", "auto"]
    speed: float | None = Field(None, description="by which waits are divided, in real time")
    now: datetime
    next_call: datetime | None = Field(None, description="when the next call that the clock owes is due")


class SetClock(BaseModel):
    """How the clock is to go on."""

    mode: Literal["real", "virtual", "auto"]
    speed: float = Field(1.0, gt=0, allow_inf_nan=False)


class Advance(BaseModel):
    """By how much virtual time is to pass."""

    seconds: float = Field(ge=0, le=366 * 86_400)


def make_control(emulator: Emulator) -> FastAPI:
    """Make the control plane of an emulator."""
    app = FastAPI(title="pizzabar", version=__version__, docs_url=None, redoc_url=None, openapi_url="/openapi.json")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        """Show what there is. The usual page would load its program from another site."""
        return HTMLResponse(_page(app.openapi()))

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> Response:
        """Answer as FastAPI does, whatever was given: its own writer cannot write an infinite number."""
        body = documents.encode({"detail": jsonable_encoder(error.errors())})
        return Response(body, 422, media_type="application/json")

    @app.get("/health")
    async def health() -> Health:
        """Tell that the emulator runs."""
        return Health(stack=emulator.stack.name, connections=len(emulator.runtime.connections))

    @app.get("/clock")
    async def get_clock() -> Clock:
        """Read the clock."""
        return _clock(emulator)

    @app.post("/clock")
    async def set_clock(request: SetClock) -> Clock:
        """Let the clock go on in another mode or at another speed."""
        emulator.set_clock(request.mode, speed=request.speed)
        return _clock(emulator)

    @app.post("/clock/advance")
    async def advance(request: Advance) -> Clock:
        """Let virtual time pass, and answer when what was due has settled."""
        try:
            await emulator.advance(timedelta(seconds=request.seconds))
        except ClockStandsStill as error:
            raise HTTPException(409, str(error)) from None
        return _clock(emulator)

    @app.post("/settled")
    async def settled() -> Clock:
        """Answer when nothing is left to happen at the present time."""
        await emulator.settled()
        return _clock(emulator)

    @app.get("/journal")
    async def journal(trace: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """Read the journal of hops, oldest first, or one trace of it, or what came after a hop."""
        return [hop.as_json() for hop in emulator.journal if trace in (None, hop.trace_id) and hop.id > after]

    @app.get("/journal/follow")
    async def follow() -> StreamingResponse:
        """Follow the journal: a server-sent event for each hop that ends."""
        return StreamingResponse(_follow(emulator), media_type="text/event-stream")

    @app.get("/dead-letters")
    async def dead_letters() -> list[dict[str, Any]]:
        """Read the events that a target did not take, and why."""
        return [
            {
                "rule": letter.delivery.rule_arn,
                "target": letter.delivery.target_arn,
                "code": letter.error_code,
                "message": letter.error_message,
                "attempts": letter.attempts,
                "exhausted": letter.exhausted,
                "time": letter.when.isoformat(),
                "payload": letter.delivery.payload,
            }
            for letter in await emulator.buses.transport.dead_letters()
        ]

    return app


def _page(description: dict[str, Any]) -> str:
    """Write the operations of an OpenAPI description as a page."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>/_pizzabar{escape(path)}</code></td>"
        f"<td>{escape(operation.get('description', ''))}</td></tr>"
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=color-scheme content='light dark'>"
        "<title>pizzabar: control</title><style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;"
        "padding:0 1rem}td{padding:.3rem .8rem;vertical-align:top}</style><h1>pizzabar</h1>"
        f"<table>{rows}</table><p>Shapes: <a href='/_pizzabar/openapi.json'>/_pizzabar/openapi.json</a></html>"
    )


def _clock(emulator: Emulator) -> Clock:
    match emulator.clock.current:
        case SystemClock() as clock:
            return Clock(mode="real", speed=clock.speed, now=clock.now(), next_call=clock.next_call())
        case VirtualClock() as clock:
            mode: Literal["auto", "virtual"] = "auto" if clock.auto else "virtual"
            return Clock(mode=mode, speed=None, now=clock.now().astimezone(UTC), next_call=clock.next_call())


async def _follow(emulator: Emulator) -> AsyncIterator[bytes]:
    """Give each hop as a server-sent event; a follower that falls too far behind is cut off."""
    hops: asyncio.Queue[Hop | None] = asyncio.Queue()

    def enter(hop: Hop) -> None:
        if hops.qsize() < MAX_BACKLOG:
            hops.put_nowait(hop)
        elif hops.qsize() == MAX_BACKLOG:
            hops.put_nowait(None)

    stop = emulator.journal.follow(enter)
    try:
        yield b": following\n\n"
        while (hop := await hops.get()) is not None:
            yield b"id: %d\ndata: %b\n\n" % (hop.id, documents.encode(hop.as_json()))
    finally:
        stop()
