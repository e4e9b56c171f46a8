"""
PartiQL: the statements of DynamoDB's dialect, read to the conditions and updates that its expressions have.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""

import re
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from pizzabar.documents import JSON
from pizzabar.dynamodb import updates
from pizzabar.dynamodb.conditions import (
    And,
    Between,
    Comparison,
    Condition,
    FunctionCondition,
    In,
    Not,
    Or,
    length_of,
)
from pizzabar.dynamodb.document_paths import Path, PathsCollide, PathTree, path_tree
from pizzabar.dynamodb.expression_parser import FunctionOperand, Operand, PathOperand, ValueOperand, Values
from pizzabar.dynamodb.updates import Update
from pizzabar.dynamodb.values import AttributeValue, read_value, type_of
from pizzabar.errors import ValidationException
from pizzabar.record import record

T = TypeVar("T")

MAX_DEPTH = 100
"""Levels of parentheses and literals; AWS tells no limit of its own."""


@record
class Select:
    """What is wanted of a table or an index; without ``projection`` it is everything."""

    table: str
    index: str | None
    projection: PathTree | None
    condition: Condition | None
    order: tuple[tuple[str, bool], ...] = ()
    """Attributes to sort by, and whether forward."""


@record
class Insert:
    """An item to be put where none is."""

    table: str
    item: AttributeValue


@record
class Change:
    """An item to be updated, or deleted if ``update`` is None. ``returns`` is as ``ReturnValues`` has it."""

    table: str
    update: Update | None
    condition: Condition | None
    returns: str = "NONE"


@record
class Exists:
    """What must be there for a transaction to go on."""

    select: Select


Statement = Select | Insert | Change | Exists


@record
class Parsed:
    """A statement, and the values that its operands stand for."""

    statement: Statement
    values: Values


def parse_statement(text: str, parameters: Sequence[JSON] = ()) -> Parsed:
    """Read a statement, with the values of its question marks. Raise ``ValidationException``."""
    parser = _Parser(text, [read_value(value)[0] for value in parameters])
    return Parsed(parser.statement(), parser.values)


_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")+")|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)"""
    r"""|(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)|(?P<symbol><<|>>|<>|!=|<=|>=|[=<>()\[\]{},.:?*+;-])|(?P<other>\S))"""
)
_KEYWORDS = frozenset(
    {
        *(
            "SELECT",
            "FROM",
            "WHERE",
            "ORDER",
            "BY",
            "ASC",
            "DESC",
            "INSERT",
            "INTO",
            "VALUE",
            "UPDATE",
            "SET",
            "REMOVE",
        ),
        *("DELETE", "RETURNING", "AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "MISSING", "TRUE", "FALSE"),
    }
)
_RETURNS = {
    ("ALL", "OLD"): "ALL_OLD",
    ("MODIFIED", "OLD"): "UPDATED_OLD",
    ("ALL", "NEW"): "ALL_NEW",
    ("MODIFIED", "NEW"): "UPDATED_NEW",
}
_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_SET_FUNCTIONS = ("set_add", "set_delete")
_SETS = frozenset({"SS", "NS", "BS"})


@record
class _Token:
    kind: str
    text: str

    @property
    def keyword(self) -> str:
        """What it is as a keyword; a name in quotation marks is none."""
        return self.text.upper() if self.kind == "word" else ""


class _Parser:
    def __init__(self, text: str, parameters: list[AttributeValue]) -> None:
        self._tokens = [_Token(str(match.lastgroup), match[str(match.lastgroup)]) for match in _TOKEN.finditer(text)]
        self._tokens.append(_Token("end", "end of statement"))
        self._position = 0
        self._depth = 0
        self._parameters = parameters
        self._used = 0
        self.values: dict[str, AttributeValue] = {}

    # Statements.

    def statement(self) -> Statement:
        kinds: dict[str, Callable[[], Statement]] = {
            "SELECT": self._select,
            "INSERT": self._insert,
            "UPDATE": self._update,
            "DELETE": self._delete,
            "EXISTS": self._exists,
        }
        read = kinds.get(self._token.keyword)
        if read is None:
            self._fail(f"Unexpected {self._token.text}")
        statement = read()
        self._take(";")
        if self._token.kind != "end":
            self._fail(f"Unexpected {self._token.text}")
        if self._used < len(self._parameters):
            raise ValidationException("Number of parameters in request and statement don't match.")
        return statement

    def _select(self) -> Select:
        self._expect("SELECT")
        projection = None
        if not self._take("*"):
            projection = self._tree(self._several(self._path))
        self._expect("FROM")
        table = self._name()
        index = self._name() if self._take(".") else None
        condition = self._condition() if self._take("WHERE") else None
        order: list[tuple[str, bool]] = []
        if self._take("ORDER"):
            self._expect("BY")
            order = self._several(self._order)
        return Select(table, index, projection, condition, tuple(order))

    def _order(self) -> tuple[str, bool]:
        name = self._name()
        if self._take("DESC"):
            return name, False
        self._take("ASC")
        return name, True

    def _insert(self) -> Insert:
        self._expect("INSERT")
        self._expect("INTO")
        table = self._name()
        self._expect("VALUE")
        return Insert(table, self._literal())

    def _update(self) -> Change:
        self._expect("UPDATE")
        table = self._name()
        sets: list[tuple[Path, Operand]] = []
        removes: list[Path] = []
        adds: list[tuple[Path, str]] = []
        deletes: list[tuple[Path, str]] = []
        while True:
            if self._take("SET"):
                for path, operand in self._several(self._assignment):
                    if not isinstance(operand, FunctionOperand) or operand.name not in _SET_FUNCTIONS:
                        sets.append((path, operand))
                        continue
                    given = operand.operands[1]
                    assert isinstance(given, ValueOperand)
                    (adds if operand.name == "set_add" else deletes).append((path, given.placeholder))
            elif self._take("REMOVE"):
                removes += self._several(self._path)
            else:
                break
        paths = [*(path for path, _ in (*sets, *adds, *deletes)), *removes]
        if not paths:
            self._fail("Expected SET or REMOVE")
        tree = self._tree(paths)
        update = Update(
            tuple(sets), tuple(removes), tuple(adds), tuple(deletes), tree, tuple(str(path[0]) for path in paths)
        )
        self._expect("WHERE")
        return Change(table, update, self._condition(), self._returning())

    def _assignment(self) -> tuple[Path, Operand]:
        path = self._path()
        self._expect("=")
        operand = self._addend(path)
        while (sign := self._token.text) in updates.ARITHMETIC and self._token.kind == "symbol":
            self._position += 1
            operand = FunctionOperand(sign, updates.ARITHMETIC[sign], (operand, self._addend(path)))
        return path, operand

    def _addend(self, path: Path) -> Operand:
        name = self._token.text.lower()
        if self._token.kind == "word" and self._next.text == "(":
            if name in _SET_FUNCTIONS:
                first, second = self._arguments(2)
                value = self.values[second.placeholder] if isinstance(second, ValueOperand) else None
                if first != PathOperand(path) or value is None or type_of(value) not in _SETS:
                    self._fail(f"{name} takes the path that is set, and a set")
                return FunctionOperand(name, _unused, (first, second))
            if name in updates.FUNCTIONS:
                return FunctionOperand(name, updates.FUNCTIONS[name], self._arguments(2))
        return self._operand()

    def _delete(self) -> Change:
        self._expect("DELETE")
        self._expect("FROM")
        table = self._name()
        self._expect("WHERE")
        condition = self._condition()
        returns = self._returning()
        if returns not in ("NONE", "ALL_OLD"):
            self._fail("DELETE returns ALL OLD * alone")
        return Change(table, None, condition, returns)

    def _returning(self) -> str:
        if not self._take("RETURNING"):
            return "NONE"
        words = (self._token.keyword, self._next.keyword)
        if words not in _RETURNS:
            self._fail(f"Unexpected {self._token.text} {self._next.text}")
        self._position += 2
        self._expect("*")
        return _RETURNS[words]

    def _exists(self) -> Exists:
        self._expect("EXISTS")
        self._expect("(")
        select = self._select()
        self._expect(")")
        return Exists(select)

    # Conditions.

    def _condition(self) -> Condition:
        with_or = [self._conjunction()]
        while self._take("OR"):
            with_or.append(self._conjunction())
        return with_or[0] if len(with_or) == 1 else Or(tuple(with_or))

    def _conjunction(self) -> Condition:
        with_and = [self._negation()]
        while self._take("AND"):
            with_and.append(self._negation())
        return with_and[0] if len(with_and) == 1 else And(tuple(with_and))

    def _negation(self) -> Condition:
        self._deeper()
        try:
            if self._take("NOT"):
                return Not(self._negation())
            if self._token.text == "(" and self._token.kind == "symbol":
                self._position += 1
                condition = self._condition()
                self._expect(")")
                return condition
            return self._predicate()
        finally:
            self._depth -= 1

    def _predicate(self) -> Condition:
        name = self._token.text.lower()
        if self._token.kind == "word" and self._next.text == "(" and name in _PREDICATES:
            return FunctionCondition(name, self._arguments(2))
        left = self._operand()
        if self._take("IS"):
            return self._is(left)
        if self._take("BETWEEN"):
            lower = self._operand()
            self._expect("AND")
            return Between(left, lower, self._operand())
        is_not = self._take("NOT")
        if self._take("IN"):
            closing = {"[": "]", "(": ")"}.get(self._token.text)
            if closing is None:
                self._fail("Expected a list after IN")
            self._position += 1
            choices = self._several(self._operand)
            self._expect(closing)
            return Not(In(left, tuple(choices))) if is_not else In(left, tuple(choices))
        if is_not:
            self._fail(f"Unexpected {self._token.text}")
        operator = _COMPARISONS.get(self._token.text) if self._token.kind == "symbol" else None
        if operator is None:
            self._fail(f"Unexpected {self._token.text}")
        self._position += 1
        return Comparison(operator, left, self._operand())

    def _is(self, operand: Operand) -> Condition:
        is_not = self._take("NOT")
        condition: Condition
        if self._take("MISSING"):
            condition = FunctionCondition("attribute_not_exists", (operand,))
        elif self._take("NULL"):
            condition = FunctionCondition("attribute_type", (operand, self._value({"S": "NULL"})))
        else:
            self._fail(f"Unexpected {self._token.text}")
        return Not(condition) if is_not else condition

    def _operand(self) -> Operand:
        token = self._token
        if token.kind == "word" and token.text.lower() == "size" and self._next.text == "(":
            return FunctionOperand("size", length_of, self._arguments(1))
        if token.kind in ("word", "quoted") and token.keyword not in _KEYWORDS:
            return PathOperand(self._path())
        return self._value(self._literal())

    def _arguments(self, count: int) -> tuple[Operand, ...]:
        name = self._token.text
        self._position += 1
        self._expect("(")
        operands = self._several(self._operand)
        self._expect(")")
        if len(operands) != count:
            self._fail(f"{name} takes {count} arguments")
        return tuple(operands)

    # Paths and values.

    def _path(self) -> Path:
        path: list[str | int] = [self._name()]
        while True:
            if self._take("."):
                path.append(self._name())
            elif self._take("["):
                token = self._token
                if token.kind == "number" and token.text.isdigit():
                    path.append(int(token.text))
                elif token.kind == "string":
                    path.append(_unquote(token.text))
                else:
                    self._fail(f"Unexpected {token.text}")
                self._position += 1
                self._expect("]")
            else:
                return tuple(path)

    def _name(self) -> str:
        token = self._token
        if token.kind != "quoted" and (token.kind != "word" or token.keyword in _KEYWORDS):
            self._fail(f"Unexpected {token.text}")
        self._position += 1
        return _unquote(token.text) if token.kind == "quoted" else token.text

    def _value(self, value: AttributeValue) -> ValueOperand:
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return ValueOperand(placeholder)

    def _literal(self) -> AttributeValue:
        """Read a value, as it is kept."""
        self._deeper()
        try:
            token = self._token
            self._position += 1
            match token.kind, token.text:
                case "string", text:
                    return {"S": _unquote(text)}
                case "number", text:
                    return read_value({"N": text})[0]
                case "symbol", "-" if self._token.kind == "number":
                    self._position += 1
                    return read_value({"N": f"-{self._tokens[self._position - 1].text}"})[0]
                case "symbol", "?":
                    if self._used == len(self._parameters):
                        raise ValidationException("Number of parameters in request and statement don't match.")
                    self._used += 1
                    return self._parameters[self._used - 1]
                case "symbol", "[":
                    return {"L": self._members("]", self._literal)}
                case "symbol", "<<":
                    return self._set()
                case "symbol", "{":
                    return {"M": dict(self._members("}", self._member))}
            match token.keyword:
                case "TRUE" | "FALSE":
                    return {"BOOL": token.keyword == "TRUE"}
                case "NULL":
                    return {"NULL": True}
            self._position -= 1
            self._fail(f"Unexpected {token.text}")
        finally:
            self._depth -= 1

    def _member(self) -> tuple[str, AttributeValue]:
        name = self._token
        if name.kind not in ("string", "quoted"):
            self._fail(f"Unexpected {name.text}")
        self._position += 1
        self._expect(":")
        return _unquote(name.text), self._literal()

    def _set(self) -> AttributeValue:
        members = self._members(">>", self._literal)
        kinds = {type_of(member) for member in members}
        if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
            self._fail("A set has one or more strings, numbers or binary values, all of one type")
        [kind] = kinds
        return read_value({f"{kind}S": [member[kind] for member in members]})[0]

    def _members(self, closing: str, read: Callable[[], T]) -> list[T]:
        if self._take(closing):
            return []
        members = self._several(read)
        self._expect(closing)
        return members

    def _several(self, read: Callable[[], T]) -> list[T]:
        found = [read()]
        while self._take(","):
            found.append(read())
        return found

    def _tree(self, paths: list[Path]) -> PathTree:
        try:
            return path_tree(paths)
        except PathsCollide as error:
            raise ValidationException(str(error)) from None

    # Tokens.

    @property
    def _token(self) -> _Token:
        return self._tokens[self._position]

    @property
    def _next(self) -> _Token:
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def _take(self, text: str) -> bool:
        """Go behind a symbol or keyword, if it is there."""
        token = self._token
        if token.keyword == text or (token.kind == "symbol" and token.text == text):
            self._position += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._fail(f"Expected {text}, but found {self._token.text}")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} levels")

    def _fail(self, reason: str) -> NoReturn:
        raise ValidationException(f"Statement wasn't well formed, can't be processed: {reason}")


_PREDICATES = frozenset({"begins_with", "contains", "attribute_type"})


def _unquote(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def _unused(*values: AttributeValue | None) -> NoReturn:
    raise AssertionError("what changes a set is a clause of its own")
