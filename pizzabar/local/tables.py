"""
The table store of the local runtime: SQLite, and a cache of what was last read or written.

Each DynamoDB table is a SQLite table of its own, ordered by its keys. Whatever reads or writes an item enters it in
the cache in the same turn, so the cache says what the table does.
"""

import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import UTC, datetime
from functools import partial
from typing import Final

from pizzabar.clock import Clock
from pizzabar.documents import encode, parse
from pizzabar.dynamodb.errors import ResourceInUseException, TransactionCanceledException
from pizzabar.dynamodb.keys import Key, KeyRange
from pizzabar.dynamodb.store import FIVE_YEARS, Change, Image, IndexPlace, Page, Segment, Written
from pizzabar.dynamodb.stream import Stream, StreamRecord
from pizzabar.dynamodb.table import Table, table_as_json, table_from_json
from pizzabar.dynamodb.tokens import TOKENS_LAST, Token
from pizzabar.errors import ServiceError
from pizzabar.local import streams
from pizzabar.local.database import Database
from pizzabar.local.indexes import IndexRows
from pizzabar.local.streams import LocalStreams
from pizzabar.record import record

# SQLite's names have no case, DynamoDB's do: the items of a table are called by a number that the catalogue gives.
TABLES = "SELECT number, definition FROM dynamodb_tables ORDER BY name"
ADD_TABLE = "INSERT INTO dynamodb_tables (name, definition) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING number"
REDEFINE_TABLE = "UPDATE dynamodb_tables SET definition = ? WHERE name = ?"
REMOVE_TABLE = "DELETE FROM dynamodb_tables WHERE name = ?"

TOKENS = "SELECT token, digest, until FROM dynamodb_tokens ORDER BY until"
KEEP_TOKEN = "REPLACE INTO dynamodb_tokens (token, digest, until) VALUES (?, ?, ?)"
FORGET_TOKENS = "DELETE FROM dynamodb_tokens WHERE until <= ?"

CREATE_ITEMS = """
    CREATE TABLE {items} (
        pk BLOB NOT NULL, sk BLOB NOT NULL, item BLOB NOT NULL, size INTEGER NOT NULL, expires REAL,
        PRIMARY KEY (pk, sk)
    ) WITHOUT ROWID
"""
CREATE_EXPIRES = "CREATE INDEX {items}_expires ON {items} (expires) WHERE expires IS NOT NULL"
DROP_ITEMS = "DROP TABLE {items}"
STATISTICS = "SELECT count(*), coalesce(sum(size), 0) FROM {items}"
GET = "SELECT item, size, expires FROM {items} WHERE pk = ? AND sk = ?"
PUT = "REPLACE INTO {items} (pk, sk, item, size, expires) VALUES (?, ?, ?, ?, ?)"
DELETE = "DELETE FROM {items} WHERE pk = ? AND sk = ?"
QUERY = "SELECT item, size FROM {items} WHERE pk = ? AND sk >= ? AND sk < ? ORDER BY sk"
QUERY_BACKWARD = f"{QUERY} DESC"
QUERY_OPEN = "SELECT item, size FROM {items} WHERE pk = ? AND sk >= ? ORDER BY sk"
QUERY_OPEN_BACKWARD = f"{QUERY_OPEN} DESC"
SCAN = "SELECT item, size, pk FROM {items} ORDER BY pk, sk"
SCAN_AFTER = "SELECT item, size, pk FROM {items} WHERE (pk, sk) > (?, ?) ORDER BY pk, sk"
EXPIRED = (
    "SELECT pk, sk, item, size, expires FROM {items} WHERE expires >= ? AND expires < ? ORDER BY expires LIMIT 1000"
)
NEXT_EXPIRY = "SELECT min(expires) FROM {items} WHERE expires >= ?"
ALL_ITEMS = "SELECT pk, sk, item, size FROM {items}"
SET_EXPIRES = "UPDATE {items} SET expires = ? WHERE pk = ? AND sk = ?"


