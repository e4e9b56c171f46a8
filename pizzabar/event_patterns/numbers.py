"""
Numbers of patterns and events: which are equal, and which can be compared at all.

Pure. Numbers are compared as IEEE binary64 doubles. One that is not what its double is written as (9007199254740993,
1e400) has no place among the others: nothing is less, and it equals only what is written as it is.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from decimal import Decimal, InvalidOperation
from math import isinf

Comparable = int | float | str
"""A number, or the text of one that has no place among the others."""

_EXACT = 2**53


def number_of(text: str) -> Comparable:
    """Read the text of a number."""
    try:
        exact, double = Decimal(text), float(text)
    except InvalidOperation:
        return text
    if isinf(double) or Decimal(repr(double)) != exact:
        return text
    return int(double) if double.is_integer() and abs(double) <= _EXACT else double


def comparable(number: int | float) -> Comparable:
    """Give what a number of a parsed document is compared as.

    Of a fraction, and of an integer beyond 64 bits, only the double is known.
    """
    if type(number) is float or -_EXACT <= number <= _EXACT:
        return number
    double = float(number)
    return double if Decimal(repr(double)) == number else str(number)
