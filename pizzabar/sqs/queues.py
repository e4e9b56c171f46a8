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

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from pizzabar.arn import Home, parse_arn
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.kept import Changed
from pizzabar.sqs.attributes import changed
from pizzabar.sqs.errors import (
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    invalid_value,
)
from pizzabar.sqs.messages import AWS_LIMITS, Limits, Messages
from pizzabar.sqs.queue import FIFO, Queue, read_redrive_policy
from pizzabar.sqs.store import QueueStore
from pizzabar.work import Work

RECENTLY = 60
"""Seconds for which a name is not given again, and a queue not purged again."""


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
        self._queues: dict[str, Queue] = {}
        self._deleted: dict[str, float] = {}
        """When queues were deleted."""
        self._declared_policies: dict[str, JSON] = {}
        self.messages = Messages(self, store, clock, work, limits)
        self.changed = Changed("queue")

    # Queues.

    async def load(self) -> None:
        """Take up the queues that the store has."""
        self._queues = {queue.name: queue for queue in await self.store.load()}

    async def open(self) -> None:
        """Begin to keep time."""
        for name in tuple(self._queues):
            await self.messages.look(name)

    def close(self) -> None:
        """Let nobody wait for a message any more."""
        self.messages.close()

    def __iter__(self) -> Iterator[Queue]:
        return iter(sorted(self._queues.values(), key=lambda queue: queue.name))

    def __contains__(self, name: object) -> bool:
        return name in self._queues

    def now(self) -> float:
        """Tell the time in seconds."""
        return self.clock.timestamp()

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
        await self.messages.look(name)

    def _check_redrive(self, name: str, attributes: Mapping[str, str]) -> None:
        text = attributes.get("RedrivePolicy")
        if not text:
            return
        try:
            target = self.by_arn(read_redrive_policy(text).arn)
        except QueueDoesNotExist:
            raise invalid_value(text, "RedrivePolicy", "Dead letter target does not exist.") from None
        if target.is_fifo != name.endswith(FIFO):
            reason = "Dead-letter queue must be same type of queue as the source."
            raise invalid_value(text, "RedrivePolicy", reason)
        if not target.lets_redrive(self.arn(name)):
            reason = "The redrive allow policy of the dead-letter queue does not allow the source queue."
            raise invalid_value(text, "RedrivePolicy", reason)

    def sources_of(self, name: str) -> list[Queue]:
        """Give the queues whose dead letters go into a queue."""
        arn = self.arn(name)
        return [each for each in self if each.redrive_policy is not None and each.redrive_policy.arn == arn]

    def delete(self, name: str) -> None:
        """Delete a queue with all that is in it."""
        self.get(name)
        del self._queues[name]
        since = self.now() - RECENTLY
        self._deleted = {each: when for each, when in self._deleted.items() if when > since}
        self._deleted[name] = self.now()
        self.store.delete_queue(name)
        self.messages.forget(name)

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
