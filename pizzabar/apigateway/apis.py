"""
WebSocket APIs: a client connects, sends messages along routes, and goes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pizzabar.apigateway.connections import Connection, Connections, Socket
from pizzabar.apigateway.errors import ForbiddenException, IntegrationFailure, IntegrationTimeout, error_frame
from pizzabar.apigateway.integration import Answer, Integration, Request, perform, response_body
from pizzabar.apigateway.selection import Selection, SelectionValues
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.journal import CAUSE, Cause, new_trace_id, note
from pizzabar.operations import Call, Trace
from pizzabar.record import record

log = logging.getLogger("pizzabar")
CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"


@record
class Route:
    """A route of an API; with ``is_two_way``, what its integration answers goes back to the client."""

    key: str
    integration_id: str | None
    is_two_way: bool = False


@dataclass(slots=True)
class WebSocketApi:
    """An API and what it is made of. ``select_route`` is its route selection expression."""

    id: str
    name: str
    select_route: Selection
    integrations: dict[str, Integration] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    route_keys: dict[str, str] = field(default_factory=dict)
    """Route keys by the ids of routes."""
    stages: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Stage variables by the names of stages."""

    def integration_of(self, route: Route) -> Integration | None:
        """Find the integration of a route, if it has one."""
        return None if route.integration_id is None else self.integrations.get(route.integration_id)


@record
class Handshake:
    """A client's request to connect."""

    domain_name: str
    source_ip: str
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    user_agent: str | None = None


@record
class Refusal:
    """Why a client may not connect: the status of the answer to its handshake."""

    status: int
    message: str


@record
class Admission:
    """A client may connect."""

    connection: Connection
    subprotocol: str | None = None


