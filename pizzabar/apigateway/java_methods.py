"""
The methods and properties that a mapping template may ask of strings, numbers, booleans, lists and maps.

Pure. A method is chosen as Java does, by its name and the types of its arguments; one that no class has gives null,
as in Velocity. Methods that Java has and that are not here are refused by name, never answered with null.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import NoneType
from typing import Any

from pizzabar.apigateway.java_collections import ENTRIES, LISTS, MAPS, check_index, check_key, check_size
from pizzabar.apigateway.java_numbers import BOOLEANS, DOUBLES, INTEGERS
from pizzabar.apigateway.java_objects import Methods, Properties, TemplateObject
from pizzabar.apigateway.java_strings import STRINGS
from pizzabar.apigateway.java_text import Entry, JavaException, JSONList, type_name, type_name_of


def weight(value: object, arguments: tuple[object, ...]) -> int:
    """Tell how much a method may have to look at: the characters or members of the value and of texts it is given."""
    own = value.weight if isinstance(value, TemplateObject) else len(value) if isinstance(value, _SIZED) else 0
    for argument in arguments:
        if type(argument) is str:
            own += len(argument)
    return own


_SIZED = (str, list, dict)


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
        return value.get(check_key(key))
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return value[check_index(value, key + len(value) if key < 0 else key)]
    return None


def set_member(value: object, key: object, member: object) -> None:
    """``#set($value.key = member)`` and ``#set($value[key] = member)``; nothing happens where there is no setter."""
    if isinstance(value, dict):
        value[check_key(key)] = member
        check_size(value)
    elif isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        value[check_index(value, key + len(value) if key < 0 else key)] = member


METHODS: Mapping[type, Methods] = {
    str: STRINGS,
    int: INTEGERS,
    float: DOUBLES,
    bool: BOOLEANS,
    list: LISTS,
    JSONList: LISTS,
    dict: MAPS,
    Entry: ENTRIES,
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
    dict: frozenset({"compute", "computeIfAbsent", "computeIfPresent", "forEach", "merge", "replace", "replaceAll"}),
}
