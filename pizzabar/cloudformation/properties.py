"""
Properties of a resource, read against the shape that its type declares.

What is wrong is told in the words of CloudFormation's own check, which is one of JSON schemas:
``#/Targets/0: required key [Arn] not found``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pizzabar.cloudformation.node import Node, Position, Report, Special, did_you_mean, is_known, plain, text_of
from pizzabar.documents import JSON
from pizzabar.resource import (
    Boolean,
    Document,
    ListOf,
    MapOf,
    Number,
    Record,
    Shape,
    Text,
    Unsupported,
    Without,
)

Path = tuple[str | int, ...]


class Conforming:
    """The reading of one resource's properties, and what comes of it besides the values.

    ``unknown_property`` is told of each property that the type does not have.
    """

    def __init__(self, logical_id: str, report: Report, unknown_property: Report) -> None:
        self.logical_id = logical_id
        self.report = report
        self.unknown_property = unknown_property
        self.is_sound = True
        """Whether every property is there and of its shape."""
        self.without_effect: list[tuple[Position, str, str]] = []

    def conform(self, shape: Shape, node: Node, path: Path = ()) -> JSON:
        """Give the value of a resolved node as its shape wants it; unknown where it does not fit."""
        if node.value is Special.UNKNOWN:
            self.is_sound = False
            return Special.UNKNOWN
        return READERS[type(shape)](self, shape, node, path)

    def fault(self, position: Position, path: Path, message: str) -> Special:
        """Tell a fault of a value."""
        self.is_sound = False
        self.report(position, self._message(path, message))
        return Special.UNKNOWN

    def extraneous(self, node: Node, path: Path, name: str, known: Mapping[str, Shape]) -> None:
        """Tell a property that the type does not have."""
        message = f"extraneous key [{name}] is not permitted{did_you_mean(name, known)}"
        self.unknown_property(node.place, self._message(path, message))

    def unsupported(self, node: Node, path: Path, name: str) -> None:
        """Tell a property that is refused by name."""
        place = ".".join([self.logical_id, *map(str, path), name])
        self.unknown_property(node.place, f"{place} is not supported")

    def _message(self, path: Path, message: str) -> str:
        pointer = "/".join(["#", *map(str, path)])
        return f"Properties validation failed for resource {self.logical_id} with message: {pointer}: {message}"


def _text(conforming: Conforming, shape: Text, node: Node, path: Path) -> JSON:
    text = text_of(node.value)
    if text is None:
        return _wrong(conforming, "String", node, path)
    if shape.choices and text not in shape.choices:
        hint = did_you_mean(text, shape.choices) or f"; valid are {', '.join(shape.choices)}"
        return conforming.fault(node.position, path, f"{text} is not a valid enum value{hint}")
    if (why := shape.without.get(text)) is not None:
        place = ".".join([conforming.logical_id, *map(str, path)])
        conforming.without_effect.append((node.place, place, why))
    return text


_DIGITS = re.compile(r"[-+]?[0-9]{1,18}")


def _number(conforming: Conforming, shape: Number, node: Node, path: Path) -> JSON:
    match node.value:
        case bool():
            return _wrong(conforming, "Integer", node, path)
        case int() as number:
            pass
        case float() as value if value.is_integer():
            number = int(value)
        case str() as text if _DIGITS.fullmatch(text):
            number = int(text)
        case _:
            return _wrong(conforming, "Integer", node, path)
    if shape.minimum is not None and number < shape.minimum:
        return conforming.fault(node.position, path, f"{number} is not greater or equal to {shape.minimum}")
    if shape.maximum is not None and number > shape.maximum:
        return conforming.fault(node.position, path, f"{number} is not less or equal to {shape.maximum}")
    return number


def _boolean(conforming: Conforming, shape: Boolean, node: Node, path: Path) -> JSON:
    match node.value:
        case bool() as value:
            return value
        case str() as text if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case _:
            return _wrong(conforming, "Boolean", node, path)


def _document(conforming: Conforming, shape: Document, node: Node, path: Path) -> JSON:
    value = plain(node)
    if not is_known(value):
        conforming.is_sound = False
    return value


def _without(conforming: Conforming, shape: Without, node: Node, path: Path) -> JSON:
    place = ".".join([conforming.logical_id, *map(str, path)])
    conforming.without_effect.append((node.place, place, shape.why))
    return conforming.conform(shape.shape, node, path)


def _list(conforming: Conforming, shape: ListOf, node: Node, path: Path) -> JSON:
    if not isinstance(node.value, list):
        return _wrong(conforming, "JSONArray", node, path)
    return [conforming.conform(shape.member, item, (*path, index)) for index, item in enumerate(node.value)]


def _map(conforming: Conforming, shape: MapOf, node: Node, path: Path) -> JSON:
    if not isinstance(node.value, dict):
        return _wrong(conforming, "JSONObject", node, path)
    return {name: conforming.conform(shape.member, member, (*path, name)) for name, member in node.value.items()}


def _record(conforming: Conforming, shape: Record, node: Node, path: Path) -> JSON:
    if not isinstance(node.value, dict):
        return _wrong(conforming, "JSONObject", node, path)
    read = {}
    for name, member in node.value.items():
        if isinstance(shape.properties.get(name), Unsupported):
            conforming.unsupported(member, path, name)
        elif name in shape.properties:
            read[name] = conforming.conform(shape.properties[name], member, (*path, name))
        else:
            conforming.extraneous(member, path, name, shape.properties)
    for name in sorted(shape.required - read.keys()):
        conforming.fault(node.place, path, f"required key [{name}] not found")
    return read


READERS: dict[type, Callable[[Conforming, Any, Node, Path], JSON]] = {
    Text: _text,
    Number: _number,
    Boolean: _boolean,
    Document: _document,
    Without: _without,
    ListOf: _list,
    MapOf: _map,
    Record: _record,
}

_FOUND: dict[type, str] = {
    str: "String",
    bool: "Boolean",
    int: "Integer",
    float: "Number",
    list: "JSONArray",
    dict: "JSONObject",
}


def _wrong(conforming: Conforming, wanted: str, node: Node, path: Path) -> Special:
    where = node.place if isinstance(node.value, dict | list) else node.position
    return conforming.fault(where, path, f"expected type: {wanted}, found: {_FOUND[type(node.value)]}")
