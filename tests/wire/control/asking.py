"""Speaking to the control plane, without sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.wire.http import Server
from tests.wire.asgi import server


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
