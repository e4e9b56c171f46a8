"""Mapping templates, tried out."""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from pizzabar.apigateway.api import WebSocketApi
from pizzabar.apigateway.apis import new_id
from pizzabar.apigateway.connections import Connection
from pizzabar.apigateway.mapping_template import Variables, trace
from pizzabar.apigateway.request import Request
from pizzabar.emulator import Emulator

EventType = Literal["CONNECT", "MESSAGE", "DISCONNECT"]
INTEGRATION = "AWS::ApiGatewayV2::Integration"
ROUTE_KEYS = {"CONNECT": "$connect", "MESSAGE": "$default", "DISCONNECT": "$disconnect"}


class Trial(BaseModel):
    """A template, and what it is rendered with. What is left out is as in a real message."""

    template: str | None = Field(default=None, description="the text; or name an integration of the stack")
    integration: str | None = Field(default=None, description="the logical ID or id of an integration")
    key: str = Field("$default", description="which of the integration's templates")
    body: str = Field("", description="the message: $input.body")
    event_type: EventType = "MESSAGE"
    headers: dict[str, str] = Field(default_factory=dict, description="of a handshake: $input.params('header')")
    querystring: dict[str, str] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict, description="laid over $context")
    stage_variables: dict[str, str] = Field(default_factory=dict, description="laid over those of the stage")


class Origin(BaseModel):
    """A stretch of the template."""

    start: int
    end: int = Field(description="not included")
    line: int
    column: int
    source: str = Field(description="as it is written")


class Evaluation(BaseModel):
    """A reference that was evaluated."""

    reference: Origin
    value: Any = Field(description="what came of it; much of a large one is left out")
    type: str = Field(description="its Java class")


class Piece(BaseModel):
    """A piece of the output."""

    kind: Literal["text", "reference"]
    start: int
    end: int = Field(description="not included")
    text: str
    template: Origin
    values: list[Evaluation]
    within: int | None = Field(description="the step that it is a part of, by its index")


class Step(BaseModel):
    """One thing that was done on the way: #set, #if, #foreach and others."""

    kind: str
    template: Origin
    outcome: Any = Field(description="the value that was set, whether a branch was taken, the item of an iteration")
    values: list[Evaluation]
    within: int | None = Field(description="the step that it is a part of, by its index")


class Fault(BaseModel):
    """What is wrong with a template, or why its rendering failed."""

    line: int
    column: int
    message: str


class Configured(BaseModel):
    """A template of an integration."""

    api: str = Field(description="the name of the API")
    integration: str = Field(description="the logical ID of the integration, or its id")
    key: str
    routes: list[str] = Field(description="the keys of the routes that it answers")
    text: str


class Rendered(BaseModel):
    """What a template gives, and how it came to it."""

    output: str = Field(description="with faults, what was printed until then")
    faults: list[Fault]
    pieces: list[Piece] = Field(
        description="which piece of output came from where; their texts, joined, are the output"
    )
    steps: list[Step] = Field(description="in the order in which they were done")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/mapping-templates", tags=["mapping templates"])

    @routes.get("")
    async def list_templates() -> list[Configured]:
        """List the request templates of all integrations."""
        names = {each.identity.ref: each.logical_id for each in emulator.stack.resources if each.type == INTEGRATION}
        return [
            Configured(
                api=api.name,
                integration=names.get(id, id),
                key=key,
                routes=sorted(route.key for route in api.routes.values() if route.integration_id == id),
                text=template.text,
            )
            for api in emulator.apis
            for id, integration in api.integrations.items()
            for key, template in integration.templates.items()
        ]

    @routes.post("/render")
    async def render(trial: Trial) -> Rendered:
        """Render a mapping template, and tell which piece of output came from which piece of template, and why."""
        text, api = _template(emulator, trial)
        return Rendered(**trace(text, _variables(emulator, trial, api)).document())

    return routes


def _template(emulator: Emulator, trial: Trial) -> tuple[str, WebSocketApi | None]:
    """Give the text to render, and the API whose messages are rendered by it."""
    if (trial.template is None) == (trial.integration is None):
        raise HTTPException(422, "give either a template or an integration")
    if trial.template is not None:
        return trial.template, next(iter(emulator.apis), None)
    name = trial.integration or ""
    ids = {each.logical_id: each.identity.ref for each in emulator.stack.resources}
    for api in emulator.apis:
        integration = api.integrations.get(ids.get(name, name))
        if integration is None:
            continue
        template = integration.templates.get(trial.key)
        if template is None:
            known = ", ".join(integration.templates) or "none"
            raise HTTPException(404, f"the integration {name} has no template {trial.key}: it has {known}")
        return template.text, api
    raise HTTPException(404, f"there is no integration {name}")


def _variables(emulator: Emulator, trial: Trial, api: WebSocketApi | None) -> Variables:
    now = emulator.clock.now()
    stage = None if api is None else next(iter(api.stages.values()), None)
    variables = {**({} if stage is None else stage.variables), **trial.stage_variables}
    connection = Connection(
        new_id(),
        "a1b2c3d4e5" if api is None else api.id,
        "api" if stage is None else stage.name,
        f"localhost:{emulator.settings.port}",
        now,
        "127.0.0.1",
        "wscat",
    )
    request = Request(
        connection,
        ROUTE_KEYS[trial.event_type],
        trial.event_type,
        new_id(),
        now,
        trial.body,
        new_id() if trial.event_type == "MESSAGE" else None,
        headers=tuple(trial.headers.items()),
        query=tuple(trial.querystring.items()),
        stage_variables=variables,
    )
    return Variables(trial.body, request.context() | trial.context, request.params(), variables)
