"""
A reference matcher, written from the documented rules alone: slow, plain, and without any code of the package.

It flattens the whole event, multiplies out the whole pattern and tries every choice of leaves.
"""

import ipaddress
import re
from collections.abc import Iterator
from decimal import Decimal
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
            # A plain value is not a member of the array that it stands in.
            inside = {**elements, place: index} if isinstance(member, (dict, list)) else elements
            yield from flatten(member, path, f"{place}/{index}", inside)
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
        if isinstance(element, str):
            return isinstance(value, str) and (element == value or _address(element) == _address(value) is not None)
        return _is_number(value) and _is_equal(element, value)
    ((operator, argument),) = element.items()
    text = value if isinstance(value, str) else None
    if operator == "exists":
        return bool(argument)
    if operator == "anything-but":
        if isinstance(argument, dict):
            ((inner, members),) = argument.items()
            members = members if isinstance(members, list) else [members]
            return not any(accepts({inner: member}, value) for member in members)
        members = argument if isinstance(argument, list) else [argument]
        return not any(accepts({"exactly": each} if isinstance(each, str) else each, value) for each in members)
    if operator == "numeric":
        return _is_number(value) and _double(value) is not None and _in_range(argument, _double(value) or 0.0)
    if text is None:
        return False
    match operator, argument:
        case "exactly", _:
            return bool(text == argument)
        case "prefix", {"equals-ignore-case": wanted}:
            return bool(_spelled(wanted, text, {0}))
        case "suffix", {"equals-ignore-case": wanted}:
            return len(text) in _spelled(wanted, text, set(range(len(text) + 1)))
        case "equals-ignore-case", _:
            return len(text) in _spelled(argument, text, {0})
        case "prefix", _:
            return bool(text[: len(argument)] == argument)
        case "suffix", _:
            return bool(text[::-1][: len(argument)] == argument[::-1])
        case "wildcard", _:
            return re.fullmatch(_regex(argument), text, re.DOTALL) is not None
    assert operator == "cidr"
    address, block = _address(text), ipaddress.ip_network(argument, strict=False)
    return address is not None and address.version == block.version and address in block


def _spelled(wanted: str, text: str, starts: set[int]) -> set[int]:
    """Give where a text ignoring case may end that begins at one of some places."""
    for character in wanted:
        units = ["??"] if character > "\uffff" else {character.lower(), character.upper()}
        starts = {start + len(form) for form in units for start in starts if text.startswith(form, start)}
    return starts


def _address(text: str) -> Any:
    """Give the address that a text writes, IPv4 in decimals and IPv6 without dots; IPv6 that holds IPv4 is IPv4."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", text):
        text = ".".join(str(int(part)) for part in text.split("."))
    elif "." in text or "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _double(number: Any) -> float | None:
    """Give the double that a number is, or None when that double would be written as another number."""
    double = float(number)
    return double if Decimal(str(double)) == Decimal(str(number)) else None


def _is_equal(one: Any, other: Any) -> bool:
    doubles = _double(one), _double(other)
    return str(one) == str(other) if None in doubles else doubles[0] == doubles[1]


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
