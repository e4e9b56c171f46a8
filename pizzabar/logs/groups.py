"""
CloudWatch Logs: log groups, and the events put into their streams.

Groups and streams are in memory, events in the store. What AWS lets pass by and by is immediate here: an event can be
read as soon as it was put. Events older than a group's retention are not given; they stay in the store.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogsConcepts.html
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.kept import Changed
from pizzabar.logs.errors import ResourceAlreadyExistsException, ResourceNotFoundException
from pizzabar.logs.log_group import LogEvent, LogGroup, LogStream, days, milliseconds
from pizzabar.logs.store import LogStore

END_OF_TIME = 1 << 62

Follower = Callable[[str, str, Sequence[tuple[int, str]]], None]
"""Is told of a group, a stream, and the events that were put into it."""


class LogGroups:
    """The log groups of an account."""

    def __init__(self, store: LogStore, clock: Clock, home: Home | None = None) -> None:
        self.home = home or Home()
        self._store = store
        self._clock = clock
        self._groups: dict[str, LogGroup] = {}
        self._followers: tuple[Follower, ...] = ()
        self.policies: dict[str, JSON] = {}
        """The account's resource policies, by their names: which services may write to which groups."""
        self._put_policies: set[str] = set()
        """The names of those that API calls have made or changed."""
        self.changed = Changed("log group")

    async def open(self) -> None:
        """Take up the groups that the store has."""
        self._groups = {group.name: group for group in await self._store.load()}

    def __iter__(self) -> Iterator[LogGroup]:
        return iter(tuple(self._groups.values()))

    def has(self, name: str) -> bool:
        """Whether there is a group of that name."""
        return name in self._groups

    def now(self) -> int:
        """Tell the time in milliseconds."""
        return int(self._clock.timestamp() * 1000)

    def to_keep(self) -> JSON:
        """Give the policies that API calls have made, and the names of what they have changed."""
        policies = {name: self.policies[name] for name in sorted(self._put_policies)}
        return {"changed": self.changed.to_keep(), "policies": policies}

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what API calls have made; tell of what the template has changed back."""
        if isinstance(document, list):
            # As earlier versions wrote it.
            document = {"changed": document, "policies": {}}
        told = self.changed.restore(document["changed"], declared)
        for name, policy in document["policies"].items():
            if name in self.policies:
                told.append(f"the log resource policy {name} is the template's again")
            else:
                self.put_policy(name, policy)
        return told

    def declare_policy(self, name: str, document: JSON) -> None:
        """Have the resource policy that the template says, or None of that name but what a call has put."""
        if document is not None:
            self.policies[name] = document
        elif name not in self._put_policies:
            self.policies.pop(name, None)

    def put_policy(self, name: str, document: JSON) -> None:
        """Make a resource policy, or change the one of that name, by an API call."""
        self.policies[name] = document
        self._put_policies.add(name)

    def delete_policy(self, name: str) -> None:
        """Delete a resource policy."""
        del self.policies[name]
        self._put_policies.discard(name)

    def get(self, name: str) -> LogGroup:
        """Give a group. Raise ``ResourceNotFoundException`` when there is none of that name."""
        group = self._groups.get(name)
        if group is None:
            raise ResourceNotFoundException("group")
        return group

    def get_stream(self, group: str, name: str) -> LogStream:
        """Give a stream. Raise ``ResourceNotFoundException`` when group or stream is not there."""
        stream = self.get(group).streams.get(name)
        if stream is None:
            raise ResourceNotFoundException("stream")
        return stream

    def find_stream(self, group: str, name: str) -> LogStream | None:
        """Find a stream."""
        kept = self._groups.get(group)
        return None if kept is None else kept.streams.get(name)

    def arn(self, group: str) -> str:
        """Name a group, without the ``:*`` that stands for its streams."""
        return self.home.arn("logs", f"log-group:{group}")

    async def create(self, name: str, *, retention_days: int | None = None) -> LogGroup:
        """Make a group. Raise ``ResourceAlreadyExistsException`` when it is there."""
        if name in self._groups:
            raise ResourceAlreadyExistsException("group")
        group = self._groups[name] = LogGroup(name, self.now(), retention_days)
        self._store.put_group(group)
        return group

    async def ensure(self, name: str, *, retention_days: int | None) -> LogGroup:
        """Make a group, or change the retention of the one that is there."""
        if name not in self._groups:
            return await self.create(name, retention_days=retention_days)
        group = self._groups[name]
        if group.retention_days != retention_days:
            group.retention_days = retention_days
            self._store.put_group(group)
        return group

    async def delete(self, name: str) -> None:
        """Delete a group with all its streams and events."""
        self.get(name)
        del self._groups[name]
        self._store.delete_group(name)

    async def create_stream(self, group: str, name: str) -> LogStream:
        """Make a stream in a group. Raise ``ResourceAlreadyExistsException`` when it is there."""
        streams = self.get(group).streams
        if name in streams:
            raise ResourceAlreadyExistsException("stream")
        stream = streams[name] = LogStream(name, self.now())
        self._store.put_stream(group, name, stream.created)
        return stream

    def put_events(self, group: str, stream: LogStream, events: Sequence[tuple[int, str]], now: int) -> None:
        """Put events, pairs of timestamp and message in order of time, into a stream that is there."""
        if events:
            stream.note(events[0][0], events[-1][0], now)
            self._store.put_events(group, stream.name, events, now)
            for follower in self._followers:
                follower(group, stream.name, events)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Call ``follower`` with whatever is put from here on. The answer stops it."""
        # A new tuple each time: followers come and go while others are being told.
        self._followers = (*self._followers, follower)

        def stop() -> None:
            self._followers = tuple(each for each in self._followers if each is not follower)

        return stop

    def append(self, group: str, stream: str, messages: Sequence[str], now: datetime) -> None:
        """Put messages of one time into a stream; group and stream are made when they are missing."""
        timestamp = milliseconds(now)
        kept = self._groups.get(group)
        if kept is None:
            kept = self._groups[group] = LogGroup(group, timestamp)
            self._store.put_group(kept)
        target = kept.streams.get(stream)
        if target is None:
            target = kept.streams[stream] = LogStream(stream, timestamp)
            self._store.put_stream(group, stream, timestamp)
        self.put_events(group, target, [(timestamp, message) for message in messages], timestamp)

    async def read(
        self, group: str, *, stream: str | None = None, start: int = 0, end: int = END_OF_TIME
    ) -> list[LogEvent]:
        """Give the events from ``start`` on and before ``end``, of one stream or of all, in order of time."""
        retention = self.get(group).retention_days
        if stream is not None:
            self.get_stream(group, stream)
        if retention is not None:
            start = max(start, self.now() - days(retention))
        events = [
            LogEvent(_event_id(timestamp, batch.number, index), batch.stream, timestamp, message, batch.ingested)
            for batch in await self._store.read(group, stream, start, end)
            for index, (timestamp, message) in enumerate(batch.events)
            if start <= timestamp < end
        ]
        events.sort(key=lambda event: event.id)
        return events


def _event_id(timestamp: int, number: int, index: int) -> int:
    # Numbers of puts have up to 20 digits, places in a put up to 5: a put holds 10,000 events at most.
    return (timestamp * 10**20 + number) * 10**5 + index
