"""
Secondary indexes in SQLite: each is a table of its own, ordered by its keys and then by those of its table.

What an item has in an index is written with the item, in the same change.
"""

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b

from pizzabar.documents import encode, parse
from pizzabar.dynamodb.keys import Key
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.values import Item, size_of_item

CREATE = """
    CREATE TABLE {rows} (
        ipk BLOB NOT NULL, isk BLOB NOT NULL, pk BLOB NOT NULL, sk BLOB NOT NULL,
        item BLOB NOT NULL, size INTEGER NOT NULL,
        PRIMARY KEY (ipk, isk, pk, sk)
    ) WITHOUT ROWID
"""
DROP = "DROP TABLE {rows}"
PUT = "REPLACE INTO {rows} (ipk, isk, pk, sk, item, size) VALUES (?, ?, ?, ?, ?, ?)"
DELETE = "DELETE FROM {rows} WHERE ipk = ? AND isk = ? AND pk = ? AND sk = ?"
STATISTICS = "SELECT count(*), coalesce(sum(size), 0) FROM {rows}"
QUERY = "SELECT item, size FROM {rows} WHERE ipk = ? AND isk >= ?{stop}{after} ORDER BY {order}"
SCAN = "SELECT item, size, ipk FROM {rows} ORDER BY ipk, isk, pk, sk"
SCAN_AFTER = "SELECT item, size, ipk FROM {rows} WHERE (ipk, isk, pk, sk) > (?, ?, ?, ?) ORDER BY ipk, isk, pk, sk"


class IndexRows:
    """The rows of one index of one table."""

    def __init__(self, number: int, table: Table, index: SecondaryIndex) -> None:
        digest = blake2b(index.name.encode(), digest_size=8).hexdigest()
        rows = f"dynamodb_index_{number}_{digest}"
        self.index = index
        self._table_keys = table.key_attributes
        # A local index gives any attribute of its items, a global one those that it has.
        self._keeps_all = index.projection == "ALL" or not index.is_global
        self.create, self.drop = CREATE.format(rows=rows), DROP.format(rows=rows)
        self.statistics = STATISTICS.format(rows=rows)
        self.scan, self.scan_after = SCAN.format(rows=rows), SCAN_AFTER.format(rows=rows)
        self._put, self._delete = PUT.format(rows=rows), DELETE.format(rows=rows)
        self._rows = rows

    def query(self, *, has_stop: bool, has_after: bool, forward: bool) -> str:
        """Write a query: its arguments are partition, start, the stop if any, and sort key and keys of a place."""
        comparison, direction = (">", "") if forward else ("<", " DESC")
        return QUERY.format(
            rows=self._rows,
            stop=" AND isk < ?" if has_stop else "",
            after=f" AND (isk, pk, sk) {comparison} (?, ?, ?)" if has_after else "",
            order=", ".join(f"{column}{direction}" for column in ("isk", "pk", "sk")),
        )

    def write(
        self,
        connection: sqlite3.Connection,
        key: Key,
        old: Item | None,
        new: Item | None,
        data: bytes,
        size: int,
    ) -> None:
        """Have the index say what an item is now; ``data`` and ``size`` are those of the whole new one."""
        before = None if old is None else self.index.key_of(old)
        after = None if new is None else self.index.key_of(new)
        if before is not None and before != after:
            connection.execute(self._delete, (*before, *key))
        if after is None or new is None:
            return
        if not self._keeps_all:
            projected = self.index.projected(new, self._table_keys)
            data, size = encode(projected), size_of_item(projected)
        connection.execute(self._put, (*after, *key, data, size))

    def fill(self, connection: sqlite3.Connection, items: Iterable[tuple[bytes, bytes, bytes, int]]) -> None:
        """Enter every item of the table: key, JSON and size. Those that cannot be in the index are not."""
        for pk, sk, data, size in items:
            item = parse(data)
            self.write(connection, (pk, sk), None, item, data, size)
