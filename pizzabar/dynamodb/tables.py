"""
Tables: the typed interface of DynamoDB, and the sweep that deletes items whose TTL has passed.

The sweep asks the clock for the whole second after the next expiry, so it runs at most once a second, and never
while no table has TTL.
"""

import math
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pizzabar.arn import Home
from pizzabar.clock import Clock, Timer
from pizzabar.documents import JSON, parse
from pizzabar.dynamodb import items
from pizzabar.dynamodb.definition import Definition
from pizzabar.dynamodb.errors import ResourceInUseException, ResourceNotFoundException
from pizzabar.dynamodb.expression_parser import Values
from pizzabar.dynamodb.expressions import Requirement
from pizzabar.dynamodb.keys import Key, KeyRange
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.store import FIVE_YEARS, Change, IndexPlace, Page, Segment, TableStore, Written
from pizzabar.dynamodb.stream import KEPT_FOR, Stream, StreamRecord, declared_label, label_of
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tokens import Token, Tokens
from pizzabar.dynamodb.updates import Update
from pizzabar.dynamodb.values import MAX_ITEM_SIZE, ONE_OR_MORE, Item
from pizzabar.errors import ValidationException
from pizzabar.kept import Changed
from pizzabar.work import Work

MAX_PAGE_SIZE = 1024 * 1024
"""A page of Query or Scan ends with the item that goes beyond it."""

# A TTL value may name a second far behind the last one that can be told.
_LAST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