class LocalTables:
    """Tables and items in SQLite."""

    def __init__(self, database: Database, clock: Clock, *, cache_size: int = 16 * 1024 * 1024) -> None:
        self._database = database
        self._cache = _Cache(cache_size)
        self._streams = LocalStreams(clock)
        self._statements: dict[str, _Statements] = {}
        self._indexes: dict[str, list[IndexRows]] = {}

    @classmethod
    async def open(cls, database: Database, clock: Clock, *, cache_size: int = 16 * 1024 * 1024) -> "LocalTables":
        """Find the tables of a database."""
        store = cls(database, clock, cache_size=cache_size)
        for number, table in await store._catalogue():
            store._statements[table.name] = _Statements(number)
            store._indexes[table.name] = [IndexRows(number, table, index) for index in table.indexes]
            if table.stream is not None:
                store._streams.open[table.name] = table.stream
        return store

    async def tables(self) -> Sequence[Table]:
        return [table for _, table in await self._catalogue()]

    async def create(self, table: Table) -> None:
        definition = encode(table_as_json(table))

        def create(connection: sqlite3.Connection) -> int:
            row = connection.execute(ADD_TABLE, (table.name, definition)).fetchone()
            if row is None:
                raise ResourceInUseException(f"Table already exists: {table.name}")
            items = _items(row[0])
            connection.execute(CREATE_ITEMS.format(items=items))
            connection.execute(CREATE_EXPIRES.format(items=items))
            for index in table.indexes:
                connection.execute(IndexRows(row[0], table, index).create)
            self._streams.change(connection, table.name, table.stream, None)
            return int(row[0])

        number = await self._database.write(create)
        self._statements[table.name] = _Statements(number)
        self._indexes[table.name] = [IndexRows(number, table, index) for index in table.indexes]

    async def redefine(self, table: Table, ended: Stream | None = None) -> None:
        definition = encode(table_as_json(table))
        statements = self._statements[table.name]
        before = {rows.index: rows for rows in self._indexes[table.name]}
        after = {index: IndexRows(statements.number, table, index) for index in table.indexes}

        def redefine(connection: sqlite3.Connection) -> None:
            connection.execute(REDEFINE_TABLE, (definition, table.name))
            items = connection.execute(statements.all_items).fetchall()
            expiries = [(table.expiry(parse(item)), pk, sk) for pk, sk, item, _ in items]
            connection.executemany(statements.set_expires, expiries)
            for index, rows in before.items():
                if index not in after:
                    connection.execute(rows.drop)
            for index, rows in after.items():
                if index not in before:
                    connection.execute(rows.create)
                    rows.fill(connection, items)
            self._indexes[table.name] = list(after.values())
            self._streams.change(connection, table.name, table.stream, ended)
            self._cache.clear()

        await self._database.write(redefine)

    async def drop(self, name: str, ended: Stream | None = None) -> None:
        statements, indexes = self._statements.pop(name), self._indexes.pop(name)

        def drop(connection: sqlite3.Connection) -> None:
            connection.execute(REMOVE_TABLE, (name,))
            connection.execute(statements.drop)
            for rows in indexes:
                connection.execute(rows.drop)
            self._streams.change(connection, name, None, ended)
            self._cache.clear()

        await self._database.write(drop)

    async def statistics(self, table: str) -> tuple[int, int]:
        statement = self._statements[table].statistics
        count, size = await self._database.read(lambda connection: connection.execute(statement).fetchone())
        return count, size

    async def get(self, table: str, key: Key) -> bytes | None:
        image = self._cache.get((table, *key))
        if isinstance(image, _Unknown):
            image = await self._database.read(lambda connection: self._find(connection, table, key))
        return None if image is None else image.data

    async def query(
        self, table: str, partition: bytes, keys: KeyRange, *, forward: bool, limit: int | None, max_size: int
    ) -> Page:
        statements = self._statements[table]
        arguments: tuple[bytes, ...]
        if keys.stop is None:
            statement = statements.query_open if forward else statements.query_open_backward
            arguments = (partition, keys.start)
        else:
            statement = statements.query if forward else statements.query_backward
            arguments = (partition, keys.start, keys.stop)

        def query(connection: sqlite3.Connection) -> Page:
            return _page(connection.execute(statement, arguments), limit, max_size)

        return await self._database.read(query)

    async def scan(
        self, table: str, after: Key | None, *, segment: Segment | None, limit: int | None, max_size: int
    ) -> Page:
        statements = self._statements[table]
        statement, arguments = (statements.scan, ()) if after is None else (statements.scan_after, after)

        def scan(connection: sqlite3.Connection) -> Page:
            return _page(connection.execute(statement, arguments), limit, max_size, segment)

        # A page of a megabyte takes milliseconds, and the loop has other things to do.
        return await self._database.read(scan, is_long=limit is None or limit > 100)

    async def query_index(
        self,
        table: str,
        index: str,
        partition: bytes,
        keys: KeyRange,
        after: IndexPlace | None,
        *,
        forward: bool,
        limit: int | None,
        max_size: int,
    ) -> Page:
        rows = self._rows(table, index)
        statement = rows.query(has_stop=keys.stop is not None, has_after=after is not None, forward=forward)
        stop = () if keys.stop is None else (keys.stop,)
        arguments = (partition, keys.start, *stop, *(() if after is None else after[1:]))

        def query(connection: sqlite3.Connection) -> Page:
            return _page(connection.execute(statement, arguments), limit, max_size)

        return await self._database.read(query)

    async def scan_index(
        self,
        table: str,
        index: str,
        after: IndexPlace | None,
        *,
        segment: Segment | None,
        limit: int | None,
        max_size: int,
    ) -> Page:
        rows = self._rows(table, index)
        statement, arguments = (rows.scan, ()) if after is None else (rows.scan_after, after)

        def scan(connection: sqlite3.Connection) -> Page:
            return _page(connection.execute(statement, arguments), limit, max_size, segment)

        return await self._database.read(scan, is_long=limit is None or limit > 100)

    async def index_statistics(self, table: str, index: str) -> tuple[int, int]:
        statement = self._rows(table, index).statistics
        count, size = await self._database.read(lambda connection: connection.execute(statement).fetchone())
        return count, size

    def _rows(self, table: str, index: str) -> IndexRows:
        return next(rows for rows in self._indexes[table] if rows.index.name == index)

    async def tokens(self) -> Sequence[Token]:
        rows = await self._database.read(lambda connection: connection.execute(TOKENS).fetchall())
        return [Token(text, digest, datetime.fromtimestamp(until, UTC)) for text, digest, until in rows]

    async def modify(self, changes: Sequence[Change], token: Token | None = None) -> list[Written]:
        if len(changes) == 1 and token is None:
            return [await self._database.write(partial(self._modify_one, changes[0]))]

        def modify(connection: sqlite3.Connection) -> list[Written]:
            written: list[Written] = []
            refusals: list[ServiceError | None] = []
            for change in changes:
                old = self._image(connection, change)
                try:
                    written.append(Written(old, change.decide(old)))
                    refusals.append(None)
                except ServiceError as refusal:
                    refusals.append(refusal)
            if any(refusals):
                raise TransactionCanceledException(refusals)
            for change, result in zip(changes, written, strict=True):
                self._write(connection, change, result.new, result.old)
            if token is not None:
                until = token.until.timestamp()
                connection.execute(FORGET_TOKENS, ((token.until - TOKENS_LAST).timestamp(),))
                connection.execute(KEEP_TOKEN, (token.text, token.digest, until))
            return written

        return await self._database.write(modify)

    def _modify_one(self, change: Change, connection: sqlite3.Connection) -> Written:
        # What `modify` does with several changes, without the lists: this is the way of every order.
        old = self._image(connection, change)
        new = change.decide(old)
        if new is not None or old is not None or not change.reads:
            self._write(connection, change, new, old)
        return Written(old, new)

    def _image(self, connection: sqlite3.Connection, change: Change) -> Image | None:
        """Give what there is before a change that wants to know, or whose indexes or stream do."""
        if not change.reads and not self._indexes[change.table] and change.table not in self._streams.open:
            return None
        cached = self._cache.get((change.table, *change.key))
        return self._find(connection, change.table, change.key) if isinstance(cached, _Unknown) else cached

    def _find(self, connection: sqlite3.Connection, table: str, key: Key) -> Image | None:
        """Read what there is, and note it."""
        row = connection.execute(self._statements[table].get, key).fetchone()
        image = None if row is None else Image(*row)
        self._cache.enter((table, *key), image)
        return image

    def _write(
        self, connection: sqlite3.Connection, change: Change, image: Image | None, old: Image | None = None
    ) -> None:
        statements = self._statements[change.table]
        if image is None:
            connection.execute(statements.delete, change.key)
        else:
            connection.execute(statements.put, (*change.key, image.data, image.size, image.expires))
        self._cache.enter((change.table, *change.key), image)
        stream = self._streams.open.get(change.table)
        if (indexes := self._indexes[change.table]) or stream is not None:
            before = None if old is None else parse(old.data)
            after, data, size = (None, b"", 0) if image is None else (parse(image.data), image.data, image.size)
            for rows in indexes:
                rows.write(connection, change.key, before, after, data, size)
            if stream is not None:
                self._streams.put(connection, stream, before, after, is_expired=False)

    async def expire(self, table: str, now: float) -> Sequence[Image]:
        statements, stream = self._statements[table], self._streams.open.get(table)

        def expire(connection: sqlite3.Connection) -> list[tuple[bytes, bytes, bytes, int, float]]:
            rows = connection.execute(statements.expired, (now - FIVE_YEARS, now)).fetchall()
            connection.executemany(statements.delete, [(row[0], row[1]) for row in rows])
            for row in rows:
                self._cache.forget((table, row[0], row[1]))
                before = parse(row[2])
                for index in self._indexes[table]:
                    index.write(connection, (row[0], row[1]), before, None, b"", 0)
                if stream is not None:
                    self._streams.put(connection, stream, before, None, is_expired=True)
            return rows

        rows = await self._database.write(expire)
        return [Image(item, size, expires) for _, _, item, size, expires in rows]

    async def next_expiry(self, table: str, now: float) -> float | None:
        statement = self._statements[table].next_expiry

        def find(connection: sqlite3.Connection) -> float | None:
            expires: float | None = connection.execute(statement, (now - FIVE_YEARS,)).fetchone()[0]
            return expires

        return await self._database.read(find)

    async def closed_streams(self) -> Sequence[Stream]:
        return await self._database.read(self._streams.closed)

    async def stream_records(self, arn: str, *, after: int, since: float, limit: int) -> Sequence[StreamRecord]:
        return await self._database.read(lambda connection: streams.records(connection, arn, after, since, limit))

    async def stream_bounds(self, arn: str) -> tuple[int, int]:
        return await self._database.read(lambda connection: streams.bounds(connection, arn))

    def follow_streams(self, follower: Callable[[str], None]) -> None:
        self._streams.followers.append(follower)

    async def _catalogue(self) -> list[tuple[int, Table]]:
        rows = await self._database.read(lambda connection: connection.execute(TABLES).fetchall())
        return [(number, table_from_json(parse(definition))) for number, definition in rows]


