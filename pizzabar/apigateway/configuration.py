"""
What WebSocket APIs are made of, as it was configured: by a template, or by calls.

A part of an API (a route, a stage, …) has the properties that a template's resource of its type has, is held to the
same shape and checks, and comes to be in the same way. A change makes the API anew from all its parts; deployments
stay what they were.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/operations.html
"""

import secrets
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pizzabar.apigateway.api import WebSocketApi
from pizzabar.apigateway.apis import WebSocketApis
from pizzabar.apigateway.errors import BadRequestException, ConflictException, NotFoundException
from pizzabar.apigateway.resources import RESOURCES as TYPES
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.errors import Fault, ServiceError
from pizzabar.record import record
from pizzabar.resource import Identity, Resource, ResourceType

PREFIX = "AWS::ApiGatewayV2::"
MADE_IN_ORDER = ("Api", "Model", "Authorizer", "Integration", "IntegrationResponse", "Route", "RouteResponse")
CONFIGURED = (
    "name",
    "select_route",
    "integrations",
    "routes",
    "authorizers",
    "models",
    "selects_by_context",
    "is_validating",
    "is_key_authorized",
    "route_keys",
)
"""The fields of an API that its parts make, stages and deployments aside."""

PARENTS = {"IntegrationResponse": "IntegrationId", "RouteResponse": "RouteId"}
"""The parts of parts, and the property that names what they belong to."""

_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(slots=True)
class Part:
    """A part of an API, or an API itself: its ``kind`` is the last word of its type."""

    kind: str
    id: str
    api_id: str
    properties: dict[str, JSON]
    created: datetime
    updated: datetime
    is_asked: bool = False
    """Whether calls have made it, and not the template."""
    is_changed: bool = False
    """Whether calls have changed what the template made."""
    deployed: list[JSON] = field(default_factory=list)
    """Of a deployment that calls have made: the parts as they were."""

    @property
    def label(self) -> str:
        """What people know it by."""
        names = (self.properties.get(name) for name in ("RouteKey", "StageName", "Name"))
        return f"the {self.kind} {next(filter(None, names), self.id)}"

    def resource(self) -> Resource:
        """Give it as a template would."""
        return Resource(self.id, PREFIX + self.kind, self.properties, Identity(self.id))

    def to_json(self) -> JSON:
        """Write it down."""
        return {
            "kind": self.kind,
            "id": self.id,
            "api": self.api_id,
            "properties": self.properties,
            "created": self.created.timestamp(),
            "updated": self.updated.timestamp(),
            "deployed": self.deployed,
        }

    @classmethod
    def from_json(cls, written: JSON) -> "Part":
        """Read what ``to_json`` has written."""
        return cls(
            written["kind"],
            written["id"],
            written["api"],
            written["properties"],
            datetime.fromtimestamp(written["created"], UTC),
            datetime.fromtimestamp(written["updated"], UTC),
            is_asked=True,
            deployed=written["deployed"],
        )


