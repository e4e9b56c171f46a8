"""A Lambda for one test: its functions, and the lines that they logged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.lambda_.function import Handler
from pizzabar.lambda_.functions import Functions
from pizzabar.lambda_.operations import OPERATIONS
from pizzabar.lambda_.permission_operations import OPERATIONS as PERMISSION_OPERATIONS
from pizzabar.lambda_.version_operations import OPERATIONS as VERSION_OPERATIONS
from pizzabar.local.invocations import LocalInvocations
from pizzabar.principal import Principal
from tests.world import World, turns, until, world

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Tell"


@dataclass
class Lambda:
    """Asks operations as a client does.

    ``logged`` are the lines by log group, ``streams`` the versions whose streams were written to.
    """

    world: World
    functions: Functions
    logged: dict[str, list[str]] = field(default_factory=dict)
    streams: list[str] = field(default_factory=list)

    async def __call__(self, operation: str, **parameters: JSON) -> JSON:
        return await self.world.call("lambda", operation, parameters)

    async def fails(self, operation: str, **parameters: JSON) -> str:
        """Give the code and text of the error that an operation answers with."""
        with pytest.raises(ServiceError) as raised:
            await self(operation, **parameters)
        return str(raised.value)

    def create(self, handler: Handler, **more: JSON) -> None:
        """Make the function Tell."""
        self.functions.create("Tell", handler, **more)

    async def send(self, payload: str = "{}") -> None:
        """Have an event queued for the function, and wait until its first attempt is over."""
        answer = await self("Invoke", FunctionName="Tell", InvocationType="Event", Payload=payload)
        assert answer == {"StatusCode": 202, "Payload": b""}
        await self.world.settled()

    async def runs_out(self, payload: str = "{}", *, after: float) -> JSON:
        """Invoke the function, and let the clock stand at so many seconds later before it answers."""
        invocation = asyncio.create_task(self("Invoke", FunctionName="Tell", Payload=payload))
        await until(lambda: self.world.hops("lambda", "Invocation"))
        await turns(2)
        self.world.virtual.move(self.world.clock.now() + timedelta(seconds=after))
        return await invocation


@asynccontextmanager
async def lambda_() -> AsyncIterator[Lambda]:
    """Open a Lambda without functions."""
    async with world() as around:
        logged: dict[str, list[str]] = {}
        streams: list[str] = []
        invocations = LocalInvocations(around.database, around.clock, around.work)

        def append(principal: Principal | None, group: str, stream: str, lines: list[str], when: datetime) -> None:
            date, _, version = stream.partition("[")
            assert date == "2026/03/01/"
            streams.append(version.partition("]")[0])
            logged.setdefault(group, []).extend(lines)

        functions = Functions(invocations, around.call, around.call.trace, around.clock, around.home, append)
        around.call.add("lambda", OPERATIONS, functions)
        around.call.add("lambda", PERMISSION_OPERATIONS, functions)
        around.call.add("lambda", VERSION_OPERATIONS, functions)
        await functions.open()
        yield Lambda(around, functions, logged, streams)
