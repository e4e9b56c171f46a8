"""
The constraints of service models: what a parameter may be, and what is wrong with one, in AWS's words.

Pure.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from pizzabar.documents import JSON
from pizzabar.errors import SerializationException, ValidationException
from pizzabar.record import record

_KINDS = {str: "a String", int: "a Long", bool: "a Boolean", list: "a List", dict: "a Map"}


@record
class Constraint:
    """What a parameter may be: a ``kind`` of value, within bounds of its length or of itself.

    ``told`` is the pattern as AWS writes it, where ours takes the same texts in a time that does not explode.
    """

    kind: type[object]
    least: int | None = None
    most: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    told: str | None = None


def natural(given: JSON) -> int | None:
    """Read a natural number that is written in decimal digits; None for all else, and for one beyond 64 bits."""
    text = str(given) if type(given) in (str, int) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def detected(problems: Sequence[str]) -> str:
    """Tell all that was found in one message."""
    errors = "1 validation error" if len(problems) == 1 else f"{len(problems)} validation errors"
    return f"{errors} detected: {'; '.join(problems)}"


def missing(name: str) -> str:
    """Tell that a parameter is not there."""
    return f"Value null at '{name}' failed to satisfy constraint: Member must not be null"


def hold(
    parameters: Mapping[str, JSON],
    names: Iterable[str],
    constraints: Mapping[str, Constraint],
    told: Callable[[str], str] = str,
) -> None:
    """Raise ``ValidationException`` with all that is wrong with parameters, as far as they are there.

    ``told`` gives the name that AWS tells a parameter by.
    """
    problems: list[str] = []
    for name in names:
        if (value := parameters.get(name)) is not None:
            problems += violations(told(name), value, constraints[name])
    if problems:
        raise ValidationException(detected(problems))


def violations(name: str, value: JSON, constraint: Constraint) -> list[str]:
    """Tell what is wrong with a value. Raise ``SerializationException`` when it is of another JSON type."""
    kind: type[object] = type(value)
    if kind is not constraint.kind or (kind is int and value.bit_length() > 63):
        raise SerializationException(f"{name} must be {_KINDS[constraint.kind]}")
    measure, size = ("value", value) if kind is int else ("length", 0 if kind is bool else len(value))
    if (
        (constraint.least is None or size >= constraint.least)
        and (constraint.most is None or size <= constraint.most)
        and (constraint.pattern is None or not value or _matches(constraint.pattern, value))
        and not constraint.choices
    ):
        return []
    wanted = []
    if constraint.least is not None and size < constraint.least:
        wanted.append(f"have {measure} greater than or equal to {constraint.least}")
    if constraint.most is not None and size > constraint.most:
        wanted.append(f"have {measure} less than or equal to {constraint.most}")
    if constraint.pattern is not None and value and not _matches(constraint.pattern, value):
        wanted.append(f"satisfy regular expression pattern: {constraint.told or constraint.pattern}")
    if constraint.choices and value not in constraint.choices:
        wanted.append(f"satisfy enum value set: [{', '.join(constraint.choices)}]")
    return [f"Value '{value}' at '{name}' failed to satisfy constraint: Member must {each}" for each in wanted]


@lru_cache(maxsize=1024)
def _matches(pattern: str, value: str) -> bool:
    """Whether a name has its form; the same few names are asked for again and again."""
    return re.fullmatch(pattern, value) is not None