class Configuration:
    """The parts of every API of one account and region."""

    def __init__(self, apis: WebSocketApis, clock: Clock, has_operation: Callable[[str, str], bool]) -> None:
        self.apis = apis
        self._clock = clock
        self._has_operation = has_operation
        self._parts: dict[tuple[str, str, str], Part] = {}
        self._gone: list[str] = []

    # What the template makes

    def enter(self, resource: Resource) -> None:
        """Enter what a template has made."""
        kind = resource.type.removeprefix(PREFIX)
        if not resource.type.startswith(PREFIX):
            return
        now, id_ = self._clock.now(), resource.identity.ref
        properties = dict(resource.properties)
        self._put(Part(kind, id_, str(properties.get("ApiId", id_)), properties, now, now))
        if kind == "Deployment":
            self._bring_stage(properties, id_, is_asked=False)

    def _bring_stage(self, properties: Mapping[str, JSON], deployment_id: str, *, is_asked: bool) -> None:
        """Enter the stage that a deployment brings along, or renew it."""
        name, api_id, now = properties.get("StageName"), properties["ApiId"], self._clock.now()
        if name is None:
            return
        stage = self._parts.get(("Stage", api_id, name))
        if stage is None:
            given = {"ApiId": api_id, "StageName": name, "DeploymentId": deployment_id}
            self._put(Part("Stage", name, api_id, given, now, now, is_asked=is_asked))
        elif stage.properties.get("DeploymentId") != deployment_id:
            renewed = {**stage.properties, "DeploymentId": deployment_id}
            is_changed = is_asked and not stage.is_asked
            self._put(replace(stage, properties=renewed, updated=now, is_changed=is_changed))

    def take_out(self, resource: Resource) -> None:
        """Let go what a template has made and has no more; ``renew`` takes note of it."""
        kind, id_ = resource.type.removeprefix(PREFIX), resource.identity.ref
        api_id = str(resource.properties.get("ApiId", id_))
        if self._parts.pop((kind, api_id, id_), None) is not None and kind == "Api":
            self.apis.remove(api_id)

    def renew(self) -> None:
        """Make every API what its parts are now, and let the template's deployments have that."""
        for api in self.find("Api"):
            self._make_anew(api.id)
            for part in self._parts_of(api.id):
                if part.kind == "Deployment" and not part.is_asked:
                    self.apis.get(api.id).deploy(part.id)
            self._restore_deployments(api.id)
            # Now that there is something for its stages to have.
            self._make_anew(api.id)

    # Reading

    def get(self, kind: str, api_id: str, id: str) -> Part:
        """Find a part. Raise ``NotFoundException``."""
        if ("Api", api_id, api_id) not in self._parts:
            raise NotFoundException(f"Invalid API identifier specified {api_id}")
        part = self._parts.get((kind, api_id, id))
        if part is None:
            raise NotFoundException(f"Unable to find {kind} by ID {id}")
        return part

    def find(self, kind: str, api_id: str | None = None, parent: str | None = None) -> Sequence[Part]:
        """Give the parts of a kind: all APIs, those of an API, or those of a part of it.

        Raise ``NotFoundException``.
        """
        if api_id is not None:
            self.get("Api", api_id, api_id)
        if parent is not None:
            self.get(kind.removesuffix("Response"), str(api_id), parent)
        return [
            part
            for part in self._parts.values()
            if part.kind == kind
            and api_id in (None, part.api_id)
            and (parent is None or part.properties[PARENTS[kind]] == parent)
        ]

    # Changing

    def create(self, kind: str, properties: dict[str, JSON]) -> Part:
        """Make a part of an API, or an API.

        Raise ``BadRequestException``, ``ConflictException`` or ``NotFoundException``.
        """
        id_ = _new_id(10 if kind == "Api" else 7) if kind != "Stage" else str(properties["StageName"])
        api_id = id_ if kind == "Api" else str(properties["ApiId"])
        now = self._clock.now()
        part = Part(kind, id_, api_id, properties, now, now, is_asked=True)
        if kind != "Api":
            self.get("Api", api_id, api_id)
        self._check(part)
        with self._whole_or_not_at_all(api_id):
            if kind == "Deployment":
                part.deployed = [each.to_json() for each in self._parts_of(api_id) if each.kind in MADE_IN_ORDER]
                self.apis.get(api_id).deploy(id_)
            self._put(part)
            if kind == "Deployment":
                self._bring_stage(properties, id_, is_asked=True)
            if kind == "Api":
                self.apis.add(_build([part]))
            self._make_anew(api_id)
        return part

    def update(self, part: Part, properties: Mapping[str, JSON]) -> Part:
        """Give a part other properties, those that are given. Raise as ``create`` does."""
        changed = replace(
            part,
            properties={**part.properties, **properties},
            updated=self._clock.now(),
            is_changed=not part.is_asked,
        )
        self._check(changed, instead_of=part)
        with self._whole_or_not_at_all(part.api_id):
            self._put(changed)
            self._make_anew(part.api_id)
        return changed

    def delete(self, part: Part) -> None:
        """Take a part out, with what belongs to it. Raise ``BadRequestException`` or ``ConflictException``."""
        others = self._parts_of(part.api_id)
        if part.kind == "Deployment" and any(each.properties.get("DeploymentId") == part.id for each in others):
            raise BadRequestException("Active stages pointing to this deployment must be moved or deleted")
        users = [
            each.id
            for each in others
            if part.id in (each.properties.get("AuthorizerId"), str(each.properties.get("Target"))[13:])
        ]
        if part.kind in ("Integration", "Authorizer") and users:
            raise ConflictException(f"Cannot delete {part.kind} {part.id}: the route {users[0]} has it")
        for each in others:
            if part.kind == "Api" or each is part or each.properties.get(f"{part.kind}Id") == part.id != each.id:
                del self._parts[each.kind, each.api_id, each.id]
                if not each.is_asked:
                    self._gone.append(f"{each.label} is there again, as the template has it")
        if part.kind == "Api":
            self.apis.remove(part.id)
            return
        if part.kind == "Deployment":
            self.apis.get(part.api_id).deployments.pop(part.id, None)
        self._make_anew(part.api_id)

    # Keeping

    def to_keep(self) -> JSON:
        """Give what calls have made, and what they have changed of the template's."""
        changed = [f"{each.label} is the template's again" for each in self if each.is_changed]
        return {"parts": [each.to_json() for each in self if each.is_asked], "changed": changed + self._gone}

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what calls have made; tell of what the template has changed back, and of what has no place."""
        told: list[str] = list(document["changed"])
        for written in document["parts"]:
            part = Part.from_json(written)
            if part.kind != "Api" and ("Api", part.api_id, part.api_id) not in self._parts:
                told.append(f"{part.label} is gone with the API {part.api_id}")
            elif (part.kind, part.api_id, part.id) in self._parts:
                told.append(f"{part.label} is the template's again")
            elif part.kind == "Api" and (why := self._why_faulty(part)) is not None:
                told.append(_left_out(part, why))
            else:
                self._put(part)
                if part.kind == "Api":
                    self.apis.add(_build([part]))
        for api in self.find("Api"):
            if any(part.is_asked for part in self._parts_of(api.id)):
                told += self._make_again(api.id)
        return told

    def _make_again(self, api_id: str) -> list[str]:
        """Make an API of what was kept, without the parts that it cannot be made with; tell of those."""
        told: list[str] = []
        while True:
            try:
                self._restore_deployments(api_id)
                self._make_anew(api_id)
            except Exception:
                asked = [(part, self._why_faulty(part)) for part in self._parts_of(api_id) if part.is_asked]
                faulty = [(part, why) for part, why in asked if why is not None]
                if not faulty:
                    raise
                # What refers to them is faulty then, and goes in the next turn.
                for part, why in faulty:
                    told.append(_left_out(part, why))
                    del self._parts[part.kind, part.api_id, part.id]
            else:
                return told

    def _why_faulty(self, part: Part) -> str | None:
        """Tell why a part that was kept would be refused now; None if it would not."""
        try:
            self._check(part, instead_of=part)
        except ServiceError as error:
            return error.message
        deployed = [Part.from_json(each) for each in part.deployed]
        faults = [_told(fault) for each in deployed for fault in _type(each).check(each.properties)]
        return "; ".join(faults) or None

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts.values())

    # How it is done

    @contextmanager
    def _whole_or_not_at_all(self, api_id: str) -> Iterator[None]:
        """Let an API have what it had before, when it cannot be made with a change."""
        before = dict(self._parts)
        try:
            yield
        except BaseException:
            new = self._parts.keys() - before.keys()
            self._parts = before
            for kind, _, id_ in new:
                if kind == "Deployment":
                    self.apis.get(api_id).deployments.pop(id_, None)
            if ("Api", api_id, api_id) in before:
                self._make_anew(api_id)
            else:
                self.apis.remove(api_id)
            raise

    def _put(self, part: Part) -> None:
        self._parts[part.kind, part.api_id, part.id] = part

    def _parts_of(self, api_id: str) -> Sequence[Part]:
        return [part for part in self._parts.values() if part.api_id == api_id]

    def _restore_deployments(self, api_id: str) -> None:
        """Give an API the deployments that calls have made, as they were."""
        for part in self._parts_of(api_id):
            if part.deployed:
                was = _build([Part.from_json(each) for each in part.deployed])
                self.apis.get(api_id).deployments[part.id] = was

    def _make_anew(self, api_id: str) -> None:
        """Make an API what its parts say."""
        parts = self._parts_of(api_id)
        api, made = self.apis.get(api_id), _build(parts)
        for name in CONFIGURED:
            setattr(api, name, getattr(made, name))
        api.stages = {}
        for part in parts:
            if part.kind == "Stage":
                _at_once(_type(part).create, self.apis, part.resource())

    def _check(self, part: Part, *, instead_of: Part | None = None) -> None:
        """Hold a part to what a template's would be held to."""
        type_, properties = _type(part), part.properties
        faults = [_told(each) for each in type_.check(properties)]
        for asked in type_.asks(properties):
            if not self._has_operation(asked.service, asked.operation):
                faults.append(f"{asked.service}:{asked.operation} is not supported")
        others = [each for each in self._parts_of(part.api_id) if each is not instead_of]
        for name, reference in type_.references.items():
            kind = reference.type.removeprefix(PREFIX)
            value = properties.get(name)
            values = value.values() if isinstance(value, dict) else () if value is None else [value]
            if kind == "Api":
                continue
            for each in values:
                id_ = str(each).removeprefix(reference.prefix)
                if not any(
                    other.kind == kind
                    and str(each).startswith(reference.prefix)
                    and id_ in (other.id, other.properties.get(reference.name or ""))
                    for other in others
                ):
                    faults.append(f"Unable to find {kind} by ID {id_}")
        if faults:
            raise BadRequestException("; ".join(faults))
        if unique := [name for name in type_.unique if name != "ApiId"]:
            [name] = unique
            if any(each.kind == part.kind and each.properties.get(name) == properties[name] for each in others):
                # The words for routes were seen; those for the others are made after them.
                what = "key" if name == "RouteKey" else "name"
                raise ConflictException(f"{part.kind} with {what} {properties[name]} already exists for this API")


