"""
The seam of the tables: what a runtime does to keep items.

Keys are bytes that sort as DynamoDB sorts (``keys``), items are JSON in wire form. Every read sees every write
whose caller has been answered.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from pizzabar.dynamodb.keys import Key, KeyRange
from pizzabar.dynamodb.stream import Stream, StreamRecord
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tokens import Token
from pizzabar.record import record

FIVE_YEARS = 5 * 365 * 86_400
"""Seconds after which an item that should have expired is left alone.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
"""


IndexPlace = tuple[bytes, bytes, bytes, bytes]
"""A place in an index: the key that an item has in it, and the key that it has in its table."""


@record
class Image:
    """An item as it is kept: its JSON, its size as DynamoDB counts it, and its TTL value if it has one."""

    data: bytes
    size: int
    expires: float | None = None


Decide = Callable[[Image | None], Image | None]
"""From the item that is there to the one that shall be. Pure; it raises ``ServiceError`` to refuse the change."""


@record
class Change:
    """One item to be written.

    ``reads`` is False when ``decide`` does the same whatever is there: the store may then hand it None.
    """

    table: str
    key: Key
    decide: Decide
    reads: bool = True


@record
class Written:
    """A change that was made: the item before (None if it was not read) and after."""

    old: Image | None
    new: Image | None


@record
class Page:
    """Items in order, their size in sum, and whether the read came to the end of what was asked for."""

    items: tuple[bytes, ...]
    size: int
    is_last: bool


@record
class Segment:
    """One part of a parallel scan; a partition key belongs to the same one of ``total`` each time."""

    number: int
    total: int


class TableStore(Protocol):
    """Tables and their items."""

    async def tables(self) -> Sequence[Table]:
        """Give every table."""

    async def create(self, table: Table) -> None:
        """Keep a new table. Raise ``ResourceInUseException`` if there is one of its name."""

    async def redefine(self, table: Table, ended: Stream | None = None) -> None:
        """Keep another definition of a table, of the same key schema.

        TTL values of its items are found anew, indexes that are new are filled, and those that are gone forgotten.
        ``ended`` is its stream before, if it has that no more.
        """

    async def drop(self, name: str, ended: Stream | None = None) -> None:
        """Forget a table and its items; ``ended`` is its stream, if it has one."""

    async def statistics(self, table: str) -> tuple[int, int]:
        """Count the items of a table, and their size."""

    async def get(self, table: str, key: Key) -> bytes | None:
        """Give an item."""

    async def query(
        self, table: str, partition: bytes, keys: KeyRange, *, forward: bool, limit: int | None, max_size: int
    ) -> Page:
        """Give items of a partition by their sort keys.

        The page ends with the item that reaches ``limit`` or makes its size greater than ``max_size``.
        """

    async def scan(
        self, table: str, after: Key | None, *, segment: Segment | None, limit: int | None, max_size: int
    ) -> Page:
        """Give items of a table by their keys, behind one key; a page ends as in ``query``."""

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
        """Give what an index has of a partition, by its sort keys, behind one place; a page ends as in ``query``."""

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
        """Give what an index has, by its keys, behind one place; a page ends as in ``query``."""

    async def index_statistics(self, table: str, index: str) -> tuple[int, int]:
        """Count the items of an index, and their size."""

    async def tokens(self) -> Sequence[Token]:
        """Give the tokens of what ``modify`` has done, the oldest first."""

    async def modify(self, changes: Sequence[Change], token: Token | None = None) -> list[Written]:
        """Make all of the changes or none, and keep the token with them until its time.

        Every decision is made against the items as they were before all of them. If one change is refused, what
        its decision raised is raised; if there are several changes, ``TransactionCanceledException``.
        """

    async def expire(self, table: str, now: float) -> Sequence[Image]:
        """Delete items whose TTL has passed, some at a time, and give them; none when there are no more.

        ``now`` is in epoch seconds. Those are left alone whose TTL passed more than ``FIVE_YEARS`` ago.
        """

    async def next_expiry(self, table: str, now: float) -> float | None:
        """Tell the least TTL value of the items that ``expire`` would delete now or will later."""

    async def closed_streams(self) -> Sequence[Stream]:
        """Give the streams that have ended, and can still be read."""

    async def stream_records(self, arn: str, *, after: int, since: float, limit: int) -> Sequence[StreamRecord]:
        """Give what a stream has told behind a place, since a time in epoch seconds, in the order of the changes.

        A record is there with the item that it tells of, durably, and none tells of a write that changed nothing.
        """

    async def stream_bounds(self, arn: str) -> tuple[int, int]:
        """Give the first and the last place of what a stream has told.

        If it has told nothing, they are the one behind everything that any stream has told, and the one before that.
        """

    def follow_streams(self, follower: Callable[[str], None]) -> None:
        """Have a function called with a stream's ARN each time that it tells something."""
