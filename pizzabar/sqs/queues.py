"""
SQS: the queues of one account and region.

Rules:
- A message that is received is in flight until its visibility timeout ends, or it is deleted. Both are kept: after a
  restart it comes back when it would have come back.
- What AWS lets pass by and by is immediate here: attributes, a purge, a deletion; counts are exact, and whoever asks
  is given all that is there.
- A message that was received as often as the redrive policy allows goes to the dead-letter queue when it would be
  received once more.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from pizzabar.arn import Home, parse_arn
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.kept import Changed
from pizzabar.record import record
from pizzabar.sqs.arrivals import Arrivals, Kind
from pizzabar.sqs.attributes import changed
from pizzabar.sqs.errors import (
    OverLimit,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    invalid_value,
)
from pizzabar.sqs.queue import Queue
from pizzabar.sqs.receipt import Receipt, write_handle
from pizzabar.sqs.store import Burial, Counts, Message, Placed, QueueStore, Sending, Taken, Taking
from pizzabar.work import Work

RECENTLY = 60
"""Seconds for which a name is not given again, and a queue not purged again."""
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


class Queues:
    """The queues of an account; ``address`` is where in-process callers are told that they are."""

    def __init__(
        self,
        store: QueueStore,
        clock: Clock,
        work: Work,
        home: Home | None = None,
        *,
        address: str = "http://localhost:8000",
        limits: Limits = AWS_LIMITS,
    ) -> None:
        self.home = home or Home()
        self.address = address
        self.store = store
        self.work = work
        self.clock = clock
        self._limits = limits
        self._queues: dict[str, Queue] = {}
        self._deleted: dict[str, float] = {}
        """When queues were deleted."""
        self._followers: tuple[Follower, ...] = ()
        self._declared_policies: dict[str, JSON] = {}
        self._arrivals = Arrivals(clock, self._come)
        self.changed = Changed("queue")

    # Queues.

    async def load(self) -> None:
        """Take up the queues that the store has."""
        self._queues = {queue.name: queue for queue in await self.store.load()}

    async def open(self) -> None:
        """Begin to keep time."""
        for name in tuple(self._queues):
            await self._look(name)

    def close(self) -> None:
        """Let nobody wait for a message any more."""
        self._arrivals.close()

    def __iter__(self) -> Iterator[Queue]:
        return iter(sorted(self._queues.values(), key=lambda queue: queue.name))

    def __contains__(self, name: object) -> bool:
        return name in self._queues

    def now(self) -> float:
        """Tell the time in seconds."""
        return self.clock.now().timestamp()

    def arn(self, name: str) -> str:
        """Name a queue."""
        return self.home.arn("sqs", name)

    def url(self, name: str, address: str | None = None) -> str:
        """Give the address of a queue, as it is at an address of the server's."""
        return f"{address or self.address}/{self.home.account}/{name}"

    def url_of(self, arn: str) -> str:
        """Give the address of the queue that an ARN names. Raise ``QueueDoesNotExist``."""
        return self.url(self.by_arn(arn).name)

    def get(self, name: str) -> Queue:
        """Give a queue. Raise ``QueueDoesNotExist``."""
        queue = self._queues.get(name)
        if queue is None:
            raise QueueDoesNotExist
        return queue

    def by_arn(self, arn: str) -> Queue:
        """Give the queue that an ARN names. Raise ``QueueDoesNotExist``."""
        parsed = parse_arn(arn)
        if parsed is None or str(parsed) != self.arn(parsed.resource):
            raise QueueDoesNotExist
        return self.get(parsed.resource)

    def create(self, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
        """Make a queue; one that is there already is given if it has these attributes.

        Raise ``QueueNameExists``, ``QueueDeletedRecently`` or what is wrong in attributes beside others.
        """
        known = self._queues.get(name)
        if known is not None:
            for attribute, value in attributes.items():
                if known.standing.get(attribute, "") != value:
                    raise QueueNameExists(
                        f"A queue already exists with the same name and a different value for attribute {attribute}"
                    )
            return known
        deleted = self._deleted.get(name)
        if deleted is not None and self.now() < deleted + RECENTLY:
            raise QueueDeletedRecently
        return self._put_new(name, attributes, tags)

    def ensure(self, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
        """Make a queue, or have the one that is there be as a template says; its messages stay."""
        known = self._queues.get(name)
        if known is None:
            return self._put_new(name, attributes, tags)
        policy = known.attributes.get("Policy")
        given = changed({}, attributes)
        self._check_redrive(name, given)
        if policy is not None and name in self._declared_policies:
            given["Policy"] = policy
        if (known.attributes, known.tags) != (given, tags):
            known = replace(known, attributes=given, tags=tags, modified=self.now())
            self.put(known)
        return known

    def _put_new(self, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
        given = changed({}, attributes)
        self._check_redrive(name, given)
        now = self.now()
        queue = Queue(name, now, now, given, tags)
        self._deleted.pop(name, None)
        self.put(queue)
        return queue

    def put(self, queue: Queue) -> None:
        """Have a queue be another."""
        self._queues[queue.name] = queue
        self.store.put_queue(queue)

    async def set_attributes(self, name: str, attributes: Mapping[str, str]) -> None:
        """Change attributes. Raise what is wrong in them beside others."""
        queue = self.get(name)
        # What was not set is looked at too: high throughput needs two attributes.
        changed(queue.standing, attributes)
        given = changed(queue.attributes, attributes)
        self._check_redrive(name, attributes)
        self.put(replace(queue, attributes=given, modified=self.now()))
        if queue.is_fifo and "DelaySeconds" in attributes:
            # Of FIFO queues the delay is that of messages already there, too.
            await self.store.delay(name, int(attributes["DelaySeconds"]))
        await self._look(name)

    def _check_redrive(self, name: str, attributes: Mapping[str, str]) -> None:
        text = attributes.get("RedrivePolicy")
        if not text:
            return
        policy = Queue(name, 0, 0, {"RedrivePolicy": text}).redrive_policy
        assert policy is not None
        try:
            target = self.by_arn(policy.arn)
        except QueueDoesNotExist:
            raise invalid_value(text, "RedrivePolicy", "Dead letter target does not exist.") from None
        if target.is_fifo != self._is_fifo(name):
            reason = "Dead-letter queue must be same type of queue as the source."
            raise invalid_value(text, "RedrivePolicy", reason)
        if not target.lets_redrive(self.arn(name)):
            reason = "The redrive allow policy of the dead-letter queue does not allow the source queue."
            raise invalid_value(text, "RedrivePolicy", reason)

    def _is_fifo(self, name: str) -> bool:
        return Queue(name, 0, 0).is_fifo

    def sources_of(self, name: str) -> list[Queue]:
        """Give the queues whose dead letters go into a queue."""
        arn = self.arn(name)
        return [each for each in self if each.redrive_policy is not None and each.redrive_policy.arn == arn]

    def delete(self, name: str) -> None:
        """Delete a queue with all that is in it."""
        self.get(name)
        del self._queues[name]
        self._deleted[name] = self.now()
        self.store.delete_queue(name)
        self._arrivals.forget(name)

    def discard(self, name: str) -> None:
        """Take out a queue that a template does not have any more."""
        if name in self._queues:
            self.delete(name)
            del self._deleted[name]

    async def purge(self, name: str) -> None:
        """Delete all messages of a queue. Raise ``PurgeQueueInProgress``."""
        queue, now = self.get(name), self.now()
        if queue.purged is not None and now < queue.purged + RECENTLY:
            raise PurgeQueueInProgress(name)
        self.put(replace(queue, purged=now))
        await self.store.purge(name)

    # Policies of a template's that stand beside its queues.

    def declare_policy(self, name: str, policy: str | None) -> None:
        """Have the resource policy that a template says, or none. Raise ``QueueDoesNotExist``."""
        queue = self.get(name)
        attributes = {each: value for each, value in queue.attributes.items() if each != "Policy"}
        if policy is None:
            self._declared_policies.pop(name, None)
        else:
            self._declared_policies[name] = attributes["Policy"] = policy
        self.put(replace(queue, attributes=attributes))

    def policy_of(self, arn: str) -> JSON:
        """Give the resource policy of the queue that an ARN names, None where there is none."""
        try:
            return self.by_arn(arn).policy
        except QueueDoesNotExist:
            return None

    # What API calls have changed.

    def to_keep(self) -> JSON:
        """Give the names of what API calls have changed; queues keep themselves."""
        return {"changed": self.changed.to_keep(), "deleted": dict(self._deleted)}

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Tell of what the template has changed back."""
        self._deleted = {name: when for name, when in document["deleted"].items() if name not in self._queues}
        names = {url.rpartition("/")[2] for url in declared}
        return self.changed.restore(document["changed"], names)

    # Messages.

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
        queue = self.get(name)
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
        queue, now = self.get(name), self.now()
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
            target = self.by_arn(policy.arn)
        except QueueDoesNotExist:
            return None
        return Burial(target.name, policy.most, self.arn(queue.name))

    async def delete_message(self, receipt: Receipt) -> None:
        """Delete a message by its last receipt; by an earlier one nothing is deleted.

        Raise ``InvalidParameterValueException`` when that of a FIFO queue has expired.
        """
        queue, now = self.get(receipt.queue), self.now()

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
        queue, now = self.get(receipt.queue), self.now()

        def decide(message: Message | None) -> Message | None:
            if message is None or message.received != receipt.received or message.last_received is None:
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
        queue, now = self.get(name), self.now()
        return await self.store.count(name, now, now - queue["MessageRetentionPeriod"])

    # Arrivals.

    def follow(self, follower: Follower) -> None:
        """Call a function with the ARN of each queue that may have something to give, from here on."""
        self._followers = (*self._followers, follower)

    async def arrived(self, names: Iterable[str]) -> None:
        """Take note that messages were put into queues."""
        for name in names:
            await self._look(name)

    def _tell(self, name: str) -> None:
        self._arrivals.wake(name)
        if self._followers:
            arn = self.arn(name)
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
            await self.store.expire(name, now - self.get(name)["MessageRetentionPeriod"])
        await self._look(name)

    async def _look(self, name: str) -> None:
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
        retention = self.get(name)["MessageRetentionPeriod"]
        self._arrivals.expect(name, "age", max(sent + retention, self.now() + RETENTION_LOOK))


def _expired(receipt: Receipt) -> Exception:
    return invalid_value(write_handle(receipt), "ReceiptHandle", "The receipt handle has expired.")
