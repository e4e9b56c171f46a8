"""The stack: its resources, outputs, and what of its template has no effect here."""

import asyncio
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.eventbridge.secrets import masked
from pizzabar.linting import lint_stack


class Resource(BaseModel):
    """A resource of the template."""

    logical_id: str
    type: str
    file: str = Field(description="where it stands")
    line: int
    ref: str = Field(description="what Ref gives")
    attributes: dict[str, str] = Field(description="what Fn::GetAtt gives")
    properties: dict[str, Any]


class Output(BaseModel):
    """An output of the stack."""

    value: str
    description: str


class Note(BaseModel):
    """Something of the template that does nothing here."""

    place: str
    why: str


class Stack(BaseModel):
    """What the template came to."""

    name: str
    description: str
    parameters: dict[str, Any] = Field(description="their values; **** for one that is not to be shown")
    resources: list[Resource] = Field(description="in the order of their creation")
    outputs: dict[str, Output]
    without_effect: list[Note]
    ignored: list[str] = Field(description="what a lenient reading went over")


class Finding(BaseModel):
    """What of the template will go wrong on AWS, or is not what its author thinks."""

    code: str
    severity: Literal["error", "warning", "note"]
    file: str
    line: int
    column: int
    resource: str = Field(description="the logical ID; empty if there is none")
    why: str
    mend: str
    url: str = Field(description="AWS's page")


class Api(BaseModel):
    """A WebSocket API, and where it is to be found."""

    id: str
    name: str
    stages: dict[str, str] = Field(description="the paths of its stages, those with nothing deployed left out")
    routes: list[str] = Field(description="its route keys")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["stack"])

    @routes.get("/resources")
    async def resources() -> Stack:
        """Read the stack: resources, outputs, and what has no effect."""
        stack = emulator.stack
        places = {each.logical_id: stack.nodes.written[each.logical_id].position for each in stack.resources}
        return Stack(
            name=stack.name,
            description=stack.description,
            parameters=dict(stack.parameters),
            resources=[
                Resource(
                    logical_id=each.logical_id,
                    type=each.type,
                    file=places[each.logical_id].file,
                    line=places[each.logical_id].line,
                    ref=each.identity.ref,
                    attributes=dict(each.identity.attributes),
                    properties=masked(dict(each.properties)),
                )
                for each in stack.resources
            ],
            outputs={
                name: Output(value=output.value, description=output.description)
                for name, output in stack.outputs.items()
            },
            without_effect=[
                Note(place=place, why=why or "nothing here asks for it") for place, why in stack.without_effect
            ],
            ignored=[str(fault) for fault in stack.ignored],
        )

    @routes.get("/apis")
    async def apis() -> list[Api]:
        """List the WebSocket APIs."""
        return [
            Api(
                id=api.id,
                name=api.name,
                stages={stage.name: f"/{stage.name}" for stage in api.stages.values() if stage.deployed is not None},
                routes=sorted(api.routes),
            )
            for api in emulator.apis
        ]

    @routes.get("/findings")
    async def findings() -> list[Finding]:
        """Look at the stack as `pizzabar lint` does."""
        # In a thread: it takes long, and others are being served.
        found = await asyncio.to_thread(lint_stack, emulator.settings, emulator.stack, emulator.clock.now().date())
        return [Finding(**each.as_json()) for each in found]

    return routes
