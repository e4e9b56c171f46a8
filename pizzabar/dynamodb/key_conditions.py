"""
Key condition expressions: which partition, and which range of its sort keys, a query reads.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from collections.abc import Mapping
from functools import lru_cache

from pizzabar.dynamodb.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    FunctionCondition,
    In,
    Not,
    Or,
    parse_condition,
)
from pizzabar.dynamodb.expression_parser import Expression, Operand, PathOperand, ValueOperand
from pizzabar.errors import ValidationException
from pizzabar.record import record

PARAMETER = "KeyConditionExpression"
MOST_TESTS = 8
"""As many as the keys of a global index may have attributes; others have two."""
TOO_MANY = "Conditions can be of length 1 or 2 only"

# `:v < key` says what `key > :v` says.
TURNED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@record
class KeyTest:
    """What a query wants of one key attribute; ``operator`` is ``=``, ``<`` …, ``BETWEEN`` or ``begins_with``."""

    operator: str
    placeholders: tuple[str, ...]


KeyTests = Mapping[str, KeyTest]
"""Tests by key attribute."""


@lru_cache(maxsize=512)
def parse_key_condition(text: str, names: tuple[tuple[str, str], ...]) -> Expression[KeyTests]:
    """Read a key condition expression. Raise ``ValidationException`` when it is none."""
    expression = parse_condition(PARAMETER, text, names)
    conditions = _conjunction(expression.meaning)
    tests: dict[str, KeyTest] = {}
    for condition in conditions:
        attribute, test = _test(condition)
        if attribute in tests:
            raise ValidationException(f"{PARAMETER}s must only contain one condition per key")
        tests[attribute] = test
    if len(tests) > MOST_TESTS:
        raise ValidationException(TOO_MANY)
    return Expression(PARAMETER, tests, expression.names, expression.values, expression.attributes, expression.checks)


def _conjunction(condition: Condition) -> list[Condition]:
    if not isinstance(condition, And):
        return [condition]
    return [inner for outer in condition.conditions for inner in _conjunction(outer)]


def _test(condition: Condition) -> tuple[str, KeyTest]:
    match condition:
        case Comparison(operator, left, right) if operator in TURNED:
            if isinstance(left, ValueOperand):
                operator, left, right = TURNED[operator], right, left
            return _of_attribute(operator, left, (right,))
        case Between(operand, lower, upper):
            return _of_attribute("BETWEEN", operand, (lower, upper))
        case FunctionCondition("begins_with", (operand, prefix)):
            return _of_attribute("begins_with", operand, (prefix,))
        case Comparison(name) | FunctionCondition(name):
            raise _not_allowed(name)
        case In() | Not() | Or() | And():
            raise _not_allowed(type(condition).__name__.upper())
        case _:
            raise AssertionError(condition)


def _of_attribute(operator: str, operand: Operand, bounds: tuple[Operand, ...]) -> tuple[str, KeyTest]:
    if not isinstance(operand, PathOperand):
        raise _not_allowed(operator if isinstance(operand, ValueOperand) else operand.name)
    if len(operand.path) > 1:
        raise ValidationException(f"{PARAMETER}s cannot have conditions on nested attributes")
    placeholders = []
    for bound in bounds:
        match bound:
            case ValueOperand(placeholder):
                placeholders.append(placeholder)
            case PathOperand():
                raise ValidationException(
                    f"Invalid condition in {PARAMETER}: Multiple attribute names used in one condition"
                )
            case _:
                raise _not_allowed(bound.name)
    return str(operand.path[0]), KeyTest(operator, tuple(placeholders))


def _not_allowed(operator: str) -> ValidationException:
    return ValidationException(f"Invalid operator used in {PARAMETER}: {operator}")