class Tables:
    """Every table of this emulator. ``open`` it before use."""

    def __init__(self, store: TableStore, clock: Clock, work: Work, home: Home) -> None:
        self.home = home
        self._store = store
        self._clock = clock
        self._work = work
        self._tables: dict[str, Table] = {}
        self._closed_streams: dict[str, Stream] = {}
        self.tokens = Tokens()
        self.changed = Changed("table")
        self._sweep_timer: Timer | None = None
        self._sweep_due = math.inf

    async def open(self) -> None:
        """Find the tables of the store, and see to the items that expire."""
        for table in await self._store.tables():
            self._enter(table)
        for stream in await self._store.closed_streams():
            self._closed_streams[stream.arn] = stream
        self.tokens.restore(await self._store.tokens())
        await self._expect_next()

    # Tables

    def table(self, name: str) -> Table:
        """Give a table by name or ARN. Raise ``ResourceNotFoundException`` when there is none."""
        table = self._tables.get(name)
        if table is None:
            raise ResourceNotFoundException
        return table

    def find(self, parameters: JSON) -> Table | None:
        """Give the table that a request names, if it does so rightly."""
        name = parameters.get("TableName") if type(parameters) is dict else None
        return self._tables.get(name) if type(name) is str else None

    def tables(self) -> Sequence[Table]:
        """Give every table, by name."""
        return [table for name, table in sorted(self._tables.items()) if name == table.name]

    async def create(self, name: str, definition: Definition) -> Table:
        """Make a table. Raise ``ResourceInUseException`` when there is one of that name."""
        if name in self._tables:
            raise ResourceInUseException(f"Table already exists: {name}")
        arn = self.home.arn("dynamodb", f"table/{name}")
        table = _define(definition, name, arn, str(uuid.uuid4()), self._clock.now())
        if definition.stream_view_type is not None:
            table = replace(table, stream=self._new_stream(table, definition.stream_view_type))
        await self._create(table)
        return table

    async def ensure(self, name: str, definition: Definition, ttl: str | None) -> Table:
        """Make a table as it is defined, or bring the one of that name up to it, with its items.

        Raise ``ResourceInUseException`` when that one has other keys.
        """
        table = self._tables.get(name)
        arn = self.home.arn("dynamodb", f"table/{name}")
        wanted = _define(definition, name, arn, str(uuid.uuid4()), self._clock.now())
        if definition.stream_view_type is not None:
            label = declared_label(name, definition.stream_view_type)
            wanted = replace(wanted, stream=self._new_stream(wanted, definition.stream_view_type, label))
        if table is None:
            wanted = replace(wanted, ttl=ttl)
            await self._create(wanted)
            return wanted
        wanted = replace(wanted, id=table.id, created=table.created, ttl=ttl, tags=table.tags)
        if wanted.stream is not None and table.stream is not None and wanted.stream.arn == table.stream.arn:
            wanted = replace(wanted, stream=table.stream)
        if wanted.key_attributes != table.key_attributes:
            raise ResourceInUseException(f"Table already exists: {name}, with another key schema: delete it first")
        if wanted != table:
            await self._redefine(wanted)
        return wanted

    async def delete(self, table: Table) -> None:
        """Delete a table and its items."""
        if table.is_deletion_protected:
            raise ValidationException(
                "Resource cannot be deleted as it is currently protected against deletion. "
                "Disable deletion protection first."
            )
        del self._tables[table.name], self._tables[table.arn]
        await self._store.drop(table.name, self._end_stream(table.stream))

    async def statistics(self, table: Table) -> tuple[int, int]:
        """Count the items of a table, and their size."""
        return await self._store.statistics(table.name)

    async def update_time_to_live(self, table: Table, attribute: str, *, is_enabled: bool) -> None:
        """Enable TTL by an attribute, or disable it.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
        """
        if is_enabled and table.ttl == attribute:
            raise ValidationException("TimeToLive is already enabled")
        if table.ttl is None and not is_enabled:
            raise ValidationException("TimeToLive is already disabled")
        if table.ttl not in (None, attribute):
            raise ValidationException(
                f"TimeToLive is active on a different AttributeName: current AttributeName is {table.ttl}"
            )
        await self._redefine(replace(table, ttl=attribute if is_enabled else None))

    # What API calls have changed

    def to_keep(self) -> JSON:
        """Give the names of what API calls have changed."""
        return self.changed.to_keep()

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Tell of what the template has changed back."""
        return self.changed.restore(document, declared)

    # Items

    async def get(self, table: Table, key: Key) -> Item | None:
        """Give an item."""
        data = await self._store.get(table.name, key)
        return None if data is None else parse(data)

    async def put(
        self, table: Table, item: Item, size: int, *, requirement: Requirement | None = None, reads: bool = False
    ) -> Written:
        """Put an item, of the size that ``read_item`` told, in place of what has its key."""
        return await self._write(self.put_change(table, item, size, requirement=requirement, reads=reads))

    async def delete_item(
        self, table: Table, key: Key, *, requirement: Requirement | None = None, reads: bool = False
    ) -> Written:
        """Delete the item of a key, if there is one."""
        return await self._write(self.delete_change(table, key, requirement=requirement, reads=reads))

    async def update(
        self, table: Table, key: Item, update: Update, values: Values, *, requirement: Requirement | None = None
    ) -> Written:
        """Change the item of a key, or make it."""
        return await self._write(self.update_change(table, key, update, values, requirement=requirement))

    async def write(self, changes: Sequence[Change], token: Token | None = None) -> list[Written]:
        """Make all of some changes, or none, and remember the ``token`` that they were asked for with.

        Raise what refuses the only one, or ``TransactionCanceledException``.
        """
        written = await self._store.modify(changes, token)
        if token is not None:
            self.tokens.note(token)
        for each in written:
            if each.new is not None and each.new.expires is not None:
                self._expect(each.new.expires)
        return written

    # Changes

    def put_change(
        self, table: Table, item: Item, size: int, *, requirement: Requirement | None = None, reads: bool = False
    ) -> Change:
        """Give the change that puts an item. Raise ``ValidationException``."""
        key = table.key_of_item(item)
        if size > MAX_ITEM_SIZE:
            raise ValidationException("Item size has exceeded the maximum allowed size")
        image = items.image_of(table, item, size)
        reads = reads or requirement is not None
        return Change(table.name, key, items.put(image, requirement), reads)

    def delete_change(
        self, table: Table, key: Key, *, requirement: Requirement | None = None, reads: bool = False
    ) -> Change:
        """Give the change that deletes an item."""
        reads = reads or requirement is not None
        return Change(table.name, key, items.delete(requirement), reads)

    def update_change(
        self, table: Table, key: Item, update: Update, values: Values, *, requirement: Requirement | None = None
    ) -> Change:
        """Give the change that updates an item. Raise ``ValidationException``."""
        for attribute in table.key_attributes:
            if attribute.name in update.paths:
                raise ValidationException(
                    f"{ONE_OR_MORE}Cannot update attribute {attribute.name}. This attribute is part of the key"
                )
        encoded = table.key_of(key)
        return Change(table.name, encoded, items.update(table, key, update, values, requirement))

    def check_change(self, table: Table, key: Key, requirement: Requirement) -> Change:
        """Give the change that changes nothing, if an item is as it should be."""
        return Change(table.name, key, items.check(requirement))

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock.now()

    async def query(
        self, table: Table, partition: bytes, keys: KeyRange, *, forward: bool = True, limit: int | None = None
    ) -> Page:
        """Give a page of a partition's items, by sort key."""
        return await self._store.query(
            table.name, partition, keys, forward=forward, limit=limit, max_size=MAX_PAGE_SIZE
        )

    async def query_index(
        self,
        table: Table,
        index: SecondaryIndex,
        partition: bytes,
        keys: KeyRange,
        *,
        after: IndexPlace | None = None,
        forward: bool = True,
        limit: int | None = None,
    ) -> Page:
        """Give a page of a partition of an index, by its sort key, behind a place in it."""
        return await self._store.query_index(
            table.name, index.name, partition, keys, after, forward=forward, limit=limit, max_size=MAX_PAGE_SIZE
        )

    async def scan(
        self, table: Table, after: Key | None = None, *, segment: Segment | None = None, limit: int | None = None
    ) -> Page:
        """Give a page of a table's items."""
        return await self._store.scan(table.name, after, segment=segment, limit=limit, max_size=MAX_PAGE_SIZE)

    async def scan_index(
        self,
        table: Table,
        index: SecondaryIndex,
        after: IndexPlace | None = None,
        *,
        segment: Segment | None = None,
        limit: int | None = None,
    ) -> Page:
        """Give a page of an index, behind a place in it."""
        return await self._store.scan_index(
            table.name, index.name, after, segment=segment, limit=limit, max_size=MAX_PAGE_SIZE
        )

    async def index_statistics(self, table: Table, index: SecondaryIndex) -> tuple[int, int]:
        """Count the items of an index, and their size."""
        return await self._store.index_statistics(table.name, index.name)

    async def redefine(self, table: Table, **changes: Any) -> Table:
        """Give a table another definition of the same keys; new indexes have its items. Give it as it is then.

        ``stream_view_type`` among the changes begins a stream, or ends it if it is None.
        """
        if "stream_view_type" in changes:
            view_type = changes.pop("stream_view_type")
            changes["stream"] = None if view_type is None else self._new_stream(table, view_type)
        wanted = replace(table, **changes)
        await self._redefine(wanted)
        return wanted

    async def _write(self, change: Change) -> Written:
        (written,) = await self._store.modify((change,))
        if written.new is not None and written.new.expires is not None:
            self._expect(written.new.expires)
        return written

    async def _create(self, table: Table) -> None:
        await self._store.create(table)
        self._enter(table)

    def _enter(self, table: Table) -> None:
        self._tables[table.name] = self._tables[table.arn] = table

    async def _redefine(self, table: Table) -> None:
        # Entered first: the writes that the store is asked for from now on find it redefined.
        before = self._tables[table.name].stream
        has_ended = before is not None and (table.stream is None or before.arn != table.stream.arn)
        self._enter(table)
        await self._store.redefine(table, self._end_stream(before) if has_ended else None)
        await self._expect_next()

    # Streams

    def streams(self) -> Sequence[Stream]:
        """Give the streams that can be read, by ARN: the open ones, and those closed less than a day ago."""
        since = self._clock.now() - KEPT_FOR
        for arn in [arn for arn, stream in self._closed_streams.items() if stream.closed and stream.closed < since]:
            del self._closed_streams[arn]
        opened = {table.stream.arn: table.stream for table in self.tables() if table.stream is not None}
        return [stream for _, stream in sorted((self._closed_streams | opened).items())]

    def stream(self, arn: str) -> Stream:
        """Find a stream. Raise ``ResourceNotFoundException``."""
        for stream in self.streams():
            if stream.arn == arn:
                return stream
        raise ResourceNotFoundException(f"Requested resource not found: Stream: {arn} not found")

    async def stream_records(self, stream: Stream, *, after: int, limit: int) -> Sequence[StreamRecord]:
        """Give what a stream has told behind a place within the last day."""
        since = (self._clock.now() - KEPT_FOR).timestamp()
        return await self._store.stream_records(stream.arn, after=after, since=since, limit=limit)

    async def stream_bounds(self, stream: Stream) -> tuple[int, int]:
        """Give the first and the last place of a stream; see ``TableStore.stream_bounds``."""
        return await self._store.stream_bounds(stream.arn)

    def follow_streams(self, follower: Callable[[str], None]) -> None:
        """Have a function called with a stream's ARN each time that it tells something."""
        self._store.follow_streams(follower)

    def _new_stream(self, table: Table, view_type: str, label: str | None = None) -> Stream:
        now = self._clock.now()
        keys = table.key_attributes
        if label is not None:
            self._closed_streams.pop(f"{table.arn}/stream/{label}", None)
            return Stream(table.name, table.arn, label, view_type, keys, now)
        moment = now
        while f"{table.arn}/stream/{label_of(moment)}" in self._closed_streams:
            moment += timedelta(milliseconds=1)
        return Stream(table.name, table.arn, label_of(moment), view_type, keys, now)

    def _end_stream(self, stream: Stream | None) -> Stream | None:
        if stream is None:
            return None
        ended = self._closed_streams[stream.arn] = replace(stream, closed=self._clock.now())
        return ended

    # Expiry

    def _expect(self, expires: float) -> None:
        """Have the sweep run once a TTL value has passed."""
        # An item is expired when its TTL value is less than the time: at the next whole second at the earliest.
        if expires >= self._sweep_due - 1 or expires > _LAST_SECOND:
            return
        now = self._clock.timestamp()
        if expires < now - FIVE_YEARS:
            return
        due = max(math.floor(expires), math.floor(now)) + 1
        if due >= self._sweep_due:
            return
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        self._sweep_due = due
        self._sweep_timer = self._clock.call_at(datetime.fromtimestamp(due, UTC), self._start_sweep)

    def _start_sweep(self) -> None:
        self._sweep_timer, self._sweep_due = None, math.inf
        self._work.start(self._sweep())

    async def _sweep(self) -> None:
        now = self._clock.timestamp()
        for table in self.tables():
            while table.ttl is not None and table.name in self._tables:
                if not await self._store.expire(table.name, now):
                    break
        await self._expect_next()

    async def _expect_next(self) -> None:
        now = self._clock.timestamp()
        for table in self.tables():
            if table.ttl is not None and table.name in self._tables:
                expires = await self._store.next_expiry(table.name, now)
                if expires is not None:
                    self._expect(expires)


def _define(definition: Definition, name: str, arn: str, table_id: str, created: datetime) -> Table:
    return Table(
        name=name,
        arn=arn,
        id=table_id,
        created=created,
        partition=definition.partition,
        sort=definition.sort,
        billing_mode=definition.billing_mode,
        read_capacity=definition.read_capacity,
        write_capacity=definition.write_capacity,
        table_class=definition.table_class,
        is_deletion_protected=definition.is_deletion_protected,
        indexes=definition.indexes,
    )
