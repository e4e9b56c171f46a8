"""
A durable queue whose items are handed on in lanes.

Rules:
- An item is on its way to the disk when it is handed to the handler: whatever the handler writes is committed with
  it or after it. It stays there until the handler is done with it.
- Items of one lane are handled one after another, in the order they were put; lanes do not wait for each other.
- A handler that asks for another attempt says when, and whether its lane waits for that or goes on.
- After the process was killed, whatever was not done is handled again: at least once.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pizzabar import documents
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Cause
from pizzabar.local.database import Database
from pizzabar.record import record
from pizzabar.work import Work

log = logging.getLogger("pizzabar")

INSERT = (
    "INSERT INTO deliveries (queue, id, lane, item, trace, attempts, accepted, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
RETRY = "UPDATE deliveries SET lane = ?, attempts = ?, due = ? WHERE queue = ? AND id = ?"
DELETE = "DELETE FROM deliveries WHERE queue = ? AND id = ?"
UNDONE = "SELECT id, lane, item, trace, attempts, accepted, due FROM deliveries WHERE queue = ? ORDER BY id"


@dataclass(slots=True)
class Delivery:
    """An item under way. ``attempts`` counts those that were made before."""

    id: int
    lane: str
    item: JSON
    trace_id: str
    attempts: int
    accepted: datetime
    due: datetime | None = None
    hop_id: int = 0


@record
class Again:
    """A handler's wish for another attempt, no sooner than ``when``."""

    when: datetime
    holds_lane: bool


Handler = Callable[[Delivery], Awaitable[Again | None]]


class DeliveryQueue:
    """One durable queue of the state file, named ``queue``."""

    def __init__(self, queue: str, database: Database, clock: Clock, work: Work) -> None:
        self.queue = queue
        self._database = database
        self._clock = clock
        self._work = work
        self._handler: Handler | None = None
        self._lanes: dict[str, _Lane] = {}
        self._last_id = 0

    async def open(self, handler: Handler) -> None:
        """Begin to hand items to the handler, those first that an earlier process left undone."""
        self._handler = handler
        rows = await self._database.read(lambda connection: connection.execute(UNDONE, (self.queue,)).fetchall())
        for id_, lane, item, trace_id, attempts, accepted, due in rows:
            self._last_id = id_
            self._enter(
                Delivery(
                    id_,
                    lane,
                    documents.parse(item),
                    trace_id,
                    attempts,
                    datetime.fromtimestamp(accepted, UTC),
                    None if due is None else datetime.fromtimestamp(due, UTC),
                )
            )

    def has_lane(self, lane: str) -> bool:
        """Whether items of a lane are still waiting or under way."""
        return lane in self._lanes

    @property
    def backlog(self) -> int:
        """How many items are waiting or under way."""
        return sum(len(lane.items) for lane in self._lanes.values())

    async def put(self, lane: str, item: JSON, *, attempts: int = 0, due: datetime | None = None) -> None:
        """Take an item; return when it is durable."""
        await self.put_all([(lane, item)], attempts=attempts, due=due)

    async def put_all(
        self, items: Iterable[tuple[str, JSON]], *, attempts: int = 0, due: datetime | None = None
    ) -> None:
        """Take items, all or none; return when they are durable."""
        cause = CAUSE.get()
        trace_id, hop_id = ("", 0) if cause is None else (cause.trace_id, cause.id)
        now = self._clock.now()
        due_seconds = None if due is None else due.timestamp()
        deliveries = []
        for lane, item in items:
            self._last_id += 1
            deliveries.append(Delivery(self._last_id, lane, item, trace_id, attempts, now, due, hop_id))
        rows = [
            (self.queue, d.id, d.lane, documents.encode(d.item), trace_id, attempts, now.timestamp(), due_seconds)
            for d in deliveries
        ]
        is_durable = self._database.write(partial(_insert, rows=rows))
        for delivery in deliveries:
            self._enter(delivery)
        await is_durable

    def _enter(self, delivery: Delivery) -> None:
        lane = self._lanes.get(delivery.lane)
        if lane is not None:
            lane.items.append(delivery)
            return
        self._lanes[delivery.lane] = lane = _Lane(delivery.lane, deque((delivery,)))
        self._go_on(lane)

    def _go_on(self, lane: "_Lane") -> None:
        """Go on with a lane, now or when its first item is due."""
        due = lane.items[0].due
        if due is not None and due > self._clock.now():
            self._clock.wake_at(due, lambda: self._start(lane))
        else:
            self._start(lane)

    def _start(self, lane: "_Lane") -> None:
        lane.items[0].due = None
        self._work.start(self._run(lane))

    async def _run(self, lane: "_Lane") -> None:
        assert self._handler is not None
        items = lane.items
        while items:
            delivery = items[0]
            if delivery.due is not None:
                self._go_on(lane)
                return
            CAUSE.set(Cause(delivery.trace_id, delivery.hop_id, delivery.lane))
            try:
                again = await self._handler(delivery)
            except Exception:
                # The item stays on disk for the next start: what is not understood is not thrown away.
                log.exception("an item of the queue %s could not be handled", self.queue)
                items.popleft()
                continue
            if again is None:
                self._database.write_behind(partial(_delete, key=(self.queue, delivery.id)))
                items.popleft()
                continue
            delivery.attempts += 1
            if not again.holds_lane:
                items.popleft()
                delivery.lane = f"{delivery.lane.removesuffix(f'#{delivery.id}')}#{delivery.id}"
            row = (delivery.lane, delivery.attempts, again.when.timestamp(), self.queue, delivery.id)
            await self._database.write(partial(_put_off, row=row))
            delivery.due = again.when
            if not again.holds_lane:
                self._enter(delivery)
        del self._lanes[lane.name]


@dataclass(slots=True)
class _Lane:
    name: str
    items: deque[Delivery]


def _delete(connection: sqlite3.Connection, key: tuple[str, int]) -> None:
    connection.execute(DELETE, key)


def _put_off(connection: sqlite3.Connection, row: tuple[object, ...]) -> None:
    connection.execute(RETRY, row)


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    if len(rows) == 1:
        connection.execute(INSERT, rows[0])
    else:
        connection.executemany(INSERT, rows)
