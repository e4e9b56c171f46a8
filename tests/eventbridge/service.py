"""An EventBridge for one test: its buses, and neighbours that take what is delivered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.eventbridge.access_tokens import AccessTokens
from pizzabar.eventbridge.api_destinations import ApiDestinations
from pizzabar.eventbridge.archive_operations import OPERATIONS as ARCHIVE_OPERATIONS
from pizzabar.eventbridge.archives import Archives
from pizzabar.eventbridge.buses import EventBuses
from pizzabar.eventbridge.destination_operations import OPERATIONS as DESTINATION_OPERATIONS
from pizzabar.eventbridge.destination_sender import DestinationSender
from pizzabar.eventbridge.operations import OPERATIONS
from pizzabar.http_client import HttpRequest, HttpResponse
from pizzabar.local.archives import LocalArchives
from pizzabar.local.bus import LocalTransport
from pizzabar.services import MASKS
from pizzabar.work import resting
from tests.world import World, world

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Tell"
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/pizza:*"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
ROLE = "arn:aws:iam::123456789012:role/any"


class NeverAnswers(OSError):
    """Stands for an endpoint that takes a request, and does not answer."""


@dataclass
class Endpoints:
    """The world over HTTP: it answers with what it is told, in order, and then with 200; it notes what it was sent.

    ``answers`` are by the beginnings of addresses.
    """

    answers: dict[str, list[HttpResponse | OSError]] = field(default_factory=dict)
    sent: list[HttpRequest] = field(default_factory=list)

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        await asyncio.sleep(0)
        for address, answers in self.answers.items():
            if request.url.startswith(address) and answers:
                answer = answers.pop(0)
                if isinstance(answer, NeverAnswers):
                    with resting():
                        await asyncio.get_running_loop().create_future()
                if isinstance(answer, OSError):
                    raise answer
                return answer
        return HttpResponse(200)


@dataclass
class EventBridge:
    """Asks operations as a client does. ``invoked`` is what the function of every target was asked."""

    world: World
    buses: EventBuses
    invoked: list[JSON]
    destinations: ApiDestinations
    endpoints: Endpoints
    kept: list[JSON]
    """What of API destinations was kept on their own account."""
    archives: Archives
    kept_archives: list[JSON]

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
        endpoints = Endpoints()
        kept: list[JSON] = []
        tokens = AccessTokens(endpoints, around.clock, around.work, around.call.trace)
        destinations = ApiDestinations(tokens, around.clock, around.work, around.home, keep=kept.append)
        buses = EventBuses(
            transport,
            around.call,
            around.call.relay,
            around.clock,
            around.work,
            around.home,
            invoke=DestinationSender(destinations, endpoints, around.clock, around.call.relay).send,
        )
        around.call.add("events", OPERATIONS, buses)
        kept_archives: list[JSON] = []
        archives = Archives(
            LocalArchives(around.database), buses, around.clock, around.work, keep=kept_archives.append
        )
        around.call.add("events", ARCHIVE_OPERATIONS, archives)
        around.call.add("events", DESTINATION_OPERATIONS, destinations)
        around.call.mask(MASKS)
        invoked = around.answer("lambda", "Invoke", lambda asked: {"StatusCode": 202})
        await buses.open()
        await archives.open()
        yield EventBridge(around, buses, invoked, destinations, endpoints, kept, archives, kept_archives)
