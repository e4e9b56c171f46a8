"""The queue store of the local runtime: a row for each queue, and one for each message."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pizzabar.documents import encode, parse
from pizzabar.local.database import Database
from pizzabar.sqs.queue import Queue
from pizzabar.sqs.store import (
    ATTEMPT_SECONDS,
    DEDUPLICATION_SECONDS,
    Counts,
    Message,
    Moments,
    Placed,
    Sending,
    Taken,
    Taking,
)

QUEUES = "SELECT name, queue FROM sqs_queues ORDER BY name"
PUT_QUEUE = "REPLACE INTO sqs_queues (name, queue) VALUES (?, ?)"
DELETE_QUEUE = "DELETE FROM sqs_queues WHERE name = ?"
DELETE_CONTENT = (
    "DELETE FROM sqs_messages WHERE queue = ?",
    "DELETE FROM sqs_attempts WHERE queue = ?",
)
DELETE_DEDUPLICATIONS = "DELETE FROM sqs_deduplications WHERE queue = ?"

PUT = "INSERT INTO sqs_messages (queue, lane, sent, visible, received, message) VALUES (?, ?, ?, ?, 0, ?)"
COLUMNS = "number, visible, received, first_received, last_received, message"
FIND = f"SELECT {COLUMNS} FROM sqs_messages WHERE number = ? AND queue = ?"
CHANGE = "UPDATE sqs_messages SET visible = ?, received = ?, first_received = ?, last_received = ? WHERE number = ?"
DELETE = "DELETE FROM sqs_messages WHERE number = ?"

VISIBLE = f"""
    SELECT {COLUMNS} FROM sqs_messages WHERE queue = ? AND visible <= ? ORDER BY visible, number LIMIT ?
"""
LOOK = f"""
    SELECT {COLUMNS} FROM sqs_messages WHERE queue = ? AND visible <= ? AND sent > ? ORDER BY visible, number LIMIT ?
"""
IN_FLIGHT = "SELECT count(*) FROM sqs_messages WHERE queue = ? AND visible > ? AND received > 0"
BUSY_LANES = "SELECT DISTINCT lane FROM sqs_messages WHERE queue = ? AND visible > ? AND received > 0"
HEADS = "SELECT number, lane FROM sqs_messages WHERE queue = ? AND number > ? ORDER BY number LIMIT 256"
OF_LANE = f"""
    SELECT {COLUMNS} FROM sqs_messages WHERE queue = ? AND lane = ? AND number > ? ORDER BY number LIMIT ?
"""

DUPLICATE = "SELECT number, message_id FROM sqs_deduplications WHERE queue = ? AND scope = ? AND id = ? AND until > ?"
REMEMBER = "REPLACE INTO sqs_deduplications (queue, scope, id, until, number, message_id) VALUES (?, ?, ?, ?, ?, ?)"
FORGET = "DELETE FROM sqs_deduplications WHERE until <= ?"
ATTEMPT = "SELECT messages FROM sqs_attempts WHERE queue = ? AND attempt = ? AND until > ?"
PUT_ATTEMPT = "REPLACE INTO sqs_attempts (queue, attempt, until, messages) VALUES (?, ?, ?, ?)"
FORGET_ATTEMPTS = "DELETE FROM sqs_attempts WHERE queue = ? AND until <= ?"

RELEASE = "UPDATE sqs_messages SET visible = ? WHERE queue = ? AND visible > ? AND visible <= ? AND received = 0"
DELAY = "UPDATE sqs_messages SET visible = sent + ? WHERE queue = ? AND received = 0"
EXPIRE = "DELETE FROM sqs_messages WHERE queue = ? AND sent <= ?"
COUNT = """
    SELECT count(*), total(visible > :now AND received > 0), total(visible > :now AND received = 0)
    FROM sqs_messages WHERE queue = :queue AND sent > :oldest
"""
NEXT_DELAYED = """
    SELECT visible FROM sqs_messages WHERE queue = ? AND visible > ? AND received = 0 ORDER BY visible LIMIT 1
"""
NEXT_IN_FLIGHT = """
    SELECT visible FROM sqs_messages WHERE queue = ? AND visible > ? AND received > 0 ORDER BY visible LIMIT 1
