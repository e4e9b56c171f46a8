"""Mapping templates, tried out."""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from pizzabar.apigateway.api import WebSocketApi
from pizzabar.apigateway.apis import new_id
from pizzabar.apigateway.connections import Connection
from pizzabar.apigateway.integration import Integration
from pizzabar.apigateway.mapping_template import MappingTemplate, Variables, trace
from pizzabar.apigateway.request import Request
from pizzabar.emulator import Emulator

EventType = Literal["CONNECT", "MESSAGE", "DISCONNECT"]
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
    stage_variables: dict[str, str] = Field(default_factory=dict)


class Rendered(BaseModel):
    """What a template gives, and how it came to it."""

    output: str
    faults: list[dict[str, Any]] = Field(description="why it failed, with line and column; none if it did not")
    pieces: list[dict[str, Any]] = Field(description="which piece of output came from where, with which values")
    steps: list[dict[str, Any]] = Field(description="what was done on the way: #set, #if, #foreach and others")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/mapping-templates", tags=["mapping templates"])

    @routes.post("/render")
    async def render(trial: Trial) -> Rendered:
        """Render a mapping template, and tell which piece of output came from which piece of template, and why."""
        found = trace(_text(emulator, trial), _variables(emulator, trial))
        return Rendered(**found.document())

    return routes


def _text(emulator: Emulator, trial: Trial) -> str:
    if (trial.template is None) == (trial.integration is None):
        raise HTTPException(422, "give either a template or an integration")
    if trial.template is not None:
        return trial.template
    found = _integration(emulator, trial.integration or "")
    if found is None:
        raise HTTPException(404, f"there is no integration {trial.integration}")
    template: MappingTemplate | None = found[1].templates.get(trial.key)
    if template is None:
        raise HTTPException(
            404, f"the integration has no template {trial.key}: it has {', '.join(found[1].templates)}"
        )
    return template.text


def _integration(emulator: Emulator, name: str) -> tuple[WebSocketApi, Integration] | None:
    ids = {each.logical_id: each.identity.ref for each in emulator.stack.resources}
    wanted = ids.get(name, name)
    for api in emulator.apis:
        if wanted in api.integrations:
            return api, api.integrations[wanted]
    return None


def _variables(emulator: Emulator, trial: Trial) -> Variables:
    now = emulator.clock.now()
    api = next(iter(emulator.apis), None)
    stage = "api" if api is None or not api.stages else next(iter(api.stages))
    api_id = "a1b2c3d4e5" if api is None else api.id
    connection = Connection(new_id(), api_id, stage, "localhost:8000", now, "127.0.0.1", "wscat")
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
        stage_variables=trial.stage_variables,
    )
    return Variables(trial.body, request.context() | trial.context, request.params(), trial.stage_variables)
