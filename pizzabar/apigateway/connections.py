"""The seam of connections: who is connected, and how they are pushed to."""

import re
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pizzabar.documents import JSON
from pizzabar.record import record

# 11 bytes in URL-safe base64 with its padding.
_ID = re.compile(r"[A-Za-z0-9_-]{15}=")


@record
class Connection:
    """A connection as it was accepted."""

    id: str
    api_id: str
    stage: str
    domain_name: str
    connected_at: datetime
    source_ip: str
    user_agent: str | None = None
    authorizer: Mapping[str, JSON] | None = None


@record
class PushKey:
    """Names a piece of work that may be repeated, and the attempt at it.

    What an attempt pushes is dropped as far as it is what an earlier attempt has pushed already.
    """

    work: str
    attempt: int


class Socket(Protocol):
    """The way to a client."""

    async def send(self, text: str) -> None:
        """Send a text frame. Raise ``OSError`` when the client has gone."""

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""


class Connections(Protocol):
    """The connections of every API."""

    async def open(self) -> Sequence[Connection]:
        """Begin; give the connections that an earlier process left without a goodbye."""

    def admit(self, connection: Connection) -> Awaitable[None]:
        """Note a connection that is being opened, so that it gets its goodbye even if the process is killed.

        The answer can be awaited until the note is durable.
        """

    def attach(self, connection: Connection, socket: Socket) -> None:
        """Let an admitted connection be pushed to."""

    def detach(self, connection_id: str) -> None:
        """Forget a connection; nothing is pushed to it from here on."""

    def dismiss(self, connection_id: str) -> None:
        """Note that a connection has had its goodbye."""

    def get(self, connection_id: str) -> Connection:
        """Find a connection that is open. Raise ``GoneException``."""

    def last_active(self, connection_id: str) -> datetime:
        """Tell when something last went over a connection. Raise ``GoneException``."""

    def touch(self, connection_id: str) -> None:
        """Note that a client has sent something."""

    def __len__(self) -> int:
        """Count the connections that are open."""

    def __iter__(self) -> Iterator[Connection]:
        """Go through the connections that are open."""

    async def push(self, connection_id: str, text: str, key: PushKey | None = None) -> None:
        """Send a text frame, after those pushed before, and after whatever was written before is durable.

        It does not wait for a client that is slow to read. Raise ``GoneException``, or ``LimitExceededException``
        when too much waits for the client already.
        """

    async def close(self, connection_id: str, code: int, reason: str, *, at_once: bool = False) -> None:
        """Close a connection, ``at_once`` before what was pushed and waits. Raise ``GoneException``."""


def is_connection_id(text: str) -> bool:
    """Whether a text has the form of a connection id."""
    return _ID.fullmatch(text) is not None
