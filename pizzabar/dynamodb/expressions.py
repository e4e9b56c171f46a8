"""
The expressions of one request, with the names and values that stand for their placeholders.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from pizzabar.documents import JSON
from pizzabar.dynamodb.conditions import Condition, parse_condition
from pizzabar.dynamodb.document_paths import PathTree
from pizzabar.dynamodb.errors import ConditionalCheckFailedException
from pizzabar.dynamodb.expression_parser import Expression, Values
from pizzabar.dynamodb.key_conditions import KeyTests, parse_key_condition
from pizzabar.dynamodb.projections import parse_projection
from pizzabar.dynamodb.updates import NO_UPDATE, Update, parse_update
from pizzabar.dynamodb.values import AttributeValue, Item, read_value
from pizzabar.errors import SerializationException, ValidationException
from pizzabar.record import record

T = TypeVar("T")
NAMES = "ExpressionAttributeNames"
VALUES = "ExpressionAttributeValues"
PROJECTION = "ProjectionExpression"
CONDITION = "ConditionExpression"
TELLS = "ReturnValuesOnConditionCheckFailure"
EXPRESSED = frozenset({NAMES, VALUES, PROJECTION, CONDITION, "UpdateExpression"})
"""Without any of these parameters, a request for one item has no expressions."""


_NONE: frozenset[str] = frozenset()
_NO_VALUES: dict[str, AttributeValue] = {}
_is_name = re.compile(r"#[A-Za-z0-9_]{1,254}").fullmatch
_is_value = re.compile(r":[A-Za-z0-9_]{1,254}").fullmatch


@record
class Requirement:
    """A condition that a write makes, with its values."""

    condition: Condition
    values: Values
    tells_item: bool = False
    """Whether the error shows the stored item."""

    def enforce(self, item: Item | None) -> None:
        """Raise ``ConditionalCheckFailedException`` unless the item is as it should be; None has no attributes."""
        if not self.condition.holds(item if item is not None else {}, self.values):
            raise ConditionalCheckFailedException(item if self.tells_item else None)


def requirement_of(parameters: Mapping[str, JSON]) -> Requirement | None:
    """Read the condition of a write that has no other expression."""
    if EXPRESSED.isdisjoint(parameters):
        return None
    text = parameters.get(CONDITION)
    if text is not None and parameters.get(NAMES) is None:
        # The common case: a condition, perhaps with values, all of which it uses.
        given = parameters.get(VALUES)
        values = _NO_VALUES if given is None else _read_values(given)
        expression = parse_condition(CONDITION, text, ())
        if values.keys() == expression.values:
            expression.check(values)
            return Requirement(expression.meaning, values, parameters.get(TELLS) == "ALL_OLD")
    expressions = Expressions(parameters, (CONDITION,))
    requirement = expressions.requirement()
    expressions.finish()
    return requirement


class Expressions:
    """Reads the expressions of a request; ``finish`` when every one has been read."""

    def __init__(self, parameters: Mapping[str, JSON], expressions: tuple[str, ...]) -> None:
        self._parameters = parameters
        self.names: tuple[tuple[str, str], ...] = ()
        self.values: dict[str, AttributeValue] = {}
        self._used_names: frozenset[str] = _NONE
        self._used_values: frozenset[str] = _NONE
        names, values = parameters.get(NAMES), parameters.get(VALUES)
        if names is not None:
            if not any(name in parameters for name in expressions):
                raise ValidationException(f"{NAMES} can only be specified when using expressions")
            _check_names(names)
            self.names = tuple(names.items())
        if values is not None:
            takers = [name for name in expressions if name != PROJECTION]
            if not any(name in parameters for name in takers):
                raise ValidationException(
                    f"{VALUES} can only be specified when using expressions: {' and '.join(takers)} must not be null"
                )
            self.values = _read_values(values)

    def condition(self, parameter: str = CONDITION) -> Expression[Condition] | None:
        """Read a condition or filter expression."""
        text = self._parameters.get(parameter)
        return None if text is None else self._use(parse_condition(parameter, text, self.names))

    def requirement(self) -> Requirement | None:
        """Read the condition of a write."""
        expression = self.condition()
        if expression is None:
            return None
        tells_item = self._parameters.get(TELLS) == "ALL_OLD"
        return Requirement(expression.meaning, self.values, tells_item)

    def key_condition(self) -> KeyTests:
        """Read the key condition expression, which must be there."""
        return self._use(parse_key_condition(self._parameters["KeyConditionExpression"], self.names)).meaning

    def projection(self) -> PathTree | None:
        """Read the projection expression."""
        text = self._parameters.get(PROJECTION)
        return None if text is None else self._use(parse_projection(PROJECTION, text, self.names)).meaning

    def update(self) -> Update:
        """Read the update expression; without one there is nothing to update."""
        text = self._parameters.get("UpdateExpression")
        return NO_UPDATE if text is None else self._use(parse_update(text, self.names)).meaning

    def finish(self) -> None:
        """Raise ``ValidationException`` if a placeholder is defined that no expression uses."""
        if not (self.names or self.values):
            return
        for parameter, used in ((NAMES, self._used_names), (VALUES, self._used_values)):
            given = self._parameters.get(parameter)
            if given is not None and len(given) > len(used):
                unused = given.keys() - used
                raise ValidationException(
                    f"Value provided in {parameter} unused in expressions: keys: {{{', '.join(sorted(unused))}}}"
                )

    def _use(self, expression: Expression[T]) -> Expression[T]:
        # What is used is defined, so that counting tells whether everything is used.
        self._used_names |= expression.names
        self._used_values |= expression.values
        expression.check(self.values)
        return expression


def _check_names(names: Mapping[str, JSON]) -> None:
    if not names:
        raise ValidationException(f"{NAMES} must not be empty")
    for key, name in names.items():
        if not _is_name(key):
            raise ValidationException(f'{NAMES} contains invalid key: Syntax error; key: "{key}"')
        if type(name) is not str:
            raise SerializationException("Unexpected field type")
        if not name:
            raise ValidationException(f"{NAMES} contains invalid value: Empty attribute name for key {key}")


def _read_values(values: Mapping[str, JSON]) -> dict[str, AttributeValue]:
    if not values:
        raise ValidationException(f"{VALUES} must not be empty")
    read = {}
    for key, value in values.items():
        if not _is_value(key):
            raise ValidationException(f'{VALUES} contains invalid key: Syntax error; key: "{key}"')
        try:
            read[key] = read_value(value)[0]
        except ValidationException as error:
            raise ValidationException(f"{VALUES} contains invalid value: {error.message} for key {key}") from None
    return read
