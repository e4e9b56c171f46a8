"""
What was put, as the journal has it: the entries of a request, and the events that were made of them.

Pure.
"""

from collections.abc import Iterator

from pizzabar import documents
from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.eventbridge.archive import replayed
from pizzabar.eventbridge.buses import bus_name
from pizzabar.eventbridge.event import Event, event_of
from pizzabar.journal import Hop
from pizzabar.record import record


@record
class PutEntry:
    """An entry of a request, with the event that was made of it, if one was, and why nothing became of it."""

    hop: Hop
    entry: JSON
    event: Event | None
    matched: list[str]
    dropped: str | None

    @property
    def bus(self) -> str:
        """Give the name of the bus that it was put on."""
        return bus_name(self.entry.get("EventBusName"))

    @property
    def is_from_outside(self) -> bool:
        """Whether somebody put it: no service, no rule of another bus, no schedule, and no replay."""
        return not self.hop.is_relayed


def entries_of(hop: Hop, home: Home) -> Iterator[PutEntry]:
    """Read the entries of a request, if it is one that puts events."""
    if (hop.service, hop.operation) != ("events", "PutEvents"):
        return
    shown = hop.as_json()
    entries = shown["parameters"].get("Entries") if isinstance(shown["parameters"], dict) else None
    results = shown["result"]["Entries"] if isinstance(shown["result"], dict) else []
    notes: JSON = hop.notes or {}
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        # What is no entry was refused, with all of the request.
        if not isinstance(entry, dict):
            continue
        result = results[index] if index < len(results) else {}
        id = result.get("EventId")
        event = None if id is None else event_of(entry, id=id, home=home, now=hop.started)
        if event is not None and (replay := notes.get("replay")) is not None:
            document = replayed(event.document, replay)
            event = Event(str(id), document, documents.write(document), event.ingested, replay)
        fault = result.get("ErrorMessage") or (None if hop.error is None else str(hop.error))
        dropped = notes.get("dropped", {}).get(id) or fault
        yield PutEntry(hop, entry, event, notes.get("matched", {}).get(id, []), dropped)
