"""Event buses: they take events, find the rules that match, and send the events to the rules' targets."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pizzabar import documents
from pizzabar.arn import Home, parse_arn
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.index import RuleIndex
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.eventbridge.errors import ResourceAlreadyExistsException, ResourceNotFoundException
from pizzabar.eventbridge.event import (
    EntryError,
    Event,
    check_entry,
    entry_of,
    entry_size,
    make_event,
    scheduled_event,
    service_event,
)
from pizzabar.eventbridge.input_transformer import UndeliverableInput
from pizzabar.eventbridge.parameters import refuse, shown_entries, too_long
from pizzabar.eventbridge.rules import Rule
from pizzabar.eventbridge.schedule import read_schedule
from pizzabar.eventbridge.schedules import Schedules
from pizzabar.eventbridge.senders import Invoke, Senders
from pizzabar.eventbridge.targets import Target, read_target
from pizzabar.eventbridge.transport import EventDelivery, Transport
from pizzabar.journal import CAUSE, Cause, Hop, new_trace_id, note
from pizzabar.operations import Call, Trace
from pizzabar.shapes import checked
from pizzabar.trace_header import read_trace_header
from pizzabar.uuids import new_uuid, uuid_of
from pizzabar.work import Work

log = logging.getLogger("pizzabar")
MAX_ENTRIES = 10
MAX_REQUEST_BYTES = 1 << 20


class EventBus:
    """A bus and its rules."""

    def __init__(self, name: str, arn: str, schedules: Schedules, description: str | None, created: datetime) -> None:
        self._schedules = schedules
        self.name = name
        self.arn = arn
        self.description = description
        self.created = self.changed = created
        self.rules: dict[str, Rule] = {}
        self._index: RuleIndex[str] = RuleIndex()

    def put(self, rule: Rule) -> None:
        """Give the bus a rule, in place of one of the same name."""
        self.remove(rule.name)
        self.rules[rule.name] = rule
        if rule.is_enabled and rule.pattern is not None:
            self._index.add(rule.name, rule.pattern)
        self._schedules.follow(rule)

    def remove(self, name: str) -> None:
        """Take a rule away, if it is there."""
        rule = self.rules.pop(name, None)
        if rule is None:
            return
        self._schedules.forget(rule.arn)
        if rule.is_enabled and rule.pattern is not None:
            self._index.remove(name)

    def match(self, document: JSON) -> list[Rule]:
        """Find the rules that match an event."""
        return [self.rules[name] for name in self._index.match(document)]


MAX_TAGS = 50


def check_tag_count(tags: Sized) -> None:
    """Raise ``ValidationException`` for more tags than a resource may have."""
    if len(tags) > MAX_TAGS:
        raise ValidationException(f"A resource has at most {MAX_TAGS} tags.")


class EventBuses:
    """The buses of one account and region; ``default`` is always there."""

    def __init__(
        self,
        transport: Transport,
        call: Call,
        relay: Trace,
        clock: Clock,
        work: Work,
        home: Home,
        *,
        invoke: Invoke,
    ) -> None:
        self.transport = transport
        self._relay = relay
        self._clock = clock
        self._work = work
        self.home = home
        self.now = clock.now
        self._schedules = Schedules(clock, self._fire)
        self._buses: dict[str, EventBus] = {}
        self.tags: dict[str, dict[str, str]] = {}
        """Tags of buses and rules, by their ARNs."""
        self.policies: dict[str, JSON] = {}
        """The permissions of buses, by their ARNs: those that API calls have given."""
        self.declared_policies: dict[str, dict[str, list[JSON]]] = {}
        """The statements that the template gives, by what gives them."""
        self._asked: set[str] = set()
        """The ARNs of the buses and rules that API calls have made or changed."""
        self.when_made: Callable[[EventBus], None] = lambda bus: None
        """Is told of each bus that is made."""
        self.senders = Senders(call, relay, clock, self._send_onward, invoke)
        self.create("default")

    def __iter__(self) -> Iterator[EventBus]:
        return iter(self._buses.values())

    async def open(self) -> None:
        """Begin to send events, those first that an earlier process left undelivered."""
        await self.transport.open(self.senders.send, self.senders.bury)

    def create(self, name: str, description: str | None = None) -> EventBus:
        """Make a bus. Raise ``ResourceAlreadyExistsException``."""
        if name in self._buses:
            raise ResourceAlreadyExistsException(f"Event bus {name} already exists.")
        bus = self._buses[name] = EventBus(
            name, self.home.arn("events", f"event-bus/{name}"), self._schedules, description, self.now()
        )
        self.when_made(bus)
        return bus

    def ensure(self, name: str, description: str | None = None) -> EventBus:
        """Make a bus, or give the one that is there another description."""
        bus = self._buses.get(name)
        if bus is None:
            return self.create(name, description)
        bus.description = description
        return bus

    def get(self, name_or_arn: str | None = None) -> EventBus:
        """Find a bus by name or ARN. Raise ``ResourceNotFoundException``."""
        bus = self._find(name_or_arn)
        if bus is None:
            raise ResourceNotFoundException(f"Event bus {self._told_name(name_or_arn)} does not exist.")
        return bus

    def _find(self, name_or_arn: str | None) -> EventBus | None:
        """Find a bus; those of other accounts and regions are not here."""
        bus = self._buses.get(bus_name(name_or_arn))
        # An ARN names one bus: if that is another than the one of its name here, it is elsewhere.
        is_other = bus is not None and name_or_arn and name_or_arn.startswith("arn:") and bus.arn != name_or_arn
        return None if is_other else bus

    def _is_elsewhere(self, name_or_arn: str | None) -> bool:
        if not name_or_arn or not name_or_arn.startswith("arn:"):
            return False
        arn = parse_arn(name_or_arn)
        return arn is not None and (arn.region, arn.account) != (self.home.region, self.home.account)

    def _told_name(self, name_or_arn: str | None) -> str:
        return str(name_or_arn) if self._is_elsewhere(name_or_arn) else bus_name(name_or_arn)

    def put_rule(
        self,
        name: str,
        pattern: JSON = None,
        *,
        schedule: str = "",
        bus: str | None = None,
        state: str = "ENABLED",
        description: str | None = None,
        role_arn: str | None = None,
        managed_by: str | None = None,
    ) -> Rule:
        """Make a rule on a bus, or change the one of that name, which keeps its targets.

        ``pattern`` is an event pattern, as text or as the value it stands for, ``schedule`` an expression. Raise
        ``InvalidEventPatternException``, ``InvalidSchedule`` or ``ResourceNotFoundException``.
        """
        owner = self.get(bus)
        text = pattern if isinstance(pattern, str) else "" if pattern is None else documents.write(pattern)
        known = owner.rules.get(name)
        rule = Rule(
            name,
            rule_arn(self.home, owner.name, name),
            owner.name,
            read_pattern(pattern) if text else None,
            text,
            state,
            description,
            () if known is None else known.targets,
            read_schedule(schedule) if schedule else None,
            schedule,
            role_arn,
            managed_by,
        )
        owner.put(rule)
        return rule

    def delete(self, name: str) -> None:
        """Delete a bus with its rules; one that is not there is deleted already. Raise ``ValidationException``."""
        name = bus_name(name)
        if name == "default":
            raise ValidationException("Cannot delete event bus default.")
        bus = self._buses.pop(name, None)
        for rule in () if bus is None else bus.rules.values():
            self._schedules.forget(rule.arn)
        self._forget()

    def delete_rule(self, name: str, *, bus: str | None = None) -> None:
        """Delete a rule; one that is not there is deleted already.

        Raise ``ValidationException`` while it has targets, or ``ResourceNotFoundException``.
        """
        owner = self.get(bus)
        rule = owner.rules.get(name)
        if rule is not None and rule.targets:
            raise ValidationException("Rule can't be deleted since it has targets.")
        owner.remove(name)
        self._forget()

    def policy_of(self, arn: str) -> JSON:
        """Give the permissions of a bus as one policy; None without any."""
        given = self.policies.get(arn, {"Version": "2012-10-17", "Statement": []})
        own = {each.get("Sid") for each in given["Statement"]}
        by_giver = self.declared_policies.get(arn, {}).values()
        declared = [each for statements in by_giver for each in statements if each.get("Sid") not in own]
        statements = [*declared, *given["Statement"]]
        return {**given, "Statement": statements} if statements else None

    def _forget(self) -> None:
        """Let tags and permissions go with what had them."""
        there = self._arns()
        self.tags = {arn: tags for arn, tags in self.tags.items() if arn in there}
        self.policies = {arn: policy for arn, policy in self.policies.items() if arn in there}

    def change_rule(self, name: str, *, bus: str | None = None, **changes: Any) -> None:
        """Give a rule another state or other targets. Raise ``ResourceNotFoundException``."""
        owner = self.get(bus)
        known = owner.rules.get(name)
        if known is None:
            raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {owner.name}.")
        owner.put(replace(known, **changes))

    def put_target(self, rule: str, target: Target, *, bus: str | None = None) -> None:
        """Give a rule a target. Raise ``ResourceNotFoundException``."""
        owner = self.get(bus)
        known = owner.rules.get(rule)
        if known is None:
            raise ResourceNotFoundException(f"Rule {rule} does not exist on EventBus {owner.name}.")
        if ":event-bus/" in target.arn and self._is_elsewhere(target.arn):
            raise ValidationException(f"Event buses of other accounts and regions are not supported: {target.arn}")
        owner.put(known.with_target(target))

    # What API calls have made.

    def note_asked(self, arn: str) -> None:
        """Note that an API call has made or changed a bus or a rule."""
        self._asked.add(arn)

    def to_keep(self) -> JSON:
        """Give the buses and rules that API calls have made or changed."""
        return {
            "buses": [
                {
                    "name": bus.name,
                    "description": bus.description,
                    "created": bus.created.timestamp(),
                    "changed": bus.changed.timestamp(),
                }
                for bus in self
                if bus.arn in self._asked
            ],
            "rules": [
                {
                    "name": rule.name,
                    "bus": rule.bus,
                    "pattern": rule.text,
                    "schedule": rule.expression,
                    "state": rule.state,
                    "description": rule.description,
                    "role": rule.role_arn,
                    "targets": [target.document for target in rule.targets],
                }
                for bus in self
                for rule in bus.rules.values()
                if rule.arn in self._asked
            ],
            "tags": {arn: self.tags[arn] for arn in self._arns() if self.tags.get(arn)},
            "policies": self.policies,
        }

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what API calls have made; tell of what the template has changed back."""
        told = []
        for bus in document["buses"]:
            if bus["name"] not in self._buses:
                made = self.create(bus["name"], bus["description"])
                if "created" in bus:
                    made.created, made.changed = (
                        datetime.fromtimestamp(bus[when], UTC) for when in ("created", "changed")
                    )
                self._asked.add(made.arn)
        for rule in document["rules"]:
            arn = rule_arn(self.home, rule["bus"], rule["name"])
            if rule["bus"] not in self._buses:
                told.append(f"the rule {rule['name']} is gone: its event bus {rule['bus']} is no more")
            elif rule["name"] in self._buses[rule["bus"]].rules:
                told.append(f"the rule {rule['name']} is the template's again")
            else:
                try:
                    self.put_rule(
                        rule["name"],
                        rule["pattern"],
                        schedule=rule.get("schedule", ""),
                        bus=rule["bus"],
                        state=rule["state"],
                        description=rule["description"],
                        role_arn=rule.get("role"),
                    )
                except InvalidEventPatternException as error:
                    told.append(f"the rule {rule['name']} is left out: {error.message}")
                    continue
                for target in rule["targets"]:
                    try:
                        self.put_target(rule["name"], read_target(target), bus=rule["bus"])
                    except ValidationException as error:
                        # An earlier version took what this one, like AWS, does not.
                        told.append(f"the target {target['Id']} of the rule {rule['name']} is gone: {error.message}")
                self._asked.add(arn)
        self.tags, self.policies = document.get("tags", {}), document.get("policies", {})
        self._forget()
        return told

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a bus or a rule tags. Raise ``ResourceNotFoundException``, or ``ValidationException`` for too many."""
        known = {**self.tags_of(arn), **tags}
        check_tag_count(known)
        self.tags[arn] = known

    def tags_of(self, arn: str) -> dict[str, str]:
        """Give the tags of a bus or a rule. Raise ``ResourceNotFoundException``."""
        if arn not in self._arns():
            kind = "Rule" if ":rule/" in arn else "EventBus"
            raise ResourceNotFoundException(f"{kind} {arn.rpartition('/')[2]} does not exist.")
        return dict(self.tags.get(arn, {}))

    def _arns(self) -> set[str]:
        return {bus.arn for bus in self} | {rule.arn for bus in self for rule in bus.rules.values()}

    async def put_events(self, entries: Sequence[JSON]) -> list[Event | EntryError]:
        """Put 1 to 10 entries, of the form of PutEvents; give each one's event, or what is wrong with it.

        Returns when every delivery is with its target, or is kept to be tried again. Raise ``ValidationException``
        for the request as a whole.
        https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
        """
        if type(entries) is not list:
            checked(entries, [None])
        if not 1 <= len(entries) <= MAX_ENTRIES:
            bound = "greater than or equal to 1" if not entries else f"less than or equal to {MAX_ENTRIES}"
            raise ValidationException(
                f"1 validation error detected: Value '{shown_entries(entries)}' at 'entries' failed to satisfy"
                f" constraint: Member must have length {bound}"
            )
        for entry in entries:
            check_entry(entry)
        refuse(too_long(entries))
        if sum(map(entry_size, entries)) > MAX_REQUEST_BYTES:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        now = self._clock.now()
        cause = CAUSE.get()
        results: list[Event | EntryError] = []
        key = None if cause is None or cause.attempt is None else cause.attempt.next_key()
        for number, entry in enumerate(entries):
            id_ = _event_id(key, number)
            event = make_event(entry, id=id_, home=self.home, now=now)
            results.append(event)
        deliveries: list[EventDelivery] = []
        for entry, event in zip(entries, results, strict=True):
            if not isinstance(event, Event):
                continue
            due = self._deliveries(event, entry.get("EventBusName"), cause)
            trace = entry.get("TraceHeader")
            if trace is not None and (other := _other_trace(trace, cause)) is not None:
                # Those before it go first.
                await self._deliver_all(deliveries)
                deliveries = []
                await self._deliver_in(other, due)
            else:
                deliveries += due
        await self._deliver_all(deliveries)
        return results

    async def _deliver_in(self, cause: Cause, deliveries: list[EventDelivery]) -> None:
        """Deliver an event in the trace that its entry names."""
        token = CAUSE.set(cause)
        try:
            await self.transport.deliver(deliveries)
        finally:
            CAUSE.reset(token)

    async def _send_onward(self, event: Event, bus: str) -> None:
        """Bring an event that a rule of another bus has sent here to the targets of this one's rules."""
        deliveries = self._deliveries(event, bus, CAUSE.get())
        # An event goes from bus to bus once.
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
        await self._deliver_all([each for each in deliveries if ":event-bus/" not in each.target_arn])

    async def replay(self, events: Sequence[tuple[Event, str]], bus: str, rules: Collection[str]) -> None:
        """Put events of a replay, each with its lane, on a bus for some of its rules, by their ARNs, or for all.

        Raise ``ResourceNotFoundException`` for the bus.
        """
        owner = self.get(bus)

        async def put(parameters: JSON) -> JSON:
            note("replay", events[0][0].replay)
            deliveries: list[EventDelivery] = []
            for event, lane in events:
                matched = [rule for rule in owner.match(event.document) if not rules or rule.arn in rules]
                _tell("matched", event.id, [rule.name for rule in matched])
                deliveries += [each for rule in matched for each in self._to_targets(event, rule, lane)]
            await self._deliver_all(deliveries)
            return {"FailedEntryCount": 0, "Entries": [{"EventId": event.id} for event, _ in events]}

        entries = [entry_of(event.document, owner.name) for event, _ in events]
        await self._relay("events", "PutEvents", {"Entries": entries}, put)

    def _deliveries(self, event: Event, bus: str | None, cause: Cause | None) -> list[EventDelivery]:
        owner = self._find(bus)
        if owner is None:
            # As AWS has it: no error, and the event is gone. The journal tells.
            _tell("dropped", event.id, f"there is no event bus {self._told_name(bus)}")
            return []
        rules = owner.match(event.document)
        _tell("matched", event.id, [rule.name for rule in rules])
        lane = cause.lane if cause is not None and cause.lane is not None else event.id
        return [delivery for rule in rules for delivery in self._to_targets(event, rule, lane)]

    def is_listening(self) -> bool:
        """Whether a rule of the default bus matches events."""
        return any(rule.pattern is not None for rule in self._buses["default"].rules.values())

    def announce(self, source: str, detail_type: str, detail: JSON, resource: str) -> None:
        """Put an event of a service, in its own name, on the default bus, with the change that it tells of."""
        event = service_event(
            source, detail_type, detail, [resource], id=new_uuid(), home=self.home, now=self._clock.now()
        )
        cause = CAUSE.get()

        async def put(parameters: JSON) -> JSON:
            await self._deliver_all(self._deliveries(event, None, cause))
            return _answer(event)

        async def tell() -> None:
            try:
                await self._relay("events", "PutEvents", {"Entries": [entry_of(event.document, "default")]}, put)
            except Exception:
                # It is told as well as may be: what it tells of has happened.
                log.exception("not everybody was told of %s", detail_type)

        # Whoever has changed something asks for none of this.
        own = (
            Cause(new_trace_id(self._clock.timestamp())) if cause is None else cause.within(cause.lane, cause.attempt)
        )
        token = CAUSE.set(own)
        try:
            self._work.start_now(tell())
        finally:
            CAUSE.reset(token)

    def _fire(self, arn: str, due: datetime) -> None:
        """Send the event of a schedule that has come due."""
        name = arn.rpartition("/")[2]
        rule = self.get().rules[name]
        if not rule.targets:
            return
        # The same event for the same time, however often it is made.
        event = scheduled_event(arn, id=uuid_of(f"{arn}/{due.timestamp()}"), home=self.home, due=due)

        async def put(parameters: JSON) -> JSON:
            _tell("matched", event.id, [rule.name])
            await self._deliver_all(self._to_targets(event, rule, event.id))
            return _answer(event)

        async def fire() -> None:
            CAUSE.set(Cause(new_trace_id(self._clock.timestamp())))
            await self._relay("events", "PutEvents", {"Entries": [entry_of(event.document, "default")]}, put)

        self._work.start(fire())

    async def _deliver_all(self, deliveries: list[EventDelivery]) -> None:
        if deliveries:
            await self.transport.deliver(deliveries)

    def _to_targets(self, event: Event, rule: Rule, lane: str) -> list[EventDelivery]:
        return [_delivery(event, rule, target, lane) for target in rule.targets]


