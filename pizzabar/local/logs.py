"""
The log store of the local runtime: one row a group, one a stream, and one for the events that are put together.

What is put into a stream between two commits, and nothing into another one of its group meanwhile, is one row.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from pizzabar.documents import encode, parse
from pizzabar.local.database import Database
from pizzabar.logs.log_group import MOST_EVENTS, LogGroup, LogStream
from pizzabar.logs.store import Batch

GROUPS = "SELECT name, created, retention FROM log_groups ORDER BY name"
STREAMS = """
    SELECT number, log_group, name, created, first, last, ingested
    FROM log_streams LEFT JOIN (
        SELECT stream, min(first) AS first, max(last) AS last, max(ingested) AS ingested
        FROM log_events GROUP BY stream
    ) ON stream = number
    ORDER BY log_group, name
"""
PUT_GROUP = "REPLACE INTO log_groups (name, created, retention) VALUES (?, ?, ?)"
PUT_STREAM = "REPLACE INTO log_streams (number, log_group, name, created) VALUES (?, ?, ?, ?)"
PUT_EVENTS = "INSERT INTO log_events (id, stream, first, last, ingested, events) VALUES (?, ?, ?, ?, ?, ?)"
LAST_ID = "SELECT max(id) FROM log_events"
DELETE_GROUP = "DELETE FROM log_groups WHERE name = ?"
DELETE_STREAM = "DELETE FROM log_streams WHERE number = ?"
DELETE_EVENTS = "DELETE FROM log_events WHERE stream = ?"
READ_GROUP = """
    SELECT id, name, ingested, events FROM log_streams JOIN log_events ON stream = number
    WHERE log_group = ? AND last >= ? AND first < ? ORDER BY id
"""
READ_STREAM = """
    SELECT id, name, ingested, events FROM log_streams JOIN log_events ON stream = number
    WHERE log_group = ? AND name = ? AND last >= ? AND first < ? ORDER BY id
"""


class LocalLogs:
    """Log groups in SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last_id = 0
        self._numbers: dict[tuple[str, str], int] = {}
        """The streams' numbers, by group and name."""
        self._last_number = 0
        self._puts: list[_Put] = []
        """What is to be written down at the next commit, in order."""
        self._last_puts: dict[str, _Put] = {}
        """The last of these, by group."""
        database.before_commit(self._write_down)

    async def load(self) -> list[LogGroup]:
        groups, self._numbers, self._last_id = await self._database.read(_load, is_long=True)
        self._last_number = max(self._numbers.values(), default=0)
        return groups

    def put_group(self, group: LogGroup) -> None:
        self._write(PUT_GROUP, (group.name, group.created, group.retention_days))

    def put_stream(self, group: str, stream: str, created: int) -> None:
        number = self._numbers.get((group, stream))
        if number is None:
            self._last_number += 1
            number = self._numbers[group, stream] = self._last_number
        self._write(PUT_STREAM, (number, group, stream, created))

    def put_events(self, group: str, stream: str, events: Sequence[tuple[int, str]], ingested: int) -> None:
        number = self._numbers[group, stream]
        put = self._last_puts.get(group)
        if put is not None and put.takes(number, events):
            put.events.extend(events)
            put.ingested = ingested
        else:
            self._last_id += 1
            put = self._last_puts[group] = _Put(number, self._last_id, [*events], ingested)
            self._puts.append(put)
        if not self._database.is_scheduled:
            self._database.will_change()

    def delete_group(self, name: str) -> None:
        # Streams of a group of that name that is made before this is done have other numbers.
        streams = [(self._numbers.pop(key),) for key in [key for key in self._numbers if key[0] == name]]

        def change(connection: sqlite3.Connection) -> None:
            self._write_down(connection)
            connection.execute(DELETE_GROUP, (name,))
            connection.executemany(DELETE_STREAM, streams)
            connection.executemany(DELETE_EVENTS, streams)

        self._database.write_soon(change)

    async def read(self, group: str, stream: str | None, start: int, end: int) -> list[Batch]:
        def query(connection: sqlite3.Connection) -> list[Batch]:
            if stream is None:
                rows = connection.execute(READ_GROUP, (group, start, end))
            else:
                rows = connection.execute(READ_STREAM, (group, stream, start, end))
            return [
                Batch(number, name, ingested, [(timestamp, message) for timestamp, message in parse(events)])
                for number, name, ingested, events in rows
            ]

        return await self._database.read(query, is_long=True)

    def _write(self, statement: str, row: tuple[object, ...]) -> None:
        self._database.write_soon(lambda connection: connection.execute(statement, row))

    def _write_down(self, connection: sqlite3.Connection) -> None:
        if self._puts:
            connection.executemany(PUT_EVENTS, [put.row() for put in self._puts])
            self._puts.clear()
            self._last_puts.clear()


@dataclass(slots=True)
class _Put:
    """A row to be: events that were put into a stream one after another."""

    stream: int
    id: int
    events: list[tuple[int, str]]
    ingested: int

    def takes(self, stream: int, events: Sequence[tuple[int, str]]) -> bool:
        """Whether more events can go into the same row, which is to be in order of time."""
        return (
            stream == self.stream
            and self.events[-1][0] <= events[0][0]
            and len(self.events) + len(events) <= MOST_EVENTS
        )

    def row(self) -> tuple[object, ...]:
        events = self.events
        return self.id, self.stream, events[0][0], events[-1][0], self.ingested, encode(events)


def _load(connection: sqlite3.Connection) -> tuple[list[LogGroup], dict[tuple[str, str], int], int]:
    groups = {name: LogGroup(name, created, retention) for name, created, retention in connection.execute(GROUPS)}
    numbers: dict[tuple[str, str], int] = {}
    for number, group, name, *times in connection.execute(STREAMS):
        groups[group].streams[name] = LogStream(name, *times)
        numbers[group, name] = number
    return list(groups.values()), numbers, connection.execute(LAST_ID).fetchone()[0] or 0
