"""
The local registry of connections: sockets of this process, and a note on disk of each that is open.

A frame goes to its socket at once, unless the socket is busy with an earlier one; then it waits in a queue of bounded
size, so that a client that does not read costs a bounded amount of memory and holds up nobody.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Coroutine, Generator, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pizzabar import documents
from pizzabar.apigateway.connections import Connection, PushKey, Socket
from pizzabar.apigateway.errors import GoneException, LimitExceededException
from pizzabar.clock import Clock
from pizzabar.local.database import Database
from pizzabar.work import go_on

INSERT = "INSERT OR REPLACE INTO connections (id, attributes) VALUES (?, ?)"
DELETE = "DELETE FROM connections WHERE id = ?"
SELECT = "SELECT attributes FROM connections"

MAX_WAITING_BYTES = 512 << 10
REMEMBERED_WORKS = 16


class LocalConnections:
    """Connections over one state file."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._open: dict[str, _Line] = {}

    async def open(self) -> Sequence[Connection]:
        """Give the connections that an earlier process left without a goodbye."""
        rows = await self._database.read(lambda connection: connection.execute(SELECT).fetchall())
        return [_read(attributes) for (attributes,) in rows]

    def admit(self, connection: Connection) -> Awaitable[None]:
        """Note a connection that is being opened."""
        self._database.write_soon(partial(_execute, sql=INSERT, row=(connection.id, _write(connection))))
        return _Durable(self._database)

    def attach(self, connection: Connection, socket: Socket) -> None:
        """Let an admitted connection be pushed to."""
        self._open[connection.id] = _Line(connection, socket, self._clock.now())

    def detach(self, connection_id: str) -> None:
        """Forget a connection."""
        line = self._open.pop(connection_id, None)
        if line is not None:
            line.leave()

    def dismiss(self, connection_id: str) -> None:
        """Note that a connection has had its goodbye."""
        self._database.write_soon(partial(_execute, sql=DELETE, row=(connection_id,)))

    def get(self, connection_id: str) -> Connection:
        """Find a connection that is open. Raise ``GoneException``."""
        return self._line(connection_id).connection

    def last_active(self, connection_id: str) -> datetime:
        """Tell when something last went over a connection. Raise ``GoneException``."""
        return self._line(connection_id).last_active

    def touch(self, connection_id: str) -> None:
        """Note that a client has sent something."""
        line = self._open.get(connection_id)
        if line is not None:
            line.last_active = self._clock.now()

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter([line.connection for line in self._open.values()])

    async def push(self, connection_id: str, text: str, key: PushKey | None = None) -> None:
        """Send a text frame, after those pushed before (see ``Connections.push``)."""
        line = self._line(connection_id)
        if key is None or not line.has_sent(text, key):
            try:
                size = line.make_room(text)
            except LimitExceededException:
                if key is not None:
                    line.take_back(key)
                raise
            self._database.when_durable(partial(line.push, text, size))
        line.last_active = self._clock.now()

    async def close(self, connection_id: str, code: int, reason: str, *, at_once: bool = False) -> None:
        """Close a connection (see ``Connections.close``)."""
        line = self._line(connection_id)
        if at_once:
            line.leave()
        await line.socket.close(code, reason)

    def _line(self, connection_id: str) -> "_Line":
        line = self._open.get(connection_id)
        if line is None or line.has_left:
            raise GoneException
        return line


class _Line:
    """A connection that is open, and the frames that wait for its client."""

    __slots__ = ("busy", "connection", "has_left", "last_active", "sent", "socket", "waiting", "waiting_bytes")

    def __init__(self, connection: Connection, socket: Socket, now: datetime) -> None:
        self.connection = connection
        self.socket = socket
        self.last_active = now
        self.has_left = False
        self.busy: asyncio.Task[None] | None = None
        self.waiting: deque[tuple[str, int]] = deque()
        self.waiting_bytes = 0
        """Bytes that wait for the client, or for a commit."""
        self.sent: dict[str, _Attempts] | None = None

    def make_room(self, text: str) -> int:
        """Count the bytes of a frame that is to be pushed. Raise ``LimitExceededException`` if too many wait."""
        size = len(text) if text.isascii() else len(text.encode())
        if self.waiting_bytes and self.waiting_bytes + size > MAX_WAITING_BYTES:
            raise LimitExceededException("The client does not read what it is sent")
        self.waiting_bytes += size
        return size

    def push(self, text: str, size: int) -> None:
        """Send a frame; if the socket is busy with an earlier one, let it wait behind that."""
        if self.has_left:
            return
        if self.busy is not None:
            self.waiting.append((text, size))
            return
        self.waiting_bytes -= size
        sending = self.socket.send(text)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except OSError:
            # Whoever pushes the next frame is told.
            self.has_left = True
            return
        self.busy = asyncio.get_running_loop().create_task(self._drain(go_on(sending, waits_for)))

    def leave(self) -> None:
        """Send nothing any more, not even what waits for a commit."""
        self.has_left = True
        if self.busy is not None:
            self.busy.cancel()

    async def _drain(self, rest: Coroutine[Any, Any, None]) -> None:
        try:
            await rest
            while self.waiting:
                text, size = self.waiting.popleft()
                self.waiting_bytes -= size
                await self.socket.send(text)
        except OSError:
            # The client has gone; its frames go with it.
            self.has_left = True
            self.waiting.clear()
        finally:
            self.busy = None

    def has_sent(self, text: str, key: PushKey) -> bool:
        """Whether an earlier attempt at a piece of work has sent this frame, at this place among its frames."""
        if self.sent is None:
            self.sent = {}
        attempts = self.sent.get(key.work)
        if attempts is None:
            if len(self.sent) >= REMEMBERED_WORKS:
                del self.sent[next(iter(self.sent))]
            attempts = self.sent[key.work] = _Attempts(key.attempt)
        # The text's hash stands for it: they are of this process alone.
        return attempts.has_sent(hash(text), key.attempt)

    def take_back(self, key: PushKey) -> None:
        """Note that the frame asked for last was not sent after all."""
        assert self.sent is not None
        self.sent[key.work].take_back()


class _Durable:
    """Waits, when it is asked to, until what was written by then is durable."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __await__(self) -> Generator[Any, None, None]:
        return self._database.durable().__await__()


class _Attempts:
    """What the attempts at one piece of work have sent to one connection, in order."""

    __slots__ = ("attempt", "frames", "position")

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.frames: list[int] = []
        self.position = 0

    def has_sent(self, frame: int, attempt: int) -> bool:
        if attempt != self.attempt:
            self.attempt, self.position = attempt, 0
        position = self.position
        self.position += 1
        if position < len(self.frames) and self.frames[position] == frame:
            return True
        del self.frames[position:]
        self.frames.append(frame)
        return False

    def take_back(self) -> None:
        self.position -= 1
        del self.frames[self.position :]


def _write(connection: Connection) -> bytes:
    return documents.encode(
        {
            "id": connection.id,
            "api_id": connection.api_id,
            "stage": connection.stage,
            "domain_name": connection.domain_name,
            "connected_at": connection.connected_at.timestamp(),
            "source_ip": connection.source_ip,
            "user_agent": connection.user_agent,
            "authorizer": connection.authorizer,
        }
    )


def _read(attributes: bytes) -> Connection:
    document = documents.parse(attributes)
    return Connection(**(document | {"connected_at": datetime.fromtimestamp(document["connected_at"], UTC)}))


def _execute(connection: sqlite3.Connection, sql: str, row: tuple[object, ...]) -> None:
    connection.execute(sql, row)
