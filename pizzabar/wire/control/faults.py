"""Faults on purpose: which hops go wrong, and how."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.faults import FaultRule, InvalidFault

Kind = Annotated[
    Literal["duplicate", "error", "gone", "latency", "throttle", "time-out", "vanish"],
    Field(description="what goes wrong: see the README"),
]


MOST = (1 << 53) - 1
"""The largest integer that every reader of JSON reads as it is."""


class Rule(BaseModel):
    """What goes wrong, and with which hops."""

    kind: Kind
    service: str = Field("*", description="boto3's name of the service; apigateway for frames")
    operation: str = Field(
        "*", description="the operation; the key of a frame's route; Invocation for a handler's run"
    )
    state: str = Field("", description="a state of a state machine: the client goes as an execution enters it")
    about: str = Field("", description="text that the hop's parameters, as JSON, have: a table's name, say")
    skip: int = Field(0, ge=0, le=MOST, description="how many hops go well first")
    times: int | None = Field(1, ge=1, le=MOST, description="how many go wrong; null for all")
    share: float = Field(1.0, ge=0, le=1, description="the chance of each to go wrong")
    seed: int = Field(0, ge=-MOST, le=MOST, description="what that chance is drawn from")
    seconds: float = Field(30.0, ge=0, le=86_400, description="of a latency or a time-out")
    code: str = Field("InternalServerError", description="of an error: one word")
    message: str = "It fails on purpose."
    status: int = Field(500, ge=400, le=599, description="of an error")


class Heeded(Rule):
    """A rule that is heeded."""

    number: int
    broken: int = Field(description="how many hops it has broken")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["faults"])

    @routes.get("/faults")
    async def list_faults() -> list[Heeded]:
        """List the rules that are heeded."""
        return [Heeded(number=number, broken=broken, **rule.as_json()) for number, rule, broken in emulator.faults]

    @routes.post("/faults")
    async def add_fault(rule: Rule) -> Heeded:
        """Have hops go wrong from here on."""
        try:
            made = FaultRule(**rule.model_dump())
            number = emulator.faults.add(made)
        except InvalidFault as error:
            raise HTTPException(422, str(error)) from None
        return Heeded(number=number, broken=0, **made.as_json())

    @routes.post("/faults/clear")
    async def clear_faults() -> list[Heeded]:
        """Have nothing go wrong any more."""
        emulator.faults.clear()
        return []

    @routes.post("/faults/{number}/remove")
    async def remove_fault(number: int) -> list[Heeded]:
        """Heed a rule no more, and list the others."""
        if not emulator.faults.remove(number):
            raise HTTPException(404, f"there is no fault {number}")
        return await list_faults()

    return routes
