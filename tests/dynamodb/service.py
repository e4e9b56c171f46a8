"""A DynamoDB for one test: its operations, and the clock that its items expire by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.arn import Home
from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.dynamodb.operations import OPERATIONS
from pizzabar.dynamodb.stream_operations import OPERATIONS as STREAM_OPERATIONS
from pizzabar.dynamodb.tables import Tables
from pizzabar.errors import ServiceError
from pizzabar.local.database import Database
from pizzabar.local.tables import LocalTables
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Service:
    """Asks operations as a client does."""

    tables: Tables
    clock: VirtualClock
    work: Work
    database: Database

    async def __call__(self, operation: str, **parameters: JSON) -> JSON:
        return await (OPERATIONS | STREAM_OPERATIONS)[operation](self.tables, parameters)

    async def fails(self, operation: str, **parameters: JSON) -> str:
        """Give the code and text of the error that an operation answers with."""
        with pytest.raises(ServiceError) as raised:
            await self(operation, **parameters)
        return str(raised.value)

    async def advance(self, **duration: float) -> None:
        """Let time pass."""
        await self.clock.advance(timedelta(**duration))

    async def orders(self, **more: JSON) -> None:
        """Make a table Orders with a partition key."""
        await self.create_table("Orders", {"orderId": "S"}, **more)

    async def slices(self, kind: str = "N") -> None:
        """Make a table Slices with partition key and sort key."""
        await self.create_table("Slices", {"pizza": "S", "number": kind})

    async def create_table(self, name: str, keys: dict[str, str], **more: JSON) -> None:
        """Make a table of some keys and their types."""
        await self(
            "CreateTable",
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()],
            **more,
        )

    async def put_slices(self, *numbers: str, pizza: str = "margherita", **more: JSON) -> None:
        """Put items into Slices."""
        for number in numbers:
            await self("PutItem", TableName="Slices", Item={"pizza": {"S": pizza}, "number": {"N": number}, **more})


@asynccontextmanager
async def dynamodb(path: Path | None = None) -> AsyncIterator[Service]:
    """Open a DynamoDB, in memory if no path is given."""
    work = Work()
    clock = VirtualClock(work, NOON)
    database = await Database.open(path, work)
    try:
        tables = Tables(await LocalTables.open(database, clock), clock, work, Home())
        await tables.open()
        yield Service(tables, clock, work, database)
    finally:
        await work.stop()
        await database.close()
