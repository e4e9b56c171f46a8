"""Events: what was put on buses, which rules matched it, and why others did not."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.eventbridge.buses import bus_name
from pizzabar.eventbridge.errors import InvalidEventPatternException
from pizzabar.eventbridge.event import Event, make_event
from pizzabar.eventbridge.explanation import explain
from pizzabar.eventbridge.pattern import Pattern, read_pattern
from pizzabar.eventbridge.rules import Rule as BusRule
from pizzabar.journal import Hop


class Put(BaseModel):
    """An entry that was put on a bus, and what became of it."""

    id: str | None = Field(description="the id of its event; None if the entry was refused")
    time: datetime
    bus: str = Field(description="the name of the bus")
    source: Any
    detail_type: Any
    detail: Any = Field(description="as it was put: a text that should be JSON")
    matched: list[str] = Field(description="the names of the rules that matched")
    dropped: str | None = Field(default=None, description="why nothing became of it, if nothing did")
    trace: str
    hop: int


class Asked(BaseModel):
    """An event, new or known, and what is asked about it."""

    event: dict[str, Any] | None = Field(default=None, description="an event as a rule sees it; or name one")
    id: str | None = Field(default=None, description="the id of an event that the journal still knows of")
    bus: str | None = Field(default=None, description="the name or ARN of the bus whose rules are asked; or its own")
    rule: str | None = Field(default=None, description="the name of one rule of it")
    pattern: dict[str, Any] | None = Field(default=None, description="a pattern to ask in place of the bus's rules")


class Verdict(BaseModel):
    """What a pattern wants of a field, and what it found there."""

    field: str
    wanted: Any
    found: list[Any] = Field(description="the values that the event holds there")
    met: bool
    places: list[str] = Field(description="where in the event those are that would do")


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


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["events"])

    @routes.get("/events")
    async def list_events(
        bus: str | None = Query(None, description="the name or ARN of a bus"),
        source: str | None = Query(None, description="the source of the events"),
        limit: int = Query(100, ge=1, le=1000, description="the last so many"),
    ) -> list[Put]:
        """List the events that the journal still knows of, newest first, with the rules that matched."""
        wanted = None if bus is None else bus_name(bus)
        found: list[Put] = []
        for hop in reversed(list(emulator.journal)):
            found += [put for put in _puts(hop) if wanted in (None, put.bus) and source in (None, put.source)]
            if len(found) >= limit:
                break
        return found[:limit]

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
                raise HTTPException(400, str(error)) from None
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
    if asked.event is not None:
        return asked.event, None
    for hop in emulator.journal:
        for id, entry, _ in _entries(hop):
            if id is not None and id == asked.id:
                event = make_event(entry, id=id, home=emulator.home, now=hop.started)
                if isinstance(event, Event):
                    return event.document, entry.get("EventBusName")
    raise HTTPException(404, f"the journal knows of no event {asked.id}")


def _explained(rule: BusRule | None, pattern: Pattern, event: JSON) -> Explained:
    name, is_enabled = (None, True) if rule is None else (rule.name, rule.is_enabled)
    return Explained(rule=name, is_enabled=is_enabled, **explain(pattern, event).as_json())


def _entries(hop: Hop) -> Iterator[tuple[str | None, JSON, str | None]]:
    """Give the entries of a request: the id of the event, the entry itself, and what was wrong with it."""
    if (hop.service, hop.operation) != ("events", "PutEvents"):
        return
    shown = hop.as_json()
    entries = shown["parameters"].get("Entries") if isinstance(shown["parameters"], dict) else None
    results = shown["result"]["Entries"] if isinstance(shown["result"], dict) else []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        # What is no entry was refused, with all of the request.
        if isinstance(entry, dict):
            result = results[index] if index < len(results) else {}
            yield result.get("EventId"), entry, result.get("ErrorMessage")


def _puts(hop: Hop) -> list[Put]:
    """Read the entries of a request, the last one first."""
    notes: JSON = hop.notes or {}
    return [
        Put(
            id=id,
            time=hop.started,
            bus=bus_name(entry.get("EventBusName")),
            source=entry.get("Source"),
            detail_type=entry.get("DetailType"),
            detail=entry.get("Detail"),
            matched=notes.get("matched", {}).get(id, []),
            dropped=notes.get("dropped", {}).get(id) or fault or (None if hop.error is None else str(hop.error)),
            trace=hop.trace_id,
            hop=hop.id,
        )
        for id, entry, fault in reversed(list(_entries(hop)))
    ]
