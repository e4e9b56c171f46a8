"""
Numbers: decimal, exact, up to 38 significant digits, of magnitude 1E-130 to 9.99…E+125, or zero.

A number is kept as plain decimal text without superfluous zeros, so that equal numbers are equal texts.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

import re
from decimal import Context, Decimal

from pizzabar.errors import ValidationException

MAX_DIGITS = 38
MAX_EXPONENT = 125
MIN_EXPONENT = -130

_is_plain_integer = re.compile(r"0|-?[1-9][0-9]{0,37}").fullmatch
_match = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?)([0-9]+))?").fullmatch

# Wide enough for an exact sum of any two numbers: from 1E+125 down to the 38th digit of 1E-130.
_EXACT = Context(prec=400)


def normalise(text: str) -> str:
    """Give the one plain text of a number. Raise ``ValidationException`` when it is none, or out of range."""
    if _is_plain_integer(text):
        return text
    sign, digits, exponent = _take_apart(text)
    if not digits:
        return "0"
    if len(digits) > MAX_DIGITS:
        raise ValidationException("Attempting to store more than 38 significant digits in a Number")
    if exponent > MAX_EXPONENT:
        raise ValidationException(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if exponent < MIN_EXPONENT:
        raise ValidationException(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    return sign + _plain(digits, exponent)


def scientific(number: str) -> tuple[bool, str, int]:
    """Tell of a normalised number whether it is negative, its digits without zeros around, and its exponent.

    The exponent is that of the first digit: 12.5 is ``(False, "125", 1)``. Zero has no digits.
    """
    sign, digits, exponent = _take_apart(number)
    return sign == "-", digits, exponent


def significant_digits(number: str) -> int:
    """Count the digits of a normalised number that its size depends on."""
    return len(number.lstrip("-").replace(".", "").strip("0"))


def add(left: str, right: str) -> str:
    """Add two normalised numbers, exactly. Raise ``ValidationException`` when the sum is out of range."""
    if "." in left or "." in right:
        return normalise(str(_EXACT.add(Decimal(left), Decimal(right))))
    return normalise(str(int(left) + int(right)))


def subtract(left: str, right: str) -> str:
    """Subtract two normalised numbers, exactly. Raise ``ValidationException`` when it is out of range."""
    if "." in left or "." in right:
        return normalise(str(_EXACT.subtract(Decimal(left), Decimal(right))))
    return normalise(str(int(left) - int(right)))


def _take_apart(text: str) -> tuple[str, str, int]:
    match = _match(text)
    if match is None or not (match[2] or match[3]):
        raise ValidationException(
            f"The parameter cannot be converted to a numeric value: {text}"
            if text
            else "The parameter cannot be converted to a numeric value"
        )
    whole, fraction = match[2], match[3] or ""
    padded = whole + fraction
    digits = padded.lstrip("0")
    exponent = len(whole) - 1 - (len(padded) - len(digits)) + _exponent(match[4], match[5])
    return "-" if match[1] == "-" else "", digits.rstrip("0"), exponent


def _exponent(sign: str | None, digits: str | None) -> int:
    if digits is None:
        return 0
    # An exponent of any length is allowed to be written; beyond six digits none is in range.
    significant = digits.lstrip("0") or "0"
    exponent = int(significant) if len(significant) <= 6 else 10_000_000
    return -exponent if sign == "-" else exponent


def _plain(digits: str, exponent: int) -> str:
    point = exponent + 1
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"
