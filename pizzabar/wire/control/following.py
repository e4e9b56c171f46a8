"""Following the journal: what of each hop that ends is told to a follower, and how far that one has come."""

from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial

from fastapi import Header, HTTPException
from fastapi.responses import StreamingResponse

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.journal import Hop
from pizzabar.wire.feeds import Feeds

Wanted = Callable[[Hop], bool]
Shown = Callable[[Hop], JSON]
LAST_EVENT_ID = Header(None, description="the id of the last event that was seen: it goes on after that")


class Position:
    """How far a follower has come: it knows of the hops up to ``last``, but for those that were still under way.

    Hops end in another order than they begin, so the number of the last one would say too little.
    """

    def __init__(self, last: int, under_way: Iterable[int] = ()) -> None:
        self.last = last
        self.under_way = set(under_way)

    @classmethod
    def read(cls, text: str) -> "Position":
        """Read what ``str`` gave. Raise ``ValueError``."""
        last, _, rest = text.partition("-")
        return cls(int(last), map(int, rest.split(",")) if rest else ())

    def __str__(self) -> str:
        under_way = ",".join(map(str, sorted(self.under_way)))
        return f"{self.last}-{under_way}" if under_way else str(self.last)

    def covers(self, id: int) -> bool:
        """Whether a hop was told of, or passed over."""
        return id <= self.last and id not in self.under_way

    def pass_by(self, id: int) -> None:
        """Take note of a hop that has ended."""
        if id > self.last:
            self.under_way.update(range(self.last + 1, id))
            self.last = id
        else:
            self.under_way.discard(id)


def position_of(last_event_id: str | None, after: int | None) -> Position | None:
    """Tell where a follower begins: behind the last event that it has seen, or behind a hop; None is now."""
    try:
        seen = None if last_event_id is None else Position.read(last_event_id)
    except ValueError:
        raise HTTPException(422, f"Last-Event-ID is none that was told: {last_event_id}") from None
    return Position(after) if seen is None and after is not None else seen


def follow_hops(
    emulator: Emulator, feeds: Feeds, wants: Wanted, shown: Shown, last_event_id: str | None, after: int | None
) -> StreamingResponse:
    """Answer with a server-sent event for each hop that ends and is wanted.

    It begins where ``position_of`` says.
    """
    seen = position_of(last_event_id, after)
    return StreamingResponse(_follow(emulator, feeds, wants, shown, seen), media_type="text/event-stream")


async def _follow(
    emulator: Emulator, feeds: Feeds, wants: Wanted, shown: Shown, seen: Position | None
) -> AsyncIterator[bytes]:
    """Tell of the hops that end, first of those that have ended since the follower was there last."""
    journal = emulator.journal
    kept = list(journal)
    feed = feeds.open()
    if seen is None:
        position = Position(journal.last_id, (hop.id for hop in kept if hop.duration is None))
    else:
        if seen.last > journal.last_id:
            # That was the journal of a server which has been started anew since.
            seen = Position(0)
        # What the journal has dropped meanwhile is lost.
        position = Position(max(seen.last, kept[0].id - 1 if kept else 0), seen.under_way)

    def enter(hop: Hop) -> None:
        position.pass_by(hop.id)
        if wants(hop):
            feed.tell(str(position), partial(shown, hop))

    for hop in kept:
        if hop.duration is not None and not position.covers(hop.id):
            enter(hop)
    stop = journal.follow(enter)
    try:
        async for event in feed.events():
            yield event
    finally:
        stop()
        feeds.close(feed)