class _Unknown:
    """What the cache says of a key that it knows nothing of; None is an item known to be absent."""


_UNKNOWN: Final = _Unknown()
Cached = Image | None | _Unknown
_CacheKey = tuple[str, bytes, bytes]

# What an entry takes beside its key and its item: about that of its dict entry and its objects.
_ENTRY_SIZE = 300


class _Cache:
    """Items by key, the least recently used of which are let go when there are too many bytes."""

    def __init__(self, size: int) -> None:
        self._capacity = size
        self._size = 0
        self._entries: OrderedDict[_CacheKey, Image | None] = OrderedDict()

    def get(self, key: _CacheKey) -> Cached:
        image = self._entries.get(key, _UNKNOWN)
        if image is not _UNKNOWN:
            self._entries.move_to_end(key)
        return image

    def enter(self, key: _CacheKey, image: Image | None) -> None:
        """Note what is stored under a key."""
        entries = self._entries
        old = entries.get(key, _UNKNOWN)
        if isinstance(old, Image) and image is not None:
            # The common case, another image of an item.
            self._size += len(image.data) - len(old.data)
            entries.move_to_end(key)
        else:
            self.forget(key)
            self._size += _entry_size(key, image)
        entries[key] = image
        while self._size > self._capacity:
            oldest, old = self._entries.popitem(last=False)
            self._size -= _entry_size(oldest, old)

    def forget(self, key: _CacheKey) -> None:
        image = self._entries.pop(key, _UNKNOWN)
        if not isinstance(image, _Unknown):
            self._size -= _entry_size(key, image)

    def clear(self) -> None:
        self._entries.clear()
        self._size = 0