class WebSocketApis:
    """The WebSocket APIs of one account and region."""

    def __init__(self, connections: Connections, call: Call, trace: Trace, clock: Clock) -> None:
        self.connections = connections
        self._call = call
        self._trace = trace
        self._clock = clock
        self._apis: dict[str, WebSocketApi] = {}

    def __iter__(self) -> Iterator[WebSocketApi]:
        return iter(self._apis.values())

    async def open(self) -> int:
        """Say goodbye to the connections that an earlier process left open, and tell how many there were."""
        left = await self.connections.open()
        for connection in left:
            if connection.api_id in self._apis:
                await self.disconnect(connection, 1006, "")
            else:
                self.connections.dismiss(connection.id)
        return len(left)

    def add(self, api: WebSocketApi) -> None:
        """Enter an API."""
        self._apis[api.id] = api

    def get(self, api_id: str) -> WebSocketApi:
        """Find an API by its id. Raise ``ForbiddenException``."""
        api = self._apis.get(api_id)
        if api is None:
            raise ForbiddenException("Forbidden")
        return api

    def find_stage(self, stage: str, api_id: str | None = None) -> WebSocketApi | None:
        """Find the API of that id, or else the first, that has a stage of that name."""
        for api in self._apis.values():
            if stage in api.stages and api_id in (None, api.id):
                return api
        return None

    async def connect(self, api: WebSocketApi, stage: str, handshake: Handshake) -> Admission | Refusal:
        """Let a client in, or not, as the ``$connect`` route says.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
        """
        now = self._clock.now()
        connection = Connection(
            new_id(), api.id, stage, handshake.domain_name, now, handshake.source_ip, handshake.user_agent
        )
        noted = self.connections.admit(connection)
        route = api.routes.get(CONNECT)
        integration = None if route is None else api.integration_of(route)
        if integration is None:
            await noted
            return Admission(connection)
        request = Request(
            connection,
            CONNECT,
            "CONNECT",
            new_id(),
            now,
            headers=handshake.headers,
            query=handshake.query,
            stage_variables=api.stages[stage],
        )
        try:
            answer = await self._perform(integration, request)
        except IntegrationTimeout:
            refusal = Refusal(504, "Endpoint request timed out")
        except IntegrationFailure:
            # 502 is what AWS answers when a function fails; for other integrations no source was found.
            refusal = Refusal(502, "Internal server error")
        else:
            if 200 <= answer.status < 300:
                await noted
                return Admission(connection, _subprotocol(answer))
            is_proxy = integration.type == "AWS_PROXY"
            # A proxied function chooses the status. What AWS makes of a service's error is not documented, only
            # that the connection is refused.
            refusal = Refusal(answer.status if is_proxy else 500, "Internal server error")
        self.connections.dismiss(connection.id)
        return refusal

    def attach(self, connection: Connection, socket: Socket) -> None:
        """Begin to push to a client whose handshake was answered."""
        self.connections.attach(connection, socket)

    async def receive(self, connection: Connection, body: str) -> None:
        """Take a message: choose its route, do what that says, and push the answer if there is one."""
        api = self.get(connection.api_id)
        self.connections.touch(connection.id)
        request = Request(
            connection,
            DEFAULT,
            "MESSAGE",
            new_id(),
            self._clock.now(),
            body,
            new_id(),
            stage_variables=api.stages[connection.stage],
        )
        document = request.document
        # What is not JSON goes to $default.
        key = DEFAULT
        if document is not None:
            key = api.select_route(SelectionValues(document, stage_variables=request.stage_variables))
        route = api.routes.get(key) if key not in (CONNECT, DISCONNECT) else None
        if route is None:
            route = api.routes.get(DEFAULT)
        if route is None:
            await self._push(connection, error_frame("Forbidden", connection.id, request.request_id))
            return
        if route.key != DEFAULT:
            request = _with_route(request, route.key)
        integration = api.integration_of(route)
        if integration is None:
            await self._push(connection, error_frame("Internal server error", connection.id, request.request_id))
            return
        try:
            answer = await self._perform(integration, request)
            if integration.type != "AWS_PROXY" and answer.status >= 400 and not integration.responses:
                # A one-way route has nobody who could make something of a service's error.
                raise IntegrationFailure(answer.body or "")
            frame = response_body(integration, request, answer) if route.is_two_way else None
        except IntegrationTimeout:
            frame = error_frame("Endpoint request timed out", connection.id, request.request_id)
        except IntegrationFailure:
            frame = error_frame("Internal server error", connection.id, request.request_id)
        if frame:
            await self._push(connection, frame)

    async def disconnect(self, connection: Connection, code: int, reason: str) -> None:
        """Forget a client that has gone, and do what the ``$disconnect`` route says, however that ends."""
        self.connections.detach(connection.id)
        api = self._apis.get(connection.api_id)
        route = None if api is None else api.routes.get(DISCONNECT)
        integration = None if api is None or route is None else api.integration_of(route)
        if api is not None and integration is not None:
            request = Request(
                connection,
                DISCONNECT,
                "DISCONNECT",
                new_id(),
                self._clock.now(),
                disconnect=(code, reason),
                stage_variables=api.stages.get(connection.stage, {}),
            )
            try:
                await self._perform(integration, request)
            except (IntegrationFailure, IntegrationTimeout) as error:
                note("disconnect failed", str(error))
        self.connections.dismiss(connection.id)

    async def _perform(self, integration: Integration, request: Request) -> Answer:
        """Do what an integration says, as the first hop of a trace of its own."""

        async def act(parameters: JSON) -> JSON:
            try:
                return await perform(integration, request, self._call, self._clock)
            except (IntegrationFailure, IntegrationTimeout) as failure:
                note("failed", str(failure))
                raise
            except Exception as fault:
                # Nobody foresaw it; the client gets an answer, and the connection its end, all the same.
                log.exception("the integration of the route %s failed", request.route_key)
                raise IntegrationFailure(str(fault)) from fault

        frame = {"ConnectionId": request.connection.id, "Body": request.body}
        token = CAUSE.set(Cause(new_trace_id(request.time)))
        try:
            answer: Answer = await self._trace("apigateway", request.route_key, frame, act)
        finally:
            CAUSE.reset(token)
        return answer

    async def _push(self, connection: Connection, frame: str) -> None:
        try:
            await self.connections.push(connection.id, frame)
        except ServiceError as error:
            note("not answered", str(error))


def new_id() -> str:
    """Make an id as connections, messages and requests have: 11 random bytes in URL-safe base64."""
    return urlsafe_b64encode(secrets.token_bytes(11)).decode()


def _subprotocol(answer: Answer) -> str | None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
    for name, value in answer.headers.items():
        if name.lower() == "sec-websocket-protocol":
            return value
    return None


def _with_route(request: Request, key: str) -> Request:
    return Request(
        request.connection,
        key,
        request.event_type,
        request.request_id,
        request.time,
        request.body,
        request.message_id,
        stage_variables=request.stage_variables,
    )
