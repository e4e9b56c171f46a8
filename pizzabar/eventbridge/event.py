"""
An event: made from an entry of PutEvents, delivered to targets.

Pure: the id and the time of the call come in.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

from datetime import UTC, datetime
from functools import lru_cache

from pizzabar import documents
from pizzabar.arn import Home
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import SerializationException
from pizzabar.record import record


@record
class Event:
    """An event as rules see it (``document``) and as it is written (``text``), and when the bus has taken it.

    ``replay`` is the name of the replay that puts it again, if one does.
    """

    id: str
    document: JSON
    text: str
    ingested: str = ""
    replay: str = ""

    @property
    def delivery_id(self) -> str:
        """Give what targets tell its deliveries from others by: those of a replay are new."""
        return f"{self.id}/{self.replay}" if self.replay else self.id


@record
class EntryError:
    """Why an entry of PutEvents made no event."""

    code: str
    message: str


def make_event(entry: JSON, *, id: str, home: Home, now: datetime) -> Event | EntryError:
    """Make an event of an entry, or tell what is wrong with it.

    Raise ``SerializationException`` for a time that is none: that is a fault of the whole request.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return EntryError("InvalidArgument", reason)
    if entry["Source"].startswith("aws."):
        return EntryError("NotAuthorizedForSourceException", "Not authorized for the source.")
    event = event_of(entry, id=id, home=home, now=now)
    return EntryError("MalformedDetail", "Detail is malformed.") if event is None else event


def event_of(entry: JSON, *, id: str, home: Home, now: datetime) -> Event | None:
    """Give the event that an entry stands for, whoever puts it; None if its detail is no JSON object.

    Raise ``SerializationException`` for a time that is none.
    """
    try:
        detail = documents.parse(entry["Detail"])
    except NotJSON:
        detail = None
    if not isinstance(detail, dict):
        return None
    accepted, time = second_of(now), entry.get("Time")
    document = {
        "version": "0",
        "id": id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": home.account,
        "time": accepted if time is None else _time(time),
        "region": home.region,
        "resources": entry.get("Resources") or [],
        "detail": detail,
    }
    return Event(id, document, documents.write(document), accepted)


def entry_of(document: JSON, bus: str) -> JSON:
    """Give the entry of PutEvents that stands for an event on a bus."""
    return {
        "EventBusName": bus,
        "Source": document.get("source"),
        "DetailType": document.get("detail-type"),
        "Time": document.get("time"),
        "Resources": document.get("resources"),
        "Detail": documents.write(document.get("detail")),
    }


def service_event(
    source: str, detail_type: str, detail: JSON, resources: list[str], *, id: str, home: Home, now: datetime
) -> Event:
    """Make an event of a service of AWS, which has a source that nobody else may have.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html
    """
    time = second_of(now)
    document = {
        "version": "0",
        "id": id,
        "detail-type": detail_type,
        "source": source,
        "account": home.account,
        "time": time,
        "region": home.region,
        "resources": resources,
        "detail": detail,
    }
    return Event(id, document, documents.write(document), time)


def scheduled_event(rule_arn: str, *, id: str, home: Home, due: datetime) -> Event:
    """Make the event that a rule's schedule sends its targets.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    """
    time = second_of(due)
    document = {
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": home.account,
        "time": time,
        "region": home.region,
        "resources": [rule_arn],
        "detail": {},
    }
    return Event(id, document, documents.write(document), time)


def entry_size(entry: JSON) -> int:
    """Count the bytes of an entry as the quota does.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
    """
    texts = (entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or ()))
    return (14 if entry.get("Time") else 0) + len("".join([text for text in texts if text]).encode())


_TEXTS = frozenset({"Source", "DetailType", "Detail", "EventBusName", "TraceHeader"})


def check_entry(entry: JSON) -> None:
    """See that the members of an entry are of the types that they must have. Raise ``SerializationException``."""
    if not isinstance(entry, dict):
        raise SerializationException("Unexpected field type")
    for name, value in entry.items():
        if name == "Resources":
            if value is not None and not (type(value) is list and {str}.issuperset(map(type, value))):
                raise SerializationException("Resources is to be a list of strings")
        elif name in _TEXTS and type(value) is not str and value is not None:
            raise SerializationException(f"{name} is to be a string")


def second_of(moment: datetime) -> str:
    """Write a time in UTC as events have it, to the second."""
    return _second(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


@lru_cache(64)
def _second(year: int, month: int, day: int, hour: int, minute: int, second: int) -> str:
    # Many events come in one second, and writing it costs more than what else is done to make one.
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def _time(given: JSON) -> str:
    return read_moment(given, "Time").isoformat(timespec="seconds").replace("+00:00", "Z")


def read_moment(given: JSON, name: str) -> datetime:
    """Read a parameter that is a time: in seconds since the epoch, as ISO 8601 has it, or as Python does.

    Raise ``SerializationException``.
    """
    try:
        match given:
            case datetime():
                when = given
            case str():
                when = datetime.fromisoformat(given)
            case _:
                when = datetime.fromtimestamp(given, UTC)
        # A time without a zone is one of UTC, wherever this runs.
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        raise SerializationException(f"{name} is to be a timestamp, not {given!r}") from None
