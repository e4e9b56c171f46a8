"""
What the expression languages have in common: tokens, document paths, placeholders, functions and their faults.

Parsing goes on past whatever is wrong but the syntax, so that the fault told is the one DynamoDB tells: they are
ranked by ``Rank``. What depends on the values that come with a request is left as checks.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Generic, NoReturn, TypeVar

from pizzabar.dynamodb.document_paths import Path, find, write_path
from pizzabar.dynamodb.reserved import RESERVED_WORDS
from pizzabar.dynamodb.values import AttributeValue, Item, type_of, utf8_length
from pizzabar.errors import ValidationException
from pizzabar.record import record

T = TypeVar("T")
Values = Mapping[str, AttributeValue]
Check = Callable[[Values], str | None]
"""What looks at the values of a request; it answers with what is wrong."""

MAX_EXPRESSION_SIZE = 4096
MAX_OPERATORS = 300
MAX_PATH_DEPTH = 32
MAX_LIST_INDEX = 2**31 - 1
# Every level costs the parser two calls of Python's stack. AWS has no such limit of its own, but each level needs an
# operator not to be redundant, and of those it allows 300.
_MAX_PARENTHESES = 150

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<attribute>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)|(?P<symbol><>|<=|>=|[=<>()\[\],.+-])|(?P<other>\S))",
    re.ASCII,
)


class Rank(IntEnum):
    """Which of several faults is told."""

    PARENTHESES = 0
    FUNCTION_NAME = 1
    MISUSED_FUNCTION = 2
    RESERVED_WORD = 3
    UNDEFINED_NAME = 4
    UNDEFINED_VALUE = 5
    LIMIT = 6
    OPERANDS = 7
    PATHS = 8
    DISTINCT = 9


@record
class Token:
    """A piece of an expression; the last one is the end, ``<EOF>``."""

    kind: str
    text: str
    start: int
    end: int


@record
class PathOperand:
    """The value at a document path."""

    path: Path

    def value(self, item: Item, values: Values) -> AttributeValue | None:
        return find(item, self.path)


@record
class ValueOperand:
    """A value of the request."""

    placeholder: str

    def value(self, item: Item, values: Values) -> AttributeValue | None:
        return values[self.placeholder]


@record
class FunctionOperand:
    """A function whose result is a value."""

    name: str
    apply: Callable[..., AttributeValue | None]
    operands: tuple["Operand", ...]

    def value(self, item: Item, values: Values) -> AttributeValue | None:
        return self.apply(*[operand.value(item, values) for operand in self.operands])


Operand = PathOperand | ValueOperand | FunctionOperand


@record
class Expression(Generic[T]):
    """An expression that was read: its meaning, and what it needs of the request."""

    parameter: str
    meaning: T
    names: frozenset[str]
    values: frozenset[str]
    attributes: frozenset[str]
    """The top-level attributes that it speaks of."""
    checks: tuple[Check, ...]

    def check(self, values: Values) -> None:
        """Raise ``ValidationException`` when a value is not defined, or not of a type that fits."""
        if not values.keys() >= self.values:
            missing = min(self.values - values.keys())
            raise invalid(
                self.parameter,
                f"An expression attribute value used in expression is not defined; attribute value: {missing}",
            )
        for check in self.checks:
            if (fault := check(values)) is not None:
                raise invalid(self.parameter, fault)


def invalid(parameter: str, fault: str) -> ValidationException:
    """Make the error of an expression."""
    return ValidationException(f"Invalid {parameter}: {fault}")


def operand_type(operator: str, kind: str) -> str:
    """Say that an operator does not take an operand of a type."""
    return f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"


class Parser:
    """Reads one expression; the languages build on it."""

    functions: frozenset[str] = frozenset()
    """The functions that the language has."""
    language: str = "a condition expression"

    def __init__(self, parameter: str, text: str, names: Mapping[str, str]) -> None:
        if not text.strip(" \t\r\n\f\v"):
            raise invalid(parameter, "The expression can not be empty;")
        if (size := utf8_length(text)) > MAX_EXPRESSION_SIZE:
            raise invalid(
                parameter, f"Expression size has exceeded the maximum allowed size; expression size: {size}"
            )
        self.parameter = parameter
        self.text = text
        self.names = names
        self.tokens = _tokenize(text)
        self.position = 0
        self.checks: list[Check] = []
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        self.attributes: set[str] = set()
        self._operators = 0
        self._parentheses = 0
        self._closed_by: dict[int, int] = {}
        self._faults: list[tuple[Rank, str]] = []

    def finish(self, meaning: T) -> Expression[T]:
        """End the expression: nothing may follow. Raise its first fault, if it has one."""
        if self.token.kind != "end":
            self.fail()
        if self._operators > MAX_OPERATORS:
            self.fault(Rank.LIMIT, _too_many_operators(self._operators))
        if self._faults:
            raise invalid(self.parameter, min(self._faults, key=lambda fault: fault[0])[1])
        return Expression(
            self.parameter,
            meaning,
            frozenset(self.used_names),
            frozenset(self.used_values),
            frozenset(self.attributes),
            tuple(self.checks),
        )

    # Tokens

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self.tokens[self.position]

    def take(self, symbol: str) -> bool:
        """Go past a symbol, if it is next."""
        if self.tokens[self.position].text != symbol:
            return False
        self.position += 1
        return True

    def take_keyword(self, word: str) -> bool:
        """Go past a keyword, in whatever case, if it is next."""
        token = self.tokens[self.position]
        if token.kind != "name" or token.text.upper() != word:
            return False
        self.position += 1
        return True

    def expect(self, symbol: str) -> None:
        """Go past a symbol that must be next."""
        if not self.take(symbol):
            self.fail()

    def fail(self, position: int | None = None) -> NoReturn:
        """Raise the error of a token that does not fit; of the next, if not told otherwise."""
        at = self.position if position is None else position
        token = self.tokens[at]
        before = self.tokens[max(at - 1, 0)]
        after = self.tokens[min(at + 1, len(self.tokens) - 1)]
        near = self.text[before.start : after.end]
        raise invalid(self.parameter, f'Syntax error; token: "{token.text}", near: "{near}"')

    def fault(self, rank: Rank, message: str) -> None:
        """Note a fault that does not keep the parser from going on."""
        self._faults.append((rank, message))

    def count_operator(self) -> None:
        """Count an operator or function."""
        self._operators += 1

    # Paths, values, parentheses, functions

    def path(self) -> Path:
        """Read a document path."""
        parts: list[str | int] = [self._path_name()]
        while True:
            if self.take("."):
                parts.append(self._path_name())
            elif self.take("["):
                if self.token.kind != "number":
                    self.fail()
                parts.append(self._list_index())
                self.position += 1
                self.expect("]")
            else:
                break
        if len(parts) > MAX_PATH_DEPTH:
            self.fault(
                Rank.LIMIT,
                f"The document path has too many nesting elements; nesting levels: {len(parts)}",
            )
        self.attributes.add(str(parts[0]))
        return tuple(parts)

    def value_placeholder(self) -> str:
        """Read a placeholder of a value."""
        token = self.token
        if token.kind != "value":
            self.fail()
        self.position += 1
        self.used_values.add(token.text)
        return token.text

    def parenthesised(self, read: Callable[[], T]) -> T:
        """Read what stands in parentheses, which may not stand around parentheses again."""
        opening = self.position
        self.expect("(")
        self._enter()
        inner = read()
        closing = self.position
        self.expect(")")
        self._parentheses -= 1
        self._closed_by[opening] = closing
        if self._closed_by.get(opening + 1) == closing - 1:
            self.fault(Rank.PARENTHESES, "The expression has redundant parentheses;")
        return inner

    def arguments(self, name: str, count: int, read: Callable[[], T]) -> list[T]:
        """Read the arguments of a function, behind its name."""
        self.expect("(")
        self._enter()
        self.count_operator()
        found = [read()]
        while self.take(","):
            found.append(read())
        self.expect(")")
        self._parentheses -= 1
        if len(found) != count and name in self.functions:
            self.fault(
                Rank.OPERANDS,
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(found)}",
            )
        return found

    def is_function(self) -> bool:
        """Whether a name with a parenthesis is next."""
        return self.token.kind == "name" and self.tokens[self.position + 1].text == "("

    def function_name(self) -> str:
        """Read the name of a function, which must be one of the language's."""
        name = self.token.text
        self.position += 1
        if name not in _FUNCTIONS:
            self.fault(Rank.FUNCTION_NAME, f"Invalid function name; function: {name}")
        elif name not in self.functions:
            self.fault(Rank.MISUSED_FUNCTION, f"The function is not allowed in {self.language}; function: {name}")
        return name

    def misused(self, name: str) -> None:
        """Note a function that stands where it may not."""
        self.fault(
            Rank.MISUSED_FUNCTION,
            f"The function is not allowed to be used this way in an expression; function: {name}",
        )

    def require_path(self, name: str, operand: Operand) -> None:
        """Note a fault if the operand is no document path."""
        if not isinstance(operand, PathOperand):
            self.fault(
                Rank.OPERANDS,
                f"Operator or function requires a document path; operator or function: {name}",
            )

    def require_type(self, operator: str, operand: Operand, kinds: frozenset[str]) -> None:
        """Leave a check that an operand, if it is a value of the request, is of one of some types."""
        if not isinstance(operand, ValueOperand):
            return
        placeholder = operand.placeholder

        def check(values: Values) -> str | None:
            kind = type_of(values[placeholder])
            return None if kind in kinds else operand_type(operator, kind)

        self.checks.append(check)

    def require_distinct(self, operator: str, operands: list[Operand]) -> None:
        """Note a fault if a path is an operand again that is the first one already."""
        first = operands[0]
        if isinstance(first, PathOperand) and first in operands[1:]:
            self.fault(
                Rank.DISTINCT,
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {write_path(first.path)}",
            )

    def _enter(self) -> None:
        self._parentheses += 1
        if self._parentheses > _MAX_PARENTHESES:
            raise invalid(self.parameter, _too_many_operators(MAX_OPERATORS + 1))

    def _path_name(self) -> str:
        token = self.token
        if token.kind == "name":
            self.position += 1
            if token.text.upper() in RESERVED_WORDS:
                self.fault(
                    Rank.RESERVED_WORD,
                    f"Attribute name is a reserved keyword; reserved keyword: {token.text}",
                )
            return token.text
        if token.kind != "attribute":
            self.fail()
        self.position += 1
        self.used_names.add(token.text)
        name = self.names.get(token.text)
        if name is None:
            self.fault(
                Rank.UNDEFINED_NAME,
                "An expression attribute name used in the document path is not defined; "
                f"attribute name: {token.text}",
            )
            return token.text
        return name

    def _list_index(self) -> int:
        digits = self.token.text.lstrip("0") or "0"
        if len(digits) > 10 or int(digits) > MAX_LIST_INDEX:
            self.fault(Rank.LIMIT, f"List index is not within the allowable range; index: [{self.token.text}]")
            return 0
        return int(digits)


_FUNCTIONS = frozenset(
    {
        "attribute_exists",
        "attribute_not_exists",
        "attribute_type",
        "begins_with",
        "contains",
        "size",
        "if_not_exists",
        "list_append",
    }
)


def _too_many_operators(count: int) -> str:
    return f"The expression contains too many operators; operator count: {count}"


def _tokenize(text: str) -> list[Token]:
    tokens = []
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        kind = match.lastgroup or "other"
        tokens.append(Token(kind, match[kind], match.start(kind), match.end(kind)))
        position = match.end()
    tokens.append(Token("end", "<EOF>", len(text), len(text)))
    return tokens
