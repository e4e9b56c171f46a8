"""Events: what was put on buses, which rules matched it, and why others did not."""

from typing import Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.eventbridge.errors import InvalidEventPatternException
from pizzabar.eventbridge.explanation import explain
from pizzabar.eventbridge.pattern import read_pattern
from pizzabar.journal import Hop


class Put(BaseModel):
    """An entry that was put on a bus, and what became of it."""

    id: str | None = Field(description="the id of its event; None if the entry was refused")
    time: str
    bus: str
    source: str | None
    detail_type: str | None
    detail: Any
    matched: list[str] = Field(description="the names of the rules that matched")
    dropped: str | None = Field(default=None, description="why nothing became of it, if nothing did")
    trace: str
    hop: int


class Event(BaseModel):
    """An event that is to be explained."""

    event: dict[str, Any]
    bus: str = Field("default", description="the name or ARN of the bus whose rules are asked")
    pattern: dict[str, Any] | None = Field(default=None, description="a pattern to ask in place of the bus's rules")


class Explained(BaseModel):
    """Whether a rule matches an event, and why: field by field."""

    rule: str | None = Field(description="None for a pattern that was given")
    is_enabled: bool
    matches: bool
    conjunctions: list[dict[str, Any]] = Field(description="one for each alternative of $or, with its fields")


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
    time: str
    payload: str


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["events"])

    @routes.get("/events")
    async def list_events(
        bus: str | None = Query(None, description="the name of a bus"),
        source: str | None = None,
        limit: int = Query(100, ge=1, le=1000),
    ) -> list[Put]:
        """List the events that the journal still knows of, newest first, with the rules that matched."""
        found: list[Put] = []
        for hop in reversed(list(emulator.journal)):
            if (hop.service, hop.operation) == ("events", "PutEvents"):
                found += [put for put in _puts(hop) if bus in (None, put.bus) and source in (None, put.source)]
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
    async def explain_event(asked: Event) -> list[Explained]:
        """Tell why the rules of a bus match an event, or do not, or why one pattern does. Nothing is delivered."""
        if asked.pattern is not None:
            try:
                pattern = read_pattern(asked.pattern)
            except InvalidEventPatternException as error:
                raise HTTPException(400, str(error)) from None
            return [Explained(rule=None, is_enabled=True, **explain(pattern, asked.event).as_json())]
        return [
            Explained(rule=rule.name, is_enabled=rule.is_enabled, **explain(rule.pattern, asked.event).as_json())
            for rule in emulator.buses.get(asked.bus).rules.values()
        ]

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
                time=letter.when.isoformat(),
                payload=letter.delivery.payload,
            )
            for letter in await emulator.buses.transport.dead_letters()
        ]

    return routes


def _puts(hop: Hop) -> list[Put]:
    """Read the entries of a request, the last one first."""
    shown = hop.as_json()
    entries: JSON = shown["parameters"].get("Entries") if isinstance(shown["parameters"], dict) else None
    results: JSON = shown["result"].get("Entries") if isinstance(shown["result"], dict) else None
    notes: JSON = shown["notes"] or {}
    puts = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        result = results[index] if isinstance(results, list) and index < len(results) else {}
        id_ = result.get("EventId")
        puts.append(
            Put(
                id=id_,
                time=shown["time"],
                bus=entry.get("EventBusName") or "default",
                source=entry.get("Source"),
                detail_type=entry.get("DetailType"),
                detail=entry.get("Detail"),
                matched=notes.get("matched", {}).get(id_, []),
                dropped=notes.get("dropped", {}).get(id_) or result.get("ErrorMessage") or shown["error"],
                trace=shown["trace"],
                hop=shown["id"],
            )
        )
    return puts[::-1]
