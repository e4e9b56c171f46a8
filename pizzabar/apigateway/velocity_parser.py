"""
The Velocity Template Language: text → nodes.

Pure. The language is that of Velocity 1.7, with its whitespace rules: the blanks and the line end that follow a
directive go with it, the blanks before it stay (but before ``#set`` they go, if no text stands before them); a ``##``
comment takes its line end along. The AWS pages do not name the version, so what later versions read besides
(arithmetic among arguments, ``3 -5``, ``-$x``) and ``null`` is read too.
https://velocity.apache.org/engine/1.7/user-guide.html

A fault does not end the reading: it is noted, and reading goes on behind it, so that all of them are reported.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pizzabar.apigateway.velocity_syntax import (
    Binary,
    Break,
    Define,
    Expression,
    Foreach,
    If,
    Index,
    Interpolated,
    ListLiteral,
    Literal,
    Macro,
    MacroCall,
    MapLiteral,
    Method,
    Node,
    Place,
    Property,
    Range,
    Reference,
    Set,
    Step,
    Stop,
    Text,
    Unary,
)
from pizzabar.errors import Fault, FaultyDocument

T = TypeVar("T")

MAX_DEPTH = 40
"""How deeply directives, brackets and strings may stand in one another."""

MAX_OPERATORS = 60
"""How many operators may follow one another without a bracket."""

MAX_FAULTS = 20
"""After so many faults reading ends: what follows is rarely news."""

MAX_DIGITS = 1000
"""Digits of a number literal."""


class FaultyTemplate(FaultyDocument):
    """Raised when a mapping template breaks the rules of its language; ``places`` goes with ``faults``."""

    def __init__(self, faults: list[tuple[Place, str]]) -> None:
        self.places = tuple(place for place, _ in faults)
        super().__init__([Fault((), f"{place}: {message}") for place, message in faults])

    @property
    def line(self) -> int:
        """The line of the first fault, from 1."""
        return self.places[0].line

    @property
    def column(self) -> int:
        """The column of the first fault, from 1."""
        return self.places[0].column


def parse_template(text: str) -> tuple[Node, ...]:
    """Read a template. Raise ``FaultyTemplate`` with every fault found."""
    faults: list[tuple[Place, str]] = []
    macros = frozenset(_MACRO_NAME.findall(text))
    try:
        nodes = _Parser(text, _Lines(text), 0, macros, faults, 0).template()
    except _GiveUp:
        nodes = ()
    if faults:
        raise FaultyTemplate(faults)
    return nodes


_MACRO_NAME = re.compile(r"#(?:macro|\{macro\})\s*\(\s*([A-Za-z_][A-Za-z0-9_-]*)")
_SPECIAL = re.compile(r"(\\*)([$#])")
_REFERENCE = re.compile(r"\$(!?)(\{?)([A-Za-z_][A-Za-z0-9_-]*)")
_PROPERTY = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)")
_ARGUMENTS = re.compile(r"\(\s*(?=[\w$\"'\[{)(!-])")
_DIRECTIVE = re.compile(r"#(@?)(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", re.ASCII)
_SPACE = re.compile(r"[ \t\r\n]*")
_BLANKS_BEFORE_SET = re.compile(r"[ \t]+#(?:set|\{set\})[ \t]*\(")
_BLANKS_BEFORE_PARENTHESIS = re.compile(r"[ \t]*\(")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n)")
_NUMBER = re.compile(r"-?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SINGLE_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

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

_NOTHING: Expression = Literal(None)
"""Stands for what could not be read."""

# A mapping template stands alone: there are no files it could read, and no second pass over its text.
_REFUSED = frozenset({"include", "parse", "evaluate", "literal"})


class _SyntaxFault(Exception):
    """A fault that reading can go on behind."""

    def __init__(self, position: int, message: str) -> None:
        self.position = position
        self.message = message
        super().__init__(message)


class _GiveUp(Exception):
    """Raised when reading on makes no sense."""


class _Lines:
    """Where the lines of a template start."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\n", text))]

    def place(self, position: int) -> Place:
        line = bisect_right(self._starts, position)
        return Place(line, position - self._starts[line - 1] + 1)


