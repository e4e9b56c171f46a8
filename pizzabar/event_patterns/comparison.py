"""
Comparisons: the elements of a leaf of an event pattern, and which leaves of an event each one matches.

Pure. A leaf of an event is a string, a number, a boolean or null. A comparison never converts: the number 12 is not
the string "12". Numbers are equal by value: 300, 300.0 and 3.0e2 are one. Where case is ignored, each character of
the pattern stands for its lower and its upper form, which may have several characters (ß is SS, too). No text is
normalised.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
"""

import re
from functools import lru_cache
from math import inf

from pizzabar.documents import JSON
from pizzabar.event_patterns.cidr import Cidr
from pizzabar.event_patterns.numbers import Comparable, comparable
from pizzabar.event_patterns.wildcard import Wildcard
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

    number: Comparable

    def matches(self, value: JSON) -> bool:
        return is_number(value) and comparable(value) == self.number


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
        if not isinstance(value, str):
            return False
        if self.text.isascii():
            return len(value) == len(self.text) and value.isascii() and value.lower() == self.text.lower()
        return _ignoring_case(self.text).fullmatch(value) is not None


@record
class PrefixIgnoreCase:
    """``{"prefix": {"equals-ignore-case": "x"}}``: a string that begins so but for case."""

    text: str

    def matches(self, value: JSON) -> bool:
        if not isinstance(value, str):
            return False
        if self.text.isascii():
            beginning = value[: len(self.text)]
            return beginning.isascii() and beginning.lower() == self.text.lower()
        return _ignoring_case(self.text).match(value) is not None


@record
class SuffixIgnoreCase:
    """``{"suffix": {"equals-ignore-case": "x"}}``: a string that ends so but for case."""

    text: str

    def matches(self, value: JSON) -> bool:
        if not isinstance(value, str):
            return False
        if self.text.isascii():
            end = value[len(value) - len(self.text) :] if len(self.text) <= len(value) else ""
            return end.isascii() and end.lower() == self.text.lower()
        return _ignoring_case(self.text, at_end=True).search(value) is not None


@record
class Numeric:
    """``{"numeric": [">", 0, "<=", 5]}``: a number between two bounds, each part of the range or not."""

    low: int | float = -inf
    high: int | float = inf
    includes_low: bool = False
    includes_high: bool = False

    def matches(self, value: JSON) -> bool:
        if not is_number(value) or type(value := comparable(value)) is str:
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


def as_read(text: str) -> str:
    """Give a text that ignores case as AWS's matcher reads it.

    It takes UTF-16 units one by one, and what is half a character becomes a question mark.
    """
    return _BEYOND_UTF_16.sub("??", text)


def fold(text: str) -> str:
    """Give one text to all that can be equal ignoring case; of a beginning or an end, the beginning or the end."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


_BEYOND_UTF_16 = re.compile("[\U00010000-\U0010ffff]")


@lru_cache(maxsize=1024)
def _ignoring_case(pattern: str, *, at_end: bool = False) -> re.Pattern[str]:
    forms = [f"(?:{re.escape(each.lower())}|{re.escape(each.upper())})" for each in pattern]
    return re.compile("".join([*forms, r"\Z"] if at_end else forms))


@lru_cache(maxsize=1024)
def _folded(character: str) -> str:
    return "".join(each.lower() for form in character.lower() for each in form.upper())
