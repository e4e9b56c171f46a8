"""
The methods of Java's numbers and booleans; the static ones of their classes can be asked of any of them.

Pure.
https://docs.oracle.com/javase/8/docs/api/java/lang/Integer.html
https://docs.oracle.com/javase/8/docs/api/java/lang/Double.html
"""

from pizzabar.apigateway.java_objects import ANY, Methods, Overload, overload
from pizzabar.apigateway.java_text import JavaException, double_text


def _parse_integer(_: object, text: str) -> int:
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise JavaException("java.lang.NumberFormatException", f'For input string: "{text}"')
    return int(text)


def _parse_double(_: object, text: str) -> float:
    try:
        return float(text.strip().rstrip("dDfF").replace("_", "?"))
    except ValueError:
        raise JavaException("java.lang.NumberFormatException", f'For input string: "{text}"') from None


def _truncate(value: float) -> int:
    # A double that no long can hold gives the nearest one.
    if value != value:
        return 0
    return int(max(min(value, 9223372036854775807), -9223372036854775808))


def _wrap(value: int, bits: int) -> int:
    """Cut an integer down to a type of so many bits."""
    return (value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


def _unsigned(value: int) -> int:
    return value if value >= 0 else value + (1 << (32 if value >= -(1 << 31) else 64))


_NUMBER: dict[str, tuple[Overload, ...]] = ANY | {
    "compareTo": overload(lambda value, other: (value > other) - (value < other), int)
    + overload(lambda value, other: (value > other) - (value < other), float),
    "doubleValue": overload(float),
    "floatValue": overload(float),
    "intValue": overload(_truncate),
    "longValue": overload(_truncate),
}

INTEGERS: Methods = _NUMBER | {
    "intValue": overload(int),
    "longValue": overload(int),
    "byteValue": overload(lambda value: _wrap(value, 8)),
    "shortValue": overload(lambda value: _wrap(value, 16)),
    "max": overload(lambda _, one, other: max(one, other), int, int),
    "min": overload(lambda _, one, other: min(one, other), int, int),
    "sum": overload(lambda _, one, other: one + other, int, int),
    "signum": overload(lambda _, value: (value > 0) - (value < 0), int),
    "toBinaryString": overload(lambda _, value: f"{_unsigned(value):b}", int),
    "toHexString": overload(lambda _, value: f"{_unsigned(value):x}", int),
    "toOctalString": overload(lambda _, value: f"{_unsigned(value):o}", int),
    "parseInt": overload(_parse_integer, str),
    "parseLong": overload(_parse_integer, str),
    "valueOf": overload(_parse_integer, str) + overload(lambda _, value: value, int),
}

DOUBLES: Methods = _NUMBER | {
    "isInfinite": overload(lambda value: value in (float("inf"), float("-inf"))),
    "isNaN": overload(lambda value: value != value),
    "parseDouble": overload(_parse_double, str),
    "toString": overload(double_text),
    "valueOf": overload(_parse_double, str) + overload(lambda _, value: value, float),
}

BOOLEANS: Methods = ANY | {
    "booleanValue": overload(bool),
    "compareTo": overload(lambda value, other: value - other, bool),
    "parseBoolean": overload(lambda _, text: text.lower() == "true", str),
}
