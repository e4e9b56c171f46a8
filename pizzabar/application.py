"""
Applications: a back end written in Python, of the same parts that a template has.

What is registered becomes the resources that it would be on AWS: hooks of routes are functions behind proxy
integrations, rules have functions for targets. The journal, the clock and the state see nothing else. Handlers take
what Lambda hands a function, ``event`` and ``context``; they are coroutines, or plain functions, which run in
threads.
"""

import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.hooks import hook
from pizzabar.loading import Program
from pizzabar.settings import Settings, with_paths

if TYPE_CHECKING:
    from pizzabar.wire.http import Server

Handler = Callable[[Any, Any], Any]
H = TypeVar("H", bound=Handler)
API_TYPES = ("AWS::ApiGatewayV2::Api", "AWS::Serverless::WebSocketApi")
SPECIAL_ROUTES = ("$connect", "$default", "$disconnect")
FUNCTION_TYPES = ("AWS::Lambda::Function", "AWS::Serverless::Function")
INVOKE = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"
# The routes of an API, on any stage.
ROUTES = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${%s}/*"


class Application:
    """A back end, and the ASGI application that serves it.

    The keywords are those of ``Settings``: ``Application(template="template.yaml", state=":memory:")``. A variable
    ``PIZZABAR_…`` of the environment counts for more. Without a template there is what is registered, and nothing
    else; what is registered beside a template adds to it. ``stage`` and ``route_selection_expression`` are those of
    the API that is made when the template has none.
    """

    def __init__(
        self, *, stage: str = "api", route_selection_expression: str = "$request.body.action", **settings: Any
    ) -> None:
        self._given = Settings(**with_paths(settings))
        self._stage = stage
        self._route_selection_expression = route_selection_expression
        self._resources: dict[str, tuple[JSON, Place]] = {}
        self._routes: dict[str, tuple[str, Place]] = {}
        self._functions: dict[str, tuple[Handler, JSON, Place]] = {}
        self._places: dict[str, Place] = {}
        """Where each logical ID was taken."""
        self._named_in: tuple[str, str] | None = None
        """The region and the account of the ARNs that were given out."""
        self._server: Server | None = None

    # Hooks

    def connect(self, handler: H) -> H:
        """Have a handler let clients in: ``None`` does, ``False`` refuses (403), as does a status of its own."""
        return self._route("$connect", handler)

    def default(self, handler: H) -> H:
        """Have a handler take the messages that no other route takes; what it returns is answered."""
        return self._route("$default", handler)

    def disconnect(self, handler: H) -> H:
        """Have a handler told of those who have gone."""
        return self._route("$disconnect", handler)

    def route(self, key: str) -> Callable[[H], H]:
        """Have a handler take the messages of a route; what it returns is answered.

        Text is answered as it is, an object with ``statusCode`` as Lambda's proxy integrations do, anything else as
        JSON, ``None`` not at all.
        """
        return lambda handler: self._route(key, handler)

    def rule(self, pattern: Mapping[str, JSON], *, bus: str = "default") -> Callable[[H], H]:
        """Have a handler invoked with each event on a bus that a pattern matches; it may have several rules."""

        def register(handler: H) -> H:
            name = self._function(_camel(_name_of(handler)), handler, {}, may_exist=True)
            properties = {
                "EventBusName": Named(bus),
                "EventPattern": dict(pattern),
                "Targets": [{"Id": name, "Arn": {"Fn::GetAtt": [name, "Arn"]}}],
            }
            rule, place = _free(f"{name}Rule", self._places), _place_of(handler)
            self._add(rule, "AWS::Events::Rule", properties, place)
            permission = _permission(name, "events.amazonaws.com", {"Fn::GetAtt": [rule, "Arn"]})
            self._add(_free(f"{rule}Permission", self._places), "AWS::Lambda::Permission", permission, place)
            return handler

        return register

    @overload
    def function(self, name: H, /) -> H: ...

    @overload
    def function(
        self, name: str | None = None, /, *, timeout: int = 3, environment: Mapping[str, str] | None = None
    ) -> Callable[[H], H]: ...

    def function(
        self,
        name: Handler | str | None = None,
        /,
        *,
        timeout: int = 3,
        environment: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a handler a function, by its own name or another; one of the template's by that logical ID.

        ``timeout`` is in seconds.
        """
        if callable(name):
            return self.function()(name)

        def register(handler: H) -> H:
            own = str(name or _name_of(handler))
            properties: dict[str, JSON] = {"FunctionName": own, "Timeout": timeout}
            if environment:
                properties["Environment"] = {"Variables": dict(environment)}
            self._function(own if own.isalnum() else _camel(own), handler, properties)
            return handler

        return register

    # Resources

    def table(self, name: str, *, key: str | Mapping[str, str], ttl: str | None = None) -> None:
        """Make a table. ``key`` names the hash key, or gives hash and range key with their types: S, N or B.

        ``ttl`` names the attribute by which items expire, in seconds since the epoch.
        """
        types = {key: "S"} if isinstance(key, str) else dict(key)
        properties: dict[str, JSON] = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": each, "AttributeType": type} for each, type in types.items()],
            "KeySchema": [
                {"AttributeName": each, "KeyType": kind} for each, kind in zip(types, ("HASH", "RANGE"), strict=False)
            ],
        }
        if len(types) > 2:
            raise ValueError(f"table {name}: a key has at most two attributes, hash and range")
        if ttl is not None:
            properties["TimeToLiveSpecification"] = {"AttributeName": ttl, "Enabled": True}
        self._add(f"{_camel(name)}Table", "AWS::DynamoDB::Table", properties, _caller())

    def bus(self, name: str) -> None:
        """Make an event bus, beside the default one."""
        self._add(_bus_id(name), "AWS::Events::EventBus", {"Name": name}, _caller())

    def state_machine(self, name: str, definition: Mapping[str, JSON] | str | os.PathLike[str]) -> str:
        """Make a state machine of its ASL definition: an object, JSON text, or a path of a file. Give its ARN."""
        properties: dict[str, JSON] = {"StateMachineName": name}
        if isinstance(definition, Mapping):
            properties["Definition"] = dict(definition)
        elif isinstance(definition, str) and definition.lstrip().startswith("{"):
            properties["DefinitionString"] = definition
        else:
            properties["DefinitionString"] = Path(definition).read_text(encoding="utf-8")
        self._add(f"{_camel(name)}StateMachine", "AWS::StepFunctions::StateMachine", properties, _caller())
        settings = self.settings()
        self._named_in = settings.region, settings.account
        return Home(settings.account, settings.region).arn("states", f"stateMachine:{name}")

    # Running

    def settings(self, **overrides: Any) -> Settings:
        """Give the settings: those of the constructor, of the environment, and the overrides; the last count most.

        Raise ``ValueError`` for another region or account than ARNs were given out with.
        """
        settings = replace(self._given.with_environment(os.environ), **with_paths(overrides))
        named_in = settings.region, settings.account
        if self._named_in not in (None, named_in):
            raise ValueError(
                f"state_machine() has given out ARNs of {self._named_in}, not of {named_in}: "
                "region and account are for the constructor, or for the environment from the start"
            )
        return settings

    def emulator(self, **overrides: Any) -> AbstractAsyncContextManager[Emulator]:
        """Open an emulator of the application: ``async with app.emulator(state=":memory:", clock="virtual") as …``.

        The overrides are settings. Raise ``FaultyTemplate``, with the places of what was registered.
        """
        return _opened(self.settings(**overrides), self.program())

    def run(self, **overrides: Any) -> bool:
        """Serve until interrupted, by uvicorn with the options that suit best; tell whether it came to start."""
        from pizzabar.wire import server
        from pizzabar.wire.http import Server

        settings = self.settings(**overrides)
        return server.run(Server(lambda: settings, program=self.program()), settings)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve, under any ASGI server; mounted in another application, with that one's ``lifespan``."""
        await self._asgi()(scope, receive, send)

    def lifespan(self, app: object) -> AbstractAsyncContextManager[None]:
        """Start and stop with an application that this one is mounted in: ``FastAPI(lifespan=app.lifespan)``."""
        return self._asgi().lifespan()

    def _asgi(self) -> "Server":
        if self._server is None:
            from pizzabar.wire.http import Server

            self._server = Server(self.settings, program=self.program())
        return self._server

    # What a template would say

    def program(self) -> Program:
        """Give what is registered, as resources and the handlers of functions."""
        handlers = {name: handler for name, (handler, _, _) in self._functions.items()}
        return Program(self._written, handlers, has_template=self._given.template is not None)

    def _written(self, existing: Mapping[str, str]) -> Mapping[str, tuple[JSON, "Place"]]:
        """Give the resources, given the types of those that the template has."""
        written = dict(self._resources)
        for name, (_, properties, place) in self._functions.items():
            if existing.get(name) not in FUNCTION_TYPES:
                written[name] = {"Type": "AWS::Lambda::Function", "Properties": properties}, place
        if self._routes:
            written |= self._written_routes(existing, {*existing, *written})
        known = {*existing, *written}
        return {name: (_with_names(resource, known), place) for name, (resource, place) in written.items()}

    def _written_routes(self, existing: Mapping[str, str], taken: set[str]) -> dict[str, tuple[JSON, "Place"]]:
        place = next(iter(self._routes.values()))[1]
        written: dict[str, tuple[JSON, Place]] = {}

        def add(name: str, type: str, place: "Place", **properties: JSON) -> str:
            name = _free(name, taken)
            taken.add(name)
            written[name] = {"Type": f"AWS::ApiGatewayV2::{type}", "Properties": properties}, place
            return name

        api = next((name for name, type in existing.items() if type in API_TYPES), None)
        if api is None:
            api = add(
                "Api",
                "Api",
                place,
                Name="api",
                ProtocolType="WEBSOCKET",
                RouteSelectionExpression=self._route_selection_expression,
            )
            add("ApiStage", "Stage", place, ApiId={"Ref": api}, StageName=self._stage, AutoDeploy=True)
        for key, (function, where) in self._routes.items():
            base, its_api = f"{function}Route", {"Ref": api}
            integration = add(
                f"{base}Integration",
                "Integration",
                where,
                ApiId=its_api,
                IntegrationType="AWS_PROXY",
                IntegrationUri={"Fn::Sub": INVOKE % function},
            )
            permission = _permission(function, "apigateway.amazonaws.com", {"Fn::Sub": f"{ROUTES % api}/{key}"})
            name = _free(f"{base}Permission", taken)
            taken.add(name)
            written[name] = {"Type": "AWS::Lambda::Permission", "Properties": permission}, where
            target = {"Fn::Sub": f"integrations/${{{integration}}}"}
            route = add(base, "Route", where, ApiId=its_api, RouteKey=key, Target=target)
            if key not in ("$connect", "$disconnect"):
                add(
                    f"{base}Response",
                    "RouteResponse",
                    where,
                    ApiId=its_api,
                    RouteId={"Ref": route},
                    RouteResponseKey="$default",
                )
        return written

    def _route(self, key: str, handler: H) -> H:
        place = _place_of(handler)
        if key in self._routes:
            raise ValueError(f"{place[0]}:{place[1]}: the route {key} has a handler already")
        name = _hook_id(key)
        if key not in SPECIAL_ROUTES:
            name = _free(name, {*self._places, *map(_hook_id, SPECIAL_ROUTES)})
        self._routes[key] = self._function(name, hook(handler), {"Timeout": 29}, place=place), place
        return handler

    def _function(
        self,
        logical_id: str,
        handler: Handler,
        properties: JSON,
        *,
        place: "Place | None" = None,
        may_exist: bool = False,
    ) -> str:
        where = place or _place_of(handler)
        if may_exist and logical_id in self._functions and self._functions[logical_id][0] is handler:
            return logical_id
        self._take(logical_id, where)
        self._functions[logical_id] = handler, properties, where
        return logical_id

    def _add(self, logical_id: str, type: str, properties: JSON, place: "Place") -> None:
        self._take(logical_id, place)
        self._resources[logical_id] = {"Type": type, "Properties": properties}, place

    def _take(self, logical_id: str, place: "Place") -> None:
        other = self._places.setdefault(logical_id, place)
        if other is not place:
            raise ValueError(f"{place[0]}:{place[1]}: there is {logical_id} already, at {other[0]}:{other[1]}")


def _permission(function: str, service: str, source_arn: JSON) -> JSON:
    """Let a service invoke a function on behalf of a route or a rule."""
    return {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Fn::GetAtt": [function, "Arn"]},
        "Principal": service,
        "SourceArn": source_arn,
    }


Place = tuple[str, int]
"""A file and a line."""


class Named(str):
    """The name of a bus, or the logical ID of one in the template."""


def _with_names(value: JSON, known: set[str]) -> JSON:
    """Write names as references where they are logical IDs."""
    if isinstance(value, Named):
        return (
            {"Ref": _bus_id(value)}
            if _bus_id(value) in known
            else {"Ref": str(value)}
            if value in known
            else str(value)
        )
    if isinstance(value, dict):
        return {name: _with_names(member, known) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_names(member, known) for member in value]
    return value


@asynccontextmanager
async def _opened(settings: Settings, program: Program) -> AsyncIterator[Emulator]:
    emulator = await Emulator.open(settings, program=program)
    try:
        yield emulator
    finally:
        await emulator.close()


def _free(name: str, taken: Container[str]) -> str:
    """Give a logical ID that is not taken: the name, or the name with a number."""
    return next(each for each in chain([name], (f"{name}{number}" for number in count(2))) if each not in taken)


def _bus_id(name: str) -> str:
    return f"{_camel(name)}Bus"


def _hook_id(key: str) -> str:
    return f"{_camel(key)}Hook"


def _camel(name: str) -> str:
    """Make a logical ID of a name: ``on_status`` is ``OnStatus``, ``$connect`` is ``Connect``."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _name_of(handler: Handler) -> str:
    return str(getattr(handler, "__name__", type(handler).__name__))


def _place_of(handler: Handler) -> Place:
    code = getattr(getattr(handler, "__wrapped__", handler), "__code__", None)
    return ("?", 1) if code is None else (code.co_filename, code.co_firstlineno)


def _caller() -> Place:
    """Give the place of whoever called the method that asks."""
    frame = sys._getframe(2)
    return frame.f_code.co_filename, frame.f_lineno