class _Parser:
    """Reads one text: the template, or a string in it that begins at ``origin``."""

    def __init__(
        self,
        text: str,
        lines: _Lines,
        origin: int,
        macros: frozenset[str],
        faults: list[tuple[Place, str]],
        depth: int,
    ) -> None:
        self.text = text
        self.position = 0
        self._lines = lines
        self._origin = origin
        self._macros = macros
        self._faults = faults
        self._depth = depth
        self._readers: dict[str, Callable[[int], Node]] = {
            "set": self._set,
            "if": self._if,
            "foreach": self._foreach,
            "macro": self._macro,
            "define": self._define,
        }
        self._keywords = frozenset({*self._readers, "else", "elseif", "end", "break", "stop"}) | macros

    # Blocks

    def template(self) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while True:
            block, stop = self._block()
            nodes.extend(block)
            if stop is None:
                return tuple(nodes)
            name, start = stop
            self._note(start, f"#{name} has no #if, #foreach, #macro or #define before it")

    def _block(self) -> tuple[tuple[Node, ...], tuple[str, int] | None]:
        """Read up to the end, or up to and with #else, #elseif or #end, which is told with where it begins."""
        nodes: list[Node] = []
        texts: list[str] = []
        boundary = self.position
        while True:
            match = _SPECIAL.search(self.text, self.position)
            if match is None:
                texts.append(self.text[self.position :])
                self.position = len(self.text)
                _flush(texts, nodes)
                return tuple(nodes), None
            # Blanks that stand alone before #set belong to it; after text they belong to the text.
            if self.position != boundary or _BLANKS_BEFORE_SET.match(self.text, boundary) is None:
                texts.append(self.text[self.position : match.start()])
            start = self.position = match.start(2)
            backslashes = len(match[1])
            try:
                if match[2] == "$":
                    node: Node | None = self._reference(backslashes)
                    if node is None:
                        texts.append(match[1] + "$")
                        self.position = start + 1
                else:
                    text, name, node = self._hash(match[1])
                    texts.append(text)
                    if not text or text.isspace() or self.text.startswith("#[[", start):
                        boundary = self.position
                    if name is not None:
                        _flush(texts, nodes)
                        return tuple(nodes), (name, start)
            except _SyntaxFault as fault:
                self._note(fault.position, fault.message)
                self.position = max(self.position, fault.position, start + 1)
                node = None
            if node is not None:
                _flush(texts, nodes)
                nodes.append(node)
                boundary = self.position

    def _body(self, opened: str, start: int) -> tuple[Node, ...]:
        """Read up to #end and past it."""
        body, stop = self._nested(self._block)
        while stop is not None and stop[0] != "end":
            self._note(stop[1], f"#{stop[0]} does not belong to #{opened}")
            more, stop = self._nested(self._block)
            body += more
        if stop is None:
            self._note(start, f"#{opened} has no #end")
        else:
            self._skip_line_end()
        return body

    def _hash(self, backslashes: str) -> tuple[str, str | None, Node | None]:
        """Read what a ``#`` begins: the text it stands for, the stop it is, or the node it is."""
        text, start = self.text, self.position
        follower = text[start + 1 : start + 2]
        if follower == "#":
            end = text.find("\n", start)
            self.position = len(text) if end < 0 else end + 1
            return backslashes, None, None
        if follower == "*":
            end = text.find("*#", start + 2)
            self.position = len(text) if end < 0 else end + 2
            return backslashes, None, None
        if text.startswith("[[", start + 1):
            end = text.find("]]#", start + 3)
            if end < 0:
                raise _SyntaxFault(start, "#[[ has no ]]#")
            self.position = end + 3
            return backslashes + text[start + 3 : end], None, None
        match = _DIRECTIVE.match(text, start)
        name = (match[2] or match[3]) if match is not None else ""
        if match is None or (name not in self._keywords and name not in _REFUSED):
            self.position = start + 1
            return self._not_a_directive(backslashes, start, match)
        # Backslashes before a directive count in pairs, each for one; an odd one makes it text.
        # https://velocity.apache.org/engine/1.7/user-guide.html#escaping_valid_vtl_directives
        kept = "\\" * (len(backslashes) // 2)
        if len(backslashes) % 2:
            self.position = match.end()
            return kept + match[0], None, None
        if name in _REFUSED:
            self.position = match.end()
            raise _SyntaxFault(start, f"#{name} is not supported")
        return self._directive(match, name, kept)

    def _not_a_directive(
        self, backslashes: str, start: int, match: re.Match[str] | None
    ) -> tuple[str, str | None, Node | None]:
        """What looks like a call of a macro that nobody defined is printed as it stands, arguments and all."""
        if match is not None and self.text.startswith("(", match.end()) and not match[1]:
            self.position = match.end()
            try:
                self._macro_arguments()
            except _SyntaxFault:
                self.position = start + 1
        return backslashes + self.text[start : self.position], None, None

    def _directive(self, match: re.Match[str], name: str, kept: str) -> tuple[str, str | None, Node | None]:
        start, self.position = match.start(), match.end()
        if name in self._macros and name not in self._readers:
            return kept, None, self._macro_call(name, start, has_content=bool(match[1]))
        if name in self._readers:
            if name == "set" and not _BLANKS_BEFORE_PARENTHESIS.match(self.text, self.position):
                return kept + match[0], None, None
            return kept, None, self._readers[name](start)
        if name == "stop":
            return kept, None, Stop()
        if name == "break":
            return kept, None, Break()
        if name == "else":
            self._skip_line_end()
        return kept, name, None

    # Directives

    def _set(self, start: int) -> Node:
        self._expect("(")
        self._skip_space()
        target = self._reference(0)
        if target is None:
            raise self._unexpected("a reference")
        self._expect("=")
        value = self._expression()
        self._expect(")")
        self._skip_line_end()
        return Set(target, value)

    def _if(self, start: int) -> Node:
        branches = []
        condition = self._head(self._parenthesised, _NOTHING)
        otherwise: tuple[Node, ...] = ()
        while True:
            body, stop = self._nested(self._block)
            branches.append((condition, body))
            if stop is None:
                self._note(start, "#if has no #end")
                break
            if stop[0] == "elseif":
                condition = self._head(self._parenthesised, _NOTHING)
                continue
            if stop[0] == "else":
                otherwise = self._body("else", stop[1])
            else:
                self._skip_line_end()
            break
        return If(tuple(branches), otherwise)

    def _foreach(self, start: int) -> Node:
        variable, items = self._head(self._foreach_head, ("", _NOTHING))
        return Foreach(variable, items, self._body("foreach", start), self._place(start))

    def _foreach_head(self) -> tuple[str, Expression]:
        self._expect("(")
        self._skip_space()
        variable = self._reference(0)
        if variable is None:
            raise self._unexpected("a reference")
        self._skip_space()
        word = _WORD.match(self.text, self.position)
        if word is None or word[0] != "in":
            raise self._unexpected("in")
        self.position = word.end()
        items = self._expression()
        self._expect(")")
        return variable.name, items

    def _macro(self, start: int) -> Node:
        nameless: tuple[str, tuple[str, ...]] = ("", ())
        name, parameters = self._head(self._macro_head, nameless)
        return Macro(name, parameters, self._body("macro", start))

    def _macro_head(self) -> tuple[str, tuple[str, ...]]:
        self._expect("(")
        self._skip_space()
        name = _WORD.match(self.text, self.position)
        if name is None:
            raise self._unexpected("the name of the macro")
        self.position = name.end()
        parameters = []
        while not self._skip_to(")"):
            self._skip_to(",")
            self._skip_space()
            parameter = self._reference(0)
            if parameter is None:
                raise self._unexpected("a parameter or )")
            parameters.append(parameter.name)
        return name[0], tuple(parameters)

    def _macro_call(self, name: str, start: int, *, has_content: bool) -> Node:
        arguments: tuple[Expression, ...] = ()
        # Without parentheses nothing is taken along: `#name` stands within a line of text.
        if _BLANKS_BEFORE_PARENTHESIS.match(self.text, self.position):
            arguments = self._macro_arguments()
            self._skip_line_end()
        content = self._body(f"@{name}", start) if has_content else None
        return MacroCall(name, arguments, content, self._place(start))

    def _macro_arguments(self) -> tuple[Expression, ...]:
        self._expect("(")
        arguments = []
        while not self._skip_to(")"):
            arguments.append(self._nested(self._primary))
            self._skip_to(",")
        return tuple(arguments)

    def _define(self, start: int) -> Node:
        variable = self._head(self._define_head, "")
        return Define(variable, self._body("define", start), self._place(start))

    def _define_head(self) -> str:
        self._expect("(")
        self._skip_space()
        variable = self._reference(0)
        if variable is None:
            raise self._unexpected("a reference")
        self._expect(")")
        return variable.name

    def _head(self, read: Callable[[], T], instead: T) -> T:
        """Read the parentheses of a directive that has a body, or skip them, so that its #end finds it."""
        try:
            head = read()
        except _SyntaxFault as fault:
            self._note(fault.position, fault.message)
            end = re.compile(r"[^)\n]*\)?").match(self.text, self.position)
            self.position = end.end() if end is not None else self.position
            head = instead
        self._skip_line_end()
        return head

    # Expressions

    def _parenthesised(self) -> Expression:
        self._expect("(")
        value = self._expression()
        self._expect(")")
        return value

    def _expression(self) -> Expression:
        return self._nested(lambda: self._binary(0))

    def _binary(self, loosest: int) -> Expression:
        left = self._unary()
        for _ in range(MAX_OPERATORS):
            self._skip_space()
            match = _OPERATOR.match(self.text, self.position)
            if match is None:
                return left
            level, operator = _OPERATORS[match[0]]
            if level < loosest:
                return left
            self.position = match.end()
            left = Binary(operator, left, self._binary(level + 1), self._place(match.start()))
        raise _SyntaxFault(self.position, f"an expression has at most {MAX_OPERATORS} operators in a row")

    def _unary(self) -> Expression:
        self._skip_space()
        start = self.position
        text = self.text
        if text.startswith("!", start) or re.compile(r"not(?![A-Za-z0-9_-])").match(text, start):
            self.position = start + (1 if text[start] == "!" else 3)
            return Unary("!", self._nested(self._unary), self._place(start))
        if text.startswith("-", start) and _NUMBER.match(text, start) is None:
            self.position = start + 1
            return Unary("-", self._nested(self._unary), self._place(start))
        return self._primary()

    def _primary(self) -> Expression:
        self._skip_space()
        text, start = self.text, self.position
        match text[start : start + 1]:
            case "$":
                reference = self._reference(0)
                if reference is None:
                    raise self._unexpected("a reference")
                return reference
            case "'":
                single = self._match(_SINGLE_QUOTED, "'")
                return Literal(single[1].replace("''", "'"))
            case '"':
                return self._string(self._match(_DOUBLE_QUOTED, '"'))
            case "[":
                return self._list(start)
            case "{":
                return self._map()
            case "(":
                return self._parenthesised()
        if (number := _NUMBER.match(text, start)) is not None:
            self.position = number.end()
            return Literal(self._number(number))
        word = _WORD.match(text, start)
        if word is not None and word[0] in _CONSTANTS:
            self.position = word.end()
            return Literal(_CONSTANTS[word[0]])
        raise self._unexpected("a value")

    def _number(self, number: re.Match[str]) -> int | float:
        digits = number[0]
        if len(digits) > MAX_DIGITS:
            raise _SyntaxFault(number.start(), f"a number has at most {MAX_DIGITS} digits")
        return float(digits) if any(sign in digits for sign in ".eE") else int(digits)

    def _string(self, match: re.Match[str]) -> Expression:
        content = match[1]
        if "\\u" in content:
            content = _UNICODE_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), content)
        content = content.replace('""', '"')
        # Nothing else is unescaped: "\\'" is three characters.
        if "$" not in content and "#" not in content:
            return Literal(content)
        origin = self._origin + match.start(1)
        parser = _Parser(content, self._lines, origin, self._macros, self._faults, self._depth + 1)
        parser._check_depth(self.position)
        nodes = parser.template()
        if all(isinstance(node, Text) for node in nodes):
            return Literal("".join(node.text for node in nodes if isinstance(node, Text)))
        return Interpolated(nodes, self._place(match.start()))

    def _list(self, start: int) -> Expression:
        self.position += 1
        if self._skip_to("]"):
            return ListLiteral(())
        items = [self._expression()]
        if self._skip_to(".."):
            last = self._expression()
            self._expect("]")
            return Range(items[0], last, self._place(start))
        while not self._skip_to("]"):
            self._expect(",", "] or ,")
            items.append(self._expression())
        return ListLiteral(tuple(items))

    def _map(self) -> Expression:
        self.position += 1
        pairs: list[tuple[Expression, Expression]] = []
        while not self._skip_to("}"):
            if pairs:
                self._expect(",", "} or ,")
            key = self._expression()
            self._expect(":")
            pairs.append((key, self._expression()))
        return MapLiteral(tuple(pairs))

    # References

    def _reference(self, backslashes: int) -> Reference | None:
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
                raise self._unexpected("}")
            self.position += 1
        return Reference(
            match[3],
            tuple(steps),
            bool(match[1]),
            self.text[start : self.position],
            backslashes,
            self._origin + start,
            self._origin + self.position,
            self._place(start),
        )

    def _step(self) -> Step | None:
        start = self.position
        if self.text.startswith("[", start):
            self.position += 1
            key = self._expression()
            self._expect("]")
            return Index(key, self._place(start))
        name = _PROPERTY.match(self.text, start)
        if name is None:
            return None
        self.position = name.end()
        place = self._place(name.start(1))
        # A parenthesis that cannot begin arguments is text: "$order.price(".
        if _ARGUMENTS.match(self.text, self.position) is None:
            return Property(name[1], place)
        self.position += 1
        arguments: list[Expression] = []
        while not self._skip_to(")"):
            if arguments:
                self._expect(",", ") or ,")
            arguments.append(self._expression())
        return Method(name[1], tuple(arguments), place)

    # Reading

    def _match(self, pattern: re.Pattern[str], quote: str) -> re.Match[str]:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise _SyntaxFault(self.position, f"the string has no closing {quote}")
        self.position = match.end()
        return match

    def _expect(self, token: str, wanted: str = "") -> None:
        if not self._skip_to(token):
            raise self._unexpected(wanted or token)

    def _skip_to(self, token: str) -> bool:
        """Skip blanks, and the token if it stands there."""
        self._skip_space()
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def _skip_space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        if match is not None:
            self.position = match.end()

    def _skip_line_end(self) -> None:
        match = _LINE_END.match(self.text, self.position)
        if match is not None:
            self.position = match.end()

    def _unexpected(self, wanted: str) -> _SyntaxFault:
        found = re.compile(r"\s*\S{1,20}|\s*").match(self.text, self.position)
        name = found[0].strip() if found is not None else ""
        return _SyntaxFault(self.position, f"{wanted} is expected, not {name or 'the end'}")

    def _place(self, position: int) -> Place:
        return self._lines.place(self._origin + position)

    def _note(self, position: int, message: str) -> None:
        self._faults.append((self._place(position), message))
        if len(self._faults) >= MAX_FAULTS:
            raise _GiveUp

    def _nested(self, read: Callable[[], T]) -> T:
        self._depth += 1
        self._check_depth(self.position)
        try:
            return read()
        finally:
            self._depth -= 1

    def _check_depth(self, position: int) -> None:
        if self._depth > MAX_DEPTH:
            self._faults.append((self._place(position), f"nothing may be nested more than {MAX_DEPTH} deep"))
            raise _GiveUp


def _flush(texts: list[str], nodes: list[Node]) -> None:
    """Make one node of the text read so far."""
    if text := "".join(texts):
        if nodes and isinstance(nodes[-1], Text):
            nodes[-1] = replace(nodes[-1], text=nodes[-1].text + text)
        else:
            nodes.append(Text(text))
    texts.clear()
