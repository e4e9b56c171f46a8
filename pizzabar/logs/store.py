"""The seam to where log groups are kept."""

from collections.abc import Awaitable, Generator, Sequence
from typing import Protocol

from pizzabar.logs.log_group import LogGroup
from pizzabar.record import record


@record
class Batch:
    """The events of one put: pairs of timestamp and message, in order of time. Numbers grow from put to put."""

    number: int
    stream: str
    ingested: int
    events: Sequence[tuple[int, str]]


class Done:
    """The answer of a put that nobody waits for."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


DONE = Done()


class LogStore(Protocol):
    """Keeps groups, streams and batches of events.

    What is put is kept in the order of the calls, and is seen by every read that is asked for later. Whoever needs to
    know that it is kept for good waits for the answer; with ``is_durable`` false there is nothing to wait for.
    """

    async def load(self) -> list[LogGroup]:
        """Give the groups, with their streams and the times of these."""

    def put_group(self, group: LogGroup, *, is_durable: bool) -> Awaitable[None]:
        """Keep a group, new or changed; its streams are kept by themselves."""

    def delete_group(self, name: str) -> Awaitable[None]:
        """Forget a group and all that is in it."""

    def put_stream(self, group: str, stream: str, created: int, *, is_durable: bool) -> Awaitable[None]:
        """Keep a new stream."""

    def put_events(
        self, group: str, stream: str, events: Sequence[tuple[int, str]], ingested: int, *, is_durable: bool
    ) -> Awaitable[None]:
        """Keep events, at least one, which are in order of time."""

    async def read(self, group: str, stream: str | None, start: int, end: int) -> list[Batch]:
        """Give the batches that may hold events from ``start`` on and before ``end``, of one stream or of all."""
