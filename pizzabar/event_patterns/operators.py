"""
Comparison operators of event patterns, and how they are read.

Pure. An element of a leaf is a plain value, or an object with one key: a name of ``OPERATORS``. A reader begins at
the first token of what it reads and ends at the last; it gives comparisons, or raises ``Refused`` with AWS's reason.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from pizzabar.event_patterns.cidr import WIDTHS, InvalidCidr, block_of, read_address, read_cidr
from pizzabar.event_patterns.comparison import (
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
    as_read,
)
from pizzabar.event_patterns.numbers import number_of
from pizzabar.event_patterns.tokens import Cursor, Stop
from pizzabar.event_patterns.wildcard import InvalidWildcard, Wildcard, read_wildcard

RESERVED_IN_OR = frozenset(
    {
        *("exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "cidr", "exists"),
        *("anything-but", "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    }
)
"""Names that no field inside ``$or`` may have."""

_ONE_KEY = "Only one key allowed in match expression"
# AWS says so of other expressions, too.
_TOO_MANY = "Too many elements in numeric expression"


class Refused(Exception):
    """Raised when a pattern is not valid: why, and each place that AWS tells with the reason, if any."""

    def __init__(self, reason: str, *places: int | None) -> None:
        self.reason = reason
        self.places = places
        super().__init__(reason)


def refuse(cursor: Cursor, reason: str) -> NoReturn:
    """Refuse a pattern for what is at the cursor."""
    raise Refused(reason, cursor.place)


def read_element(cursor: Cursor) -> tuple[Comparison, ...]:
    """Read an element of a leaf; the comparisons it gives are alternatives."""
    match cursor.kind:
        case "{":
            if cursor.next() != "name":
                refuse(cursor, "Match expression name not found")
            name = cursor.text()
            if name not in OPERATORS:
                refuse(cursor, f"Unrecognized match type {name}")
            return (OPERATORS[name](cursor),)
        case "string":
            text = cursor.text()
            # A text that is an address matches the other spellings of it, too.
            address = read_address(text)
            return (Text(text),) if address is None else (Text(text), block_of(address, WIDTHS[address.version]))
        case "number":
            return (Number(number_of(cursor.text())),)
        case "literal":
            return (Literal(_LITERALS[cursor.text()]),)
        case _:
            refuse(cursor, "Match value must be String, number, true, false, or null")


_LITERALS = {"true": True, "false": False, "null": None}


def _end(cursor: Cursor, reason: str) -> None:
    if cursor.next() != "}":
        refuse(cursor, reason)


def _string(cursor: Cursor, reason: str) -> str:
    if cursor.kind != "string":
        refuse(cursor, reason)
    return cursor.text()


def _of_string(reason: str, comparison: Callable[[str], Comparison]) -> Callable[[Cursor], Comparison]:
    """Give the reader of an operator with one string for its argument."""

    def read(cursor: Cursor) -> Comparison:
        cursor.next()
        made = comparison(_string(cursor, reason))
        _end(cursor, _ONE_KEY)
        return made

    return read


def _affix(
    operator: str, exact: Callable[[str], Comparison], ignoring_case: Callable[[str], Comparison]
) -> Callable[[Cursor], Comparison]:
    def read(cursor: Cursor) -> Comparison:
        if cursor.next() != "{":
            made = exact(_string(cursor, f"{operator} match pattern must be a string"))
        else:
            if cursor.next() != "name":
                refuse(cursor, f"{operator.capitalize()} expression name not found")
            if (name := cursor.text()) != "equals-ignore-case":
                refuse(cursor, f"Unsupported {operator} pattern: {name}")
            cursor.next()
            made = ignoring_case(as_read(_string(cursor, "equals-ignore-case match pattern must be a string")))
            _end(cursor, _ONE_KEY)
        _end(cursor, _ONE_KEY)
        return made

    return read


def _wildcard(cursor: Cursor) -> Wildcard:
    cursor.next()
    made = _read_wildcard(cursor, _string(cursor, "wildcard match pattern must be a string"))
    _end(cursor, _ONE_KEY)
    return made


def _read_wildcard(cursor: Cursor, text: str) -> Wildcard:
    try:
        return read_wildcard(text)
    except InvalidWildcard as error:
        refuse(cursor, str(error))


def _block(text: str) -> Comparison:
    try:
        return read_cidr(text)
    except InvalidCidr as error:
        raise Refused(str(error)) from None


def _exists(cursor: Cursor) -> Comparison:
    if cursor.next() != "literal" or cursor.text() == "null":
        refuse(cursor, "exists match pattern must be either true or false.")
    made = Exists(cursor.text() == "true")
    _end(cursor, _ONE_KEY)
    return made


def _numeric(cursor: Cursor) -> Comparison:
    if cursor.next() != "[":
        refuse(cursor, "Value of numeric must be an array.")
    made = _range(cursor)
    _end(cursor, _TOO_MANY)
    return made


def _range(cursor: Cursor) -> Comparison:
    if cursor.next() != "string":
        refuse(cursor, f"Invalid member in numeric match: {cursor.text()}")
    operator = cursor.text()
    kind = cursor.next()
    if operator not in ("=", "<", "<=", ">", ">="):
        refuse(cursor, f"Unrecognized numeric range operator: {operator}")
    if kind != "number":
        refuse(cursor, f"Value of {'equals' if operator == '=' else operator} must be numeric")
    bound = cursor.text()
    is_last = cursor.next() == "]"
    if not is_last and operator in (">", ">="):
        return _two_bounds(cursor, bound, is_open=operator == ">")
    if not is_last:
        refuse(cursor, _TOO_MANY)
    number = _bound(cursor, bound)
    match operator:
        case "=":
            return Number(number)
        case "<" | "<=":
            return Numeric(high=number, includes_high=operator == "<=")
        case _:
            return Numeric(low=number, includes_low=operator == ">=")


def _two_bounds(cursor: Cursor, bottom: str, *, is_open: bool) -> Comparison:
    if cursor.kind != "string":
        refuse(cursor, f"Bad value in numeric range: {cursor.text()}")
    operator = cursor.text()
    if operator not in ("<", "<="):
        refuse(cursor, f"Bad numeric range operator: {operator}")
    if cursor.next() != "number":
        refuse(cursor, f"Value of {operator} must be numeric")
    top = cursor.text()
    if cursor.next() != "]":
        refuse(cursor, "Too many terms in numeric range expression")
    low, high = _bound(cursor, bottom), _bound(cursor, top)
    if low >= high:
        refuse(cursor, "Bottom must be less than top")
    return Numeric(low, high, not is_open, operator == "<=")


def _bound(cursor: Cursor, text: str) -> int | float:
    number = number_of(text)
    if isinstance(number, str):
        refuse(cursor, f"Cannot compare number : {text}")
    return number


def _anything_but(cursor: Cursor) -> Comparison:
    kind, of = cursor.next(), ""
    if kind == "{":
        if cursor.next() != "name":
            refuse(cursor, "Anything-But expression name not found")
        if (of := cursor.text()) not in _INSIDE_ANYTHING_BUT:
            refuse(cursor, f"Unsupported anything-but pattern: {of}")
        kind = cursor.next()
    if kind not in ("[", "string", "number"):
        refuse(cursor, "Value of anything-but must be an array or single string/number value.")
    excluded: list[Comparison]
    if of:
        excluded = _values(cursor, of)
    elif kind == "[":
        excluded = _plain_values(cursor)
    elif kind == "string":
        excluded = [Text(cursor.text())]
    else:
        excluded = [Number(_excluded_number(cursor))]
    for _ in range(2 if of else 1):
        _end(cursor, _TOO_MANY)
    return AnythingBut(tuple(dict.fromkeys(excluded)))


def _plain_values(cursor: Cursor) -> list[Comparison]:
    excluded: list[Comparison] = []
    kinds: set[str] = set()
    with _told_twice(cursor):
        while (kind := cursor.next()) != "]":
            kinds.add(kind)
            if kind == "string":
                excluded.append(Text(cursor.text()))
            elif kind == "number":
                excluded.append(Number(_excluded_number(cursor)))
            else:
                refuse(cursor, "Inside anything but list, start|null|boolean is not supported.")
    if len(kinds) != 1:
        refuse(
            cursor,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        )
    return excluded


def _excluded_number(cursor: Cursor) -> int | float:
    text = cursor.text()
    number = number_of(text)
    if isinstance(number, str):
        raise Refused(f"Cannot compare number : {text}")
    return number


def _values(cursor: Cursor, of: str) -> list[Comparison]:
    """Read the string, or the list of strings, of an operator inside anything-but."""
    comparison, reason = _INSIDE_ANYTHING_BUT[of]
    texts: list[str] = []

    def read() -> None:
        text = _string(cursor, reason)
        if not text and of in ("prefix", "suffix"):
            refuse(cursor, "Null prefix/suffix not allowed")
        texts.append(text)

    if cursor.kind != "[":
        read()
    else:
        with _told_twice(cursor):
            while cursor.next() != "]":
                read()
    return [_read_wildcard(cursor, text) if of == "wildcard" else comparison(text) for text in texts]


@contextmanager
def _told_twice(cursor: Cursor) -> Iterator[None]:
    """Refuse as AWS does in lists, where it adds the place to a reason that has one already."""
    try:
        yield
    except Stop as stop:
        raise Refused(stop.reason, stop.place, stop.after) from None
    except Refused as refused:
        raise Refused(refused.reason, *refused.places, cursor.place) from None


OPERATORS: dict[str, Callable[[Cursor], Comparison]] = {
    "exactly": _of_string("exact match pattern must be a string", Text),
    "prefix": _affix("prefix", Prefix, PrefixIgnoreCase),
    "suffix": _affix("suffix", Suffix, SuffixIgnoreCase),
    "equals-ignore-case": _of_string(
        "equals-ignore-case match pattern must be a string", lambda text: EqualsIgnoreCase(as_read(text))
    ),
    "wildcard": _wildcard,
    "numeric": _numeric,
    # AWS names the other operator here.
    "cidr": _of_string("prefix match pattern must be a string", _block),
    "exists": _exists,
    "anything-but": _anything_but,
}
"""The operators by name, each with its reader."""

_INSIDE_ANYTHING_BUT: dict[str, tuple[Callable[[str], Comparison], str]] = {
    "prefix": (Prefix, "prefix/suffix match pattern must be a string"),
    "suffix": (Suffix, "prefix/suffix match pattern must be a string"),
    "equals-ignore-case": (
        lambda text: EqualsIgnoreCase(as_read(text)),
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    ),
    "wildcard": (read_wildcard, "wildcard match pattern must be a string"),
}
