"""A Scheduler for one test, and neighbours that take what its schedules ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.local.schedules import LocalScheduledInvocations, LocalScheduleStore
from pizzabar.scheduler.operations import OPERATIONS
from pizzabar.scheduler.schedule import read_document
from pizzabar.scheduler.schedules import Schedules
from pizzabar.scheduler.shapes import SHAPES
from pizzabar.shapes import typed
from tests.world import NOON, World, world

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Tell"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/kitchen"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012"
ROLE = "arn:aws:iam::123456789012:role/clockwork"
TICK = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/tick"
OFF = {"Mode": "OFF"}


class Refused(ServiceError):
    """What a neighbour fails with."""


class Throttled(ServiceError):
    """What a neighbour fails with for now."""

    code = "TooManyRequestsException"
    status = 429


@dataclass
class Scheduler:
    """Asks operations as a client does. ``invoked`` is what functions were asked, ``sent`` what queues were."""

    world: World
    schedules: Schedules
    invoked: list[JSON]
    sent: list[JSON]
    started: list[JSON]
    put: list[JSON]
    told: list[str]
    """What the template has changed back."""

    async def __call__(self, operation: str, **parameters: JSON) -> JSON:
        return await self.world.call("scheduler", operation, parameters)

    async def fails(self, operation: str, **parameters: JSON) -> str:
        """Give the code and text of the error that an operation answers with."""
        with pytest.raises(ServiceError) as raised:
            await self(operation, **parameters)
        return str(raised.value)

    async def create(self, expression: str, name: str = "tick", target: JSON = None, **more: JSON) -> str:
        """Make a schedule that invokes the function, unless it is told otherwise."""
        parameters = schedule(expression, name, target, **more)
        return str((await self("CreateSchedule", **parameters))["ScheduleArn"])

    async def pass_time(self, **duration: float) -> None:
        """Let time pass, with all that comes of it."""
        await self.world.virtual.advance(timedelta(**duration))
        await self.world.settled()

    @property
    def now(self) -> datetime:
        """The time."""
        return self.world.clock.now()

    @property
    def payloads(self) -> list[str]:
        """What functions got."""
        return [asked["Payload"] for asked in self.invoked]

    def take(self) -> list[str]:
        """What functions got since they were looked at last."""
        taken = self.payloads
        self.invoked.clear()
        return taken

    def move(self, moment: str) -> None:
        """Begin at another time: nothing is to be due yet."""
        self.world.virtual.move(datetime.fromisoformat(moment).replace(tzinfo=UTC))

    def notes(self) -> list[JSON]:
        """What the journal notes of each attempt."""
        return [hop.notes for hop in self.world.hops("scheduler", "InvokeTarget")]


def schedule(expression: str, name: str = "tick", target: JSON = None, **more: JSON) -> dict[str, JSON]:
    """Give what CreateSchedule and UpdateSchedule take."""
    asked = {"Arn": FUNCTION, "RoleArn": ROLE, "Input": '"<aws.scheduler.scheduled-time>"', **(target or {})}
    return {
        "Name": name,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": OFF,
        "Target": {key: value for key, value in asked.items() if value is not None},
        **more,
    }


async def open_in(around: World, *declared: JSON, groups: tuple[str, ...] = ()) -> Scheduler:
    """Open a Scheduler on what is kept in a world, as one whose template has some schedules and groups; and begin."""
    schedules = Schedules(
        LocalScheduleStore(around.database),
        LocalScheduledInvocations(around.database, around.clock, around.work),
        around.call,
        around.call.trace,
        around.clock,
        around.home,
        has=around.call.has,
        serves=around.call.serves,
    )
    around.call.add("scheduler", {name: typed(each, SHAPES) for name, each in OPERATIONS.items()}, schedules)
    invoked = around.answer("lambda", "Invoke", lambda asked: {"StatusCode": 202})
    sent = around.answer("sqs", "SendMessage", lambda asked: {"MessageId": "m"})
    started = around.answer("stepfunctions", "StartExecution", lambda asked: {"executionArn": "e", "startDate": 0})
    taken = {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}
    put = around.answer("events", "PutEvents", lambda asked: taken)
    await schedules.open()
    for group in groups:
        schedules.declare_group(group, {})
    for each in declared:
        schedules.declare(read_document(each))
    told = await schedules.begin()
    await around.settled()
    return Scheduler(around, schedules, invoked, sent, started, put, told)


@asynccontextmanager
async def scheduler(state: Path | None = None, begins: datetime = NOON) -> AsyncIterator[Scheduler]:
    """Open a Scheduler in a world of its own, at noon, or go on with one that has a state file."""
    async with world(state, begins) as around:
        yield await open_in(around)
