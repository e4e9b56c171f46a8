"""State machines: their definitions, and drawings of them."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.stepfunctions.graph import read_graph, to_svg
from pizzabar.wire.control.problem import Refusals

SVG = "image/svg+xml"
DRAWN: Refusals = {200: {"content": {SVG: {}}, "description": "a drawing in SVG, without colours"}}


class StateMachine(BaseModel):
    """A state machine as it is now."""

    arn: str
    name: str
    type: str = Field(description="STANDARD or EXPRESS")
    role: str = Field(description="the ARN of the role that it asks as")
    definition: dict[str, Any]


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["executions"])

    @routes.get("/state-machines")
    async def list_state_machines() -> list[StateMachine]:
        """List the state machines."""
        return [
            StateMachine(
                arn=each.arn, name=each.name, type=each.type, role=each.role_arn, definition=each.machine.definition
            )
            for each in emulator.state_machines
        ]

    @routes.get("/state-machines/{machine}/graph", response_class=Response, responses=DRAWN)
    async def draw_state_machine(machine: str) -> Response:
        """Draw a state machine as it is now. Each state has its name in ``data-state``."""
        return _drawn(emulator.state_machines.get(machine).machine.definition)

    @routes.get("/executions/{arn}/graph", response_class=Response, responses=DRAWN)
    async def draw_execution(arn: str) -> Response:
        """Draw the definition that an execution goes by. Each state has its name in ``data-state``."""
        return _drawn((await emulator.executions.machine(arn)).definition)

    return routes


def _drawn(definition: Any) -> Response:
    return Response(to_svg(read_graph(definition), is_styled=False), media_type=SVG)
