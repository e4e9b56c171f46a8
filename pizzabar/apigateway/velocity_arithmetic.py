"""
How Velocity calculates and compares: what cannot be calculated is null, what cannot be compared is false.

Pure. Integers have no overflow: Velocity turns to the next larger type. Division cuts off, as in Java.
https://velocity.apache.org/engine/1.7/user-guide.html#math
"""

import math
from collections.abc import Callable

from pizzabar.apigateway.java_text import are_equal, check_integer


def calculate(operator: str, left: object, right: object) -> object:
    """Calculate with two numbers. Raise ``JavaException`` when the result is too large."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    try:
        if isinstance(left, int) and isinstance(right, int):
            result = _INTEGER_OPERATIONS[operator](left, right)
            return None if result is None else check_integer(result)
        return _DOUBLE_OPERATIONS[operator](float(left), float(right))
    except OverflowError:
        return math.inf


def _divide(left: int, right: int) -> int | None:
    if right == 0:
        return None
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) is (right < 0) else -quotient


def _remainder(left: int, right: int) -> int | None:
    if right == 0:
        return None
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


_INTEGER_OPERATIONS: dict[str, Callable[[int, int], int | None]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": _remainder,
}

_DOUBLE_OPERATIONS: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else None,
    "%": lambda left, right: math.fmod(left, right) if right and math.isfinite(left) else None,
}


def _compare_numbers(test: Callable[[float, float], bool]) -> Callable[[object, object], bool]:
    def compare(left: object, right: object) -> bool:
        if isinstance(left, bool) or isinstance(right, bool):
            return False
        return isinstance(left, int | float) and isinstance(right, int | float) and test(left, right)

    return compare


COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "==": are_equal,
    "!=": lambda left, right: not are_equal(left, right),
    "<": _compare_numbers(lambda left, right: left < right),
    "<=": _compare_numbers(lambda left, right: left <= right),
    ">": _compare_numbers(lambda left, right: left > right),
    ">=": _compare_numbers(lambda left, right: left >= right),
}
