"""Health: whether the emulator runs, and whether it is ready."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from pizzabar import __version__
from pizzabar.emulator import Emulator
from pizzabar.errors import PizzabarError
from pizzabar.wire.control.problem import refused


class Health(BaseModel):
    """That the emulator runs, and how much of what it holds."""

    status: Literal["ok"] = "ok"
    version: str = __version__
    stack: str = Field(description="the name of the stack")
    connections: int = Field(description="how many are open")


class Ready(BaseModel):
    """That the emulator takes requests, and its state can be written."""

    status: Literal["ready"] = "ready"


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health")
    async def health() -> Health:
        """Tell that the emulator runs."""
        return Health(stack=emulator.stack.name, connections=len(emulator.runtime.connections))

    @routes.get("/ready", responses=refused(503, "The state cannot be written any more"))
    async def ready() -> Ready:
        """Tell whether requests are taken: the stack is there, and what is changed can be made durable."""
        try:
            await emulator.runtime.durable()
        except PizzabarError as error:
            raise HTTPException(503, str(error)) from None
        return Ready()

    return routes
