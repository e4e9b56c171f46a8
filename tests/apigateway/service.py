"""A WebSocket API for one test, its guests, and neighbours that its integrations ask."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pizzabar import documents
from pizzabar.apigateway.api import Route, Stage, WebSocketApi
from pizzabar.apigateway.apis import Admission, Handshake, Refusal, WebSocketApis
from pizzabar.apigateway.connections import Connection
from pizzabar.apigateway.integration import FunctionTarget, Integration, ServiceAction
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.apigateway.operations import OPERATIONS
from pizzabar.apigateway.quotas import Quotas
from pizzabar.apigateway.selection import compile_selection
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.local.connections import LocalConnections
from pizzabar.local.http_client import LocalHttpClient
from tests.world import World, world

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Tell"
QUOTAS = Quotas()
HANDSHAKE = Handshake("localhost:8000", "127.0.0.1", (("Host", "localhost:8000"),), (), "wscat")


@dataclass
class Guest:
    """A client: the frames that it was pushed, and how its connection was closed."""

    frames: list[str] = field(default_factory=list)
    closed: list[tuple[int, str]] = field(default_factory=list)
    has_gone: bool = False

    async def send(self, text: str) -> None:
        if self.has_gone:
            raise OSError("gone")
        self.frames.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


@dataclass
class ApiGateway:
    """An API with a stage ``api``; routes are given integrations as tests need them."""

    world: World
    apis: WebSocketApis
    api: WebSocketApi

    def route(self, key: str, integration: Integration | None, *, two_way: bool = False) -> None:
        """Give the API a route."""
        if integration is not None:
            self.api.integrations[integration.id] = integration
        self.api.routes[key] = Route(key, None if integration is None else integration.id, two_way)

    def function(self, answer: Callable[[JSON], JSON]) -> list[JSON]:
        """Have the function answer events with results; give the list of the events that it will have got."""
        events: list[JSON] = []

        def invoke(asked: JSON) -> JSON:
            events.append(documents.parse(asked["Payload"]))
            return {"StatusCode": 200, "Payload": documents.encode(answer(events[-1]))}

        self.world.answer("lambda", "Invoke", invoke)
        return events

    async def connect(self, handshake: Handshake = HANDSHAKE) -> Admission | Refusal:
        """Ask for a connection."""
        return await self.apis.connect(self.api, "api", handshake)

    async def guest(self, handshake: Handshake = HANDSHAKE) -> tuple[Connection, Guest]:
        """Connect a guest."""
        admission = await self.connect(handshake)
        assert isinstance(admission, Admission), admission
        guest = Guest()
        self.apis.attach(admission.connection, guest)
        return admission.connection, guest

    async def frames(self, *messages: str) -> list[str]:
        """Send messages as a guest of its own; give the frames that come back."""
        connection, guest = await self.guest()
        for message in messages:
            await self.apis.receive(connection, message)
        return guest.frames


def proxy(id: str = "proxy", arn: str = FUNCTION) -> Integration:
    """An AWS_PROXY integration."""
    return Integration(id, "AWS_PROXY", FunctionTarget(arn))


def action(service: str, operation: str, template: str, id: str = "action") -> Integration:
    """An AWS integration with an operation of a service."""
    return Integration(id, "AWS", ServiceAction(service, operation), {"$default": compile_template(template)})


def refuse(status: int = 400, message: str = "no") -> Callable[[JSON], JSON]:
    """Answer an operation with an error."""

    class Refused(ServiceError):
        """As a service raises it."""

    Refused.status = status

    def answer(asked: JSON) -> JSON:
        raise Refused(message)

    return answer


@asynccontextmanager
async def api_gateway(
    select_route: str = "$request.body.action", quotas: Quotas = QUOTAS
) -> AsyncIterator[ApiGateway]:
    """Open an API Gateway with one API."""
    async with world() as around:
        connections = LocalConnections(around.database, around.clock)
        http = LocalHttpClient(around.database)
        apis = WebSocketApis(
            connections,
            http,
            around.call,
            around.call.trace,
            around.clock,
            home=around.home,
            work=around.work,
            quotas=quotas,
        )
        around.call.add("apigatewaymanagementapi", OPERATIONS, apis)
        api = WebSocketApi("a1b2c3d4e5", "PizzaApi", compile_selection(select_route))
        api.stages["api"] = Stage("api", api)
        apis.add(api)
        await apis.open()
        yield ApiGateway(around, apis, api)
        await http.close()
