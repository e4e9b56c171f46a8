"""
What a mapping template can ask of any Java object, and how methods and properties are declared.

Pure.
"""

import struct
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, ClassVar

from pizzabar.apigateway.java_text import Entry, are_equal, to_text
from pizzabar.record import record

MAX_ITEMS = 200_000
"""Members that a list or map may have."""

VOID = ""
"""What Velocity makes of a method that gives nothing."""


@record
class Overload:
    """One signature of a method, without the object itself; ``object`` takes anything, null too."""

    function: Callable[..., object]
    parameters: tuple[type, ...]

    def takes(self, kinds: tuple[type, ...]) -> bool:
        """Whether arguments of these types fit the signature."""
        return len(kinds) == len(self.parameters) and all(
            parameter is object or (issubclass(kind, parameter) and (parameter is not int or kind is not bool))
            for parameter, kind in zip(self.parameters, kinds, strict=True)
        )

    def takes_null(self, kinds: tuple[type, ...]) -> bool:
        """Whether arguments of these types would fit if null fitted every parameter but numbers."""
        return self.takes(
            tuple(
                parameter if kind is NoneType and parameter is not int else kind
                for parameter, kind in zip(self.parameters, kinds, strict=False)
            )
            + kinds[len(self.parameters) :]
        )


Methods = Mapping[str, tuple[Overload, ...]]

Properties = Mapping[str, Callable[[Any], object]]


class TemplateObject:
    """Something else that a template can ask: ``$input``, ``$util``, ``$foreach``."""

    __slots__ = ()

    java_name: ClassVar[str] = ""
    methods: ClassVar[Methods] = {}
    properties: ClassVar[Properties] = {}

    @property
    def weight(self) -> int:
        """How many characters a method has to look at."""
        return 0


def overload(function: Callable[..., object], *parameters: type) -> tuple[Overload, ...]:
    """Declare a method with one signature; add several up for overloads."""
    return (Overload(function, parameters),)


def is_same(left: object, right: object) -> bool:
    """Java's ``equals``: of one type, and equal."""
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return (isinstance(left, list) and isinstance(right, list) and are_equal(left, right)) or (
            isinstance(left, dict) and isinstance(right, dict) and are_equal(left, right)
        )
    return type(left) is type(right) and left == right


def _hash_code(value: object) -> int:
    """``hashCode``, as each Java class defines it."""
    code = 0
    match value:
        case str():
            for character in value:
                code = (31 * code + ord(character)) & 0xFFFFFFFF
        case bool():
            code = 1231 if value else 1237
        case int():
            code = (value if -(1 << 31) <= value < 1 << 31 else value ^ (value >> 32)) & 0xFFFFFFFF
        case float():
            (bits,) = struct.unpack(">Q", struct.pack(">d", value))
            code = (bits ^ (bits >> 32)) & 0xFFFFFFFF
        case list():
            code = 1
            for item in value:
                code = (31 * code + _hash_code(item)) & 0xFFFFFFFF
        case dict():
            code = sum(_hash_code(key) ^ _hash_code(member) for key, member in value.items()) & 0xFFFFFFFF
        case Entry():
            code = (_hash_code(value.key) ^ _hash_code(value.value)) & 0xFFFFFFFF
        case _:
            pass
    return code - (1 << 32) if code >= 1 << 31 else code


def _hash_code_of(value: object) -> int:
    # What is nested too deeply, or in itself, cannot be printed either.
    if isinstance(value, list | dict | Entry):
        to_text(value)
    return _hash_code(value)


ANY: dict[str, tuple[Overload, ...]] = {
    "hashCode": overload(_hash_code_of),
    "toString": overload(to_text),
    "equals": overload(is_same, object),
}
