"""
Shapes of parameters: the JSON types that the members of a request have, checked before an operation looks at them.

A shape is a Python type; ``[shape]`` for a list, ``{"name": shape}`` for a structure, ``{"*": shape}`` for a map with
keys of the caller's choice; None for what the operation looks at itself. A member that is null counts as not given.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pizzabar.documents import JSON
from pizzabar.errors import SerializationException

Shape = Any
"""See above: Python's types cannot say it."""
Shapes = Mapping[str, Shape]

TEXTS = [str]
TAGS = [{"Key": str, "Value": str}]
TEXT_MAP = {"*": str}
_NAMES = {str: "String", int: "Integer", float: "Double", bool: "Boolean"}


def typed(
    operation: Callable[[Any, JSON], Awaitable[JSON]], shapes: Shapes
) -> Callable[[Any, JSON], Awaitable[JSON]]:
    """Have an operation be asked with parameters of the right types alone. It raises ``SerializationException``."""

    async def ask(owner: Any, parameters: JSON) -> JSON:
        return await operation(owner, checked(parameters, shapes))

    return ask


def checked(value: JSON, shape: Shape) -> JSON:
    """Give a value without the members that are null. Raise ``SerializationException`` for a wrong type."""
    match shape:
        case None:
            return value
        case dict():
            if not isinstance(value, dict):
                raise _wrong(value, shape)
            every = shape.get("*", ...)
            return {
                name: member if every is ... and name not in shape else checked(member, shape.get(name, every))
                for name, member in value.items()
                if member is not None
            }
        case list():
            if not isinstance(value, list):
                raise _wrong(value, shape)
            return [checked(member, shape[0]) for member in value]
        case type():
            if type(value) is int and shape in (int, float) and value.bit_length() <= 63:
                return value
            if type(value) is shape and shape is not int:
                return value
            raise _wrong(value, shape)
        case _:
            raise AssertionError(shape)


def _wrong(value: JSON, shape: Shape) -> SerializationException:
    # As the services tell it that speak JSON.
    if isinstance(value, list):
        return SerializationException("Start of list found where not expected")
    if isinstance(value, dict):
        return SerializationException("Start of structure or map found where not expected")
    if not isinstance(shape, type):
        return SerializationException("Unexpected field type")
    kind = {bool: str(value).upper(), int: "NUMBER", float: "DECIMAL", str: "STRING"}.get(type(value), "NULL")
    return SerializationException(f"{kind}_VALUE cannot be converted to {_NAMES[shape]}")
