"""
What a mapping template is made of: the records of the Velocity Template Language.

Pure. A template is a tuple of ``Node``; what stands between the parentheses of a directive is an ``Expression``.
https://velocity.apache.org/engine/1.7/vtl-reference.html
"""

from pizzabar.record import record


@record
class Place:
    """Where something stands in a template, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


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
    """``$name`` and what is asked of it, from ``start`` to ``end`` of the template.

    ``source`` is how it is written; ``backslashes`` is how many stand before it.
    """

    name: str
    steps: tuple[Step, ...]
    is_quiet: bool
    source: str
    backslashes: int
    start: int
    end: int
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
    """What is printed as it stands."""

    text: str


@record
class Set:
    """``#set(target = value)``"""

    target: Reference
    value: Expression


@record
class If:
    """``#if … #elseif … #else … #end``"""

    branches: tuple[tuple[Expression, tuple["Node", ...]], ...]
    otherwise: tuple["Node", ...]


@record
class Foreach:
    """``#foreach($variable in items) … #end``"""

    variable: str
    items: Expression
    body: tuple["Node", ...]
    place: Place


@record
class Macro:
    """``#macro(name $parameters) … #end``; prints nothing where it stands."""

    name: str
    parameters: tuple[str, ...]
    body: tuple["Node", ...]


@record
class MacroCall:
    """``#name(arguments)``, or ``#@name(arguments) content #end``."""

    name: str
    arguments: tuple[Expression, ...]
    content: tuple["Node", ...] | None
    place: Place


@record
class Define:
    """``#define($variable) … #end``: a block that is rendered wherever the variable is printed."""

    variable: str
    body: tuple["Node", ...]
    place: Place


@record
class Break:
    """``#break``: leave the innermost loop, macro, block or template."""


@record
class Stop:
    """``#stop``: end the rendering."""


Node = Text | Reference | Set | If | Foreach | Macro | MacroCall | Define | Break | Stop
