"""
Parameters of the time before expressions, written as the expressions that say the same.

Pure. A test of an attribute that an item does not have comes out as in the expression; whether the old parameters
differ there is not documented.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
"""

from collections.abc import Mapping, Sequence

from pizzabar.documents import JSON
from pizzabar.dynamodb.values import read_value
from pizzabar.errors import ValidationException
from pizzabar.shapes import checked

PARAMETERS = (
    "AttributesToGet",
    "AttributeUpdates",
    "ConditionalOperator",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)
EXPRESSIONS = (
    "UpdateExpression",
    "ProjectionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ConditionExpression",
)
INVALID = "One or more parameter values were invalid: "
_FILTERS = {"Expected": "ConditionExpression", "QueryFilter": "FilterExpression", "ScanFilter": "FilterExpression"}
_SCALARS = frozenset({"S", "N", "B"})
_FORMS = {
    "EQ": "{0} = {1}",
    "NE": "{0} <> {1}",
    "IN": "{0} IN ({1})",
    "LE": "{0} <= {1}",
    "LT": "{0} < {1}",
    "BETWEEN": "{0} BETWEEN {1} AND {2}",
    "NOT_NULL": "attribute_exists({0})",
    "NULL": "attribute_not_exists({0})",
    "CONTAINS": "contains({0}, {1})",
    "NOT_CONTAINS": "NOT contains({0}, {1})",
    "GE": "{0} >= {1}",
    "GT": "{0} > {1}",
    "BEGINS_WITH": "begins_with({0}, {1})",
}
_COUNTS = {"BETWEEN": 2, "NULL": 0, "NOT_NULL": 0}
"""How many values an operator takes, if not one; IN takes one or more."""
_TYPES = dict.fromkeys(("LE", "LT", "GE", "GT", "BETWEEN", "IN", "CONTAINS", "NOT_CONTAINS"), _SCALARS)
_TYPES["BEGINS_WITH"] = frozenset({"S", "B"})
_OF_KEYS = frozenset({"EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN"})
_ADDED = frozenset({"N", "SS", "NS", "BS", "L"})
_DELETED = frozenset({"SS", "NS", "BS"})


