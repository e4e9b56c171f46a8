"""Log groups, their streams and events: listed, read, and followed."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.logs.groups import END_OF_TIME
from pizzabar.wire.feeds import Feeds

GROUP = Query(description="the name of the group")
STREAM = Query(None, description="the name of one stream")
TEXT = Query(None, description="what the message has to contain")
SINCE = Query(None, description="the time of the first event that is told")
UNTIL = Query(None, description="the time after the last event that is told")

Line = tuple[str, int, str]
"""A stream, milliseconds since 1970, a message."""


class Stream(BaseModel):
    """A log stream."""

    name: str
    last_event: datetime | None = Field(description="the time of its last event")


class Group(BaseModel):
    """A log group."""

    name: str
    retention_days: int | None
    streams: list[Stream] = Field(description="that written to last first")


class LogEvent(BaseModel):
    """A line of a log."""

    stream: str
    time: datetime
    message: str


def router(emulator: Emulator, feeds: Feeds) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/logs", tags=["logs"])
    groups = emulator.log_groups

    @routes.get("")
    async def list_groups() -> list[Group]:
        """List the log groups and their streams."""
        return [
            Group(
                name=group.name,
                retention_days=group.retention_days,
                streams=[
                    Stream(name=each.name, last_event=None if each.last_event is None else _time(each.last_event))
                    for each in sorted(group.streams.values(), key=lambda each: -(each.last_event or 0))
                ],
            )
            for group in sorted(groups, key=lambda group: group.name)
        ]

    @routes.get("/events")
    async def events(
        group: str = GROUP,
        stream: str | None = STREAM,
        since: datetime | None = SINCE,
        until: datetime | None = UNTIL,
        text: str | None = TEXT,
        limit: int = Query(1000, ge=1, le=10_000),
    ) -> list[LogEvent]:
        """Read the events of a group, oldest first: the last ``limit`` of them."""
        start = 0 if since is None else _milliseconds(since)
        end = END_OF_TIME if until is None else _milliseconds(until)
        found = await groups.read(group, stream=stream, start=start, end=end)
        return [
            LogEvent(stream=each.stream, time=_time(each.timestamp), message=each.message)
            for each in [each for each in found if text is None or text in each.message][-limit:]
        ]

    @routes.get("/follow", response_class=StreamingResponse)
    async def follow(
        group: str = GROUP,
        stream: str | None = STREAM,
        text: str | None = TEXT,
        since: datetime | None = SINCE,
        last_event_id: str | None = Header(None, description="the id of the last event that was seen"),
    ) -> StreamingResponse:
        """Follow a group: a server-sent event for each line, first for those ``since`` a time.

        A follower that was cut off goes on by Last-Event-ID, with the millisecond of the last line that it has seen.
        """
        groups.get(group)
        start = None if since is None else _milliseconds(since)
        if last_event_id is not None:
            if not (last_event_id.isascii() and last_event_id.isdigit()):
                raise HTTPException(422, f"Last-Event-ID is none that was told: {last_event_id}")
            start = int(last_event_id)

        def wants(line: Line) -> bool:
            return stream in (None, line[0]) and (text is None or text in line[2])

        return StreamingResponse(_follow(emulator, feeds, group, start, wants), media_type="text/event-stream")

    return routes


async def _follow(
    emulator: Emulator, feeds: Feeds, group: str, start: int | None, wants: Callable[[Line], bool]
) -> AsyncIterator[bytes]:
    feed = feeds.open()
    meanwhile: list[Line] | None = [] if start is not None else None

    def tell(line: Line) -> None:
        if wants(line):
            feed.tell(str(line[1]), lambda: _render(line))

    def enter(name: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        if name == group:
            for timestamp, message in events:
                line = (stream, timestamp, message)
                tell(line) if meanwhile is None else meanwhile.append(line)

    stop = emulator.log_groups.follow(enter)
    try:
        if start is not None and meanwhile is not None:
            kept = [
                (each.stream, each.timestamp, each.message)
                for each in await emulator.log_groups.read(group, start=start)
            ]
            # What was put while the kept ones were being read may be among them.
            for line in [*kept, *(line for line in meanwhile if line not in kept)]:
                tell(line)
            meanwhile = None
        async for event in feed.events():
            yield event
    finally:
        stop()
        feeds.close(feed)


def _render(line: Line) -> JSON:
    stream, timestamp, message = line
    return {"stream": stream, "time": _time(timestamp).isoformat(timespec="milliseconds"), "message": message}


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(time: datetime) -> int:
    # A time without a zone is one of UTC, wherever this runs.
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
