"""Events: what was put on buses, which rules matched it, and why others did not; and putting them, again too."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.explanation import explain
from pizzabar.event_patterns.nearest import nearest
from pizzabar.event_patterns.pattern import Pattern, read_pattern
from pizzabar.eventbridge.buses import MAX_ENTRIES, bus_name
from pizzabar.eventbridge.put_entry import PutEntry, entries_of
from pizzabar.eventbridge.rules import Rule as BusRule
from pizzabar.journal import Hop
from pizzabar.wire.control.following import LAST_EVENT_ID, follow_hops
from pizzabar.wire.feeds import Feeds

SOURCE = Query(None, description="the source of the events")
MOST_NEAR = 5
"""How many rules that were equally near an event are told of."""
MOST_ASKED = 1000
"""How many rules a bus can have for the nearest to be told with each event of a list."""
PATTERN = Query(None, description="an event pattern, as JSON: only what it matches")


class Verdict(BaseModel):
    """What a pattern wants of a field, and what it found there."""

    field: str
    wanted: Any
    found: list[Any] = Field(description="the values that the event holds there")
    met: bool
    places: list[str] = Field(description="where in the event those are that would do")


class Near(BaseModel):
    """A rule that did not match an event, and what of it did not."""

    rule: str
    missed: list[Verdict] = Field(
        description="the fields that kept it from matching; none if each is met, in different elements of one array"
    )


class Put(BaseModel):
    """An entry that was put on a bus, and what became of it."""

    id: str | None = Field(description="the id of its event; None if the entry was refused")
    time: datetime
    bus: str = Field(description="the name of the bus")
    source: Any
    detail_type: Any
    detail: Any = Field(description="as it was put: a text that should be JSON")
    matched: list[str] = Field(description="the names of the rules that matched")
    nearest: list[Near] = Field(default=[], description="if no rule matched: the rules that were nearest to it")
    dropped: str | None = Field(default=None, description="why nothing became of it, if nothing did")
    trace: str
    hop: int


class Seen(BaseModel):
    """An event as rules see it, and what became of it."""

    event: dict[str, Any]
    bus: str = Field(description="the name of the bus that it was put on")
    matched: list[str] = Field(description="the names of the rules that matched")
    nearest: list[Near] = Field(description="if no rule matched: the rules that were nearest to it")


class Given(BaseModel):
    """An event to put. With ``id``, it is a past event again, and what else is given takes the place of its own."""

    id: str | None = Field(default=None, description="the id of an event that the journal still knows of")
    bus: str | None = Field(default=None, description="the name or ARN of the bus")
    source: str | None = None
    detail_type: str | None = None
    detail: dict[str, Any] | None = None
    resources: list[str] | None = None
    time: datetime | None = Field(default=None, description="the event's time; the present")

    @model_validator(mode="before")
    @classmethod
    def is_text(cls, given: Any) -> Any:
        """Refuse half of a surrogate pair, which no event can hold."""
        try:
            documents.write(given)
        except (TypeError, UnicodeEncodeError) as error:
            raise ValueError(f"an event has a JSON form: {error}") from None
        return given


class Again(BaseModel):
    """Which past events are put again."""

    pattern: dict[str, Any] | None = Field(default=None, description="those that it matches; all")
    from_bus: str | None = Field(default=None, description="those that were put on a bus, by name or ARN")
    bus: str | None = Field(default=None, description="the bus that they are put on; the one of each")
    limit: int = Field(default=100, ge=1, le=10_000, description="the last so many")


class Asked(BaseModel):
    """An event, new or known, and what is asked about it."""

    event: dict[str, Any] | None = Field(default=None, description="an event as a rule sees it; or name one")
    id: str | None = Field(default=None, description="the id of an event that the journal still knows of")
    bus: str | None = Field(default=None, description="the name or ARN of the bus whose rules are asked; or its own")
    rule: str | None = Field(default=None, description="the name of one rule of it")
    pattern: dict[str, Any] | None = Field(default=None, description="a pattern to ask in place of the bus's rules")


class Conjunction(BaseModel):
    """One alternative of a pattern."""

    matches: bool
    consistent: bool = Field(description="false when each field is met, but in different elements of one array")
    fields: list[Verdict]


class Explained(BaseModel):
    """Whether a rule matches an event, and why: field by field."""

    rule: str | None = Field(description="None for a pattern that was given")
    is_enabled: bool
    matches: bool = Field(description="whether the pattern does; a rule that is not enabled takes nothing")
    conjunctions: list[Conjunction] = Field(description="one for each alternative of $or")


class Rule(BaseModel):
    """A rule of a bus."""

    name: str
    bus: str
    pattern: str
    is_enabled: bool
    targets: list[str] = Field(description="the ARNs of its targets")


class DeadLetter(BaseModel):
    """An event that a target did not take, and why."""

    rule: str
    target: str
    code: str
    message: str
    attempts: int
    exhausted: str
    time: datetime
    payload: str


def router(emulator: Emulator, feeds: Feeds) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["events"])

    @routes.get("/events")
    async def list_events(
        bus: str | None = Query(None, description="the name or ARN of a bus"),
        source: str | None = SOURCE,
        pattern: str | None = PATTERN,
        limit: int = Query(100, ge=1, le=1000, description="the last so many"),
    ) -> list[Put]:
        """List the events that the journal still knows of, newest first, with the rules that matched."""
        wanted = _wanted(bus, source, pattern)
        found: list[Put] = []
        for hop in reversed(list(emulator.journal)):
            found += [_put(emulator, each) for each in reversed(list(entries_of(hop, emulator.home))) if wanted(each)]
            if len(found) >= limit:
                break
        return found[:limit]

    @routes.post("/events")
    async def put_event(given: Given) -> Put:
        """Put an event, or a past one again, with what is given in place of its own."""
        entry: dict[str, JSON] = {}
        if given.id is not None:
            entry = {**_known(emulator, given.id).entry}
            entry.pop("Time", None)
        for name, value in (
            ("EventBusName", given.bus),
            ("Source", given.source),
            ("DetailType", given.detail_type),
            ("Detail", None if given.detail is None else documents.write(given.detail)),
            ("Resources", given.resources),
            ("Time", None if given.time is None else given.time.isoformat()),
        ):
            if value is not None:
                entry[name] = value
        return (await _put_again(emulator, [entry]))[0]

    @routes.post("/events/replay")
    async def replay(again: Again) -> list[Put]:
        """Put again, in order, what was put from outside, as it was, but with ids and times of now."""
        wanted = _wanted(again.from_bus, None, None if again.pattern is None else documents.write(again.pattern))
        found = [
            each
            for hop in emulator.journal
            for each in entries_of(hop, emulator.home)
            if each.event is not None and each.is_from_outside and wanted(each)
        ]
        entries = []
        for each in found[-again.limit :]:
            entry = {name: value for name, value in each.entry.items() if name != "Time"}
            entries.append(entry if again.bus is None else {**entry, "EventBusName": again.bus})
        return await _put_again(emulator, entries)

    @routes.get("/events/follow", response_class=StreamingResponse)
    async def follow(
        bus: str | None = Query(None, description="the name or ARN of a bus"),
        source: str | None = SOURCE,
        pattern: str | None = PATTERN,
        after: int | None = Query(None, description="a hop: what began after it is told first"),
        last_event_id: str | None = LAST_EVENT_ID,
    ) -> StreamingResponse:
        """Follow what is put: a server-sent event with a list, of the events of each request."""
        wanted = _wanted(bus, source, pattern)

        def shown(hop: Hop) -> JSON:
            found = [_put(emulator, each) for each in entries_of(hop, emulator.home) if wanted(each)]
            return [put.model_dump(mode="json") for put in found]

        return follow_hops(
            emulator,
            feeds,
            lambda hop: any(wanted(each) for each in entries_of(hop, emulator.home)),
            shown,
            last_event_id,
            after,
        )

    @routes.get("/events/{id:uuid}")
    async def read_event(id: UUID) -> Seen:
        """Read an event that the journal still knows of, as rules saw it."""
        known = _known(emulator, str(id))
        assert known.event is not None
        return Seen(
            event=known.event.document, bus=known.bus, matched=known.matched, nearest=_nearest(emulator, known)
        )

    @routes.get("/rules")
    async def list_rules() -> list[Rule]:
        """List the rules of every bus."""
        return [
            Rule(
                name=rule.name,
                bus=bus.name,
                pattern=rule.text,
                is_enabled=rule.is_enabled,
                targets=[target.arn for target in rule.targets],
            )
            for bus in emulator.buses
            for rule in bus.rules.values()
        ]

    @routes.post("/events/explain")
    async def explain_event(asked: Asked) -> list[Explained]:
        """Tell why the rules of a bus match an event, or do not, or why one pattern does. Nothing is delivered."""
        event, bus = _event(emulator, asked)
        if asked.pattern is not None:
            try:
                pattern = read_pattern(asked.pattern)
            except InvalidEventPatternException as error:
                raise HTTPException(400, error.message.partition("\n")[0]) from None
            return [_explained(None, pattern, event)]
        rules = emulator.buses.get(asked.bus or bus).rules
        if asked.rule is None:
            patterns = [(rule, rule.pattern) for rule in rules.values() if rule.pattern is not None]
            return [_explained(rule, pattern, event) for rule, pattern in patterns]
        if asked.rule not in rules:
            raise HTTPException(404, f"the bus has no rule {asked.rule}: it has {', '.join(rules) or 'none'}")
        if (of_rule := rules[asked.rule].pattern) is None:
            raise HTTPException(400, f"the rule {asked.rule} has a schedule, and no pattern that events could match")
        return [_explained(rules[asked.rule], of_rule, event)]

    @routes.get("/dead-letters")
    async def dead_letters() -> list[DeadLetter]:
        """Read the events that a target did not take, and why."""
        return [
            DeadLetter(
                rule=letter.delivery.rule_arn,
                target=letter.delivery.target_arn,
                code=letter.error_code,
                message=letter.error_message,
                attempts=letter.attempts,
                exhausted=letter.exhausted,
                time=letter.when,
                payload=letter.delivery.payload,
            )
            for letter in await emulator.buses.transport.dead_letters()
        ]

    return routes


def _event(emulator: Emulator, asked: Asked) -> tuple[JSON, str | None]:
    """Give the event that is asked about, and the bus that it was put on, if it was."""
    if (asked.event is None) == (asked.id is None):
        raise HTTPException(422, "give either an event or the id of one")
    if asked.id is None:
        return asked.event, None
    known = _known(emulator, asked.id)
    assert known.event is not None
    return known.event.document, known.bus


def _explained(rule: BusRule | None, pattern: Pattern, event: JSON) -> Explained:
    name, is_enabled = (None, True) if rule is None else (rule.name, rule.is_enabled)
    return Explained(rule=name, is_enabled=is_enabled, **explain(pattern, event).as_json())


def _wanted(bus: str | None, source: str | None, pattern: str | None) -> Callable[[PutEntry], bool]:
    """Tell which entries are wanted. Refuse a pattern that is none."""
    name = None if bus is None else bus_name(bus)
    try:
        read = None if pattern is None else read_pattern(pattern)
    except InvalidEventPatternException as error:
        raise HTTPException(400, error.message.partition("\n")[0]) from None

    def wants(entry: PutEntry) -> bool:
        return (
            name in (None, entry.bus)
            and source in (None, entry.entry.get("Source"))
            and (read is None or (entry.event is not None and read.matches(entry.event.document)))
        )

    return wants


def _known(emulator: Emulator, id: str) -> PutEntry:
    """Find an event that the journal still knows of."""
    for hop in emulator.journal:
        for entry in entries_of(hop, emulator.home):
            if entry.event is not None and entry.event.id == id:
                return entry
    raise HTTPException(404, f"the journal knows of no event {id}")


async def _put_again(emulator: Emulator, entries: list[JSON]) -> list[Put]:
    """Put entries, in order, as many at a time as may be."""
    # The hops are caught as they end: the ring may be too small to have them afterwards.
    ended: list[Hop] = []
    put: list[Put] = []
    stop = emulator.journal.follow(ended.append)
    try:
        for start in range(0, len(entries), MAX_ENTRIES):
            request = {"Entries": entries[start : start + MAX_ENTRIES]}
            answer = await emulator.call("events", "PutEvents", request)
            [hop] = (each for each in ended if each.result is answer)
            put += [_put(emulator, each) for each in entries_of(hop, emulator.home)]
            ended.clear()
    finally:
        stop()
    return put


def _nearest(emulator: Emulator, each: PutEntry, *, is_one_of_many: bool = False) -> list[Near]:
    """Tell which rules of today were nearest to an event that none matched."""
    if each.event is None or each.matched:
        return []
    rules = [rule for bus in emulator.buses if bus.name == each.bus for rule in bus.rules.values()]
    if is_one_of_many and len(rules) > MOST_ASKED:
        return []
    patterns = [(rule.name, rule.pattern) for rule in rules if rule.is_enabled and rule.pattern is not None]
    return [
        Near(rule=near.key, missed=[Verdict(**verdict.as_json()) for verdict in near.failed])
        for near in nearest(patterns, each.event.document)[:MOST_NEAR]
    ]


def _put(emulator: Emulator, each: PutEntry) -> Put:
    """Tell of an entry."""
    return Put(
        id=None if each.event is None else each.event.id,
        time=each.hop.started,
        bus=each.bus,
        source=each.entry.get("Source"),
        detail_type=each.entry.get("DetailType"),
        detail=each.entry.get("Detail"),
        matched=each.matched,
        nearest=_nearest(emulator, each, is_one_of_many=True),
        dropped=each.dropped,
        trace=each.hop.trace_id,
        hop=each.hop.id,
    )
