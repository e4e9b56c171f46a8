"""
A durable queue whose items are handed on in lanes.

Rules:
- An item is handed to the handler at once, and written down with the next commit, unless the handler is done with it
  by then: whatever the handler writes is committed with it or after it. It stays there until the handler is done.
- Items of one lane are handled one after another, in the order they were put; lanes do not wait for each other.
- A handler that asks for another attempt says when, and whether its lane waits for that or goes on.
- After the process was killed, whatever was not done is handled again: at least once.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pizzabar import documents
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Cause, cause_of_text
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
    """An item under way, accepted at a time in seconds since 1970, and what it follows from.

    ``attempts`` counts those that were made before.
    """

    id: int
    lane: str
    item: JSON
    cause: Cause
    attempts: int
    accepted: float
    due: datetime | None = None


@record
class Again:
    """A handler's wish for another attempt, no sooner than ``when``.

    ``counts`` says whether what was done just now was an attempt.
    """

    when: datetime
    holds_lane: bool
    counts: bool = True


Handler = Callable[[Delivery], Awaitable[Again | None]]


class DeliveryQueue:
    """One durable queue of the state file, named ``queue``."""

    def __init__(self, queue: str, database: Database, clock: Clock, work: Work) -> None:
        self.queue = queue
        self._database = database
        self._clock = clock
        self._work = work
        self._handler: Handler | None = None
        self.lanes: dict[str, _Lane] = {}
        """Those of which items are waiting or under way."""
        self._last_id = 0
        self._unwritten: dict[int, Delivery] = {}
        self._done: list[tuple[str, int]] = []
        """Items that are on disk, and are to go at the next commit."""
        database.before_commit(self._write_down)

    async def open(self, handler: Handler) -> None:
        """Begin to hand items to the handler, those first that an earlier process left undone."""
        self._handler = handler
        rows = await self._database.read(lambda connection: connection.execute(UNDONE, (self.queue,)).fetchall())
        for id_, lane, item, trace, attempts, accepted, due in rows:
            self._last_id = id_
            self._enter(
                Delivery(
                    id_,
                    lane,
                    documents.parse(item),
                    cause_of_text(trace),
                    attempts,
                    accepted,
                    None if due is None else datetime.fromtimestamp(due, UTC),
                )
            )

    @property
    def backlog(self) -> int:
        """How many items are waiting or under way."""
        return sum(len(lane.items) for lane in self.lanes.values())

    def put(self, lane: str, item: JSON, *, attempts: int = 0, due: datetime | None = None) -> None:
        """Take an item."""
        cause = CAUSE.get() or Cause("")
        self._last_id += 1
        delivery = Delivery(self._last_id, lane, item, cause, attempts, self._clock.timestamp(), due)
        self._unwritten[delivery.id] = delivery
        if not self._database.is_scheduled:
            self._database.will_change()
        self._enter(delivery)

    def _write_down(self, connection: sqlite3.Connection) -> None:
        if self._unwritten:
            deliveries, self._unwritten = self._unwritten, {}
            connection.executemany(INSERT, [self._row(delivery) for delivery in deliveries.values()])
        if self._done:
            done, self._done = self._done, []
            connection.executemany(DELETE, done)

    def _row(self, delivery: Delivery) -> tuple[object, ...]:
        due = None if delivery.due is None else delivery.due.timestamp()
        return (
            self.queue,
            delivery.id,
            delivery.lane,
            documents.encode(delivery.item),
            str(delivery.cause.header()) if delivery.cause.trace_id else "",
            delivery.attempts,
            delivery.accepted,
            due,
        )

    def _enter(self, delivery: Delivery) -> None:
        lane = self.lanes.get(delivery.lane)
        if lane is not None:
            lane.items.append(delivery)
            return
        self.lanes[delivery.lane] = lane = _Lane(delivery.lane, deque((delivery,)))
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
            CAUSE.set(delivery.cause.within(delivery.lane))
            try:
                again = await self._handler(delivery)
            except Exception:
                # The item stays on disk for the next start: what is not understood is not thrown away.
                log.exception("an item of the queue %s could not be handled", self.queue)
                items.popleft()
                continue
            if again is None:
                if self._unwritten.pop(delivery.id, None) is None:
                    self._done.append((self.queue, delivery.id))
                    self._database.will_change()
                items.popleft()
                continue
            delivery.attempts += again.counts
            if not again.holds_lane:
                items.popleft()
                delivery.lane = f"{delivery.lane.removesuffix(f'#{delivery.id}')}#{delivery.id}"
            delivery.due = again.when
            if delivery.id not in self._unwritten:
                row = (delivery.lane, delivery.attempts, again.when.timestamp(), self.queue, delivery.id)
                self._database.write_soon(partial(_put_off, row=row))
            if not again.holds_lane:
                self._enter(delivery)
        del self.lanes[lane.name]


@dataclass(slots=True)
class _Lane:
    name: str
    items: deque[Delivery]


def _put_off(connection: sqlite3.Connection, row: tuple[object, ...]) -> None:
    connection.execute(RETRY, row)
