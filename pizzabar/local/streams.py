"""The streams of tables in SQLite: what they tell is written with the item that it tells of, in the same change."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from pizzabar.clock import Clock
from pizzabar.documents import encode, parse
from pizzabar.dynamodb.stream import KEPT_FOR, Stream, StreamRecord, tell
from pizzabar.dynamodb.values import Item

PUT = "INSERT INTO dynamodb_stream_records (stream, told, data) VALUES (?, ?, ?)"
RECORDS = (
    "SELECT sequence, data FROM dynamodb_stream_records WHERE stream = ? AND sequence > ? AND told >= ?"
    " ORDER BY sequence LIMIT ?"
)
BOUNDS = "SELECT min(sequence), max(sequence) FROM dynamodb_stream_records WHERE stream = ?"
LAST_OF_ALL = "SELECT seq FROM sqlite_sequence WHERE name = 'dynamodb_stream_records'"
CLOSE = "REPLACE INTO dynamodb_closed_streams (arn, stream) VALUES (?, ?)"
OPEN = "DELETE FROM dynamodb_closed_streams WHERE arn = ?"
CLOSED = "SELECT stream FROM dynamodb_closed_streams"
TRIM = "DELETE FROM dynamodb_stream_records WHERE told < ?"

TRIM_EVERY = timedelta(hours=1)


class LocalStreams:
    """What the open streams are, by their tables, and the rows of all."""

    def __init__(self, clock: Clock) -> None:
        self.open: dict[str, Stream] = {}
        self.followers: list[Callable[[str], None]] = []
        self._clock = clock
        self._trimmed = datetime.min.replace(tzinfo=UTC)

    def put(
        self, connection: sqlite3.Connection, stream: Stream, old: Item | None, new: Item | None, *, is_expired: bool
    ) -> None:
        """Write what a stream tells of a change, if anything."""
        now = self._clock.now()
        data = tell(stream, old, new, now, is_expired=is_expired)
        if not data:
            return
        connection.execute(PUT, (stream.arn, now.timestamp(), data))
        if now >= self._trimmed + TRIM_EVERY:
            self._trimmed = now
            connection.execute(TRIM, ((now - KEPT_FOR).timestamp(),))
        for follower in self.followers:
            follower(stream.arn)

    def change(self, connection: sqlite3.Connection, table: str, stream: Stream | None, ended: Stream | None) -> None:
        """Have a table's stream be another one, or none; ``ended`` is the one before, closed."""
        if ended is not None:
            connection.execute(CLOSE, (ended.arn, encode(ended.to_json())))
        self.open.pop(table, None)
        if stream is not None:
            connection.execute(OPEN, (stream.arn,))
            self.open[table] = stream

    def closed(self, connection: sqlite3.Connection) -> list[Stream]:
        """Give the streams that are closed and can still be read."""
        streams = [Stream.from_json(parse(document)) for (document,) in connection.execute(CLOSED)]
        since = self._clock.now() - KEPT_FOR
        return [stream for stream in streams if stream.closed is not None and stream.closed >= since]


def records(connection: sqlite3.Connection, arn: str, after: int, since: float, limit: int) -> Sequence[StreamRecord]:
    """Give what a stream has told since a time, behind a place."""
    return [StreamRecord(*row) for row in connection.execute(RECORDS, (arn, after, since, limit))]


def bounds(connection: sqlite3.Connection, arn: str) -> tuple[int, int]:
    """Give the first and the last place of what is kept of a stream; the next and the last of all when nothing is."""
    first, last = connection.execute(BOUNDS, (arn,)).fetchone()
    if last is None:
        row = connection.execute(LAST_OF_ALL).fetchone()
        last = 0 if row is None else row[0]
        first = last + 1
    return first, last
