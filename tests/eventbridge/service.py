"""An EventBridge for one test: its buses, and neighbours that take what is delivered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.eventbridge.archive_operations import OPERATIONS as ARCHIVE_OPERATIONS
from pizzabar.eventbridge.archives import Archives
from pizzabar.eventbridge.buses import EventBuses
from pizzabar.eventbridge.operations import OPERATIONS
from pizzabar.local.archives import LocalArchives
from pizzabar.local.bus import LocalTransport
from tests.world import World, world

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Tell"
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/pizza:*"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
ROLE = "arn:aws:iam::123456789012:role/any"


@dataclass
class EventBridge:
    """Asks operations as a client does. ``invoked`` is what the function of every target was asked.

    ``kept`` is what of the archives was kept last.
    """

    world: World
    buses: EventBuses
    archives: Archives
    invoked: list[JSON]
    kept: list[JSON]

    async def __call__(self, operation: str, **parameters: JSON) -> JSON:
        return await self.world.call("events", operation, parameters)

    async def fails(self, operation: str, **parameters: JSON) -> str:
        """Give the code and text of the error that an operation answers with."""
        with pytest.raises(ServiceError) as raised:
            await self(operation, **parameters)
        return str(raised.value)

    async def rule(self, name: str, arn: str = FUNCTION, *, bus: str | None = None, **target: JSON) -> None:
        """Make a rule that takes every event of the source ``pizza``, with one target."""
        on = {} if bus is None else {"EventBusName": bus}
        await self("PutRule", Name=name, EventPattern='{"source":["pizza"]}', **on)
        await self("PutTargets", Rule=name, Targets=[{"Id": "t", "Arn": arn, **target}], **on)

    async def put(self, detail: str = "{}", **more: JSON) -> JSON:
        """Put one event of the source ``pizza``, and wait until it is delivered."""
        answer = await self("PutEvents", Entries=[order(detail, **more)])
        await self.world.settled()
        return answer

    @property
    def payloads(self) -> list[str]:
        """What the function got."""
        return [asked["Payload"] for asked in self.invoked]


def order(detail: str = "{}", **more: JSON) -> JSON:
    """An entry of PutEvents."""
    return {"Source": "pizza", "DetailType": "Order", "Detail": detail, **more}


@asynccontextmanager
async def eventbridge() -> AsyncIterator[EventBridge]:
    """Open an EventBridge."""
    async with world() as around:
        transport = LocalTransport(around.database, around.clock, around.work)
        buses = EventBuses(transport, around.call, around.call.relay, around.clock, around.work, around.home)
        around.call.add("events", OPERATIONS, buses)
        kept: list[JSON] = []
        archives = Archives(LocalArchives(around.database), buses, around.clock, around.work, keep=kept.append)
        around.call.add("events", ARCHIVE_OPERATIONS, archives)
        invoked = around.answer("lambda", "Invoke", lambda asked: {"StatusCode": 202})
        await buses.open()
        await archives.open()
        yield EventBridge(around, buses, archives, invoked, kept)
