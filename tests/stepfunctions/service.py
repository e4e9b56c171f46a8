"""A Step Functions for one test."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.settings import Settings

ROLE = "arn:aws:iam::123456789012:role/any"


@dataclass
class StepFunctions:
    """Asks operations as a client does."""

    emulator: Emulator

    async def __call__(self, operation: str, **parameters: JSON) -> JSON:
        return await self.emulator.call("stepfunctions", operation, parameters)

    async def fails(self, operation: str, **parameters: JSON) -> str:
        """Give the code and text of the error that an operation answers with."""
        with pytest.raises(ServiceError) as raised:
            await self(operation, **parameters)
        return str(raised.value)

    async def machine(self, name: str, states: JSON, **more: JSON) -> str:
        """Make a state machine of states, the first of which it starts at, and give its ARN."""
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        made = await self("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, **more)
        arn: str = made["stateMachineArn"]
        return arn

    async def start(self, machine: str, given: JSON = None, **more: JSON) -> str:
        """Start an execution, and give its ARN."""
        asked = {"stateMachineArn": machine, "input": json.dumps(given or {}), **more}
        arn: str = (await self("StartExecution", **asked))["executionArn"]
        return arn

    async def ended(self, arn: str) -> JSON:
        """Describe an execution once nothing is left to happen now."""
        await self.settled()
        return await self("DescribeExecution", executionArn=arn)

    async def events(self, arn: str) -> list[JSON]:
        """Read the history of an execution."""
        found: list[JSON] = (await self("GetExecutionHistory", executionArn=arn))["events"]
        return found

    async def types(self, arn: str) -> list[str]:
        """Read the types of the events of an execution."""
        return [event["type"] for event in await self.events(arn)]

    async def settled(self) -> None:
        """Wait until nothing is left to happen now."""
        await self.emulator.settled()

    async def advance(self, **duration: float) -> None:
        """Let time pass."""
        await self.emulator.advance(timedelta(**duration))


@asynccontextmanager
async def step_functions(state: Path | None = None, **settings: Any) -> AsyncIterator[StepFunctions]:
    """Open a Step Functions, in memory if no path is given."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual", **settings))
    try:
        yield StepFunctions(emulator)
    finally:
        await emulator.close()
