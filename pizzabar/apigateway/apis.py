"""
WebSocket APIs: a client connects, sends messages along routes, and goes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

import hashlib
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from time import perf_counter

from pizzabar.apigateway.access import Access
from pizzabar.apigateway.api import CONNECT, DEFAULT, DISCONNECT, Route, Stage, WebSocketApi
from pizzabar.apigateway.connections import Connection, Connections, Socket
from pizzabar.apigateway.errors import (
    AccessRefused,
    ForbiddenException,
    GoneException,
    IntegrationFailure,
    bad_request_frame,
    error_frame,
)
from pizzabar.apigateway.integration import Answer, Integration
from pizzabar.apigateway.integration_response import fitting, response_body, response_headers
from pizzabar.apigateway.integrations import Integrations
from pizzabar.apigateway.lifetimes import Lifetimes
from pizzabar.apigateway.quotas import Quotas, Throttles
from pizzabar.apigateway.request import Request
from pizzabar.apigateway.selection import SelectionValues
from pizzabar.apigateway.stage_log import Course, access_line, execution_lines
from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.http_client import HttpClient
from pizzabar.journal import CAUSE, Cause, new_trace_id, note
from pizzabar.operations import Call, Trace
from pizzabar.record import record
from pizzabar.work import Work

log = logging.getLogger("pizzabar")
TRACE_HEADER = "X-Amzn-Trace-Id"
TOO_MANY_REQUESTS = "Too Many Requests"
"""What a client is told that sends more than it may. The status of a handshake is documented, the words of the frame
are not: they are those of REST APIs."""


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


AppendLog = Callable[[str, str, Sequence[str], datetime], object]
"""Appends lines to a log stream: log group, log stream, lines, time."""


class WebSocketApis:
    """The WebSocket APIs of one account and region."""

    def __init__(
        self,
        connections: Connections,
        http: HttpClient,
        call: Call,
        trace: Trace,
        clock: Clock,
        *,
        home: Home,
        work: Work,
        quotas: Quotas,
    ) -> None:
        self.connections = connections
        self.quotas = quotas
        self.throttles = Throttles(quotas)
        self._lifetimes = Lifetimes(connections, quotas, clock, work)
        self.access = Access(call, trace, clock, home)
        self._integrations = Integrations(call, http, clock, home)
        self._trace = trace
        self.has_log_group: Callable[[str], bool] = lambda group: False
        self.append_log: AppendLog = lambda group, stream, lines, when: None
        """Where stages write to log groups."""
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

    def remove(self, api_id: str) -> None:
        """Take an API out."""
        self._apis.pop(api_id, None)

    def get(self, api_id: str) -> WebSocketApi:
        """Find an API by its id. Raise ``ForbiddenException``."""
        api = self._apis.get(api_id)
        if api is None:
            raise ForbiddenException("Forbidden")
        return api

    def find_stage(self, stage: str, api_id: str | None = None) -> WebSocketApi | None:
        """Find the API of that id, or else the first, that has a stage of that name with something deployed on it."""
        if api_id is not None:
            api = self._apis.get(api_id)
            return api if api is not None and _is_open(api.stages.get(stage)) else None
        return next((api for api in self._apis.values() if _is_open(api.stages.get(stage))), None)

    async def connect(self, api: WebSocketApi, stage: str, handshake: Handshake) -> Admission | Refusal:
        """Let a client in, or not, as the ``$connect`` route says.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
        """
        now = self._clock.now()
        trace = new_trace_id(now.timestamp())
        headers = handshake.headers
        if all(name.lower() != TRACE_HEADER.lower() for name, _ in headers):
            headers = (*headers, (TRACE_HEADER, f"Root={trace}"))
        deployed, variables = _deployed(api, stage)
        connection = Connection(
            new_id(), api.id, stage, handshake.domain_name, now, handshake.source_ip, handshake.user_agent
        )
        request = Request(
            connection,
            CONNECT,
            "CONNECT",
            new_id(),
            now,
            headers=headers,
            query=handshake.query,
            stage_variables=variables,
        )
        course = _course(api, stage)
        if not self.throttles.admits_connection(now):
            await self._tell(request, "throttle", "no more connections are taken at present")
            admission: Admission | Refusal = Refusal(429, TOO_MANY_REQUESTS)
        else:
            token = CAUSE.set(Cause(trace))
            try:
                admission = await self._connect(deployed, request, course)
            finally:
                CAUSE.reset(token)
        if course is not None:
            if isinstance(admission, Refusal):
                course.refuse(admission.status, admission.message)
            else:
                request = replace(request, connection=admission.connection)
            self._log(request, course)
        return admission

    async def _connect(self, api: WebSocketApi, request: Request, course: Course | None) -> Admission | Refusal:
        route = api.routes.get(CONNECT)
        if route is not None and route.is_guarded:
            try:
                request = await self.access.check(api, route, request)
            except AccessRefused as refused:
                await self._tell(request, "refuse", str(refused))
                return Refusal(refused.status, refused.told)
        connection = request.connection
        noted = self.connections.admit(connection)
        integration = None if route is None else api.integration_of(route)
        if integration is None:
            await noted
            return Admission(connection)
        try:
            answer = await self._perform(integration, request, course)
            if answer.is_success:
                headers = response_headers(integration, request, answer)
                await noted
                return Admission(connection, _subprotocol(headers))
            refusal = Refusal(_refused_with(integration, answer), "Internal server error")
        except IntegrationFailure as failure:
            refusal = Refusal(failure.status, failure.told)
        self.connections.dismiss(connection.id)
        return refusal

    def attach(self, connection: Connection, socket: Socket) -> None:
        """Begin to push to a client whose handshake was answered."""
        self.connections.attach(connection, socket)
        self._lifetimes.watch(connection)

    async def receive(self, connection: Connection, body: str) -> None:
        """Take a message: choose its route, do what that says, and push the answer if there is one."""
        api, variables = _deployed(self.get(connection.api_id), connection.stage)
        self.connections.touch(connection.id)
        request = Request(
            connection,
            DEFAULT,
            "MESSAGE",
            new_id(),
            self._clock.now(),
            body,
            new_id(),
            stage_variables=variables,
        )
        course = _course(self._apis.get(connection.api_id), connection.stage)
        if course is None:
            await self._receive(api, request, None)
        else:
            # It is told by which route it went.
            request = await self._receive(api, request, course)
            self._log(request, course)

    async def _receive(self, api: WebSocketApi, request: Request, course: Course | None) -> Request:
        connection = request.connection
        document = request.document
        # What is not JSON goes to $default.
        key = DEFAULT
        if document is not None:
            values = (
                request.selection_values()
                if api.selects_by_context
                else SelectionValues(document, stage_variables=request.stage_variables)
            )
            key = api.select_route(values)
        route = api.routes.get(key) if key not in (CONNECT, DISCONNECT) else None
        if route is None:
            route = api.routes.get(DEFAULT)
        if route is None:
            await self._tell(request, "route", f"there is no route {key}, and no {DEFAULT}")
            _refuse(course, 403, "Forbidden")
            await self._push(connection, error_frame("Forbidden", connection.id, request.request_id))
            return request
        if not self._admits(connection, route.key, request.time):
            await self._tell(request, "throttle", f"the route {route.key} takes no more messages at present")
            _refuse(course, 429, TOO_MANY_REQUESTS)
            await self._push(connection, error_frame(TOO_MANY_REQUESTS, connection.id, request.request_id))
            return request
        if route.key != DEFAULT:
            request = replace(request, route_key=route.key)
        if route.model_keys and api.is_validating and (faults := _faults(api, route, request)):
            await self._tell(request, "validate", faults)
            _refuse(course, 400, "Bad request body")
            await self._push(connection, bad_request_frame(connection.id, request.message_id or ""))
            return request
        integration = api.integration_of(route)
        if integration is None:
            _refuse(course, 500, "Internal server error")
            await self._push(connection, error_frame("Internal server error", connection.id, request.request_id))
            return request
        try:
            answer = await self._perform(integration, request, course)
            if not integration.is_proxy and not integration.responses and not answer.is_success:
                # A one-way route has nobody who could make something of a backend's error.
                raise IntegrationFailure(answer.body or "")
            frame = response_body(integration, request, answer) if route.is_two_way else None
        except IntegrationFailure as failure:
            _refuse(course, failure.status, failure.told)
            frame = error_frame(failure.told, connection.id, request.request_id)
        if frame:
            await self._push(connection, frame)
        return request

    async def disconnect(self, connection: Connection, code: int, reason: str) -> None:
        """Forget a client that has gone, and do what the ``$disconnect`` route says, however that ends."""
        self.connections.detach(connection.id)
        api = self._apis.get(connection.api_id)
        integration = None
        if api is not None:
            deployed, variables = _deployed(api, connection.stage)
            route = deployed.routes.get(DISCONNECT)
            integration = None if route is None else deployed.integration_of(route)
        course = _course(api, connection.stage)
        if integration is not None or course is not None:
            request = Request(
                connection,
                DISCONNECT,
                "DISCONNECT",
                new_id(),
                self._clock.now(),
                disconnect=(code, reason),
                stage_variables=variables,
            )
            try:
                if integration is not None:
                    await self._perform(integration, request, course)
            except IntegrationFailure as error:
                note("disconnect failed", str(error))
            if course is not None:
                self._log(request, course)
        self.connections.dismiss(connection.id)

    async def _perform(self, integration: Integration, request: Request, course: Course | None) -> Answer:
        """Do what an integration says, as a hop: for a message or a goodbye the first of a trace of its own."""
        began = perf_counter()

        async def act(parameters: JSON) -> JSON:
            try:
                answer = await self._integrations.perform(integration, request)
                if course is not None:
                    course.answer, course.latency = answer, (perf_counter() - began) * 1000
                    course.integration_error = answer.error_message
                if request.route_key == CONNECT and answer.is_success and not integration.is_proxy:
                    # It needs a response for the success, though nobody is sent it.
                    fitting(integration, answer)
                return answer
            except IntegrationFailure as failure:
                note("failed", str(failure))
                if course is not None:
                    course.integration_error = str(failure)
                raise
            except Exception as fault:
                # Nobody foresaw it; the client gets an answer, and the connection its end, all the same.
                log.exception("the integration of the route %s failed", request.route_key)
                raise IntegrationFailure(str(fault)) from fault

        frame = {"ConnectionId": request.connection.id, "Body": request.body}
        if request.route_key == CONNECT:
            connected: Answer = await self._trace("apigateway", CONNECT, frame, act)
            return connected
        token = CAUSE.set(Cause(new_trace_id(request.time.timestamp())))
        try:
            answer: Answer = await self._trace("apigateway", request.route_key, frame, act)
        finally:
            CAUSE.reset(token)
        return answer

    def is_on_stage(self, connection_id: str, stage: str, api_id: str | None) -> bool:
        """Whether a connection, if it is open, was made to a stage, and to an API if one is named."""
        try:
            connection = self.connections.get(connection_id)
        except GoneException:
            return True
        return connection.stage == stage and api_id in (None, connection.api_id)

    def admits_request(self) -> bool:
        """Whether the account takes one more request to ``@connections``."""
        return self.throttles.admits_request(self._clock.now())

    def _admits(self, connection: Connection, route_key: str, now: datetime) -> bool:
        stage = self.get(connection.api_id).stages.get(connection.stage)
        rate = None if stage is None else stage.rate_of(route_key)
        return self.throttles.admits_message(connection.api_id, connection.stage, route_key, rate, now)

    async def _tell(self, request: Request, name: str, why: JSON) -> None:
        """Tell in the journal why nothing follows from a frame."""

        async def tell(parameters: JSON) -> JSON:
            note("refused", why)

        frame = {"ConnectionId": request.connection.id, "Body": request.body}
        await self._trace("apigateway", name, frame, tell)

    async def _push(self, connection: Connection, frame: str) -> None:
        try:
            await self.connections.push(connection.id, frame)
        except ServiceError as error:
            note("not answered", str(error))

    def _log(self, request: Request, course: Course) -> None:
        """Write to the log groups of a stage. One of its author's that has gone takes nothing."""
        connection, now = request.connection, self._clock.now()
        group = course.log.group
        if group is not None and course.log.format and self.has_log_group(group):
            self.append_log(group, f"{connection.api_id}_{connection.stage}", [access_line(request, course)], now)
        if lines := list(execution_lines(request, course)):
            # API Gateway has hundreds of streams, by a digest; a connection's requests are found together here.
            stream = hashlib.md5(connection.id.encode(), usedforsecurity=False).hexdigest()
            self.append_log(f"/aws/apigateway/{connection.api_id}/{connection.stage}", stream, lines, now)


