"""
Conditions of policy statements.

Pure. All conditions of a statement must hold; of the values of one, any (of a negated operator: none). A key that a
request does not have fails a condition, unless its operator is negated or ends in ``IfExists``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.iam.patterns import Keys, matches, matches_arn, substituted
from pizzabar.record import record

Compare = Callable[[str, str, Keys], bool]
"""Whether a value of a request is as one of the policy says."""


def _equals(wanted: str, value: str, keys: Keys) -> bool:
    return substituted(wanted, keys) == value


def _equals_ignoring_case(wanted: str, value: str, keys: Keys) -> bool:
    text = substituted(wanted, keys)
    return text is not None and text.lower() == value.lower()


def _number(text: str) -> float:
    return float(text)


def _date(text: str) -> float:
    """Read a date of ISO 8601, or seconds since the epoch. Raise ``ValueError``."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()


def _boolean(text: str) -> float:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return float(text.lower() == "true")


def _compared(read: Callable[[str], float], is_so: Callable[[float, float], bool]) -> Compare:
    def compare(wanted: str, value: str, keys: Keys) -> bool:
        try:
            return is_so(read(value), read(wanted))
        except ValueError:
            return False

    return compare


def _is_in_network(wanted: str, value: str, keys: Keys) -> bool:
    # Imported here: few policies are about addresses, and every start would pay for it.
    from ipaddress import ip_address

    try:
        return ip_address(value) in _network(wanted)
    except ValueError:
        return False


def _network(text: str) -> Any:
    from ipaddress import ip_network

    return ip_network(text, strict=False)


@record
class Operator:
    """A condition operator: how values are compared, and which a policy may have."""

    compare: Compare
    is_negated: bool = False
    read: Callable[[str], object] = str
    """Raises ``ValueError`` for a value that a policy may not have."""


def _ordered(prefix: str, read: Callable[[str], float]) -> Iterator[tuple[str, Operator]]:
    yield f"{prefix}Equals", Operator(_compared(read, lambda value, wanted: value == wanted), read=read)
    yield f"{prefix}NotEquals", Operator(_compared(read, lambda value, wanted: value == wanted), True, read)
    yield f"{prefix}LessThan", Operator(_compared(read, lambda value, wanted: value < wanted), read=read)
    yield f"{prefix}LessThanEquals", Operator(_compared(read, lambda value, wanted: value <= wanted), read=read)
    yield f"{prefix}GreaterThan", Operator(_compared(read, lambda value, wanted: value > wanted), read=read)
    yield f"{prefix}GreaterThanEquals", Operator(_compared(read, lambda value, wanted: value >= wanted), read=read)


OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(_equals),
    "StringNotEquals": Operator(_equals, is_negated=True),
    "StringEqualsIgnoreCase": Operator(_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_equals_ignoring_case, is_negated=True),
    "StringLike": Operator(matches),
    "StringNotLike": Operator(matches, is_negated=True),
    **dict(_ordered("Numeric", _number)),
    **dict(_ordered("Date", _date)),
    "Bool": Operator(_compared(_boolean, lambda value, wanted: value == wanted), read=_boolean),
    "BinaryEquals": Operator(_equals),
    "IpAddress": Operator(_is_in_network, read=_network),
    "NotIpAddress": Operator(_is_in_network, True, _network),
    # ArnEquals takes wildcards just as ArnLike does.
    "ArnEquals": Operator(matches_arn),
    "ArnLike": Operator(matches_arn),
    "ArnNotEquals": Operator(matches_arn, is_negated=True),
    "ArnNotLike": Operator(matches_arn, is_negated=True),
}
"""The operators by name; ``Null`` compares nothing, and is not among them."""

_NAME = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")


@record
class Condition:
    """What a statement asks of one condition key."""

    text: str
    """The operator as it is written."""
    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str | None = None
    if_exists: bool = False

    def holds(self, keys: Keys) -> bool:
        """Whether a request's keys are as the condition says."""
        values = keys.get(self.key)
        if self.operator == "Null":
            return any((wanted.lower() == "true") is (values is None) for wanted in self.values)
        operator = OPERATORS[self.operator]
        if values is None:
            if self.quantifier is not None:
                # All of no values are as they should be, and none is.
                return self.if_exists or self.quantifier == "ForAllValues"
            return self.if_exists or operator.is_negated

        def fits(value: str) -> bool:
            return any(operator.compare(wanted, value, keys) for wanted in self.values) is not operator.is_negated

        if self.quantifier == "ForAllValues" or (self.quantifier is None and operator.is_negated):
            return all(map(fits, values))
        return any(map(fits, values))


def read_conditions(block: JSON, faults: list[Fault], path: tuple[str | int, ...]) -> tuple[Condition, ...]:
    """Read the Condition of a statement; what is wrong in it is added to ``faults``."""
    if not isinstance(block, dict):
        faults.append(Fault(path, "a Condition is an object of operators"))
        return ()
    conditions = []
    for text, members in block.items():
        name = _NAME.fullmatch(text)
        operator = "" if name is None else name[2]
        if name is None or (operator not in OPERATORS and (operator != "Null" or name[3])):
            faults.append(Fault((*path, text), f"there is no condition operator {text}"))
            continue
        if not isinstance(members, dict):
            faults.append(Fault((*path, text), f"{text} has values by condition keys"))
            continue
        for key, given in members.items():
            values = _values(given)
            if values is None or not all(_is_readable(operator, value) for value in values):
                faults.append(Fault((*path, text, key), f"{text} cannot compare with {given}"))
                continue
            conditions.append(Condition(text, operator, key, values, name[1], name[3] is not None))
    return tuple(conditions)


def _values(given: JSON) -> tuple[str, ...] | None:
    values = given if isinstance(given, list) else [given]
    if not all(isinstance(value, str | int | float | bool) for value in values):
        return None
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def _is_readable(operator: str, value: str) -> bool:
    try:
        (_boolean if operator == "Null" else OPERATORS[operator].read)(value)
    except ValueError:
        return False
    return True
