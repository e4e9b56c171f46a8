"""Speaking to the control plane, without sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.wire.http import Server
from pizzabar.wire.websocket import Message
from tests.wire.asgi import SECONDS, scope_of, server


@asynccontextmanager
async def control(**settings: JSON) -> AsyncIterator[tuple[httpx.AsyncClient, Emulator]]:
    """Speak to the control plane of the pizza bar."""
    async with server(**settings) as (app, emulator), client_of(app) as client:
        yield client, emulator


@asynccontextmanager
async def client_of(app: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to the control plane of a server."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/_pizzabar") as client:
        yield client


@asynccontextmanager
async def follower(app: Server, path: str, query: str = "", **headers: str) -> AsyncIterator["Follower"]:
    """Follow something, from the moment on that it is heard of."""
    scope = {
        **scope_of(f"/_pizzabar{path}", query, **headers),
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
    }
    handed: asyncio.Queue[Message] = asyncio.Queue()
    handed.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    following = Follower()
    serving = asyncio.create_task(app(scope, handed.get, following.said.put))
    try:
        assert (await following.said.get())["status"] == 200
        assert (await following.said.get())["body"] == b": following\n\n"
        yield following
    finally:
        handed.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(SECONDS):
            await serving


@dataclass
class Follower:
    """Somebody who is sent events."""

    said: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    async def hears(self) -> tuple[str, JSON]:
        """Wait for the next event; give its id and what it tells."""
        async with asyncio.timeout(SECONDS):
            body = (await self.said.get())["body"]
        id, data = body.decode().removesuffix("\n\n").split("\n")
        return id.removeprefix("id: "), documents.parse(data.removeprefix("data: "))

    async def hears_the_end(self) -> None:
        """Wait until there is nothing more to hear."""
        async with asyncio.timeout(SECONDS):
            assert await self.said.get() == {"type": "http.response.body", "body": b"", "more_body": False}
