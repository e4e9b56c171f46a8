"""
The seam of archives: the events that they hold.

What is put or taken out is durable with whatever is changed in the same turn. An event of an id is in an archive
once, however often it is put there.
"""

from collections.abc import Sequence
from typing import Protocol

from pizzabar.record import record


@record
class Archived:
    """An event in an archive: when it occurred and when it was archived, in seconds, and whom it is in order with.

    ``number`` grows with each event that an archive is given; the store gives it.
    """

    id: str
    occurred: float
    archived: float
    lane: str
    text: str
    number: int = 0

    @property
    def position(self) -> tuple[float, int]:
        """Give its place among the events of its archive."""
        return self.occurred, self.number


@record
class Contents:
    """How many events an archive holds, of how many bytes, and when the oldest was archived."""

    count: int
    size: int
    oldest: float | None


class ArchiveStore(Protocol):
    """The events of archives, by the archives' names."""

    def put(self, archive: str, event: Archived) -> None:
        """Put an event into an archive, if it is not there."""

    async def read(
        self, archive: str, start: float, end: float, after: tuple[float, int] | None, most: int
    ) -> Sequence[Archived]:
        """Read so many events that occurred from a time to another, both included, in order, after a position."""

    async def contents(self, archive: str) -> Contents:
        """Tell what an archive holds."""

    def expire(self, archive: str, before: float) -> None:
        """Take out the events that were archived before a time."""

    def drop(self, archive: str) -> None:
        """Take out all."""
