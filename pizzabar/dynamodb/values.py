"""
Attribute values in wire form: an object of one member that names the type, ``{"S": "x"}``.

What ``read_value`` has let in is normalised: numbers in plain decimal text, binaries in canonical base64, sets
sorted. So two values are equal when they are equal as documents, at any depth.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import itemgetter

from pizzabar.documents import JSON
from pizzabar.dynamodb.keys import encode_number
from pizzabar.dynamodb.numbers import normalise, significant_digits
from pizzabar.errors import SerializationException, ValidationException

AttributeValue = dict[str, JSON]
"""An attribute value in wire form."""

Item = dict[str, AttributeValue]
"""Attribute values by attribute name."""

MAX_ITEM_SIZE = 400 * 1024
MAX_NESTING = 32
ONE_OR_MORE = "One or more parameter values were invalid: "

TYPE_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
    "L": "LIST",
    "M": "MAP",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
}
"""The types, and the names that some messages give them."""


_string_of = itemgetter("S")


def type_of(value: AttributeValue) -> str:
    """Tell the type of an attribute value."""
    return next(iter(value))


def read_item(attributes: JSON) -> tuple[Item, int]:
    """Check and normalise an item; answer with it and its size in bytes.

    Raise ``SerializationException`` or ``ValidationException`` at the first value that is wrong.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    try:
        # Most items are ASCII strings by ASCII names: these are done with at a glance.
        texts = "".join([*attributes, *map(_string_of, attributes.values())])
        if texts.isascii() and "" not in attributes and sum(map(len, attributes.values())) == len(attributes):
            return attributes, len(texts)
    except (KeyError, TypeError, IndexError):
        pass
    item: Item = {}
    size = 0
    for name, value in attributes.items():
        # Most attributes are ASCII strings: these are done with at a glance.
        text = value.get("S") if type(value) is dict and len(value) == 1 else None
        if type(text) is str and text.isascii() and name and name.isascii():
            item[name] = value
            size += len(name) + len(text)
            continue
        if not name:
            raise ValidationException(f"{ONE_OR_MORE}Attribute names may not be empty")
        item[name], value_size = read_value(value)
        size += utf8_length(name) + value_size
    return item, size


def read_value(value: JSON, depth: int = 1) -> tuple[AttributeValue, int]:
    """Check and normalise an attribute value; answer with it and its size in bytes."""
    if type(value) is not dict:
        raise SerializationException("Unexpected field type")
    if len(value) != 1:
        value = _only_type(value)
    for kind, content in value.items():
        reader = _READERS.get(kind)
        if reader is not None and content is not None:
            return reader(value, content, depth)
    raise ValidationException("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")


def size_of_item(item: Item) -> int:
    """Give the size in bytes of a normalised item."""
    return sum([size_of_attribute(name, value) for name, value in item.items()])


def size_of_attribute(name: str, value: AttributeValue | None) -> int:
    """Give what an attribute with a normalised value adds to the size of its item; None is no attribute."""
    return 0 if value is None else utf8_length(name) + size_of(value)


def size_of(value: AttributeValue) -> int:
    """Give the size in bytes of a normalised value."""
    for kind, content in value.items():
        return _SIZES[kind](content)
    raise AssertionError("a normalised value has a type")


def nesting(value: AttributeValue) -> int:
    """Tell how many lists and maps are around the innermost value."""
    # A level at a time, not by recursion: an update may have built more levels than are allowed.
    levels = 0
    documents = [value] if "L" in value or "M" in value else []
    while documents:
        levels += 1
        members = [member for document in documents for member in _members(document)]
        documents = [member for member in members if "L" in member or "M" in member]
    return levels