"""
OLDEST = "SELECT sent FROM sqs_messages WHERE queue = ? ORDER BY number LIMIT 1"


class LocalQueues:
    """See ``QueueStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_flight: dict[str, int] = {}
        """How many messages of a queue are in flight, at most: those of the last count, and all received since."""

    async def load(self) -> list[Queue]:
        rows = await self._database.read(lambda connection: connection.execute(QUEUES).fetchall())
        return [Queue.from_json(name, parse(document)) for name, document in rows]

    def put_queue(self, queue: Queue) -> None:
        row = (queue.name, encode(queue.to_json()))
        self._database.write_soon(lambda connection: connection.execute(PUT_QUEUE, row))

    def delete_queue(self, name: str) -> None:
        self._in_flight.pop(name, None)

        def change(connection: sqlite3.Connection) -> None:
            for statement in (*DELETE_CONTENT, DELETE_DEDUPLICATIONS, DELETE_QUEUE):
                connection.execute(statement, (name,))

        self._database.write_soon(change)

    async def send(self, queue: str, sendings: Sequence[Sending]) -> list[Placed]:
        return await self._database.write(lambda connection: [_send(connection, queue, each) for each in sendings])

    async def receive(self, queue: str, taking: Taking) -> Taken:
        take = _take_fifo if taking.is_fifo else _take

        def change(connection: sqlite3.Connection) -> Taken:
            if taking.attempt is not None and (again := _again(connection, queue, taking, taking.attempt)):
                return Taken(again)
            if self._is_full(connection, queue, taking):
                # A FIFO queue with too much in flight gives nothing, and says nothing.
                return Taken(is_over_limit=not taking.is_fifo)
            taken = take(connection, queue, taking)
            self._in_flight[queue] += len(taken.messages)
            return taken

        return await self._database.write(change)

    def _is_full(self, connection: sqlite3.Connection, queue: str, taking: Taking) -> bool:
        """Whether as many messages are in flight as may be; they are counted only where that may be so."""
        most = self._in_flight.get(queue)
        if most is None or most >= taking.limit:
            most = self._in_flight[queue] = connection.execute(IN_FLIGHT, (queue, taking.now)).fetchone()[0]
        return most >= taking.limit

    async def modify(self, queue: str, number: int, decide: Callable[[Message | None], Message | None]) -> None:
        def change(connection: sqlite3.Connection) -> None:
            row = connection.execute(FIND, (number, queue)).fetchone()
            was = None if row is None else _message(row)
            now = decide(was)
            if was is not None and now is None:
                connection.execute(DELETE, (number,))
            elif now is not None and now != was:
                connection.execute(CHANGE, (now.visible, now.received, now.first_received, now.last_received, number))

        await self._database.write(change)

    async def release(self, queue: str, until: float, now: float) -> None:
        await self._database.write(lambda connection: connection.execute(RELEASE, (now, queue, now, until)))

    async def delay(self, queue: str, seconds: int) -> None:
        await self._database.write(lambda connection: connection.execute(DELAY, (seconds, queue)))

    async def move(self, queue: str, number: int, target: str, sending: Sending) -> None:
        def change(connection: sqlite3.Connection) -> None:
            if connection.execute(FIND, (number, queue)).fetchone() is not None:
                connection.execute(DELETE, (number,))
                _put(connection, target, sending)

        await self._database.write(change)

    async def visible(self, queue: str, now: float, oldest: float, most: int) -> list[Message]:
        def query(connection: sqlite3.Connection) -> list[Message]:
            return [_message(row) for row in connection.execute(LOOK, (queue, now, oldest, most))]

        return await self._database.read(query)

    async def purge(self, queue: str) -> None:
        def change(connection: sqlite3.Connection) -> None:
            for statement in DELETE_CONTENT:
                connection.execute(statement, (queue,))

        await self._database.write(change)

    async def expire(self, queue: str, oldest: float) -> None:
        await self._database.write(lambda connection: connection.execute(EXPIRE, (queue, oldest)))

    async def count(self, queue: str, now: float, oldest: float) -> Counts:
        asked = {"queue": queue, "now": now, "oldest": oldest}
        row = await self._database.read(lambda connection: connection.execute(COUNT, asked).fetchone(), is_long=True)
        every, in_flight, delayed = map(int, row)
        return Counts(every - in_flight - delayed, in_flight, delayed)

    async def moments(self, queue: str, now: float) -> Moments:
        def query(connection: sqlite3.Connection) -> Moments:
            return Moments(
                _first(connection, NEXT_DELAYED, queue, now),
                _first(connection, NEXT_IN_FLIGHT, queue, now),
                _first(connection, OLDEST, queue),
            )

        return await self._database.read(query)


def _first(connection: sqlite3.Connection, query: str, *asked: object) -> float | None:
    row = connection.execute(query, asked).fetchone()
    return None if row is None else row[0]


def _send(connection: sqlite3.Connection, queue: str, sending: Sending) -> Placed:
    if sending.deduplication_id is None:
        return Placed(_put(connection, queue, sending), sending.id)
    key = (queue, sending.scope, sending.deduplication_id)
    connection.execute(FORGET, (sending.sent,))
    if (known := connection.execute(DUPLICATE, (*key, sending.sent)).fetchone()) is not None:
        return Placed(known[0], known[1], is_new=False)
    number = _put(connection, queue, sending)
    connection.execute(REMEMBER, (*key, sending.sent + DEDUPLICATION_SECONDS, number, sending.id))
    return Placed(number, sending.id)


def _put(connection: sqlite3.Connection, queue: str, sending: Sending) -> int:
    lane = None if sending.deduplication_id is None else sending.group
    document = {name: value for name in _DOCUMENT if (value := getattr(sending, name)) not in (None, "")}
    row = (queue, lane, sending.sent, sending.visible, encode(document))
    number = connection.execute(PUT, row).lastrowid
    assert number is not None
    return number


