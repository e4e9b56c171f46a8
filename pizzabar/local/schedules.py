"""The local store of schedules, a row each, and the local queue of what they set off."""

import sqlite3
from collections.abc import Mapping

from pizzabar.clock import Clock
from pizzabar.documents import JSON, encode, parse
from pizzabar.local.database import Database
from pizzabar.local.deliveries import Again, Delivery, DeliveryQueue
from pizzabar.scheduler.invocations import Handle, Invocation
from pizzabar.work import Work

SELECT = "SELECT key, document FROM schedules"
PUT = "REPLACE INTO schedules (key, document) VALUES (?, ?)"
DELETE = "DELETE FROM schedules WHERE key = ?"


class LocalScheduleStore:
    """See ``ScheduleStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Mapping[str, JSON]:
        """Give all documents."""
        rows = await self._database.read(lambda connection: connection.execute(SELECT).fetchall())
        return {key: parse(document) for key, document in rows}

    def put(self, key: str, document: JSON) -> None:
        """Keep a document in place of the key's last one."""
        self._write(PUT, (key, encode(document)))

    def delete(self, key: str) -> None:
        """Keep nothing of a key."""
        self._write(DELETE, (key,))

    def _write(self, statement: str, row: tuple[object, ...]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(statement, row)

        self._database.write_soon(write)


class LocalScheduledInvocations:
    """What schedules have set off, over one state file."""

    def __init__(self, database: Database, clock: Clock, work: Work) -> None:
        self._queue = DeliveryQueue("scheduler", database, clock, work)
        self._handle: Handle | None = None

    async def open(self, handle: Handle) -> None:
        """Begin, with those first that an earlier process left unhandled."""
        self._handle = handle
        await self._queue.open(self._run)

    def accept(self, invocation: Invocation) -> None:
        """Take one."""
        self._queue.put(invocation.key, invocation.as_json())

    async def _run(self, delivery: Delivery) -> Again | None:
        assert self._handle is not None
        when = await self._handle(Invocation.from_json(delivery.item), delivery.attempts)
        return None if when is None else Again(when, holds_lane=False)
