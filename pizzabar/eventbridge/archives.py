"""
Archives and replays.

An archive has a rule on its bus, which EventBridge manages: what that takes, it holds. A replay puts events of an
archive on their bus again, with their ids and times, in the order in which they occurred, as fast as their targets
take them; AWS takes minutes. What it has put is kept as it goes, so that it goes on where it was after a restart, or
a few events earlier.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from pizzabar import documents
from pizzabar.arn import parse_arn
from pizzabar.clock import Clock, Timer
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError, ValidationException
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.eventbridge.archive import DAY, SERVICE, Archive, Replay, replayed, rule_of
from pizzabar.eventbridge.archive_store import Archived, ArchiveStore, Contents
from pizzabar.eventbridge.buses import EventBus, EventBuses, bus_name
from pizzabar.eventbridge.errors import (
    IllegalStatusException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from pizzabar.eventbridge.event import Event
from pizzabar.eventbridge.targets import Target
from pizzabar.eventbridge.transport import EventDelivery
from pizzabar.journal import CAUSE, Cause, new_trace_id
from pizzabar.kept import Changed
from pizzabar.work import Work

MAX_ACTIVE = 10
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
BATCH = 10
"""How many events are put at once."""
END_OF_TIME = datetime.max.replace(tzinfo=UTC).timestamp()
"""The year 9999 ends; what is kept for longer is kept for ever."""
REPLAYS_KEPT = 90 * DAY
"""Replays are forgotten then, in seconds. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html"""

Keep = Callable[[JSON], None]
"""Keeps what ``to_keep`` gives; it is durable with whatever is changed now."""


class Archives:
    """The archives of the buses of one account and region, and the replays of them."""

    def __init__(self, store: ArchiveStore, buses: EventBuses, clock: Clock, work: Work, *, keep: Keep) -> None:
        self._store = store
        self._clock = clock
        self._work = work
        self._keep = keep
        self.buses = buses
        self._archives: dict[str, Archive] = {}
        self._replays: dict[str, Replay] = {}
        self._timers: dict[str, Timer] = {}
        self.changed = Changed("archive")
        buses.senders.archive_with(self._take)
        buses.when_made = self._attach_all

    def now(self) -> float:
        """Tell the time in seconds."""
        return self._clock.timestamp()

    async def open(self) -> None:
        """Take events for the archives that are known from before, and go on with replays."""
        for archive in tuple(self._archives.values()):
            self._attach(archive)
            await self._look(archive.name)
        for replay in self._replays.values():
            if replay.is_active:
                self._work.start(self._run(replay.name))

    # Archives.

    def __iter__(self) -> Iterator[Archive]:
        return iter(sorted(self._archives.values(), key=lambda archive: archive.name))

    def get(self, name: str) -> Archive:
        """Find an archive. Raise ``ResourceNotFoundException``."""
        archive = self._archives.get(name)
        if archive is None:
            raise ResourceNotFoundException(f"Archive {name} does not exist.")
        return archive

    def create(
        self, name: str, bus_arn: str, *, pattern: str | None, description: str | None, retention_days: int
    ) -> Archive:
        """Make an archive.

        Raise ``ResourceAlreadyExistsException``, ``ResourceNotFoundException`` for the bus, or
        ``InvalidEventPatternException``.
        """
        bus = self.buses.get(bus_arn)
        if name in self._archives:
            raise ResourceAlreadyExistsException(f"Archive {name} already exists.")
        rule = rule_of(name)
        if rule in bus.rules:
            raise ResourceAlreadyExistsException(f"Rule {rule} already exists.")
        archive = self._made(name, bus.arn, pattern, description, retention_days)
        self._attach(archive)
        self._archives[name] = archive
        # There may be events of a template's archive of this name, which is no more.
        self._store.drop(name)
        return archive

    def declare(self, name: str, bus_arn: str, **given: JSON) -> None:
        """Make an archive that the template has, or make it what the template says; its events stay.

        Raise ``ResourceNotFoundException`` for the bus, or ``InvalidEventPatternException``.
        """
        bus = self.buses.get(bus_arn)
        known = self._archives.get(name)
        if known is not None:
            self._detach(known)
        archive = self._made(name, bus.arn, given["pattern"], given["description"], given["retention_days"])
        created = archive.created if known is None else known.created
        self._archives[name] = replace(archive, is_declared=True, created=created)
        self._attach(archive)
        self._work.start(self._look(name))

    def _made(
        self, name: str, bus_arn: str, pattern: str | None, description: str | None, retention_days: int
    ) -> Archive:
        if pattern is not None:
            read_pattern(pattern)
        arn = self.buses.home.arn("events", f"archive/{name}")
        return Archive(name, arn, bus_arn, self.now(), pattern, description, retention_days)

    async def update(self, name: str, **changes: JSON) -> Archive:
        """Give an archive another pattern, description or retention.

        Raise ``ResourceNotFoundException`` or ``InvalidEventPatternException``.
        """
        # AWS was seen to answer with an InternalException for one that is not there.
        archive = replace(self.get(name), **changes)
        if archive.pattern is not None:
            read_pattern(archive.pattern)
        self._attach(archive)
        self._archives[name] = archive
        if archive.is_declared:
            self.changed.note(name)
        await self._look(name)
        return archive

    def delete(self, name: str) -> None:
        """Delete an archive with its events. Raise ``ResourceNotFoundException``."""
        self.discard(name)
        self._store.drop(name)

    def discard(self, name: str) -> None:
        """Take out an archive; its events stay, for when the template has it again.

        Raise ``ResourceNotFoundException``.
        """
        self._detach(self.get(name))
        del self._archives[name]
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def is_enabled(self, archive: Archive) -> bool:
        """Whether an archive takes events: its bus is there, and its rule on it."""
        name = bus_name(archive.bus)
        return any(bus.name == name and archive.rule in bus.rules for bus in self.buses)

    async def contents(self, archive: Archive) -> Contents:
        """Tell what an archive holds. AWS tells it up to a day late; here it is as it is."""
        return await self._store.contents(archive.name)

    def _attach(self, archive: Archive) -> None:
        """Give the archive's bus its rule, if the bus is there."""
        if not any(bus.name == bus_name(archive.bus) for bus in self.buses):
            return
        self.buses.put_rule(archive.rule, archive.rule_pattern, bus=archive.bus, managed_by=SERVICE)
        target = Target(archive.name, archive.arn, _whole, {"Id": archive.name, "Arn": archive.arn})
        self.buses.put_target(archive.rule, target, bus=archive.bus)

    def _attach_all(self, bus: EventBus) -> None:
        """Give a bus that is made the rules of the archives that were of it."""
        for archive in self._archives.values():
            if archive.bus == bus.arn:
                self._attach(archive)

    def _detach(self, archive: Archive) -> None:
        if self.is_enabled(archive):
            self.buses.get(archive.bus).remove(archive.rule)

    def _take(self, delivery: EventDelivery) -> None:
        """Take an event that a rule has brought. Raise ``ResourceNotFoundException``."""
        archive = self.get(delivery.target_arn.rpartition("/")[2])
        now = self.now()
        occurred = _time_of(documents.parse(delivery.payload), now)
        self._store.put(archive.name, Archived(delivery.event_id, occurred, now, delivery.lane, delivery.payload))
        if archive.name not in self._timers:
            self._watch(archive, now)

    async def _look(self, name: str) -> None:
        """Let go of the events that are too old, and look again when the next one is."""
        archive = self._archives.get(name)
        if archive is None:
            return
        if archive.retention_days:
            self._store.expire(name, self.now() - archive.retention_days * DAY)
        oldest = (await self._store.contents(name)).oldest
        # It may have been changed meanwhile, or taken out.
        archive = self._archives.get(name)
        if oldest is not None and archive is not None:
            self._watch(archive, oldest)

    def _watch(self, archive: Archive, oldest: float) -> None:
        timer = self._timers.pop(archive.name, None)
        if timer is not None:
            timer.cancel()
        if archive.retention_days:
            # A second more, so that it is too old then.
            when = oldest + archive.retention_days * DAY + 1
            if when < END_OF_TIME:
                at = datetime.fromtimestamp(when, UTC)
                self._timers[archive.name] = self._clock.call_at(at, lambda: self._come(archive.name))

    def _come(self, name: str) -> None:
        self._timers.pop(name, None)
        self._work.start(self._look(name))

    # Replays.

    @property
    def replays(self) -> Sequence[Replay]:
        """Give the replays of the last 90 days, in the order of their names."""
        since = self.now() - REPLAYS_KEPT
        self._replays = {name: each for name, each in self._replays.items() if each.is_active or each.begun > since}
        return sorted(self._replays.values(), key=lambda replay: replay.name)

    def replay(self, name: str) -> Replay:
        """Find a replay. Raise ``ResourceNotFoundException``."""
        for each in self.replays:
            if each.name == name:
                return each
        raise ResourceNotFoundException(f"Replay {name} does not exist.")

    def start(
        self,
        name: str,
        archive_arn: str,
        bus_arn: str,
        rules: Sequence[str],
        start: float,
        end: float,
        description: str | None,
    ) -> Replay:
        """Begin to replay the events that occurred from ``start`` to ``end``, in seconds since the epoch.

        Raise ``ResourceNotFoundException`` for the bus or a rule, ``ResourceAlreadyExistsException``,
        ``LimitExceededException`` or ``ValidationException``.
        """
        bus = self.buses.get(bus_arn)
        parsed = parse_arn(archive_arn)
        archive_name = archive_arn if parsed is None else parsed.resource.removeprefix("archive/")
        archive = self._archives.get(archive_name)
        if archive is None or archive.arn != archive_arn:
            reason = f"Archive {archive_name} does not exist."
            raise ValidationException(f"Parameter EventSourceArn is not valid. Reason: {reason}")
        if bus.arn != archive.bus:
            reason = "Cross event bus replay is not permitted."
            raise ValidationException(f"Parameter Destination.Arn is not valid. Reason: {reason}")
        if start >= end:
            reason = "EventStartTime must be before EventEndTime."
            raise ValidationException(f"Parameter EventEndTime is not valid. Reason: {reason}")
        there = {rule.arn for rule in bus.rules.values()}
        for rule in rules:
            if rule not in there:
                # What AWS says of a rule that is not there is not known; with it, nothing would be replayed.
                raise ResourceNotFoundException(f"Rule {rule} does not exist on EventBus {bus.name}.")
        known = self.replays
        if any(each.name == name for each in known):
            raise ResourceAlreadyExistsException(f"Replay {name} already exists.")
        if sum(each.is_active for each in known) >= MAX_ACTIVE:
            raise LimitExceededException
        arn = self.buses.home.arn("events", f"replay/{name}")
        replay = Replay(name, arn, archive.arn, bus.arn, tuple(rules), start, end, self.now(), description)
        self._replays[name] = replay
        self._work.start(self._run(name))
        return replay

    def cancel(self, name: str) -> Replay:
        """Stop a replay. Raise ``ResourceNotFoundException``, or ``IllegalStatusException`` when it has ended."""
        replay = self.replay(name)
        if replay.state not in ("STARTING", "RUNNING"):
            raise IllegalStatusException(f"Replay {name} is not in a valid state for this operation.")
        self._replays[name] = replay = replace(replay, state="CANCELLING")
        return replay

    async def _run(self, name: str) -> None:
        """Replay, from where it is, to the end."""
        CAUSE.set(Cause(new_trace_id(self._clock.timestamp())))
        while True:
            replay = self._replays[name]
            if replay.state == "CANCELLING":
                self._end(replay, "CANCELLED")
                return
            archive = parse_arn(replay.archive)
            assert archive is not None
            batch = await self._store.read(
                archive.resource.removeprefix("archive/"), replay.start, replay.end, replay.position, BATCH
            )
            if not batch:
                self._end(self._replays[name], "COMPLETED")
                return
            events = [_again(each, name) for each in batch]
            try:
                await self.buses.replay(events, replay.bus, replay.rules)
            except ServiceError as error:
                self._end(self._replays[name], "FAILED", str(error))
                return
            # It may have been cancelled meanwhile.
            now = self._replays[name]
            state = "RUNNING" if now.state == "STARTING" else now.state
            self._replays[name] = replace(now, state=state, position=batch[-1].position)
            self._keep(self.to_keep())

    def _end(self, replay: Replay, state: str, reason: str | None = None) -> None:
        if replay.state == "CANCELLING":
            state, reason = "CANCELLED", None
        self._replays[replay.name] = replace(replay, state=state, reason=reason, ended=self.now())
        self._keep(self.to_keep())

    # What API calls have made.

    def to_keep(self) -> JSON:
        """Give the archives that API calls have made, the replays, and which of the template's were changed."""
        return {
            "archives": [asdict(each) for each in self._archives.values() if not each.is_declared],
            "replays": [each.as_json() for each in self.replays],
            "changed": self.changed.to_keep(),
        }

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what API calls have made; tell of what the template has changed back."""
        told = []
        for given in document["archives"]:
            if given["name"] in self._archives:
                told.append(f"the archive {given['name']} is the template's")
            elif (why := _why_faulty(given["pattern"])) is not None:
                told.append(f"the archive {given['name']} is left out: {why}")
            else:
                self._archives[given["name"]] = Archive(**given)
        replays = map(Replay.from_json, document["replays"])
        self._replays = {each.name: each for each in replays}
        return told + self.changed.restore(document["changed"], declared)


def _why_faulty(pattern: str | None) -> str | None:
    """Tell what is wrong with a pattern that an earlier version took; None if nothing is."""
    try:
        if pattern is not None:
            read_pattern(pattern)
    except InvalidEventPatternException as error:
        return error.message
    return None


def _whole(event: Event, rule_arn: str, rule_name: str) -> str:
    return event.text


def _time_of(event: JSON, now: float) -> float:
    """Tell when an event occurred; one that came from another bus may have been made into anything."""
    try:
        return datetime.fromisoformat(event["time"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return now


def _again(archived: Archived, replay: str) -> tuple[Event, str]:
    """Make an event, and its lane, of one that was archived."""
    document = replayed(documents.parse(archived.text), replay)
    event = Event(archived.id, document, documents.write(document), document.get("time", ""), replay)
    return event, f"{archived.lane}/{replay}"
