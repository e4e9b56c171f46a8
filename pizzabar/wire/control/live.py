"""
What happens, live and in short: the one feed that the console keeps open.

Whoever follows it costs the work at hand next to nothing: a few times a second it is looked what has ended meanwhile,
and told in one event, a row for each hop. When more happens than anyone could read, the last of it is told, and how
much was left out.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.journal import Hop
from pizzabar.wire.control.clock import read_clock
from pizzabar.wire.control.following import LAST_EVENT_ID, Position, position_of
from pizzabar.wire.control.traces import about
from pizzabar.wire.feeds import Feed, Feeds

SECONDS = 0.25
"""How often it is looked, in real time."""
MOST_ROWS = 500
"""Hops of one event, but for the first, which tells of all that are kept."""
MOST_EXECUTIONS = 100
LONGEST = 200
"""Letters of an error."""


def router(emulator: Emulator, feeds: Feeds) -> APIRouter:
    """Make the operation."""
    routes = APIRouter(tags=["journal"])

    @routes.get("/live", response_class=StreamingResponse)
    async def live(
        after: int | None = Query(None, description="a hop: those that began after it are told first"),
        last_event_id: str | None = LAST_EVENT_ID,
    ) -> StreamingResponse:
        """Follow all that happens, in short: a server-sent event at most four times a second.

        It has ``hops`` that ended, each as id, trace, parent, service, operation, milliseconds since 1970,
        milliseconds that it took, what it is about, error; how many more were ``left_out``; ``executions`` that have
        taken a step; the ``clock``; how many ``connections`` are open; and ``server``, another one after each start.
        A follower that was cut off goes on by Last-Event-ID.
        """
        seen = position_of(last_event_id, after)
        return StreamingResponse(_follow(emulator, feeds, seen), media_type="text/event-stream")

    return routes


async def _follow(emulator: Emulator, feeds: Feeds, seen: Position | None) -> AsyncIterator[bytes]:
    feed = feeds.open()
    watch = _Watch(emulator, feed, seen)
    try:
        async for event in feed.events():
            yield event
    finally:
        watch.stop()
        feeds.close(feed)


class _Watch:
    """Looks what has happened since it looked last, and tells a feed."""

    def __init__(self, emulator: Emulator, feed: Feed, seen: Position | None) -> None:
        self._emulator = emulator
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        journal = emulator.journal
        oldest = max(journal.last_id - emulator.settings.journal_size, 0)
        if seen is None:
            self._position = Position(journal.last_id, (hop.id for hop in journal if hop.duration is None))
        elif seen.last > journal.last_id:
            # That was the journal of a server which has been started anew since.
            self._position = Position(oldest)
        else:
            self._position = Position(max(seen.last, oldest), (id for id in seen.under_way if id > oldest))
        self._stepped: dict[str, None] = {}
        self._stop_following = emulator.state_machines.follow(self._step)
        self._told: JSON = None
        self._look()

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()
        self._stop_following()

    def _step(self, arn: str) -> None:
        if len(self._stepped) < MOST_EXECUTIONS:
            self._stepped[arn] = None

    def _look(self) -> None:
        self._timer = self._loop.call_later(SECONDS, self._look)
        if self._feed.is_behind:
            # Whoever reads slowly is told later, and then of more at once.
            return
        emulator = self._emulator
        clock = read_clock(emulator)
        connections = len(emulator.runtime.connections)
        # Real time goes on without anything having happened.
        state = (clock.mode, clock.speed, clock.next_call, None if clock.mode == "real" else clock.now, connections)
        is_first = self._told is None
        hops = self._ended()
        if state == self._told and not hops and not self._stepped:
            return
        left_out = 0 if is_first else max(len(hops) - MOST_ROWS, 0)
        event = {
            "server": f"{emulator.journal.mark:08x}",
            "stack": emulator.stack.name,
            "hops": [_row(hop) for hop in hops[left_out:]],
            "left_out": left_out,
            "executions": [*self._stepped],
            "clock": clock.model_dump(mode="json"),
            "connections": connections,
        }
        self._told = state
        self._stepped = {}
        self._feed.tell(str(self._position), lambda: event)

    def _ended(self) -> list[Hop]:
        """Give the hops that have ended since, oldest first, and pass them by."""
        journal, position = self._emulator.journal, self._position
        found: list[Hop] = []
        for id in sorted(position.under_way):
            hop = journal.find(id)
            if hop is None:
                # It was pushed out of the journal.
                position.under_way.discard(id)
            elif hop.duration is not None:
                position.under_way.discard(id)
                found.append(hop)
        for hop in journal.after(position.last):
            if hop.duration is None:
                position.under_way.add(hop.id)
            else:
                found.append(hop)
        position.last = journal.last_id
        return found


def _row(hop: Hop) -> list[Any]:
    error = None if hop.error is None else str(hop.error).encode(errors="replace").decode()[:LONGEST]
    milliseconds = None if hop.duration is None else round(hop.duration * 1000, 3)
    return [
        hop.id,
        hop.trace_id,
        hop.parent or None,
        hop.service,
        hop.operation,
        round(hop.started.timestamp() * 1000, 3),
        milliseconds,
        about(hop),
        error,
    ]
