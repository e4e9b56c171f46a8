"""The whole of pizzabar on a real port, in the test's own event loop; and guests who connect to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from pizzabar.wire.http import Server
from pizzabar.wire.server import best_options

ORDER = '{"type":"margherita","size":"L"}'
STATUSES = [
    "order accepted",
    "order is now being prepared",
    "order is undergoing the baking process",
    "order is packed",
    "order is sent for delivery",
    "order delivered",
]
FRAMES = [
    '{"type":"CHANGED_EVENT","message":"{\\"name\\":\\"STATUS_CHANGED_EVENT\\",\\"status\\":\\"' + status + '\\"}"}'
    for status in STATUSES
]


class PizzaBar:
    """A pizza bar that is open, on a port of its own."""

    def __init__(self, emulator: Emulator, port: int) -> None:
        self.emulator = emulator
        self.port = port

    def connect(self, path: str = "/api", **options: Any) -> connect:
        """Let a guest in."""
        return connect(f"ws://localhost:{self.port}{path}", compression=None, **options)

    async def pass_time(self, seconds: float) -> None:
        """Let virtual time pass."""
        await self.emulator.advance(timedelta(seconds=seconds))

    async def items(self, table: str) -> list[dict[str, Any]]:
        """Read the items of a table of the stack."""
        answer = await self.emulator.call("dynamodb", "Scan", {"TableName": f"pizzabar-{table}"})
        return list(answer["Items"])

    async def executions(self) -> list[dict[str, Any]]:
        """Read the executions of the order flow, those started last first."""
        [machine] = [each for each in self.emulator.state_machines if not each.name.endswith("ManualFlow")]
        answer = await self.emulator.call("stepfunctions", "ListExecutions", {"stateMachineArn": machine.arn})
        return list(answer["executions"])

    async def log_lines(self, group: str) -> list[str]:
        """Read a log group."""
        answer = await self.emulator.call("logs", "FilterLogEvents", {"logGroupName": group})
        return [event["message"] for event in answer["events"]]


@asynccontextmanager
async def open_pizza_bar(settings: Settings | None = None, *, port: int = 0) -> AsyncIterator[PizzaBar]:
    """Open the pizza bar, in memory and on virtual time unless settings say otherwise, on a port if one is named."""
    emulator = await Emulator.open(settings or Settings(state=None, clock="virtual"))
    try:
        async with serving(emulator, port) as bar:
            yield bar
    finally:
        await emulator.close()


@asynccontextmanager
async def serving(emulator: Emulator, port: int = 0) -> AsyncIterator[PizzaBar]:
    """Serve an emulator that is open."""
    options = best_options(emulator.settings.quotas)
    app = Server(lambda: emulator.settings, emulator)
    config = uvicorn.Config(app, port=port, lifespan="off", log_level="warning", **options)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield PizzaBar(emulator, server.servers[0].sockets[0].getsockname()[1])
    finally:
        app.feeds.end()
        await server.shutdown()


async def receive(guest: ClientConnection, count: int) -> list[str]:
    """Take frames."""
    return [str(await guest.recv()) for _ in range(count)]


def statuses(frames: list[str]) -> list[str]:
    """Read the statuses that frames tell of."""
    return [json.loads(json.loads(frame)["message"])["status"] for frame in frames]