@record
class _Bench:
    """What stands in for the APIs while one of them is made."""

    made: dict[str, WebSocketApi]

    def add(self, api: WebSocketApi) -> None:
        self.made[api.id] = api

    def get(self, api_id: str) -> WebSocketApi:
        return self.made[api_id]


def _build(parts: Iterable[Part]) -> WebSocketApi:
    """Make an API from its parts, without stages."""
    bench = _Bench({})
    for kind in MADE_IN_ORDER:
        for part in parts:
            if part.kind == kind:
                _at_once(_type(part).create, bench, part.resource())
    [api] = bench.made.values()
    return api


def _left_out(part: Part, why: str) -> str:
    return f"{part.label} is left out: {why}"


def _told(fault: Fault) -> str:
    path = "/".join(map(str, fault.path))
    return f"{path}: {fault.message}" if path else fault.message


def _type(part: Part) -> ResourceType:
    return TYPES[PREFIX + part.kind]


def _at_once(create: Callable[[Any, Resource], Any] | None, apis: object, resource: Resource) -> None:
    """Run what makes a part: it waits for nothing."""
    assert create is not None
    creation: Coroutine[Any, Any, None] = create(apis, resource)
    try:
        creation.send(None)
    except StopIteration:
        return
    raise AssertionError(f"making {resource.type} waits")


def _new_id(length: int) -> str:
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(length))


def _entered(type_: ResourceType) -> ResourceType:
    """Have what a template makes entered, too."""
    create = type_.create

    async def create_and_enter(configuration: Configuration, resource: Resource) -> None:
        if create is not None:
            await create(configuration.apis, resource)
        configuration.enter(resource)

    async def take_out(configuration: Configuration, resource: Resource) -> None:
        configuration.take_out(resource)

    return replace(type_, create=create_and_enter, remove=take_out)


RESOURCES: dict[str, ResourceType] = {name: _entered(type_) for name, type_ in TYPES.items()}
"""The resource types of this room, for a ``Configuration``."""