def _course(api: WebSocketApi | None, stage_name: str) -> Course | None:
    """Begin to follow a request, if the stage wants something of it written."""
    stage = None if api is None else api.stages.get(stage_name)
    return None if stage is None or stage.log is None else Course(stage.log)


def _refuse(course: Course | None, status: int, error: str) -> None:
    if course is not None:
        course.refuse(status, error)


def new_id() -> str:
    """Make an id as connections, messages and requests have: 11 random bytes in URL-safe base64.

    None begins with a hyphen: programs would take it for an option of theirs.
    """
    while (id_ := urlsafe_b64encode(secrets.token_bytes(11))).startswith(b"-"):
        pass
    return id_.decode()


def _is_open(stage: Stage | None) -> bool:
    return stage is not None and stage.deployed is not None


def _deployed(api: WebSocketApi, stage_name: str) -> tuple[WebSocketApi, Mapping[str, str]]:
    """Give what is in force on a stage, and its variables; the API itself for a stage that is no more."""
    stage = api.stages.get(stage_name)
    if stage is None:
        return api, {}
    return stage.deployed or api, stage.variables


def _faults(api: WebSocketApi, route: Route, request: Request) -> list[str]:
    """Tell what a message has that its model does not allow; where no model is selected, nothing is allowed."""
    model = api.model_of(route, request)
    if model is None:
        return ["no model is selected"]
    if request.document is None and request.body.strip() != "null":
        return ["the body is not JSON"]
    return model.faults(request.document)


def _refused_with(integration: Integration, answer: Answer) -> int:
    """Give the status of the answer to a handshake that a backend's answer refuses.

    A proxied backend chooses it. Of the others only the refusal is documented; here an error's status is passed on
    where an integration response takes it.
    """
    if not integration.is_proxy:
        try:
            fitting(integration, answer)
        except IntegrationFailure:
            return 500
    return answer.status if not 200 <= answer.status < 300 else 500


def _subprotocol(headers: Mapping[str, str]) -> str | None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
    return next((value for name, value in headers.items() if name.lower() == "sec-websocket-protocol"), None)
