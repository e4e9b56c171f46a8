"""
A reference matcher, written from the documented rules alone: slow, plain, and without any code of the package.

It flattens the whole event, multiplies out the whole pattern and tries every choice of leaves.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

Leaf = tuple[str, Any, dict[str, int]]
"""A path, a value, and of each array on the way (named by where it is) the index of the element."""


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether a valid pattern matches an event."""
    leaves = list(flatten(event, "", "", {}))
    return any(_choose(sorted(each.items()), leaves, {}) for each in conjunctions(pattern))


def flatten(value: Any, path: str, place: str, elements: dict[str, int]) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from flatten(member, f"{path}.{key}" if place else key, f"{place}/{key}", elements)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from flatten(member, path, f"{place}/{index}", {**elements, place: index})
    else:
        yield path, value, elements


def conjunctions(pattern: dict[str, Any]) -> list[dict[str, list[Any]]]:
    return _conjunctions(pattern, "", [{}])


def _conjunctions(
    pattern: dict[str, Any], prefix: str, found: list[dict[str, list[Any]]]
) -> list[dict[str, list[Any]]]:
    for key, value in pattern.items():
        if key == "$or":
            found = [each for part in value for each in _conjunctions(part, prefix, [dict(one) for one in found])]
        elif isinstance(value, dict):
            found = _conjunctions(value, f"{prefix}{key}.", found)
        else:
            found = [{**each, prefix + key: value} for each in found]
    return found


def _choose(fields: list[tuple[str, list[Any]]], leaves: list[Leaf], chosen: dict[str, int]) -> bool:
    if not fields:
        return True
    (path, elements), *rest = fields
    open_to_it = [leaf for leaf in leaves if leaf[0] == path and _agree(leaf[2], chosen)]
    for _, value, membership in open_to_it:
        if any(accepts(element, value) for element in elements) and _choose(rest, leaves, {**chosen, **membership}):
            return True
    return {"exists": False} in elements and not open_to_it and _choose(rest, leaves, chosen)


def _agree(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(other.get(array, index) == index for array, index in one.items())


def accepts(element: Any, value: Any) -> bool:
    """Whether an element of a pattern's leaf accepts an event's leaf."""
    if not isinstance(element, dict):
        if isinstance(element, bool) or element is None:
            return value is element
        return not isinstance(value, bool) and type(element) in _kinds(value) and element == value
    ((operator, argument),) = element.items()
    text = value if isinstance(value, str) else None
    if operator == "exists":
        return bool(argument)
    if operator == "anything-but":
        if isinstance(argument, dict):
            ((inner, members),) = argument.items()
            members = members if isinstance(members, list) else [members]
            return not any(accepts({inner: member}, value) for member in members)
        return not any(accepts(member, value) for member in (argument if isinstance(argument, list) else [argument]))
    if operator == "numeric":
        return not isinstance(value, bool) and isinstance(value, (int, float)) and _in_range(argument, value)
    if text is None:
        return False
    if operator in ("prefix", "suffix"):
        if isinstance(argument, dict):
            text, argument = text.lower(), argument["equals-ignore-case"].lower()
        return text.startswith(argument) if operator == "prefix" else text.endswith(argument)
    if operator == "equals-ignore-case":
        return text.lower() == str(argument).lower()
    if operator == "wildcard":
        return re.fullmatch(_regex(argument), text, re.DOTALL) is not None
    assert operator == "cidr"
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(argument, strict=False)
    except ValueError:
        return False


def _kinds(value: Any) -> tuple[type[Any], ...]:
    return (str,) if isinstance(value, str) else (int, float) if isinstance(value, (int, float)) else ()


def _in_range(terms: list[Any], value: float) -> bool:
    holds = {
        "=": lambda bound: value == bound,
        "<": lambda bound: value < bound,
        "<=": lambda bound: value <= bound,
        ">": lambda bound: value > bound,
        ">=": lambda bound: value >= bound,
    }
    return all(holds[terms[at]](terms[at + 1]) for at in range(0, len(terms), 2))


def _regex(wildcard: str) -> str:
    return "".join(
        ".*" if part == "*" else re.escape(part.removeprefix("\\"))
        for part in re.findall(r"\\.|.", wildcard, re.DOTALL)
    )
