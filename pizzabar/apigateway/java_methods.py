"""
The methods and properties that a mapping template may ask of strings, numbers, booleans, lists and maps.

Pure. A method is chosen as Java does, by its name and the types of its arguments; one that no class has gives null,
as in Velocity. Methods that Java has and that are not here are refused by name, never answered with null.
https://docs.oracle.com/javase/8/docs/api/java/lang/String.html
https://docs.oracle.com/javase/8/docs/api/java/util/List.html
https://docs.oracle.com/javase/8/docs/api/java/util/Map.html
"""

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import NoneType
from typing import Any, ClassVar

from pizzabar.apigateway import java_format, java_regex
from pizzabar.apigateway.java_text import (
    MAX_TEXT,
    Entry,
    JavaException,
    JSONList,
    are_equal,
    check_length,
    double_text,
    to_text,
    type_name,
    type_name_of,
)
from pizzabar.record import record

MAX_ITEMS = 200_000
"""Members that a list or map may have."""

MAX_ARGUMENTS = 20
"""Arguments that a format may have."""

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


def weight(value: object, arguments: tuple[object, ...]) -> int:
    """Tell how much a method may have to look at: the characters or members of the value and of texts it is given."""
    own = value.weight if isinstance(value, TemplateObject) else len(value) if isinstance(value, _SIZED) else 0
    for argument in arguments:
        if type(argument) is str:
            own += len(argument)
    return own


_SIZED = (str, list, dict)


class JavaIterator(TemplateObject):
    """``iterator()``: what a template takes the members of a list from, one by one; a loop takes those left."""

    java_name = "java.util.Iterator"
    __slots__ = ("items", "position")

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.position = 0

    def has_next(self) -> bool:
        """Whether there is one left."""
        return self.position != len(self.items)

    def next(self) -> object:
        """Take the next one."""
        if self.position >= len(self.items):
            raise JavaException("java.util.NoSuchElementException", "null")
        self.position += 1
        return self.items[self.position - 1]

    def rest(self) -> list[Any]:
        """Take all that are left."""
        position, self.position = self.position, len(self.items)
        return self.items[position:]

    methods = {
        "hasNext": (Overload(has_next, ()),),
        "next": (Overload(next, ()),),
    }


def call_method(value: object, name: str, arguments: tuple[object, ...]) -> object:
    """Call a method. Raise ``JavaException`` as Java does, or when the method is not supported."""
    kind: Any = type(value)
    function = _choose(kind, name, tuple(map(type, arguments)))
    return None if function is None else function(value, *arguments)


@lru_cache(maxsize=4096)
def _choose(kind: type, name: str, kinds: tuple[type, ...]) -> Callable[..., object] | None:
    """Find the method of a type that takes arguments of these types."""
    methods = kind.methods if issubclass(kind, TemplateObject) else METHODS.get(kind)
    overloads = methods.get(name) if methods is not None else None
    if overloads is not None:
        for overload in overloads:
            if overload.takes(kinds):
                return overload.function
        if NoneType in kinds and any(overload.takes_null(kinds) for overload in overloads):
            raise JavaException("java.lang.NullPointerException", f"an argument of {name} is null")
        return None
    if issubclass(kind, TemplateObject) or name in _REFUSED or name in _REFUSED_OF.get(kind, ()):
        raise JavaException(
            "java.lang.UnsupportedOperationException", f"{type_name_of(kind)}.{name} is not supported"
        )
    return None


def get_property(value: object, name: str) -> object:
    """Give a property: of a map the member of that name, of others what a getter gives; null if there is none."""
    if isinstance(value, Mapping):
        return value.get(name)
    properties = value.properties if isinstance(value, TemplateObject) else PROPERTIES.get(type(value))
    if properties is not None and (getter := properties.get(name)) is not None:
        return getter(value)
    if name == "class":
        raise JavaException("java.lang.UnsupportedOperationException", f"{type_name(value)}.class is not supported")
    return None


def get_index(value: object, key: object) -> object:
    """``value[key]``; a list counts negative numbers from its end."""
    if isinstance(value, Mapping):
        return value.get(_key(key))
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return value[_index(value, key + len(value) if key < 0 else key)]
    return None


def set_member(value: object, key: object, member: object) -> None:
    """``#set($value.key = member)`` and ``#set($value[key] = member)``; nothing happens where there is no setter."""
    if isinstance(value, dict):
        value[_key(key)] = member
        _check_size(value)
    elif isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        value[_index(value, key + len(value) if key < 0 else key)] = member


def overload(function: Callable[..., object], *parameters: type) -> tuple[Overload, ...]:
    """Declare a method with one signature; add several up for overloads."""
    return (Overload(function, parameters),)


