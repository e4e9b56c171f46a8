"""Log groups, their streams, and the events in them. Times are milliseconds since 1970, as in the API."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pizzabar.record import record

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The days that events may be kept.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""

MOST_EVENTS = 10_000
"""How many events a put may hold.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(slots=True)
class LogStream:
    """A sequence of log events from one source, and the times of its first and last event."""

    name: str
    created: int
    first_event: int | None = None
    last_event: int | None = None
    last_ingestion: int | None = None

    def note(self, first: int, last: int, ingested: int) -> None:
        """Take note of events that were put."""
        if self.first_event is None or first < self.first_event:
            self.first_event = first
        if self.last_event is None or last > self.last_event:
            self.last_event = last
        self.last_ingestion = ingested


@dataclass(slots=True)
class LogGroup:
    """Streams by name, and how many days their events are kept; None is for ever."""

    name: str
    created: int
    retention_days: int | None = None
    streams: dict[str, LogStream] = field(default_factory=dict)


@record
class LogEvent:
    """A log event as it is read. ``id`` orders the events of a group by time, then as they came."""

    id: int
    stream: str
    timestamp: int
    message: str
    ingested: int


def milliseconds(time: datetime) -> int:
    """Give a time in milliseconds since 1970."""
    return int(time.timestamp() * 1000)


def days(number: int) -> int:
    """Give a number of days in milliseconds."""
    return timedelta(days=number) // _MILLISECOND
