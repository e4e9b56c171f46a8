"""
Comparisons: the elements of a leaf of an event pattern, and which leaves of an event each one matches.

Pure. A leaf of an event is a string, a number, a boolean or null. A comparison never converts: the number 12 is not
the string "12". Numbers are equal by value: 300, 300.0 and 3.0e2 are one.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
"""

from functools import lru_cache
from math import inf

from pizzabar.documents import JSON
from pizzabar.eventbridge.cidr import Cidr
from pizzabar.eventbridge.wildcard import Wildcard
from pizzabar.record import record


@record
class Text:
    """``"x"``: the same string."""

    text: str

    def matches(self, value: JSON) -> bool:
        return bool(value == self.text)


@record
class Number:
    """``12``, or ``{"numeric": ["=", 12]}``: a number of equal value."""

    number: int | float

    def matches(self, value: JSON) -> bool:
        return is_number(value) and bool(value == self.number)


@record
class Literal:
    """``true``, ``false`` or ``null``: that very literal."""

    literal: bool | None

    def matches(self, value: JSON) -> bool:
        return value is self.literal


@record
class Prefix:
    """``{"prefix": "x"}``: a string that begins so."""

    text: str

    def matches(self, value: JSON) -> bool:
        return isinstance(value, str) and value.startswith(self.text)


@record
class Suffix:
    """``{"suffix": "x"}``: a string that ends so."""

    text: str

    def matches(self, value: JSON) -> bool:
        return isinstance(value, str) and value.endswith(self.text)


@record
class EqualsIgnoreCase:
    """``{"equals-ignore-case": "x"}``: the same string but for case."""

    text: str

    def matches(self, value: JSON) -> bool:
        return isinstance(value, str) and is_equal_ignoring_case(self.text, value)


@record
class PrefixIgnoreCase:
    """``{"prefix": {"equals-ignore-case": "x"}}``: a string that begins so but for case."""

    text: str

    def matches(self, value: JSON) -> bool:
        return isinstance(value, str) and is_equal_ignoring_case(self.text, value[: len(self.text)])


@record
class SuffixIgnoreCase:
    """``{"suffix": {"equals-ignore-case": "x"}}``: a string that ends so but for case."""

    text: str

    def matches(self, value: JSON) -> bool:
        if not isinstance(value, str) or len(value) < len(self.text):
            return False
        return is_equal_ignoring_case(self.text, value[len(value) - len(self.text) :])


@record
class Numeric:
    """``{"numeric": [">", 0, "<=", 5]}``: a number between two bounds, each part of the range or not."""

    low: int | float = -inf
    high: int | float = inf
    includes_low: bool = False
    includes_high: bool = False

    def matches(self, value: JSON) -> bool:
        if not is_number(value):
            return False
        above = value >= self.low if self.includes_low else value > self.low
        below = value <= self.high if self.includes_high else value < self.high
        return bool(above and below)


@record
class Exists:
    """``{"exists": true}``: any leaf at all; ``{"exists": false}``: none, which no leaf can show."""

    is_wanted: bool

    def matches(self, value: JSON) -> bool:
        return self.is_wanted


@record
class AnythingBut:
    """``{"anything-but": x}``: a leaf of any type that none of ``excluded`` matches."""

    excluded: tuple["Comparison", ...]

    def matches(self, value: JSON) -> bool:
        return not any(comparison.matches(value) for comparison in self.excluded)


Comparison = (
    Text
    | Number
    | Literal
    | Prefix
    | Suffix
    | EqualsIgnoreCase
    | PrefixIgnoreCase
    | SuffixIgnoreCase
    | Wildcard
    | Numeric
    | Cidr
    | Exists
    | AnythingBut
)


def is_number(value: JSON) -> bool:
    """Whether a value is a JSON number."""
    return isinstance(value, (int, float)) and value is not True and value is not False


def is_equal_ignoring_case(pattern: str, text: str) -> bool:
    """Whether each character of the text is the lower or the upper form of the pattern's."""
    if len(pattern) != len(text):
        return False
    if pattern.isascii() and text.isascii():
        return pattern.lower() == text.lower()
    return all(character in _forms(wanted) for wanted, character in zip(pattern, text, strict=True))


def fold(text: str) -> str:
    """Give one text to all that can be equal ignoring case; its length is the same."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


@lru_cache(maxsize=1024)
def _forms(character: str) -> frozenset[str]:
    return frozenset({_lower(character), _upper(character)})


@lru_cache(maxsize=1024)
def _folded(character: str) -> str:
    return _lower(_upper(character))


# A form of several characters (ß → SS) is no form of the character.
def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _upper(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 else character