def _key(key: object) -> object:
    if isinstance(key, list | dict):
        raise JavaException("java.lang.UnsupportedOperationException", "a list or map as a key is not supported")
    return key


def _index(items: list[Any], index: int) -> int:
    if not 0 <= index < len(items):
        raise JavaException(
            "java.lang.IndexOutOfBoundsException", f"Index {index} out of bounds for length {len(items)}"
        )
    return index


def _check_size(items: list[Any] | dict[Any, Any]) -> None:
    if len(items) > MAX_ITEMS:
        raise JavaException("java.lang.OutOfMemoryError", f"a list or map may have at most {MAX_ITEMS} members")


def _substring(text: str, begin: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= begin <= last <= len(text):
        raise JavaException(
            "java.lang.StringIndexOutOfBoundsException", f"begin {begin}, end {last}, length {len(text)}"
        )
    return text[begin:last]


def _char_at(text: str, index: int) -> str:
    if not 0 <= index < len(text):
        raise JavaException("java.lang.StringIndexOutOfBoundsException", f"index {index}, length {len(text)}")
    return text[index]


def _replace(text: str, old: str, new: str) -> str:
    if len(new) > len(old) and len(text) * (len(new) + 1) > MAX_TEXT:
        check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _concat(text: str, other: str) -> str:
    check_length(len(text) + len(other))
    return text + other


def _repeat(text: str, count: int) -> str:
    if count < 0:
        raise JavaException("java.lang.IllegalArgumentException", f"count is negative: {count}")
    check_length(len(text) * count)
    return text * count


def _join(_: object, separator: str, items: list[Any]) -> str:
    texts = [to_text(item) for item in items]
    check_length(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _compare(left: str, right: str) -> int:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return ord(one) - ord(other)
    return len(left) - len(right)


def _parse_integer(_: object, text: str) -> int:
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise JavaException("java.lang.NumberFormatException", f'For input string: "{text}"')
    return int(text)


def _parse_double(_: object, text: str) -> float:
    try:
        return float(text.strip().rstrip("dDfF").replace("_", "?"))
    except ValueError:
        raise JavaException("java.lang.NumberFormatException", f'For input string: "{text}"') from None


def _truncate(value: float) -> int:
    # A double that no long can hold gives the nearest one.
    if value != value:
        return 0
    return int(max(min(value, 9223372036854775807), -9223372036854775808))


def _region_matches(text: str, start: int, other: str, other_start: int, length: int) -> bool:
    if min(start, other_start) < 0 or max(start + length - len(text), other_start + length - len(other)) > 0:
        return False
    return length <= 0 or text[start : start + length] == other[other_start : other_start + length]


def _wrap(value: int, bits: int) -> int:
    """Cut an integer down to a type of so many bits."""
    return (value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


def _unsigned(value: int) -> int:
    return value if value >= 0 else value + (1 << (32 if value >= -(1 << 31) else 64))


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


def _add(items: list[Any], item: object) -> bool:
    items.append(item)
    _check_size(items)
    return True


def _insert(items: list[Any], index: int, item: object) -> str:
    if index != len(items):
        _index(items, index)
    items.insert(index, item)
    _check_size(items)
    return VOID


def _add_all(items: list[Any], others: list[Any]) -> bool:
    if len(items) + len(others) > MAX_ITEMS:
        raise JavaException("java.lang.OutOfMemoryError", f"a list or map may have at most {MAX_ITEMS} members")
    items.extend(list(others))
    return bool(others)


def _insert_all(items: list[Any], index: int, others: list[Any]) -> bool:
    if index != len(items):
        _index(items, index)
    if len(items) + len(others) > MAX_ITEMS:
        raise JavaException("java.lang.OutOfMemoryError", f"a list or map may have at most {MAX_ITEMS} members")
    items[index:index] = list(others)
    return bool(others)


def _position(items: list[Any], item: object) -> int:
    return next((index for index, member in enumerate(items) if _is_same(member, item)), -1)


def _last_position(items: list[Any], item: object) -> int:
    return next((index for index in range(len(items) - 1, -1, -1) if _is_same(items[index], item)), -1)


def _remove_item(items: list[Any], item: object) -> bool:
    position = _position(items, item)
    if position >= 0:
        del items[position]
    return position >= 0


def _set_item(items: list[Any], index: int, item: object) -> object:
    previous = items[_index(items, index)]
    items[index] = item
    return previous


def _keep(items: list[Any], is_kept: Callable[[object], bool]) -> bool:
    kept = [item for item in items if is_kept(item)]
    is_changed = len(kept) != len(items)
    items[:] = kept
    return is_changed


def _sub_list(items: list[Any], begin: int, end: int) -> list[Any]:
    if not 0 <= begin <= end <= len(items):
        raise JavaException(
            "java.lang.IndexOutOfBoundsException", f"fromIndex: {begin}, toIndex: {end}, size: {len(items)}"
        )
    return items[begin:end]


def _clear(items: list[Any] | dict[Any, Any]) -> str:
    items.clear()
    return VOID


def _put(members: dict[Any, Any], key: object, member: object) -> object:
    previous = members.get(_key(key))
    members[key] = member
    _check_size(members)
    return previous


def _put_if_absent(members: dict[Any, Any], key: object, member: object) -> object:
    previous = members.get(_key(key))
    if previous is None:
        members[key] = member
        _check_size(members)
    return previous


def _put_all(members: dict[Any, Any], others: dict[Any, Any]) -> str:
    members.update(others)
    _check_size(members)
    return VOID


def _is_same(left: object, right: object) -> bool:
    """Java's ``equals``: of one type, and equal."""
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return (isinstance(left, list) and isinstance(right, list) and are_equal(left, right)) or (
            isinstance(left, dict) and isinstance(right, dict) and are_equal(left, right)
        )
    return type(left) is type(right) and left == right


def _hash_code_of(value: object) -> int:
    # What is nested too deeply, or in itself, cannot be printed either.
    if isinstance(value, list | dict | Entry):
        to_text(value)
    return _hash_code(value)


_ANY: dict[str, tuple[Overload, ...]] = {
    "hashCode": overload(_hash_code_of),
    "toString": overload(to_text),
    "equals": overload(_is_same, object),
}

# Velocity gathers what is left of the arguments for a method that takes any number of them.
_FORMAT: tuple[Overload, ...] = tuple(
    Overload(lambda _, pattern, *arguments: java_format.format_text(pattern, *arguments), (str, *[object] * count))
    for count in range(MAX_ARGUMENTS + 1)
)

_STRING: Methods = _ANY | {
    "format": _FORMAT,
    "charAt": overload(_char_at, int),
    "codePointAt": overload(lambda text, index: ord(_char_at(text, index)), int),
    "compareTo": overload(_compare, str),
    "compareToIgnoreCase": overload(lambda text, other: _compare(text.lower(), other.lower()), str),
    "concat": overload(_concat, str),
    "contains": overload(lambda text, part: part in text, str),
    "endsWith": overload(lambda text, suffix: text.endswith(suffix), str),
    "equalsIgnoreCase": overload(
        lambda text, other: isinstance(other, str) and text.lower() == other.lower(), object
    ),
    "intern": overload(lambda text: text),
    "contentEquals": overload(lambda text, other: text == other, str),
    "regionMatches": overload(_region_matches, int, str, int, int),
    "indexOf": overload(lambda text, part: text.find(part), str)
    + overload(lambda text, part, start: text.find(part, max(start, 0)), str, int),
    "isBlank": overload(lambda text: not text.strip()),
    "isEmpty": overload(lambda text: not text),
    "join": overload(_join, str, list),
    "lastIndexOf": overload(lambda text, part: text.rfind(part), str)
    + overload(lambda text, part, start: text.rfind(part, 0, start + len(part)) if start >= 0 else -1, str, int),
    "length": overload(len),
    "matches": overload(java_regex.matches, str),
    "repeat": overload(_repeat, int),
    "replace": overload(_replace, str, str),
    "replaceAll": overload(java_regex.replace_all, str, str),
    "replaceFirst": overload(java_regex.replace_first, str, str),
    "split": overload(java_regex.split, str) + overload(java_regex.split, str, int),
    "startsWith": overload(lambda text, prefix: text.startswith(prefix), str)
    + overload(lambda text, prefix, start: start >= 0 and text.startswith(prefix, start), str, int),
    "strip": overload(lambda text: text.strip()),
    "subSequence": overload(_substring, int, int),
    "substring": overload(_substring, int) + overload(_substring, int, int),
    "toCharArray": overload(list),
    "toLowerCase": overload(lambda text: text.lower()),
    "toUpperCase": overload(lambda text: text.upper()),
    # Java trims everything up to the blank.
    "trim": overload(lambda text: text.strip("".join(map(chr, range(33))))),
    "valueOf": overload(lambda _, value: to_text(value), object),
}

_NUMBER: dict[str, tuple[Overload, ...]] = _ANY | {
    "compareTo": overload(lambda value, other: (value > other) - (value < other), int)
    + overload(lambda value, other: (value > other) - (value < other), float),
    "doubleValue": overload(float),
    "floatValue": overload(float),
    "intValue": overload(_truncate),
    "longValue": overload(_truncate),
}

_INTEGER: Methods = _NUMBER | {
    "intValue": overload(int),
    "longValue": overload(int),
    "byteValue": overload(lambda value: _wrap(value, 8)),
    "shortValue": overload(lambda value: _wrap(value, 16)),
    "max": overload(lambda _, one, other: max(one, other), int, int),
    "min": overload(lambda _, one, other: min(one, other), int, int),
    "sum": overload(lambda _, one, other: one + other, int, int),
    "signum": overload(lambda _, value: (value > 0) - (value < 0), int),
    "toBinaryString": overload(lambda _, value: f"{_unsigned(value):b}", int),
    "toHexString": overload(lambda _, value: f"{_unsigned(value):x}", int),
    "toOctalString": overload(lambda _, value: f"{_unsigned(value):o}", int),
    "parseInt": overload(_parse_integer, str),
    "parseLong": overload(_parse_integer, str),
    "valueOf": overload(_parse_integer, str) + overload(lambda _, value: value, int),
}

_DOUBLE: Methods = _NUMBER | {
    "isInfinite": overload(lambda value: value in (float("inf"), float("-inf"))),
    "isNaN": overload(lambda value: value != value),
    "parseDouble": overload(_parse_double, str),
    "toString": overload(double_text),
    "valueOf": overload(_parse_double, str) + overload(lambda _, value: value, float),
}

_BOOLEAN: Methods = _ANY | {
    "booleanValue": overload(bool),
    "compareTo": overload(lambda value, other: value - other, bool),
    "parseBoolean": overload(lambda _, text: text.lower() == "true", str),
}

_LIST: Methods = _ANY | {
    "add": overload(_add, object) + overload(_insert, int, object),
    "addAll": overload(_add_all, list) + overload(_insert_all, int, list),
    "clear": overload(_clear),
    "contains": overload(lambda items, item: _position(items, item) >= 0, object),
    "containsAll": overload(lambda items, others: all(_position(items, item) >= 0 for item in others), list),
    "get": overload(lambda items, index: items[_index(items, index)], int),
    "indexOf": overload(_position, object),
    "isEmpty": overload(lambda items: not items),
    "iterator": overload(lambda items: JavaIterator(items)),
    "lastIndexOf": overload(_last_position, object),
    "remove": overload(lambda items, index: items.pop(_index(items, index)), int) + overload(_remove_item, object),
    "removeAll": overload(lambda items, others: _keep(items, lambda item: _position(others, item) < 0), list),
    "retainAll": overload(lambda items, others: _keep(items, lambda item: _position(others, item) >= 0), list),
    "set": overload(_set_item, int, object),
    "size": overload(len),
    "subList": overload(_sub_list, int, int),
    "toArray": overload(list),
}

_MAP: Methods = _ANY | {
    "clear": overload(_clear),
    "containsKey": overload(lambda members, key: _key(key) in members, object),
    "containsValue": overload(lambda members, value: _position(list(members.values()), value) >= 0, object),
    "entrySet": overload(lambda members: [Entry(key, value) for key, value in members.items()]),
    "get": overload(lambda members, key: members.get(_key(key)), object),
    "getOrDefault": overload(lambda members, key, default: members.get(_key(key), default), object, object),
    "isEmpty": overload(lambda members: not members),
    "keySet": overload(list),
    "put": overload(_put, object, object),
    "putAll": overload(_put_all, dict),
    "putIfAbsent": overload(_put_if_absent, object, object),
    "remove": overload(lambda members, key: members.pop(_key(key), None), object),
    "replace": overload(
        lambda members, key, value: _put(members, key, value) if _key(key) in members else None, object, object
    ),
    "size": overload(len),
    "values": overload(lambda members: list(members.values())),
}

_ENTRY: Methods = _ANY | {
    "getKey": overload(lambda entry: entry.key),
    "getValue": overload(lambda entry: entry.value),
}

METHODS: Mapping[type, Methods] = {
    str: _STRING,
    int: _INTEGER,
    float: _DOUBLE,
    bool: _BOOLEAN,
    list: _LIST,
    JSONList: _LIST,
    dict: _MAP,
    Entry: _ENTRY,
}

PROPERTIES: Mapping[type, Properties] = {
    str: {"empty": lambda text: not text},
    list: {"empty": lambda items: not items},
    JSONList: {"empty": lambda items: not items},
    Entry: {"key": lambda entry: entry.key, "value": lambda entry: entry.value},
}

# What Java has and templates cannot use here: streams, bytes, reflection, functions as arguments.
_REFUSED = frozenset({"getClass", "wait", "notify", "notifyAll"})

_REFUSED_OF_LISTS = frozenset({"forEach", "listIterator", "removeIf", "replaceAll", "sort", "stream"})

_REFUSED_OF: Mapping[type, frozenset[str]] = {
    str: frozenset({"chars", "codePoints", "getBytes", "lines"}),
    list: _REFUSED_OF_LISTS,
    JSONList: _REFUSED_OF_LISTS,
    dict: frozenset({"compute", "computeIfAbsent", "computeIfPresent", "forEach", "merge", "replaceAll"}),
}
