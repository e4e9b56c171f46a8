"""
Comparison operators of event patterns, and how their arguments are read.

Pure. An element of a leaf is a plain value, or an object with one key: a name of ``OPERATORS``. Reading one gives
its comparisons, or raises ``Refused`` with AWS's reason.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
"""

from collections.abc import Callable
from math import isfinite

from pizzabar.documents import JSON, write
from pizzabar.eventbridge.cidr import WIDTHS, InvalidCidr, block_of, read_address, read_cidr
from pizzabar.eventbridge.comparison import (
    AnythingBut,
    Comparison,
    EqualsIgnoreCase,
    Exists,
    Literal,
    Number,
    Numeric,
    Prefix,
    PrefixIgnoreCase,
    Suffix,
    SuffixIgnoreCase,
    Text,
    is_number,
)
from pizzabar.eventbridge.wildcard import InvalidWildcard, Wildcard, read_wildcard

RESERVED_IN_OR = frozenset(
    {
        *("exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "cidr", "exists"),
        *("anything-but", "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    }
)
"""Names that no field inside ``$or`` may have."""


class Refused(Exception):
    """Raised when an element is not valid; ``is_placed`` tells whether AWS says where it stands."""

    def __init__(self, reason: str, *, is_placed: bool = True) -> None:
        self.reason = reason
        self.is_placed = is_placed
        super().__init__(reason)


def read_element(element: JSON) -> tuple[Comparison, ...]:
    """Read an element of a leaf; the comparisons it gives are alternatives."""
    match element:
        case str():
            # A text that is an address matches its other spellings too; only IPv6 has any.
            address = read_address(element) if ":" in element else None
            return (Text(element),) if address is None else (Text(element), block_of(address, WIDTHS[6]))
        case bool() | None:
            return (Literal(element),)
        case int() | float():
            return (Number(element),)
        case dict():
            name, argument = _only(element)
            if name not in OPERATORS:
                raise Refused(f"Unrecognized match type {name}")
            comparison = OPERATORS[name](argument)
            _refuse_second_key(element)
            return (comparison,)
        case _:
            raise Refused("Match value must be String, number, true, false, or null")


def _only(element: dict[str, JSON]) -> tuple[str, JSON]:
    if not element:
        raise Refused("Empty objects are not allowed")
    return next(iter(element.items()))


def _refuse_second_key(element: dict[str, JSON]) -> None:
    if len(element) > 1:
        raise Refused("Only one key allowed in match expression")


def _string(argument: JSON, operator: str) -> str:
    if not isinstance(argument, str):
        raise Refused(f"{operator} match pattern must be a string")
    return argument


def _affix(
    operator: str, exact: Callable[[str], Comparison], ignoring_case: Callable[[str], Comparison]
) -> Callable[[JSON], Comparison]:
    def read(argument: JSON) -> Comparison:
        if not isinstance(argument, dict):
            return exact(_string(argument, operator))
        name, text = _only(argument)
        if name != "equals-ignore-case":
            raise Refused(f"Unsupported {operator} pattern: {name}")
        comparison = ignoring_case(_string(text, "equals-ignore-case"))
        _refuse_second_key(argument)
        return comparison

    return read


def _wildcard(argument: JSON) -> Wildcard:
    try:
        return read_wildcard(_string(argument, "wildcard"))
    except InvalidWildcard as error:
        raise Refused(str(error)) from None


def _cidr(argument: JSON) -> Comparison:
    try:
        # AWS names the other operator here.
        return read_cidr(_string(argument, "prefix"))
    except InvalidCidr as error:
        raise Refused(str(error), is_placed=False) from None


def _exists(argument: JSON) -> Comparison:
    if not isinstance(argument, bool):
        raise Refused("exists match pattern must be either true or false.")
    return Exists(argument)


def _token(value: JSON) -> str:
    match value:
        case str():
            return value
        case dict():
            return "{"
        case list():
            return "["
        case _:
            return write(value)


def _bound(terms: list[JSON], place: int, operator: str) -> int | float:
    bound: JSON = terms[place] if place < len(terms) else None
    # A bound that no binary64 number equals is refused: 9007199254740993, say.
    if not is_number(bound) or not isfinite(bound) or float(bound) != bound:
        raise Refused(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    number: int | float = bound
    return number


def _numeric(argument: JSON) -> Comparison:
    if not isinstance(argument, list):
        raise Refused("Value of numeric must be an array.")
    operator = argument[0] if argument else None
    if not isinstance(operator, str):
        raise Refused(f"Invalid member in numeric match: {_token(operator) if argument else ']'}")
    if operator not in ("=", "<", "<=", ">", ">="):
        raise Refused(f"Unrecognized numeric range operator: {operator}")
    first = _bound(argument, 1, operator)
    if operator in ("=", "<", "<="):
        if len(argument) > 2:
            raise Refused("Too many elements in numeric expression")
        if operator == "=":
            return Number(first)
        return Numeric(high=first, includes_high=operator == "<=")
    if len(argument) == 2:
        return Numeric(low=first, includes_low=operator == ">=")
    upper = argument[2]
    if not isinstance(upper, str):
        raise Refused(f"Bad value in numeric range: {_token(upper)}")
    if upper not in ("<", "<="):
        raise Refused(f"Bad numeric range operator: {upper}")
    second = _bound(argument, 3, upper)
    if first >= second:
        raise Refused("Bottom must be less than top")
    if len(argument) > 4:
        raise Refused("Too many terms in numeric range expression")
    return Numeric(first, second, operator == ">=", upper == "<=")


def _anything_but(argument: JSON) -> Comparison:
    if isinstance(argument, dict):
        name, members = _only(argument)
        if name not in _INSIDE_ANYTHING_BUT:
            raise Refused(f"Unsupported anything-but pattern: {name}")
        if isinstance(members, list) and not members:
            raise Refused("Empty arrays are not allowed")
        read = _INSIDE_ANYTHING_BUT[name]
        excluded = tuple(read(member) for member in (members if isinstance(members, list) else [members]))
        _refuse_second_key(argument)
        return AnythingBut(tuple(dict.fromkeys(excluded)))
    if not isinstance(argument, list):
        if not isinstance(argument, str) and not is_number(argument):
            raise Refused("Value of anything-but must be an array or single string/number value.")
        argument = [argument]
    for member in argument:
        if not isinstance(member, str) and not is_number(member):
            raise Refused("Inside anything but list, start|null|boolean is not supported.")
    if all(isinstance(member, str) for member in argument) and argument:
        return AnythingBut(tuple(Text(member) for member in dict.fromkeys(argument)))
    if all(is_number(member) for member in argument) and argument:
        return AnythingBut(tuple(Number(member) for member in dict.fromkeys(argument)))
    raise Refused("Inside anything but list, either all values are number or string, mixed type is not supported")


def _filled(operator: str, comparison: Callable[[str], Comparison]) -> Callable[[JSON], Comparison]:
    def read(member: JSON) -> Comparison:
        if not _string(member, operator):
            raise Refused("Null prefix/suffix not allowed")
        return comparison(member)

    return read


def _equals_ignore_case_inside(member: JSON) -> Comparison:
    if not isinstance(member, str):
        raise Refused("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")
    return EqualsIgnoreCase(member)


OPERATORS: dict[str, Callable[[JSON], Comparison]] = {
    "prefix": _affix("prefix", Prefix, PrefixIgnoreCase),
    "suffix": _affix("suffix", Suffix, SuffixIgnoreCase),
    "equals-ignore-case": lambda argument: EqualsIgnoreCase(_string(argument, "equals-ignore-case")),
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
    "anything-but": _anything_but,
}
"""The operators by name, each with the reader of its argument."""

_INSIDE_ANYTHING_BUT: dict[str, Callable[[JSON], Comparison]] = {
    "prefix": _filled("prefix", Prefix),
    "suffix": _filled("suffix", Suffix),
    "equals-ignore-case": _equals_ignore_case_inside,
    "wildcard": _wildcard,
}
