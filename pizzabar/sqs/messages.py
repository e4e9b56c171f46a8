"""
The messages of queues: sent, received, deleted, and come back.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-architecture.html
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from pizzabar.clock import Clock
from pizzabar.record import record
from pizzabar.sqs.arrivals import Arrivals, Kind
from pizzabar.sqs.errors import InvalidParameterValueException, OverLimit, QueueDoesNotExist, invalid_value
from pizzabar.sqs.queue import Queue
from pizzabar.sqs.receipt import Receipt, write_handle
from pizzabar.sqs.store import Burial, Counts, Message, Placed, QueueStore, Sending, Taken, Taking
from pizzabar.work import Work

MAX_VISIBILITY = 43_200
RETENTION_LOOK = 60
"""Seconds between two looks for messages that are too old, at least; nobody is given one meanwhile."""

Follower = Callable[[str], None]
"""Is told the ARN of a queue that may have something to give."""


@record
class Limits:
    """How many messages of a queue can be in flight.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    """

    standard: int = 120_000
    fifo: int = 20_000


AWS_LIMITS = Limits()


class Catalogue(Protocol):
    """The queues that there are."""

    def __contains__(self, name: object) -> bool: ...

    def get(self, name: str) -> Queue:
        """Give a queue. Raise ``QueueDoesNotExist``."""

    def by_arn(self, arn: str) -> Queue:
        """Give the queue that an ARN names. Raise ``QueueDoesNotExist``."""

    def arn(self, name: str) -> str:
        """Name a queue."""


class Messages:
    """The messages in the queues of a catalogue."""

    def __init__(self, queues: Catalogue, store: QueueStore, clock: Clock, work: Work, limits: Limits) -> None:
        self.store = store
        self.clock = clock
        self.work = work
        self._queues = queues
        self._limits = limits
        self._followers: tuple[Follower, ...] = ()
        self._arrivals = Arrivals(clock, self._come)

    def now(self) -> float:
        """Tell the time in seconds."""
        return self.clock.timestamp()

    async def send(self, name: str, sendings: Sequence[Sending]) -> list[Placed]:
        """Put messages into a queue that is there."""
        placed = await self.store.send(name, sendings)
        now = self.now()
        self._expect_age(name, now)
        delayed = [
            each.visible for each, at in zip(sendings, placed, strict=True) if at.is_new and each.visible > now
        ]
        if delayed:
            self._arrivals.expect(name, "delay", min(delayed))
        if any(at.is_new and each.visible <= now for each, at in zip(sendings, placed, strict=True)):
            self._tell(name)
        return placed

    async def receive(
        self, name: str, *, most: int, visibility: int | None, wait: int | None, attempt: str | None = None
    ) -> list[Message]:
        """Take messages, waiting for them for some seconds. Raise ``QueueDoesNotExist`` or ``OverLimit``."""
        queue = self._queues.get(name)
        seconds = queue["ReceiveMessageWaitTimeSeconds"] if wait is None else wait
        loop = asyncio.get_running_loop()
        until, limit = self.clock.now() + timedelta(seconds=seconds), loop.time() + seconds
        while True:
            taken = await self._take(name, most, visibility, attempt)
            if taken.messages:
                return list(taken.messages)
            if taken.is_over_limit and not seconds:
                raise OverLimit
            if not await self._arrivals.wait(name, until, limit - loop.time()):
                return []

    async def _take(self, name: str, most: int, visibility: int | None, attempt: str | None) -> Taken:
        queue, now = self._queues.get(name), self.now()
        until = now + (queue["VisibilityTimeout"] if visibility is None else visibility)
        taking = Taking(
            most,
            now,
            until,
            now - queue["MessageRetentionPeriod"],
            self._limits.fifo if queue.is_fifo else self._limits.standard,
            queue.is_fifo,
            self._burial(queue),
            attempt,
        )
        taken = await self.store.receive(name, taking)
        if taken.messages:
            self._arrivals.expect(name, "visibility", until)
        if taken.has_buried and taking.burial is not None:
            self._expect_age(taking.burial.queue, now)
            self._tell(taking.burial.queue)
        return taken

    def _burial(self, queue: Queue) -> Burial | None:
        """Tell where a queue's dead letters go; where that is no more, they stay."""
        policy = queue.redrive_policy
        if policy is None:
            return None
        try:
            target = self._queues.by_arn(policy.arn)
        except QueueDoesNotExist:
            return None
        return Burial(target.name, policy.most, self._queues.arn(queue.name))

    async def delete(self, receipt: Receipt) -> None:
        """Delete a message by its last receipt; by an earlier one nothing is deleted.

        Raise ``InvalidParameterValueException`` when that of a FIFO queue has expired.
        """
        queue, now = self._queues.get(receipt.queue), self.now()

        def decide(message: Message | None) -> Message | None:
            if message is None:
                return None
            is_last = message.received == receipt.received
            if queue.is_fifo and not (is_last and message.visible > now):
                raise _expired(receipt)
            return None if is_last else message

        await self.store.modify(receipt.queue, receipt.number, decide)
        if queue.is_fifo:
            # Others of its group can be received now.
            self._tell(receipt.queue)

    async def change_visibility(self, receipt: Receipt, seconds: int) -> None:
        """Have a message come back after other seconds. Raise ``InvalidParameterValueException``."""
        queue, now = self._queues.get(receipt.queue), self.now()

        def decide(message: Message | None) -> Message | None:
            if (
                message is None
                or message.received != receipt.received
                or message.last_received is None
                or (message.visible <= now and not queue.is_fifo)
            ):
                reason = "Message does not exist or is not available for visibility timeout change."
                raise invalid_value(write_handle(receipt), "ReceiptHandle", reason)
            if queue.is_fifo and message.visible <= now:
                raise _expired(receipt)
            if now + seconds > message.last_received + MAX_VISIBILITY:
                reason = f"Total VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY} seconds]."
                raise invalid_value(seconds, "VisibilityTimeout", reason)
            return replace(message, visible=now + seconds)

        await self.store.modify(receipt.queue, receipt.number, decide)
        if seconds:
            self._arrivals.expect(receipt.queue, "visibility", now + seconds)
        else:
            self._tell(receipt.queue)

    async def count(self, name: str) -> Counts:
        """Count the messages of a queue."""
        queue, now = self._queues.get(name), self.now()
        return await self.store.count(name, now, now - queue["MessageRetentionPeriod"])

    # Arrivals.

    def follow(self, follower: Follower) -> None:
        """Call a function with the ARN of each queue that may have something to give, from here on."""
        self._followers = (*self._followers, follower)

    async def arrived(self, names: Iterable[str]) -> None:
        """Take note that messages were put into queues."""
        for name in names:
            await self.look(name)

    def _tell(self, name: str) -> None:
        self._arrivals.wake(name)
        if self._followers:
            arn = self._queues.arn(name)
            for follower in self._followers:
                follower(arn)

    def _come(self, name: str, kind: Kind, when: float) -> None:
        self.work.start(self._change(name, kind, when))

    async def _change(self, name: str, kind: Kind, when: float) -> None:
        """Do what is to be done at a moment that has come."""
        if name not in self._queues:
            return
        now = self.now()
        if kind == "delay" and now < when:
            # Speed has shortened the wait.
            await self.store.release(name, when, now)
        if kind == "age":
            await self.store.expire(name, now - self._queues.get(name)["MessageRetentionPeriod"])
        await self.look(name)

    async def look(self, name: str) -> None:
        """Take note that a queue may have something else to give, or at other times."""
        await self._expect(name)
        self._tell(name)

    async def _expect(self, name: str) -> None:
        now = self.now()
        moments = await self.store.moments(name, now)
        self._arrivals.expect(name, "delay", moments.delayed)
        self._arrivals.expect(name, "visibility", moments.in_flight)
        if moments.oldest is not None:
            self._expect_age(name, moments.oldest)

    def _expect_age(self, name: str, sent: float) -> None:
        retention = self._queues.get(name)["MessageRetentionPeriod"]
        self._arrivals.expect(name, "age", max(sent + retention, self.now() + RETENTION_LOOK))

    def forget(self, name: str) -> None:
        """Expect nothing of a queue any more."""
        self._arrivals.forget(name)

    def close(self) -> None:
        """Let nobody wait any more."""
        self._arrivals.close()


def _expired(receipt: Receipt) -> InvalidParameterValueException:
    return invalid_value(write_handle(receipt), "ReceiptHandle", "The receipt handle has expired.")
