"""
The rules of a Choice state.

- An operator is typed: a value of another type makes the rule false, never an error. 1 equals 1.0.
- A ``Variable`` that points at nothing fails the state, but for ``IsPresent``.
- ``And`` and ``Or`` stop at the first rule that decides.
- A ``…Path`` operator reads its right side from the data.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from operator import eq, ge, gt, le, lt
from typing import Any

from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.paths import Path, PathNotFound
from pizzabar.stepfunctions.payload import look
from pizzabar.stepfunctions.retry import RUNTIME
from pizzabar.stepfunctions.scope import Scope
from pizzabar.stepfunctions.timestamp import read_timestamp

Rule = Callable[[Scope], bool]
"""Tells whether a rule of a Choice state holds. Raises ``StateFailure`` when its path points at nothing."""


@record
class ChoiceRule:
    """A rule of a Choice state, and where it leads."""

    holds: Rule
    next: str
    output: Callable[[Scope], JSON] | None = None
    assign: Callable[[Scope], JSON] | None = None


def is_string(value: JSON) -> bool:
    """Whether a value is a string."""
    return isinstance(value, str)


def is_number(value: JSON) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_boolean(value: JSON) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


def is_timestamp(value: JSON) -> bool:
    """Whether a value is the text of a timestamp."""
    return read_timestamp(value) is not None


@record
class Comparison:
    """An operator with a literal or a path on its right: ``accepts`` says of which values it is true or false."""

    accepts: Callable[[JSON], bool]
    expected: str
    compare: Callable[[Any, Any], bool]
    has_path: bool = True
    """Whether there is a form of it that ends in ``Path``."""

    def __call__(self, value: JSON, wanted: JSON) -> bool:
        return self.accepts(value) and self.accepts(wanted) and self.compare(value, wanted)


def _instant(value: JSON) -> datetime:
    instant = read_timestamp(value)
    if instant is None:
        raise AssertionError(f"{value!r} was accepted as a timestamp")
    return instant


def _by_instant(order: Callable[[Any, Any], bool], value: JSON, wanted: JSON) -> bool:
    return order(_instant(value), _instant(wanted))


def _string_matches(value: str, pattern: str) -> bool:
    return _glob(pattern).fullmatch(value) is not None


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    r"""Read a pattern: ``*`` is any run of characters, ``\*`` a star, ``\\`` a backslash."""
    parts = re.findall(r"\\[\\*]|\*|[^\\*]+|\\", pattern, flags=re.DOTALL)
    written = (".*?" if part == "*" else re.escape(part[1:] if part in {"\\*", "\\\\"} else part) for part in parts)
    return re.compile("".join(written), re.DOTALL)


def _comparisons() -> dict[str, Comparison]:
    orders: dict[str, Callable[[Any, Any], bool]] = {
        "Equals": eq,
        "LessThan": lt,
        "GreaterThan": gt,
        "LessThanEquals": le,
        "GreaterThanEquals": ge,
    }
    table: dict[str, Comparison] = {
        "BooleanEquals": Comparison(is_boolean, "a Boolean", eq),
        "StringMatches": Comparison(is_string, "a String", _string_matches, has_path=False),
    }
    for name, order in orders.items():
        table[f"String{name}"] = Comparison(is_string, "a String", order)
        table[f"Numeric{name}"] = Comparison(is_number, "a Number", order)
        table[f"Timestamp{name}"] = Comparison(is_timestamp, "a valid Timestamp", partial(_by_instant, order))
    return table


COMPARISONS = _comparisons()
"""The operators that compare two values."""

TYPE_TESTS: dict[str, Callable[[JSON], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": is_string,
    "IsNumeric": is_number,
    "IsBoolean": is_boolean,
    "IsTimestamp": is_timestamp,
}
"""The operators that test one value; what they find must be the boolean given."""

OPERATORS = frozenset(
    {
        *COMPARISONS,
        *(f"{name}Path" for name, comparison in COMPARISONS.items() if comparison.has_path),
        *TYPE_TESTS,
        "IsPresent",
    }
)
"""Every operator that stands beside a ``Variable``."""


def compare(variable: Path, operator: str, wanted: JSON) -> Rule:
    """Make a rule of a comparison with a literal."""
    comparison = COMPARISONS[operator]

    def holds(scope: Scope) -> bool:
        return comparison(_value(variable, scope), wanted)

    return holds


def compare_path(variable: Path, operator: str, wanted: Path) -> Rule:
    """Make a rule of a comparison with what a path finds; ``operator`` is named with its ``Path``."""
    comparison = COMPARISONS[operator.removesuffix("Path")]

    def holds(scope: Scope) -> bool:
        return comparison(_value(variable, scope), _value(wanted, scope))

    return holds


def has_type(variable: Path, operator: str, wanted: bool) -> Rule:
    """Make a rule of a test of one value."""
    test = TYPE_TESTS[operator]

    def holds(scope: Scope) -> bool:
        return test(_value(variable, scope)) == wanted

    return holds


def is_present(variable: Path, wanted: bool) -> Rule:
    """Make a rule of whether a path finds anything, be it null."""

    def holds(scope: Scope) -> bool:
        try:
            look(variable, scope)
        except PathNotFound:
            return not wanted
        return wanted

    return holds


def negation(rule: Rule) -> Rule:
    """Make the rule of ``Not``."""
    return lambda scope: not rule(scope)


def conjunction(rules: Sequence[Rule]) -> Rule:
    """Make the rule of ``And``."""
    return lambda scope: all(rule(scope) for rule in rules)


def disjunction(rules: Sequence[Rule]) -> Rule:
    """Make the rule of ``Or``."""
    return lambda scope: any(rule(scope) for rule in rules)


def _value(path: Path, scope: Scope) -> JSON:
    try:
        return look(path, scope)
    except PathNotFound:
        raise StateFailure(
            RUNTIME, f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
        ) from None
