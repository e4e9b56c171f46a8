"""An SQS for one test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.local.queues import LocalQueues
from pizzabar.shapes import typed
from pizzabar.sqs.messages import AWS_LIMITS, Limits
from pizzabar.sqs.operations import OPERATIONS
from pizzabar.sqs.queues import Queues
from pizzabar.sqs.shapes import SHAPES
from tests.world import World, world

ACCOUNT = "123456789012"


def arn(name: str) -> str:
    """Name a queue."""
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def url(name: str) -> str:
    """Give the address of a queue."""
    return f"http://localhost:8000/{ACCOUNT}/{name}"


@dataclass
class Sqs:
    """Asks operations as a client does."""

    world: World
    queues: Queues

    async def __call__(self, operation: str, queue: str | None = None, **parameters: Any) -> JSON:
        """Ask an operation, of a queue if one is named."""
        given = parameters if queue is None else {"QueueUrl": url(queue), **parameters}
        return await self.world.call("sqs", operation, given)

    async def fails(self, operation: str, queue: str | None = None, **parameters: Any) -> str:
        """Give the code, as the query protocol has it, and the text of the error that an operation answers with."""
        with pytest.raises(ServiceError) as raised:
            await self(operation, queue, **parameters)
        return f"{raised.value.query_code or raised.value.code}: {raised.value.message}"

    async def queue(self, name: str, **attributes: str) -> str:
        """Make a queue, and give its name."""
        given = {"FifoQueue": "true", **attributes} if name.endswith(".fifo") else attributes
        await self("CreateQueue", QueueName=name, Attributes=given)
        return name

    async def send(self, queue: str, *bodies: str, **more: Any) -> list[JSON]:
        """Send messages, one after another."""
        return [await self("SendMessage", queue, MessageBody=body, **more) for body in bodies]

    async def receive(self, queue: str, most: int = 10, **more: Any) -> list[JSON]:
        """Receive messages."""
        answer = await self("ReceiveMessage", queue, MaxNumberOfMessages=most, AttributeNames=["All"], **more)
        messages: list[JSON] = answer.get("Messages", [])
        return messages

    async def bodies(self, queue: str, most: int = 10, **more: Any) -> list[str]:
        """Receive messages, and give their bodies."""
        return [message["Body"] for message in await self.receive(queue, most, **more)]

    async def delete(self, queue: str, message: JSON) -> None:
        """Delete a message that was received."""
        await self("DeleteMessage", queue, ReceiptHandle=message["ReceiptHandle"])

    async def attributes(self, queue: str, *names: str) -> dict[str, str]:
        """Read attributes of a queue."""
        answer = await self("GetQueueAttributes", queue, AttributeNames=list(names or ["All"]))
        found: dict[str, str] = answer["Attributes"]
        return found

    async def counts(self, queue: str) -> tuple[int, int, int]:
        """Tell how many messages are visible, in flight and delayed."""
        counts = await self.queues.messages.count(queue)
        return counts.visible, counts.in_flight, counts.delayed

    async def advance(self, **duration: float) -> None:
        """Let time pass."""
        await self.world.advance(**duration)


@asynccontextmanager
async def sqs(limits: Limits = AWS_LIMITS) -> AsyncIterator[Sqs]:
    """Open an SQS."""
    async with world() as around:
        queues = Queues(LocalQueues(around.database), around.clock, around.work, around.home, limits=limits)
        around.call.add("sqs", {name: typed(each, SHAPES) for name, each in OPERATIONS.items()}, queues)
        await queues.load()
        await queues.open()
        yield Sqs(around, queues)
