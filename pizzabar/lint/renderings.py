"""
What a mapping template may print, without a message at hand.

Pure. The text is what a rendering prints, with a mark wherever a reference is printed; what each reference stands
for is an expression in which variables of the template have been replaced by what ``#set`` gave them. Each way
through the ``#if`` of a template is a rendering of its own; a ``#foreach`` goes round once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pizzabar.apigateway.template_variables import KNOWN
from pizzabar.apigateway.velocity_syntax import (
    Binary,
    Define,
    Expression,
    Foreach,
    If,
    Index,
    Interpolated,
    ListLiteral,
    Macro,
    MacroCall,
    Method,
    Node,
    Reference,
    Set,
    Step,
    Template,
    Text,
    Unary,
)
from pizzabar.documents import JSON, NotJSON, parse
from pizzabar.record import record

MOST_WAYS = 32
"""Ways through a template that are looked at."""
DEEPEST = 8
"""Macros within macros that are looked into."""
_OPEN, _CLOSE = "\ue000", "\ue001"
"""What a mark begins and ends with; between them stands a number."""
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")
_PIECE = re.compile(f'\\\\.|"|(?P<mark>{_OPEN}(?P<number>\\d+){_CLOSE})', re.DOTALL)
"""What decides where strings of JSON begin and end, and the marks between."""


@record
class Printed:
    """A reference that is printed, and what it stands for."""

    reference: Reference
    value: Expression


@record
class Rendering:
    """One way through a template."""

    text: str
    printed: tuple[Printed, ...]

    def document(self) -> JSON:
        """Read the text as JSON; None when it is not. What is printed outside of a string is read as one."""
        try:
            return parse(_with_strings(self.text))
        except NotJSON:
            return None

    def within_strings(self) -> Iterator[Printed]:
        """Go through what is printed within strings of the JSON."""
        for number, is_inside in _marks(self.text):
            if is_inside:
                yield self.printed[number]

    def printed_in(self, piece: str) -> Iterator[Printed]:
        """Go through what is printed in a piece of the text."""
        for mark in _MARK.finditer(piece):
            yield self.printed[int(mark[1])]

    def value_of(self, text: JSON) -> Expression | None:
        """Give what a string of the document stands for, if it is one reference and nothing else."""
        if isinstance(text, str) and (stripped := text.strip()).startswith(_OPEN) and stripped.count(_OPEN) == 1:
            number, _, rest = stripped[1:].partition(_CLOSE)
            return None if rest else self.printed[int(number)].value
        return None


def renderings(template: Template) -> tuple[Rendering, ...]:
    """Go through the ways of a template."""
    walk = _Walk(template.macros)
    return tuple(Rendering("".join(way.text), tuple(way.printed)) for way in walk.run(template.nodes, [_Way()], 0))


class _Way:
    def __init__(
        self,
        text: Iterable[str] = (),
        printed: Iterable[Printed] = (),
        values: Mapping[str, Expression] | None = None,
        blocks: Mapping[str, tuple[Node, ...]] | None = None,
    ) -> None:
        self.text = list(text)
        self.printed = list(printed)
        self.values = dict(values or {})
        self.blocks = dict(blocks or {})

    def copy(self) -> "_Way":
        return _Way(self.text, self.printed, self.values, self.blocks)

    def print(self, reference: Reference) -> None:
        # Of backslashes before a variable that has a value, two print one, and one by itself escapes it.
        count, is_odd = reference.backslashes, reference.backslashes % 2 == 1
        if reference.name in self.values or reference.name in KNOWN:
            shown = count // 2
        else:
            shown = (count + 1) // 2 if is_odd else count
        self.text.append("\\" * shown)
        if is_odd:
            self.text.append(reference.source)
            return
        self.text.append(f"{_OPEN}{len(self.printed)}{_CLOSE}")
        self.printed.append(Printed(reference, substituted(reference, self.values)))


class _Walk:
    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self.macros = macros

    def run(self, nodes: Iterable[Node], ways: list[_Way], depth: int) -> list[_Way]:
        for node in nodes:
            ways = [after for way in ways for after in self.step(node, way, depth)][:MOST_WAYS]
        return ways

    def step(self, node: Node, way: _Way, depth: int) -> list[_Way]:
        match node:
            case Text():
                way.text.append(_MARKS.sub("", node.text))
            case Reference(name=name, steps=()) if name in way.blocks and depth < DEEPEST:
                return self.run(way.blocks[name], [way], depth + 1)
            case Reference():
                way.print(node)
            case Set(target=Reference(name=name, steps=())):
                way.values[name] = substituted(node.value, way.values)
            case Define():
                way.blocks[node.variable] = node.body
            case If():
                ways = [(branch.body, way.copy()) for branch in node.branches]
                if all(branch.condition is not None for branch in node.branches):
                    ways.append(((), way))
                return [after for body, each in ways for after in self.run(body, [each], depth)]
            case Foreach():
                way.values.pop(node.variable, None)
                return self.run(node.body, [way], depth)
            case MacroCall() if node.name in self.macros and depth < DEEPEST:
                macro = self.macros[node.name]
                values = [substituted(each, way.values) for each in node.arguments]
                way.values |= dict(zip(macro.parameters, values, strict=False))
                return self.run(macro.body, [way], depth + 1)
            case _:
                pass
        return [way]


def substituted(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """Give an expression with variables replaced by their values, as far as these are known."""
    match expression:
        case Reference():
            steps = tuple(_step(each, values) for each in expression.steps)
            value = values.get(expression.name)
            if isinstance(value, Reference):
                return replace(value, steps=(*value.steps, *steps))
            return value if value is not None and not steps else replace(expression, steps=steps)
        case Binary():
            return replace(
                expression, left=substituted(expression.left, values), right=substituted(expression.right, values)
            )
        case Unary():
            return replace(expression, operand=substituted(expression.operand, values))
        case ListLiteral():
            return ListLiteral(tuple(substituted(each, values) for each in expression.items))
        case Interpolated(nodes=(Reference() as only,)):
            return substituted(only, values)
        case _:
            return expression


def _step(step: Step, values: Mapping[str, Expression]) -> Step:
    match step:
        case Method():
            return replace(step, arguments=tuple(substituted(each, values) for each in step.arguments))
        case Index():
            return replace(step, key=substituted(step.key, values))
        case _:
            return step


def _with_strings(text: str) -> str:
    """Put quotes around the marks that stand outside of strings."""
    inside = dict(_marks(text))

    def quoted(mark: re.Match[str]) -> str:
        return mark[0] if inside.get(int(mark[1]), True) else f'"{mark[0]}"'

    return _MARK.sub(quoted, text)


def _marks(text: str) -> Iterator[tuple[int, bool]]:
    """Give the number of each mark, and whether it stands within a string."""
    is_inside = False
    for found in _PIECE.finditer(text):
        if found["mark"] is not None:
            yield int(found["number"]), is_inside
        elif found[0] == '"':
            is_inside = not is_inside