_DOCUMENT = (
    *("id", "body", "sender", "sent", "visible", "attributes", "system_attributes", "group", "deduplication_id"),
    *("scope", "source_arn"),
)


def _message(row: tuple[Any, ...]) -> Message:
    number, visible, received, first, last, document = row
    return Message(number, Sending(**parse(document)), visible, received, first, last)


def _take(connection: sqlite3.Connection, queue: str, taking: Taking) -> Taken:
    taken: dict[int, Message] = {}
    has_buried = False
    # Those that stay visible, for they are to be in flight for no time, stand before the others.
    while (left := taking.most - len(taken)) > 0:
        rows = connection.execute(VISIBLE, (queue, taking.now, left + len(taken))).fetchall()
        fresh = [message for message in map(_message, rows) if message.number not in taken][:left]
        for message in fresh:
            if not _is_left(connection, message, taking):
                has_buried = has_buried or message.sending.sent > taking.oldest
            else:
                taken[message.number] = _receive(connection, message, taking)
        if not fresh:
            break
    return Taken(list(taken.values()), has_buried)


def _take_fifo(connection: sqlite3.Connection, queue: str, taking: Taking) -> Taken:
    seen = {lane for (lane,) in connection.execute(BUSY_LANES, (queue, taking.now))}
    taken: list[Message] = []
    has_buried = False
    for lane in _lanes(connection, queue):
        if lane in seen:
            continue
        seen.add(lane)
        for message in _of_lane(connection, queue, lane, taking.most):
            if message.visible > taking.now:
                break
            if not _is_left(connection, message, taking):
                has_buried = has_buried or message.sending.sent > taking.oldest
                continue
            taken.append(_receive(connection, message, taking))
            if len(taken) == taking.most:
                break
        if len(taken) == taking.most:
            break
    if taking.attempt is not None and taken:
        given = encode([[message.number, message.received] for message in taken])
        connection.execute(FORGET_ATTEMPTS, (queue, taking.now))
        connection.execute(PUT_ATTEMPT, (queue, taking.attempt, taking.now + ATTEMPT_SECONDS, given))
    return Taken(taken, has_buried)


def _again(connection: sqlite3.Connection, queue: str, taking: Taking, attempt: str) -> list[Message]:
    """Give what an attempt was given before, if all of it is in flight since; it is so for longer then."""
    row = connection.execute(ATTEMPT, (queue, attempt, taking.now)).fetchone()
    found: list[Message] = []
    for number, received in [] if row is None else parse(row[0]):
        kept = connection.execute(FIND, (number, queue)).fetchone()
        message = None if kept is None else _message(kept)
        if message is None or message.received != received or message.visible <= taking.now:
            return []
        found.append(message)
    return [_put_back(connection, message, taking.until) for message in found]


def _put_back(connection: sqlite3.Connection, message: Message, visible: float) -> Message:
    row = (visible, message.received, message.first_received, message.last_received, message.number)
    connection.execute(CHANGE, row)
    return Message(
        message.number,
        message.sending,
        visible,
        message.received,
        message.first_received,
        message.last_received,
    )


def _lanes(connection: sqlite3.Connection, queue: str) -> Iterator[str]:
    """Give the lanes of messages in the order of these; what is changed meanwhile does not matter."""
    after = 0
    while rows := connection.execute(HEADS, (queue, after)).fetchall():
        for _, lane in rows:
            yield lane
        after = rows[-1][0]


def _of_lane(connection: sqlite3.Connection, queue: str, lane: str, most: int) -> Iterator[Message]:
    after = 0
    while rows := connection.execute(OF_LANE, (queue, lane, after, most)).fetchall():
        for message in map(_message, rows):
            after = message.number
            yield message


def _is_left(connection: sqlite3.Connection, message: Message, taking: Taking) -> bool:
    """Whether a message is to be received: it is not if it is too old, or goes to the dead letters."""
    burial = taking.burial
    if message.sending.sent <= taking.oldest:
        connection.execute(DELETE, (message.number,))
        return False
    if burial is None or message.received < burial.most:
        return True
    connection.execute(DELETE, (message.number,))
    _put(connection, burial.queue, _dead(message.sending, taking, burial.source_arn))
    return False


def _dead(sending: Sending, taking: Taking, source_arn: str) -> Sending:
    # Its age goes on, but for that of a FIFO queue's.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    return Sending(
        sending.id,
        sending.body,
        sending.sender,
        taking.now if taking.is_fifo else sending.sent,
        taking.now,
        sending.attributes,
        sending.system_attributes,
        sending.group,
        sending.deduplication_id,
        sending.scope,
        source_arn,
    )


def _receive(connection: sqlite3.Connection, message: Message, taking: Taking) -> Message:
    first = taking.now if message.first_received is None else message.first_received
    received = Message(message.number, message.sending, taking.until, message.received + 1, first, taking.now)
    connection.execute(CHANGE, (taking.until, received.received, first, taking.now, message.number))
    return received