def _answer(event: Event) -> JSON:
    return {"FailedEntryCount": 0, "Entries": [{"EventId": event.id}]}


def _delivery(event: Event, rule: Rule, target: Target, lane: str) -> EventDelivery:
    fault = None
    try:
        payload = target.part(event, rule.arn, rule.name)
    except UndeliverableInput as error:
        payload, fault = event.text, str(error)
    except Exception as error:
        log.exception("the input of the target %s of %s could not be made", target.id, rule.arn)
        payload, fault = event.text, f"{type(error).__name__}: {error}"
    return EventDelivery(
        lane,
        event.delivery_id,
        rule.arn,
        target.id,
        target.arn,
        payload,
        target.http is None,
        target.maximum_attempts,
        target.maximum_age_seconds,
        target.dead_letter_arn,
        target.role_arn,
        target.message_group,
        None if target.is_whole else event.text,
        fault,
        None if target.http is None else target.http.fill(event.document).as_json(),
    )


def _tell(name: str, event_id: str, value: JSON) -> None:
    """Note something of one event at the hop at hand, beside what was noted of the others of its request."""
    hop = CAUSE.get()
    known = hop.notes.get(name) if isinstance(hop, Hop) and hop.notes is not None else None
    note(name, {event_id: value} if known is None else known | {event_id: value})


def _other_trace(text: str, cause: Cause | None) -> Cause | None:
    """Give the cause that an entry names by its ``TraceHeader``; None if that is the trace at hand, or is none.

    Which of the two counts when the request has a header as well is not documented: here it is the entry's.
    """
    header = read_trace_header(text)
    if header is None or (cause is not None and header.root == cause.trace_id):
        return None
    return cause.journal.cause_of(header) if isinstance(cause, Hop) else Cause(header.root, origin=header)


def bus_name(name_or_arn: str | None) -> str:
    """Give the name of a bus that is referred to by name or ARN, or not at all."""
    if not name_or_arn:
        return "default"
    arn = parse_arn(name_or_arn)
    return name_or_arn if arn is None else arn.resource.removeprefix("event-bus/")


def rule_arn(home: Home, bus: str, rule: str) -> str:
    """Name a rule; the bus stands in the name unless it is the default one."""
    return home.arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")


def _event_id(key: str | None, number: int) -> str:
    """Make an id; the same one again when the piece of work that puts the event is repeated."""
    return new_uuid() if key is None else uuid_of(f"{key}/{number}")
