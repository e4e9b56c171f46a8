"""
What a mapping template is made of: the records of the Velocity Template Language.

Pure. A template is a tuple of ``Node``; what stands between the parentheses of a directive is an ``Expression``.
https://velocity.apache.org/engine/1.7/vtl-reference.html
"""

from collections.abc import Mapping

from pizzabar.record import record


@record
class Place:
    """Where something stands in a template, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@record
class Span:
    """A stretch of a template or an output: offsets in characters, the end not included."""

    start: int
    end: int


@record
class Literal:
    """A number, a boolean, null, or a string that nothing is put into."""

    value: int | float | bool | str | None


@record
class Interpolated:
    """A string in double quotes: a template of its own."""

    nodes: tuple["Node", ...]
    place: Place


@record
class ListLiteral:
    """``[a, b]``"""

    items: tuple["Expression", ...]


@record
class MapLiteral:
    """``{a: b}``"""

    pairs: tuple[tuple["Expression", "Expression"], ...]
    place: Place


@record
class Range:
    """``[first..last]``, both included, upwards or downwards."""

    first: "Expression"
    last: "Expression"
    place: Place


@record
class Property:
    """``.name``"""

    name: str
    place: Place


@record
class Index:
    """``[key]``"""

    key: "Expression"
    place: Place


@record
class Method:
    """``.name(arguments)``"""

    name: str
    arguments: tuple["Expression", ...]
    place: Place


Step = Property | Index | Method


@record
class Reference:
    """``$name`` and what is asked of it; ``source`` is how it is written, after so many ``backslashes``."""

    name: str
    steps: tuple[Step, ...]
    is_quiet: bool
    source: str
    backslashes: int
    span: Span
    place: Place


@record
class Unary:
    """``!operand`` or ``-operand``"""

    operator: str
    operand: "Expression"
    place: Place


@record
class Binary:
    """``left operator right``; the operator in its symbolic notation."""

    operator: str
    left: "Expression"
    right: "Expression"
    place: Place


Expression = Literal | Interpolated | ListLiteral | MapLiteral | Range | Reference | Unary | Binary


@record
class Text:
    r"""What is printed as it stands, or without the marks that say so: ``#[[text]]#``, ``\#if``."""

    text: str
    span: Span

    @property
    def is_verbatim(self) -> bool:
        """Whether it is printed as it is written."""
        return len(self.text) == self.span.end - self.span.start


@record
class Set:
    """``#set(target = value)``"""

    target: Reference
    value: Expression
    span: Span


@record
class Branch:
    """One way that an ``#if`` may go; without a condition it is ``#else``. ``span`` is that of its head."""

    condition: Expression | None
    body: tuple["Node", ...]
    span: Span


@record
class If:
    """``#if … #elseif … #else … #end``"""

    branches: tuple[Branch, ...]


@record
class Foreach:
    """``#foreach($variable in items) … #end``; ``span`` is that of its head."""

    variable: str
    items: Expression
    body: tuple["Node", ...]
    span: Span
    place: Place


@record
class Macro:
    """``#macro(name $parameters) … #end``; prints nothing where it stands."""

    name: str
    parameters: tuple[str, ...]
    body: tuple["Node", ...]


@record
class MacroCall:
    """``#name(arguments)``, or ``#@name(arguments) content #end``; ``source`` is how its head is written."""

    name: str
    arguments: tuple[Expression, ...]
    content: tuple["Node", ...] | None
    source: str
    span: Span
    place: Place


@record
class Define:
    """``#define($variable) … #end``: a block that is rendered wherever the variable is printed."""

    variable: str
    body: tuple["Node", ...]
    span: Span
    place: Place


@record
class Break:
    """``#break``: leave the innermost loop, macro, block or template; ``#break($foreach.parent)``: that loop."""

    scope: Expression | None
    span: Span
    place: Place


@record
class Stop:
    """``#stop``: end the rendering."""

    span: Span


Node = Text | Reference | Set | If | Foreach | Macro | MacroCall | Define | Break | Stop


@record
class Template:
    """A whole template, with the macros it defines and the variables it gives values to, wherever that is."""

    nodes: tuple[Node, ...]
    macros: Mapping[str, Macro]
    assigned: frozenset[str]
