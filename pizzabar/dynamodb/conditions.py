"""
Condition and filter expressions: whether an item is as it should be.

A condition that names what the item does not have does not hold, unless it asks for just that; of two operands
of different types neither is greater.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache

from pizzabar.documents import JSON
from pizzabar.dynamodb.expression_parser import (
    Expression,
    FunctionOperand,
    Operand,
    Parser,
    PathOperand,
    Rank,
    ValueOperand,
    Values,
    operand_type,
)
from pizzabar.dynamodb.values import TYPE_NAMES, AttributeValue, Item, orderable, type_of
from pizzabar.record import record

MAX_IN_OPERANDS = 100
ORDERED_TYPES = frozenset({"S", "N", "B"})
_PREFIXED_TYPES = frozenset({"S", "B"})
_CONTAINERS = frozenset({"S", "B", "SS", "NS", "BS", "L"})
_SIZED_TYPES = _CONTAINERS | {"M"}

Value = AttributeValue | None


@record
class Comparison:
    """Two operands and what must be true of them."""

    operator: str
    left: Operand
    right: Operand

    def holds(self, item: Item, values: Values) -> bool:
        return COMPARATORS[self.operator](self.left.value(item, values), self.right.value(item, values))


@record
class Between:
    """An operand that lies within bounds, which belong to the range."""

    operand: Operand
    lower: Operand
    upper: Operand

    def holds(self, item: Item, values: Values) -> bool:
        value = self.operand.value(item, values)
        at_least, at_most = COMPARATORS[">="], COMPARATORS["<="]
        return at_least(value, self.lower.value(item, values)) and at_most(value, self.upper.value(item, values))


@record
class In:
    """An operand that equals one of a list."""

    operand: Operand
    choices: tuple[Operand, ...]

    def holds(self, item: Item, values: Values) -> bool:
        value = self.operand.value(item, values)
        return value is not None and any(choice.value(item, values) == value for choice in self.choices)


@record
class FunctionCondition:
    """A function that is true or false."""

    name: str
    operands: tuple[Operand, ...]

    def holds(self, item: Item, values: Values) -> bool:
        return _CONDITIONS[self.name](*[operand.value(item, values) for operand in self.operands])


@record
class Not:
    """A condition that must not hold."""

    condition: "Condition"

    def holds(self, item: Item, values: Values) -> bool:
        return not self.condition.holds(item, values)


@record
class And:
    """Conditions that must all hold."""

    conditions: tuple["Condition", ...]

    def holds(self, item: Item, values: Values) -> bool:
        for condition in self.conditions:  # noqa: SIM110 - a loop costs half of what all() does
            if not condition.holds(item, values):
                return False
        return True


@record
class Or:
    """Conditions of which one must hold."""

    conditions: tuple["Condition", ...]

    def holds(self, item: Item, values: Values) -> bool:
        for condition in self.conditions:  # noqa: SIM110 - a loop costs half of what any() does
            if condition.holds(item, values):
                return True
        return False


Condition = Comparison | Between | In | FunctionCondition | Not | And | Or


@lru_cache(maxsize=1024)
def parse_condition(parameter: str, text: str, names: tuple[tuple[str, str], ...]) -> Expression[Condition]:
    """Read a condition, key condition or filter expression. Raise ``ValidationException`` when it is none.

    ``names`` are the expression attribute names of the request.
    """
    parser = _ConditionParser(parameter, text, dict(names))
    return parser.finish(parser.condition())


def _orders(compare: Callable[[JSON, JSON], bool]) -> Callable[[Value, Value], bool]:
    def holds(left: Value, right: Value) -> bool:
        if left is None or right is None or left.keys() != right.keys():
            return False
        mine = orderable(left)
        return mine is not None and compare(mine, orderable(right))

    return holds


# Missing operands: nothing equals them, and everything differs from them.
COMPARATORS: dict[str, Callable[[Value, Value], bool]] = {
    "=": lambda left, right: left is not None and left == right,
    "<>": lambda left, right: left is None or left != right,
    "<": _orders(lambda left, right: bool(left < right)),
    "<=": _orders(lambda left, right: bool(left <= right)),
    ">": _orders(lambda left, right: bool(left > right)),
    ">=": _orders(lambda left, right: bool(left >= right)),
}


def _begins_with(value: Value, prefix: Value) -> bool:
    if value is None or prefix is None or value.keys() != prefix.keys() or type_of(value) not in _PREFIXED_TYPES:
        return False
    return bool(orderable(value).startswith(orderable(prefix)))


def _contains(value: Value, member: Value) -> bool:
    if value is None or member is None:
        return False
    kind, content = next(iter(value.items()))
    match kind:
        case "L":
            return member in content
        case "S":
            return "S" in member and member["S"] in content
        case "B":
            return "B" in member and b64decode(member["B"]) in b64decode(content)
        case "SS" | "NS" | "BS":
            return kind[0] in member and member[kind[0]] in content
        case _:
            return False


def length_of(value: Value) -> Value:
    if value is None or (kind := type_of(value)) not in _SIZED_TYPES:
        return None
    return {"N": str(len(b64decode(value["B"]) if kind == "B" else value[kind]))}


_CONDITIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda value: value is not None,
    "attribute_not_exists": lambda value: value is None,
    "attribute_type": lambda value, kind: value is not None and kind is not None and type_of(value) == kind.get("S"),
    "begins_with": _begins_with,
    "contains": _contains,
}
_OPERAND_COUNTS = {"attribute_exists": 1, "attribute_not_exists": 1, "size": 1}
_OF_A_PATH = frozenset({"attribute_exists", "attribute_not_exists", "attribute_type"})


class _ConditionParser(Parser):
    functions = frozenset({*_CONDITIONS, "size"})

    def condition(self) -> Condition:
        """Read a whole condition."""
        found = self._disjunction()
        return self._refuse(found) if isinstance(found, Operand) else found

    def _disjunction(self) -> Condition | Operand:
        """Read conditions joined by OR, or what may stand in parentheses: an operand."""
        # NOT binds closer than AND, and AND closer than OR: one loop within another.
        alternatives: list[Condition] = []
        while True:
            conjunction: list[Condition] = []
            while True:
                negations = 0
                while self.take_keyword("NOT"):
                    self.count_operator()
                    negations += 1
                predicate = self._predicate()
                if isinstance(predicate, Operand):
                    alone = not (alternatives or conjunction or negations)
                    if alone and self.token.text == ")":
                        return predicate
                    predicate = self._refuse(predicate)
                conjunction.append(Not(predicate) if negations % 2 else predicate)
                if not self.take_keyword("AND"):
                    break
                self.count_operator()
            alternatives.append(conjunction[0] if len(conjunction) == 1 else And(tuple(conjunction)))
            if not self.take_keyword("OR"):
                break
            self.count_operator()
        return alternatives[0] if len(alternatives) == 1 else Or(tuple(alternatives))

    def _predicate(self) -> Condition | Operand:
        start = self.position
        left = self.parenthesised(self._disjunction) if self.token.text == "(" else self._term()
        operator = self.token.text
        if operator in COMPARATORS:
            self.position += 1
            self.count_operator()
            return self._comparison(operator, self._as_operand(left, start), self._operand())
        if self.take_keyword("BETWEEN"):
            self.count_operator()
            return self._between(self._as_operand(left, start))
        if self.take_keyword("IN"):
            self.count_operator()
            return self._in(self._as_operand(left, start))
        return left

    def _term(self) -> Condition | Operand:
        if not self.is_function():
            if self.token.kind == "value":
                return ValueOperand(self.value_placeholder())
            return PathOperand(self.path())
        name = self.function_name()
        operands = self.arguments(name, _OPERAND_COUNTS.get(name, 2), self._operand)
        if name in _OF_A_PATH:
            self.require_path(name, operands[0])
        if name == "size":
            self.require_type(name, operands[0], _SIZED_TYPES)
            return FunctionOperand(name, length_of, tuple(operands))
        if name == "attribute_type" and len(operands) == 2:
            self._require_type_name(operands[1])
        if name in ("begins_with", "contains"):
            self.require_distinct(name, operands)
            taken = operands if name == "begins_with" else operands[:1]
            for operand in taken:
                self.require_type(name, operand, _PREFIXED_TYPES if name == "begins_with" else _CONTAINERS)
        return FunctionCondition(name, tuple(operands))

    def _operand(self) -> Operand:
        start = self.position
        found = self.parenthesised(self._disjunction) if self.token.text == "(" else self._term()
        return self._as_operand(found, start)

    def _as_operand(self, found: Condition | Operand, start: int) -> Operand:
        if isinstance(found, Operand):
            return found
        if not isinstance(found, FunctionCondition):
            # A condition in parentheses, where a value belongs.
            self.fail(start)
        self.misused(found.name)
        return found.operands[0]

    def _refuse(self, operand: Operand) -> Condition:
        """Refuse an operand where a condition belongs."""
        if not isinstance(operand, FunctionOperand):
            self.fail()
        self.misused(operand.name)
        return FunctionCondition(operand.name, operand.operands)

    def _comparison(self, operator: str, left: Operand, right: Operand) -> Comparison:
        if operator not in ("=", "<>"):
            self.require_type(operator, left, ORDERED_TYPES)
            self.require_type(operator, right, ORDERED_TYPES)
        self.require_distinct(operator, [left, right])
        return Comparison(operator, left, right)

    def _between(self, operand: Operand) -> Between:
        lower = self._operand()
        if not self.take_keyword("AND"):
            self.fail()
        upper = self._operand()
        for bound in (operand, lower, upper):
            self.require_type("BETWEEN", bound, ORDERED_TYPES)
        self.require_distinct("BETWEEN", [operand, lower, upper])
        if isinstance(lower, ValueOperand) and isinstance(upper, ValueOperand):
            one, two = lower.placeholder, upper.placeholder
            self.checks.append(lambda values: _bounds_fault(values[one], values[two]))
        return Between(operand, lower, upper)

    def _in(self, operand: Operand) -> In:
        self.expect("(")
        choices = [self._operand()]
        while self.take(","):
            choices.append(self._operand())
        self.expect(")")
        if len(choices) > MAX_IN_OPERANDS:
            self.fault(
                Rank.OPERANDS,
                f"The IN operator is provided with too many operands; number of operands: {len(choices)}",
            )
        self.require_distinct("IN", [operand, *choices])
        return In(operand, tuple(choices))

    def _require_type_name(self, operand: Operand) -> None:
        if not isinstance(operand, ValueOperand):
            return
        placeholder = operand.placeholder

        def check(values: Values) -> str | None:
            wanted = values[placeholder]
            if "S" not in wanted:
                return operand_type("attribute_type", type_of(wanted))
            if wanted["S"] not in TYPE_NAMES:
                return (
                    f"Invalid attribute type name found; type: {wanted['S']}, "
                    "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
                )
            return None

        self.checks.append(check)


def _bounds_fault(lower: AttributeValue, upper: AttributeValue) -> str | None:
    if lower.keys() != upper.keys():
        wanted = "same data type for lower and upper bounds"
    elif orderable(lower) > orderable(upper):
        wanted = "upper bound to be greater than or equal to lower bound"
    else:
        return None
    return (
        f"The BETWEEN operator requires {wanted}; lower bound operand: AttributeValue: {_write(lower)}, "
        f"upper bound operand: AttributeValue: {_write(upper)}"
    )


def _write(value: AttributeValue) -> str:
    return ", ".join(f"{{{kind}:{content}}}" for kind, content in value.items())
