"""
Feeds: server-sent events for those who follow something, until they fall too far behind or the server stops.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from pizzabar import documents
from pizzabar.documents import JSON

MAX_BACKLOG = 10_000
"""Events that wait for one follower."""

Render = Callable[[], JSON]


class Feed:
    """What one follower is told. An event is rendered when its turn has come."""

    def __init__(self) -> None:
        self._ahead: asyncio.Queue[tuple[str, Render] | None] = asyncio.Queue()
        self._is_over = False

    @property
    def is_behind(self) -> bool:
        """Whether something waits that the follower has not been told yet."""
        return not self._ahead.empty()

    def tell(self, id: str, render: Render) -> None:
        """Tell of something; ``id`` says how far the follower has come with it. Too much at once ends the feed."""
        if self._is_over:
            return
        self._ahead.put_nowait((id, render))
        if self._ahead.qsize() >= MAX_BACKLOG:
            self.end()

    def end(self) -> None:
        """Tell nothing more; what waits is still told."""
        if not self._is_over:
            self._is_over = True
            self._ahead.put_nowait(None)

    async def events(self) -> AsyncIterator[bytes]:
        """Give each event as it is sent, until the feed ends."""
        yield b": following\n\n"
        while (ahead := await self._ahead.get()) is not None:
            id, render = ahead
            yield b"id: %b\ndata: %b\n\n" % (id.encode(), documents.encode(render()))


class Feeds:
    """The feeds of a server, which end with it: it would wait for them before it stops."""

    def __init__(self) -> None:
        self._open: set[Feed] = set()
        self._is_over = False

    def open(self) -> Feed:
        """Begin a feed; once the server is about to stop, it is one that has ended."""
        feed = Feed()
        if self._is_over:
            feed.end()
        self._open.add(feed)
        return feed

    def close(self, feed: Feed) -> None:
        """Forget a feed that nobody listens to any more."""
        self._open.discard(feed)

    def end(self) -> None:
        """End every feed, and those that are still to come."""
        self._is_over = True
        for feed in self._open:
            feed.end()
