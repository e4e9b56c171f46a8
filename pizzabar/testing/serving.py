"""A world on a port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from pizzabar.emulator import Emulator
from pizzabar.wire.http import Server
from pizzabar.wire.server import best_options


@asynccontextmanager
async def serving(emulator: Emulator) -> AsyncIterator[int]:
    """Serve an emulator that is open, on a free port of this machine; give the port."""
    app = Server(lambda: emulator.settings, emulator)
    options = best_options(emulator.settings.quotas)
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="warning", log_config=None, **options)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        app.feeds.end()
        async with asyncio.timeout(10):
            await server.shutdown()
