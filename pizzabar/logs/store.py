"""The seam to where log groups are kept."""

from collections.abc import Sequence
from typing import Protocol

from pizzabar.logs.log_group import LogGroup
from pizzabar.record import record


@record
class Batch:
    """Events put one after another: pairs of timestamp and message, in order of time. Numbers grow with each."""

    number: int
    stream: str
    ingested: int
    events: Sequence[tuple[int, str]]


class LogStore(Protocol):
    """Keeps groups, streams and batches of events.

    What is put is seen by every read that is asked for later, and is durable with all that was changed before
    ``Runtime.durable`` returns.
    """

    async def load(self) -> list[LogGroup]:
        """Give the groups, with their streams and the times of these."""

    def put_group(self, group: LogGroup) -> None:
        """Keep a group, new or changed; its streams are kept by themselves."""

    def delete_group(self, name: str) -> None:
        """Forget a group and all that is in it."""

    def put_stream(self, group: str, stream: str, created: int) -> None:
        """Keep a new stream."""

    def put_events(self, group: str, stream: str, events: Sequence[tuple[int, str]], ingested: int) -> None:
        """Keep events, at least one, which are in order of time, in a stream that is kept."""

    async def read(self, group: str, stream: str | None, start: int, end: int) -> list[Batch]:
        """Give the batches that may hold events from ``start`` on and before ``end``, of one stream or of all."""