def _entry_size(key: _CacheKey, image: Image | None) -> int:
    return _ENTRY_SIZE + len(key[1]) + len(key[2]) + (0 if image is None else len(image.data))


@record
class _Statements:
    """The statements on the items of one table."""

    number: int
    get: str = field(init=False)
    put: str = field(init=False)
    delete: str = field(init=False)
    query: str = field(init=False)
    query_backward: str = field(init=False)
    query_open: str = field(init=False)
    query_open_backward: str = field(init=False)
    scan: str = field(init=False)
    scan_after: str = field(init=False)
    statistics: str = field(init=False)
    expired: str = field(init=False)
    next_expiry: str = field(init=False)
    all_items: str = field(init=False)
    set_expires: str = field(init=False)
    drop: str = field(init=False)

    def __post_init__(self) -> None:
        items = _items(self.number)
        for name, statement in _STATEMENTS.items():
            object.__setattr__(self, name, statement.format(items=items))


_STATEMENTS = {
    "get": GET,
    "put": PUT,
    "delete": DELETE,
    "query": QUERY,
    "query_backward": QUERY_BACKWARD,
    "query_open": QUERY_OPEN,
    "query_open_backward": QUERY_OPEN_BACKWARD,
    "scan": SCAN,
    "scan_after": SCAN_AFTER,
    "statistics": STATISTICS,
    "expired": EXPIRED,
    "next_expiry": NEXT_EXPIRY,
    "all_items": ALL_ITEMS,
    "set_expires": SET_EXPIRES,
    "drop": DROP_ITEMS,
}


def _items(number: int) -> str:
    return f"dynamodb_items_{number}"


def _page(rows: sqlite3.Cursor, limit: int | None, max_size: int, segment: Segment | None = None) -> Page:
    items: list[bytes] = []
    total = 0
    for data, size, *key in rows:
        if segment is not None and _segment(key[0], segment.total) != segment.number:
            continue
        items.append(data)
        total += size
        if len(items) == limit or total > max_size:
            rows.close()
            return Page(tuple(items), total, is_last=False)
    return Page(tuple(items), total, is_last=True)


def _segment(partition: bytes, total: int) -> int:
    return zlib.crc32(partition) * total >> 32
