"""
The methods of Java's lists, maps, their entries and iterators.

Pure.
https://docs.oracle.com/javase/8/docs/api/java/util/List.html
https://docs.oracle.com/javase/8/docs/api/java/util/Map.html
"""

from collections.abc import Callable
from typing import Any

from pizzabar.apigateway.java_objects import (
    ANY,
    MAX_ITEMS,
    VOID,
    Methods,
    Overload,
    TemplateObject,
    is_same,
    overload,
)
from pizzabar.apigateway.java_text import Entry, JavaException


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


def check_key(key: object) -> object:
    """Give a key back, or raise ``JavaException`` for one that is not supported."""
    if isinstance(key, list | dict):
        raise JavaException("java.lang.UnsupportedOperationException", "a list or map as a key is not supported")
    return key


def check_index(items: list[Any], index: int) -> int:
    """Give an index back, or raise ``JavaException`` when there is no such member."""
    if not 0 <= index < len(items):
        raise JavaException(
            "java.lang.IndexOutOfBoundsException", f"Index {index} out of bounds for length {len(items)}"
        )
    return index


def check_size(items: list[Any] | dict[Any, Any]) -> None:
    """Raise ``JavaException`` for a list or map that has become too large."""
    if len(items) > MAX_ITEMS:
        raise JavaException("java.lang.OutOfMemoryError", f"a list or map may have at most {MAX_ITEMS} members")


def _add(items: list[Any], item: object) -> bool:
    items.append(item)
    check_size(items)
    return True


def _insert(items: list[Any], index: int, item: object) -> str:
    if index != len(items):
        check_index(items, index)
    items.insert(index, item)
    check_size(items)
    return VOID


def _add_all(items: list[Any], others: list[Any]) -> bool:
    if len(items) + len(others) > MAX_ITEMS:
        raise JavaException("java.lang.OutOfMemoryError", f"a list or map may have at most {MAX_ITEMS} members")
    items.extend(list(others))
    return bool(others)


def _insert_all(items: list[Any], index: int, others: list[Any]) -> bool:
    if index != len(items):
        check_index(items, index)
    if len(items) + len(others) > MAX_ITEMS:
        raise JavaException("java.lang.OutOfMemoryError", f"a list or map may have at most {MAX_ITEMS} members")
    items[index:index] = list(others)
    return bool(others)


def _position(items: list[Any], item: object) -> int:
    return next((index for index, member in enumerate(items) if is_same(member, item)), -1)


def _last_position(items: list[Any], item: object) -> int:
    return next((index for index in range(len(items) - 1, -1, -1) if is_same(items[index], item)), -1)


def _remove_item(items: list[Any], item: object) -> bool:
    position = _position(items, item)
    if position >= 0:
        del items[position]
    return position >= 0


def _set_item(items: list[Any], index: int, item: object) -> object:
    previous = items[check_index(items, index)]
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
    previous = members.get(check_key(key))
    members[key] = member
    check_size(members)
    return previous


def _put_if_absent(members: dict[Any, Any], key: object, member: object) -> object:
    previous = members.get(check_key(key))
    if previous is None:
        members[key] = member
        check_size(members)
    return previous


def _put_all(members: dict[Any, Any], others: dict[Any, Any]) -> str:
    members.update(others)
    check_size(members)
    return VOID


LISTS: Methods = ANY | {
    "add": overload(_add, object) + overload(_insert, int, object),
    "addAll": overload(_add_all, list) + overload(_insert_all, int, list),
    "clear": overload(_clear),
    "contains": overload(lambda items, item: _position(items, item) >= 0, object),
    "containsAll": overload(lambda items, others: all(_position(items, item) >= 0 for item in others), list),
    "get": overload(lambda items, index: items[check_index(items, index)], int),
    "indexOf": overload(_position, object),
    "isEmpty": overload(lambda items: not items),
    "iterator": overload(lambda items: JavaIterator(items)),
    "lastIndexOf": overload(_last_position, object),
    "remove": overload(lambda items, index: items.pop(check_index(items, index)), int)
    + overload(_remove_item, object),
    "removeAll": overload(lambda items, others: _keep(items, lambda item: _position(others, item) < 0), list),
    "retainAll": overload(lambda items, others: _keep(items, lambda item: _position(others, item) >= 0), list),
    "set": overload(_set_item, int, object),
    "size": overload(len),
    "subList": overload(_sub_list, int, int),
    "toArray": overload(list),
}

MAPS: Methods = ANY | {
    "clear": overload(_clear),
    "containsKey": overload(lambda members, key: check_key(key) in members, object),
    "containsValue": overload(lambda members, value: _position(list(members.values()), value) >= 0, object),
    "entrySet": overload(lambda members: [Entry(key, value) for key, value in members.items()]),
    "get": overload(lambda members, key: members.get(check_key(key)), object),
    "getOrDefault": overload(lambda members, key, default: members.get(check_key(key), default), object, object),
    "isEmpty": overload(lambda members: not members),
    "keySet": overload(list),
    "put": overload(_put, object, object),
    "putAll": overload(_put_all, dict),
    "putIfAbsent": overload(_put_if_absent, object, object),
    "remove": overload(lambda members, key: members.pop(check_key(key), None), object),
    "size": overload(len),
    "values": overload(lambda members: list(members.values())),
}

ENTRIES: Methods = ANY | {
    "getKey": overload(lambda entry: entry.key),
    "getValue": overload(lambda entry: entry.value),
}
