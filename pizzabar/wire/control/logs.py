"""Log groups, their streams and events."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator

SINCE = Query(None, description="the time of the first event that is told")


class Group(BaseModel):
    """A log group."""

    name: str
    retention_days: int | None
    streams: list[str] = Field(description="the names of its streams")


class LogEvent(BaseModel):
    """A line of a log."""

    stream: str
    time: datetime
    message: str


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/logs", tags=["logs"])

    @routes.get("")
    async def list_groups() -> list[Group]:
        """List the log groups."""
        return [
            Group(name=group.name, retention_days=group.retention_days, streams=sorted(group.streams))
            for group in sorted(emulator.log_groups, key=lambda group: group.name)
        ]

    @routes.get("/events")
    async def events(
        group: str = Query(description="the name of the group"),
        stream: str | None = Query(None, description="the name of one stream"),
        since: datetime | None = SINCE,
        text: str | None = Query(None, description="what the message has to contain"),
        limit: int = Query(1000, ge=1, le=10_000),
    ) -> list[LogEvent]:
        """Read the events of a group, oldest first: the last ``limit`` of them."""
        asked: dict[str, Any] = {"logGroupName": group}
        if stream is not None:
            asked["logStreamNames"] = [stream]
        if since is not None:
            asked["startTime"] = int(since.timestamp() * 1000)
        found: list[dict[str, Any]] = []
        while True:
            answer = await emulator.call("logs", "FilterLogEvents", asked)
            found += [event for event in answer["events"] if text is None or text in event["message"]]
            if "nextToken" not in answer:
                break
            asked["nextToken"] = answer["nextToken"]
        return [
            LogEvent(
                stream=event["logStreamName"],
                time=datetime.fromtimestamp(event["timestamp"] / 1000, emulator.clock.now().tzinfo),
                message=event["message"],
            )
            for event in found[-limit:]
        ]

    return routes
