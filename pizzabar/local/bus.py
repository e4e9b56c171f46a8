"""
The local transport of events.

A target that takes durably is asked at once, so that taking the event and what caused it are one commit. Only what a
target does not take, and what follows it in its lane, is kept in the queue.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from pizzabar import documents
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.eventbridge.transport import Bury, DeadLetter, DeliveryFailure, EventDelivery, Postponed, Send
from pizzabar.local.database import Database
from pizzabar.local.deliveries import Again, Delivery, DeliveryQueue
from pizzabar.work import Work, go_on

INSERT_DEAD_LETTER = "INSERT INTO dead_letters (item) VALUES (?)"
SELECT_DEAD_LETTERS = "SELECT item FROM dead_letters ORDER BY id"
DELETE_OLD_DEAD_LETTERS = "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?"
KEPT_DEAD_LETTERS = 10_000
"""How many are kept, beside those that queues have."""
LONGEST_BACK_OFF = timedelta(minutes=10)


class LocalTransport:
    """Deliveries over one state file."""

    def __init__(self, database: Database, clock: Clock, work: Work) -> None:
        self._database = database
        self._clock = clock
        self._work = work
        self._queue = DeliveryQueue("events", database, clock, work)
        self._turns: dict[str, asyncio.Future[None]] = {}
        self._send: Send | None = None
        self._bury: Bury | None = None

    async def open(self, send: Send, bury: Bury) -> None:
        """Begin, with what an earlier process left undelivered."""
        self._send, self._bury = send, bury
        await self._queue.open(self._handle)

    async def deliver(self, deliveries: Sequence[EventDelivery]) -> None:
        """Take deliveries; return when each is with its target, or waits in the queue."""
        # All are begun, in order, before any is waited for.
        begun = None
        for delivery in deliveries:
            task = self._work.start_now(self._take(delivery))
            if task is not None:
                begun = [*(begun or ()), task]
        for task in begun or ():
            await task

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """Read the deliveries that were given up, oldest first."""
        rows = await self._database.read(lambda connection: connection.execute(SELECT_DEAD_LETTERS).fetchall())
        return [_read_dead_letter(documents.parse(item)) for (item,) in rows]

    async def _take(self, delivery: EventDelivery) -> None:
        lane = f"{delivery.rule_arn} {delivery.target_id} {delivery.lane}"
        before = self._turns.get(lane)
        if before is not None:
            # Each waits for the one before it in its lane: if that fails, this one goes into the queue behind it.
            await self._take_turn(lane, delivery, before)
        elif not delivery.takes_durably or lane in self._queue.lanes:
            self._queue.put(lane, delivery.as_json())
        else:
            asking = self._ask(lane, delivery)
            try:
                waits_for = asking.send(None)
            except StopIteration:
                return
            turn = self._turns[lane] = asyncio.get_running_loop().create_future()
            try:
                await go_on(asking, waits_for)
            finally:
                self._end(lane, turn)

    async def _take_turn(self, lane: str, delivery: EventDelivery, before: asyncio.Future[None]) -> None:
        turn = self._turns[lane] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait([before])
            if not delivery.takes_durably or lane in self._queue.lanes:
                self._queue.put(lane, delivery.as_json())
            else:
                await self._ask(lane, delivery)
        finally:
            if before.done():
                self._end(lane, turn)
            else:
                # Whoever gives up waiting does not let the next one overtake.
                before.add_done_callback(lambda _: self._end(lane, turn))

    def _end(self, lane: str, turn: asyncio.Future[None]) -> None:
        turn.set_result(None)
        if self._turns[lane] is turn:
            del self._turns[lane]

    async def _ask(self, lane: str, delivery: EventDelivery) -> None:
        assert self._send is not None
        try:
            await self._send(delivery)
        except DeliveryFailure as failure:
            now = self._clock.now()
            attempts = _attempts(0, failure)
            when = _next_attempt(delivery, failure, attempts, now, now)
            if isinstance(when, str):
                await self._give_up(delivery, failure, attempts, when)
            else:
                self._queue.put(lane, delivery.as_json(), attempts=attempts, due=when)

    async def _handle(self, item: Delivery) -> Again | None:
        assert self._send is not None
        delivery = EventDelivery.from_json(item.item)
        try:
            await self._send(delivery)
        except DeliveryFailure as failure:
            attempts = _attempts(item.attempts, failure)
            accepted = datetime.fromtimestamp(item.accepted, UTC)
            when = _next_attempt(delivery, failure, attempts, accepted, self._clock.now())
            if isinstance(when, str):
                await self._give_up(delivery, failure, attempts, when)
                return None
            return Again(when, holds_lane=True, counts=not isinstance(failure, Postponed))
        return None

    async def _give_up(
        self, delivery: EventDelivery, failure: DeliveryFailure, attempts: int, exhausted: str
    ) -> None:
        assert self._bury is not None
        letter = DeadLetter(delivery, failure.code, failure.message, attempts, exhausted, self._clock.now())
        await self._bury(letter)
        row = (documents.encode(_write_dead_letter(letter)),)

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute(INSERT_DEAD_LETTER, row)
            connection.execute(DELETE_OLD_DEAD_LETTERS, (KEPT_DEAD_LETTERS,))

        await self._database.write(insert)


def _attempts(before: int, failure: DeliveryFailure) -> int:
    """Count the attempts up to a failure."""
    return before if isinstance(failure, Postponed) else before + 1


def _next_attempt(
    delivery: EventDelivery, failure: DeliveryFailure, attempts: int, accepted: datetime, now: datetime
) -> datetime | str:
    """Tell when to try again, or which condition says not to.

    AWS backs off exponentially, with jitter, within the policy's bounds; the base and the longest back-off are ours.
    A target that asks to be left alone for longer is.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    """
    if failure.is_final:
        return "NotRetryable"
    latest = accepted + timedelta(seconds=delivery.maximum_age_seconds)
    if isinstance(failure, Postponed):
        return "MaximumEventAgeInSeconds" if failure.when > latest else failure.when
    if attempts > delivery.maximum_attempts:
        return "MaximumRetryAttempts"
    jitter = blake2b(f"{delivery.event_id}{delivery.target_id}{attempts}".encode(), digest_size=1).digest()[0] / 255
    back_off = min(timedelta(seconds=2.0 ** min(attempts - 1, 16)), LONGEST_BACK_OFF) * (0.5 + jitter / 2)
    when = now + max(back_off, failure.retry_after)
    return "MaximumEventAgeInSeconds" if when > latest else when


def _write_dead_letter(letter: DeadLetter) -> JSON:
    return asdict(letter) | {"when": letter.when.timestamp()}


def _read_dead_letter(document: JSON) -> DeadLetter:
    when = datetime.fromtimestamp(document["when"], UTC)
    return DeadLetter(**(document | {"delivery": EventDelivery(**document["delivery"]), "when": when}))
