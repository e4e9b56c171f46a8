"""A room of log groups in memory, at noon."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from pizzabar.clock import VirtualClock
from pizzabar.local.database import Database
from pizzabar.local.logs import LocalLogs
from pizzabar.logs.groups import LogGroups
from pizzabar.work import Work

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = 1_767_268_800_000


@asynccontextmanager
async def log_groups() -> AsyncIterator[LogGroups]:
    """Give log groups, none of which is there yet."""
    work = Work()
    database = await Database.open(None, work)
    try:
        store = LocalLogs(database)
        groups = LogGroups(store, VirtualClock(work, NOON))
        await groups.open()
        yield groups
    finally:
        await database.close()
