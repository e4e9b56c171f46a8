"""
Update expressions: what changes in an item.

Every value is worked out from the item as it was before the update; then the changes are made. Elements are removed
from lists last and from the end, so that indices are those of before.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import field
from functools import lru_cache

from pizzabar.dynamodb import numbers
from pizzabar.dynamodb.document_paths import Path, PathsCollide, PathTree, find, path_tree
from pizzabar.dynamodb.expression_parser import (
    Expression,
    FunctionOperand,
    Operand,
    Parser,
    PathOperand,
    Rank,
    ValueOperand,
    Values,
)
from pizzabar.dynamodb.values import TYPE_NAMES, AttributeValue, Item, sort_set, type_of
from pizzabar.errors import ValidationException
from pizzabar.record import record

PARAMETER = "UpdateExpression"

_SETS = frozenset({"SS", "NS", "BS"})
_NUMBER = frozenset({"N"})
_LIST = frozenset({"L"})


@record
class Update:
    """The clauses of an update expression."""

    sets: tuple[tuple[Path, Operand], ...] = ()
    removes: tuple[Path, ...] = ()
    adds: tuple[tuple[Path, str], ...] = ()
    deletes: tuple[tuple[Path, str], ...] = ()
    paths: PathTree = field(default_factory=dict)
    """Every path it touches."""
    attributes: tuple[str, ...] = ()
    """The top-level attributes among them."""

    @property
    def makes_an_item(self) -> bool:
        """Whether there is an item after it where there was none."""
        return bool(self.sets or self.adds or not (self.removes or self.deletes))

    def apply(self, item: Item, values: Values) -> None:
        """Change an item in place. Raise ``ValidationException`` when it does not fit the item."""
        assigned = [(path, _required(operand, item, values)) for path, operand in self.sets]
        if len(assigned) > 1:
            # Elements behind the end of a list are appended in order of their indices.
            assigned.sort(key=_index)
        assigned += [(path, _added(find(item, path), values[placeholder])) for path, placeholder in self.adds]
        removed = list(self.removes)
        for path, placeholder in self.deletes:
            if (old := find(item, path)) is not None:
                rest = _without(old, values[placeholder])
                if rest is None:
                    removed.append(path)
                else:
                    assigned.append((path, rest))
        for path in removed:
            _check_parent(item, path)
        for path, value in assigned:
            _assign(item, path, value)
        # The tail of a list first. Paths do not conflict, so the parts compared are of one type.
        removed.sort(reverse=True)
        for path in removed:
            _remove(item, path)


NO_UPDATE = Update()


@lru_cache(maxsize=1024)
def parse_update(text: str, names: tuple[tuple[str, str], ...]) -> Expression[Update]:
    """Read an update expression. Raise ``ValidationException`` when it is none."""
    parser = _UpdateParser(PARAMETER, text, dict(names))
    return parser.finish(parser.update())


def _index(assignment: tuple[Path, AttributeValue]) -> int:
    last = assignment[0][-1]
    return last if isinstance(last, int) else -1


def _required(operand: Operand, item: Item, values: Values) -> AttributeValue:
    value = operand.value(item, values)
    if value is None:
        raise ValidationException("The provided expression refers to an attribute that does not exist in the item")
    if not isinstance(operand, ValueOperand) and ("M" in value or "L" in value):
        # What is copied from elsewhere in the item must not change along with it.
        return deepcopy(value)
    return value


def _wrong_type() -> ValidationException:
    return ValidationException("An operand in the update expression has an incorrect data type")


def _wrong_path() -> ValidationException:
    return ValidationException("The document path provided in the update expression is invalid for update")


def _arithmetic(calculate: Callable[[str, str], str]) -> Callable[..., AttributeValue | None]:
    def apply(left: AttributeValue | None, right: AttributeValue | None) -> AttributeValue | None:
        if left is None or right is None:
            return None
        if "N" not in left or "N" not in right:
            raise _wrong_type()
        return {"N": calculate(left["N"], right["N"])}

    return apply


ARITHMETIC = {"+": _arithmetic(numbers.add), "-": _arithmetic(numbers.subtract)}


def _list_append(left: AttributeValue | None, right: AttributeValue | None) -> AttributeValue | None:
    if left is None or right is None:
        return None
    if "L" not in left or "L" not in right:
        raise _wrong_type()
    return {"L": left["L"] + right["L"]}


def _if_not_exists(value: AttributeValue | None, default: AttributeValue | None) -> AttributeValue | None:
    return default if value is None else value


FUNCTIONS: dict[str, Callable[..., AttributeValue | None]] = {
    "if_not_exists": _if_not_exists,
    "list_append": _list_append,
}


def _added(old: AttributeValue | None, operand: AttributeValue) -> AttributeValue:
    if old is None:
        return operand
    if old.keys() != operand.keys():
        raise _wrong_type()
    kind = type_of(old)
    if kind == "N":
        return {"N": numbers.add(old["N"], operand["N"])}
    return {kind: sort_set(kind, {*old[kind], *operand[kind]})}


def _without(old: AttributeValue, operand: AttributeValue) -> AttributeValue | None:
    if old.keys() != operand.keys():
        raise _wrong_type()
    kind = type_of(old)
    gone = frozenset(operand[kind])
    rest = [member for member in old[kind] if member not in gone]
    return {kind: rest} if rest else None


def _check_parent(item: Item, path: Path) -> None:
    if len(path) > 1:
        parent = find(item, path[:-1])
        if parent is None or ("L" if isinstance(path[-1], int) else "M") not in parent:
            raise _wrong_path()


def _assign(item: Item, path: Path, value: AttributeValue) -> None:
    if len(path) == 1:
        item[path[0]] = value  # type: ignore[index]
        return
    _check_parent(item, path)
    parent, last = find(item, path[:-1]), path[-1]
    assert parent is not None
    if isinstance(last, int):
        elements = parent["L"]
        if last < len(elements):
            elements[last] = value
        else:
            elements.append(value)
    else:
        parent["M"][last] = value


def _remove(item: Item, path: Path) -> None:
    if len(path) == 1:
        item.pop(path[0], None)  # type: ignore[arg-type]
        return
    parent, last = find(item, path[:-1]), path[-1]
    assert parent is not None
    if not isinstance(last, int):
        parent["M"].pop(last, None)
    elif last < len(parent["L"]):
        del parent["L"][last]


class _UpdateParser(Parser):
    functions = frozenset(FUNCTIONS)
    language = "an update expression"

    def update(self) -> Update:
        """Read the clauses, each of which may come once."""
        sets: list[tuple[Path, Operand]] = []
        removes: list[Path] = []
        adds: list[tuple[Path, str]] = []
        deletes: list[tuple[Path, str]] = []
        clauses: dict[str, Callable[[], None]] = {
            "SET": lambda: sets.append(self._set()),
            "REMOVE": lambda: removes.append(self.path()),
            "ADD": lambda: adds.append(self._add_or_delete("ADD", _SETS | _NUMBER)),
            "DELETE": lambda: deletes.append(self._add_or_delete("DELETE", _SETS)),
        }
        seen = set()
        while self.token.kind != "end":
            clause = next((word for word in clauses if self.take_keyword(word)), None)
            if clause is None:
                self.fail()
            if clause in seen:
                self.fault(
                    Rank.PARENTHESES,
                    f'The "{clause}" section can only be used once in an update expression;',
                )
            seen.add(clause)
            clauses[clause]()
            while self.take(","):
                clauses[clause]()
        paths = [path for path, _ in sets] + removes + [path for path, _ in (*adds, *deletes)]
        tree: PathTree = {}
        try:
            tree = path_tree(paths)
        except PathsCollide as collision:
            self.fault(Rank.PATHS, str(collision))
        return Update(
            tuple(sets), tuple(removes), tuple(adds), tuple(deletes), tree, tuple(str(part) for part in tree)
        )

    def _set(self) -> tuple[Path, Operand]:
        path = self.path()
        self.expect("=")
        return path, self._value()

    def _value(self) -> Operand:
        """Read an operand, or two with + or - between them."""
        left = self.parenthesised(self._value) if self.token.text == "(" else self._operand()
        operator = self.token.text
        if operator not in ARITHMETIC:
            return left
        self.position += 1
        self.count_operator()
        right = self._operand()
        for operand in (left, right):
            self.require_type(operator, operand, _NUMBER)
            if isinstance(operand, FunctionOperand) and operand.name == "list_append":
                self.misused(operand.name)
        return FunctionOperand(operator, ARITHMETIC[operator], (left, right))

    def _operand(self) -> Operand:
        if self.token.text == "(":
            return self.parenthesised(self._operand)
        if self.token.kind == "value":
            return ValueOperand(self.value_placeholder())
        if self.is_function():
            return self._function()
        return PathOperand(self.path())

    def _function(self) -> Operand:
        name = self.function_name()
        operands = self.arguments(name, 2, self._operand)
        apply = FUNCTIONS.get(name)
        if apply is None or len(operands) != 2:
            # Noted as a fault already.
            return operands[0]
        if name == "if_not_exists":
            self.require_path(name, operands[0])
        for operand in operands:
            if name == "list_append":
                self.require_type(name, operand, _LIST)
            if isinstance(operand, FunctionOperand) and operand.name == "list_append":
                self.misused("list_append")
        return FunctionOperand(name, apply, tuple(operands))

    def _add_or_delete(self, clause: str, kinds: frozenset[str]) -> tuple[Path, str]:
        path = self.path()
        placeholder = self.value_placeholder()

        def check(values: Values) -> str | None:
            kind = type_of(values[placeholder])
            if kind in kinds:
                return None
            return (
                f"Incorrect operand type for operator or function; operator: {clause}, "
                f"operand type: {TYPE_NAMES[kind]}, typeSet: ALLOWED_FOR_{clause}_OPERAND"
            )

        self.checks.append(check)
        return path, placeholder