def utf8_length(text: str) -> int:
    """Count the bytes of a text in UTF-8."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise SerializationException("The text is not valid Unicode") from None


def orderable(value: AttributeValue) -> JSON:
    """Give what a string, number or binary is ordered by, or None for the other types."""
    for kind, content in value.items():
        order = _ORDERS.get(kind)
        return None if order is None else order(content)
    raise AssertionError("a normalised value has a type")


def _only_type(value: dict[str, JSON]) -> dict[str, JSON]:
    known = {kind: content for kind, content in value.items() if kind in _READERS and content is not None}
    if len(known) > 1:
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    return known


def _members(value: AttributeValue) -> Iterable[AttributeValue]:
    for kind, content in value.items():
        if kind == "L":
            return tuple(content)
        if kind == "M":
            return tuple(content.values())
    return ()


def conversion_error(value: JSON, wanted: str) -> SerializationException:
    """Make the error of a JSON value where a scalar of another type belongs."""
    match value:
        case bool():
            return SerializationException(f"{'TRUE' if value else 'FALSE'}_VALUE cannot be converted to {wanted}")
        case int():
            return SerializationException(f"NUMBER_VALUE cannot be converted to {wanted}")
        case float():
            return SerializationException(f"DECIMAL_VALUE cannot be converted to {wanted}")
        case str():
            return SerializationException(f"STRING_VALUE cannot be converted to {wanted}")
        case dict():
            return SerializationException("Start of structure or map found where not expected")
        case _:
            return SerializationException(f"Unrecognized collection type class java.lang.{wanted}")


def _text(content: JSON) -> str:
    if type(content) is not str:
        raise conversion_error(content, "String")
    return content


def _read_string(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    if type(content) is not str:
        raise conversion_error(content, "String")
    return value, len(content) if content.isascii() else utf8_length(content)


def _read_number(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    number = normalise(_text(content))
    return value if number == content else {"N": number}, _number_size(number)


def _canonical_base64(content: JSON) -> str:
    text = _text(content)
    try:
        return b64encode(b64decode(text, validate=True)).decode()
    except (BinasciiError, ValueError):
        raise SerializationException(f"Invalid Base64 value: {text[:64]}") from None


def _read_binary(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    canonical = _canonical_base64(content)
    return value if canonical == content else {"B": canonical}, _binary_size(canonical)


def _read_bool(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    if type(content) is not bool:
        raise SerializationException("Unexpected token received from parser")
    return value, 1


def _read_null(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    if type(content) is not bool:
        raise SerializationException("Unexpected token received from parser")
    if not content:
        raise ValidationException(f"{ONE_OR_MORE}Null attribute value types must have the value of true")
    return value, 1


def _list(content: JSON) -> list[JSON]:
    if type(content) is not list:
        raise SerializationException(
            "Start of structure or map found where not expected"
            if isinstance(content, dict)
            else "Unexpected field type"
        )
    return content


def _read_strings(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    texts = [_text(member) for member in _list(content)]
    if not texts:
        raise ValidationException(f"{ONE_OR_MORE}An string set  may not be empty")
    if len(set(texts)) != len(texts):
        raise ValidationException(f"{ONE_OR_MORE}Input collection [{', '.join(texts)}] contains duplicates.")
    return {"SS": sorted(texts)}, sum(map(utf8_length, texts))


def _read_numbers(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    numbers = [normalise(_text(member)) for member in _list(content)]
    if not numbers:
        raise ValidationException(f"{ONE_OR_MORE}An number set  may not be empty")
    if len(set(numbers)) != len(numbers):
        raise ValidationException("Input collection contains duplicates")
    return {"NS": sort_set("NS", numbers)}, sum(map(_number_size, numbers))


def _read_binaries(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    binaries = [_canonical_base64(member) for member in _list(content)]
    if not binaries:
        raise ValidationException(f"{ONE_OR_MORE}Binary sets should not be empty")
    if len(set(binaries)) != len(binaries):
        raise ValidationException(
            f"{ONE_OR_MORE}Input collection [{', '.join(binaries)}]of type BS contains duplicates."
        )
    return {"BS": sort_set("BS", binaries)}, sum(map(_binary_size, binaries))


def _check_depth(depth: int) -> None:
    if depth > MAX_NESTING:
        raise ValidationException("Nesting Levels have exceeded supported limits")


def _read_list(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    members = _list(content)
    _check_depth(depth)
    read = [read_value(member, depth + 1) for member in members]
    return {"L": [member for member, _ in read]}, 3 + sum([1 + size for _, size in read])


def _read_map(value: AttributeValue, content: JSON, depth: int) -> tuple[AttributeValue, int]:
    if type(content) is not dict:
        raise SerializationException("Unexpected field type")
    _check_depth(depth)
    members: Item = {}
    size = 3
    for name, member in content.items():
        members[name], member_size = read_value(member, depth + 1)
        size += 1 + utf8_length(name) + member_size
    return {"M": members}, size


_READERS: dict[str, Callable[[AttributeValue, JSON, int], tuple[AttributeValue, int]]] = {
    "S": _read_string,
    "N": _read_number,
    "B": _read_binary,
    "BOOL": _read_bool,
    "NULL": _read_null,
    "SS": _read_strings,
    "NS": _read_numbers,
    "BS": _read_binaries,
    "L": _read_list,
    "M": _read_map,
}


def _number_size(number: str) -> int:
    return 1 + (significant_digits(number) + 1) // 2 + number.startswith("-")


def _binary_size(content: str) -> int:
    return len(content) // 4 * 3 - content.count("=", -2)


_SIZES: dict[str, Callable[[JSON], int]] = {
    "S": utf8_length,
    "N": _number_size,
    "B": _binary_size,
    "BOOL": lambda content: 1,
    "NULL": lambda content: 1,
    "SS": lambda content: sum(map(utf8_length, content)),
    "NS": lambda content: sum(map(_number_size, content)),
    "BS": lambda content: sum(map(_binary_size, content)),
    "L": lambda content: 3 + sum([1 + size_of(member) for member in content]),
    "M": lambda content: 3 + sum([1 + utf8_length(name) + size_of(member) for name, member in content.items()]),
}

_ORDERS: dict[str, Callable[[str], JSON]] = {"S": str, "N": Decimal, "B": b64decode}

_SET_ORDERS: dict[str, Callable[[str], str | bytes]] = {"SS": str, "NS": encode_number, "BS": b64decode}


def sort_set(kind: str, members: Iterable[str]) -> list[str]:
    """Put the members of a set in the order that normalised sets have."""
    return sorted(members, key=_SET_ORDERS[kind])
