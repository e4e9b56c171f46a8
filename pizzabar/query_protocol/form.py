"""
Forms: the parameters of an operation as names and values, ``Action=SendMessage&MessageBody=hello``.

A name is a path, whose numbers are the places of what is in a list or a map. Where there is one alone, AWS takes it
without its number, as its own examples have it: ``Attribute.Name=DelaySeconds&Attribute.Value=5``. What an operation
does not have is passed over, as AWS does: signatures of old stand among the parameters.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from pizzabar.documents import JSON
from pizzabar.query_protocol.errors import InvalidParameterValue, MissingParameter
from pizzabar.query_protocol.shapes import ListOf, MapOf, Shape, Structure, name_in_form

Pairs = Iterable[tuple[str, str]]
_DEEPEST = 8
"""Parts of a name that are told apart; no parameter has so many."""
_is_number = re.compile(r"[+-]?[0-9]{1,18}").fullmatch
_is_place = re.compile(r"[0-9]{1,9}").fullmatch


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Give the names and values of a form, or of a query string, in their order."""
    return parse_qsl(text, keep_blank_values=True)


def read_form(pairs: Pairs, shape: Structure) -> dict[str, JSON]:
    """Give the parameters that a form has of a shape. Raise ``InvalidParameterValue`` or ``MissingParameter``."""
    known = {name_in_form(*member) for member in shape.members.items()}
    root = _Place("")
    for name, value in pairs:
        parts = name.split(".", _DEEPEST)
        if parts[0] in known:
            place = root
            for part in parts:
                place = place.enter(part)
            place.value = value
    return _structure(root, shape)


def read_members(pairs: Pairs) -> dict[str, JSON]:
    """Give the parameters of a form whose lists are not flattened: ``Names.member.1``, ``Entries.member.1.Key``."""
    read: dict[str, JSON] = {}
    lists: dict[str, dict[int, list[tuple[str, str]]]] = {}
    for path, value in pairs:
        name, found, rest = path.partition(".member.")
        number, _, member = rest.partition(".")
        if found and _is_place(number):
            lists.setdefault(name, {}).setdefault(int(number), []).append((member, value))
        else:
            read[path] = value
    for name, items in lists.items():
        read[name] = [_member(dict(item)) for _, item in sorted(items.items())]
    return read


def _member(item: dict[str, str]) -> JSON:
    """Give a member of a list; what has no name is the value itself."""
    return item[""] if "" in item else read_members(item.items())


class _Place:
    """A name, or the beginning of names: its value, and what comes after it."""

    __slots__ = ("path", "places", "value")

    def __init__(self, path: str) -> None:
        self.path = path
        self.places: dict[str, _Place] = {}
        self.value: str | None = None

    def enter(self, part: str) -> "_Place":
        place = self.places.get(part)
        if place is None:
            place = self.places[part] = _Place(f"{self.path}.{part}" if self.path else part)
        return place

    def numbered(self) -> "list[_Place]":
        """Give the places of a list in order; one alone may be without a number."""
        numbers = sorted((int(part), part) for part in self.places if _is_place(part))
        if numbers:
            return [self.places[part] for _, part in numbers]
        return [self] if self.value or self.places else []


def _structure(place: _Place, shape: Structure) -> dict[str, JSON]:
    read: dict[str, JSON] = {}
    for name, member in shape.members.items():
        found = place.places.get(name_in_form(name, member))
        if found is not None and (value := _value(found, member)) is not None:
            read[name] = value
    return read


def _value(place: _Place, shape: Shape) -> JSON:
    """Give what stands at a place; None if that is nothing of its shape."""
    match shape:
        case Structure():
            return _structure(place, shape)
        case ListOf():
            found = [_value(each, shape.of) for each in place.numbered()]
            return [each for each in found if each is not None]
        case MapOf():
            return dict(_entry(each, shape) for each in place.numbered())
        case _ if place.value is None:
            return None
        case _ if shape is int:
            if _is_number(place.value) is None:
                raise InvalidParameterValue(place.value, place.path, "Must be an integer.")
            return int(place.value)
        case _:
            return place.value


def _entry(place: _Place, shape: MapOf) -> tuple[str, JSON]:
    key, found = (place.places.get(name) for name in (shape.key, shape.value))
    if key is None or key.value is None:
        raise MissingParameter(f"{place.path}.{shape.key}")
    value = None if found is None else _value(found, shape.of)
    if value is None:
        raise MissingParameter(f"{place.path}.{shape.value}")
    return key.value, value
