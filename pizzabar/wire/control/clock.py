"""The clock: read, set, moved."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from pizzabar.clock import SystemClock, VirtualClock
from pizzabar.emulator import ClockStandsStill, Emulator
from pizzabar.wire.control.problem import refused

Mode = Annotated[
    Literal["real", "virtual", "auto"],
    Field(description="virtual time stands still until it is moved; in auto it skips every wait"),
]


class Clock(BaseModel):
    """What the clock shows."""

    mode: Mode
    speed: float | None = Field(default=None, description="by which waits are divided, in real time")
    now: datetime = Field(description="what time it is, in UTC")
    next_call: datetime | None = Field(default=None, description="when the next call that the clock owes is due")


class SetClock(BaseModel):
    """How the clock is to go on."""

    mode: Mode
    speed: float = Field(1.0, gt=0, allow_inf_nan=False, description="by which waits are divided, in real time")


class Speed(BaseModel):
    """By how much waits are to be divided in real time."""

    speed: float = Field(gt=0, allow_inf_nan=False)


class Advance(BaseModel):
    """By how much virtual time is to pass."""

    seconds: float = Field(ge=0, le=366 * 86_400)


STANDS_STILL = refused(409, "Real time cannot be moved")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["clock"])

    @routes.get("/clock")
    async def get_clock() -> Clock:
        """Read the clock."""
        return read_clock(emulator)

    @routes.post("/clock")
    async def set_clock(request: SetClock) -> Clock:
        """Let the clock go on in another mode, or at another speed."""
        emulator.set_clock(request.mode, speed=request.speed)
        return read_clock(emulator)

    @routes.post("/clock/speed")
    async def set_speed(request: Speed) -> Clock:
        """Let the clock go on in real time, at a speed."""
        emulator.set_clock("real", speed=request.speed)
        return read_clock(emulator)

    @routes.post("/clock/advance", responses=STANDS_STILL)
    async def advance(request: Advance) -> Clock:
        """Let virtual time pass, and answer when what was due has settled."""
        return await _move(emulator, timedelta(seconds=request.seconds))

    @routes.post("/clock/next", responses=STANDS_STILL)
    async def advance_to_next_call() -> Clock:
        """Let virtual time pass until the next call that the clock owes, and answer when that has settled."""
        clock = emulator.clock.current
        due = clock.next_call()
        return await _move(emulator, timedelta() if due is None else max(due - clock.now(), timedelta()))

    @routes.post("/settled")
    async def settled() -> Clock:
        """Answer when nothing is left to happen at the present time."""
        await emulator.settled()
        return read_clock(emulator)

    return routes


async def _move(emulator: Emulator, duration: timedelta) -> Clock:
    try:
        await emulator.advance(duration)
    except ClockStandsStill as error:
        raise HTTPException(409, str(error)) from None
    return read_clock(emulator)


def read_clock(emulator: Emulator) -> Clock:
    """Read the clock."""
    match emulator.clock.current:
        case SystemClock() as clock:
            return Clock(mode="real", speed=clock.speed, now=clock.now(), next_call=clock.next_call())
        case VirtualClock() as clock:
            mode: Literal["auto", "virtual"] = "auto" if clock.auto else "virtual"
            return Clock(mode=mode, speed=None, now=clock.now().astimezone(UTC), next_call=clock.next_call())
