"""
The Velocity Template Language: text → nodes.

Pure. The language is that of Velocity 1.7, with its whitespace rules: the blanks and the line end that follow a
directive go with it, the blanks before it stay (but before ``#set`` they go, if no text stands before them); a ``##``
comment takes its line end along.
https://velocity.apache.org/engine/1.7/user-guide.html
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from pizzabar.apigateway.velocity_expressions import NOTHING, WORD, ExpressionReader
from pizzabar.apigateway.velocity_reader import FaultyTemplate, GiveUp, Source, SyntaxFault
from pizzabar.apigateway.velocity_syntax import (
    Branch,
    Break,
    Define,
    Expression,
    Foreach,
    If,
    Macro,
    MacroCall,
    Node,
    Set,
    Span,
    Stop,
    Template,
    Text,
)

T = TypeVar("T")


def parse_template(text: str) -> Template:
    """Read a template. Raise ``FaultyTemplate`` with every fault found."""
    source = Source(text, frozenset(_MACRO_NAME.findall(text)) - _RESERVED)
    try:
        nodes = _TemplateReader(text, source).template()
    except GiveUp:
        nodes = ()
    if source.faults:
        raise FaultyTemplate(source.faults)
    return Template(nodes, source.defined, frozenset(source.assigned))


_MACRO_NAME = re.compile(r"#(?:macro|\{macro\})\s*\(\s*([A-Za-z_][A-Za-z0-9_-]*)")
_SPECIAL = re.compile(r"(\\*)([$#])")
_DIRECTIVE = re.compile(r"#(@?)(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", re.ASCII)
_BLANKS_BEFORE_SET = re.compile(r"[ \t]+#(?:set|\{set\})[ \t]*\(")
_BLANKS_BEFORE_PARENTHESIS = re.compile(r"[ \t]*\(")
_REST_OF_HEAD = re.compile(r"[^)\n]*\)?")

# A mapping template stands alone: there are no files it could read, and no second pass over its text.
_REFUSED = frozenset({"include", "parse", "evaluate", "literal"})

_KEYWORDS = frozenset({"set", "if", "elseif", "else", "end", "foreach", "break", "stop", "macro", "define"})
_RESERVED = _KEYWORDS | _REFUSED


class _TemplateReader(ExpressionReader):
    """Reads text, references and directives."""

    def __init__(self, text: str, source: Source, depth: int = 0, offsets: Sequence[int] | None = None) -> None:
        super().__init__(text, source, depth, offsets)
        self._readers: dict[str, Callable[[int], Node]] = {
            "set": self._set,
            "if": self._if,
            "foreach": self._foreach,
            "macro": self._macro,
            "define": self._define,
        }

    def template_within(self, text: str, offsets: Sequence[int]) -> tuple[Node, ...]:
        """Read a string as the template that it is."""
        return _TemplateReader(text, self.source, self.depth + 1, offsets).template()

    # Blocks

    def template(self) -> tuple[Node, ...]:
        """Read the whole text."""
        nodes: list[Node] = []
        while True:
            block, stop = self._block()
            nodes.extend(block)
            if stop is None:
                return tuple(nodes)
            name, start = stop
            self.note(start, f"#{name} has no #if, #foreach, #macro or #define before it")

    def _block(self) -> tuple[tuple[Node, ...], tuple[str, int] | None]:
        """Read up to the end, or up to and with #else, #elseif or #end, which is told with where it begins."""
        nodes: list[Node] = []
        boundary = self.position
        while True:
            match = _SPECIAL.search(self.text, self.position)
            if match is None:
                self._add_text(nodes, self.position, len(self.text))
                self.position = len(self.text)
                return _join_texts(nodes), None
            # Blanks that stand alone before #set belong to it; after text they belong to the text.
            if self.position != boundary or _BLANKS_BEFORE_SET.match(self.text, boundary) is None:
                self._add_text(nodes, self.position, match.start())
            start = self.position = match.start(2)
            try:
                if match[2] == "#":
                    text, name, node = self._hash(match[1])
                    if text is not None:
                        nodes.append(text)
                    if text is None or text.text.isspace() or self.text.startswith("#[[", start):
                        boundary = self.position
                    if name is not None:
                        return _join_texts(nodes), (name, start)
                else:
                    node = self.reference(len(match[1]))
                    if node is None:
                        self.position = start + 1
                        self._add_text(nodes, match.start(), self.position)
            except SyntaxFault as fault:
                self.note(fault.position, fault.message)
                self.position = max(self.position, fault.position, start + 1)
                node = None
            if node is not None:
                nodes.append(node)
                boundary = self.position

    def _add_text(self, nodes: list[Node], start: int, end: int) -> None:
        if start < end:
            nodes.append(Text(self.text[start:end], self.span(start, end)))

    def _text(self, text: str, start: int, end: int) -> Text | None:
        return Text(text, self.span(start, end)) if text else None

    def _body(self, opened: str, start: int) -> tuple[Node, ...]:
        """Read up to #end and past it."""
        body, stop = self.nested(self._block)
        while stop is not None and stop[0] != "end":
            self.note(stop[1], f"#{stop[0]} does not belong to #{opened}")
            more, stop = self.nested(self._block)
            body += more
        if stop is None:
            self.note(start, f"#{opened} has no #end")
        else:
            self.skip_line_end()
        return body

    def _hash(self, backslashes: str) -> tuple[Text | None, str | None, Node | None]:
        """Read what a ``#`` begins: the text it stands for, the stop it is, or the node it is."""
        text, start = self.text, self.position
        begin = start - len(backslashes)
        follower = text[start + 1 : start + 2]
        if follower == "#":
            end = text.find("\n", start)
            self.position = len(text) if end < 0 else end + 1
            return self._text(backslashes, begin, start), None, None
        if follower == "*":
            end = text.find("*#", start + 2)
            self.position = len(text) if end < 0 else end + 2
            return self._text(backslashes, begin, start), None, None
        if text.startswith("[[", start + 1):
            end = text.find("]]#", start + 3)
            if end < 0:
                raise SyntaxFault(start, "#[[ has no ]]#")
            self.position = end + 3
            return self._text(backslashes + text[start + 3 : end], begin, self.position), None, None
        match = _DIRECTIVE.match(text, start)
        name = (match[2] or match[3]) if match is not None else ""
        if match is None or (name not in _RESERVED and name not in self.source.macros):
            self.position = start + 1
            return self._not_a_directive(backslashes, start, match), None, None
        # Backslashes before a directive count in pairs, each for one; an odd one makes it text.
        # https://velocity.apache.org/engine/1.7/user-guide.html#escaping_valid_vtl_directives
        kept = "\\" * (len(backslashes) // 2)
        self.position = match.end()
        if len(backslashes) % 2:
            return self._text(kept + match[0], begin, match.end()), None, None
        if name in _REFUSED:
            raise SyntaxFault(start, f"#{name} is not supported")
        if name == "set" and not _BLANKS_BEFORE_PARENTHESIS.match(text, match.end()):
            return self._text(kept + match[0], begin, match.end()), None, None
        return self._text(kept, begin, start), *self._directive(name, start, has_content=bool(match[1]))

    def _not_a_directive(self, backslashes: str, start: int, match: re.Match[str] | None) -> Text | None:
        """What looks like a call of a macro that nobody defined is printed as it stands, arguments and all.

        What stands in its parentheses must be arguments nevertheless: ``#sett($x = 1)`` is a fault.
        """
        if match is not None and not match[1] and _BLANKS_BEFORE_PARENTHESIS.match(self.text, match.end()):
            self.position = match.end()
            self.expect("(")
            while not self.skip_to(")"):
                word = WORD.match(self.text, self.position)
                if word is None:
                    self.nested(self.primary)
                else:
                    self.position = word.end()
                self.skip_to(",")
        begin = start - len(backslashes)
        return self._text(self.text[begin : self.position], begin, self.position)

    def _directive(self, name: str, start: int, *, has_content: bool) -> tuple[str | None, Node | None]:
        if name in self._readers:
            return None, self._readers[name](start)
        if name in self.source.macros:
            return None, self._macro_call(name, start, has_content=has_content)
        if name == "stop":
            return None, Stop(self.span(start, self.position))
        if name == "break":
            return None, self._break(start)
        if name == "else":
            self.skip_line_end()
        return name, None

    # Directives

    def _set(self, start: int) -> Node:
        self.expect("(")
        self.skip_space()
        target = self.reference(0)
        if target is None:
            raise self.unexpected("a reference")
        self.expect("=")
        value = self.expression()
        self.expect(")")
        span = self.span(start, self.position)
        self.skip_line_end()
        if not target.steps:
            self.source.assigned.add(target.name)
        return Set(target, value, span)

    def _if(self, start: int) -> Node:
        branches: list[Branch] = []
        head = start
        condition, span = self._head(self.parenthesised, NOTHING, head)
        while True:
            body, stop = self.nested(self._block)
            branches.append(Branch(condition, body, span))
            if stop is None:
                self.note(start, "#if has no #end")
                break
            name, head = stop
            if name == "elseif":
                condition, span = self._head(self.parenthesised, NOTHING, head)
                continue
            if name == "else":
                match = _DIRECTIVE.match(self.text, head)
                span = self.span(head, match.end() if match is not None else head)
                branches.append(Branch(None, self._body("else", head), span))
            else:
                self.skip_line_end()
            break
        return If(tuple(branches))

    def _foreach(self, start: int) -> Node:
        (variable, items), span = self._head(self._foreach_head, ("", NOTHING), start)
        self.source.assigned.update((variable, "foreach", "velocityCount"))
        return Foreach(variable, items, self._body("foreach", start), span, self.place(start))

    def _break(self, start: int) -> Node:
        scope = None
        if _BLANKS_BEFORE_PARENTHESIS.match(self.text, self.position):
            scope = self.parenthesised()
        return Break(scope, self.span(start, self.position), self.place(start))

    def _foreach_head(self) -> tuple[str, Expression]:
        self.expect("(")
        self.skip_space()
        variable = self.reference(0)
        if variable is None:
            raise self.unexpected("a reference")
        self.skip_space()
        word = WORD.match(self.text, self.position)
        if word is None or word[0] != "in":
            raise self.unexpected("in")
        self.position = word.end()
        items = self.expression()
        self.expect(")")
        return variable.name, items

    def _macro(self, start: int) -> Node:
        nameless: tuple[str, tuple[str, ...]] = ("", ())
        (name, parameters), _ = self._head(self._macro_head, nameless, start)
        self.source.assigned.update(parameters)
        macro = Macro(name, parameters, self._body("macro", start))
        self.source.defined.setdefault(name, macro)
        return macro

    def _macro_head(self) -> tuple[str, tuple[str, ...]]:
        self.expect("(")
        self.skip_space()
        name = WORD.match(self.text, self.position)
        if name is None:
            raise self.unexpected("the name of the macro")
        if name[0] in _RESERVED:
            raise SyntaxFault(name.start(), f"{name[0]} is the name of a directive")
        self.position = name.end()
        parameters = []
        while not self.skip_to(")"):
            self.skip_to(",")
            self.skip_space()
            parameter = self.reference(0)
            if parameter is None:
                raise self.unexpected("a parameter or )")
            parameters.append(parameter.name)
        return name[0], tuple(parameters)

    def _macro_call(self, name: str, start: int, *, has_content: bool) -> Node:
        arguments: tuple[Expression, ...] = ()
        # Without parentheses nothing is taken along: `#name` stands within a line of text.
        has_arguments = _BLANKS_BEFORE_PARENTHESIS.match(self.text, self.position) is not None
        if has_arguments:
            arguments = self._macro_arguments()
        span, source = self.span(start, self.position), self.text[start : self.position]
        if has_arguments:
            self.skip_line_end()
        content = None
        if has_content:
            self.source.assigned.add("bodyContent")
            content = self._body(f"@{name}", start)
        return MacroCall(name, arguments, content, source, span, self.place(start))

    def _macro_arguments(self) -> tuple[Expression, ...]:
        self.expect("(")
        arguments = []
        while not self.skip_to(")"):
            arguments.append(self.nested(self.primary))
            self.skip_to(",")
        return tuple(arguments)

    def _define(self, start: int) -> Node:
        variable, span = self._head(self._define_head, "", start)
        self.source.assigned.add(variable)
        return Define(variable, self._body("define", start), span, self.place(start))

    def _define_head(self) -> str:
        self.expect("(")
        self.skip_space()
        variable = self.reference(0)
        if variable is None:
            raise self.unexpected("a reference")
        self.expect(")")
        return variable.name

    def _head(self, read: Callable[[], T], instead: T, start: int) -> tuple[T, Span]:
        """Read the parentheses of a directive that has a body, or skip them, so that its #end finds it.

        Tell what is in them and where the head stands, of which ``start`` is the begin.
        """
        try:
            head = read()
        except SyntaxFault as fault:
            self.note(fault.position, fault.message)
            end = _REST_OF_HEAD.match(self.text, self.position)
            self.position = end.end() if end is not None else self.position
            head = instead
        span = self.span(start, self.position)
        self.skip_line_end()
        return head, span


def _join_texts(nodes: list[Node]) -> tuple[Node, ...]:
    """Make one text of those that are printed as they stand, one right behind the other."""
    joined: list[Node] = []
    run: list[Text] = []
    for node in [*nodes, None]:
        if run and not (
            isinstance(node, Text)
            and node.is_verbatim
            and run[-1].is_verbatim
            and run[-1].span.end == node.span.start
        ):
            joined.append(Text("".join(text.text for text in run), Span(run[0].span.start, run[-1].span.end)))
            run = []
        if isinstance(node, Text):
            run.append(node)
        elif node is not None:
            joined.append(node)
    return tuple(joined)
