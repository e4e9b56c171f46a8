"""
The seam to where queues and their messages are kept.

Times are seconds since the epoch. A message is *visible* from a time on; before that it is delayed, if nobody has
received it yet, or else in flight.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.sqs.queue import Queue


@record
class Sending:
    """A message that is sent. One of a FIFO queue has a group, and is not taken twice within a ``scope`` for its
    deduplication id."""

    id: str
    body: str
    sender: str
    sent: float
    visible: float
    attributes: Mapping[str, JSON] = field(default_factory=dict)
    system_attributes: Mapping[str, JSON] = field(default_factory=dict)
    group: str | None = None
    deduplication_id: str | None = None
    scope: str = ""
    source_arn: str | None = None
    """The queue that it was a dead letter of."""


@record
class Message:
    """A message in a queue. Numbers grow from message to message, and are never given twice."""

    number: int
    sending: Sending
    visible: float
    received: int = 0
    """How often."""
    first_received: float | None = None
    last_received: float | None = None


@record
class Placed:
    """Where a message was put, or where the one is that it is a duplicate of."""

    number: int
    id: str
    is_new: bool = True


@record
class Burial:
    """Where messages go that were received ``most`` times; their own queue is ``source_arn``."""

    queue: str
    most: int
    source_arn: str


@record
class Taking:
    """How messages are received: at most ``most``, which are in flight ``until`` a time; those sent by ``oldest`` are
    gone. No more than ``limit`` may be in flight."""

    most: int
    now: float
    until: float
    oldest: float
    limit: int
    is_fifo: bool = False
    burial: Burial | None = None
    attempt: str | None = None
    """Whoever asks again by it is given the same messages, within five minutes and while they are in flight."""


@record
class Taken:
    """What was received, whether anything was buried, and whether nothing could be for so much is in flight."""

    messages: Sequence[Message] = ()
    has_buried: bool = False
    is_over_limit: bool = False


@record
class Counts:
    """How many messages a queue has."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def is_nothing(self) -> bool:
        """Whether there are none."""
        return not (self.visible or self.in_flight or self.delayed)


@record
class Moments:
    """When the next delay ends, the next message in flight comes back, and when the oldest message was sent."""

    delayed: float | None = None
    in_flight: float | None = None
    oldest: float | None = None


DEDUPLICATION_SECONDS = 300
"""How long a message is not taken again."""
ATTEMPT_SECONDS = 300


class QueueStore(Protocol):
    """Keeps queues and messages.

    What is changed is seen by everything that is asked for later, and is durable with all that was changed before
    ``Runtime.durable`` returns.
    """

    async def load(self) -> list[Queue]:
        """Give the queues."""

    def put_queue(self, queue: Queue) -> None:
        """Keep a queue, new or changed; its messages are kept by themselves."""

    def delete_queue(self, name: str) -> None:
        """Forget a queue and all that is in it."""

    async def send(self, queue: str, sendings: Sequence[Sending]) -> list[Placed]:
        """Put messages into a queue, in their order, but for those that are duplicates."""

    async def receive(self, queue: str, taking: Taking) -> Taken:
        """Take messages that are visible, which are in flight then.

        Of a FIFO queue, those of one group come in their order, as many of one group as possible, and none of a group
        of which any is in flight.
        """

    async def modify(self, queue: str, number: int, decide: Callable[[Message | None], Message | None]) -> None:
        """Have a message be what ``decide`` gives for it; None takes it out. It is pure, and may raise."""

    async def release(self, queue: str, until: float, now: float) -> None:
        """End the delays now that were to end by a time."""

    async def delay(self, queue: str, seconds: int) -> None:
        """Have all messages that nobody has received be visible so long after they were sent."""

    async def move(self, queue: str, number: int, target: str, sending: Sending) -> None:
        """Take a message out of a queue, if it is there still, and put what is sent for it into another."""

    async def visible(self, queue: str, now: float, oldest: float, most: int) -> list[Message]:
        """Look at messages that are visible, without receiving them."""

    async def purge(self, queue: str) -> None:
        """Delete all messages of a queue."""

    async def expire(self, queue: str, oldest: float) -> None:
        """Delete the messages that were sent by a time."""

    async def count(self, queue: str, now: float, oldest: float) -> Counts:
        """Count the messages that were sent after a time."""

    async def moments(self, queue: str, now: float) -> Moments:
        """Tell when a queue will have something new to give."""