def with_expressions(parameters: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Give the parameters with expressions in place of what came before them. Raise ``ValidationException``."""
    legacy = [name for name in PARAMETERS if name in parameters]
    if not legacy:
        return parameters
    expressions = [name for name in EXPRESSIONS if name in parameters]
    if expressions:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: Non-expression "
            f"parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(expressions)}}}"
        )
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if name in parameters:
            raise ValidationException(f"{name} can only be specified when using expressions")
    return _Writing(parameters).written()


class _Writing:
    """The expressions of one request while they are written."""

    def __init__(self, parameters: Mapping[str, JSON]) -> None:
        self._parameters = parameters
        self._names: dict[str, str] = {}
        self._values: dict[str, JSON] = {}

    def written(self) -> dict[str, JSON]:
        given = self._parameters
        written = {name: value for name, value in given.items() if name not in PARAMETERS}
        if "AttributesToGet" in given:
            names = given["AttributesToGet"]
            if len(set(names)) < len(names):
                repeated = next(name for number, name in enumerate(names) if name in names[:number])
                raise ValidationException(f"{INVALID}Duplicate value in attribute name: {repeated}")
            written["ProjectionExpression"] = ", ".join(map(self._name, names))
        if given.get("AttributeUpdates"):
            written["UpdateExpression"] = self._update(given["AttributeUpdates"])
        if "KeyConditions" in given:
            written["KeyConditionExpression"] = self._key_conditions(given["KeyConditions"])
        filters = {name: given[name] for name in _FILTERS if name in given}
        if "ConditionalOperator" in given:
            _check_operator(filters)
        for name, conditions in filters.items():
            tests = [self._test(name, attribute, condition) for attribute, condition in conditions.items()]
            if tests:
                written[_FILTERS[name]] = f" {given.get('ConditionalOperator', 'AND')} ".join(tests)
        if self._names:
            written["ExpressionAttributeNames"] = self._names
        if self._values:
            written["ExpressionAttributeValues"] = self._values
        return written

    def _name(self, attribute: str) -> str:
        placeholder = f"#{len(self._names)}"
        self._names[placeholder] = attribute
        return placeholder

    def _value(self, value: JSON) -> str:
        placeholder = f":{len(self._values)}"
        read_value(value)
        self._values[placeholder] = value
        return placeholder

    def _update(self, updates: Mapping[str, JSON]) -> str:
        clauses: dict[str, list[str]] = {}
        for attribute, update in updates.items():
            update = _structure(update)
            action, value = update.get("Action", "PUT"), update.get("Value")
            if action not in ("ADD", "PUT", "DELETE"):
                raise _no_choice(f"attributeUpdates.{attribute}.member.action", action, ("ADD", "DELETE", "PUT"))
            name = self._name(attribute)
            if value is None:
                if action != "DELETE":
                    raise ValidationException(
                        f"{INVALID}Only DELETE action is allowed when no attribute value is specified"
                    )
                clauses.setdefault("REMOVE", []).append(name)
                continue
            placeholder = self._value(value)
            type_ = _type(value)
            if action == "PUT":
                clauses.setdefault("SET", []).append(f"{name} = {placeholder}")
            elif type_ not in (_ADDED if action == "ADD" else _DELETED):
                raise ValidationException(f"{INVALID}Action {action} is not supported for the type {type_}")
            elif type_ == "L":
                empty = self._value({"L": []})
                appended = f"{name} = list_append(if_not_exists({name}, {empty}), {placeholder})"
                clauses.setdefault("SET", []).append(appended)
            else:
                clauses.setdefault(action, []).append(f"{name} {placeholder}")
        return " ".join(f"{keyword} {', '.join(parts)}" for keyword, parts in clauses.items())

    def _key_conditions(self, conditions: Mapping[str, JSON]) -> str:
        if len(conditions) not in (1, 2):
            raise ValidationException("Conditions can be of length 1 or 2 only")
        tests = []
        for attribute, condition in conditions.items():
            tests.append(self._test("KeyConditions", attribute, condition))
            if condition["ComparisonOperator"] not in _OF_KEYS:
                raise ValidationException("Attempted conditional constraint is not an indexable operation")
        return " AND ".join(tests)

    def _test(self, parameter: str, attribute: str, condition: JSON) -> str:
        condition = _structure(condition)
        operator = condition.get("ComparisonOperator")
        values = condition.get("AttributeValueList")
        if parameter == "Expected":
            operator, values = _expected(attribute, condition)
        path = f"{parameter[0].lower()}{parameter[1:]}.{attribute}.member.comparisonOperator"
        if operator is None:
            raise ValidationException(
                f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: "
                "Member must not be null"
            )
        if operator not in _FORMS:
            raise _no_choice(path, operator, tuple(_FORMS))
        values = values or []
        if not isinstance(values, list) or (
            not values if operator == "IN" else len(values) != _COUNTS.get(operator, 1)
        ):
            raise ValidationException(f"{INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator")
        placeholders = [self._value(value) for value in values]
        for type_ in map(_type, values):
            if type_ not in _TYPES.get(operator, (type_,)):
                raise ValidationException(
                    f"{INVALID}ComparisonOperator {operator} is not valid for {type_} AttributeValue type"
                )
        if operator == "IN":
            placeholders = [", ".join(placeholders)]
        return _FORMS[operator].format(self._name(attribute), *placeholders)


def _expected(attribute: str, condition: Mapping[str, JSON]) -> tuple[str, list[JSON]]:
    """Give the operator and the values of a condition of ``Expected``, in either of its forms."""
    operator, values = condition.get("ComparisonOperator"), condition.get("AttributeValueList")
    value, exists = condition.get("Value"), condition.get("Exists")
    fault = None
    if operator is not None:
        if exists is not None:
            fault = "Exists and ComparisonOperator cannot be used together"
        elif value is not None and values is not None:
            fault = "Value and AttributeValueList cannot be used together"
    elif values is not None:
        fault = "AttributeValueList can only be used with a ComparisonOperator"
    elif exists is False and value is not None:
        fault = "Value cannot be used when Exists is false"
    elif exists is not False and value is None:
        fault = f"Value must be provided when Exists is {'null' if exists is None else 'true'}"
    if fault is not None:
        raise ValidationException(f"{INVALID}{fault} for Attribute: {attribute}")
    if operator is None:
        return ("NULL", []) if exists is False else ("EQ", [value])
    return str(operator), (values or []) if value is None else [value]


def _check_operator(filters: Mapping[str, JSON]) -> None:
    if not filters:
        raise ValidationException(f"{INVALID}ConditionalOperator cannot be used without Filter or Expected")
    if sum(map(len, filters.values())) < 2:
        raise ValidationException(
            f"{INVALID}ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )


def _structure(value: JSON) -> Mapping[str, JSON]:
    structure: Mapping[str, JSON] = checked(value, _STRUCTURE)
    return structure


_STRUCTURE = {
    "Action": str,
    "AttributeValueList": [None],
    "ComparisonOperator": str,
    "Exists": bool,
    "Value": None,
}
"""The members of a condition or an update; what stands under an attribute's name is one."""


def _type(value: JSON) -> str:
    return str(next(iter(value)))


def _no_choice(path: str, value: JSON, choices: Sequence[str]) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(choices)}]"
    )
