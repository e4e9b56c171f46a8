"""Recordings: what a client has sent, turned into a pytest file, as ``pizzabar record`` does."""

import asyncio
import os
import sys
from pathlib import Path

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator

LONGEST = 60.0
"""Seconds that a recording may take."""


class Sent(BaseModel):
    """A message that a client has sent."""

    text: str
    after: float = Field(0.0, ge=0, description="seconds after the one before it")


class Session(BaseModel):
    """What is to be recorded."""

    messages: list[Sent] = Field(min_length=1, max_length=1000)
    stage: str | None = Field(None, description="the stage that the client is connected to; null for the only one")


class Recording(BaseModel):
    """A test that passes now, and fails when what comes back is another."""

    test: str = Field(description="the text of a pytest file")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["recordings"])

    @routes.post("/recordings")
    async def record(session: Session) -> Recording:
        """Send messages in a world of their own, of this server's template, and write a test of what comes back."""
        if emulator.program is not None:
            raise HTTPException(409, "a program's back end is recorded by a test of its own: see pizzabar.testing")
        stages = [stage for api in emulator.apis for stage in api.stages]
        arguments = ["record", *(_message(each) for each in session.messages)]
        if session.stage is not None and len(stages) > 1:
            arguments += ["--stage", session.stage]
        if emulator.settings.template is not None:
            arguments += ["--template", _seen_from_here(Path(emulator.settings.template))]
        return Recording(test=await _run(arguments))

    return routes


def _message(sent: Sent) -> str:
    # A text that looks like one with a time must have one.
    return f"@{sent.after:g} {sent.text}" if sent.after or sent.text.startswith("@") else sent.text


def _seen_from_here(template: Path) -> str:
    """Name a template as a test below this directory can."""
    here = Path.cwd()
    return str(template.relative_to(here)) if template.is_relative_to(here) else str(template)


async def _run(arguments: list[str]) -> str:
    """Run the command in a process of its own: worlds of tests stand above the server, not below it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIZZABAR_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from pizzabar.cli import main; main()"),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LONGEST):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise HTTPException(422, f"the recording took longer than {LONGEST:g} seconds") from None
    if process.returncode != 0:
        raise HTTPException(422, errors.decode(errors="replace").strip().removeprefix("Error: "))
    return output.decode()
