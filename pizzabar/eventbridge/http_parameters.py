"""
The HTTP parameters of a target: what fills the wildcards of an endpoint, headers and the query.

Pure. A value is a constant, or a JSON path into the event.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_HttpParameters.html
"""

from collections.abc import Iterator, Mapping

from pizzabar import documents
from pizzabar.constraints import Constraint, violations
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.connection_parameters import HEADER, HEADER_VALUE, QUERY, QUERY_VALUE
from pizzabar.eventbridge.event_path import EventPath, read_path
from pizzabar.record import record

_PATH_VALUE = Constraint(str, pattern=r"^(?!\s*$).+")
_KNOWN = frozenset({"HeaderParameters", "PathParameterValues", "QueryStringParameters"})

Value = str | EventPath


@record
class Filled:
    """HTTP parameters with what an event has in the places of paths."""

    path: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> JSON:
        """Write them beside a delivery."""
        return {"path": list(self.path), "headers": dict(self.headers), "query": dict(self.query)}

    @classmethod
    def from_json(cls, document: JSON) -> "Filled":
        """Read what ``as_json`` wrote."""
        if document is None:
            return cls()
        return cls(tuple(document["path"]), tuple(document["headers"].items()), tuple(document["query"].items()))


@record
class HttpParameters:
    """The HTTP parameters of a target, read."""

    path: tuple[Value, ...] = ()
    headers: tuple[tuple[str, Value], ...] = ()
    query: tuple[tuple[str, Value], ...] = ()

    def fill(self, event: JSON) -> Filled:
        """Fill in what the paths find in an event.

        A header or a part of the query that finds nothing is left out, and a wildcard filled with nothing; what AWS
        does then is not documented.
        """
        return Filled(
            tuple(_text(value, event) or "" for value in self.path),
            tuple(_found(self.headers, event)),
            tuple(_found(self.query, event)),
        )


def read_http_parameters(document: JSON, target_id: str) -> HttpParameters:
    """Read HTTP parameters whose constraints are kept. Raise ``ValidationException``."""
    for name in document:
        if name not in _KNOWN:
            raise ValidationException(f"HttpParameters.{name} of target {target_id} is not supported")

    def read(text: str) -> Value:
        if text != "$" and not text.startswith(("$.", "$[")):
            return text
        path = read_path(text)
        if path is None:
            raise ValidationException(f"HttpParameters of target {target_id} contain invalid path {text}.")
        return path

    return HttpParameters(
        tuple(map(read, document.get("PathParameterValues") or ())),
        tuple((name, read(text)) for name, text in (document.get("HeaderParameters") or {}).items()),
        tuple((name, read(text)) for name, text in (document.get("QueryStringParameters") or {}).items()),
    )


def http_parameter_faults(document: JSON, at: str) -> Iterator[str]:
    """Say which constraints of the service model HTTP parameters do not keep, as AWS says it."""
    for number, value in enumerate(document.get("PathParameterValues") or (), 1):
        yield from violations(f"{at}.pathParameterValues.{number}.member", value, _PATH_VALUE)
    for name, key, wanted in (
        ("HeaderParameters", HEADER, HEADER_VALUE),
        ("QueryStringParameters", QUERY, QUERY_VALUE),
    ):
        place = f"{at}.{name[0].lower()}{name[1:]}"
        given: Mapping[str, str] = document.get(name) or {}
        for each, value in given.items():
            yield from violations(f"{place}.key", each, key)
            yield from violations(f"{place}.{each}.value", value, wanted)


def _found(values: tuple[tuple[str, Value], ...], event: JSON) -> Iterator[tuple[str, str]]:
    for name, value in values:
        text = _text(value, event)
        if text is not None:
            yield name, text


def _text(value: Value, event: JSON) -> str | None:
    if isinstance(value, str):
        return value
    is_there, found = value.find(event)
    if not is_there:
        return None
    return found if isinstance(found, str) else documents.write(found)
