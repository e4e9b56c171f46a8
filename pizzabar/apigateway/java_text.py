"""
How Java prints values, compares them and tells of its exceptions: mapping templates run on a Java engine.

Pure. Java's String, Integer/Long/BigInteger, Double, Boolean, List and Map are Python's str, int, float, bool, list
and dict. A ``JSONList`` is a list out of a JSON document: by itself it prints as JSON.
https://docs.oracle.com/javase/8/docs/api/java/lang/Double.html#toString-double-
https://docs.oracle.com/javase/8/docs/api/java/util/AbstractMap.html#toString--
"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError

MAX_TEXT = 10_485_760
"""Characters that one value or one rendering may have: API Gateway's own limit of a payload."""

MAX_DIGITS = 1000
"""Digits that an integer may have: arithmetic must end."""

MAX_PIECES = 400_000
"""Members, and what stands between them, that one value may be printed of."""

MAX_NESTING = 100
"""How deeply lists and maps may be nested to be printed or compared."""


class JavaException(PizzabarError):
    """Raised where Java would throw: its exception's name and message."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.message = message
        super().__init__(f"{name}: {message}")


class JSONList(list[Any]):
    """A list out of a JSON document."""


class Entry:
    """A key and a value of a map."""

    __slots__ = ("key", "value")

    def __init__(self, key: object, value: object) -> None:
        self.key = key
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and self.key == other.key and self.value == other.value

    def __hash__(self) -> int:
        return hash((Entry, self.key))


def from_json(value: JSON) -> JSON:
    """Make the lists of a JSON document ``JSONList``; maps and lists are new ones."""
    if type(value) is dict:
        return {key: from_json(member) for key, member in value.items()}
    if type(value) is list:
        return JSONList([from_json(member) for member in value])
    return value


FEW = 1000
"""Members of a map that is printed in one go."""


def to_text(value: object) -> str:
    """Print a value as Java's ``toString`` does; null as ``null``. Raise ``JavaException`` if it is too long."""
    if type(value) is str:
        return value
    printer = _PRINTERS.get(type(value))
    if printer is not None:
        return printer(value)
    if type(value) is dict and len(value) <= FEW and {*map(type, value), *map(type, value.values())} <= {str}:
        # What $input.params() is made of, at a fraction of the time.
        text = ", ".join([f"{key}={member}" for key, member in value.items()])
        check_length(len(text))
        return f"{{{text}}}"
    parts: list[str] = []
    _Printing(parts).add(value, 0)
    return "".join(parts)


def double_text(value: float) -> str:
    """Print a double: between 10^-3 and 10^7 in plain digits, otherwise with an exponent."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        # Python turns to exponents at 10^16 and 10^-4 only, so that there is none here.
        return text
    whole, _, part = text.removeprefix("-").partition(".")
    if whole.isdecimal() and part.isdecimal() and whole != "0":
        # The common case, a time in milliseconds among them.
        shown = (whole + part).rstrip("0")
        return f"{'-' if value < 0 else ''}{shown[0]}.{shown[1:] or '0'}E{len(whole) - 1}"
    sign, digits, exponent = Decimal(text).as_tuple()
    written = "".join(map(str, digits)).rstrip("0")
    power = len(digits) - 1 + int(exponent)
    return f"{'-' if sign else ''}{written[0]}.{written[1:] or '0'}E{power}"


def type_name(value: object) -> str:
    """Tell the Java class of a value."""
    return type_name_of(type(value))


def type_name_of(kind: type) -> str:
    """Tell the Java class that a Python type stands for."""
    return _TYPE_NAMES.get(kind) or str(getattr(kind, "java_name", kind.__name__))


def are_equal(left: object, right: object, depth: int = 0) -> bool:
    """Whether two values are equal by Velocity's ``==``: numbers by value, unlike types by their text."""
    if left is right:
        return True
    if left is None or right is None:
        return False
    if _is_number(left) and _is_number(right):
        return left == right
    if type(left) is type(right) and not isinstance(left, list | dict):
        return left == right
    # Texts are compared in place of members: it comes to the same but for the rarest, and has a bound.
    if isinstance(left, list) is isinstance(right, list) and isinstance(left, dict) is isinstance(right, dict):
        return to_text(left) == to_text(right)
    return (
        not isinstance(left, list | dict) and not isinstance(right, list | dict) and to_text(left) == to_text(right)
    )


def check_length(length: int) -> None:
    """Raise ``JavaException`` for a text that would be too long."""
    if length > MAX_TEXT:
        raise JavaException("java.lang.OutOfMemoryError", f"a text may have at most {MAX_TEXT} characters")


def check_integer(value: int) -> int:
    """Give the integer back, or raise ``JavaException`` when it is too large."""
    if value.bit_length() > MAX_DIGITS * 3:
        raise JavaException("java.lang.ArithmeticException", f"an integer may have at most {MAX_DIGITS} digits")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PRINTERS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    float: double_text,
    type(None): lambda value: "null",
}

_TYPE_NAMES: dict[type, str] = {
    str: "java.lang.String",
    int: "java.lang.Integer",
    float: "java.lang.Double",
    bool: "java.lang.Boolean",
    list: "java.util.ArrayList",
    JSONList: "java.util.ArrayList",
    dict: "java.util.LinkedHashMap",
    Entry: "java.util.Map$Entry",
}


class _Printing:
    """One printing of a nested value, with its bounds."""

    def __init__(self, parts: list[str]) -> None:
        self.parts = parts
        self.length = 0

    def add(self, value: object, depth: int) -> None:
        if depth > MAX_NESTING:
            raise JavaException("java.lang.StackOverflowError", f"a value is nested more than {MAX_NESTING} deep")
        match value:
            case JSONList():
                self.add_text(_json_text(value))
            case list():
                self.add_text("[")
                for index, item in enumerate(value):
                    if index:
                        self.add_text(", ")
                    # As AbstractCollection does.
                    self.add_text("(this Collection)") if item is value else self.add(item, depth + 1)
                self.add_text("]")
            case dict():
                self.add_text("{")
                for index, (key, member) in enumerate(value.items()):
                    if index:
                        self.add_text(", ")
                    self.add(key, depth + 1)
                    self.add_text("=")
                    self.add_text("(this Map)") if member is value else self.add(member, depth + 1)
                self.add_text("}")
            case Entry():
                self.add(value.key, depth + 1)
                self.add_text("=")
                self.add(value.value, depth + 1)
            case _:
                printer = _PRINTERS.get(type(value))
                self.add_text(printer(value) if printer is not None else str(value))

    def add_text(self, text: str) -> None:
        self.length += len(text)
        check_length(self.length)
        if len(self.parts) > MAX_PIECES:
            raise JavaException("java.lang.OutOfMemoryError", "a value has too many members to be printed")
        self.parts.append(text)


def _json_text(value: JSONList) -> str:
    # A template may have put anything into the list; what JSON cannot say is printed.
    try:
        return documents.write(value)
    except (TypeError, RecursionError):
        return to_text(list(value))
