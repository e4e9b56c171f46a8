"""The local store of archives."""

import sqlite3
from collections.abc import Sequence

from pizzabar.eventbridge.archive_store import Archived, Contents
from pizzabar.local.database import Database

PUT = "INSERT OR IGNORE INTO archived_events (archive, id, occurred, archived, lane, event) VALUES (?, ?, ?, ?, ?, ?)"
READ = (
    "SELECT id, occurred, archived, lane, event, number FROM archived_events"
    " WHERE archive = ? AND occurred BETWEEN ? AND ? AND (occurred, number) > (?, ?)"
    " ORDER BY occurred, number LIMIT ?"
)
CONTENTS = (
    "SELECT count(*), coalesce(sum(length(CAST(event AS BLOB))), 0), min(archived)"
    " FROM archived_events WHERE archive = ?"
)
EXPIRE = "DELETE FROM archived_events WHERE archive = ? AND archived < ?"
DROP = "DELETE FROM archived_events WHERE archive = ?"


class LocalArchives:
    """See ``ArchiveStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, archive: str, event: Archived) -> None:
        """Put an event into an archive, if it is not there."""
        row = (archive, event.id, event.occurred, event.archived, event.lane, event.text)
        self._write(PUT, row)

    async def read(
        self, archive: str, start: float, end: float, after: tuple[float, int] | None, most: int
    ) -> Sequence[Archived]:
        """Read so many events that occurred from a time to another, both included, in order, after a position."""
        given = (archive, start, end, *(after or (start, -1)), most)
        rows = await self._database.read(lambda connection: connection.execute(READ, given).fetchall())
        return [Archived(*row) for row in rows]

    async def contents(self, archive: str) -> Contents:
        """Tell what an archive holds."""
        row = await self._database.read(lambda connection: connection.execute(CONTENTS, (archive,)).fetchone())
        return Contents(*row)

    def expire(self, archive: str, before: float) -> None:
        """Take out the events that were archived before a time."""
        self._write(EXPIRE, (archive, before))

    def drop(self, archive: str) -> None:
        """Take out all."""
        self._write(DROP, (archive,))

    def _write(self, statement: str, row: tuple[object, ...]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(statement, row)

        self._database.write_soon(write)
