"""
The expressions of the Velocity Template Language: what stands in the parentheses of a directive, and the references.

Pure. The AWS pages do not name the version of the language: it is read as Velocity 1.7 does, and besides
that what later versions read (arithmetic among arguments, ``3 -5``, ``-$x``) and ``null``. The alternate values of
Velocity 2 (``${x|'d'}``) are a fault, as in 1.7.
https://velocity.apache.org/engine/1.7/vtl-reference.html
"""

import re
from collections.abc import Sequence

from pizzabar.apigateway.velocity_reader import Reader, SyntaxFault
from pizzabar.apigateway.velocity_syntax import (
    Binary,
    Expression,
    Index,
    Interpolated,
    ListLiteral,
    Literal,
    MapLiteral,
    Method,
    Node,
    Property,
    Range,
    Reference,
    Step,
    Text,
    Unary,
)

MAX_OPERATORS = 60
"""How many operators may follow one another without a bracket."""

MAX_DIGITS = 1000
"""Digits of a number literal."""

NOTHING: Expression = Literal(None)
"""Stands for what could not be read."""

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

_REFERENCE = re.compile(r"\$(!?)(\{?)([A-Za-z_][A-Za-z0-9_-]*)")
_PROPERTY = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)")
_ARGUMENTS = re.compile(r"\(\s*(?=[\w$\"'\[{)(!-])")
_NUMBER = re.compile(r"-?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SINGLE_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_ESCAPE = re.compile(r'""|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})')
_NOT = re.compile(r"not(?![A-Za-z0-9_-])")

# How tightly an operator binds, and the notations that stand for it.
# https://velocity.apache.org/engine/1.7/user-guide.html#conditionals
_OPERATORS: dict[str, tuple[int, str]] = {
    notation: (level, operator)
    for level, operators in enumerate(
        (
            {"||": "||", "or": "||"},
            {"&&": "&&", "and": "&&"},
            {"==": "==", "eq": "==", "!=": "!=", "ne": "!="},
            {"<=": "<=", "le": "<=", ">=": ">=", "ge": ">=", "<": "<", "lt": "<", ">": ">", "gt": ">"},
            {"+": "+", "-": "-"},
            {"*": "*", "/": "/", "%": "%"},
        )
    )
    for notation, operator in operators.items()
}
_OPERATOR = re.compile(
    "|".join(
        f"{word}(?![A-Za-z0-9_-])" if word.isalpha() else re.escape(word)
        for word in sorted(_OPERATORS, key=len, reverse=True)
    )
)

_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class ExpressionReader(Reader):
    """Reads expressions; a string in double quotes is read by whoever reads templates."""

    def parenthesised(self) -> Expression:
        """Read an expression in parentheses."""
        self.expect("(")
        value = self.expression()
        self.expect(")")
        return value

    def expression(self) -> Expression:
        """Read an expression."""
        return self.nested(lambda: self._binary(0))

    def _binary(self, loosest: int) -> Expression:
        left = self._unary()
        for _ in range(MAX_OPERATORS):
            self.skip_space()
            match = _OPERATOR.match(self.text, self.position)
            if match is None:
                return left
            level, operator = _OPERATORS[match[0]]
            if level < loosest:
                return left
            self.position = match.end()
            left = Binary(operator, left, self._binary(level + 1), self.place(match.start()))
        raise SyntaxFault(self.position, f"an expression has at most {MAX_OPERATORS} operators in a row")

    def _unary(self) -> Expression:
        self.skip_space()
        start = self.position
        text = self.text
        if text.startswith("!", start) or _NOT.match(text, start):
            self.position = start + (1 if text[start] == "!" else 3)
            return Unary("!", self.nested(self._unary), self.place(start))
        if text.startswith("-", start) and _NUMBER.match(text, start) is None:
            self.position = start + 1
            return Unary("-", self.nested(self._unary), self.place(start))
        return self.primary()

    def primary(self) -> Expression:
        """Read a value that no operator stands in."""
        self.skip_space()
        text, start = self.text, self.position
        match text[start : start + 1]:
            case "$":
                reference = self.reference(0)
                if reference is None:
                    raise self.unexpected("a reference")
                return reference
            case "'":
                single = self.match(_SINGLE_QUOTED, "the string has no closing '")
                return Literal(single[1].replace("''", "'"))
            case '"':
                return self._string(self.match(_DOUBLE_QUOTED, 'the string has no closing "'))
            case "[":
                return self._list(start)
            case "{":
                return self._map(start)
            case "(":
                return self.parenthesised()
        if (number := _NUMBER.match(text, start)) is not None:
            self.position = number.end()
            return Literal(self._number(number))
        word = WORD.match(text, start)
        if word is not None and word[0] in _CONSTANTS:
            self.position = word.end()
            return Literal(_CONSTANTS[word[0]])
        raise self.unexpected("a value")

    def _number(self, number: re.Match[str]) -> int | float:
        digits = number[0]
        if len(digits) > MAX_DIGITS:
            raise SyntaxFault(number.start(), f"a number has at most {MAX_DIGITS} digits")
        return float(digits) if any(sign in digits for sign in ".eE") else int(digits)

    def _string(self, match: re.Match[str]) -> Expression:
        content = match[1]
        start = match.start(1)
        offsets: Sequence[int] = range(self.offset(start), self.offset(start) + len(content) + 1)
        if "\\u" in content or '""' in content:
            content, offsets = self._unescaped(content, start)
        # Nothing else is unescaped: "\\'" is three characters.
        if "$" not in content and "#" not in content:
            return Literal(content)
        self.nested(lambda: None)
        nodes = self.template_within(content, offsets)
        if all(isinstance(node, Text) for node in nodes):
            return Literal("".join(node.text for node in nodes if isinstance(node, Text)))
        return Interpolated(nodes, self.place(match.start()))

    def _unescaped(self, content: str, start: int) -> tuple[str, list[int]]:
        """Unescape a string, and tell where each of its characters, and its end, stand in the template."""
        pieces: list[str] = []
        offsets: list[int] = []
        position = 0
        for escape in _ESCAPE.finditer(content):
            pieces += [content[position : escape.start()], _unescape(escape)]
            offsets.extend(self.offset(start + index) for index in range(position, escape.start() + 1))
            position = escape.end()
        offsets.extend(self.offset(start + index) for index in range(position, len(content) + 1))
        return "".join(pieces) + content[position:], offsets

    def template_within(self, text: str, offsets: Sequence[int]) -> tuple[Node, ...]:
        """Read a string as the template that it is."""
        raise NotImplementedError

    def _list(self, start: int) -> Expression:
        self.position += 1
        if self.skip_to("]"):
            return ListLiteral(())
        items = [self.expression()]
        if self.skip_to(".."):
            last = self.expression()
            self.expect("]")
            return Range(items[0], last, self.place(start))
        while not self.skip_to("]"):
            self.expect(",", "] or ,")
            items.append(self.expression())
        return ListLiteral(tuple(items))

    def _map(self, start: int) -> Expression:
        self.position += 1
        pairs: list[tuple[Expression, Expression]] = []
        while not self.skip_to("}"):
            if pairs:
                self.expect(",", "} or ,")
            key = self.expression()
            self.expect(":")
            pairs.append((key, self.expression()))
        return MapLiteral(tuple(pairs), self.place(start))

    # References

    def reference(self, backslashes: int) -> Reference | None:
        """Read a reference, or nothing if the dollar begins none."""
        start = self.position
        match = _REFERENCE.match(self.text, start)
        if match is None:
            return None
        self.position = match.end()
        steps: list[Step] = []
        while (step := self._step()) is not None:
            steps.append(step)
        if match[2]:
            if not self.text.startswith("}", self.position):
                raise self.unexpected("}")
            self.position += 1
        return Reference(
            match[3],
            tuple(steps),
            bool(match[1]),
            self.text[start : self.position],
            backslashes,
            self.span(start, self.position),
            self.place(start),
        )

    def _step(self) -> Step | None:
        start = self.position
        if self.text.startswith("[", start):
            self.position += 1
            key = self.expression()
            self.expect("]")
            return Index(key, self.place(start))
        name = _PROPERTY.match(self.text, start)
        if name is None:
            return None
        self.position = name.end()
        place = self.place(name.start(1))
        # A parenthesis that cannot begin arguments is text: "$order.price(".
        if _ARGUMENTS.match(self.text, self.position) is None:
            return Property(name[1], place)
        self.position += 1
        arguments: list[Expression] = []
        while not self.skip_to(")"):
            if arguments:
                self.expect(",", ") or ,")
            arguments.append(self.expression())
        return Method(name[1], tuple(arguments), place)


def _unescape(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(0x10000 + ((int(escape[1], 16) - 0xD800) << 10) + int(escape[2], 16) - 0xDC00)
    if escape[3]:
        code = int(escape[3], 16)
        # Half a pair is no character: Java writes a question mark for it.
        return "?" if 0xD800 <= code < 0xE000 else chr(code)
    return '"'
